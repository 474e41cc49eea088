/**
 * A list that keeps a total order while its entries come, go and move, and sorts only what is looked at. Pure.
 *
 * Entries lie in chunks; every entry of a chunk stands before every entry of the next. A chunk is in order or not yet: a
 * whole table is loaded as one chunk without order, and looking at a place parts the chunk there (quicksort's step) until
 * a small one is left, which is sorted. So the first window of 100,000 rows costs a few passes over them, not a sort, and
 * what nobody scrolls to is never sorted.
 *
 * Costs, n entries: insert, remove O(log n) comparisons and a move inside one chunk; a window or an index the same plus one addition for
 * each of the n/512 to n/256 chunks, if anything changed since the last. Invariants: sizes of chunks sum up to `size`; an entry stands
 * at or after `low` of its chunk and before `low` of the next; `position` is right in chunks without order.
 */
import { assert } from '../../base/assert.js';

/** Where something stands: by `sort`, then by `key`, which no two entries share. */
export interface Place {
  readonly sort: number | string;
  readonly key: string;
}

export interface Entry<T> extends Place {
  readonly item: T;
  /** The list's own: where it lies in a chunk without order. */
  position: number;
}

interface Chunk<T> {
  entries: Entry<T>[];
  /** No entry stands before it; of the first chunk: not used. */
  low: Place | undefined;
  isSorted: boolean;
}

export type Compare = (a: Place, b: Place) => number;

const MAX_SORTED = 512;

export function compareNumbers(a: Place, b: Place): number {
  return (a.sort as number) - (b.sort as number) || compareKeys(a, b);
}

export function compareTexts(a: Place, b: Place): number {
  return a.sort < b.sort ? -1 : a.sort > b.sort ? 1 : compareKeys(a, b);
}

/** Texts from the last to the first; those of one text still by ascending key. */
export function compareTextsDown(a: Place, b: Place): number {
  return a.sort > b.sort ? -1 : a.sort < b.sort ? 1 : compareKeys(a, b);
}

function compareKeys(a: Place, b: Place): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

export class OrderedList<T> {
  #chunks: Chunk<T>[];
  /** Index of the first entry of each chunk; right for the first `#validStarts`. */
  readonly #starts: number[] = [0];
  #validStarts = 1;
  #size: number;

  /** Takes `entries` over, in any order. */
  constructor(
    private readonly compare: Compare,
    entries: Entry<T>[] = [],
  ) {
    this.#chunks = [unsorted(entries, undefined)];
    this.#size = entries.length;
  }

  get size(): number {
    return this.#size;
  }

  insert(entry: Entry<T>): void {
    const index = this.#findChunk(entry);
    const chunk = this.#chunks[index] as Chunk<T>;
    if (chunk.isSorted) {
      chunk.entries.splice(this.#findPosition(chunk, entry), 0, entry);
      if (chunk.entries.length > MAX_SORTED) this.#halve(index);
    } else {
      entry.position = chunk.entries.length;
      chunk.entries.push(entry);
    }
    this.#size++;
    this.#invalidate(index);
  }

  remove(entry: Entry<T>): void {
    const index = this.#findChunk(entry);
    const chunk = this.#chunks[index] as Chunk<T>;
    const position = chunk.isSorted ? this.#findPosition(chunk, entry) : entry.position;
    assert(chunk.entries[position] === entry, 'an entry to remove is in the list');
    if (chunk.isSorted) chunk.entries.splice(position, 1);
    else swapRemove(chunk.entries, position);
    this.#size--;
    this.#invalidate(index);
    this.#maybeMerge(index);
  }

  /** The items from index `from` on, at most `count`. */
  window(from: number, count: number): T[] {
    const items: T[] = [];
    let next = Math.max(0, from);
    const end = Math.min(this.#size, next + count);
    while (next < end) {
      const index = this.#sortedChunkAt(next);
      const { entries } = this.#chunks[index] as Chunk<T>;
      const start = this.#starts[index] as number;
      const stop = Math.min(end, start + entries.length);
      for (; next < stop; next++) items.push((entries[next - start] as Entry<T>).item);
    }
    return items;
  }

  /** Where `entry`, which is in the list, stands. */
  indexOf(entry: Entry<T>): number {
    let index = this.#findChunk(entry);
    while (!this.#refine(index)) index = this.#findChunk(entry);
    this.#validateStarts();
    return (this.#starts[index] as number) + this.#findPosition(this.#chunks[index] as Chunk<T>, entry);
  }

  /** In no order. */
  *all(): Generator<Entry<T>> {
    for (const chunk of this.#chunks) yield* chunk.entries;
  }

  /** The last chunk whose `low` is at or before `place`. */
  #findChunk(place: Place): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.compare((this.#chunks[middle] as Chunk<T>).low as Place, place) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** In a sorted chunk: the first position at or after `place`. */
  #findPosition({ entries }: Chunk<T>, place: Place): number {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.compare(entries[middle] as Entry<T>, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #sortedChunkAt(position: number): number {
    for (;;) {
      this.#validateStarts();
      const index = this.#chunkAt(position);
      if (this.#refine(index)) return index;
    }
  }

  #chunkAt(position: number): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Brings a chunk nearer to order; returns whether it is in order. */
  #refine(index: number): boolean {
    const chunk = this.#chunks[index] as Chunk<T>;
    if (chunk.isSorted) return true;
    if (chunk.entries.length > MAX_SORTED) {
      this.#part(index, chunk);
      return false;
    }
    chunk.entries.sort(this.compare);
    chunk.isSorted = true;
    return true;
  }

  /** Two chunks instead of one: what stands before some middling entry, and that entry with the rest. */
  #part(index: number, chunk: Chunk<T>): void {
    const pivot = this.#middlingOf(chunk.entries);
    const before: Entry<T>[] = [];
    const after: Entry<T>[] = [];
    for (const entry of chunk.entries) (this.compare(entry, pivot) < 0 ? before : after).push(entry);
    this.#chunks.splice(index, 1, unsorted(before, chunk.low), unsorted(after, placeOf(pivot)));
    this.#invalidate(index);
  }

  /** The median of nine samples: never the first of all, so that parting always parts. */
  #middlingOf(entries: readonly Entry<T>[]): Entry<T> {
    const samples: Entry<T>[] = [];
    for (let i = 0; i < 9; i++) samples.push(entries[Math.floor(((entries.length - 1) * i) / 8)] as Entry<T>);
    return samples.sort(this.compare)[4] as Entry<T>;
  }

  #halve(index: number): void {
    const chunk = this.#chunks[index] as Chunk<T>;
    const entries = chunk.entries.splice(chunk.entries.length >> 1);
    this.#chunks.splice(index + 1, 0, { entries, low: placeOf(entries[0] as Entry<T>), isSorted: true });
  }

  /** An empty chunk goes; a small one joins the one before it. */
  #maybeMerge(index: number): void {
    const chunk = this.#chunks[index] as Chunk<T>;
    if (this.#chunks.length === 1) return;
    if (chunk.entries.length === 0) {
      this.#chunks.splice(index, 1);
      return;
    }
    const before = this.#chunks[index - 1];
    if (before === undefined || !before.isSorted || !chunk.isSorted) return;
    if (before.entries.length + chunk.entries.length > MAX_SORTED / 4) return;
    before.entries.push(...chunk.entries);
    this.#chunks.splice(index, 1);
    this.#invalidate(index - 1);
  }

  #invalidate(changed: number): void {
    this.#validStarts = Math.min(this.#validStarts, changed + 1);
  }

  #validateStarts(): void {
    for (let index = Math.max(1, this.#validStarts); index < this.#chunks.length; index++)
      this.#starts[index] = (this.#starts[index - 1] as number) + (this.#chunks[index - 1] as Chunk<T>).entries.length;
    this.#validStarts = this.#chunks.length;
  }
}

function unsorted<T>(entries: Entry<T>[], low: Place | undefined): Chunk<T> {
  for (let position = 0; position < entries.length; position++) (entries[position] as Entry<T>).position = position;
  return { entries, low, isSorted: false };
}

/** A copy: an entry would keep a row alive that is long gone. */
function placeOf({ sort, key }: Place): Place {
  return { sort, key };
}

function swapRemove<T>(entries: Entry<T>[], position: number): void {
  const last = entries.pop() as Entry<T>;
  if (position === entries.length) return;
  entries[position] = last;
  last.position = position;
}
