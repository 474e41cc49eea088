/**
 * How far one follower is, as the leader sees it (thesis, 3.5 and 10.2).
 *
 *   probe      where the logs agree is not known: one append at a time
 *   replicate  it is known: appends follow each other without waiting, within the inflight window
 *   snapshot   what it needs is no longer in the log: it gets the state machine in chunks
 *
 * Invariants: match < next; in `replicate` everything before `next` was sent; nothing is sent while `isPaused`.
 */
import { assert } from '../../base/assert.js';
import type { SnapshotInfo } from './protocol.js';

export interface SnapshotTransfer {
  /** undefined: the storage is being asked for one. */
  info: SnapshotInfo | undefined;
  /** Durable at the follower. */
  offset: number;
  /** The storage reads the chunk at `offset`. */
  isReading: boolean;
  /** When the chunk at `offset` was sent last; undefined: it was not. Monotonic ms. */
  sentMs: number | undefined;
  /** When the storage could not open one; undefined: it did not fail. Monotonic ms. */
  failedMs: number | undefined;
}

interface Inflight {
  readonly lastIndex: number;
  readonly bytes: number;
}

export interface InflightLimits {
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
}

export class Progress {
  match = 0;
  state: 'probe' | 'replicate' | 'snapshot' = 'probe';
  transfer: SnapshotTransfer | undefined;
  /** The commit index that was sent last. */
  sentCommit = 0;
  /** The storage reads entries for it. */
  isReading = false;
  /** The newest heartbeat round it answered. */
  ackedRound = 0;
  /** When it was heard of last in this leadership. Monotonic ms. */
  lastHeardMs: number;
  /** The round of heartbeats that was under way when the last append was sent. */
  #sentRound = 0;
  #next: number;
  /** Probe: one append is on its way. */
  #isProbing = false;
  #inflights: Inflight[] = [];
  #inflightBytes = 0;

  constructor(
    next: number,
    private readonly limits: InflightLimits,
    nowMs: number,
  ) {
    this.#next = next;
    this.lastHeardMs = nowMs;
  }

  /** The next entry to send. */
  get next(): number {
    return this.#next;
  }

  get isPaused(): boolean {
    if (this.state === 'snapshot' || this.isReading) return true;
    return this.state === 'probe' ? this.#isProbing : this.#isWindowFull;
  }

  get #isWindowFull(): boolean {
    const { maxInflightMessages, maxInflightBytes } = this.limits;
    return this.#inflights.length >= maxInflightMessages || this.#inflightBytes >= maxInflightBytes;
  }

  becomeProbe(): void {
    // After a snapshot the follower has at least that.
    this.#enter('probe', this.match + 1);
  }

  becomeReplicate(): void {
    this.#enter('replicate', this.match + 1);
  }

  becomeSnapshot(): void {
    this.#enter('snapshot', this.#next);
    this.transfer = { info: undefined, offset: 0, isReading: false, sentMs: undefined, failedMs: undefined };
  }

  #enter(state: Progress['state'], next: number): void {
    this.state = state;
    this.transfer = undefined;
    this.isReading = false;
    this.#isProbing = false;
    this.#inflights = [];
    this.#inflightBytes = 0;
    this.#next = next;
  }

  /** An append with entries up to `lastIndex` (or none) was sent. */
  onSent(lastIndex: number, bytes: number, round: number): void {
    assert(this.state !== 'snapshot', 'no appends while a snapshot is sent');
    this.#sentRound = round;
    if (this.state === 'probe') {
      this.#isProbing = true;
      return;
    }
    if (lastIndex < this.#next) return;
    this.#next = lastIndex + 1;
    this.#inflights.push({ lastIndex, bytes });
    this.#inflightBytes += bytes;
  }

  /** It holds everything up to `match`. Returns whether that was news. */
  maybeAdvance(match: number): boolean {
    const isNews = match > this.match;
    if (isNews) this.match = match;
    this.#next = Math.max(this.#next, match + 1);
    this.#isProbing = false;
    let done = 0;
    while (done < this.#inflights.length && (this.#inflights[done] as Inflight).lastIndex <= match)
      this.#inflightBytes -= (this.#inflights[done++] as Inflight).bytes;
    if (done > 0) this.#inflights = this.#inflights.slice(done);
    return isNews;
  }

  /**
   * It refused an append that followed `prevIndex`; the logs may agree at `hint`. Returns whether that was news: answers to
   * older appends arrive late and say nothing.
   */
  maybeRetreat(prevIndex: number, hint: number): boolean {
    if (this.state === 'snapshot' || prevIndex <= this.match) return false;
    if (this.state === 'probe' && prevIndex !== this.#next - 1) return false;
    const next = this.state === 'replicate' ? this.match + 1 : Math.min(prevIndex, hint + 1);
    this.#enter('probe', Math.max(next, this.match + 1));
    return true;
  }

  /**
   * It answered a heartbeat of `round`. Returns whether an append that was sent before that round may be lost: then it is free
   * to be sent again.
   */
  maybeLost(round: number): boolean {
    if (round <= this.#sentRound) return false;
    this.#isProbing = false;
    // With a full window nothing would ever be sent again if its answers were lost.
    if (this.state === 'replicate' && this.#isWindowFull) {
      const oldest = this.#inflights.shift();
      this.#inflightBytes -= oldest?.bytes ?? 0;
    }
    return true;
  }
}
