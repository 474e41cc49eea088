/**
 * Reads wire primitives of protobuf from bytes that nobody has checked. Throws WireFault (never anything else) on truncation, overlong
 * varints, bad wire types, text that is not UTF-8 and too deep nesting. Knows nothing of schemas.
 * Invariant: `position <= end <= buffer.length`; `end` is the end of the innermost message being read.
 */
import { WireFault } from './fault.js';
import { canonicalInt64, type Int64 } from './int64.js';
import { MAX_CACHED_TEXT, TextCache } from './text-cache.js';

/** Nesting that protobuf implementations agree to accept. */
const MAX_DEPTH = 100;
const TWO_32 = 0x1_0000_0000;
const MAX_SAFE_HIGH = 0x1f_ffff;
const MIN_SAFE_HIGH = -0x20_0000;

const texts = new TextCache();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class ProtobufReader {
  readonly #buffer: Buffer;
  readonly #view: DataView;
  readonly #gathered: unknown[] = [];
  #gatheredCount = 0;
  #depth = 0;
  /** Halves of the last varint, unsigned. */
  #low = 0;
  #high = 0;
  position = 0;
  end: number;
  /** Set by whoever finds a required field unset; see required.ts. */
  incomplete = false;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.length;
  }

  /** Enters a length-prefixed message; returns the `end` to hand to `leave`. */
  enter(): number {
    const outer = this.end;
    const length = this.length();
    this.#deeper();
    this.end = this.position + length;
    return outer;
  }

  leave(outer: number): void {
    this.#depth -= 1;
    this.end = outer;
  }

  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new WireFault(`nested more than ${MAX_DEPTH} levels deep`);
  }

  /** A length prefix that fits in what is left. */
  length(): number {
    const length = this.uint32();
    if (length > this.end - this.position) throw truncated();
    return length;
  }

  /** Low 32 bits of a varint, unsigned. */
  uint32(): number {
    const first = this.position < this.end ? (this.#buffer[this.position] as number) : 0x80;
    if (first < 0x80) {
      this.position += 1;
      return first;
    }
    this.#varint();
    return this.#low;
  }

  int32(): number {
    return this.uint32() | 0;
  }

  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  bool(): boolean {
    this.#varint();
    return this.#low !== 0 || this.#high !== 0;
  }

  uint64(): Int64 {
    this.#varint();
    const high = this.#high;
    if (high <= MAX_SAFE_HIGH) return high * TWO_32 + this.#low;
    return (BigInt(high) << 32n) | BigInt(this.#low);
  }

  int64(): Int64 {
    this.#varint();
    const high = this.#high | 0;
    if (high <= MAX_SAFE_HIGH && high > MIN_SAFE_HIGH) return high * TWO_32 + this.#low;
    return canonicalInt64((BigInt(high) << 32n) | BigInt(this.#low));
  }

  sint64(): Int64 {
    const value = BigInt(this.uint64());
    return canonicalInt64((value >> 1n) ^ -(value & 1n));
  }

  double(): number {
    const at = this.#take(8);
    return this.#view.getFloat64(at, true);
  }

  float(): number {
    const at = this.#take(4);
    return this.#view.getFloat32(at, true);
  }

  string(): string {
    const length = this.length();
    const from = this.#take(length);
    if (length === 0) return '';
    const buffer = this.#buffer;
    if (length <= MAX_CACHED_TEXT) {
      const text = texts.find(buffer, from, from + length);
      if (text !== undefined) return text;
    }
    try {
      return strictUtf8.decode(buffer.subarray(from, from + length));
    } catch {
      throw new WireFault('text is not valid UTF-8');
    }
  }

  /** A copy: a view would keep the whole input alive. */
  bytes(): Uint8Array {
    const length = this.length();
    const from = this.#take(length);
    return Uint8Array.prototype.slice.call(new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset + from, length));
  }

  /** Steps over a field that the schema does not know. */
  skip(tag: number): void {
    if (tag >>> 3 === 0) throw new WireFault('field number 0');
    switch (tag & 7) {
      case 0:
        this.#varint();
        break;
      case 1:
        this.#take(8);
        break;
      case 2:
        this.#take(this.length());
        break;
      case 3:
        this.#skipGroup(tag);
        break;
      case 5:
        this.#take(4);
        break;
      default:
        throw new WireFault(`unexpected wire type ${tag & 7}`);
    }
  }

  #skipGroup(start: number): void {
    this.#deeper();
    while (this.position < this.end) {
      const tag = this.tag();
      if (tag === start + 1) {
        this.#depth -= 1;
        return;
      }
      this.skip(tag);
    }
    throw truncated();
  }

  /** A field tag: a varint that must fit 32 bits. */
  tag(): number {
    const tag = this.uint32();
    if (tag >= 0x80 && this.#high !== 0) throw new WireFault('field number is too large');
    return tag;
  }

  /** Steps over the next tag if it is `tag`. */
  nextIs(tag: number): boolean {
    if (this.position >= this.end) return false;
    const start = this.position;
    if (this.tag() === tag) return true;
    this.position = start;
    return false;
  }

  /** How much the stack of gathered elements holds; lists inside lists use it in turn. */
  mark(): number {
    return this.#gatheredCount;
  }

  gather(item: unknown): void {
    this.#gathered[this.#gatheredCount] = item;
    this.#gatheredCount += 1;
  }

  /** Takes off what was gathered since `mark`. */
  release(mark: number): unknown[] {
    const items = this.#gathered.slice(mark, this.#gatheredCount);
    this.#gatheredCount = mark;
    return items;
  }

  #take(bytes: number): number {
    const from = this.position;
    if (bytes > this.end - from) throw truncated();
    this.position = from + bytes;
    return from;
  }

  #varint(): void {
    const buffer = this.#buffer;
    const limit = Math.min(this.end, this.position + 10);
    let low = 0;
    let high = 0;
    let shift = 0;
    for (let at = this.position; at < limit; at += 1) {
      const byte = buffer[at] as number;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x7f) << 28;
        high = (byte & 0x7f) >>> 4;
      } else high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) {
        this.position = at + 1;
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
      shift += 7;
    }
    throw limit === this.end && limit - this.position < 10
      ? truncated()
      : new WireFault('varint is longer than 10 bytes');
  }
}

function truncated(): WireFault {
  return new WireFault('message is truncated');
}
