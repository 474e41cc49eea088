/**
 * Spaces the removals of agents that stopped answering (`--agent-removal-rate-limit`, spec page 07, section 7.4): with
 * "1/10mins" at most one is marked unreachable every ten minutes. First come, first served; a cancelled request uses no
 * permit. Without a limit every permit is immediate.
 */
import type { Timers } from '../../../../base/timers.js';

interface Request {
  readonly key: string;
  readonly run: () => void;
}

export class RemovalLimiter {
  readonly #timers: Timers<() => void>;
  readonly #spacingMs: number | undefined;
  /** In order of arrival. */
  readonly #waiting = new Map<string, Request>();
  #nextPermitMs = Number.NEGATIVE_INFINITY;
  #armed = false;

  constructor(timers: Timers<() => void>, limit: { readonly count: number; readonly perMs: number } | undefined) {
    this.#timers = timers;
    this.#spacingMs = limit === undefined ? undefined : limit.perMs / limit.count;
  }

  /** Runs `run` when permitted, maybe at once. */
  acquire(nowMs: number, key: string, run: () => void): void {
    if (this.#spacingMs === undefined) {
      run();
      return;
    }
    this.#waiting.set(key, { key, run });
    this.#arm(nowMs);
  }

  /** Returns whether a request was waiting. */
  cancel(key: string): boolean {
    return this.#waiting.delete(key);
  }

  #arm(nowMs: number): void {
    if (this.#armed || this.#waiting.size === 0) return;
    this.#armed = true;
    const atMs = Math.max(nowMs, this.#nextPermitMs);
    this.#timers.arm(atMs, () => {
      this.#armed = false;
      this.#permit(atMs);
    });
  }

  #permit(nowMs: number): void {
    for (const [key, request] of this.#waiting) {
      this.#waiting.delete(key);
      this.#nextPermitMs = nowMs + (this.#spacingMs ?? 0);
      request.run();
      break;
    }
    this.#arm(nowMs);
  }
}
