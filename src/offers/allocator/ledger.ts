/**
 * The books of the allocator (spec page 06, 6.1): who holds what on which agent, and every sum that follows from it. It
 * decides nothing. Invariants, for every agent that is not overcommitted: available + charged (without shared volumes) =
 * total; every charge is in the sums of its client, its role and all ancestors of the role exactly once.
 * "Charged" is offered or allocated; "allocated" is the part that tasks use.
 */
import { AssertionError, assert, present } from '../../base/assert.js';
import type { Random } from '../../base/random.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { Resources } from '../resources/resources.js';
import { AgentState, Client, type FrameworkState } from './allocator-state.js';
import type { MinAllocatable } from './min-allocatable.js';
import { type Amounts, ClusterTotals, Measure, Quantities, ScalarNames, StandardRows } from './quantities.js';
import { RefuseFilters } from './refuse-filters.js';
import { type RoleNode, RoleTree } from './role-tree.js';
import { type OrderKeys, orderKeys, ShareTable } from './share-table.js';
import { SiblingOrder } from './sibling-order.js';
import { SlotSet } from './slot-set.js';
import { RandomOrder } from './weighted-draw.js';

export interface LedgerOptions {
  readonly excludedResourceNames: ReadonlySet<string>;
  readonly frameworkSorter: 'drf' | 'random';
  readonly random: Random;
  /** Default of the cluster. */
  readonly minimum: MinAllocatable;
  readonly maxOffersPerFramework?: number | undefined;
}

export class Ledger {
  readonly names: ScalarNames;
  readonly totals = new ClusterTotals();
  readonly tree: RoleTree;
  readonly filters = new RefuseFilters();
  readonly frameworks = new Map<string, FrameworkState>();
  /** By slot. */
  readonly agents: (AgentState | undefined)[] = [];
  readonly agentOfId = new Map<string, AgentState>();
  /** By slot. */
  readonly clients: (Client | undefined)[] = [];
  /** Slots of the agents that take part and have something free. */
  readonly freeAgents = new SlotSet();
  /** Bit set of the client slots that take part in allocation and may have another offer. */
  openClients = new Uint32Array(2);
  /** Those that take part and whose framework has no offer under any role. */
  readonly waitingClients = new Set<Client>();
  /** How many offers a framework may have outstanding. */
  readonly maxOffers: number;

  readonly #shares: ShareTable;
  readonly #measure: Measure;
  readonly #change: Measure;
  /** By agent slot, of the total and of what tasks use under one role: an agent leaves the sums by these. */
  readonly #totalRows = new StandardRows();
  readonly #usedRows = new StandardRows();
  readonly #freeAgentSlots: number[] = [];
  readonly #constrained = new Set<Client>();

  constructor(options: LedgerOptions) {
    this.maxOffers = options.maxOffersPerFramework ?? Number.POSITIVE_INFINITY;
    this.names = new ScalarNames(options.excludedResourceNames);
    this.#measure = new Measure(this.names);
    this.#change = new Measure(this.names);
    this.#shares = new ShareTable(this.totals, this.names);
    this.tree = new RoleTree(
      new ShareTable(this.totals, this.names),
      () => (options.frameworkSorter === 'drf' ? new SiblingOrder(this.#shares) : new RandomOrder(options.random)),
      options.minimum.map((all) => all.map(([name, milli]) => [this.names.indexOf(name), milli] as const)),
    );
  }

  // Clients.

  findClient(frameworkId: string, role: string): Client | undefined {
    return this.tree.find(role)?.clients.get(frameworkId);
  }

  /** Tracks the framework under `role`, whether or not it is known or subscribed. */
  getOrCreateClient(frameworkId: string, role: string): Client {
    const node = this.tree.getOrCreate(role);
    const known = node.clients.get(frameworkId);
    if (known !== undefined) return known;
    const client = new Client(this.#shares.add(frameworkId, 1), frameworkId, node);
    this.clients[client.slot] = client;
    node.clients.set(frameworkId, client);
    return client;
  }

  /** By what the frameworks of one role are put in order. */
  orderKeysOf(client: Client): OrderKeys {
    return orderKeys(this.#shares, client.slot);
  }

  /** Clients of the roles the framework is subscribed to. */
  *clientsOf(framework: FrameworkState): Iterable<Client> {
    for (const role of framework.roles) {
      const client = this.findClient(framework.id, role);
      if (client !== undefined) yield client;
    }
  }

  /** Takes over what the framework of the client can do and wants now. */
  describeClient(client: Client, framework: FrameworkState): void {
    const hadOwnMinimum = client.minAllocatable !== undefined;
    client.describe(framework);
    this.#countOwnMinimum(client, hadOwnMinimum, client.minAllocatable !== undefined);
    if (client.isConstrained) this.#constrained.add(client);
    else this.#constrained.delete(client);
    this.unsettleClient(client);
  }

  /** Lets the client take part exactly when its framework is known, ready and wants offers for the role. */
  settleActivity(client: Client): void {
    const framework = this.frameworks.get(client.frameworkId);
    const role = client.role.path;
    const active =
      framework?.active === true &&
      !framework.backPressure &&
      framework.roles.has(role) &&
      !framework.suppressedRoles.has(role);
    if (active === client.active) return;
    client.active = active;
    this.#settleOpenness(client, framework?.offers ?? 0);
    if (active) client.role.clientOrder.insert(client.slot);
    else client.role.clientOrder.remove(client.slot);
    this.tree.changeActive(client.role, active ? 1 : -1);
  }

  /**
   * The framework has one offer more, or one less. At its bound it keeps its place in all orders and is passed over, so that
   * nobody else's turn changes. Returns whether it came to its bound, or left it.
   */
  countOffer(frameworkId: string, step: 1 | -1): boolean {
    const framework = this.frameworks.get(frameworkId);
    if (framework === undefined) return false;
    const before = framework.offers;
    framework.offers += step;
    assert(framework.offers >= 0, 'no more offers end than were made');
    const isCrossed = before >= this.maxOffers !== framework.offers >= this.maxOffers;
    if (isCrossed || before === 0 || framework.offers === 0)
      for (const client of this.clientsOf(framework)) this.#settleOpenness(client, framework.offers);
    return isCrossed;
  }

  /** Whether the client takes part and its framework may have another offer. */
  isOpen(clientSlot: number): boolean {
    return ((this.openClients[clientSlot >>> 5] ?? 0) & (1 << (clientSlot & 31))) !== 0;
  }

  /** Forgets a client that holds nothing under a role its framework does not have. */
  maybeForgetClient(client: Client): void {
    if (client.heldAgents > 0) return;
    if (this.frameworks.get(client.frameworkId)?.roles.has(client.role.path) === true) return;
    this.settleActivity(client);
    this.filters.removeClient(client.slot);
    this.unsettleClient(client);
    client.role.clients.delete(client.frameworkId);
    this.clients[client.slot] = undefined;
    this.#constrained.delete(client);
    this.#countOwnMinimum(client, client.minAllocatable !== undefined, false);
    this.#shares.remove(client.slot);
    this.tree.prune(client.role);
  }

  #countOwnMinimum({ role }: Client, before: boolean, now: boolean): void {
    if (before !== now) this.tree.quota.onOwnMinimum(role, now ? 1 : -1);
  }

  /** The client may gain from agents again that it gained nothing from. */
  unsettleClient(client: Client): void {
    if (!client.maybeSettled) return;
    client.maybeSettled = false;
    for (const agent of this.agents) agent?.unsettle(client.slot);
  }

  // Agents.

  addAgent(id: string, info: mesos.AgentInfo, total: Resources): AgentState {
    assert(!this.agentOfId.has(id), `agent ${id} is added once`);
    const agent = new AgentState(this.#freeAgentSlots.pop() ?? this.agents.length, id, info);
    this.agents[agent.slot] = agent;
    this.agentOfId.set(id, agent);
    this.#usedRows.set(agent.slot, undefined);
    this.changeTotal(agent, total);
    return agent;
  }

  /** All charges of the agent leave the sums with it. */
  removeAgent(agent: AgentState): void {
    const { allocations } = agent;
    this.#forgetAllocated(agent);
    for (let slot = allocations.lastClient; slot >= 0; slot = allocations.lastClient) {
      const client = this.#clientAt(slot);
      client.heldAgents--;
      const held = allocations.pop(this.#measure);
      // Tags do not count in the sums, and taking them off costs more than all the rest.
      if (held === undefined) this.#bookPlain(client, this.#measure, -1, false);
      else this.#book(agent, client, held, -1, false);
      this.maybeForgetClient(client);
    }
    if (this.#totalRows.take(agent.slot, this.#measure)) this.totals.change(this.#measure, -1);
    else this.#countTotal(agent.total, -1);
    this.filters.removeAgent(agent.slot, this.clients.length);
    this.forgetConstraintOutcomes(agent);
    this.freeAgents.set(agent.slot, false);
    this.agents[agent.slot] = undefined;
    this.agentOfId.delete(agent.id);
    this.#freeAgentSlots.push(agent.slot);
  }

  /** The agent is new, or its attributes changed: offer constraints must look again. */
  forgetConstraintOutcomes(agent: AgentState): void {
    for (const client of this.#constrained) client.forgetAgent(agent.slot);
  }

  /** Whether the agent takes part in allocation: it does when both hold. */
  setUse(agent: AgentState, use: { readonly active?: boolean; readonly whitelisted?: boolean }): void {
    agent.active = use.active ?? agent.active;
    agent.whitelisted = use.whitelisted ?? agent.whitelisted;
    this.#noteFree(agent);
  }

  changeTotal(agent: AgentState, total: Resources): void {
    this.#countTotal(agent.total, -1);
    this.#setTotal(agent, total);
    this.#countTotal(total, 1);
    this.#rework(agent);
  }

  // Charges.

  /** Available resources (plain) of the agent become the client's. */
  charge(agent: AgentState, client: Client, resources: Resources): void {
    if (resources.isEmpty) return;
    const held = agent.allocations.get(client.slot);
    if (held === undefined) client.heldAgents++;
    this.#book(agent, client, resources, 1, true);
    const tagged = resources.allocatedTo(client.role.path);
    agent.allocations.set(client.slot, held === undefined ? tagged : held.add(tagged));
    agent.shrink(agent.available.subtract(resources.nonShared()));
    this.#noteFree(agent);
  }

  /** As `charge`, for resources that are in use already, whether or not the agent's total covers them. */
  chargeKnown(agent: AgentState, client: Client, resources: Resources): void {
    this.charge(agent, client, resources);
    this.#rework(agent);
  }

  /** `tagged` of the client's resources on the agent are free again; `allocated`: tasks used them. */
  release(agent: AgentState, client: Client, tagged: Resources, allocated: boolean): void {
    const held = agent.allocations.get(client.slot) ?? Resources.empty;
    if (!held.contains(tagged)) failHolding(agent, client, held, tagged);
    const rest = held.subtract(tagged);
    if (allocated) this.#noLongerUsed(agent, tagged);
    if (rest.isEmpty) {
      agent.allocations.delete(client.slot);
      client.heldAgents--;
    } else {
      agent.allocations.set(client.slot, rest);
    }
    const plain = tagged.unallocated();
    this.#book(agent, client, plain, -1, false);
    if (agent.overcommitted) {
      this.#rework(agent);
    } else {
      agent.grow(agent.available.add(plain.nonShared()));
      this.#noteFree(agent);
    }
    this.maybeForgetClient(client);
  }

  /** Charged resources (tagged) are used by tasks from now on. */
  markAllocated(agent: AgentState, tagged: Resources): void {
    const before = agent.allocated;
    this.#setAllocated(agent, before.add(tagged));
    this.#countAllocated(before, tagged, 1);
  }

  /** `from` becomes `to` (both tagged) in what the client holds and in the agent's total: no allocation, no free resources. */
  convert(agent: AgentState, client: Client, from: Resources, to: Resources): void {
    const held = agent.allocations.get(client.slot) ?? Resources.empty;
    if (!held.contains(from)) failHolding(agent, client, held, from);
    const rest = held.subtract(from);
    const plainFrom = from.unallocated();
    const plainTo = to.unallocated();
    agent.allocations.set(client.slot, rest);
    this.#book(agent, client, plainFrom, -1, false);
    this.#book(agent, client, plainTo, 1, false);
    agent.allocations.set(client.slot, rest.add(to));
    const total = agent.total.subtract(plainFrom).add(plainTo);
    if (agent.overcommitted) {
      // Not all of `from` may have been in the total.
      this.changeTotal(agent, total);
      return;
    }
    this.#setTotal(agent, total);
    this.#countConversion(plainFrom, plainTo);
    // What is free stays so, unless a shared volume appeared or vanished: it is free although it is held.
    if (plainFrom.hasShared || plainTo.hasShared) this.#rework(agent);
  }

  /** All that is charged on the agent, tagged. */
  chargedOn(agent: AgentState): Resources {
    return Resources.sum(agent.allocations.values());
  }

  #clientAt(slot: number): Client {
    return present(this.clients[slot], 'a client lives as long as it holds something');
  }

  #noLongerUsed(agent: AgentState, tagged: Resources): void {
    // Of a part that was merely offered nothing was marked.
    const rest = agent.allocated.subtract(tagged);
    const used = agent.allocated.subtract(rest);
    if (used.isEmpty) return;
    this.#setAllocated(agent, rest);
    this.#countAllocated(rest, used, -1);
  }

  #setTotal(agent: AgentState, total: Resources): void {
    agent.total = total;
    this.#totalRows.set(agent.slot, total);
  }

  #setAllocated(agent: AgentState, allocated: Resources): void {
    agent.allocated = allocated;
    agent.allocatedRole = allocated.allocationRole;
    this.#usedRows.set(agent.slot, agent.allocatedRole === undefined ? undefined : allocated);
  }

  /** With the agent; what it has stays as it is. */
  #forgetAllocated(agent: AgentState): void {
    const { allocatedRole } = agent;
    if (allocatedRole !== undefined && this.#usedRows.take(agent.slot, this.#measure))
      this.tree.changeAllocated(this.tree.getOrCreate(allocatedRole), this.#measure, -1);
    else this.#countAllocated(Resources.empty, agent.allocated, -1);
  }

  /** `rest` is what tasks use on the same agent besides: a shared volume counts once for a role with all below it. */
  #countAllocated(rest: Resources, tagged: Resources, sign: 1 | -1): void {
    for (const [role, part] of tagged.byAllocationRole())
      this.tree.changeAllocated(this.tree.getOrCreate(role), this.#measure.take(part.nonShared()), sign);
    if (!tagged.hasShared) return;
    let others = sign === 1 ? rest : rest.add(tagged);
    for (const [role, part] of tagged.shared().byAllocationRole()) {
      if (sign === -1) others = others.subtract(part);
      for (let at: RoleNode | undefined = this.tree.getOrCreate(role); at !== undefined; at = at.parent)
        at.allocated.addAll(this.#measure.take(this.#unusedWithin(at, part, others)).all, sign);
      if (sign === 1) others = others.add(part);
    }
  }

  /** `volumes` without those that `others` hold for the role or one below it. */
  #unusedWithin(top: RoleNode, volumes: Resources, others: Resources): Resources {
    const keys = new Set<string>();
    for (const [role, part] of others.byAllocationRole())
      if (part.hasShared && this.tree.getOrCreate(role).isWithin(top))
        for (const { kind } of part.entries) if (kind.shared) keys.add(kind.key);
    return volumes.filter(({ kind }) => !keys.has(kind.key));
  }

  /** A shared volume counts once on an agent: for a client, for the clients of a role, and for a role with all below it. */
  #book(agent: AgentState, client: Client, resources: Resources, sign: 1 | -1, counts: boolean): void {
    const { hasShared } = resources;
    const ofClient = hasShared ? this.#uncounted(agent, resources, (sharer) => sharer === client) : resources;
    const amounts = agent.findAmounts(ofClient) ?? this.#measure.take(ofClient);
    if (!hasShared) {
      this.#bookPlain(client, amounts, sign, counts);
      return;
    }
    this.#bookClient(client, amounts, sign, counts);
    const { role } = client;
    this.tree.charge(role, this.#measure.take(resources.nonShared()), sign, counts);
    const volumes = resources.shared();
    this.tree.chargeVolumes(role, sign, (at, alone) =>
      this.#measure.take(
        this.#uncounted(agent, volumes, (sharer) => (alone ? sharer.role === at : sharer.role.isWithin(at))),
      ),
    );
  }

  /** Of what holds no shared volume. */
  #bookPlain(client: Client, amounts: Amounts, sign: 1 | -1, counts: boolean): void {
    this.#bookClient(client, amounts, sign, counts);
    this.tree.charge(client.role, amounts, sign, counts);
  }

  #bookClient(client: Client, amounts: Amounts, sign: 1 | -1, counts: boolean): void {
    this.#shares.charge(client.slot, amounts.all, sign, counts);
    if (client.active) client.role.clientOrder.touch(client.slot);
  }

  /** `resources` without the shared volumes that one of those clients holds on the agent (besides this change). */
  #uncounted(agent: AgentState, resources: Resources, isSharer: (client: Client) => boolean): Resources {
    const keys = new Set<string>();
    for (const [slot, held] of agent.allocations.entries())
      if (held.hasShared && isSharer(this.#clientAt(slot)))
        for (const { kind } of held.entries) if (kind.shared) keys.add(kind.key);
    return resources.filter((entry) => !entry.kind.shared || !keys.has(entry.kind.key));
  }

  #countTotal(total: Resources, sign: 1 | -1): void {
    if (total.isEmpty) return;
    this.totals.change(this.#measure.take(total), sign);
    if (total.standardMilli !== undefined) return;
    for (const [role, quantities] of this.#reservationsOf(total)) this.tree.changeReservations(role, quantities, sign);
  }

  /** As `#countTotal` for both, but equal amounts leave the version of the totals, and with it every order, alone. */
  #countConversion(from: Resources, to: Resources): void {
    const change = this.#change.take(to).subtract(this.#measure.take(from));
    if (!change.all.isZero || !change.revocable.isZero) this.totals.change(change, 1);
    for (const [role, quantities] of this.#reservationsOf(to)) this.tree.changeReservations(role, quantities, 1);
    for (const [role, quantities] of this.#reservationsOf(from)) this.tree.changeReservations(role, quantities, -1);
  }

  #reservationsOf(total: Resources): Map<string, Quantities> {
    const out = new Map<string, Quantities>();
    for (const { kind, milli } of total.entries) {
      if (kind.reservations.length === 0 || kind.type !== 'SCALAR') continue;
      const quantities = out.get(kind.reservationRole) ?? new Quantities();
      quantities.add(this.names.indexOf(kind.name), milli);
      out.set(kind.reservationRole, quantities);
    }
    return out;
  }

  /** Works `available` out of the total and all charges. */
  #rework(agent: AgentState): void {
    const charged = this.chargedOn(agent).unallocated().nonShared();
    agent.overcommitted = !agent.total.contains(charged);
    agent.grow(agent.total.subtract(charged));
    this.#noteFree(agent);
  }

  #noteFree(agent: AgentState): void {
    this.freeAgents.set(agent.slot, agent.active && agent.whitelisted && !agent.available.isEmpty);
  }

  /** `offers`: of its framework, outstanding. */
  #settleOpenness(client: Client, offers: number): void {
    this.#setOpenBit(client.slot, client.active && offers < this.maxOffers);
    if (client.active && offers === 0) this.waitingClients.add(client);
    else this.waitingClients.delete(client);
  }

  #setOpenBit(slot: number, on: boolean): void {
    const word = slot >>> 5;
    if (word >= this.openClients.length) {
      const grown = new Uint32Array((word + 1) * 2);
      grown.set(this.openClients);
      this.openClients = grown;
    }
    const bit = 1 << (slot & 31);
    this.openClients[word] = on ? (this.openClients[word] ?? 0) | bit : (this.openClients[word] ?? 0) & ~bit;
  }
}

/** Apart, because building the message costs more than the check. */
function failHolding(agent: AgentState, client: Client, held: Resources, gone: Resources): never {
  throw new AssertionError(`${client.frameworkId} holds ${held} on ${agent.id}, which does not contain ${gone}`);
}
