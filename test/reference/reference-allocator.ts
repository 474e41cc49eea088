/**
 * The allocator once more, slow and obviously right: the oracle that the fast one is compared with. Every sum, share and
 * order is worked out from who holds what whenever it is asked for; nothing is remembered that follows from something else.
 * Written from spec page 06 and the deviations of src/offers/DESIGN.md; it shares the resource algebra with the allocator and
 * none of its books.
 *
 * Order: agents are shuffled by the same seeded generator, listed by the place they took when they were added (a place that was
 * left is taken again, the last left first). So every offer of a DRF cluster is comparable. Random sorters are not drawn here,
 * and what events between the slices of a run come to is not worked out: of those it keeps the facts, for the laws.
 * Questions that change nothing (`explain`, `roles`, `totals`) are left out.
 */
import { type Random, seededRandom, shuffle } from '../../src/base/random.js';
import { type Rejection, reject } from '../../src/base/rejection.js';
import type {
  AllocationResult,
  Allocator,
  AllocatorAgent,
  AllocatorFramework,
  AllocatorOptions,
  AllocatorSnapshot,
  InverseOfferDecision,
  OfferDecision,
} from '../../src/offers/allocator/allocator.js';
import { sameAttributes } from '../../src/offers/resources/attributes.js';
import { Resources } from '../../src/offers/resources/resources.js';
import { ReferenceMaintenance } from './maintenance.js';
import {
  type Amounts,
  type Filter,
  fits,
  isAncestor,
  isFirm,
  isLargeEnough,
  largestParts,
  lineage,
  maySee,
  parentOf,
  rolesOf,
} from './rules.js';

/** What a framework has under a role on an agent, offered or allocated; tagged with the role. */
export interface Holding {
  readonly frameworkId: string;
  readonly role: string;
  readonly agentId: string;
  readonly resources: Resources;
}

export interface Quota {
  readonly guarantees: ReadonlyMap<string, number>;
  readonly limits: ReadonlyMap<string, number>;
}

type Run = { readonly required: Amounts; readonly available: Amounts; readonly offers: Holding[] };

export class ReferenceAllocator {
  readonly agents = new Map<string, AllocatorAgent>();
  readonly frameworks = new Map<string, AllocatorFramework>();
  readonly suppressed = new Map<string, Set<string>>();
  readonly backPressured = new Set<string>();
  /** How many offers each framework has outstanding. */
  readonly offers = new Map<string, number>();
  readonly inactiveAgents = new Set<string>();
  readonly weights = new Map<string, number>();
  readonly quotas = new Map<string, Quota>();
  readonly maintenance = new ReferenceMaintenance();
  whitelist: ReadonlySet<string> | null = null;
  isPaused = false;
  holdings: readonly Holding[] = [];
  filters: readonly Filter[] = [];

  /** Allocations made to `framework role`, to a role's own frameworks (`role/.`) and to a role with all below it. */
  #allocations = new Map<string, number>();
  readonly #places: (string | undefined)[] = [];
  readonly #freePlaces: number[] = [];
  readonly #random: Random;
  #runs = 0;

  constructor(readonly options: AllocatorOptions) {
    this.#random = seededRandom(options.seed);
  }

  // Frameworks.

  addFramework(framework: AllocatorFramework): void {
    this.frameworks.set(framework.id, framework);
    this.suppressed.set(framework.id, new Set(framework.suppressedRoles));
  }

  removeFramework(id: string): void {
    this.frameworks.delete(id);
    this.suppressed.delete(id);
    this.backPressured.delete(id);
    this.offers.delete(id);
    this.#dropFilters((filter) => filter.frameworkId === id);
    this.maintenance.forgetFramework(id);
    this.#forget();
  }

  deactivateFramework(id: string): void {
    this.#change(id, { active: false });
    this.#dropFilters((filter) => filter.frameworkId === id);
    this.maintenance.dropFilters(id);
  }

  activateFramework(id: string): void {
    this.#change(id, { active: true });
  }

  updateFramework(framework: AllocatorFramework): void {
    const before = this.suppressed.get(framework.id) ?? new Set();
    this.frameworks.set(framework.id, framework);
    this.suppressed.set(framework.id, new Set(framework.suppressedRoles));
    const roles = rolesOf(framework);
    const isRevived = (role: string): boolean => before.has(role) && !framework.suppressedRoles.has(role);
    this.#dropFilters((f) => f.frameworkId === framework.id && (!roles.includes(f.role) || isRevived(f.role)));
    this.#forget();
  }

  suppressRoles(id: string, roles: readonly string[]): void {
    for (const role of this.#named(id, roles)) this.suppressed.get(id)?.add(role);
  }

  reviveRoles(id: string, roles: readonly string[]): void {
    const named = this.#named(id, roles);
    for (const role of named) this.suppressed.get(id)?.delete(role);
    this.#dropFilters((filter) => filter.frameworkId === id && named.includes(filter.role));
    this.maintenance.dropFilters(id);
  }

  setBackPressure(id: string, on: boolean): void {
    if (on && this.frameworks.has(id)) this.backPressured.add(id);
    else this.backPressured.delete(id);
  }

  offerEnded(id: string): void {
    const offers = this.offers.get(id);
    if (offers !== undefined) this.offers.set(id, offers - 1);
  }

  // Agents.

  addAgent(agent: AllocatorAgent): void {
    this.agents.set(agent.id, agent);
    this.#places[this.#freePlaces.pop() ?? this.#places.length] = agent.id;
    for (const [frameworkId, used] of agent.used) this.#allocate(frameworkId, agent.id, used);
  }

  removeAgent(id: string): void {
    if (!this.agents.delete(id)) return;
    const place = this.#places.indexOf(id);
    this.#places[place] = undefined;
    this.#freePlaces.push(place);
    this.inactiveAgents.delete(id);
    this.holdings = this.holdings.filter(({ agentId }) => agentId !== id);
    this.#dropFilters((filter) => filter.agentId === id);
    this.maintenance.update(id, undefined);
    this.#forget();
  }

  updateAgent(id: string, change: Parameters<Allocator['updateAgent']>[1]): void {
    const agent = this.#agent(id);
    const { info } = change;
    if (info !== undefined && !sameAttributes(agent.info.attributes ?? [], info.attributes ?? []))
      this.#dropFilters((filter) => filter.agentId === id);
    this.agents.set(id, { ...agent, ...change });
    this.#forget();
  }

  activateAgent(id: string): void {
    this.inactiveAgents.delete(id);
  }

  deactivateAgent(id: string): void {
    this.inactiveAgents.add(id);
  }

  updateUnavailability(...said: Parameters<ReferenceMaintenance['update']>): void {
    this.maintenance.update(...said);
  }

  updateInverseOffer(...said: Parameters<ReferenceMaintenance['settle']>): void {
    this.maintenance.settle(...said);
  }

  updateWhitelist(hostnames: ReadonlySet<string> | null): void {
    this.whitelist = hostnames;
  }

  // Who has what.

  /** Offered or allocated is the same to the rules. */
  transitionOfferedToAllocated(): void {}

  addAllocated(frameworkId: string, agentId: string, resources: Resources): void {
    this.#allocate(frameworkId, agentId, resources);
  }

  updateAllocation(frameworkId: string, agentId: string, from: Resources, to: Resources): void {
    this.#release(frameworkId, agentId, from);
    this.#hold(frameworkId, agentId, to);
    this.#changeTotal(agentId, from.unallocated(), to.unallocated());
  }

  updateAvailable(agentId: string, from: Resources, to: Resources): Rejection | undefined {
    if (!this.agents.has(agentId)) return reject('not-found', `agent ${agentId} is not registered`);
    const free = this.free(agentId);
    if (!free.contains(from))
      return reject('conflict', `agent ${agentId} has ${free} free, which does not contain ${from}`);
    this.#changeTotal(agentId, from, to);
    return undefined;
  }

  recoverResources(recovered: Parameters<Allocator['recoverResources']>[0]): void {
    const { frameworkId, agentId, resources, refuse } = recovered;
    if (!this.agents.has(agentId)) return;
    this.#release(frameworkId, agentId, resources);
    for (const [role, part] of resources.byAllocationRole())
      if (refuse !== undefined && this.#isSubscribed(frameworkId, role))
        this.filters = [
          ...this.filters,
          { frameworkId, role, agentId, refused: part.unallocated(), untilMs: refuse.untilMs },
        ];
    this.#forget();
  }

  // Roles.

  updateWeights(weights: ReadonlyMap<string, number>): void {
    for (const [role, weight] of weights) this.weights.set(role, weight);
    this.#forget();
  }

  updateQuota(role: string, quota: Quota): void {
    if (quota.guarantees.size === 0 && quota.limits.size === 0) this.quotas.delete(role);
    else this.quotas.set(role, { guarantees: inMilli(quota.guarantees), limits: inMilli(quota.limits) });
    this.#forget();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  // Offers.

  allocate(agentIds: ReadonlySet<string> | undefined, nowMs: number): AllocationResult {
    if (this.isPaused) return { offers: [], inverseOffers: [], more: false };
    this.#runs++;
    this.dropExpiredFilters(nowMs);
    const offers = this.#run(agentIds);
    return { offers, inverseOffers: this.decideInverseOffers(agentIds, nowMs), more: false };
  }

  /** Books offers that another allocator made in place of an own run. */
  adopt(offers: readonly OfferDecision[]): void {
    for (const { frameworkId, agentId, resources } of offers) {
      this.#allocate(frameworkId, agentId, resources);
      this.#countOffer(frameworkId);
    }
  }

  dropExpiredFilters(nowMs: number): void {
    this.#dropFilters(({ untilMs }) => untilMs <= nowMs);
  }

  /** Every framework that holds something of an agent under maintenance is asked once. */
  decideInverseOffers(agentIds: ReadonlySet<string> | undefined, nowMs: number): readonly InverseOfferDecision[] {
    const candidates = this.holdings.filter(
      ({ frameworkId, agentId }) =>
        this.frameworks.get(frameworkId)?.active === true &&
        !this.backPressured.has(frameworkId) &&
        !this.inactiveAgents.has(agentId) &&
        agentIds?.has(agentId) !== false,
    );
    return this.maintenance.ask(candidates, nowMs);
  }

  snapshot(): AllocatorSnapshot {
    const agents = Array.from(this.agents.values(), ({ id, total }) => {
      const offeredOrAllocated = Resources.sum(this.#heldOn(id));
      return [
        id,
        { total, offeredOrAllocated, available: this.free(id), active: !this.inactiveAgents.has(id) },
      ] as const;
    });
    const roles = this.#knownRoles().map((role) => {
      const frameworkIds = this.#clients()
        .filter((client) => client.role === role)
        .map((client) => client.frameworkId);
      return [role, { weight: this.#weight(role), dominantShare: this.#shareOfRole(role), frameworkIds }] as const;
    });
    return {
      agents: new Map(agents),
      roles: new Map(roles),
      allocationRuns: this.#runs,
      activeFilters: this.filters.length,
    };
  }

  /** Total minus what is held; a shared volume is free all the same. */
  free(agentId: string): Resources {
    return this.#agent(agentId).total.subtract(Resources.sum(this.#heldOn(agentId)).unallocated().nonShared());
  }

  /** Whether the framework takes part in allocation under the role. */
  isTakingPart(frameworkId: string, role: string): boolean {
    const framework = this.frameworks.get(frameworkId);
    if (framework === undefined || !framework.active || this.backPressured.has(frameworkId)) return false;
    return rolesOf(framework).includes(role) && this.suppressed.get(frameworkId)?.has(role) !== true;
  }

  isUsable({ id, info }: AllocatorAgent): boolean {
    return !this.inactiveAgents.has(id) && (this.whitelist === null || this.whitelist.has(info.hostname));
  }

  isFiltered(frameworkId: string, role: string, agentId: string, offer: Resources): boolean {
    return this.filters.some(
      (f) => f.frameworkId === frameworkId && f.role === role && f.agentId === agentId && f.refused.contains(offer),
    );
  }

  isAtBound(frameworkId: string): boolean {
    return (this.offers.get(frameworkId) ?? 0) >= (this.options.maxOffersPerFramework ?? Number.POSITIVE_INFINITY);
  }

  #countOffer(frameworkId: string): void {
    this.offers.set(frameworkId, (this.offers.get(frameworkId) ?? 0) + 1);
  }

  /** Firm resources held below the role, and everything reserved there. */
  consumed(role: string, name: string): number {
    const isWithin = (other: string): boolean => other === role || isAncestor(role, other);
    let milli = 0;
    for (const holding of this.holdings)
      if (isWithin(holding.role)) milli += holding.resources.filter(isFirm).scalarMilli(name);
    for (const { total } of this.agents.values())
      milli += total
        .reserved()
        .filter(({ kind }) => isWithin(kind.reservationRole))
        .scalarMilli(name);
    return milli;
  }

  /** What is missing to the guarantee of the role. */
  missing(role: string): Amounts {
    const lacks = [...(this.quotas.get(role)?.guarantees ?? [])].map(
      ([name, milli]) => [name, milli - this.consumed(role, name)] as const,
    );
    return new Map(lacks.filter(([, milli]) => milli > 0));
  }

  // One run (6.4).

  #run(agentIds: ReadonlySet<string> | undefined): OfferDecision[] {
    const order = this.#places.filter((id): id is string => {
      const agent = id === undefined ? undefined : this.agents.get(id);
      if (agent === undefined || (agentIds !== undefined && !agentIds.has(agent.id))) return false;
      return this.isUsable(agent) && !this.free(agent.id).isEmpty;
    });
    const run: Run = { required: this.requiredHeadroom(), available: this.availableHeadroom(), offers: [] };
    shuffle(order, this.#random);
    if (run.required.size > 0) {
      for (const id of order) this.#serveGuarantees(this.#agent(id), run);
      shuffle(order, this.#random);
    }
    for (const id of order) this.#serveFairShare(this.#agent(id), run);
    return mergedByRole(run.offers);
  }

  /** Stage 1. */
  #serveGuarantees(agent: AllocatorAgent, run: Run): void {
    if (this.free(agent.id).isEmpty) return;
    for (const role of this.#rolesInOrder())
      for (const frameworkId of this.guaranteeOf(role) === undefined ? [] : this.#frameworksInOrder(role)) {
        const missing = this.guaranteeOf(role);
        if (missing !== undefined) this.#offerGuarantee(agent, frameworkId, role, { missing, run });
      }
  }

  #offerGuarantee(
    agent: AllocatorAgent,
    frameworkId: string,
    role: string,
    { missing, run }: { readonly missing: Amounts; readonly run: Run },
  ): void {
    const visible = this.#withinFraction(agent, frameworkId, role, run);
    const limits = this.remainingLimits(role);
    const guaranteed = shrink(visible.filter(isFirm), (name) =>
      Math.min(missing.get(name) ?? 0, limits.get(name) ?? Number.POSITIVE_INFINITY),
    );
    if (guaranteed.isEmpty) return;
    const rest = visible.filter(isFirm).subtract(guaranteed);
    const additional = shrink(rest, (name) =>
      Math.min((limits.get(name) ?? Number.POSITIVE_INFINITY) - guaranteed.scalarMilli(name), spare(run, name)),
    );
    const others = visible.filter(
      (entry) => !isFirm(entry) && (entry.kind.reservations.length === 0 || entry.kind.reservationRole === role),
    );
    const offer = guaranteed.add(additional).add(others);
    if (!this.#offer(agent, frameworkId, role, offer, run)) return;
    replace(run.required, this.requiredHeadroom());
  }

  /** Stage 2. */
  #serveFairShare(agent: AllocatorAgent, run: Run): void {
    if (this.free(agent.id).isEmpty) return;
    for (const role of this.#rolesInOrder())
      for (const frameworkId of this.#frameworksInOrder(role)) {
        if (this.free(agent.id).isEmpty) return;
        const visible = this.#withinFraction(agent, frameworkId, role, run);
        const limits = this.remainingLimits(role);
        const firm = visible.filter(isFirm);
        const kept = shrink(firm, (name) => Math.min(limits.get(name) ?? Number.POSITIVE_INFINITY, spare(run, name)));
        const offer = kept === firm ? visible : visible.filter((entry) => !isFirm(entry)).add(kept);
        this.#offer(agent, frameworkId, role, offer, run);
      }
  }

  #visible(agent: AllocatorAgent, frameworkId: string, role: string, run: Run): Resources {
    const framework = this.frameworks.get(frameworkId);
    if (framework === undefined || !fits(agent, framework, role, this.options)) return Resources.empty;
    const offered = run.offers.filter(({ agentId }) => agentId === agent.id).map(({ resources }) => resources.shared());
    return this.free(agent.id).filter(
      (entry) =>
        maySee(framework, role, entry) &&
        !offered.some((volumes) => volumes.entries.some(({ kind }) => kind.key === entry.kind.key && kind.shared)),
    );
  }

  /** `--max-offer-fraction`: one offer holds a part of the agent at most, what stage 1 gave already included. */
  #withinFraction(agent: AllocatorAgent, frameworkId: string, role: string, run: Run): Resources {
    const visible = this.#visible(agent, frameworkId, role, run);
    const framework = this.frameworks.get(frameworkId);
    const parts = framework === undefined ? undefined : largestParts(agent, framework, role, this.options);
    if (parts === undefined) return visible;
    const isOf = (o: Holding): boolean => o.agentId === agent.id && o.frameworkId === frameworkId && o.role === role;
    const given = Resources.sum(run.offers.filter(isOf).map(({ resources }) => resources.filter(isFirm)));
    const firm = visible.filter(isFirm);
    const kept = shrink(firm, (name) => (parts.get(name) ?? 0) - given.scalarMilli(name));
    return kept === firm ? visible : visible.filter((entry) => !isFirm(entry)).add(kept);
  }

  #offer(agent: AllocatorAgent, frameworkId: string, role: string, offer: Resources, run: Run): boolean {
    const framework = this.frameworks.get(frameworkId);
    if (framework === undefined || !isLargeEnough(offer, framework, role, this.options)) return false;
    if (this.isFiltered(frameworkId, role, agent.id, offer)) return false;
    // More of an agent in one run makes its offer larger, not another one.
    const grows = run.offers.some((o) => o.frameworkId === frameworkId && o.role === role && o.agentId === agent.id);
    if (!grows && this.isAtBound(frameworkId)) return false;
    if (!grows) this.#countOffer(frameworkId);
    const resources = offer.allocatedTo(role);
    this.#allocate(frameworkId, agent.id, resources);
    replace(run.available, this.availableHeadroom());
    run.offers.push({ frameworkId, role, agentId: agent.id, resources });
    return true;
  }

  // Quota.

  /** What is missing to the nearest guarantee at or above the role that is not met; undefined: all are met. */
  guaranteeOf(role: string): Amounts | undefined {
    for (const at of lineage(role)) {
      const missing = this.missing(at);
      if (missing.size > 0) return missing;
    }
    return undefined;
  }

  /** What must be kept for guarantees. A role's guarantee covers those below it. */
  requiredHeadroom(): Amounts {
    const names = new Set([...this.quotas.values()].flatMap(({ guarantees }) => [...guarantees.keys()]));
    const amounts = [...names].map((name) => [name, this.#requiredBelow(undefined, name)] as const);
    return new Map(amounts.filter(([, milli]) => milli > 0));
  }

  #requiredBelow(role: string | undefined, name: string): number {
    const roles = [...new Set([...this.quotas.keys()].flatMap(lineage))];
    const children = roles.filter((other) => parentOf(other) === role);
    const ofChildren = children.reduce((sum, child) => sum + this.#requiredBelow(child, name), 0);
    return role === undefined ? ofChildren : Math.max(ofChildren, this.missing(role).get(name) ?? 0);
  }

  /** Firm resources of all agents that nobody holds. */
  availableHeadroom(): Amounts {
    const out: Amounts = new Map();
    const count = (resources: Resources, sign: 1 | -1): void => {
      for (const { kind, milli } of resources.filter(isFirm).entries)
        out.set(kind.name, (out.get(kind.name) ?? 0) + sign * milli);
    };
    for (const { total } of this.agents.values()) count(total, 1);
    for (const { resources } of this.holdings) count(resources, -1);
    return out;
  }

  /** By name; absent: not limited. Limits of all ancestors hold. */
  remainingLimits(role: string): Amounts {
    const out: Amounts = new Map();
    for (const at of lineage(role))
      for (const [name, milli] of this.quotas.get(at)?.limits ?? []) {
        const left = Math.max(0, milli - this.consumed(at, name));
        out.set(name, Math.min(left, out.get(name) ?? Number.POSITIVE_INFINITY));
      }
    return out;
  }

  // Order (6.3).

  #rolesInOrder(): string[] {
    const taking = this.#clients().filter(({ frameworkId, role }) => this.isTakingPart(frameworkId, role));
    return this.#leavesBelow(undefined, [...new Set(taking.map(({ role }) => role))]);
  }

  /** Pre-order walk; a role with frameworks of its own and roles below it competes with those as `role/.`. */
  #leavesBelow(parent: string | undefined, leaves: readonly string[]): string[] {
    const children = [...new Set(leaves.flatMap(lineage))].filter((role) => parentOf(role) === parent);
    const siblings = children.map((role) => ({
      path: role,
      share: this.#shareOfRole(role),
      leaves: () => this.#leavesBelow(role, leaves),
    }));
    if (parent !== undefined && leaves.includes(parent)) {
      if (children.length === 0) return [parent];
      const own = this.share(this.holdings.filter(({ role }) => role === parent));
      siblings.push({ path: `${parent}/.`, share: own, leaves: () => [parent] });
    }
    return this.#inOrder(siblings).flatMap((sibling) => sibling.leaves());
  }

  #frameworksInOrder(role: string): string[] {
    const siblings = this.#clients()
      .filter((client) => client.role === role && this.isTakingPart(client.frameworkId, role))
      .map(({ frameworkId }) => ({
        path: `${frameworkId} ${role}`,
        frameworkId,
        share: this.share(this.holdings.filter((held) => held.frameworkId === frameworkId && held.role === role)),
      }));
    return this.#inOrder(siblings).map(({ frameworkId }) => frameworkId);
  }

  #inOrder<T extends { readonly path: string; readonly share: number }>(siblings: T[]): T[] {
    const count = ({ path }: T): number => this.#allocations.get(path) ?? 0;
    return siblings.sort((a, b) => a.share - b.share || count(a) - count(b) || (a.path < b.path ? -1 : 1));
  }

  #shareOfRole(role: string): number {
    const held = this.holdings.filter((holding) => holding.role === role || isAncestor(role, holding.role));
    return this.share(held) / this.#weight(role);
  }

  /** Dominant share; a shared volume counts once for each agent. */
  share(holdings: readonly Pick<Holding, 'agentId' | 'resources'>[]): number {
    const held: Amounts = new Map();
    const volumes = new Set<string>();
    for (const { agentId, resources } of holdings)
      for (const { kind, milli } of resources.entries) {
        const volume = `${agentId} ${kind.key}`;
        if (kind.type !== 'SCALAR' || (kind.shared && volumes.has(volume))) continue;
        if (kind.shared) volumes.add(volume);
        held.set(kind.name, (held.get(kind.name) ?? 0) + milli);
      }
    let dominant = 0;
    for (const [name, milli] of held) {
      const total = [...this.agents.values()].reduce((sum, agent) => sum + agent.total.scalarMilli(name), 0);
      if (total > 0 && !this.options.excludedResourceNames.has(name)) dominant = Math.max(dominant, milli / total);
    }
    return dominant;
  }

  #weight(role: string): number {
    return this.weights.get(role) ?? 1;
  }

  // Who is known (6.1).

  /** Frameworks under the roles they are subscribed to or hold something under. */
  #clients(): readonly { readonly frameworkId: string; readonly role: string }[] {
    const subscribed = [...this.frameworks.values()].flatMap((framework) =>
      rolesOf(framework).map((role) => ({ frameworkId: framework.id, role })),
    );
    const others = this.holdings.filter(({ frameworkId, role }) => !this.#isSubscribed(frameworkId, role));
    const unique = new Map(
      [...subscribed, ...others].map((client) => [`${client.frameworkId} ${client.role}`, client]),
    );
    return [...unique.values()];
  }

  #isSubscribed(frameworkId: string, role: string): boolean {
    const framework = this.frameworks.get(frameworkId);
    return framework !== undefined && rolesOf(framework).includes(role);
  }

  /** Roles that say something, and their ancestors. */
  #knownRoles(): string[] {
    const weighted = [...this.weights].filter(([, weight]) => weight !== 1).map(([role]) => role);
    const reserved = [...this.agents.values()].flatMap(({ total }) =>
      total
        .reserved()
        .entries.filter(({ kind }) => kind.type === 'SCALAR')
        .map(({ kind }) => kind.reservationRole),
    );
    const named = [...this.#clients().map(({ role }) => role), ...weighted, ...this.quotas.keys(), ...reserved];
    return [...new Set(named.flatMap(lineage))];
  }

  /** Counts as an allocation for the framework, the role's own frameworks, and the role with all above it. */
  #allocate(frameworkId: string, agentId: string, tagged: Resources): void {
    this.#hold(frameworkId, agentId, tagged);
    for (const role of tagged.byAllocationRole().keys())
      for (const path of [`${frameworkId} ${role}`, `${role}/.`, ...lineage(role)])
        this.#allocations.set(path, (this.#allocations.get(path) ?? 0) + 1);
  }

  /** Whoever is not known any more begins anew should it come again. */
  #forget(): void {
    const roles = this.#knownRoles();
    const clients = this.#clients().map(({ frameworkId, role }) => `${frameworkId} ${role}`);
    const known = new Set([...clients, ...roles, ...roles.map((role) => `${role}/.`)]);
    this.#allocations = new Map([...this.#allocations].filter(([path]) => known.has(path)));
  }

  // Small things.

  #heldOn(agentId: string): Resources[] {
    return this.holdings.filter((holding) => holding.agentId === agentId).map(({ resources }) => resources);
  }

  #hold(frameworkId: string, agentId: string, tagged: Resources): void {
    for (const [role, part] of tagged.byAllocationRole()) {
      const isIt = (h: Holding): boolean => h.frameworkId === frameworkId && h.agentId === agentId && h.role === role;
      const resources = Resources.sum([...this.holdings.filter(isIt).map((held) => held.resources), part]);
      this.holdings = [...this.holdings.filter((held) => !isIt(held)), { frameworkId, agentId, role, resources }];
    }
  }

  #release(frameworkId: string, agentId: string, tagged: Resources): void {
    this.holdings = this.holdings
      .map((held) =>
        held.frameworkId === frameworkId && held.agentId === agentId
          ? { ...held, resources: held.resources.subtract(tagged) }
          : held,
      )
      .filter(({ resources }) => !resources.isEmpty);
  }

  #changeTotal(agentId: string, from: Resources, to: Resources): void {
    const agent = this.#agent(agentId);
    this.agents.set(agentId, { ...agent, total: agent.total.subtract(from).add(to) });
    this.#forget();
  }

  #change(id: string, change: Partial<AllocatorFramework>): void {
    const framework = this.frameworks.get(id);
    if (framework !== undefined) this.frameworks.set(id, { ...framework, ...change });
  }

  #named(id: string, roles: readonly string[]): readonly string[] {
    const framework = this.frameworks.get(id);
    return roles.length > 0 || framework === undefined ? roles : rolesOf(framework);
  }

  #dropFilters(isGone: (filter: Filter) => boolean): void {
    this.filters = this.filters.filter((filter) => !isGone(filter));
  }

  #agent(id: string): AllocatorAgent {
    const agent = this.agents.get(id);
    if (agent === undefined) throw new Error(`there is no agent ${id}`);
    return agent;
  }
}

/** Scalars chopped to a target; each name occurs once among firm resources of the tests' agents. */
function shrink(scalars: Resources, target: (name: string) => number): Resources {
  return scalars.shrinkEach((entry) => {
    const milli = Math.min(entry.milli, Math.max(0, target(entry.kind.name)));
    return milli === entry.milli ? entry : { ...entry, milli };
  });
}

/** What may be given away without touching what guarantees need. */
function spare({ required, available }: Run, name: string): number {
  if (required.size === 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, Math.max(0, available.get(name) ?? 0) - (required.get(name) ?? 0));
}

/** One offer for each agent, framework and role. */
function mergedByRole(offers: readonly Holding[]): OfferDecision[] {
  const out = new Map<string, Holding>();
  for (const offer of offers) {
    const key = `${offer.agentId} ${offer.frameworkId} ${offer.role}`;
    const earlier = out.get(key);
    out.set(key, earlier === undefined ? offer : { ...offer, resources: earlier.resources.add(offer.resources) });
  }
  return [...out.values()];
}

function replace(target: Amounts, values: Amounts): void {
  target.clear();
  for (const [name, milli] of values) target.set(name, milli);
}

function inMilli(amounts: ReadonlyMap<string, number>): Amounts {
  return new Map([...amounts].map(([name, amount]) => [name, Math.round(amount * 1000)]));
}
