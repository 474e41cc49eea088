/**
 * Writes the bytes of a protobuf message from its end to its beginning, so that every length is known when its prefix is
 * written: no second pass, no back-patching, no copying of sub-messages. Knows wire primitives only, nothing of schemas.
 * Invariant: `buffer[position..]` holds everything written so far, in its final order.
 */
const INITIAL_BYTES = 16 * 1024;
/** A scratch buffer above this is dropped after use, so that one huge message does not hold memory for ever. */
const KEEP_BYTES = 4 * 1024 * 1024;
/** Up to here copying char by char beats the call into native code. */
const SHORT_TEXT = 40;
const TWO_32 = 0x1_0000_0000;

export class ReverseWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #view: DataView = new DataView(this.#buffer.buffer);
  #position = INITIAL_BYTES;

  /** Bytes written so far. */
  get size(): number {
    return this.#buffer.length - this.#position;
  }

  /** Copies out what was written; the writer is empty afterwards. */
  finish(): Buffer {
    const from = this.#position;
    const size = this.#buffer.length - from;
    const result = Buffer.allocUnsafe(size);
    this.#buffer.copy(result, 0, from);
    this.reset();
    return result;
  }

  /** Forgets what was written. */
  reset(): void {
    if (this.#buffer.length > KEEP_BYTES) {
      this.#buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
      this.#view = new DataView(this.#buffer.buffer);
    }
    this.#position = this.#buffer.length;
  }

  #reserve(bytes: number): void {
    if (this.#position >= bytes) return;
    const used = this.#buffer.length - this.#position;
    const capacity = Math.max(this.#buffer.length * 2, used + bytes);
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.#buffer.copy(grown, capacity - used, this.#position);
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
    this.#position = capacity - used;
  }

  /** An unsigned 32-bit varint: tags, lengths, uint32, enum numbers that are not negative. */
  uint32(value: number): void {
    this.#reserve(5);
    const buffer = this.#buffer;
    if (value < 0x80) {
      this.#position -= 1;
      buffer[this.#position] = value;
      return;
    }
    let at = this.#position - (value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5);
    this.#position = at;
    let rest = value;
    while (rest >= 0x80) {
      buffer[at] = (rest & 0x7f) | 0x80;
      at += 1;
      rest >>>= 7;
    }
    buffer[at] = rest;
  }

  /** A varint given as two unsigned 32-bit halves. */
  uint64(low: number, high: number): void {
    if (high === 0) {
      this.uint32(low);
      return;
    }
    this.#reserve(10);
    const buffer = this.#buffer;
    let at = this.#position - sizeOfHalves(high);
    this.#position = at;
    let lowRest = low;
    let highRest = high;
    while (highRest !== 0 || lowRest >= 0x80) {
      buffer[at] = (lowRest & 0x7f) | 0x80;
      at += 1;
      lowRest = ((lowRest >>> 7) | (highRest << 25)) >>> 0;
      highRest >>>= 7;
    }
    buffer[at] = lowRest;
  }

  /** int32 and enums: negative values are sign-extended to 64 bits, as protobuf wants. */
  int32(value: number): void {
    if (value >= 0) this.uint32(value);
    else this.uint64(value >>> 0, 0xffff_ffff);
  }

  sint32(value: number): void {
    this.uint32(((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** int64 and uint64. */
  int64(value: number | bigint): void {
    if (typeof value === 'number') this.uint64(value >>> 0, Math.floor(value / TWO_32) >>> 0);
    else this.uint64(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)));
  }

  sint64(value: number | bigint): void {
    const wide = BigInt(value);
    this.int64(BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n)));
  }

  double(value: number): void {
    this.#reserve(8);
    this.#position -= 8;
    this.#view.setFloat64(this.#position, value, true);
  }

  float(value: number): void {
    this.#reserve(4);
    this.#position -= 4;
    this.#view.setFloat32(this.#position, value, true);
  }

  /** The text with its length prefix. */
  string(value: string): void {
    const length = value.length;
    if (length > SHORT_TEXT || !this.#shortAscii(value, length)) this.#longText(value);
  }

  #shortAscii(value: string, length: number): boolean {
    this.#reserve(length + 1);
    const buffer = this.#buffer;
    const start = this.#position - length;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      buffer[start + index] = code;
    }
    buffer[start - 1] = length;
    this.#position = start - 1;
    return true;
  }

  #longText(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.#reserve(bytes);
    this.#position -= bytes;
    this.#buffer.write(value, this.#position, bytes, 'utf8');
    this.uint32(bytes);
  }

  /** The bytes with their length prefix. */
  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#position -= value.length;
    this.#buffer.set(value, this.#position);
    this.uint32(value.length);
  }
}

/** Bytes of a varint whose high half is not zero. */
function sizeOfHalves(high: number): number {
  if (high < 0x8) return 5;
  if (high < 0x400) return 6;
  if (high < 0x2_0000) return 7;
  if (high < 0x100_0000) return 8;
  return high < 0x8000_0000 ? 9 : 10;
}
