/** What goes wrong, when, and for how long: drawn from the seed. Every fault heals after a while, others may come before. */
import type { Random } from '../../src/base/random.js';
import type { Cluster } from './cluster.js';

type Fault = keyof typeof FAULTS;

const FAULTS = {
  crash: 5,
  'crash-leader': 4,
  'crash-all': 2,
  partition: 4,
  'one-way': 4,
  isolate: 5,
  clog: 3,
  'bad-network': 3,
  'slow-disk': 3,
  clock: 3,
  disconnect: 3,
  compact: 6,
  transfer: 2,
  membership: 4,
  add: 5,
  remove: 2,
  wipe: 2,
} as const;

export class Nemesis {
  readonly counts = new Map<Fault, number>();
  readonly #weights: readonly (readonly [Fault, number])[];
  isStopped = false;
  #isStormy = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly random: Random,
  ) {
    // Every seed has its own taste: some faults often, some never.
    this.#weights = (Object.keys(FAULTS) as Fault[]).map((fault) => [fault, FAULTS[fault] * random.next() ** 2]);
  }

  start(): void {
    this.#plan();
  }

  stop(): void {
    this.isStopped = true;
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  #plan(): void {
    // Calm and storm take turns: some bugs need many faults within one election, others a long healthy stretch.
    const pauseMs = this.#isStormy ? this.random.next() * 60 : 20 + this.random.next() * 1_000;
    if (this.random.next() < 0.08) this.#isStormy = !this.#isStormy;
    this.cluster.schedule.after(pauseMs, () => {
      if (this.isStopped) return;
      this.#strike(this.#draw());
      this.#plan();
    });
  }

  #draw(): Fault {
    const total = this.#weights.reduce((sum, [, weight]) => sum + weight, 0);
    let at = this.random.next() * total;
    for (const [fault, weight] of this.#weights) {
      at -= weight;
      if (at <= 0) return fault;
    }
    return 'crash';
  }

  #strike(fault: Fault): void {
    if (this.#inflict(fault)) this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
  }

  #inflict(fault: Fault): boolean {
    const { cluster, random } = this;
    const durationMs = random.next() < 0.5 ? 1 + random.next() * 60 : 100 + random.next() ** 2 * 4_000;
    switch (fault) {
      case 'crash':
        return cluster.crashOne(durationMs);
      case 'crash-leader':
        return cluster.crashLeader(durationMs);
      case 'crash-all':
        return cluster.crashAll(durationMs);
      case 'partition':
        return cluster.partition(durationMs, false);
      case 'one-way':
        return cluster.partition(durationMs, true);
      case 'isolate':
        return cluster.isolateLeader(durationMs, random.next() < 0.5);
      case 'clog':
        return cluster.clog(durationMs);
      case 'bad-network':
        return cluster.spoilNetwork(durationMs);
      case 'slow-disk':
        return cluster.slowDisk(durationMs);
      case 'clock':
        return cluster.disturbClock();
      case 'disconnect':
        return cluster.disconnect();
      case 'compact':
        return cluster.compactOne();
      case 'transfer':
        return cluster.transfer();
      case 'membership':
        return cluster.changeMembership();
      case 'add':
        return cluster.add();
      case 'remove':
        return cluster.remove();
      case 'wipe':
        return cluster.wipe();
    }
  }
}
