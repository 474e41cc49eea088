/**
 * Who uses how much over virtual time: exact integrals between changes, and points of series at the sample times. Amounts are
 * columns of one number for each scalar of the cluster, in natural units.
 */
import type { Resources } from '../offers/resources/resources.js';

/** The scalars of a cluster and how many of each there are. */
export class Scalars {
  readonly names: readonly string[];
  readonly totals: Float64Array;
  readonly #columnsOf = new WeakMap<Resources, Float64Array>();

  constructor(agents: Iterable<{ readonly resources: Resources; readonly count: number }>) {
    const totals = new Map<string, number>();
    for (const { resources, count } of agents)
      for (const { kind, milli } of resources.entries)
        if (kind.type === 'SCALAR') totals.set(kind.name, (totals.get(kind.name) ?? 0) + (milli * count) / 1000);
    this.names = [...totals.keys()];
    this.totals = Float64Array.from(totals.values());
  }

  /** Of the few objects that tasks are made of, remembered. */
  columnsOf(resources: Resources): Float64Array {
    const known = this.#columnsOf.get(resources);
    if (known !== undefined) return known;
    const columns = new Float64Array(this.names.length);
    for (const { kind, milli } of resources.entries) {
      const at = kind.type === 'SCALAR' ? this.names.indexOf(kind.name) : -1;
      if (at >= 0) columns[at] = (columns[at] ?? 0) + milli / 1000;
    }
    this.#columnsOf.set(resources, columns);
    return columns;
  }
}

/** Amounts that change at moments and stay in between. */
export class UsageMeter {
  readonly now: Float64Array;
  readonly #integral: Float64Array;
  #sinceMs: number;

  constructor(
    width: number,
    private readonly startMs = 0,
  ) {
    this.now = new Float64Array(width);
    this.#integral = new Float64Array(width);
    this.#sinceMs = startMs;
  }

  change(nowMs: number, amounts: Float64Array, sign: 1 | -1): void {
    this.#advance(nowMs);
    for (let i = 0; i < amounts.length; i++) this.now[i] = (this.now[i] ?? 0) + sign * (amounts[i] ?? 0);
  }

  /** Means from the start until now. */
  meansAt(nowMs: number): Float64Array {
    this.#advance(nowMs);
    const passedMs = nowMs - this.startMs;
    return this.#integral.map((sum) => (passedMs > 0 ? sum / passedMs : 0));
  }

  #advance(nowMs: number): void {
    const passedMs = nowMs - this.#sinceMs;
    if (passedMs <= 0) return;
    for (let i = 0; i < this.now.length; i++)
      this.#integral[i] = (this.#integral[i] ?? 0) + passedMs * (this.now[i] ?? 0);
    this.#sinceMs = nowMs;
  }
}
