/** Waits between attempts: doubling from `firstMs` to `maxMs`, each a random part of that, so that clients spread out. */
import type { Random } from '../base/random.js';

export interface BackOffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** What schedulers of Mesos are told to do after a lost connection (spec page 01, section 1.3). */
export const RECONNECT_BACK_OFF: BackOffOptions = { firstMs: 200, maxMs: 15_000 };

export class BackOff {
  readonly #options: BackOffOptions;
  readonly #random: Random;
  #attempts = 0;

  constructor(options: BackOffOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  /** The next wait: between half of the current step and all of it. */
  nextMs(): number {
    const step = Math.min(this.#options.maxMs, this.#options.firstMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts += 1;
    return Math.round(step * (0.5 + this.#random.next() / 2));
  }

  /** After a success. */
  reset(): void {
    this.#attempts = 0;
  }
}

/** Resolves after `ms`; at once, without an error, when `signal` aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
