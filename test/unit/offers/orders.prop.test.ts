import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { ClusterTotals, Measure, Quantities, ScalarNames } from '../../../src/offers/allocator/quantities.js';
import { RefuseFilters } from '../../../src/offers/allocator/refuse-filters.js';
import { ShareTable } from '../../../src/offers/allocator/share-table.js';
import { SiblingOrder } from '../../../src/offers/allocator/sibling-order.js';
import { WeightedDraw } from '../../../src/offers/allocator/weighted-draw.js';
import { res } from './fixtures.js';

function drain(order: { begin(): void; next(): number }): number[] {
  const out: number[] = [];
  order.begin();
  for (let slot = order.next(); slot >= 0; slot = order.next()) out.push(slot);
  return out;
}

describe('DRF order', () => {
  const command = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('charge' as const), who: fc.nat(30), cpus: fc.nat(3), mem: fc.nat(3) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('toggle' as const), who: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('total' as const), cpus: fc.integer({ min: 1, max: 50 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const) }) },
  );

  it('moved step by step is the order a full sort of recomputed shares gives', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120, size: 'max' }), (commands) => {
        const names = new ScalarNames(new Set());
        const totals = new ClusterTotals();
        totals.change(new Measure(names).take(res('cpus:100;mem:100')), 1);
        const table = new ShareTable(totals, names);
        const order = new SiblingOrder(table);
        const model = Array.from({ length: 31 }, (_, i) => ({
          path: `f${(i * 7) % 31}`,
          weight: 1 + (i % 3),
          cpus: 0,
          mem: 0,
          count: 0,
          present: true,
        }));
        let cpusTotal = 100;
        for (const [i, node] of model.entries()) {
          expect(table.add(node.path, node.weight)).toBe(i);
          order.insert(i);
        }
        const check = () => {
          const share = (node: (typeof model)[number]) => Math.max(node.cpus / cpusTotal, node.mem / 100) / node.weight;
          const expected = [...model.entries()]
            .filter(([, node]) => node.present)
            .sort(([, a], [, b]) => share(a) - share(b) || a.count - b.count || (a.path < b.path ? -1 : 1))
            .map(([i]) => i);
          expect(drain(order)).toEqual(expected);
        };
        for (const step of commands) {
          if (step.kind === 'charge') {
            const node = model[step.who];
            if (node === undefined) continue;
            const delta = new Quantities();
            delta.add(0, step.cpus * 1000);
            delta.add(1, step.mem * 1000);
            table.charge(step.who, delta, 1, true);
            if (node.present) order.touch(step.who);
            node.cpus += step.cpus;
            node.mem += step.mem;
            node.count++;
          } else if (step.kind === 'toggle') {
            const node = model[step.who];
            if (node === undefined) continue;
            if (node.present) order.remove(step.who);
            else order.insert(step.who);
            node.present = !node.present;
          } else if (step.kind === 'total') {
            totals.all.set(0, step.cpus * 1000);
            totals.version++;
            cpusTotal = step.cpus;
          } else check();
        }
        check();
      }),
    );
  });

  it('stays as it was at the start of a pass while the pass charges', () => {
    const names = new ScalarNames(new Set());
    const totals = new ClusterTotals();
    totals.change(new Measure(names).take(res('cpus:100')), 1);
    const table = new ShareTable(totals, names);
    const order = new SiblingOrder(table);
    for (const path of ['a', 'b', 'c']) order.insert(table.add(path, 1));
    const charge = new Quantities();
    charge.add(0, 1000);
    order.begin();
    expect(order.next()).toBe(0);
    table.charge(0, charge, 1, true);
    order.touch(0);
    expect([order.next(), order.next(), order.next()]).toEqual([1, 2, -1]);
    expect(drain(order)).toEqual([1, 2, 0]);
  });
});

describe('weighted draw', () => {
  it('draws every item once, again and again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 }), fc.nat(), (weights, seed) => {
        const draw = new WeightedDraw(seededRandom(seed));
        draw.reset(weights);
        for (let pass = 0; pass < 3; pass++)
          expect(drain(draw).sort((a, b) => a - b)).toEqual(weights.map((_, i) => i));
      }),
    );
  });

  it('draws first in proportion to the weights', () => {
    const draw = new WeightedDraw(seededRandom(7));
    draw.reset([1, 2, 5]);
    const firsts = [0, 0, 0];
    for (let i = 0; i < 8000; i++) {
      draw.begin();
      const first = draw.next();
      firsts[first] = (firsts[first] ?? 0) + 1;
    }
    expect((firsts[0] ?? 0) / 1000).toBeCloseTo(1, 0);
    expect((firsts[1] ?? 0) / 1000).toBeCloseTo(2, 0);
    expect((firsts[2] ?? 0) / 1000).toBeCloseTo(5, 0);
  });
});

/** Far beyond what a slow machine needs. */
const DEADLINE_MS = 900_000;

describe('refuse filters', { timeout: DEADLINE_MS }, () => {
  const command = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        client: fc.nat(3),
        agent: fc.nat(3),
        cpus: fc.integer({ min: 1, max: 4 }),
        until: fc.nat(50),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('advance' as const), by: fc.nat(6) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('client' as const), client: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('agent' as const), agent: fc.nat(3) }) },
  );

  it('block exactly what a list of filters would block', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 400, size: 'max' }), (commands) => {
        const filters = new RefuseFilters();
        let model: { client: number; agent: number; cpus: number; until: number }[] = [];
        let now = 0;
        for (const step of commands) {
          if (step.kind === 'add') {
            const until = now + 1 + step.until;
            filters.add(step.client, step.agent, res(`cpus:${step.cpus}`), until);
            model.push({ ...step, until });
          } else if (step.kind === 'advance') {
            now += step.by;
            filters.expire(now, () => {});
            model = model.filter(({ until }) => until > now);
          } else if (step.kind === 'client') {
            filters.removeClient(step.client);
            model = model.filter(({ client }) => client !== step.client);
          } else {
            filters.removeAgent(step.agent, 4);
            model = model.filter(({ agent }) => agent !== step.agent);
          }
          for (let client = 0; client < 4; client++)
            for (let agent = 0; agent < 4; agent++)
              for (const cpus of [1, 3]) {
                const expected = model.some((f) => f.client === client && f.agent === agent && f.cpus >= cpus);
                expect(filters.blocks(client, agent, res(`cpus:${cpus}`))).toBe(expected);
              }
          expect(filters.size).toBeLessThanOrEqual(model.length);
          expect(filters.size === 0).toBe(model.length === 0);
        }
      }),
      { numRuns: 12 },
    );
  });

  it('name each expired pair and forget it', () => {
    const filters = new RefuseFilters();
    for (let i = 0; i < 1000; i++) filters.add(i % 10, i, res('cpus:1'), 1000 - i);
    const expired: number[] = [];
    filters.expire(500, (_client, agent) => expired.push(agent));
    expect(expired.length).toBe(500);
    expect(Math.min(...expired)).toBe(500);
    expect(filters.size).toBe(500);
  });

  it('do not pile up when long filters are revived again and again', () => {
    const filters = new RefuseFilters();
    for (let round = 0; round < 2000; round++) {
      filters.add(0, round % 7, res('cpus:1'), 1e12);
      filters.removeClient(0);
    }
    expect(filters.size).toBe(0);
    const before = filters.capacity;
    for (let round = 0; round < 20_000; round++) {
      filters.add(0, round % 7, res('cpus:1'), 1e12);
      filters.removeClient(0);
    }
    expect(filters.capacity).toBe(before);
  });
});
