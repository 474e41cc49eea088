/** Tells trouble once, and then at most every 30 s for the same address and code. Holds a bounded number of them. */
import type { Clock } from '../../base/clock.js';
import type { TransportTrouble } from './transport.js';

const REPEAT_MS = 30_000;
const MAX_REMEMBERED = 256;

export class TroubleLog {
  readonly #clock: Clock;
  readonly #tell: (trouble: TransportTrouble) => void;
  /** When it was told last, oldest first. */
  readonly #told = new Map<string, number>();

  constructor(clock: Clock, tell: (trouble: TransportTrouble) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  report(trouble: TransportTrouble): void {
    const key = `${trouble.code} ${trouble.address}`;
    const nowMs = this.#clock.now().monotonicMs;
    const toldMs = this.#told.get(key);
    if (toldMs !== undefined && nowMs - toldMs < REPEAT_MS) return;
    this.#told.delete(key);
    this.#told.set(key, nowMs);
    if (this.#told.size > MAX_REMEMBERED) this.#told.delete(this.#told.keys().next().value as string);
    this.#tell(trouble);
  }
}
