/**
 * What is simulated, read and checked: a cluster, who wants what of it, and the rules of sharing. Data only. Times are
 * milliseconds of virtual time from the start; resources are plain (not tagged with a role).
 */
import type { AllocatorOptions } from '../offers/allocator/allocator.js';
import type { Resources } from '../offers/resources/resources.js';
import type * as mesos from '../wire/gen/mesos.js';
import type { Distribution } from './distribution.js';

export interface Scenario {
  readonly name: string;
  readonly seed: number;
  readonly durationMs: number;
  /** Distance of the points in time that series are made of. */
  readonly sampleMs: number;
  readonly agents: readonly AgentGroup[];
  readonly roles: ReadonlyMap<string, RolePolicy>;
  readonly frameworks: readonly FrameworkSpec[];
  readonly policies: Policies;
}

/** Agents that are alike. */
export interface AgentGroup {
  /** Id and hostname of a single one; of several, `name-1` and so on. */
  readonly name: string;
  readonly count: number;
  readonly resources: Resources;
  readonly attributes: readonly mesos.Attribute[];
}

/** Amounts by name, in natural units. */
export interface RolePolicy {
  readonly weight: number;
  readonly guarantees: ReadonlyMap<string, number>;
  readonly limits: ReadonlyMap<string, number>;
}

export interface Policies extends Omit<AllocatorOptions, 'seed' | 'domain'> {
  readonly allocationIntervalMs: number;
  /** Held offers that are older are taken back while a framework without offers waits for them; undefined: never. */
  readonly rescindHeldOffersAfterMs?: number | undefined;
}

export interface FrameworkSpec {
  /** Unique. */
  readonly name: string;
  /** What it is a copy of, when the scenario says "four of these"; else its name. */
  readonly group: string;
  readonly role: string;
  readonly capabilities: readonly mesos.FrameworkInfo_Capability_Type[];
  /** It subscribes then. */
  readonly startMs: number;
  /** No job begins from then on; what runs ends by itself. */
  readonly endMs: number;
  readonly taskResources: Resources;
  readonly taskLengthMs: Distribution;
  readonly jobs: JobShape;
  readonly arrivals: Arrivals;
  readonly scheduler: SchedulerSpec;
}

export interface JobShape {
  readonly tasks: Distribution;
  /** One after the other, each of that many tasks; the next begins when the last task of one has ended. */
  readonly stages: number;
  /** Tasks of one job that run at the same time at most; Infinity: as many as there is room for. */
  readonly parallelism: number;
}

export type Arrivals =
  /** There are always more tasks waiting; nobody counts how long they waited. */
  | { readonly kind: 'backlog' }
  | { readonly kind: 'poisson'; readonly meanGapMs: number; readonly limit: number }
  | { readonly kind: 'fixed'; readonly everyMs: number; readonly limit: number }
  | { readonly kind: 'at'; readonly timesMs: readonly number[] }
  /** The next job comes `pauseMs` after the end of the one before. */
  | { readonly kind: 'back-to-back'; readonly pauseMs: number; readonly limit: number }
  | { readonly kind: 'recorded'; readonly jobs: readonly RecordedJob[] };

export interface RecordedJob {
  readonly atMs: number;
  readonly tasks: number;
  /** undefined: as the framework's other tasks. */
  readonly lengthMs: number | undefined;
  readonly resources: Resources | undefined;
}

export interface SchedulerSpec {
  /** `refuse_seconds` of what it declines and of the rest of what it accepts; 0: no filter. */
  readonly filterMs: number;
  /** From an offer to its answer. */
  readonly latencyMs: number;
  /** Keeps what it cannot use for so long, in case that work comes; 0: declines at once. */
  readonly holdMs: number;
  /** Suppresses its role while nothing waits, revives when something does. */
  readonly suppresses: boolean;
  /** undefined: every agent is as good as another. */
  readonly locality: LocalitySpec | undefined;
}

/** The input of each task lies on some agents; the task would rather run there. */
export interface LocalitySpec {
  readonly replicas: number;
  /** How long a job lets offers pass that are not local before it takes one (delay scheduling). */
  readonly delayMs: number;
  /** How many times as long a task takes that is not local. */
  readonly remoteFactor: number;
}
