/** The last `capacity` items in the order they came; a full history forgets its oldest. O(1) push. */
export class BoundedHistory<T> implements Iterable<T> {
  readonly #items: T[] = [];
  #oldest = 0;

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#items.length;
  }

  /** Returns what is forgotten for it: the oldest, or, without any capacity, `item` itself. */
  push(item: T): T | undefined {
    if (this.capacity === 0) return item;
    if (this.#items.length < this.capacity) {
      this.#items.push(item);
      return undefined;
    }
    const forgotten = this.#items[this.#oldest];
    this.#items[this.#oldest] = item;
    this.#oldest = (this.#oldest + 1) % this.capacity;
    return forgotten;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#items.length; i++) yield this.#items[(this.#oldest + i) % this.#items.length] as T;
  }
}

/** Drops the oldest entries of an insertion-ordered map until `capacity` remain; returns what was dropped. */
export function trimOldest<K, V>(map: Map<K, V>, capacity: number): V[] {
  const dropped: V[] = [];
  for (const [key, value] of map) {
    if (map.size <= capacity) break;
    map.delete(key);
    dropped.push(value);
  }
  return dropped;
}
