/**
 * The allocator that the master core owns: takes every change of agents, frameworks and roles into its books and answers
 * `allocate` by a run over them (spec page 06). The decisions are in allocation-run.ts, the arithmetic in ledger.ts; here is
 * what each change means for activity, filters and what was settled before.
 *
 * Never draws randomness but from its seed, never reads a clock: the same calls give the same answers.
 */
import { assert, present } from '../../base/assert.js';
import type { Instant } from '../../base/clock.js';
import { type Random, seededRandom } from '../../base/random.js';
import { type Rejection, reject } from '../../base/rejection.js';
import type * as wire from '../../wire/gen/allocator.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { type Answer, type ClusterFacts, type Explanation, NO_FACTS, type Question } from '../explain/answer.js';
import type { ExplainContext } from '../explain/context.js';
import { explain, explainInSlices } from '../explain/explain.js';
import { sameAttributes } from '../resources/attributes.js';
import { toMilli } from '../resources/resource-value.js';
import type { Resources } from '../resources/resources.js';
import { AllocationRun } from './allocation-run.js';
import type {
  AllocationResult,
  Allocator,
  AllocatorAgent,
  AllocatorFramework,
  AllocatorOptions,
  AllocatorSnapshot,
  InverseOfferStatuses,
  RoleUse,
} from './allocator.js';
import {
  type AgentState,
  DEMANDS_GPU,
  DEMANDS_REGION,
  type FrameworkState,
  NEEDS_HIERARCHICAL_ROLE,
  NEEDS_MULTI_ROLE,
  subscribedRoles,
} from './allocator-state.js';
import { isAwaited } from './awaited.js';
import { InverseOffers } from './inverse-offers.js';
import { Ledger } from './ledger.js';
import { type MinAllocatable, minAllocatableOf } from './min-allocatable.js';
import { QuotaRun } from './quota-run.js';
import type { Decline } from './refuse-filters.js';
import { DrfRoleOrder, RandomRoleOrder, type RoleOrder } from './role-order.js';
import { describeRoles, describeTotals } from './role-use.js';
import { takeSnapshot } from './snapshot.js';

export function createAllocator(options: AllocatorOptions): Allocator {
  return new HierarchicalAllocator(options);
}

/** To drop a filter that ended costs about as much as so many pairs of a run: it is taken out of heap, list and bucket. */
const LOOKS_PER_EXPIRY = 8;

const NOTHING: AllocationResult = { offers: [], inverseOffers: [], more: false };

class HierarchicalAllocator implements Allocator {
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #minimum: MinAllocatable;
  readonly #roleOrder: RoleOrder;
  readonly #inverseOffers = new InverseOffers();
  #whitelist: ReadonlySet<string> | null = null;
  #paused = false;
  #run: AllocationRun | undefined;
  /** Of the run; undefined: all. */
  #runAgentIds: ReadonlySet<string> | undefined;
  /** What the run knows of quota is not what holds now. */
  #isQuotaOfRunStale = false;
  #runs = 0;

  constructor(private readonly options: AllocatorOptions) {
    this.#random = seededRandom(options.seed);
    this.#minimum = minAllocatableOf(options.minAllocatable);
    this.#ledger = new Ledger({ ...options, random: this.#random, minimum: this.#minimum });
    this.#roleOrder =
      options.roleSorter === 'drf'
        ? new DrfRoleOrder(this.#ledger.tree)
        : new RandomRoleOrder(this.#ledger.tree, this.#random);
  }

  // Frameworks.

  addFramework(framework: AllocatorFramework, used: ReadonlyMap<string, Resources>): void {
    assert(!this.#ledger.frameworks.has(framework.id), `framework ${framework.id} is added once`);
    const state: FrameworkState = {
      id: framework.id,
      info: framework.info,
      roles: subscribedRoles(framework.info),
      suppressedRoles: new Set(framework.suppressedRoles),
      offerConstraints: framework.offerConstraints,
      active: framework.active,
      backPressure: false,
      offers: 0,
    };
    this.#ledger.frameworks.set(state.id, state);
    for (const role of state.roles) this.#admitRole(state, role);
    for (const [agentId, resources] of used) this.#bookUnlessKnown(state.id, agentId, resources);
  }

  removeFramework(frameworkId: string): void {
    const framework = this.#ledger.frameworks.get(frameworkId);
    if (framework === undefined) return;
    this.#dropHeld({ frameworkId });
    const clients = [...this.#ledger.clientsOf(framework)];
    this.#ledger.frameworks.delete(frameworkId);
    this.#inverseOffers.forgetFramework(frameworkId);
    for (const client of clients) {
      this.#ledger.settleActivity(client);
      this.#ledger.filters.removeClient(client.slot);
      this.#ledger.maybeForgetClient(client);
    }
  }

  deactivateFramework(frameworkId: string): void {
    const framework = this.#getFramework(frameworkId);
    this.#dropHeld({ frameworkId });
    framework.active = false;
    this.#inverseOffers.dropFilters(frameworkId);
    for (const client of this.#ledger.clientsOf(framework)) {
      this.#ledger.settleActivity(client);
      this.#ledger.filters.removeClient(client.slot);
      this.#ledger.unsettleClient(client);
    }
  }

  activateFramework(frameworkId: string): void {
    const framework = this.#getFramework(frameworkId);
    framework.active = true;
    for (const client of this.#ledger.clientsOf(framework)) this.#ledger.settleActivity(client);
  }

  updateFramework(framework: AllocatorFramework): void {
    const state = this.#getFramework(framework.id);
    this.#dropHeld({ frameworkId: framework.id });
    const former = [...this.#ledger.clientsOf(state)];
    const formerlySuppressed = new Set(state.suppressedRoles);
    state.info = framework.info;
    state.roles = subscribedRoles(framework.info);
    state.offerConstraints = framework.offerConstraints;
    state.active = framework.active;
    state.suppressedRoles.clear();
    for (const role of framework.suppressedRoles) state.suppressedRoles.add(role);
    for (const role of state.roles) {
      const client = this.#admitRole(state, role);
      const isRevived = formerlySuppressed.has(role) && !state.suppressedRoles.has(role);
      if (isRevived) this.#ledger.filters.removeClient(client.slot);
    }
    // After the new ones: a parent that they share is not forgotten in between, and its allocations stay counted.
    for (const client of former) {
      if (state.roles.has(client.role.path)) continue;
      this.#ledger.settleActivity(client);
      this.#ledger.filters.removeClient(client.slot);
      this.#ledger.maybeForgetClient(client);
    }
  }

  suppressRoles(frameworkId: string, roles: readonly string[]): void {
    const framework = this.#getFramework(frameworkId);
    this.#dropHeld({ frameworkId });
    for (const role of roles.length === 0 ? framework.roles : roles) framework.suppressedRoles.add(role);
    for (const client of this.#ledger.clientsOf(framework)) this.#ledger.settleActivity(client);
  }

  reviveRoles(frameworkId: string, roles: readonly string[]): void {
    const framework = this.#getFramework(frameworkId);
    const revived = roles.length === 0 ? framework.roles : new Set(roles);
    for (const role of revived) framework.suppressedRoles.delete(role);
    this.#inverseOffers.dropFilters(frameworkId);
    for (const client of this.#ledger.clientsOf(framework)) {
      if (!revived.has(client.role.path)) continue;
      this.#ledger.filters.removeClient(client.slot);
      this.#ledger.unsettleClient(client);
      this.#ledger.settleActivity(client);
    }
  }

  setBackPressure(frameworkId: string, on: boolean): void {
    const framework = this.#ledger.frameworks.get(frameworkId);
    if (framework === undefined) return;
    this.#dropHeld({ frameworkId });
    framework.backPressure = on;
    for (const client of this.#ledger.clientsOf(framework)) this.#ledger.settleActivity(client);
  }

  offerEnded(frameworkId: string): boolean {
    return this.#ledger.countOffer(frameworkId, -1);
  }

  isAwaited(
    offer: { readonly frameworkId: string; readonly agentId: string; readonly resources: Resources },
    nowMs: number,
  ): boolean {
    const { maxOfferFraction } = this.options;
    const context = { ledger: this.#ledger, minimum: this.#minimum, maxOfferFraction, nowMs };
    return isAwaited(context, { ...offer, agent: this.#getAgent(offer.agentId) });
  }

  // Agents.

  addAgent(agent: AllocatorAgent): void {
    if (agent.used.size > 0 || !agent.total.reserved().isEmpty) this.#dropHeld({});
    const state = this.#ledger.addAgent(agent.id, agent.info, agent.total);
    this.#describeAgent(state, agent.info, agent.capabilities);
    for (const [frameworkId, resources] of agent.used) this.#bookUsed(state, frameworkId, resources);
  }

  removeAgent(agentId: string): void {
    const agent = this.#ledger.agentOfId.get(agentId);
    if (agent === undefined) return;
    this.#dropHeld({ agentSlot: agent.slot });
    this.#ledger.removeAgent(agent);
    this.#isQuotaOfRunStale = true;
    this.#inverseOffers.update(agentId, undefined);
  }

  updateAgent(
    agentId: string,
    change: {
      readonly total?: Resources;
      readonly info?: mesos.AgentInfo;
      readonly capabilities?: ReadonlySet<mesos.AgentInfo_Capability_Type>;
    },
  ): void {
    const agent = this.#getAgent(agentId);
    const ledger = this.#ledger;
    this.#dropHeld(change.total === undefined ? { agentSlot: agent.slot } : {});
    this.#isQuotaOfRunStale = true;
    if (change.info !== undefined && !sameAttributes(agent.info.attributes ?? [], change.info.attributes ?? []))
      ledger.filters.removeAgent(agent.slot, ledger.clients.length);
    if (change.total !== undefined) ledger.changeTotal(agent, change.total);
    this.#describeAgent(agent, change.info ?? agent.info, change.capabilities);
    ledger.forgetConstraintOutcomes(agent);
    agent.unsettleAll();
  }

  activateAgent(agentId: string): void {
    this.#ledger.setUse(this.#getAgent(agentId), { active: true });
  }

  deactivateAgent(agentId: string): void {
    const agent = this.#getAgent(agentId);
    this.#dropHeld({ agentSlot: agent.slot });
    this.#ledger.setUse(agent, { active: false });
  }

  updateUnavailability(agentId: string, unavailability: mesos.Unavailability | undefined): void {
    this.#inverseOffers.update(agentId, unavailability);
  }

  updateInverseOffer(
    frameworkId: string,
    agentId: string,
    answer?: { readonly status: wire.InverseOfferStatus; readonly untilMs: number | undefined },
  ): void {
    this.#inverseOffers.settle(frameworkId, agentId, answer);
  }

  inverseOfferStatuses(): InverseOfferStatuses {
    return this.#inverseOffers.statuses();
  }

  updateWhitelist(hostnames: ReadonlySet<string> | null): void {
    this.#dropHeld({});
    this.#whitelist = hostnames;
    for (const agent of this.#ledger.agentOfId.values())
      this.#ledger.setUse(agent, { whitelisted: hostnames === null || hostnames.has(agent.info.hostname) });
  }

  // Accounting.

  transitionOfferedToAllocated(agentId: string, resources: Resources): void {
    const agent = this.#ledger.agentOfId.get(agentId);
    if (agent !== undefined) this.#ledger.markAllocated(agent, resources);
  }

  addAllocated(frameworkId: string, agentId: string, resources: Resources): void {
    this.#dropHeld({});
    this.#bookUsed(this.#getAgent(agentId), frameworkId, resources);
  }

  updateAllocation(frameworkId: string, agentId: string, from: Resources, to: Resources): void {
    const agent = this.#getAgent(agentId);
    const toOfRole = to.byAllocationRole();
    for (const [role, part] of from.byAllocationRole()) {
      const client = present(this.#ledger.findClient(frameworkId, role), `${frameworkId} is tracked under ${role}`);
      this.#ledger.convert(agent, client, part, present(toOfRole.get(role), 'an operation keeps the allocation role'));
    }
  }

  updateAvailable(agentId: string, from: Resources, to: Resources): Rejection | undefined {
    const agent = this.#ledger.agentOfId.get(agentId);
    if (agent === undefined) return reject('not-found', `agent ${agentId} is not registered`);
    if (!agent.available.contains(from))
      return reject('conflict', `agent ${agentId} has ${agent.available} free, which does not contain ${from}`);
    this.#dropHeld({});
    this.#isQuotaOfRunStale = true;
    this.#ledger.changeTotal(agent, agent.total.subtract(from).add(to));
    return undefined;
  }

  recoverResources(recovered: {
    readonly frameworkId: string;
    readonly agentId: string;
    readonly resources: Resources;
    readonly allocated: boolean;
    readonly refuse?: { readonly untilMs: number; readonly decline?: Decline | undefined } | undefined;
  }): void {
    const { frameworkId, resources } = recovered;
    const agent = this.#ledger.agentOfId.get(recovered.agentId);
    // An agent that is gone took everything with it.
    if (agent === undefined || resources.isEmpty) return;
    if (recovered.refuse !== undefined) this.#dropHeld({ agentSlot: agent.slot, frameworkId });
    const onlyRole = resources.allocationRole;
    const parts = onlyRole === undefined ? resources.byAllocationRole() : ([[onlyRole, resources]] as const);
    for (const [role, part] of parts) {
      const client = present(this.#ledger.findClient(frameworkId, role), 'a holder is tracked under its role');
      // Before the release: it may forget a client whose framework is gone, and then no filter is wanted.
      const refuse = recovered.refuse;
      if (refuse !== undefined && this.#ledger.frameworks.get(frameworkId)?.roles.has(role) === true)
        this.#ledger.filters.add(client.slot, agent.slot, part.unallocated(), refuse.untilMs, refuse.decline);
      this.#ledger.release(agent, client, part, recovered.allocated);
    }
  }

  // Roles.

  updateWeights(weights: ReadonlyMap<string, number>): void {
    const { tree } = this.#ledger;
    for (const [role, weight] of weights) {
      assert(weight > 0 && Number.isFinite(weight), `the weight of ${role} is above 0`);
      const node = tree.getOrCreate(role);
      tree.setWeight(node, weight);
      tree.prune(node);
    }
  }

  updateQuota(
    role: string,
    quota: { readonly guarantees: ReadonlyMap<string, number>; readonly limits: ReadonlyMap<string, number> },
  ): void {
    this.#dropHeld({});
    this.#isQuotaOfRunStale = true;
    const { tree } = this.#ledger;
    const node = tree.getOrCreate(role);
    const isDefault = quota.guarantees.size === 0 && quota.limits.size === 0;
    tree.quota.set(
      node,
      isDefault ? undefined : { guarantees: this.#byIndex(quota.guarantees), limits: this.#byIndex(quota.limits) },
    );
    tree.prune(node);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  // Answers.

  allocate(
    agentIds: ReadonlySet<string> | undefined,
    nowMs: number,
    budget = Number.POSITIVE_INFINITY,
  ): AllocationResult {
    if (this.#paused) return NOTHING;
    const limit = Math.max(1, budget);
    if (this.#run === undefined && !this.#dropExpiredFilters(nowMs, limit)) return { ...NOTHING, more: true };
    this.#run ??= this.#startRun(agentIds);
    if (this.#isQuotaOfRunStale) this.#run.takeQuota(this.#quotaRun());
    this.#isQuotaOfRunStale = false;
    const { offers, done } = this.#run.step(limit);
    if (!done) return { offers, inverseOffers: [], more: true };
    const inverseOffers = this.#inverseOffers.decide(this.#ledger, this.#runAgentIds, nowMs);
    this.#run = undefined;
    this.#runAgentIds = undefined;
    return { offers, inverseOffers, more: false };
  }

  explain(question: Question, now: Instant, facts: ClusterFacts = NO_FACTS): Answer {
    return explain(this.#explainContext(now, facts), question);
  }

  explainInSlices(question: Question, now: Instant, facts: ClusterFacts = NO_FACTS): Explanation {
    return explainInSlices((at) => this.#explainContext(at, facts), question, now);
  }

  #explainContext(now: Instant, facts: ClusterFacts): ExplainContext {
    const { options } = this;
    return {
      ledger: this.#ledger,
      minimum: this.#minimum,
      quota: this.#quotaRun(),
      maxOfferFraction: options.maxOfferFraction,
      isPaused: this.#paused,
      roleSorter: options.roleSorter,
      frameworkSorter: options.frameworkSorter,
      region: options.domain?.fault_domain?.region.name,
      now,
      facts,
    };
  }

  snapshot(): AllocatorSnapshot {
    return takeSnapshot(this.#ledger, this.#runs);
  }

  roles(): readonly RoleUse[] {
    return describeRoles(this.#ledger);
  }

  totals(): ReadonlyMap<string, number> {
    return describeTotals(this.#ledger);
  }

  get allocationRuns(): number {
    return this.#runs;
  }

  #startRun(agentIds: ReadonlySet<string> | undefined): AllocationRun {
    this.#runs++;
    this.#runAgentIds = agentIds;
    this.#isQuotaOfRunStale = false;
    const context = {
      ledger: this.#ledger,
      roleOrder: this.#roleOrder,
      minimum: this.#minimum,
      random: this.#random,
      maxOfferFraction: this.options.maxOfferFraction,
    };
    return new AllocationRun(context, this.#candidates(agentIds), this.#quotaRun());
  }

  /**
   * What a run decided and did not return yet goes back where it concerns what changes now: all of it where a role comes to
   * consume more by other ways than offers, which may be what a limit had left.
   */
  #dropHeld(which: { readonly agentSlot?: number; readonly frameworkId?: string }): void {
    if (this.#run?.dropHeld(which) === true) this.#isQuotaOfRunStale = true;
  }

  /** Slots of the agents that have something to give, in the order of their slots: the ids' order must not matter. */
  #candidates(agentIds: ReadonlySet<string> | undefined): Int32Array {
    const { agentOfId, freeAgents } = this.#ledger;
    const slots = new Int32Array(agentIds?.size ?? freeAgents.size);
    if (agentIds === undefined) {
      freeAgents.copyTo(slots);
      return slots;
    }
    let count = 0;
    for (const id of agentIds) {
      const slot = agentOfId.get(id)?.slot ?? -1;
      if (slot >= 0 && freeAgents.has(slot)) slots[count++] = slot;
    }
    return slots.subarray(0, count).sort();
  }

  #quotaRun(): QuotaRun | undefined {
    return this.#ledger.tree.quota.isEmpty ? undefined : new QuotaRun(this.#ledger);
  }

  /** Returns whether no expired filter is left. */
  #dropExpiredFilters(nowMs: number, limit: number): boolean {
    const { agents, filters } = this.#ledger;
    return filters.expire(
      nowMs,
      (client, agent) => agents[agent]?.unsettle(client),
      Math.ceil(limit / LOOKS_PER_EXPIRY),
    );
  }

  #admitRole(framework: FrameworkState, role: string) {
    const client = this.#ledger.getOrCreateClient(framework.id, role);
    this.#ledger.describeClient(client, framework);
    this.#ledger.settleActivity(client);
    return client;
  }

  /** `used` of addFramework repeats what addAgent may have told already. */
  #bookUnlessKnown(frameworkId: string, agentId: string, resources: Resources): void {
    const agent = this.#ledger.agentOfId.get(agentId);
    if (agent === undefined) return;
    for (const [role, part] of resources.byAllocationRole()) {
      const client = this.#ledger.getOrCreateClient(frameworkId, role);
      if (!agent.allocations.has(client.slot)) this.#bookUsed(agent, frameworkId, part);
      this.#ledger.maybeForgetClient(client);
    }
  }

  #bookUsed(agent: AgentState, frameworkId: string, resources: Resources): void {
    for (const [role, part] of resources.byAllocationRole())
      this.#ledger.chargeKnown(agent, this.#ledger.getOrCreateClient(frameworkId, role), part.unallocated());
    this.#ledger.markAllocated(agent, resources);
  }

  #describeAgent(
    agent: AgentState,
    info: mesos.AgentInfo,
    capabilities: ReadonlySet<mesos.AgentInfo_Capability_Type> | undefined,
  ): void {
    agent.info = info;
    this.#ledger.setUse(agent, { whitelisted: this.#whitelist === null || this.#whitelist.has(info.hostname) });
    if (capabilities !== undefined)
      agent.can =
        (capabilities.has('MULTI_ROLE') ? NEEDS_MULTI_ROLE : 0) |
        (capabilities.has('HIERARCHICAL_ROLE') ? NEEDS_HIERARCHICAL_ROLE : 0);
    const hasGpus = this.options.filterGpuResources && agent.total.scalarMilli('gpus') > 0;
    agent.demands = (hasGpus ? DEMANDS_GPU : 0) | (this.#isRemote(info) ? DEMANDS_REGION : 0);
  }

  #isRemote(info: mesos.AgentInfo): boolean {
    const own = this.options.domain?.fault_domain?.region.name;
    const other = info.domain?.fault_domain?.region.name;
    return own !== undefined && other !== undefined && own !== other;
  }

  #byIndex(amounts: ReadonlyMap<string, number>): ReadonlyMap<number, number> {
    return new Map([...amounts].map(([name, amount]) => [this.#ledger.names.indexOf(name), toMilli(amount)]));
  }

  #getFramework(frameworkId: string): FrameworkState {
    return present(this.#ledger.frameworks.get(frameworkId), `framework ${frameworkId} is known to the allocator`);
  }

  #getAgent(agentId: string): AgentState {
    return present(this.#ledger.agentOfId.get(agentId), `agent ${agentId} is known to the allocator`);
  }
}
