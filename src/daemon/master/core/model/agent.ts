/**
 * An agent that registered with this master. `link` is set exactly while it is connected. Removed from the state when it
 * becomes unreachable, gone or leaves; until then its tasks stay live whatever happens to its link
 * (architecture, section 4).
 */
import type { TimerHandle } from '../../../../base/timers.js';
import { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { ConnectionId, Deactivation } from '../protocol.js';
import type { AgentView } from '../view.js';
import type { ExecutorRecord, Holding } from './holding.js';
import type { InverseOfferRecord } from './inverse-offer.js';
import { flatten, map } from './iteration.js';
import type { OfferRecord } from './offer.js';
import type { OperationRecord } from './operation.js';
import type { TaskRecord } from './task.js';

/** One channel of one connection. */
export interface AgentLink {
  readonly connectionId: ConnectionId;
  readonly channel: number;
}

export interface AgentFacts {
  readonly info: mesos.AgentInfo;
  readonly version: string;
  /** Of the agent's HTTP server; the address of the link when the agent did not say. */
  readonly ip: string;
  /** `ip:port`, undefined when the agent announced no HTTP server: such agents are never told apart by address. */
  readonly address: string | undefined;
  /** Of its process; undefined: it did not say. */
  readonly instance: string | undefined;
  readonly capabilities: readonly mesos.AgentInfo_Capability[];
  readonly total: Resources;
}

export class AgentRecord implements AgentView {
  #facts: AgentFacts;
  #capabilitySet: ReadonlySet<mesos.AgentInfo_Capability_Type>;
  link: AgentLink | undefined;
  /** Since when it is connected, or is not. */
  connectionSinceUnixMs: number;
  reregisteredAtUnixMs: number | undefined;
  readonly holdings = new Map<string, Holding>();
  readonly offers = new Map<string, OfferRecord>();
  readonly inverseOffers = new Map<string, InverseOfferRecord>();
  /** Under way, or ended and not acknowledged, in the order they were sent; by `key`. */
  readonly operations = new Map<string, OperationRecord>();
  /** Kills asked for and not yet seen done: sent again when the agent re-registers. Framework id -> task id. */
  readonly pendingKills = new Map<string, Map<string, mesos.KillPolicy | undefined>>();
  /** Set while an operator wants nothing of it to be offered. */
  deactivation: Deactivation | undefined;
  /** Since when; undefined: since before it registered with this master. */
  deactivatedSinceUnixMs: number | undefined;
  /** When this master first told it to drain. */
  drainStartUnixMs: number | undefined;
  /** It was drained and has to register again before it takes tasks. */
  awaitsReturn = false;
  /** The entry of its machine in the maintenance schedule. */
  machine: mesos.MachineInfo | undefined;
  /** Consecutive pings without an answer. */
  missedPings = 0;
  awaitsPong = false;
  /** Counts answers and re-registrations: a removal decided before the last one is void. */
  signsOfLife = 0;
  pingTimer: TimerHandle | undefined;
  reregisterTimer: TimerHandle | undefined;
  /** In line for a permit of the removal rate limiter. */
  awaitsRemoval = false;
  /** Its id as messages carry it: one object for all of them. Nobody changes it. */
  readonly wireId: mesos.AgentID;

  constructor(
    readonly id: string,
    facts: AgentFacts,
    readonly registeredAtUnixMs: number,
  ) {
    this.wireId = { value: id };
    this.#facts = facts;
    this.#capabilitySet = capabilityTypes(facts.capabilities);
    this.connectionSinceUnixMs = registeredAtUnixMs;
  }

  update(facts: AgentFacts): void {
    this.#facts = facts;
    this.#capabilitySet = capabilityTypes(facts.capabilities);
  }

  setTotal(total: Resources): void {
    this.#facts = { ...this.#facts, total };
  }

  get info(): mesos.AgentInfo {
    return this.#facts.info;
  }
  get version(): string {
    return this.#facts.version;
  }
  get ip(): string {
    return this.#facts.ip;
  }
  get address(): string | undefined {
    return this.#facts.address;
  }

  get instance(): string | undefined {
    return this.#facts.instance;
  }
  get port(): number {
    return this.#facts.info.port ?? 5051;
  }
  get pid(): string {
    return `slave(1)@${this.ip}:${this.port}`;
  }
  get capabilities(): readonly mesos.AgentInfo_Capability[] {
    return this.#facts.capabilities;
  }
  get capabilitySet(): ReadonlySet<mesos.AgentInfo_Capability_Type> {
    return this.#capabilitySet;
  }
  get total(): Resources {
    return this.#facts.total;
  }
  get connected(): boolean {
    return this.link !== undefined;
  }
  get deactivated(): boolean {
    return this.deactivation !== undefined;
  }
  get active(): boolean {
    return this.connected && !this.deactivated && !this.awaitsReturn && this.machine?.mode !== 'DOWN';
  }
  get unavailability(): mesos.Unavailability | undefined {
    return this.machine?.unavailability;
  }

  get tasks(): Iterable<TaskRecord> {
    return flatten(this.holdings.values(), (holding) => holding.tasks.values());
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

function capabilityTypes(
  capabilities: readonly mesos.AgentInfo_Capability[],
): ReadonlySet<mesos.AgentInfo_Capability_Type> {
  const types = new Set<mesos.AgentInfo_Capability_Type>();
  for (const { type } of capabilities) if (type !== undefined) types.add(type);
  return types;
}
