/**
 * The cluster in numbers, kept as rows come, change and go; never recounted. `total` covers agents whose resources exist for the
 * cluster now: an unreachable or not yet returned one has none. What is used counts as existing even where an agent says it has
 * less, so that allocated, offered and free always add up to the total, and free is never negative. Pure.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';
import { AmountSum } from './amounts.js';
import type { Totals } from './cluster-model.js';
import { DueQueue } from './due-queue.js';
import type { AgentRow, FrameworkRow, OfferRow, TaskRow } from './rows.js';
import { Tally } from './tally.js';

const PRESENT: ReadonlySet<api.Agent_State> = new Set<api.Agent_State>([
  'ACTIVE',
  'DRAINING',
  'DRAINED',
  'DEACTIVATED',
  'DISCONNECTED',
]);

export class TotalsBook {
  readonly #total = new AmountSum();
  readonly #allocated = new AmountSum();
  readonly #offered = new AmountSum();
  readonly #agents = new Tally<api.Agent_State>();
  readonly #frameworks = new Tally<api.Framework_State>();
  readonly #tasks = new Tally<string>();
  /** All offers by when they were made. */
  readonly #offers = new DueQueue();

  addAgent({ agent, usage }: AgentRow, sign: 1 | -1): void {
    this.#agents.add(agent.state, sign);
    if (!PRESENT.has(agent.state)) return;
    this.#total.add(agent.total, sign);
    this.#allocated.add(usage.allocated, sign);
    this.#offered.add(usage.offered, sign);
  }

  addFramework({ framework }: FrameworkRow, sign: 1 | -1): void {
    if (framework.state !== 'COMPLETED') this.#frameworks.add(framework.state, sign);
  }

  addTask({ task }: TaskRow, sign: 1 | -1): void {
    if (task.place !== 'COMPLETED') this.#tasks.add(task.state, sign);
  }

  addOffer(key: string, madeAt: number): void {
    this.#offers.set(key, madeAt);
  }

  removeOffer(key: string): void {
    this.#offers.delete(key);
  }

  /** O(states). `offerOf` and `roleCount`: from the tables. */
  toTotals(offerOf: (key: string) => OfferRow | undefined, roleCount: number): Totals {
    const whole = this.#total.atLeast(this.#allocated, this.#offered);
    const oldest = this.#offers.first;
    const frameworkName = oldest === undefined ? undefined : offerOf(oldest.key)?.frameworkName;
    return {
      total: whole.toAmounts(),
      allocated: this.#allocated.toAmounts(),
      offered: this.#offered.toAmounts(),
      free: whole.without(this.#allocated, this.#offered).toAmounts(),
      agents: this.#agents.counts,
      agentCount: this.#agents.sum(),
      frameworks: this.#frameworks.counts,
      frameworkCount: this.#frameworks.sum(),
      tasks: this.#tasks.counts,
      taskCount: this.#tasks.sum(),
      offerCount: this.#offers.size,
      roleCount,
      oldestOffer: oldest === undefined ? undefined : { madeAt: oldest.at, frameworkName: frameworkName ?? '' },
    };
  }
}
