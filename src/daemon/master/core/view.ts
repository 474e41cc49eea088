/**
 * What the rest of the master may read of the core between two steps: agents, frameworks, tasks, offers, executors and
 * counts. Objects are live, not copies: never keep one across a step, never change one. Walking a map is O(its size);
 * everything else is O(1) unless it says so. Source: spec pages 03 and 10 (what the endpoints show).
 */
import type { AllocatorSnapshot } from '../../../offers/allocator.js';
import type { Resources } from '../../../offers/resources.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type * as scheduler from '../../../wire/gen/scheduler.js';

export interface TaskView {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  /** As endpoints show it: post-refinement resources, statuses without `data`. */
  readonly message: Readonly<mesos.Task>;
  /** Goes up with every change of `message`; with the object itself a key for caches of encoded tasks. */
  readonly version: number;
}

export interface ExecutorView {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly info: mesos.ExecutorInfo;
}

export interface OfferView {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly role: string;
  readonly resources: Resources;
  /** In the format of the framework's capabilities, as it was sent. */
  readonly message: mesos.Offer;
}

export interface AgentView {
  readonly id: string;
  readonly info: mesos.AgentInfo;
  /** Software version the agent announced. */
  readonly version: string;
  /** `slave(1)@ip:port`. */
  readonly pid: string;
  readonly ip: string;
  readonly capabilities: readonly mesos.AgentInfo_Capability[];
  readonly connected: boolean;
  /** Connected and offered. */
  readonly active: boolean;
  readonly registeredAtUnixMs: number;
  readonly reregisteredAtUnixMs: number | undefined;
  readonly total: Resources;
  readonly tasks: Iterable<TaskView>;
  readonly executors: Iterable<ExecutorView>;
  readonly offers: ReadonlyMap<string, OfferView>;
  /** Used by tasks and executors, with allocation_info. O(frameworks on the agent). */
  allocated(): Resources;
  /** O(offers of the agent). */
  offered(): Resources;
}

export interface FrameworkView {
  readonly id: string;
  readonly info: mesos.FrameworkInfo;
  readonly roles: readonly string[];
  readonly suppressedRoles: ReadonlySet<string>;
  readonly offerConstraints: scheduler.OfferConstraints | undefined;
  readonly connected: boolean;
  readonly active: boolean;
  /** Known from the registry or from agents, has not subscribed to this master yet. */
  readonly recovered: boolean;
  readonly registeredAtUnixMs: number;
  readonly reregisteredAtUnixMs: number | undefined;
  readonly unregisteredAtUnixMs: number | undefined;
  /** Live: includes terminal ones whose update is not acknowledged yet. */
  readonly tasks: ReadonlyMap<string, TaskView>;
  /** Bounded, oldest first. */
  readonly unreachableTasks: ReadonlyMap<string, TaskView>;
  /** Bounded, oldest first. */
  readonly completedTasks: Iterable<TaskView>;
  readonly executors: Iterable<ExecutorView>;
  readonly offers: ReadonlyMap<string, OfferView>;
  /** Offers held back because the stream has too much queued (architecture, section 1). */
  readonly backPressured: boolean;
  /** O(agents the framework runs on). */
  allocated(): Resources;
  /** O(offers of the framework). */
  offered(): Resources;
}

export interface MasterView {
  readonly masterInfo: mesos.MasterInfo;
  readonly startedAtUnixMs: number;
  /** undefined: not elected yet; nothing else below means anything then. */
  readonly electedAtUnixMs: number | undefined;
  /** 0 before the election. */
  readonly term: number;
  /** Registered with this master, connected or not. */
  readonly agents: ReadonlyMap<string, AgentView>;
  /** Admitted, not heard of since the election. */
  readonly recoveredAgents: ReadonlyMap<string, mesos.AgentInfo>;
  readonly unreachableAgents: ReadonlyMap<string, mesos.TimeInfo>;
  readonly goneAgents: ReadonlyMap<string, mesos.TimeInfo>;
  readonly frameworks: ReadonlyMap<string, FrameworkView>;
  /** Bounded, oldest first. */
  readonly completedFrameworks: ReadonlyMap<string, FrameworkView>;
  readonly offers: ReadonlyMap<string, OfferView>;
  readonly operatorSubscribers: number;
  /** Configured weights by role; roles that are absent weigh 1. */
  readonly weights: ReadonlyMap<string, number>;
  /** Monotonic counts by the names of spec page 10 ("master/..."); every known name is present. A copy: O(names). */
  readonly counters: ReadonlyMap<string, number>;
  /** Current values by the names of spec page 10. O(agents + frameworks). */
  gauges(nowUnixMs: number): ReadonlyMap<string, number>;
  allocator(): AllocatorSnapshot;
}
