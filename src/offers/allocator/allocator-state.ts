/**
 * What the allocator keeps of agents, frameworks and clients. A client is a framework under one role: the unit of fair
 * sharing, filters and suppression. Agents and clients are numbered by slots, so that per-pair facts are bits, not objects.
 * Data only; the ledger keeps it consistent.
 */
import type * as mesos from '../../wire/gen/mesos.js';
import type * as scheduler from '../../wire/gen/scheduler.js';
import { DEFAULT_ROLE } from '../../wire/validation/roles.js';
import { Resources } from '../resources/resources.js';
import { Holdings } from './holdings.js';
import { frameworkMinAllocatable, isAllocatable, type MinAllocatable } from './min-allocatable.js';
import { type AgentPredicate, compileConstraints } from './offer-constraints.js';
import { type Amounts, plainAmounts, type ScalarNames } from './quantities.js';
import type { RoleNode } from './role-tree.js';

/** What an agent must be able to do for a client. */
export const NEEDS_MULTI_ROLE = 1;
export const NEEDS_HIERARCHICAL_ROLE = 2;
/** What a client must be able to do for an agent. */
export const DEMANDS_GPU = 1;
export const DEMANDS_REGION = 2;

export interface FrameworkState {
  readonly id: string;
  info: mesos.FrameworkInfo;
  /** Subscribed roles. */
  roles: ReadonlySet<string>;
  readonly suppressedRoles: Set<string>;
  offerConstraints: scheduler.OfferConstraints | undefined;
  active: boolean;
  backPressure: boolean;
  /** Outstanding, one for each agent and role. */
  offers: number;
}

export function capabilitiesOf(info: mesos.FrameworkInfo): ReadonlySet<mesos.FrameworkInfo_Capability_Type> {
  return new Set((info.capabilities ?? []).map(({ type }) => type ?? 'UNKNOWN'));
}

/** `roles` of a MULTI_ROLE framework, else its one `role`. */
export function subscribedRoles(info: mesos.FrameworkInfo): ReadonlySet<string> {
  return capabilitiesOf(info).has('MULTI_ROLE') ? new Set(info.roles ?? []) : new Set([info.role ?? DEFAULT_ROLE]);
}

export class Client {
  /** Takes part in allocation. */
  active = false;
  /** Agents on which it has something offered or allocated. */
  heldAgents = 0;
  /** A settled bit of it may be set on some agent. */
  maybeSettled = false;
  needs = 0;
  can = 0;
  takesShared = false;
  takesRevocable = false;
  takesRefined = false;
  /** undefined: the default of the cluster. */
  minAllocatable: MinAllocatable | undefined;
  #constraints: AgentPredicate | undefined;
  /** By agent slot: 0 not known, 1 agent fits, 2 it does not. */
  #constraintOutcome = new Uint8Array(0);

  constructor(
    readonly slot: number,
    readonly frameworkId: string,
    readonly role: RoleNode,
  ) {}

  get isConstrained(): boolean {
    return this.#constraints !== undefined;
  }

  /** Takes over what the framework can do and wants. */
  describe(framework: FrameworkState): void {
    const { info } = framework;
    const capabilities = capabilitiesOf(info);
    const role = this.role.path;
    this.needs =
      (capabilities.has('MULTI_ROLE') ? NEEDS_MULTI_ROLE : 0) | (role.includes('/') ? NEEDS_HIERARCHICAL_ROLE : 0);
    this.can =
      (capabilities.has('GPU_RESOURCES') ? DEMANDS_GPU : 0) | (capabilities.has('REGION_AWARE') ? DEMANDS_REGION : 0);
    this.takesShared = capabilities.has('SHARED_RESOURCES');
    this.takesRevocable = capabilities.has('REVOCABLE_RESOURCES');
    this.takesRefined = capabilities.has('RESERVATION_REFINEMENT');
    this.minAllocatable = frameworkMinAllocatable(info, role);
    this.#constraints = compileConstraints(framework.offerConstraints, role);
    this.#constraintOutcome = new Uint8Array(0);
  }

  /** Whether the offer constraints of the role accept `agent`; remembered until either changes. */
  accepts(agent: AgentState): boolean {
    if (this.#constraints === undefined) return true;
    if (agent.slot >= this.#constraintOutcome.length) {
      const grown = new Uint8Array(Math.max(64, (agent.slot + 1) * 2));
      grown.set(this.#constraintOutcome);
      this.#constraintOutcome = grown;
    }
    if (this.#constraintOutcome[agent.slot] === 0)
      this.#constraintOutcome[agent.slot] = this.#constraints.matches(agent.info) ? 1 : 2;
    return this.#constraintOutcome[agent.slot] === 1;
  }

  forgetAgent(agentSlot: number): void {
    if (agentSlot < this.#constraintOutcome.length) this.#constraintOutcome[agentSlot] = 0;
  }
}

function traitsOf(available: Resources, defaultMinimum: MinAllocatable, names: ScalarNames): OfferTraits {
  const hasReserved = available.entries.some((entry) => entry.kind.reservations.length > 0);
  const hasRevocable = available.entries.some((entry) => entry.kind.revocable);
  const { hasShared } = available;
  const isPlain = !hasReserved && !hasRevocable && !hasShared;
  return {
    hasReserved,
    hasRevocable,
    hasShared,
    isPlain,
    meetsDefault: isAllocatable(available, defaultMinimum),
    amounts: isPlain ? plainAmounts(available, names) : undefined,
  };
}

/** What kinds of resources an `available` holds; decides whether a client sees all of it. */
export interface OfferTraits {
  readonly hasReserved: boolean;
  readonly hasRevocable: boolean;
  readonly hasShared: boolean;
  /** Every client sees the same: nothing reserved, revocable or shared. */
  readonly isPlain: boolean;
  readonly meetsDefault: boolean;
  /** Of plain ones: their scalars, so that offering all of them again and again measures once. */
  readonly amounts: Amounts | undefined;
}

export class AgentState {
  total: Resources = Resources.empty;
  /** total minus what is offered or allocated; shared volumes stay in it. Changed through the ledger only. */
  available: Resources = Resources.empty;
  /** Offered or allocated, tagged, by client slot. */
  readonly allocations = new Holdings();
  /** The part of `allocations` that tasks and executors use, tagged. */
  allocated: Resources = Resources.empty;
  /** Of all of `allocated`; undefined: of several roles, or there is nothing. */
  allocatedRole: string | undefined;
  /** This and `whitelisted` are changed through the ledger only. */
  active = true;
  whitelisted = true;
  /** Bits of NEEDS_*. */
  can = 0;
  /** Bits of DEMANDS_*. */
  demands = 0;
  /** More is allocated than `total` holds: `available` must be worked out anew when something is given back. */
  overcommitted = false;

  // A settled client is one that has nothing to gain from `#settledFor`, nor from any part of it, until it or the agent changes.
  #settled = new Uint32Array(0);
  #settledFor: Resources | undefined;
  #traitsFor: Resources | undefined;
  #traits: OfferTraits | undefined;

  constructor(
    readonly slot: number,
    readonly id: string,
    public info: mesos.AgentInfo,
  ) {}

  /** Whether `traits` need not look at the resources. */
  get isDescribed(): boolean {
    return this.#traits !== undefined && this.#traitsFor === this.available;
  }

  /** Remembered while `available` is the same object, also if it was given away and came back in between. */
  traits(defaultMinimum: MinAllocatable, names: ScalarNames): OfferTraits {
    if (this.#traits !== undefined && this.#traitsFor === this.available) return this.#traits;
    this.#traitsFor = this.available;
    this.#traits = traitsOf(this.available, defaultMinimum, names);
    return this.#traits;
  }

  /** The amounts of plain `resources` if they are those of the last traits. */
  findAmounts(resources: Resources): Amounts | undefined {
    return this.#traitsFor === resources ? this.#traits?.amounts : undefined;
  }

  /** Resources came back: what was settled for less may be open again. */
  grow(available: Resources): void {
    this.available = available;
    if (this.#settledFor !== available) this.unsettleAll();
  }

  /** Resources went: whoever gained nothing before gains nothing now. */
  shrink(available: Resources): void {
    this.available = available;
  }

  settle(client: Client): void {
    if (this.#settledFor !== this.available) {
      this.unsettleAll();
      this.#settledFor = this.available;
    }
    const word = client.slot >>> 5;
    if (word >= this.#settled.length) {
      const grown = new Uint32Array((word + 1) * 2);
      grown.set(this.#settled);
      this.#settled = grown;
    }
    this.#settled[word] = (this.#settled[word] ?? 0) | (1 << (client.slot & 31));
    client.maybeSettled = true;
  }

  isSettled(clientSlot: number): boolean {
    return ((this.#settled[clientSlot >>> 5] ?? 0) & (1 << (clientSlot & 31))) !== 0;
  }

  unsettle(clientSlot: number): void {
    const word = clientSlot >>> 5;
    if (word < this.#settled.length) this.#settled[word] = (this.#settled[word] ?? 0) & ~(1 << (clientSlot & 31));
  }

  unsettleAll(): void {
    if (this.#settledFor === undefined) return;
    this.#settledFor = undefined;
    this.#settled.fill(0);
  }

  /** Whether every client of `active`, a bit set by slot, is settled. */
  isSettledForAll(active: Uint32Array): boolean {
    if (this.#settledFor === undefined) return false;
    for (let word = 0; word < active.length; word++)
      if (((active[word] ?? 0) & ~(this.#settled[word] ?? 0)) !== 0) return false;
    return true;
  }
}
