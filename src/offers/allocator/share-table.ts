/**
 * Dominant shares of the nodes of a sorter (spec page 06, 6.3), in columns indexed by slot: a share is read by every
 * comparison, so it is a Float64Array element and never a boxed number. share = max over counted names of
 * allocated / cluster total, divided by the weight. `count` is the number of allocations made; it never goes down.
 *
 * `sortedShare` and `sortedCount` are the keys under which a slot stands in its `SiblingOrder` now; the live ones may be
 * ahead of them until the order is refreshed.
 */
import type { ClusterTotals, Quantities, ScalarNames } from './quantities.js';

const INITIAL_SLOTS = 64;

export class ShareTable {
  share = new Float64Array(INITIAL_SLOTS);
  count = new Float64Array(INITIAL_SLOTS);
  sortedShare = new Float64Array(INITIAL_SLOTS);
  sortedCount = new Float64Array(INITIAL_SLOTS);
  /** 1: noted by its order as changed, to be moved. */
  dirty = new Uint8Array(INITIAL_SLOTS);
  readonly path: string[] = [];

  #weight = new Float64Array(INITIAL_SLOTS);
  #allocated = new Float64Array(INITIAL_SLOTS * 4);
  #stride = 4;
  readonly #free: number[] = [];

  constructor(
    readonly totals: ClusterTotals,
    private readonly names: ScalarNames,
  ) {}

  /** A slot with nothing allocated. */
  add(path: string, weight: number): number {
    const slot = this.#free.pop() ?? this.path.length;
    this.#reserve(slot + 1, this.names.size);
    this.path[slot] = path;
    this.#allocated.fill(0, slot * this.#stride, (slot + 1) * this.#stride);
    this.share[slot] = 0;
    this.count[slot] = 0;
    this.dirty[slot] = 0;
    this.#weight[slot] = weight;
    return slot;
  }

  remove(slot: number): void {
    this.#free.push(slot);
  }

  setWeight(slot: number, weight: number): void {
    this.#weight[slot] = weight;
    this.recompute(slot);
  }

  /** An allocation was made (counts) or resources changed hands without one (`counts` false). The share is not worked out yet. */
  charge(slot: number, delta: Quantities, sign: 1 | -1, counts: boolean): void {
    const values = delta.values;
    if (values.length > this.#stride) this.#reserve(this.path.length, values.length);
    const base = slot * this.#stride;
    const allocated = this.#allocated;
    for (let i = 0; i < values.length; i++) allocated[base + i] = (allocated[base + i] ?? 0) + sign * (values[i] ?? 0);
    if (counts) this.count[slot] = (this.count[slot] ?? 0) + 1;
  }

  /** Brings the live share up to date with the cluster total and the weight. */
  recompute(slot: number): void {
    const totals = this.totals.all.values;
    const excluded = this.names.excluded;
    const base = slot * this.#stride;
    const width = Math.min(this.#stride, totals.length);
    let dominant = 0;
    for (let i = 0; i < width; i++) {
      const allocated = this.#allocated[base + i] ?? 0;
      const total = totals[i] ?? 0;
      if (allocated > 0 && total > 0 && excluded[i] === 0) dominant = Math.max(dominant, allocated / total);
    }
    this.share[slot] = dominant / (this.#weight[slot] ?? 1);
  }

  /** Thousandths allocated to `slot` of the scalar with that index. */
  allocatedOf(slot: number, index: number): number {
    return index < this.#stride ? (this.#allocated[slot * this.#stride + index] ?? 0) : 0;
  }

  #reserve(slots: number, width: number): void {
    if (width > this.#stride) this.#widen(width + 4);
    const capacity = this.share.length;
    if (slots <= capacity) return;
    this.share = grown(this.share, capacity * 2);
    this.count = grown(this.count, capacity * 2);
    this.sortedShare = grown(this.sortedShare, capacity * 2);
    this.sortedCount = grown(this.sortedCount, capacity * 2);
    this.#weight = grown(this.#weight, capacity * 2);
    const dirty = new Uint8Array(capacity * 2);
    dirty.set(this.dirty);
    this.dirty = dirty;
    this.#allocated = grown(this.#allocated, capacity * 2 * this.#stride);
  }

  #widen(stride: number): void {
    const wide = new Float64Array(this.share.length * stride);
    for (let slot = 0; slot < this.share.length; slot++)
      wide.set(this.#allocated.subarray(slot * this.#stride, (slot + 1) * this.#stride), slot * stride);
    this.#allocated = wide;
    this.#stride = stride;
  }
}

/** By what siblings are put in order, first to last. */
export interface OrderKeys {
  readonly share: number;
  readonly count: number;
  readonly path: string;
}

/** As of now, which may be ahead of the order that the last pass had. */
export function orderKeys(table: ShareTable, slot: number): OrderKeys {
  table.recompute(slot);
  return { share: table.share[slot] ?? 0, count: table.count[slot] ?? 0, path: table.path[slot] ?? '' };
}

function grown(column: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(length);
  out.set(column);
  return out;
}
