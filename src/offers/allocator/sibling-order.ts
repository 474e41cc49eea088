/**
 * Siblings of a DRF sorter, in ascending order of (share, allocations made, path) (spec page 06, 6.3).
 * A changed sibling is only noted; `refresh` moves it. So the order a pass started with stays fixed during the pass, and
 * an allocation costs two binary searches and a short memory move instead of a sort. The slots lie in the middle of a
 * buffer with room at both ends: fair sharing moves the first to (nearly) the last place, which then costs O(1).
 *
 * Invariant: slots stand in the order of their *sorted* keys in the table; those change in `refresh` only.
 */
import { assert } from '../../base/assert.js';
import type { ShareTable } from './share-table.js';

/** What the allocation loop needs of an order, DRF or random. */
export interface SlotOrder {
  insert(slot: number): void;
  remove(slot: number): void;
  /** The keys of `slot` may have changed. */
  touch(slot: number): void;
  /** Starts a pass over the slots as of now. */
  begin(): void;
  /** Next slot of the pass; -1 at its end. */
  next(): number;
  readonly length: number;
}

export class SiblingOrder implements SlotOrder {
  #slots = new Int32Array(8);
  #head = 4;
  #tail = 4;
  #cursor = 0;
  /** Each once; marked in the table. */
  readonly #dirty: number[] = [];
  #totalsVersion: number;

  constructor(private readonly table: ShareTable) {
    this.#totalsVersion = table.totals.version;
  }

  get length(): number {
    return this.#tail - this.#head;
  }

  at(position: number): number {
    return this.#slots[this.#head + position] ?? -1;
  }

  insert(slot: number): void {
    this.#place(slot);
  }

  remove(slot: number): void {
    if (this.table.dirty[slot] === 1) {
      this.table.dirty[slot] = 0;
      this.#dirty.splice(this.#dirty.indexOf(slot), 1);
    }
    this.#take(slot);
  }

  touch(slot: number): void {
    if (this.table.dirty[slot] === 1) return;
    this.table.dirty[slot] = 1;
    this.#dirty.push(slot);
  }

  begin(): void {
    this.refresh();
    this.#cursor = this.#head;
  }

  next(): number {
    return this.#cursor < this.#tail ? (this.#slots[this.#cursor++] ?? -1) : -1;
  }

  /** Puts every changed slot in its place. */
  refresh(): void {
    const isAnotherTotal = this.#totalsVersion !== this.table.totals.version;
    const changed = this.#dirty.length;
    if (!isAnotherTotal && changed === 0) return;
    this.#totalsVersion = this.table.totals.version;
    const few = changed <= 4 || changed * 8 <= this.length;
    if (isAnotherTotal && few) this.#followTotals();
    else if (few) for (const slot of this.#dirty) this.#relocate(slot);
    else this.#sortAll();
    for (const slot of this.#dirty) this.table.dirty[slot] = 0;
    this.#dirty.length = 0;
  }

  #relocate(slot: number): void {
    if (this.length > 1) {
      this.#take(slot);
      this.#place(slot);
    } else {
      this.#takeKeys(slot);
    }
  }

  /** Another cluster total changes every share, but the order of few: one pass over the keys, and those few move. */
  #followTotals(): void {
    for (const slot of this.#dirty) this.#take(slot);
    const slots = this.#slots;
    let misplaced = 0;
    for (let i = this.#head; i < this.#tail; i++) {
      const slot = slots[i] ?? 0;
      this.#takeKeys(slot);
      if (i === this.#head || !this.#isBefore(slot, slots[i - 1] ?? 0)) continue;
      misplaced++;
      // Far enough from sorted, sorting is cheaper; the slots that follow have their old keys until then.
      if (misplaced > 16 && misplaced * 8 > this.length) break;
      const position = this.#search(slot, i);
      this.#move(position + 1, position, i);
      slots[position] = slot;
    }
    for (const slot of this.#dirty) this.#place(slot);
    if (misplaced > 16 && misplaced * 8 > this.length) this.#sortAll();
  }

  /** From here on the slot stands by what it has now. */
  #takeKeys(slot: number): void {
    this.table.recompute(slot);
    this.table.sortedShare[slot] = this.table.share[slot] ?? 0;
    this.table.sortedCount[slot] = this.table.count[slot] ?? 0;
  }

  #sortAll(): void {
    const { share, count, path } = this.table;
    const slots = this.#slots.subarray(this.#head, this.#tail);
    for (const slot of slots) this.#takeKeys(slot);
    if (slots.length < 2) return;
    slots.sort(
      (a, b) =>
        (share[a] ?? 0) - (share[b] ?? 0) ||
        (count[a] ?? 0) - (count[b] ?? 0) ||
        ((path[a] ?? '') < (path[b] ?? '') ? -1 : 1),
    );
  }

  /** By their sorted keys. */
  #isBefore(slot: number, other: number): boolean {
    const { sortedShare, sortedCount, path } = this.table;
    const difference =
      (sortedShare[slot] ?? 0) - (sortedShare[other] ?? 0) || (sortedCount[slot] ?? 0) - (sortedCount[other] ?? 0);
    return difference < 0 || (difference === 0 && (path[slot] ?? '') < (path[other] ?? ''));
  }

  /** First position below `end` whose sorted key is not below that of `slot`. */
  #search(slot: number, end = this.#tail): number {
    const { sortedShare, sortedCount, path } = this.table;
    const share = sortedShare[slot] ?? 0;
    const count = sortedCount[slot] ?? 0;
    const name = path[slot] ?? '';
    let low = this.#head;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#slots[middle] ?? 0;
      const difference = (sortedShare[other] ?? 0) - share || (sortedCount[other] ?? 0) - count;
      if (difference < 0 || (difference === 0 && (path[other] ?? '') < name)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #take(slot: number): void {
    const position = this.#search(slot);
    assert(this.#slots[position] === slot && position < this.#tail, 'a slot stands where its sorted keys say');
    if (position - this.#head < this.#tail - position) {
      this.#move(this.#head + 1, this.#head, position);
      this.#head++;
    } else {
      this.#move(position, position + 1, this.#tail);
      this.#tail--;
    }
  }

  #place(slot: number): void {
    this.#takeKeys(slot);
    if (this.#head === 0 || this.#tail === this.#slots.length) this.#recentre();
    const position = this.#search(slot);
    if (position - this.#head < this.#tail - position) {
      this.#move(this.#head - 1, this.#head, position);
      this.#head--;
      this.#slots[position - 1] = slot;
    } else {
      this.#move(position + 1, position, this.#tail);
      this.#tail++;
      this.#slots[position] = slot;
    }
  }

  /** As copyWithin, whose call costs more than a short move. */
  #move(to: number, from: number, end: number): void {
    const slots = this.#slots;
    const length = end - from;
    if (length > 16) slots.copyWithin(to, from, end);
    else if (to < from) for (let i = 0; i < length; i++) slots[to + i] = slots[from + i] ?? 0;
    else for (let i = length - 1; i >= 0; i--) slots[to + i] = slots[from + i] ?? 0;
  }

  /** Room of at least the own length at both ends: amortised O(1) a move. */
  #recentre(): void {
    const length = this.length;
    const head = length + 4;
    if (this.#slots.length < length * 3 + 8) {
      const slots = new Int32Array(length * 4 + 16);
      slots.set(this.#slots.subarray(this.#head, this.#tail), head);
      this.#slots = slots;
    } else {
      this.#slots.copyWithin(head, this.#head, this.#tail);
    }
    this.#cursor += head - this.#head;
    this.#head = head;
    this.#tail = head + length;
  }
}
