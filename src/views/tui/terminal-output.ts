/**
 * Writes to a terminal without ever waiting for it. Node makes terminals blocking, so a terminal that does not read (a
 * stopped multiplexer, a stalled SSH line) would stop keys, signals and the event stream with it. This one opens the
 * terminal a second time, non-blocking, and keeps what has not been taken.
 *
 * Invariant: bytes go out in order; what waits is bounded by its users, who ask `isDrained` before they write more.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { PaintTarget } from './painter.js';
import type { Schedule } from './schedule.js';

const FIRST_RETRY_MS = 4;
const MAX_RETRY_MS = 64;
/** Ends an escape sequence that was cut off. */
const CANCEL = '\u0018';

export class TerminalOutput implements PaintTarget {
  readonly #fd: number;
  readonly #isOurs: boolean;
  readonly #schedule: Schedule;
  readonly #onGone: () => void;
  #pending: Buffer = Buffer.alloc(0);
  #retryMs = FIRST_RETRY_MS;
  #cancelRetry: (() => void) | undefined;
  readonly #waiting: (() => void)[] = [];
  #isGone = false;
  #stalledSinceMs: number | undefined;

  /** `fd`: the terminal. `onGone`: it does not exist any more. */
  constructor(fd: number, schedule: Schedule, onGone: () => void) {
    const own = reopen(fd);
    this.#fd = own ?? fd;
    this.#isOurs = own !== undefined;
    this.#schedule = schedule;
    this.#onGone = onGone;
  }

  get isDrained(): boolean {
    return this.#pending.length === 0;
  }

  /** For how long the terminal has not taken what there is for it. Ms. */
  get stalledMs(): number {
    return this.#stalledSinceMs === undefined ? 0 : this.#schedule.nowMs() - this.#stalledSinceMs;
  }

  write(text: string): void {
    if (this.#isGone) return;
    const bytes = Buffer.from(text, 'utf8');
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    if (this.#cancelRetry === undefined) this.#flush();
  }

  onDrained(run: () => void): void {
    this.#waiting.push(run);
  }

  /**
   * Drops what still waits and writes `text`, waiting for the terminal for at most `deadlineMs`: for the last words of a
   * process, when no timer runs any more.
   */
  writeLast(text: string, deadlineMs: number): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.#isGone) return;
    this.#pending = Buffer.from(this.#pending.length > 0 ? `${CANCEL}${text}` : text, 'utf8');
    const startedMs = performance.now();
    while (!this.#isGone && !this.#tryWrite() && performance.now() - startedMs < deadlineMs) sleepSync(FIRST_RETRY_MS);
    this.#pending = Buffer.alloc(0);
    this.#onTaken();
  }

  close(): void {
    this.#cancelRetry?.();
    this.#isGone = true;
    if (this.#isOurs) closeSync(this.#fd);
  }

  #flush(): void {
    if (this.#tryWrite()) {
      this.#onTaken();
      return;
    }
    if (this.#isGone) return;
    this.#stalledSinceMs ??= this.#schedule.nowMs();
    this.#cancelRetry = this.#schedule.after(this.#retryMs, () => {
      this.#cancelRetry = undefined;
      this.#flush();
    });
    this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2);
  }

  #onTaken(): void {
    this.#stalledSinceMs = undefined;
    this.#retryMs = FIRST_RETRY_MS;
    for (const run of this.#waiting.splice(0)) run();
  }

  /** Whether everything is out. */
  #tryWrite(): boolean {
    try {
      while (this.#pending.length > 0) {
        const written = writeSync(this.#fd, this.#pending);
        this.#pending = this.#pending.subarray(written);
      }
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      this.#isGone = true;
      this.#pending = Buffer.alloc(0);
      this.#onGone();
      return false;
    }
  }
}

/** The same terminal with an open file description of its own: flags of the given one are shared with the shell. */
function reopen(fd: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // The terminal may belong to another user (after su): then writes to the given one may block.
    return undefined;
  }
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
