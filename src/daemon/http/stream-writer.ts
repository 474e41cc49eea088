/**
 * One long-lived event stream: every record is one `res.write` of one Buffer, hence one HTTP chunk, because widespread
 * clients take chunk and record to be the same (spec page 13, 13.1). Never compresses, never joins records, never waits
 * for the reader: what the reader does not take is queued and counted, and past the limits the stream is cut, because a
 * subscriber that does not read must not fill this process (architecture, section 1, "Back-pressure").
 *
 * Invariants: `queuedBytes` is what was written and has not been handed to the kernel; the observer hears `onClosed`
 * exactly once, and nothing after it; a client that closes its half counts as gone, since a dead process looks like that.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface StreamLimits {
  /** `onBacklog(true)` above this; `onBacklog(false)` below half of it. Bytes. */
  readonly backlogBytes: number;
  /** The stream is cut above this. Bytes. A snapshot (`writeSnapshot`) does not count until it is flushed. */
  readonly maxQueuedBytes: number;
  /** The stream is cut when something is queued and nothing has been taken for this long. Ms. */
  readonly stallMs: number;
  /** After `end`, how long the reader has to take the rest. Ms. */
  readonly endDeadlineMs: number;
}

const MIB = 1024 * 1024;

/** Schedulers and executors: losing the stream costs their work. */
export const SCHEDULER_STREAM_LIMITS: StreamLimits = {
  backlogBytes: 4 * MIB,
  maxQueuedBytes: 64 * MIB,
  stallMs: 75_000,
  endDeadlineMs: 10_000,
};

/** Operators: a fresh snapshot replaces what is lost. */
export const OPERATOR_STREAM_LIMITS: StreamLimits = { ...SCHEDULER_STREAM_LIMITS, maxQueuedBytes: 16 * MIB };

export type StreamCloseReason =
  | 'ended' // by `end`, everything was written
  | 'client-closed'
  | 'queue-full'
  | 'stalled'
  | 'destroyed'; // by `destroy`

export interface StreamObserver {
  /** The queue went above the backlog limit (true) or back below half of it (false). */
  onBacklog?(high: boolean): void;
  /** May be called from inside `write`. */
  onClosed(reason: StreamCloseReason): void;
}

/** Made by `Exchange.openStream`; the response headers are on their way before the constructor returns. */
export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #socket: Socket | null;
  readonly #limits: StreamLimits;
  readonly #observer: StreamObserver;
  readonly #onPeerEnd = () => this.#close('client-closed');
  #queuedBytes = 0;
  #snapshotBytes = 0;
  #backlogged = false;
  #closed = false;
  #ending = false;
  #endTimer: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, options: { limits: StreamLimits; observer: StreamObserver }) {
    this.#response = response;
    this.#socket = response.socket;
    this.#limits = options.limits;
    this.#observer = options.observer;
    response.flushHeaders();
    response.on('close', () => this.#close(response.writableFinished ? 'ended' : 'client-closed'));
    response.on('error', () => this.#close('client-closed'));
    // The socket's own timer: it knows partial progress of a large write, and costs nothing per record.
    response.setTimeout(options.limits.stallMs, () => this.#onIdle());
    this.#socket?.setNoDelay(true);
    this.#socket?.setKeepAlive(true, 30_000);
    this.#socket?.on('end', this.#onPeerEnd);
    if (this.#socket === null || this.#socket.destroyed || this.#socket.readableEnded)
      queueMicrotask(() => this.#close('client-closed'));
  }

  /** Bytes written that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** One complete record (length line and payload in one Buffer). Returns false when the stream is closed or ending. */
  write(record: Buffer): boolean {
    if (this.#closed || this.#ending) return false;
    this.#queue(record, () => this.#onTaken(record.length));
    if (this.#queuedBytes - this.#snapshotBytes > this.#limits.maxQueuedBytes) {
      this.#close('queue-full');
      return false;
    }
    this.#tellBacklog();
    return !this.#closed;
  }

  /**
   * As `write`, for a record whose size is the cluster's, not the reader's fault: it does not count towards the cut. It does
   * count as backlog, so that whoever sends more of them waits.
   */
  writeSnapshot(record: Buffer): boolean {
    if (this.#closed || this.#ending) return false;
    this.#snapshotBytes += record.length;
    this.#queue(record, () => {
      this.#snapshotBytes -= record.length;
      this.#onTaken(record.length);
    });
    this.#tellBacklog();
    return !this.#closed;
  }

  /** Ends the response after what is queued; the reader has `endDeadlineMs` to take it. */
  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.#endTimer = setTimeout(() => this.#close('stalled'), this.#limits.endDeadlineMs);
    this.#response.end();
  }

  /** Cuts the connection now; what is queued is lost. */
  destroy(): void {
    this.#close('destroyed');
  }

  #queue(record: Buffer, onTaken: () => void): void {
    this.#queuedBytes += record.length;
    this.#response.write(record, onTaken);
  }

  #tellBacklog(): void {
    if (this.#backlogged || this.#queuedBytes <= this.#limits.backlogBytes) return;
    this.#backlogged = true;
    this.#observer.onBacklog?.(true);
  }

  #onTaken(bytes: number): void {
    this.#queuedBytes -= bytes;
    if (this.#closed || !this.#backlogged || this.#queuedBytes >= this.#limits.backlogBytes / 2) return;
    this.#backlogged = false;
    this.#observer.onBacklog?.(false);
  }

  #onIdle(): void {
    if (this.#queuedBytes > 0) this.#close('stalled');
  }

  #close(reason: StreamCloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#endTimer);
    this.#socket?.removeListener('end', this.#onPeerEnd);
    if (reason !== 'ended') this.#response.destroy();
    this.#observer.onClosed(reason);
  }
}
