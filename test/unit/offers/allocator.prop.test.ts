import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Allocator, AllocatorOptions, OfferDecision } from '../../../src/offers/allocator/allocator.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import { isAllocatableToRole } from '../../../src/offers/resources/roles.js';
import { agent, framework, lines, NO_USE, newAllocator, res } from './fixtures.js';

const AGENT_SHAPES = [
  res('cpus:4;mem:4096;ports:[31000-31100]'),
  res('cpus:2;mem:1024;cpus(eng):2;mem(eng):512'),
  res('cpus:8;mem:2048;disk:100').add(
    Resources.of([{ name: 'cpus', type: 'SCALAR', scalar: { value: 1 }, revocable: {} }]),
  ),
  res('cpus:1;mem:512').add(
    Resources.of([
      {
        name: 'disk',
        type: 'SCALAR',
        scalar: { value: 50 },
        reservations: [{ type: 'DYNAMIC', role: 'ops' }],
        disk: { persistence: { id: 'v' }, volume: { container_path: 'v', mode: 'RW' } },
        shared: {},
      },
    ]),
  ),
];
const ROLE_SETS = [['*'], ['eng'], ['eng/web'], ['eng', 'eng/web', 'ops'], ['ops']];

const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('agent' as const), id: fc.nat(5), shape: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove-agent' as const), id: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resize-agent' as const), id: fc.nat(5), shape: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('framework' as const),
      id: fc.nat(4),
      roles: fc.nat(4),
      rich: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove-framework' as const), id: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('toggle-framework' as const), id: fc.nat(4) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('allocate' as const), after: fc.nat(1500) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('accept' as const), which: fc.nat(30) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('give-back' as const),
      which: fc.nat(30),
      refuseMs: fc.constantFrom(0, 500, 5000),
      half: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('suppress' as const), id: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revive' as const), id: fc.nat(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('quota' as const),
      role: fc.constantFrom('eng', 'ops'),
      guarantee: fc.nat(6),
      limit: fc.nat(8),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('weight' as const),
      role: fc.constantFrom('eng', 'ops', 'eng/web'),
      weight: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reserve' as const), which: fc.nat(30) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

interface Holding extends OfferDecision {
  allocated: boolean;
}

/** An allocator and, beside it, the plainest possible account of what it gave away. */
class World {
  readonly allocator: Allocator;
  holdings: Holding[] = [];
  readonly agents = new Map<string, Resources>();
  readonly frameworks = new Map<string, { active: boolean; roles: readonly string[]; suppressed: boolean }>();
  readonly limits = new Map<string, number>();
  readonly weights = new Map<string, number>();
  nowMs = 0;

  constructor(
    options: Partial<AllocatorOptions>,
    private readonly budget: number,
  ) {
    this.allocator = newAllocator(options);
  }

  apply(step: Command): readonly string[] {
    switch (step.kind) {
      case 'agent':
        return this.addAgent(`a${step.id}`, AGENT_SHAPES[step.shape] ?? Resources.empty);
      case 'remove-agent':
        this.holdings = this.holdings.filter(({ agentId }) => agentId !== `a${step.id}`);
        this.agents.delete(`a${step.id}`);
        this.allocator.removeAgent(`a${step.id}`);
        return [];
      case 'resize-agent': {
        const id = `a${step.id}`;
        if (!this.agents.has(id) || this.holdings.some(({ agentId }) => agentId === id)) return [];
        const total = AGENT_SHAPES[step.shape] ?? Resources.empty;
        this.agents.set(id, total);
        this.allocator.updateAgent(id, { total });
        return [];
      }
      case 'framework':
        return this.addFramework(`f${step.id}`, ROLE_SETS[step.roles] ?? [], step.rich);
      case 'remove-framework':
        return this.removeFramework(`f${step.id}`);
      case 'toggle-framework': {
        const state = this.frameworks.get(`f${step.id}`);
        if (state === undefined) return [];
        if (state.active) this.allocator.deactivateFramework(`f${step.id}`);
        else this.allocator.activateFramework(`f${step.id}`);
        state.active = !state.active;
        return [];
      }
      case 'allocate':
        this.nowMs += step.after;
        return this.allocate();
      case 'accept': {
        const offers = this.holdings.filter(({ allocated }) => !allocated);
        const offer = offers[step.which % Math.max(1, offers.length)];
        if (offer === undefined) return [];
        offer.allocated = true;
        this.allocator.transitionOfferedToAllocated(offer.agentId, offer.resources);
        return [];
      }
      case 'give-back':
        return this.giveBack(step);
      case 'suppress':
      case 'revive': {
        const state = this.frameworks.get(`f${step.id}`);
        if (state === undefined) return [];
        state.suppressed = step.kind === 'suppress';
        if (step.kind === 'suppress') this.allocator.suppressRoles(`f${step.id}`, []);
        else this.allocator.reviveRoles(`f${step.id}`, []);
        return [];
      }
      case 'quota': {
        const limit = Math.max(step.guarantee, step.limit);
        this.limits.set(step.role, limit);
        this.allocator.updateQuota(step.role, {
          guarantees: new Map([['cpus', step.guarantee]]),
          limits: new Map([['cpus', limit]]),
        });
        return [];
      }
      case 'weight':
        this.weights.set(step.role, step.weight);
        this.allocator.updateWeights(new Map([[step.role, step.weight]]));
        return [];
      case 'reserve':
        return this.reserve(step.which);
    }
  }

  addAgent(id: string, total: Resources): readonly string[] {
    if (this.agents.has(id)) return [];
    this.agents.set(id, total);
    this.allocator.addAgent(agent(id, total));
    return [];
  }

  addFramework(id: string, roles: readonly string[], rich: boolean): readonly string[] {
    if (this.frameworks.has(id)) return [];
    this.frameworks.set(id, { active: true, roles, suppressed: false });
    const capabilities = rich ? (['REVOCABLE_RESOURCES', 'SHARED_RESOURCES', 'RESERVATION_REFINEMENT'] as const) : [];
    this.allocator.addFramework(framework(id, roles, { capabilities }), NO_USE);
    return [];
  }

  removeFramework(id: string): readonly string[] {
    if (!this.frameworks.delete(id)) return [];
    for (const holding of this.holdings.filter(({ frameworkId }) => frameworkId === id))
      this.allocator.recoverResources(holding);
    this.holdings = this.holdings.filter(({ frameworkId }) => frameworkId !== id);
    this.allocator.removeFramework(id);
    return [];
  }

  allocate(): readonly string[] {
    const before = this.allocator.snapshot().agents;
    const offers: OfferDecision[] = [];
    for (;;) {
      const result = this.allocator.allocate(undefined, this.nowMs, this.budget);
      offers.push(...result.offers);
      if (!result.more) break;
    }
    const seen = new Set<string>();
    for (const offer of offers) {
      const key = `${offer.agentId} ${offer.frameworkId} ${offer.role}`;
      expect(seen.has(key), `one offer for ${key}`).toBe(false);
      seen.add(key);
      const state = this.frameworks.get(offer.frameworkId);
      expect(state?.active).toBe(true);
      expect(state?.roles).toContain(offer.role);
      for (const { kind } of offer.resources.entries)
        expect(isAllocatableToRole(kind.reservationRole, offer.role)).toBe(true);
    }
    for (const [agentId, { available }] of before) {
      const made = offers.filter((offer) => offer.agentId === agentId).map(({ resources }) => resources.unallocated());
      expect(available.nonShared().contains(Resources.sum(made).nonShared()), 'no more than was free').toBe(true);
    }
    for (const offer of offers) this.holdings.push({ ...offer, allocated: false });
    return lines(offers);
  }

  giveBack(step: { which: number; refuseMs: number; half: boolean }): readonly string[] {
    const holding = this.holdings[step.which % Math.max(1, this.holdings.length)];
    if (holding === undefined) return [];
    const part = step.half ? holding.resources.filter(({ kind }) => kind.name === 'cpus') : holding.resources;
    if (part.isEmpty) return [];
    const refuse = step.refuseMs === 0 ? undefined : { untilMs: this.nowMs + step.refuseMs };
    this.allocator.recoverResources({ ...holding, resources: part, refuse });
    const rest = holding.resources.subtract(part);
    this.holdings = this.holdings.filter((other) => other !== holding);
    if (!rest.isEmpty) this.holdings.push({ ...holding, resources: rest });
    return [];
  }

  /** Reserves the unreserved cpus of an offer dynamically. */
  reserve(which: number): readonly string[] {
    const offers = this.holdings.filter(({ allocated, role }) => !allocated && role !== '*');
    const offer = offers[which % Math.max(1, offers.length)];
    const from = offer?.resources.filter(
      ({ kind }) => kind.name === 'cpus' && kind.reservations.length === 0 && !kind.revocable,
    );
    if (offer === undefined || from === undefined || from.isEmpty) return [];
    const reservations = [{ type: 'DYNAMIC' as const, role: offer.role }];
    const to = Resources.of(from.toWire().map((resource) => ({ ...resource, reservations })));
    this.allocator.updateAllocation(offer.frameworkId, offer.agentId, from, to);
    const total = this.agents.get(offer.agentId) ?? Resources.empty;
    this.agents.set(offer.agentId, total.subtract(from.unallocated()).add(to.unallocated()));
    this.holdings = this.holdings.filter((other) => other !== offer);
    this.holdings.push({ ...offer, resources: offer.resources.subtract(from).add(to) });
    return [];
  }

  check(): void {
    const snapshot = this.allocator.snapshot();
    expect([...snapshot.agents.keys()].sort()).toEqual([...this.agents.keys()].sort());
    for (const [id, books] of snapshot.agents) {
      const held = Resources.sum(
        this.holdings.filter(({ agentId }) => agentId === id).map(({ resources }) => resources),
      );
      expect(books.total.equals(this.agents.get(id) ?? Resources.empty), `total of ${id}`).toBe(true);
      expect(books.offeredOrAllocated.equals(held), `${id}: ${books.offeredOrAllocated} but gave ${held}`).toBe(true);
      const account = books.available.nonShared().add(held.unallocated().nonShared());
      expect(account.equals(books.total.nonShared()), `${id} lost or made resources`).toBe(true);
    }
    for (const [role, { dominantShare }] of snapshot.roles)
      expect(dominantShare, `share of ${role}`).toBeCloseTo(this.shareOf(role), 9);
  }

  shareOf(role: string): number {
    let share = 0;
    const all = Resources.sum(this.agents.values());
    for (const name of ['cpus', 'mem', 'disk']) {
      let milli = 0;
      for (const holding of this.holdings)
        if (holding.role === role || holding.role.startsWith(`${role}/`))
          milli += holding.resources.nonShared().scalarMilli(name);
      // A shared volume counts once for an agent and role.
      const volumes = new Set(
        this.holdings
          .filter((holding) => holding.role === role && name === 'disk' && !holding.resources.shared().isEmpty)
          .map(({ agentId }) => agentId),
      );
      milli += volumes.size * 50_000;
      const total = all.nonShared().scalarMilli(name) + (name === 'disk' ? this.sharedTotal() : 0);
      if (total > 0) share = Math.max(share, milli / total);
    }
    return share / (this.weights.get(role) ?? 1);
  }

  sharedTotal(): number {
    let milli = 0;
    for (const total of this.agents.values()) milli += total.shared().scalarMilli('disk');
    return milli;
  }
}

const SORTERS: Partial<AllocatorOptions>[] = [{}, { roleSorter: 'random', frameworkSorter: 'random' }];

/** Far beyond what a slow machine needs. */
const DEADLINE_MS = 900_000;

describe.each(SORTERS)('allocator under random load %o', { timeout: DEADLINE_MS }, (options) => {
  it('never over-allocates, never loses a resource, keeps its sums', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 10, maxLength: 80, size: 'max' }), (commands) => {
        const world = new World(options, Number.POSITIVE_INFINITY);
        for (const step of commands) {
          world.apply(step);
          world.check();
        }
      }),
      { numRuns: 150 },
    );
  });

  it('answers the same however finely a run is sliced', () => {
    fc.assert(
      fc.property(
        fc.array(command, { minLength: 10, maxLength: 80, size: 'max' }),
        fc.integer({ min: 1, max: 7 }),
        (commands, budget) => {
          const whole = new World(options, Number.POSITIVE_INFINITY);
          const sliced = new World(options, budget);
          for (const step of commands) expect(sliced.apply(step)).toEqual(whole.apply(step));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('leaves nothing that somebody could have had, and explain agrees', () => {
    const unlimited = command.filter(({ kind }) => kind !== 'quota');
    fc.assert(
      fc.property(fc.array(unlimited, { minLength: 10, maxLength: 80, size: 'max' }), (commands) => {
        const world = new World(options, Number.POSITIVE_INFINITY);
        for (const step of commands) {
          world.apply(step);
          if (step.kind !== 'allocate') continue;
          for (const [id, { roles }] of world.frameworks)
            for (const role of roles) {
              const question = { frameworkId: id, role, wanted: res('cpus:0.01') };
              const now = { monotonicMs: world.nowMs, unixMs: world.nowMs };
              expect(world.allocator.explain(question, now).available, `${id} under ${role}`).toBe(0);
            }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('explains in slices what is true in the end, whatever happens between them', () => {
    fc.assert(
      fc.property(
        fc.array(command, { minLength: 10, maxLength: 40, size: 'max' }),
        fc.array(fc.option(command, { freq: 2, nil: undefined }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(),
        (commands, between, listed, chosen) => {
          const world = new World(options, Number.POSITIVE_INFINITY);
          for (const step of commands) world.apply(step);
          const ids = [undefined, ...world.frameworks.keys()];
          const frameworkId = ids[chosen % ids.length];
          const role = chosen % 3 === 0 ? 'eng' : undefined;
          const question = { frameworkId, role, wanted: chosen % 2 === 0 ? res('cpus:1') : Resources.empty, listed };
          const now = () => ({ monotonicMs: world.nowMs, unixMs: world.nowMs });
          const work = world.allocator.explainInSlices(question, now());
          const events = [...between];
          let next = work.next(undefined);
          while (next.done !== true) {
            const event = events.shift();
            if (event !== undefined) world.apply(event);
            next = work.next(event === undefined ? undefined : now());
          }
          const { findings, reasons } = next.value;
          const whole = world.allocator.explain({ ...question, listed: 1000 }, now());
          const truth = new Map(whole.findings.map((finding) => [finding.agentId, finding]));
          for (const finding of findings) expect(finding).toEqual(truth.get(finding.agentId));
          for (const { code, bestAgentId } of reasons)
            if (bestAgentId !== undefined) expect(truth.get(bestAgentId)?.code).toBe(code);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps roles within their limits', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 10, maxLength: 80, size: 'max' }), (commands) => {
        const world = new World(options, Number.POSITIVE_INFINITY);
        for (const step of commands) {
          const before = consumed(world);
          world.apply(step);
          // A limit below what is consumed already takes nothing away, but nothing may be added beyond it.
          for (const [role, cpus] of consumed(world))
            if (step.kind === 'allocate' && world.limits.has(role))
              expect(cpus).toBeLessThanOrEqual(Math.max(world.limits.get(role) ?? 0, before.get(role) ?? 0) + 1e-9);
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** Firm cpus charged to the subtree, and all its reservations. */
function consumed(world: World): Map<string, number> {
  const out = new Map<string, number>();
  const isUnder = (role: string, top: string) => role === top || role.startsWith(`${top}/`);
  for (const top of ['eng', 'ops']) {
    let cpus = 0;
    for (const { role, resources } of world.holdings)
      if (isUnder(role, top)) cpus += resources.unreserved().nonRevocable().scalar('cpus');
    for (const total of world.agents.values())
      cpus += total
        .reserved()
        .filter(({ kind }) => isUnder(kind.reservationRole, top))
        .scalar('cpus');
    out.set(top, cpus);
  }
  return out;
}
