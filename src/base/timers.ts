import { assert } from './assert.js';

interface Timer<T> {
  readonly deadlineMs: number;
  readonly order: number;
  readonly payload: T;
  slot: number;
}

/** Handle of one armed timer. */
export type TimerHandle = number;

/**
 * All timers of one core: a binary heap by (deadline, order of arming), so that the firing order is a function of the
 * calls alone. O(log n) arm, cancel and fire.
 */
export class Timers<T> {
  readonly #heap: Timer<T>[] = [];
  readonly #byHandle = new Map<TimerHandle, Timer<T>>();
  #nextHandle = 1;

  get size(): number {
    return this.#heap.length;
  }

  /** Arms a timer that fires at or after `deadlineMs` of the monotonic clock. */
  arm(deadlineMs: number, payload: T): TimerHandle {
    assert(!Number.isNaN(deadlineMs), 'a deadline is a number');
    const handle = this.#nextHandle++;
    const timer: Timer<T> = { deadlineMs, order: handle, payload, slot: this.#heap.length };
    this.#heap.push(timer);
    this.#byHandle.set(handle, timer);
    this.#siftUp(timer.slot);
    return handle;
  }

  /** Returns whether the timer was still armed. Cancelling a fired or unknown handle does nothing. */
  cancel(handle: TimerHandle | undefined): boolean {
    if (handle === undefined) return false;
    const timer = this.#byHandle.get(handle);
    if (timer === undefined) return false;
    this.#remove(timer);
    return true;
  }

  nextDeadlineMs(): number | undefined {
    return this.#heap[0]?.deadlineMs;
  }

  /** Takes the next timer that is due at `nowMs`; undefined when none is. */
  pop(nowMs: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.deadlineMs > nowMs) return undefined;
    this.#remove(first);
    return first.payload;
  }

  #remove(timer: Timer<T>): void {
    this.#byHandle.delete(timer.order);
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#place(last, timer.slot);
    this.#siftUp(last.slot);
    this.#siftDown(last.slot);
  }

  #place(timer: Timer<T>, slot: number): void {
    this.#heap[slot] = timer;
    timer.slot = slot;
  }

  #before(a: Timer<T>, b: Timer<T>): boolean {
    return a.deadlineMs < b.deadlineMs || (a.deadlineMs === b.deadlineMs && a.order < b.order);
  }

  #siftUp(from: number): void {
    let slot = from;
    const timer = this.#heap[slot] as Timer<T>;
    while (slot > 0) {
      const parentSlot = (slot - 1) >> 1;
      const parent = this.#heap[parentSlot] as Timer<T>;
      if (!this.#before(timer, parent)) break;
      this.#place(parent, slot);
      slot = parentSlot;
    }
    this.#place(timer, slot);
  }

  #siftDown(from: number): void {
    let slot = from;
    const timer = this.#heap[slot] as Timer<T>;
    for (;;) {
      const left = 2 * slot + 1;
      if (left >= this.#heap.length) break;
      const right = left + 1;
      const leftTimer = this.#heap[left] as Timer<T>;
      const rightTimer = this.#heap[right];
      const childSlot = rightTimer !== undefined && this.#before(rightTimer, leftTimer) ? right : left;
      const child = this.#heap[childSlot] as Timer<T>;
      if (!this.#before(child, timer)) break;
      this.#place(child, slot);
      slot = childSlot;
    }
    this.#place(timer, slot);
  }
}
