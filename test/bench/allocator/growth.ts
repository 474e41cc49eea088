/**
 * What one event costs against the size of the cluster: its own bookkeeping and the allocation it causes. One dimension
 * grows while the others stay. The exponent is the slope of a straight line through (log size, log cost): 0 means that the
 * cost does not depend on the cluster, 1 that it grows with it. All resources are offered, as in a busy cluster, and every
 * tenth role has a quota.
 */
import { present } from '../../../src/base/assert.js';
import type { Allocator, OfferDecision } from '../../../src/offers/allocator/allocator.js';
import { quantile } from '../report.js';
import { addAgent, addAgents, addFrameworks, giveBack, NEVER_MS, newAllocator } from './shapes.js';

interface Size {
  readonly agents: number;
  readonly frameworks: number;
  readonly roles: number;
}

type Dimension = keyof Size;

/** Microseconds of each event by its name. */
type Costs = Readonly<Record<string, readonly number[]>>;

export interface Curve {
  readonly dimension: Dimension;
  readonly sizes: readonly Size[];
  readonly event: string;
  /** Microseconds of all events, by size. */
  readonly times: readonly (readonly number[])[];
  /** Their medians. */
  readonly us: readonly number[];
  readonly exponent: number;
}

interface Sweep {
  readonly dimension: Dimension;
  readonly rest: Size;
  readonly values: readonly number[];
}

const SWEEPS: readonly Sweep[] = [
  {
    dimension: 'agents',
    rest: { agents: 0, frameworks: 500, roles: 50 },
    values: [1_000, 5_000, 10_000, 20_000, 50_000],
  },
  {
    dimension: 'frameworks',
    rest: { agents: 5_000, frameworks: 0, roles: 50 },
    values: [50, 200, 1_000, 3_000, 6_000],
  },
  { dimension: 'roles', rest: { agents: 5_000, frameworks: 3_000, roles: 0 }, values: [10, 50, 200, 1_000, 3_000] },
];

export function measureGrowth(events: number, share: number): Curve[] {
  return SWEEPS.flatMap(({ dimension, rest, values }) => {
    const sizes = values
      .slice(0, Math.max(2, Math.ceil(values.length * share)))
      .map((value): Size => ({ ...rest, [dimension]: value }));
    const costs = sizes.map((size) => new BusyCluster(size).measure(events));
    return Object.keys(costs[0] ?? {}).map((event): Curve => {
      const times = costs.map((ofSize) => ofSize[event] ?? []);
      const us = times.map((ofSize) => quantile(ofSize, 0.5));
      return {
        dimension,
        sizes,
        event,
        times,
        us,
        exponent: slope(
          sizes.map((size) => size[dimension]),
          us,
        ),
      };
    });
  });
}

class BusyCluster {
  readonly #allocator: Allocator;
  readonly #offerOf = new Map<string, OfferDecision>();

  constructor(private readonly size: Size) {
    this.#allocator = newAllocator();
    for (let role = 0; role < size.roles; role += 10) this.#setQuota(role, 1);
    addFrameworks(this.#allocator, size.frameworks, (i) => `role-${i % size.roles}`);
    addAgents(this.#allocator, size.agents);
    this.#note(this.#allocator.allocate(undefined, 0).offers);
  }

  measure(events: number): Costs {
    const allocator = this.#allocator;
    const stride = Math.max(1, Math.floor(this.size.agents / events));
    const agentOf = (i: number) => `agent-${(i * stride) % this.size.agents}`;
    const allocate = (agentId: string) => this.#note(allocator.allocate(new Set([agentId]), 0).offers);
    return {
      'resources come back': timesUs(events, (i) => {
        giveBack(allocator, [this.#takeOffer(agentOf(i))]);
        allocate(agentOf(i));
      }),
      'a framework declines': timesUs(events, (i) => {
        giveBack(allocator, [this.#takeOffer(agentOf(i))], NEVER_MS);
        allocate(agentOf(i));
      }),
      "a role's quota changes": timesUs(Math.ceil(events / 4), (i) => {
        this.#setQuota((i * 10) % this.size.roles, 1 + (i % 2));
        this.#note(allocator.allocate(undefined, 0).offers);
      }),
      'an agent joins': timesUs(events, (i) => {
        addAgent(allocator, `newcomer-${i}`);
        allocate(`newcomer-${i}`);
      }),
      'an agent leaves': timesUs(events, (i) => allocator.removeAgent(`newcomer-${i}`)),
    };
  }

  #setQuota(role: number, agents: number): void {
    const amounts = new Map([
      ['cpus', 24 * agents],
      ['mem', 4_096 * agents],
    ]);
    this.#allocator.updateQuota(`role-${role}`, { guarantees: amounts, limits: new Map() });
  }

  #note(offers: readonly OfferDecision[]): void {
    for (const offer of offers) this.#offerOf.set(offer.agentId, offer);
  }

  #takeOffer(agentId: string): OfferDecision {
    return present(this.#offerOf.get(agentId), 'everything is offered to somebody');
  }
}

function timesUs(events: number, event: (i: number) => void): number[] {
  return Array.from({ length: events }, (_, i) => {
    const startedMs = performance.now();
    event(i);
    return (performance.now() - startedMs) * 1_000;
  });
}

/** Of the least squares line through the logarithms. */
function slope(sizes: readonly number[], costs: readonly number[]): number {
  const x = sizes.map(Math.log);
  const y = costs.map(Math.log);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const covariance = x.reduce((sum, value, i) => sum + (value - meanX) * ((y[i] ?? 0) - meanY), 0);
  return covariance / x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
}
