/**
 * An allocator that offers everything free to the first framework in line, and checks the core's bookkeeping strictly:
 * nothing is given back that was not handed out, nothing is handed out twice. An oracle for the core, not a policy.
 */
import { assert, present } from '../../../../src/base/assert.js';
import { type Rejection, reject } from '../../../../src/base/rejection.js';
import type {
  AllocationResult,
  Allocator,
  AllocatorAgent,
  AllocatorFramework,
  AllocatorSnapshot,
  InverseOfferStatuses,
  OfferDecision,
  RoleUse,
} from '../../../../src/offers/allocator/allocator.js';
import type { Answer, Explanation } from '../../../../src/offers/explain/answer.js';
import { Resources } from '../../../../src/offers/resources/resources.js';

interface Agent {
  total: Resources;
  offered: Resources;
  allocated: Resources;
  active: boolean;
  hostname: string;
}

interface Framework {
  facts: AllocatorFramework;
  active: boolean;
  suppressed: Set<string>;
  backPressured: boolean;
  /** Outstanding. */
  offers: number;
  held: Map<string, Resources>;
  filters: { agentId: string; role: string; refused: Resources; untilMs: number }[];
}

function rolesOf({ info }: AllocatorFramework): readonly string[] {
  const multiRole = info.capabilities?.some(({ type }) => type === 'MULTI_ROLE') ?? false;
  return multiRole ? (info.roles ?? []) : [info.role ?? '*'];
}

export class BookkeepingAllocator implements Allocator {
  readonly #agents = new Map<string, Agent>();
  readonly #frameworks = new Map<string, Framework>();
  #whitelist: ReadonlySet<string> | null = null;
  #runs = 0;
  /** Offers per call of `allocate` at most: forces slices. */
  sliceOffers = Number.POSITIVE_INFINITY;

  #agent(id: string): Agent {
    return present(this.#agents.get(id), `allocator knows agent ${id}`);
  }
  #framework(id: string): Framework {
    return present(this.#frameworks.get(id), `allocator knows framework ${id}`);
  }

  addFramework(facts: AllocatorFramework, used: ReadonlyMap<string, Resources>): void {
    assert(!this.#frameworks.has(facts.id), 'a framework is added once');
    this.#frameworks.set(facts.id, {
      facts,
      active: facts.active,
      suppressed: new Set(facts.suppressedRoles),
      backPressured: false,
      offers: 0,
      held: new Map(used),
      filters: [],
    });
  }
  removeFramework(id: string): void {
    const { held, offers } = this.#framework(id);
    assert(offers === 0, `${offers} offers of ${id} have not ended when it is removed`);
    for (const [agentId, resources] of held) assert(resources.isEmpty, `${id} still holds ${resources} on ${agentId}`);
    this.#frameworks.delete(id);
  }
  deactivateFramework(id: string): void {
    const framework = this.#framework(id);
    framework.active = false;
    framework.filters = [];
  }
  activateFramework(id: string): void {
    this.#framework(id).active = true;
  }
  updateFramework(facts: AllocatorFramework): void {
    const framework = this.#framework(facts.id);
    framework.facts = facts;
    framework.suppressed = new Set(facts.suppressedRoles);
  }

  addAgent({ id, info, total, used }: AllocatorAgent): void {
    assert(!this.#agents.has(id), 'an agent is added once');
    const allocated = Resources.sum(used.values());
    const agent = { total, offered: Resources.empty, allocated, active: true, hostname: info.hostname };
    this.#agents.set(id, agent);
    for (const [frameworkId, resources] of used) this.#hold(frameworkId, id, resources);
  }
  removeAgent(id: string): void {
    const { offered, allocated } = this.#agent(id);
    assert(offered.isEmpty, `nothing of ${id} is offered when it is removed`);
    assert(allocated.isEmpty, `nothing of ${id} is allocated when it is removed: ${allocated}`);
    for (const { held } of this.#frameworks.values()) held.delete(id);
    this.#agents.delete(id);
  }
  updateAgent(id: string, { total }: { readonly total?: Resources }): void {
    if (total !== undefined) this.#agent(id).total = total;
  }
  activateAgent(id: string): void {
    this.#agent(id).active = true;
  }
  deactivateAgent(id: string): void {
    this.#agent(id).active = false;
  }
  updateUnavailability(): void {}
  updateInverseOffer(): void {}
  inverseOfferStatuses(): InverseOfferStatuses {
    return new Map();
  }
  updateWhitelist(hostnames: ReadonlySet<string> | null): void {
    this.#whitelist = hostnames;
  }

  transitionOfferedToAllocated(agentId: string, resources: Resources): void {
    const agent = this.#agent(agentId);
    assert(agent.offered.contains(resources), `${resources} of ${agentId} are offered: ${agent.offered}`);
    agent.offered = agent.offered.subtract(resources);
    agent.allocated = agent.allocated.add(resources);
  }
  addAllocated(frameworkId: string, agentId: string, resources: Resources): void {
    const agent = this.#agent(agentId);
    agent.allocated = agent.allocated.add(resources);
    this.#hold(frameworkId, agentId, resources);
  }
  updateAllocation(frameworkId: string, agentId: string, from: Resources, to: Resources): void {
    const agent = this.#agent(agentId);
    const { held } = this.#framework(frameworkId);
    const before = held.get(agentId) ?? Resources.empty;
    assert(agent.offered.contains(from) && before.contains(from), `${frameworkId} was offered ${from} of ${agentId}`);
    agent.offered = agent.offered.subtract(from).add(to);
    held.set(agentId, before.subtract(from).add(to));
    agent.total = agent.total.subtract(from.unallocated()).add(to.unallocated());
  }
  updateAvailable(agentId: string, from: Resources, to: Resources): Rejection | undefined {
    const agent = this.#agent(agentId);
    const free = agent.total.subtract(agent.offered.add(agent.allocated).unallocated());
    if (!free.contains(from)) return reject('conflict', `${free} of ${agentId} are free, not ${from}`);
    agent.total = agent.total.subtract(from).add(to);
    return undefined;
  }
  recoverResources({
    frameworkId,
    agentId,
    resources,
    allocated,
    refuse,
  }: Parameters<Allocator['recoverResources']>[0]) {
    const agent = this.#agent(agentId);
    const framework = this.#framework(frameworkId);
    const part = allocated ? 'allocated' : 'offered';
    assert(agent[part].contains(resources), `${resources} of ${agentId} are ${part}: ${agent[part]}`);
    agent[part] = agent[part].subtract(resources);
    const held = framework.held.get(agentId) ?? Resources.empty;
    assert(held.contains(resources), `${frameworkId} holds ${resources} of ${agentId}: ${held}`);
    framework.held.set(agentId, held.subtract(resources));
    if (refuse === undefined) return;
    for (const [role, refused] of resources.byAllocationRole())
      framework.filters.push({ agentId, role, refused: refused.unallocated(), untilMs: refuse.untilMs });
  }

  suppressRoles(id: string, roles: readonly string[]): void {
    for (const role of roles) this.#framework(id).suppressed.add(role);
  }
  reviveRoles(id: string, roles: readonly string[]): void {
    const framework = this.#framework(id);
    for (const role of roles) framework.suppressed.delete(role);
    framework.filters = framework.filters.filter(({ role }) => !roles.includes(role));
  }
  setBackPressure(id: string, on: boolean): void {
    this.#framework(id).backPressured = on;
  }
  /** There is no bound. */
  offerEnded(id: string): boolean {
    const framework = this.#framework(id);
    assert(framework.offers-- > 0, `an offer of ${id} ends once`);
    return false;
  }
  /** By anybody who has nothing and wants something. */
  isAwaited({ frameworkId }: { readonly frameworkId: string }): boolean {
    return [...this.#frameworks.values()].some(
      ({ facts, active, offers, suppressed, backPressured }) =>
        facts.id !== frameworkId &&
        active &&
        !backPressured &&
        offers === 0 &&
        rolesOf(facts).some((role) => !suppressed.has(role)),
    );
  }
  updateWeights(): void {}
  updateQuota(): void {}
  pause(): void {}
  resume(): void {}

  allocate(agentIds: ReadonlySet<string> | undefined, nowMs: number): AllocationResult {
    this.#runs++;
    const offers: OfferDecision[] = [];
    for (const agentId of agentIds ?? this.#agents.keys()) {
      const agent = this.#agents.get(agentId);
      if (agent === undefined || !agent.active || this.#whitelist?.has(agent.hostname) === false) continue;
      for (const framework of this.#frameworks.values()) {
        if (offers.length >= this.sliceOffers) return { offers, inverseOffers: [], more: true };
        const decision = this.#offer(agentId, agent, framework, nowMs);
        if (decision !== undefined) offers.push(decision);
      }
    }
    return { offers, inverseOffers: [], more: false };
  }

  #offer(agentId: string, agent: Agent, framework: Framework, nowMs: number): OfferDecision | undefined {
    const free = agent.total.subtract(agent.allocated.unallocated()).subtract(agent.offered.unallocated());
    if (free.isEmpty || !framework.active || framework.backPressured) return undefined;
    framework.filters = framework.filters.filter(({ untilMs }) => untilMs > nowMs);
    const role = rolesOf(framework.facts).find(
      (candidate) =>
        !framework.suppressed.has(candidate) &&
        !framework.filters.some(
          (filter) => filter.agentId === agentId && filter.role === candidate && filter.refused.contains(free),
        ),
    );
    if (role === undefined) return undefined;
    const resources = free.allocatedTo(role);
    framework.offers++;
    agent.offered = agent.offered.add(resources);
    this.#hold(framework.facts.id, agentId, resources);
    return { frameworkId: framework.facts.id, agentId, role, resources };
  }

  #hold(frameworkId: string, agentId: string, resources: Resources): void {
    const { held } = this.#framework(frameworkId);
    held.set(agentId, (held.get(agentId) ?? Resources.empty).add(resources));
  }

  explain(): Answer {
    return { summary: '', firstStep: '', commands: [], reasons: [], findings: [], agents: 0, available: 0 };
  }

  *explainInSlices(): Explanation {
    yield undefined;
    return this.explain();
  }

  snapshot(): AllocatorSnapshot {
    const agents = new Map(
      Array.from(this.#agents, ([id, agent]) => {
        const offeredOrAllocated = agent.offered.add(agent.allocated);
        const available = agent.total.subtract(offeredOrAllocated.unallocated());
        return [id, { total: agent.total, offeredOrAllocated, available, active: agent.active }] as const;
      }),
    );
    const activeFilters = Array.from(this.#frameworks.values()).reduce((sum, { filters }) => sum + filters.length, 0);
    return { agents, roles: new Map(), allocationRuns: this.#runs, activeFilters };
  }

  get allocationRuns(): number {
    return this.#runs;
  }

  totals(): ReadonlyMap<string, number> {
    return Resources.sum(Array.from(this.#agents.values(), ({ total }) => total)).scalars();
  }

  /** Flat, without weights: what frameworks hold by role. */
  roles(): readonly RoleUse[] {
    const held = Array.from(this.#frameworks.values()).flatMap((framework) => [...framework.held.values()]);
    const byRole = Resources.sum(held).byAllocationRole();
    return Array.from(byRole, ([name, resources]) => ({
      name,
      weight: 1,
      frameworks: [...this.#frameworks.values()].filter(({ facts }) => rolesOf(facts).includes(name)).length,
      allocated: resources.scalars(),
      offered: new Map(),
      reserved: new Map(),
      consumed: resources.scalars(),
      offeredFirm: new Map(),
      dominantShare: 0,
      fairShare: undefined,
      guarantee: undefined,
      limit: undefined,
    }));
  }
}
