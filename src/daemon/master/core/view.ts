/**
 * What the rest of the master may read of the core between two steps: agents, frameworks, tasks, offers, executors and
 * counts. Objects are live, not copies: never keep one across a step, never change one. Walking a map is O(its size);
 * everything else is O(1) unless it says so. Source: spec pages 03 and 10 (what the endpoints show).
 */
import type { AllocatorSnapshot, InverseOfferStatuses, RoleUse } from '../../../offers/allocator/allocator.js';
import type { Resources } from '../../../offers/resources/resources.js';
import type * as maintenance from '../../../wire/gen/maintenance.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type * as quota from '../../../wire/gen/quota.js';
import type * as scheduler from '../../../wire/gen/scheduler.js';
import type { Happenings } from './metrics/happenings.js';
import type { Deactivation } from './protocol.js';

export type TaskPlace =
  | 'live'
  /** Its agent is unreachable. */
  | 'unreachable'
  | 'completed'
  /** In no book any more. */
  | 'forgotten';

export type FrameworkState = 'ACTIVE' | 'DISCONNECTED' | 'RECOVERED' | 'REMOVING' | 'COMPLETED';

/** Sums of scalars, in thousandths. */
export interface TallyView {
  readonly cpus: number;
  readonly gpus: number;
  readonly mem: number;
  readonly disk: number;
}

export interface TaskView {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  /** As endpoints show it: post-refinement resources, statuses without `data`. */
  readonly message: Readonly<mesos.Task>;
  /** Goes up with every change of `message`; with the object itself a key for caches of encoded tasks. */
  readonly version: number;
  /** Tagged with allocation_info. */
  readonly resources: Resources;
  readonly place: TaskPlace;
  readonly stateSinceUnixMs: number | undefined;
  readonly launchedAtUnixMs: number | undefined;
  readonly lastStatus: mesos.TaskStatus | undefined;
}

export interface ExecutorView {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly info: mesos.ExecutorInfo;
}

export interface OperationView {
  readonly message: Readonly<mesos.Operation>;
}

export interface OfferView {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly role: string;
  readonly resources: Resources;
  /** In the format of the framework's capabilities, as it was sent. */
  readonly message: mesos.Offer;
  readonly madeAtUnixMs: number;
  /** When the master takes it back; undefined: never. */
  readonly expiresAtUnixMs: number | undefined;
  /** When it is looked at whether its framework sits on it while another one waits; undefined: never. */
  readonly holdCheckAtUnixMs: number | undefined;
}

export interface InverseOfferView {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  /** As it was sent. */
  readonly message: mesos.InverseOffer;
}

export interface AgentView {
  readonly id: string;
  readonly info: mesos.AgentInfo;
  /** Software version the agent announced. */
  readonly version: string;
  /** `slave(1)@ip:port`. */
  readonly pid: string;
  readonly ip: string;
  readonly port: number;
  readonly capabilities: readonly mesos.AgentInfo_Capability[];
  readonly connected: boolean;
  /** Since when it is connected, or is not. */
  readonly connectionSinceUnixMs: number;
  /** Connected, and no operator deactivated it. */
  readonly active: boolean;
  /** Set while an operator wants nothing of it to be offered. */
  readonly deactivation: Deactivation | undefined;
  /** Since when; undefined: since before it registered with this master. */
  readonly deactivatedSinceUnixMs: number | undefined;
  /** When this master first told it to drain. */
  readonly drainStartUnixMs: number | undefined;
  /** The entry of its machine in the maintenance schedule. */
  readonly machine: mesos.MachineInfo | undefined;
  readonly registeredAtUnixMs: number;
  readonly reregisteredAtUnixMs: number | undefined;
  readonly total: Resources;
  readonly tasks: Iterable<TaskView>;
  /** What each framework has on it. */
  readonly holdings: ReadonlyMap<string, { readonly tasks: ReadonlyMap<string, TaskView>; readonly used: Resources }>;
  readonly executors: Iterable<ExecutorView>;
  readonly offers: ReadonlyMap<string, OfferView>;
  /** Under way, or ended and not acknowledged. */
  readonly operations: ReadonlyMap<string, OperationView>;
  /** Used by tasks and executors, with allocation_info. O(frameworks on the agent). */
  allocated(): Resources;
  /** O(offers of the agent). */
  offered(): Resources;
}

/** What was known of an agent that is unreachable now. */
export interface LostAgent {
  readonly info: mesos.AgentInfo;
  /** undefined: it never registered with this master. */
  readonly version: string | undefined;
  readonly ip: string | undefined;
  readonly registeredAtUnixMs: number | undefined;
  readonly total: Resources | undefined;
}

export interface FrameworkView {
  readonly id: string;
  readonly info: mesos.FrameworkInfo;
  readonly roles: readonly string[];
  readonly suppressedRoles: ReadonlySet<string>;
  readonly offerConstraints: scheduler.OfferConstraints | undefined;
  readonly connected: boolean;
  readonly active: boolean;
  readonly state: FrameworkState;
  readonly stateSinceUnixMs: number;
  /** Away: when it is removed with its tasks. */
  readonly removalAtUnixMs: number | undefined;
  /** Known from the registry or from agents, has not subscribed to this master yet. */
  readonly recovered: boolean;
  readonly registeredAtUnixMs: number;
  readonly reregisteredAtUnixMs: number | undefined;
  readonly unregisteredAtUnixMs: number | undefined;
  /** Live: includes terminal ones whose update is not acknowledged yet. */
  readonly tasks: ReadonlyMap<string, TaskView>;
  /** Bounded, oldest first. */
  readonly unreachableTasks: ReadonlyMap<string, TaskView>;
  /** Bounded, oldest first; `find` gives the newest of an id. */
  readonly completedTasks: Iterable<TaskView> & { readonly size: number; find(taskId: string): TaskView | undefined };
  readonly executors: Iterable<ExecutorView>;
  readonly offers: ReadonlyMap<string, OfferView>;
  /** Those that it gave an id, by that id. */
  readonly operations: ReadonlyMap<string, OperationView>;
  readonly inverseOffers: ReadonlyMap<string, InverseOfferView>;
  /** Offers held back because the stream has too much queued (architecture, section 1). */
  readonly backPressured: boolean;
  /** By the suffixes of the per-framework metric names. */
  readonly counts: ReadonlyMap<string, number>;
  /** Launches that the master refused. */
  readonly refusedLaunches: number;
  readonly allocatedTally: TallyView;
  readonly offeredTally: TallyView;
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
  /** Of the unreachable ones, those that became so under this master. Bounded. */
  readonly lostAgents: ReadonlyMap<string, LostAgent>;
  readonly goneAgents: ReadonlyMap<string, mesos.TimeInfo>;
  readonly frameworks: ReadonlyMap<string, FrameworkView>;
  /** Bounded, oldest first. */
  readonly completedFrameworks: ReadonlyMap<string, FrameworkView>;
  readonly offers: ReadonlyMap<string, OfferView>;
  readonly inverseOffers: ReadonlyMap<string, InverseOfferView>;
  readonly operatorSubscribers: number;
  /** Subscribers of the extension's event stream. */
  readonly watchers: number;
  /** Configured weights by role; roles that are absent weigh 1. */
  readonly weights: ReadonlyMap<string, number>;
  /** Agents that are not offered, and which of them drain; registered, recovered and unreachable ones. */
  readonly deactivatedAgents: ReadonlyMap<string, Deactivation>;
  /** Machines of the maintenance schedule, by `machineKey`; DRAINING or DOWN. */
  readonly machines: ReadonlyMap<string, mesos.MachineInfo>;
  /** undefined: nothing is scheduled. */
  readonly maintenanceSchedule: maintenance.Schedule | undefined;
  /** By role; roles that are absent have none. */
  readonly quotas: ReadonlyMap<string, quota.QuotaConfig>;
  /** Monotonic counts by the names of spec page 10 ("master/..."); every known name is present. A copy: O(names). */
  readonly counters: ReadonlyMap<string, number>;
  /** Current values by the names of spec page 10. O(agents + frameworks). */
  gauges(nowUnixMs: number): ReadonlyMap<string, number>;
  /** What happened since the election; only grows. */
  readonly happenings: Readonly<Happenings>;
  /** Of an offer of this master, outstanding or not, by the number that a refuse filter keeps. */
  offerIdOf(offer: number): string;
  /** What frameworks answered to inverse offers, by agent. */
  inverseOfferStatuses(): InverseOfferStatuses;
  allocator(): AllocatorSnapshot;
  /** O(roles). */
  roles(): readonly RoleUse[];
  /** Scalars of all agents together, in natural units. */
  totals(): ReadonlyMap<string, number>;
  readonly allocationRuns: number;
}
