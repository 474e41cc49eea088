/**
 * Durations of something that happens again and again: the last value and, over a bounded window, its distribution, under
 * the names that Mesos gives to timers (`X_ms`, `X_ms/p99`, ...). Source: spec page 10.
 */
const QUANTILES: readonly (readonly [string, number])[] = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
  ['p9999', 0.9999],
];

const WINDOW = 1_000;

export class TimingWindow {
  readonly #name: string;
  readonly #values: number[] = [];
  #next = 0;
  #last: number | undefined;

  /** `name`: without the `_ms` at the end. */
  constructor(name: string) {
    this.#name = `${name}_ms`;
  }

  record(durationMs: number): void {
    this.#last = durationMs;
    this.#values[this.#next] = durationMs;
    this.#next = (this.#next + 1) % WINDOW;
  }

  /** Adds its metrics; O(window log window). Before the first value only the count, 0. */
  collect(into: Map<string, number>): void {
    const sorted = [...this.#values].sort((a, b) => a - b);
    into.set(`${this.#name}/count`, sorted.length);
    const [min] = sorted;
    const max = sorted.at(-1);
    if (min === undefined || max === undefined || this.#last === undefined) return;
    into.set(this.#name, this.#last);
    into.set(`${this.#name}/min`, min);
    into.set(`${this.#name}/max`, max);
    for (const [label, quantile] of QUANTILES)
      into.set(`${this.#name}/${label}`, sorted[Math.ceil(quantile * sorted.length) - 1] ?? max);
  }
}
