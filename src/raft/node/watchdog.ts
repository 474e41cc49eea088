/**
 * Watches the main thread of a master from its Raft worker: a thread that does not answer must not keep its member in office
 * (architecture, section 1). After `RESIGN_AFTER_MS` of silence the member gives leadership away and stays ineligible until
 * an answer comes; after `END_AFTER_MS` the process must end. Decides only; time is a parameter.
 *
 * A machine that slept is not a thread that hangs: the silence counts from pings that were sent while this thread ran.
 */

export const PING_INTERVAL_MS = 500;
export const RESIGN_AFTER_MS = 5_000;
export const END_AFTER_MS = 15_000;
/** A longer gap between two ticks means that this thread did not run either. */
const MAX_TICK_GAP_MS = 2_000;

export type WatchdogAction =
  | { readonly kind: 'ping'; readonly ping: number }
  | { readonly kind: 'resign' }
  | { readonly kind: 'recovered' }
  | { readonly kind: 'end' };

export class Watchdog {
  #lastPing = 0;
  #answeredMs: number;
  #tickedMs: number;
  #hasResigned = false;

  constructor(nowMs: number) {
    this.#answeredMs = nowMs;
    this.#tickedMs = nowMs;
  }

  /** To be called every `PING_INTERVAL_MS`. */
  tick(nowMs: number): readonly WatchdogAction[] {
    const gapMs = nowMs - this.#tickedMs;
    this.#tickedMs = nowMs;
    if (gapMs > MAX_TICK_GAP_MS) this.#answeredMs += gapMs;
    this.#lastPing += 1;
    const ping: WatchdogAction = { kind: 'ping', ping: this.#lastPing };
    const silentMs = nowMs - this.#answeredMs;
    if (silentMs >= END_AFTER_MS) return [{ kind: 'end' }];
    if (silentMs < RESIGN_AFTER_MS || this.#hasResigned) return [ping];
    this.#hasResigned = true;
    return [{ kind: 'resign' }, ping];
  }

  /** Old answers count as well: the thread runs. */
  onPong(nowMs: number): readonly WatchdogAction[] {
    this.#answeredMs = nowMs;
    if (!this.#hasResigned) return [];
    this.#hasResigned = false;
    return [{ kind: 'recovered' }];
  }
}
