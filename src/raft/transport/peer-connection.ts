/**
 * The socket of one peer connection: frames records, gathers what is sent together into one write, bounds what waits,
 * notices silence and standstill. It knows no handshake (peer-transport.ts does).
 *
 * Invariants: records leave in the order of `send`; at most one write is under way, so that a peer that does not read holds at
 * most `maxQueuedBytes` and what is not begun can still be gathered; `onClosed` is called exactly once and nothing after it.
 */
import type { Socket } from 'node:net';
import { isRejection } from '../../base/rejection.js';
import { RecordDecoder } from '../../wire/recordio.js';
import { decodePeerRecord, encodeRefusal, KEEP_ALIVE_RECORD } from './peer-codec.js';
import type { Direction, PeerFrame } from './peer-protocol.js';
import type { TransportLimits } from './transport.js';

/** Why a connection ended. */
export type CloseReason =
  | 'peer-closed'
  | 'silent' // nothing came for too long, or nothing was taken
  | 'protocol'
  | 'closed'; // by us

export interface PeerConnectionObserver {
  onFrame(frame: PeerFrame): void;
  onClosed(reason: CloseReason, detail: string): void;
}

export interface PeerConnectionOptions {
  readonly socket: Socket;
  readonly limits: TransportLimits;
  readonly observer: PeerConnectionObserver;
}

/** How often `tick` is to be called: so many times within `idleTimeoutMs`. */
export const TICKS_PER_IDLE_TIMEOUT = 6;

/** Gathered into one write. Larger records travel alone. */
const MAX_WRITE_BYTES = 1024 * 1024;
/** How long a closing connection waits for the peer to take what is queued. */
const FLUSH_DEADLINE_MS = 1_000;

export class PeerConnection {
  readonly #socket: Socket;
  readonly #limits: TransportLimits;
  readonly #observer: PeerConnectionObserver;
  #decoder: RecordDecoder;
  /** Set: messages may come. */
  #direction: Direction | undefined;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Of the write under way. */
  #writingBytes = 0;
  #isFlushScheduled = false;
  #silentTicks = 0;
  #unsentTicks = 0;
  #stuckTicks = 0;
  #isClosed = false;

  constructor(options: PeerConnectionOptions) {
    this.#socket = options.socket;
    this.#limits = options.limits;
    this.#observer = options.observer;
    this.#decoder = new RecordDecoder({ maxRecordBytes: options.limits.maxHelloBytes });
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('end', () => this.#finish('peer-closed', 'the peer ended the connection'));
    this.#socket.on('error', (error: Error) => this.#finish('peer-closed', error.message));
    this.#socket.on('close', () => this.#finish('peer-closed', 'the connection was lost'));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes that the system has not taken yet. */
  get queuedBytes(): number {
    return this.#pendingBytes + this.#writingBytes;
  }

  /**
   * Messages may come from now on, and records up to `maxFrameBytes`. Call it from `onFrame`, before the own Hello is sent:
   * whoever sends more before that breaks the rules and is cut. Returns whether it was not.
   */
  admitMessages(direction: Direction): boolean {
    if (this.#decoder.pendingBytes > 0) {
      this.#breach('a record was begun before the answer to Hello');
      return false;
    }
    this.#direction = direction;
    this.#decoder = new RecordDecoder({ maxRecordBytes: this.#limits.maxFrameBytes });
    return true;
  }

  /** Queues one record. Returns false when it does not fit, or the connection is closed: it goes nowhere. */
  send(record: Buffer): boolean {
    if (this.#isClosed || !this.#fits(record.length)) return false;
    this.#pending.push(record);
    this.#pendingBytes += record.length;
    this.#unsentTicks = 0;
    if (!this.#isFlushScheduled && this.#writingBytes === 0) {
      this.#isFlushScheduled = true;
      queueMicrotask(() => this.#flush());
    }
    return true;
  }

  /**
   * To be called by one timer for all connections. Silence is counted in calls and not in time: a process that was stopped for a
   * while has not heard its peers, and must not blame them for it.
   */
  tick(): void {
    if (this.#isClosed) return;
    this.#silentTicks += 1;
    this.#unsentTicks += 1;
    if (this.#writingBytes > 0) this.#stuckTicks += 1;
    if (this.#silentTicks > TICKS_PER_IDLE_TIMEOUT)
      this.#finish('silent', `nothing was received for ${this.#limits.idleTimeoutMs} ms`);
    else if (this.#stuckTicks > TICKS_PER_IDLE_TIMEOUT)
      this.#finish('silent', `nothing was taken for ${this.#limits.idleTimeoutMs} ms`);
    else if (this.#unsentTicks >= TICKS_PER_IDLE_TIMEOUT / 3 && this.queuedBytes === 0) this.send(KEEP_ALIVE_RECORD);
  }

  /** Ends the connection after what is queued. `onClosed` comes at once. */
  close(reason: CloseReason, detail: string): void {
    this.#finish(reason, detail, true);
  }

  /** Ends the connection; what is queued is lost. */
  destroy(reason: CloseReason, detail: string): void {
    this.#finish(reason, detail);
  }

  /** A record of any permitted size fits an empty queue. */
  #fits(bytes: number): boolean {
    if (bytes > this.#limits.maxFrameBytes) return false;
    return this.queuedBytes === 0 || this.queuedBytes + bytes <= this.#limits.maxQueuedBytes;
  }

  #flush(): void {
    this.#isFlushScheduled = false;
    if (this.#isClosed || this.#writingBytes > 0 || this.#pending.length === 0) return;
    const batch = this.#takeBatch();
    this.#writingBytes = batch.length;
    this.#socket.write(batch, () => {
      this.#writingBytes = 0;
      this.#stuckTicks = 0;
      this.#flush();
    });
  }

  #takeBatch(): Buffer {
    let bytes = 0;
    let count = 0;
    for (const { length } of this.#pending) {
      if (count > 0 && bytes + length > MAX_WRITE_BYTES) break;
      bytes += length;
      count += 1;
    }
    const taken = count === this.#pending.length ? this.#pending : this.#pending.splice(0, count);
    if (taken === this.#pending) this.#pending = [];
    this.#pendingBytes -= bytes;
    return taken.length === 1 ? (taken[0] as Buffer) : Buffer.concat(taken, bytes);
  }

  #onData(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.#silentTicks = 0;
    const records = this.#decoder.push(chunk);
    if (isRejection(records)) {
      this.#breach(records.message);
      return;
    }
    for (const record of records) {
      const frame = decodePeerRecord(record, this.#direction);
      if (isRejection(frame)) {
        this.#breach(frame.message);
        return;
      }
      this.#observer.onFrame(frame);
      if (this.#isClosed) return;
    }
  }

  /** The peer broke a rule, and is told which. */
  #breach(detail: string): void {
    this.send(encodeRefusal({ code: 'PROTOCOL', message: detail }));
    this.close('protocol', detail);
  }

  #finish(reason: CloseReason, detail: string, isFlushing = false): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const rest = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (isFlushing && this.#socket.writable) this.#end(rest);
    else this.#socket.destroy();
    this.#observer.onClosed(reason, detail);
  }

  #end(rest: readonly Buffer[]): void {
    const timer = setTimeout(() => this.#socket.destroy(), FLUSH_DEADLINE_MS);
    this.#socket.once('close', () => clearTimeout(timer));
    for (const record of rest) this.#socket.write(record);
    this.#socket.end();
  }
}
