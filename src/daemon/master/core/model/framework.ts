/**
 * A framework: registered, recovered (known from the registry or from agents, not back yet) or, once removed, a line of
 * history. At most one stream: `stream` is set exactly while it is connected (spec page 01, SUBSCRIBE).
 */
import type { TimerHandle } from '../../../../base/timers.js';
import { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import { rolesOfFramework } from '../../../../wire/validation/framework-info.js';
import type { ConnectionId } from '../protocol.js';
import type { FrameworkState, FrameworkView } from '../view.js';
import { CompletedTasks } from './completed-tasks.js';
import type { ExecutorRecord, Holding } from './holding.js';
import type { InverseOfferRecord } from './inverse-offer.js';
import { flatten, map } from './iteration.js';
import type { OfferRecord } from './offer.js';
import type { OperationRecord } from './operation.js';
import { Tally } from './tally.js';
import type { TaskRecord } from './task.js';

export interface SchedulerStream {
  readonly connectionId: ConnectionId;
  /** Value of the Mesos-Stream-Id header. */
  readonly streamId: string;
}

/** What a SUBSCRIBE or UPDATE_FRAMEWORK says of a framework. */
export interface FrameworkFacts {
  /** `id` is set. */
  readonly info: mesos.FrameworkInfo;
  readonly suppressedRoles: ReadonlySet<string>;
  readonly offerConstraints: scheduler.OfferConstraints | undefined;
}

export class FrameworkRecord implements FrameworkView {
  #facts: FrameworkFacts;
  #roles: readonly string[];
  #capabilities: ReadonlySet<mesos.FrameworkInfo_Capability_Type>;
  stream: SchedulerStream | undefined;
  recovered = false;
  /** Its removal has begun: it takes no calls and gets no offers. */
  removing = false;
  backPressured = false;
  /** Reconciliations asked for and not done. */
  reconciliations = 0;
  registeredAtUnixMs: number;
  reregisteredAtUnixMs: number | undefined;
  unregisteredAtUnixMs: number | undefined;
  heartbeatTimer: TimerHandle | undefined;
  failoverTimer: TimerHandle | undefined;
  readonly tasks = new Map<string, TaskRecord>();
  readonly unreachableTasks = new Map<string, TaskRecord>();
  readonly completedTasks: CompletedTasks;
  readonly holdings = new Map<string, Holding>();
  readonly offers = new Map<string, OfferRecord>();
  readonly inverseOffers = new Map<string, InverseOfferRecord>();
  /** Those that it gave an id, by that id. */
  readonly operations = new Map<string, OperationRecord>();
  /** Counts by suffix of the per-framework metric names: "calls/accept", "events/offers", "offers/sent"... */
  readonly counts = new Map<string, number>();
  /** Launches that ended before they were tasks: TASK_ERROR and TASK_DROPPED by the master. */
  refusedLaunches = 0;
  /** Sums over `holdings` and `offers`. */
  readonly allocatedTally = new Tally();
  readonly offeredTally = new Tally();
  /** Since when it has its state; see `settleState`. */
  stateSinceUnixMs: number;
  #settledState: FrameworkState | undefined;
  /** Its id as messages carry it: one object for all of them. Nobody changes it. */
  readonly wireId: mesos.FrameworkID;
  /** Disconnected or recovered: when it is removed. */
  removalAtUnixMs: number | undefined;

  constructor(
    readonly id: string,
    facts: FrameworkFacts,
    registeredAtUnixMs: number,
    maxCompletedTasks: number,
  ) {
    this.wireId = { value: id };
    this.#facts = facts;
    this.#roles = rolesOfFramework(facts.info);
    this.#capabilities = capabilityTypes(facts.info);
    this.registeredAtUnixMs = registeredAtUnixMs;
    this.stateSinceUnixMs = registeredAtUnixMs;
    this.completedTasks = new CompletedTasks(maxCompletedTasks);
  }

  update(facts: FrameworkFacts): void {
    this.#facts = facts;
    this.#roles = rolesOfFramework(facts.info);
    this.#capabilities = capabilityTypes(facts.info);
  }

  setSuppressedRoles(suppressedRoles: ReadonlySet<string>): void {
    this.#facts = { ...this.#facts, suppressedRoles };
  }

  get info(): mesos.FrameworkInfo {
    return this.#facts.info;
  }
  get roles(): readonly string[] {
    return this.#roles;
  }
  get suppressedRoles(): ReadonlySet<string> {
    return this.#facts.suppressedRoles;
  }
  get offerConstraints(): scheduler.OfferConstraints | undefined {
    return this.#facts.offerConstraints;
  }
  get connected(): boolean {
    return this.stream !== undefined;
  }
  get active(): boolean {
    return this.connected && !this.removing;
  }
  get state(): FrameworkState {
    if (this.unregisteredAtUnixMs !== undefined) return 'COMPLETED';
    if (this.removing) return 'REMOVING';
    if (this.connected) return 'ACTIVE';
    return this.recovered ? 'RECOVERED' : 'DISCONNECTED';
  }

  /** To be called where the state may have changed. */
  settleState(nowUnixMs: number): void {
    const { state } = this;
    if (state === this.#settledState) return;
    this.#settledState = state;
    this.stateSinceUnixMs = nowUnixMs;
  }

  has(capability: mesos.FrameworkInfo_Capability_Type): boolean {
    return this.#capabilities.has(capability);
  }

  /** `suffix` is a name of metrics/framework-counts.ts or a literal; undefined: not counted. */
  count(suffix: string | undefined, by = 1): void {
    if (suffix === undefined) return;
    this.counts.set(suffix, (this.counts.get(suffix) ?? 0) + by);
  }

  get executors(): Iterable<ExecutorRecord> {
    return flatten(this.holdings.values(), (holding) => holding.executors.values());
  }
  allocated(): Resources {
    return Resources.sum(map(this.holdings.values(), (holding) => holding.used));
  }
  offered(): Resources {
    return Resources.sum(map(this.offers.values(), (offer) => offer.resources));
  }
}

function capabilityTypes(info: mesos.FrameworkInfo): ReadonlySet<mesos.FrameworkInfo_Capability_Type> {
  const types = new Set<mesos.FrameworkInfo_Capability_Type>();
  for (const { type } of info.capabilities ?? []) if (type !== undefined) types.add(type);
  return types;
}
