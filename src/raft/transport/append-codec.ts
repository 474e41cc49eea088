/**
 * Append messages between memory and protobuf, by hand: they are nearly all that travels between members, hundreds of entries
 * at a time. What is written is ordinary protobuf (peer.proto); what is read is only what this file itself writes, and
 * anything else, valid or not, is left to the tables (undefined).
 *
 * Invariants: an encoded record is one allocation, length line included; entries of a decoded append are views of `bytes`, so
 * the caller decides what they keep alive; nothing is allocated by a number that the bytes claim.
 */
import { assert } from '../../base/assert.js';
import type { AppendRequest, Entry } from '../core/protocol.js';
import { encodeConfiguration } from '../wire-configuration.js';

/** (field number << 3) | wire type, of peer.proto. */
const APPEND_TAG = (16 << 3) | 2;
const TERM_TAG = 0x08;
const PREV_INDEX_TAG = 0x10;
const PREV_TERM_TAG = 0x18;
const COMMIT_TAG = 0x20;
const ENTRY_TAG = 0x2a;
const ENTRY_TERM_TAG = 0x08;
const ENTRY_DATA_TAG = 0x12;
const ENTRY_CONFIGURATION_TAG = 0x1a;

/** Bytes of one entry's tag, term tag and data tag. */
const ENTRY_TAGS = 3;
const TWO_28 = 2 ** 28;
const TWO_32 = 2 ** 32;
/** Bits 32 to 52: what a whole number can have in its upper half. */
const MAX_HIGH = 0x1f_ffff;

/** One RecordIO record with the append in it. `entries` follow `prevIndex` without gaps. */
export function encodeAppendRecord(message: AppendRequest): Buffer {
  const { term, prevIndex, prevTerm, commit, entries } = message;
  const bodies = entries.map(bodyBytes);
  let size = 4 + varintSize(term) + varintSize(prevIndex) + varintSize(prevTerm) + varintSize(commit);
  for (let i = 0; i < entries.length; i++) {
    const inner = entrySize(entries[i] as Entry, bodies[i]);
    size += 1 + varintSize(inner) + inner;
  }
  const payloadSize = 2 + varintSize(size) + size;
  const line = `${payloadSize}\n`;
  const record = Buffer.allocUnsafe(line.length + payloadSize);
  record.write(line, 0, 'latin1');
  let at = writeVarint(record, line.length, APPEND_TAG);
  at = writeVarint(record, at, size);
  at = writeField(record, at, TERM_TAG, term);
  at = writeField(record, at, PREV_INDEX_TAG, prevIndex);
  at = writeField(record, at, PREV_TERM_TAG, prevTerm);
  at = writeField(record, at, COMMIT_TAG, commit);
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    assert(entry.index === prevIndex + 1 + i, 'entries of an append follow each other');
    at = writeEntry(record, at, entry, bodies[i]);
  }
  assert(at === record.length, 'an append is as long as it was measured');
  return record;
}

function bodyBytes({ body }: Entry): Uint8Array | undefined {
  if (body.kind === 'data') return body.data;
  return body.kind === 'configuration' ? encodeConfiguration(body.configuration) : undefined;
}

function entrySize({ term }: Entry, body: Uint8Array | undefined): number {
  const fixed = ENTRY_TAGS - 2 + varintSize(term);
  return body === undefined ? fixed : fixed + 1 + varintSize(body.length) + body.length;
}

function writeEntry(record: Buffer, from: number, entry: Entry, body: Uint8Array | undefined): number {
  record[from] = ENTRY_TAG;
  let at = writeVarint(record, from + 1, entrySize(entry, body));
  at = writeField(record, at, ENTRY_TERM_TAG, entry.term);
  if (body === undefined) return at;
  at = writeField(record, at, entry.body.kind === 'data' ? ENTRY_DATA_TAG : ENTRY_CONFIGURATION_TAG, body.length);
  record.set(body, at);
  return at + body.length;
}

function writeField(record: Buffer, at: number, tag: number, value: number): number {
  record[at] = tag;
  return writeVarint(record, at + 1, value);
}

function writeVarint(record: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest >= TWO_28) {
    record[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    record[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  record[at] = rest;
  return at + 1;
}

function varintSize(value: number): number {
  assert(value >= 0 && Number.isSafeInteger(value), 'what travels is a whole number');
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  let size = 2;
  for (let rest = Math.floor(value / 0x4000); rest > 0; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** What an append record says, apart from its sender and receiver. */
export type DecodedAppend = Pick<AppendRequest, 'term' | 'prevIndex' | 'prevTerm' | 'commit' | 'entries'>;

/** Whether it is worth a call of `decodeAppend`. */
export function startsAppend(bytes: Buffer): boolean {
  return bytes[0] === ((APPEND_TAG & 0x7f) | 0x80) && bytes[1] === APPEND_TAG >> 7;
}

/** undefined: this is no append, or not written as `encodeAppendRecord` does. `bytes`: the record without its length line. */
export function decodeAppend(bytes: Buffer): DecodedAppend | undefined {
  const cursor = new Cursor(bytes);
  if (cursor.varint() !== APPEND_TAG || cursor.varint() !== cursor.left) return undefined;
  const term = cursor.field(TERM_TAG);
  const prevIndex = cursor.field(PREV_INDEX_TAG);
  const prevTerm = cursor.field(PREV_TERM_TAG);
  const commit = cursor.field(COMMIT_TAG);
  if (term < 0 || prevIndex < 0 || prevTerm < 0 || commit < 0) return undefined;
  const entries: Entry[] = [];
  while (cursor.left > 0) {
    const entry = readEntry(cursor, prevIndex + 1 + entries.length);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return { term, prevIndex, prevTerm, commit, entries };
}

/** Entries without data and with a configuration are rare: the tables read them. */
function readEntry(cursor: Cursor, index: number): Entry | undefined {
  const size = cursor.field(ENTRY_TAG);
  const end = cursor.at + size;
  if (size < 0 || size > cursor.left) return undefined;
  const term = cursor.field(ENTRY_TERM_TAG);
  const length = cursor.field(ENTRY_DATA_TAG);
  if (term < 0 || length < 0 || cursor.at + length !== end) return undefined;
  return { index, term, body: { kind: 'data', data: cursor.view(length) } };
}

/** Answers -1 for whatever is not as expected. */
class Cursor {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  field(tag: number): number {
    if (this.#bytes[this.at] !== tag) return -1;
    this.at += 1;
    return this.varint();
  }

  varint(): number {
    const first = this.#bytes[this.at] ?? 0x80;
    if (first < 0x80) {
      this.at += 1;
      return first;
    }
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 56; shift += 7) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) return -1;
      this.at += 1;
      const bits = byte & 0x7f;
      if (shift < 28) low += bits * 2 ** shift;
      else high += bits * 2 ** (shift - 28);
      if (byte < 0x80) {
        const value = low + high * TWO_28;
        return value <= MAX_HIGH * TWO_32 + (TWO_32 - 1) ? value : -1;
      }
    }
    return -1;
  }

  /** The next `length` bytes, which the caller has checked to be there. */
  view(length: number): Uint8Array {
    const view = new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + this.at, length);
    this.at += length;
    return view;
  }
}
