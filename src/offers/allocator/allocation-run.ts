/**
 * One allocation run (spec page 06, 6.4): stage 1 satisfies quota guarantees, stage 2 hands out everything else by fair
 * share; the books are charged with each decision at once, so the next one sees the new shares.
 *
 * A run may be cut into slices between two agents. Everything it depends on besides the books (the order of agents, the
 * time, headroom) is fixed or kept here, so the offers of all slices together do not depend on where it was cut. What stage 1
 * decided for an agent is held until stage 2 has visited the agent: one offer per agent, framework and role.
 */
import type { Random } from '../../base/random.js';
import { Resources } from '../resources/resources.js';
import type { OfferDecision } from './allocator.js';
import type { AgentState, Client } from './allocator-state.js';
import { isFirmScalar, type OfferContext, offerObstacle, pairObstacle, visibleTo } from './eligibility.js';
import type { Ledger } from './ledger.js';
import type { MinAllocatable } from './min-allocatable.js';
import { type FractionContext, withinFraction } from './offer-fraction.js';
import { Measure } from './quantities.js';
import type { QuotaRun } from './quota-run.js';
import type { RoleOrder } from './role-order.js';
import type { RoleNode } from './role-tree.js';
import { shrinkFirm, shrinkScalars } from './shrink.js';

export interface RunContext {
  readonly ledger: Ledger;
  readonly roleOrder: RoleOrder;
  readonly minimum: MinAllocatable;
  readonly random: Random;
  readonly maxOfferFraction: number | undefined;
}

/** Skipped slots of an order cost about this many times less than a pair that is looked at. */
const SKIPS_PER_LOOK = 32;

/** The same of roles that stage 1 asks for their guarantees. */
const ROLES_PER_LOOK = 8;

/** What an agent has free is described once, at the first look: about the cost of so many pairs. */
const LOOKS_PER_DESCRIPTION = 30;

/** An offer costs about as much as so many pairs, most of it with the caller, who makes a message of it. */
const LOOKS_PER_OFFER = 200;

export class AllocationRun {
  readonly #agentSlots: Int32Array;
  #stage: 1 | 2;
  #position = 0;
  #looked = 0;
  #offers: OfferDecision[] = [];
  /** Decided but not yet returned: agent slot -> client slot -> tagged resources. */
  readonly #held = new Map<number, Map<number, Resources>>();
  readonly #offeredShared = new Map<number, Resources>();
  readonly #firm: Measure;
  readonly #guaranteed: Measure;
  readonly #obstacleContext: OfferContext;
  readonly #fractionContext: FractionContext;

  /** @param quota undefined: no role has any. */
  constructor(
    private readonly context: RunContext,
    agentSlots: Int32Array,
    private quota: QuotaRun | undefined,
  ) {
    this.#agentSlots = agentSlots;
    this.#stage = quota?.hasUnsatisfied === true ? 1 : 2;
    this.#firm = new Measure(context.ledger.names);
    this.#guaranteed = new Measure(context.ledger.names);
    const { filters, names } = context.ledger;
    this.#obstacleContext = { minimum: context.minimum, filters, names };
    const { maxOfferFraction, minimum, random } = context;
    this.#fractionContext = { maxOfferFraction, minimum, names, random };
    shuffleSlots(agentSlots, context.random);
  }

  /** Looks at about `budget` pairs of agent and client, an offer counted as LOOKS_PER_OFFER. Returns whether the run is over. */
  step(budget: number): { readonly offers: readonly OfferDecision[]; readonly done: boolean } {
    this.#looked = 0;
    this.#offers = [];
    while (!this.#isDone && this.#looked < budget) this.#visitNext();
    return { offers: this.#offers, done: this.#isDone };
  }

  /** Goes on with quota as it is now. */
  takeQuota(quota: QuotaRun | undefined): void {
    this.quota = quota;
  }

  /**
   * Gives back what is decided but not yet returned and concerns the agent or framework: it is going away, or not what it was
   * when that was decided. Returns whether there was anything.
   */
  dropHeld(which: { readonly agentSlot?: number; readonly frameworkId?: string }): boolean {
    const { ledger } = this.context;
    let isDropped = false;
    for (const agentSlot of which.agentSlot === undefined ? [...this.#held.keys()] : [which.agentSlot]) {
      const agent = ledger.agents[agentSlot];
      const ofAgent = this.#held.get(agentSlot);
      if (agent === undefined || ofAgent === undefined) continue;
      for (const [clientSlot, tagged] of ofAgent) {
        const client = ledger.clients[clientSlot];
        if (client === undefined) continue;
        if (which.frameworkId !== undefined && which.frameworkId !== client.frameworkId) continue;
        ofAgent.delete(clientSlot);
        ledger.release(agent, client, tagged, false);
        ledger.countOffer(client.frameworkId, -1);
        isDropped = true;
      }
      if (ofAgent.size === 0) this.#held.delete(agentSlot);
    }
    return isDropped;
  }

  get #isDone(): boolean {
    return this.#stage === 2 && this.#position >= this.#agentSlots.length;
  }

  #visitNext(): void {
    if (this.#position >= this.#agentSlots.length) {
      this.#stage = 2;
      this.#position = 0;
      shuffleSlots(this.#agentSlots, this.context.random);
      return;
    }
    const agent = this.context.ledger.agents[this.#agentSlots[this.#position++] ?? -1];
    this.#looked++;
    if (agent === undefined) return;
    if (agent.active && agent.whitelisted) {
      if (!agent.isDescribed) this.#looked += LOOKS_PER_DESCRIPTION;
      if (this.#stage === 1) this.#serveGuarantees(agent);
      else this.#serveFairShare(agent);
    }
    if (this.#stage === 2 && this.#held.size > 0) this.#flush(agent);
  }

  #flush(agent: AgentState): void {
    const ofAgent = this.#held.get(agent.slot);
    if (ofAgent === undefined) return;
    this.#held.delete(agent.slot);
    for (const [clientSlot, resources] of ofAgent) {
      const client = this.context.ledger.clients[clientSlot];
      if (client !== undefined) this.#emit(agent, client, resources);
    }
  }

  #emit(agent: AgentState, client: Client, resources: Resources): void {
    this.#looked += LOOKS_PER_OFFER;
    this.#offers.push({ frameworkId: client.frameworkId, agentId: agent.id, role: client.role.path, resources });
  }

  // Stage 1.

  #serveGuarantees(agent: AgentState): void {
    const { quota } = this;
    if (quota === undefined || !quota.hasUnsatisfied || agent.available.isEmpty) return;
    const { roleOrder } = this.context;
    roleOrder.begin();
    for (let role = roleOrder.next(); role !== undefined; role = roleOrder.next()) {
      this.#looked += 1 / ROLES_PER_LOOK;
      this.#serveGuaranteeOf(agent, role, quota);
      if (agent.available.isEmpty) return;
    }
  }

  #serveGuaranteeOf(agent: AgentState, role: RoleNode, quota: QuotaRun): void {
    let wanted = quota.findWanted(role);
    if (wanted === undefined) return;
    const order = role.clientOrder;
    order.begin();
    for (let slot = order.next(); slot >= 0; slot = order.next()) {
      if (!this.#mayOffer(agent, slot)) continue;
      const client = this.context.ledger.clients[slot];
      const visible = client === undefined ? undefined : this.#visibleOrSettled(agent, client);
      if (client === undefined || visible === undefined) continue;
      this.#offerGuarantee(agent, client, visible, { wanted, quota });
      wanted = quota.findWanted(role);
      if (wanted === undefined || agent.available.isEmpty) return;
    }
  }

  #offerGuarantee(
    agent: AgentState,
    client: Client,
    visible: Resources,
    { wanted, quota }: { readonly wanted: Float64Array; readonly quota: QuotaRun },
  ): void {
    const { ledger, random } = this.context;
    const firm = this.#withinFraction(agent, client, visible).filter(isFirmScalar);
    const guaranteed = shrinkScalars(firm, wanted, ledger.names, random);
    if (guaranteed.isEmpty) return;
    const limits = quota.remainingLimits(client.role);
    this.#guaranteed.take(guaranteed);
    for (let i = 0; i < limits.length; i++) limits[i] = (limits[i] ?? 0) - this.#guaranteed.all.get(i);
    const additional = shrinkScalars(firm.subtract(guaranteed), quota.boundByHeadroom(limits), ledger.names, random);
    const role = client.role.path;
    const others = visible.filter(
      (entry) => !isFirmScalar(entry) && (entry.kind.reservations.length === 0 || entry.kind.reservationRole === role),
    );
    const offer = guaranteed.add(additional).add(others);
    if (offerObstacle(agent, client, offer, this.#obstacleContext) !== undefined) return;
    this.#commit(agent, client, offer, true);
    quota.onGiven(this.#firm.take(offer).firm, 1);
  }

  // Stage 2.

  #serveFairShare(agent: AgentState): void {
    if (agent.available.isEmpty) return;
    const { ledger, roleOrder, minimum } = this.context;
    if (agent.isSettledForAll(ledger.openClients) && !this.#held.has(agent.slot)) return;
    const isPlain = this.quota !== undefined && agent.traits(minimum, ledger.names).isPlain;
    if (isPlain && this.quota?.isSpent === true) return;
    roleOrder.begin();
    for (let role = roleOrder.next(); role !== undefined; role = roleOrder.next()) {
      this.#looked += role.clientOrder.length / SKIPS_PER_LOOK;
      if (isPlain && this.quota?.isExhausted(role) === true) continue;
      this.#serveRole(agent, role);
      if (agent.available.isEmpty) return;
    }
  }

  #serveRole(agent: AgentState, role: RoleNode): void {
    const { clients } = this.context.ledger;
    const order = role.clientOrder;
    order.begin();
    for (let slot = order.next(); slot >= 0; slot = order.next()) {
      if (agent.isSettled(slot) || !this.#mayOffer(agent, slot)) continue;
      const client = clients[slot];
      const visible = client === undefined ? undefined : this.#visibleOrSettled(agent, client);
      if (client === undefined || visible === undefined) continue;
      this.#offerShare(agent, client, visible);
      if (agent.available.isEmpty) return;
    }
  }

  #offerShare(agent: AgentState, client: Client, visible: Resources): void {
    const offer = this.#withinQuota(client, this.#withinFraction(agent, client, visible));
    if (offer !== visible && offerObstacle(agent, client, offer, this.#obstacleContext) !== undefined) return;
    this.#commit(agent, client, offer, this.#held.has(agent.slot));
    this.quota?.onGiven(this.#firm.take(offer).firm, 2);
  }

  #withinQuota(client: Client, visible: Resources): Resources {
    const { quota } = this;
    if (quota === undefined) return visible;
    const { ledger, random } = this.context;
    const target = quota.boundByHeadroom(quota.remainingLimits(client.role));
    return shrinkFirm(visible, target, ledger.names, random);
  }

  // Both stages.

  /** Not to who has as many offers as it may have; what stage 1 decided is an offer already and may grow. */
  #mayOffer(agent: AgentState, clientSlot: number): boolean {
    return this.context.ledger.isOpen(clientSlot) || this.#held.get(agent.slot)?.has(clientSlot) === true;
  }

  /** With what stage 1 gave already. */
  #withinFraction(agent: AgentState, client: Client, visible: Resources): Resources {
    const held = this.#held.get(agent.slot)?.get(client.slot) ?? Resources.empty;
    return withinFraction(this.#fractionContext, { agent, client }, visible, held);
  }

  /** What the client may see of the agent; undefined when nothing of it can be offered, which is then remembered. */
  #visibleOrSettled(agent: AgentState, client: Client): Resources | undefined {
    this.#looked++;
    const traits = agent.traits(this.context.minimum, this.context.ledger.names);
    let visible: Resources | undefined;
    if (pairObstacle(agent, client) === undefined) {
      const offeredShared = traits.hasShared ? this.#offeredShared.get(agent.slot) : undefined;
      visible = visibleTo(agent, client, traits, offeredShared);
      if (offerObstacle(agent, client, visible, this.#obstacleContext) === undefined) return visible;
    }
    // With shared volumes the answer may be another in the next run, when they can be offered again.
    if (!traits.hasShared) agent.settle(client);
    return undefined;
  }

  #commit(agent: AgentState, client: Client, offer: Resources, hold: boolean): void {
    const { ledger, minimum } = this.context;
    if (agent.traits(minimum, ledger.names).hasShared) this.#noteShared(agent, offer);
    ledger.charge(agent, client, offer);
    const tagged = offer.allocatedTo(client.role.path);
    if (!hold) {
      ledger.countOffer(client.frameworkId, 1);
      this.#emit(agent, client, tagged);
      return;
    }
    const ofAgent = this.#held.get(agent.slot) ?? new Map<number, Resources>();
    this.#held.set(agent.slot, ofAgent);
    const before = ofAgent.get(client.slot);
    if (before === undefined) ledger.countOffer(client.frameworkId, 1);
    ofAgent.set(client.slot, before === undefined ? tagged : before.add(tagged));
  }

  #noteShared(agent: AgentState, offer: Resources): void {
    const offered = this.#offeredShared.get(agent.slot) ?? Resources.empty;
    this.#offeredShared.set(agent.slot, offered.add(offer.shared()));
  }
}

function shuffleSlots(slots: Int32Array, random: Random): void {
  for (let i = slots.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    const held = slots[i] ?? 0;
    slots[i] = slots[j] ?? 0;
    slots[j] = held;
  }
}
