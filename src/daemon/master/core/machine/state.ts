/** The books of the master. Frameworks, agents, tasks and offers are indexed by id; see the records for invariants. */
import type { TimerHandle } from '../../../../base/timers.js';
import type * as maintenance from '../../../../wire/gen/maintenance.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as quota from '../../../../wire/gen/quota.js';
import type { AgentLink, AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { InverseOfferRecord } from '../model/inverse-offer.js';
import type { OfferRecord } from '../model/offer.js';
import type { TaskRecord } from '../model/task.js';
import type { ConnectionId, Deactivation } from '../protocol.js';
import type { LostAgent } from '../view.js';

/** What is known of one channel of an agent link. */
export interface Channel {
  readonly link: AgentLink;
  /** Registered under this id; undefined: not (yet, or no longer). */
  agentId: string | undefined;
  /** A Register or Reregister frame of this channel waits for the registry. */
  registering: boolean;
  /** Told once that it has to re-register; reset when it does. */
  toldToReregister: boolean;
}

export class MasterState {
  term = 0;
  electedAtUnixMs: number | undefined;
  readonly frameworks = new Map<string, FrameworkRecord>();
  /** Bounded, oldest first. */
  readonly completedFrameworks = new Map<string, FrameworkRecord>();
  /** Removed frameworks, bounded, oldest first: they never come back. */
  readonly tombstones = new Set<string>();
  /** The registry's copy of framework registrations; `disconnected`: it holds a time of disconnection. */
  readonly registeredFrameworks = new Map<
    string,
    { readonly info: mesos.FrameworkInfo; readonly disconnected: boolean }
  >();
  readonly agents = new Map<string, AgentRecord>();
  readonly recoveredAgents = new Map<string, mesos.AgentInfo>();
  readonly unreachableAgents = new Map<string, mesos.TimeInfo>();
  /** What was known of unreachable agents; bounded, oldest first. */
  readonly lostAgents = new Map<string, LostAgent>();
  readonly goneAgents = new Map<string, mesos.TimeInfo>();
  /** By role, above 0; roles that are absent weigh 1. */
  readonly weights = new Map<string, number>();
  /** Agents that are not offered; registered, recovered and unreachable ones. */
  readonly deactivatedAgents = new Map<string, Deactivation>();
  /** Agents whose drain may be over: looked at when the step ends. */
  readonly maybeDrained = new Set<string>();
  /** The registry is being asked to mark them gone. */
  readonly markingGone = new Set<string>();
  /** Those of the maintenance schedule, by `machineKey`; DRAINING or DOWN. */
  readonly machines = new Map<string, mesos.MachineInfo>();
  /** undefined: nothing is scheduled. */
  maintenanceSchedule: maintenance.Schedule | undefined;
  /** While offers wait for agents to be back after the election. */
  offerHold: { readonly expected: number; readonly timeout: TimerHandle } | undefined;
  /** By role; roles that are absent have none. */
  readonly quotas = new Map<string, quota.QuotaConfig>();
  /** `ip:port` of an agent's HTTP server -> agent id. */
  readonly agentsByAddress = new Map<string, string>();
  readonly offers = new Map<string, OfferRecord>();
  readonly inverseOffers = new Map<string, InverseOfferRecord>();
  /** Connected schedulers by their stream. */
  readonly frameworksByStream = new Map<ConnectionId, FrameworkRecord>();
  /** Streams that closed while their SUBSCRIBE still waited for the registry, with the event's `overflow`. */
  readonly closedWhileWaiting = new Map<ConnectionId, boolean>();
  /** Streams whose SUBSCRIBE waits for the registry. */
  readonly waitingStreams = new Set<ConnectionId>();
  readonly channels = new Map<ConnectionId, Map<number, Channel>>();
  /** Subscribers of the operator stream, oldest first. */
  readonly operators = new Map<ConnectionId, { heartbeat: number }>();
  /** The unreachable tasks of all frameworks by agent. */
  readonly shelved = new Map<string, Set<TaskRecord>>();
  /** Live tasks by state. */
  readonly taskCounts = new Map<mesos.TaskState, number>();
  #nextFramework = 0;
  #nextAgent = 0;
  #nextOffer = 0;

  constructor(readonly masterId: string) {}

  countTask(state: mesos.TaskState, by: 1 | -1): void {
    this.taskCounts.set(state, (this.taskCounts.get(state) ?? 0) + by);
  }

  newFrameworkId(): string {
    return `${this.masterId}-${String(this.#nextFramework++).padStart(4, '0')}`;
  }
  newAgentId(): string {
    return `${this.masterId}-S${this.#nextAgent++}`;
  }
  newOfferId(): string {
    return this.offerIdOf(this.#nextOffer++);
  }
  offerIdOf(offer: number): string {
    return `${this.masterId}-O${offer}`;
  }
  /** Of an id that this master gave out. */
  offerNumberOf(offerId: string): number {
    return Number(offerId.slice(this.masterId.length + 2));
  }
}
