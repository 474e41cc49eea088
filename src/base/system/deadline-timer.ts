/**
 * One Node timer that follows the next deadline of a decision core (base/core.ts): armed anew only when the deadline
 * changed, silent after `stop`.
 */
import type { Clock } from '../clock.js';

/** Longest delay Node's timers take, ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #deadlineMs: number | undefined;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Monotonic milliseconds; undefined: there is none. */
  follow(deadlineMs: number | undefined): void {
    if (deadlineMs === this.#deadlineMs) return;
    clearTimeout(this.#timer);
    this.#deadlineMs = deadlineMs;
    if (deadlineMs === undefined) return;
    const delayMs = Math.ceil(deadlineMs - this.#clock.now().monotonicMs);
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#deadlineMs = undefined;
  }

  // Cleared first, so that the same deadline, seen again after a step that it did not satisfy, is armed again.
  #fire(): void {
    this.#deadlineMs = undefined;
    this.#onDue();
  }
}
