/** Simulated time: what happens next, in an order that depends on the seed alone. A binary heap by (time, insertion). */
export class Schedule {
  nowMs = 0;
  readonly #times: number[] = [];
  readonly #orders: number[] = [];
  readonly #actions: (() => void)[] = [];
  #inserted = 0;

  get size(): number {
    return this.#actions.length;
  }

  after(delayMs: number, action: () => void): void {
    this.at(this.nowMs + delayMs, action);
  }

  at(timeMs: number, action: () => void): void {
    this.#times.push(Math.max(timeMs, this.nowMs));
    this.#orders.push(this.#inserted++);
    this.#actions.push(action);
    let slot = this.#actions.length - 1;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (!this.#isBefore(slot, parent)) break;
      this.#swap(slot, parent);
      slot = parent;
    }
  }

  /** Runs the next action; false: there is none. */
  run(): boolean {
    const action = this.#actions[0];
    if (action === undefined) return false;
    this.nowMs = this.#times[0] as number;
    this.#swap(0, this.#actions.length - 1);
    this.#times.pop();
    this.#orders.pop();
    this.#actions.pop();
    this.#sink();
    action();
    return true;
  }

  #sink(): void {
    const { length } = this.#actions;
    let slot = 0;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= length) return;
      if (child + 1 < length && this.#isBefore(child + 1, child)) child += 1;
      if (!this.#isBefore(child, slot)) return;
      this.#swap(child, slot);
      slot = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [timeA, timeB] = [this.#times[a] as number, this.#times[b] as number];
    return timeA < timeB || (timeA === timeB && (this.#orders[a] as number) < (this.#orders[b] as number));
  }

  #swap(a: number, b: number): void {
    const [time, order, action] = [this.#times[a], this.#orders[a], this.#actions[a]];
    this.#times[a] = this.#times[b] as number;
    this.#orders[a] = this.#orders[b] as number;
    this.#actions[a] = this.#actions[b] as () => void;
    this.#times[b] = time as number;
    this.#orders[b] = order as number;
    this.#actions[b] = action as () => void;
  }
}
