/**
 * Keys by a time each: the earliest first. For what becomes something else at a certain age, and for the oldest of many. A
 * binary heap that knows where each key lies. O(log n) set, delete, pop; O(1) first. Pure.
 */
interface Due {
  readonly key: string;
  at: number;
  slot: number;
}

export class DueQueue {
  readonly #heap: Due[] = [];
  readonly #byKey = new Map<string, Due>();

  get size(): number {
    return this.#heap.length;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** The earliest; of equal ones the smallest key. */
  get first(): { readonly key: string; readonly at: number } | undefined {
    return this.#heap[0];
  }

  /** Puts `key` at `at`, wherever it was before. */
  set(key: string, at: number): void {
    let due = this.#byKey.get(key);
    if (due === undefined) {
      due = { key, at, slot: this.#heap.length };
      this.#heap.push(due);
      this.#byKey.set(key, due);
    }
    due.at = at;
    this.#siftUp(due.slot);
    this.#siftDown(due.slot);
  }

  delete(key: string): void {
    const due = this.#byKey.get(key);
    if (due === undefined) return;
    this.#byKey.delete(key);
    const last = this.#heap.pop() as Due;
    if (last === due) return;
    this.#place(last, due.slot);
    this.#siftUp(last.slot);
    this.#siftDown(last.slot);
  }

  clear(): void {
    this.#heap.length = 0;
    this.#byKey.clear();
  }

  /** Takes out the earliest if it is at or before `now`. */
  popDue(now: number): string | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.delete(first.key);
    return first.key;
  }

  #siftUp(from: number): void {
    const due = this.#heap[from] as Due;
    let slot = from;
    while (slot > 0) {
      const parent = this.#heap[(slot - 1) >> 1] as Due;
      if (!isBefore(due, parent)) break;
      const above = parent.slot;
      this.#place(parent, slot);
      slot = above;
    }
    this.#place(due, slot);
  }

  #siftDown(from: number): void {
    const due = this.#heap[from] as Due;
    let slot = from;
    for (;;) {
      const left = this.#heap[2 * slot + 1];
      if (left === undefined) break;
      const right = this.#heap[2 * slot + 2];
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(child, due)) break;
      const below = child.slot;
      this.#place(child, slot);
      slot = below;
    }
    this.#place(due, slot);
  }

  #place(due: Due, slot: number): void {
    this.#heap[slot] = due;
    due.slot = slot;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.key < b.key);
}
