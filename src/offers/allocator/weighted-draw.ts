/**
 * Weighted random order without replacement (spec page 06, 6.3, "Random"), drawn one by one: a pass that stops after the
 * first few costs O(log n) each instead of a shuffle of all. Drawing in proportion to the weights that remain gives the same
 * distribution as sorting by rand^(1/weight) (Efraimidis and Spirakis, 2006).
 *
 * A complete binary tree of partial sums; a parent is always computed from its children, so that drawing and putting back
 * leaves no rounding error behind.
 */
import type { Random } from '../../base/random.js';
import type { SlotOrder } from './sibling-order.js';

export class WeightedDraw {
  #leaves = 1;
  #sums = new Float64Array(2);
  #weights: readonly number[] = [];
  readonly #drawn: number[] = [];

  constructor(private readonly random: Random) {}

  /** Replaces the items: item i has weight `weights[i]`, above 0. */
  reset(weights: readonly number[]): void {
    this.#weights = weights;
    this.#leaves = 1;
    while (this.#leaves < weights.length) this.#leaves *= 2;
    this.#sums = new Float64Array(this.#leaves * 2);
    for (const [i, weight] of weights.entries()) this.#sums[this.#leaves + i] = weight;
    for (let node = this.#leaves - 1; node >= 1; node--) this.#sum(node);
    this.#drawn.length = 0;
  }

  /** Puts everything drawn back. */
  begin(): void {
    for (const item of this.#drawn) this.#set(item, this.#weights[item] ?? 0);
    this.#drawn.length = 0;
  }

  /** Index of an item not drawn since `begin`; -1 when none is left. */
  next(): number {
    if (this.#drawn.length >= this.#weights.length) return -1;
    let rest = this.random.next() * (this.#sums[1] ?? 0);
    let node = 1;
    while (node < this.#leaves) {
      const left = this.#sums[2 * node] ?? 0;
      // The right side is entered only when something is left there: rounding must not lead to a drawn item.
      const goRight = left <= 0 || (rest >= left && (this.#sums[2 * node + 1] ?? 0) > 0);
      if (goRight) rest -= left;
      node = 2 * node + (goRight ? 1 : 0);
    }
    const item = node - this.#leaves;
    this.#set(item, 0);
    this.#drawn.push(item);
    return item;
  }

  #set(item: number, weight: number): void {
    this.#sums[this.#leaves + item] = weight;
    for (let node = (this.#leaves + item) >>> 1; node >= 1; node >>>= 1) this.#sum(node);
  }

  #sum(node: number): void {
    this.#sums[node] = (this.#sums[2 * node] ?? 0) + (this.#sums[2 * node + 1] ?? 0);
  }
}

/** Siblings of equal weight in random order: the frameworks of a role under `--framework_sorter=random`. */
export class RandomOrder implements SlotOrder {
  readonly #slots: number[] = [];
  readonly #positionOfSlot = new Map<number, number>();
  readonly #draw: WeightedDraw;
  #stale = false;

  constructor(random: Random) {
    this.#draw = new WeightedDraw(random);
  }

  get length(): number {
    return this.#slots.length;
  }

  insert(slot: number): void {
    this.#positionOfSlot.set(slot, this.#slots.length);
    this.#slots.push(slot);
    this.#stale = true;
  }

  remove(slot: number): void {
    const position = this.#positionOfSlot.get(slot);
    const last = this.#slots.pop();
    if (position === undefined || last === undefined) return;
    this.#positionOfSlot.delete(slot);
    if (last !== slot) {
      this.#slots[position] = last;
      this.#positionOfSlot.set(last, position);
    }
    this.#stale = true;
  }

  touch(): void {}

  begin(): void {
    if (this.#stale) this.#draw.reset(this.#slots.map(() => 1));
    else this.#draw.begin();
    this.#stale = false;
  }

  next(): number {
    const item = this.#draw.next();
    return item < 0 ? -1 : (this.#slots[item] ?? -1);
  }
}
