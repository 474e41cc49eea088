/**
 * RecordIO: decimal length, newline, payload, and again. Encoding puts length line and payload into one buffer, because clients expect
 * each record to arrive as one HTTP chunk (spec 13.1). Decoding takes any chunking in time linear in the input and holds at most one
 * unfinished record; memory grows with what has arrived, not with what a length line promises. After a Rejection the stream is dead.
 */
import { type Rejection, reject } from '../base/rejection.js';

const NEWLINE = 0x0a;
const ZERO = 0x30;
/** Digits of the largest uint64. */
const MAX_LENGTH_DIGITS = 20;
const FIRST_ALLOCATION = 4096;

/** One record, ready to be written as one chunk. `payload` must not be empty: no Mesos client accepts a record of length 0. */
export function encodeRecord(payload: Uint8Array | string): Buffer {
  const size = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  const line = `${size}\n`;
  const record = Buffer.allocUnsafe(line.length + size);
  record.write(line, 0, 'latin1');
  if (typeof payload === 'string') record.write(payload, line.length, size, 'utf8');
  else record.set(payload, line.length);
  return record;
}

export class RecordDecoder {
  readonly #maxRecordBytes: number;
  #failure: Rejection | undefined;
  #lengthDigits = 0;
  #length = 0;
  /** Undefined while the length line is being read. */
  #wanted: number | undefined;
  #body: Buffer | undefined;
  #bodyBytes = 0;

  /** `maxRecordBytes` bounds a single record. */
  constructor(options: { maxRecordBytes: number }) {
    this.#maxRecordBytes = options.maxRecordBytes;
  }

  /** Bytes of the unfinished record held so far, its length line included. */
  get pendingBytes(): number {
    return this.#lengthDigits + this.#bodyBytes + (this.#wanted === undefined ? 0 : 1);
  }

  /**
   * The records that `chunk` completes, in order. They may be views of `chunk`: decode them before it is reused.
   * A Rejection means that the stream cannot be understood from here on; every later call returns it again.
   */
  push(chunk: Uint8Array): readonly Buffer[] | Rejection {
    if (this.#failure !== undefined) return this.#failure;
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const records: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      at = this.#wanted === undefined ? this.#readLength(bytes, at) : this.#readBody(bytes, at, this.#wanted, records);
      if (this.#failure !== undefined) return this.#failure;
    }
    return records;
  }

  #readLength(bytes: Buffer, from: number): number {
    let at = from;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at] as number;
      if (byte === NEWLINE) {
        this.#startBody();
        return at + 1;
      }
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9) this.#fail('malformed', 'record length is not a decimal number');
      else if (this.#lengthDigits === MAX_LENGTH_DIGITS) this.#fail('malformed', 'record length has too many digits');
      else {
        this.#length = this.#length * 10 + digit;
        this.#lengthDigits += 1;
      }
      if (this.#failure !== undefined) return at;
    }
    return at;
  }

  #startBody(): void {
    if (this.#lengthDigits === 0) this.#fail('malformed', 'record length is missing');
    else if (this.#length === 0) this.#fail('malformed', 'record length is zero');
    else if (this.#length > this.#maxRecordBytes) {
      this.#fail('too-large', `record of ${this.#length} bytes exceeds the limit of ${this.#maxRecordBytes} bytes`);
    } else this.#wanted = this.#length;
  }

  #readBody(bytes: Buffer, from: number, wanted: number, records: Buffer[]): number {
    const missing = wanted - this.#bodyBytes;
    const to = Math.min(bytes.length, from + missing);
    if (this.#bodyBytes === 0 && to - from === wanted) {
      records.push(bytes.subarray(from, to));
      this.#startLength();
      return to;
    }
    const body = this.#bodyOf(this.#bodyBytes + to - from, wanted);
    bytes.copy(body, this.#bodyBytes, from, to);
    this.#bodyBytes += to - from;
    if (this.#bodyBytes === wanted) {
      records.push(body.subarray(0, wanted));
      this.#startLength();
    }
    return to;
  }

  /** Doubles, so that byte-sized chunks cost linear time, and never beyond the record. */
  #bodyOf(needed: number, wanted: number): Buffer {
    const held = this.#body;
    if (held !== undefined && held.length >= needed) return held;
    const doubled = Math.max(needed, FIRST_ALLOCATION, (held?.length ?? 0) * 2);
    const grown = Buffer.allocUnsafeSlow(Math.min(wanted, doubled));
    if (held !== undefined) held.copy(grown, 0, 0, this.#bodyBytes);
    this.#body = grown;
    return grown;
  }

  #startLength(): void {
    this.#wanted = undefined;
    this.#length = 0;
    this.#lengthDigits = 0;
    this.#body = undefined;
    this.#bodyBytes = 0;
  }

  #fail(code: 'malformed' | 'too-large', message: string): void {
    this.#failure = reject(code, `Failed to decode RecordIO: ${message}`);
    this.#body = undefined;
  }
}
