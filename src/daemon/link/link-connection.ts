/**
 * The socket of one agent link: frames records, batches what one turn of the event loop sends into one write, bounds
 * what may be queued, counts when it last heard from the peer. It knows no handshake and no channels (link-client.ts and
 * link-acceptor.ts do).
 *
 * Invariants: records leave in the order of `send`; `onClosed` is called exactly once and nothing after it; a queue
 * above its bound closes the link, no record is ever skipped.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.js';
import { isRejection } from '../../base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../wire/codec.js';
import { LinkRecord } from '../../wire/gen/mesoctl-link.js';
import { encodeRecord, RecordDecoder } from '../../wire/recordio.js';
import type { LinkCloseReason, LinkLimits } from './link-protocol.js';

export interface LinkConnectionObserver {
  onRecord(record: LinkRecord): void;
  onClosed(reason: LinkCloseReason, detail: string): void;
}

export interface LinkConnectionOptions {
  readonly socket: Socket;
  /** Bytes that came with the Upgrade, if any. */
  readonly head: Buffer;
  readonly limits: LinkLimits;
  readonly clock: Clock;
  readonly observer: LinkConnectionObserver;
}

/** How long a closing link waits for the peer to take what is queued. */
const FLUSH_DEADLINE_MS = 5_000;

export class LinkConnection {
  readonly #socket: Socket;
  readonly #limits: LinkLimits;
  readonly #clock: Clock;
  readonly #observer: LinkConnectionObserver;
  #decoder: RecordDecoder;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #lastReceivedMs: number;
  #closed = false;

  constructor(options: LinkConnectionOptions) {
    this.#socket = options.socket;
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.#observer = options.observer;
    this.#decoder = new RecordDecoder({ maxRecordBytes: options.limits.maxHelloBytes });
    this.#lastReceivedMs = options.clock.now().monotonicMs;
    this.#socket.setTimeout(0);
    this.#socket.setNoDelay(true);
    this.#socket.setKeepAlive(true, 60_000);
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('end', () => this.#finish('peer-closed', 'the peer ended the connection'));
    this.#socket.on('error', (error: Error) => this.#finish('peer-closed', error.message));
    this.#socket.on('close', () => this.#finish('peer-closed', 'the connection was lost'));
    if (options.head.length > 0) setImmediate(() => this.#onData(options.head));
  }

  get remoteIp(): string {
    return (this.#socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Monotonic milliseconds of the last bytes from the peer. */
  get lastReceivedMs(): number {
    return this.#lastReceivedMs;
  }

  /** Bytes that the peer has not taken yet. */
  get queuedBytes(): number {
    return this.#pendingBytes + this.#socket.writableLength;
  }

  /**
   * The handshake is over: records up to `maxRecordBytes` are welcome. Call it from `onRecord`. Neither side may have
   * begun another record before that; a peer that did is cut.
   */
  admitLargeRecords(): void {
    if (this.#decoder.pendingBytes > 0) {
      this.#finish('protocol', 'a record was begun before the handshake was over');
      return;
    }
    this.#decoder = new RecordDecoder({ maxRecordBytes: this.#limits.maxRecordBytes });
  }

  /** Queues one record; what one turn sends leaves in one write. Returns false when the link is closed by now. */
  send(record: LinkRecord): boolean {
    if (this.#closed) return false;
    const bytes = encodeRecord(encodeProtobuf(LinkRecord, record));
    if (this.queuedBytes + bytes.length > this.#limits.maxQueuedBytes) {
      this.#finish('queue-full', `more than ${this.#limits.maxQueuedBytes} bytes wait for the peer`);
      return false;
    }
    if (this.#pending.length === 0) queueMicrotask(() => this.#flush());
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    return true;
  }

  /** Ends the link after what is queued. `onClosed` comes at once. */
  close(reason: LinkCloseReason, detail: string): void {
    this.#flush();
    this.#finish(reason, detail, true);
  }

  /**
   * Resolves when the socket is gone. After `close` that is when the peer has read everything: a process that ends sooner
   * resets the connection if anything of the peer's is unread, and then the peer may never see what was sent last.
   */
  whenGone(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.closed) resolve();
      else this.#socket.once('close', () => resolve());
    });
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    const batch = this.#pending.length === 1 ? this.#pending[0] : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    if (!this.#closed && batch !== undefined) this.#socket.write(batch);
  }

  #onData(chunk: Buffer): void {
    if (this.#closed) return;
    this.#lastReceivedMs = this.#clock.now().monotonicMs;
    const decoder = this.#decoder;
    const records = decoder.push(chunk);
    if (isRejection(records)) {
      this.#finish('protocol', records.message);
      return;
    }
    for (const bytes of records) {
      if (this.#closed) return;
      const record = decodeProtobuf(LinkRecord, bytes);
      if (isRejection(record)) {
        this.#finish('protocol', record.message);
        return;
      }
      this.#observer.onRecord(record);
    }
  }

  #finish(reason: LinkCloseReason, detail: string, flushFirst = false): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (flushFirst && this.#socket.writable) {
      // Resumed, or the peer's last bytes would keep 'end' from arriving.
      this.#socket.resume();
      this.#socket.end();
      const timer = setTimeout(() => this.#socket.destroy(), FLUSH_DEADLINE_MS);
      this.#socket.once('close', () => clearTimeout(timer));
    } else this.#socket.destroy();
    this.#observer.onClosed(reason, detail);
  }
}
