/**
 * Looks for damage in a write-ahead log before SQLite reads it. SQLite ends a log at the first frame whose checksum is wrong,
 * which is right for a write that a crash tore, and loses acknowledged transactions without a word if the frame was
 * damaged later. The two are told apart here. Source: "WAL-mode file format", sqlite.org/walformat.html.
 *
 * A transaction is on the disk before the next one is begun. So a bad frame is damage if anything of a later transaction
 * lies behind it; and in the last transaction, if exactly one flipped bit explains it (a torn write differs in sectors).
 * What cannot be told from a crash: a log cut off between transactions, and wider damage in the very last one.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;

/** Both halves of a running checksum. */
type Sums = readonly [number, number];

interface Wal {
  readonly bytes: Buffer;
  readonly isBigEndian: boolean;
  readonly pageBytes: number;
  readonly frames: number;
}

/** What is wrong with the log at `path`; undefined: nothing, or there is none. */
export function findWalDamage(path: string): string | undefined {
  const bytes = readWal(path);
  // SQLite makes the header durable before the first frame; until then there is nothing to lose.
  if (bytes === undefined || bytes.length < HEADER_BYTES) return undefined;
  const isBigEndian = (bytes.readUInt32BE(0) & 1) === 1;
  const header = checksum(bytes, 0, HEADER_BYTES - 8, [0, 0], isBigEndian);
  const pageBytes = bytes.readUInt32BE(8);
  const isSound =
    bytes.readUInt32BE(0) >>> 1 === MAGIC >>> 1 &&
    isEqual(header, storedSums(bytes, HEADER_BYTES - 8)) &&
    pageBytes >= 512 &&
    pageBytes <= 65_536;
  if (!isSound) return bytes.every((byte) => byte === 0) ? undefined : 'the header of its write-ahead log is wrong';
  const frames = Math.floor((bytes.length - HEADER_BYTES) / (FRAME_HEADER_BYTES + pageBytes));
  return checkFrames({ bytes, isBigEndian, pageBytes, frames }, header);
}

function readWal(path: string): Buffer | undefined {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const magic = Buffer.alloc(4);
      return readSync(descriptor, magic, 0, 4, 0) < 4 ? undefined : readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function checkFrames(wal: Wal, header: Sums): string | undefined {
  let sums = header;
  for (let frame = 0; frame < wal.frames; frame++) {
    const at = offsetOf(wal, frame);
    const computed = frameSums(wal, at, sums);
    if (!hasSalt(wal, at) || !isEqual(computed, storedSums(wal.bytes, at + 16))) return explain(wal, frame, sums);
    sums = computed;
  }
  return undefined;
}

/** `bad` is the first frame that SQLite will not read. */
function explain(wal: Wal, bad: number, before: Sums): string | undefined {
  const at = offsetOf(wal, bad);
  const damage = `frame ${bad + 1} of its write-ahead log has a wrong checksum`;
  if (isFlipped(wal, at, before)) return damage;
  let hasCommit = wal.bytes.readUInt32BE(at + 4) !== 0 && hasSalt(wal, at);
  // Each frame is checked from the sums that its predecessor claims, so damage before it does not matter.
  for (let frame = bad + 1; frame < wal.frames; frame++) {
    const next = offsetOf(wal, frame);
    if (!hasSalt(wal, next)) return undefined;
    const claimed = storedSums(wal.bytes, offsetOf(wal, frame - 1) + 16);
    if (!isEqual(frameSums(wal, next, claimed), storedSums(wal.bytes, next + 16))) continue;
    if (hasCommit) return damage;
    hasCommit = wal.bytes.readUInt32BE(next + 4) !== 0;
  }
  return undefined;
}

/** Whether one flipped bit makes the difference between this frame and a good one. */
function isFlipped(wal: Wal, at: number, before: Sums): boolean {
  const { bytes, isBigEndian, pageBytes } = wal;
  const computed = frameSums(wal, at, before);
  const stored = storedSums(bytes, at + 16);
  const saltBits =
    bitsApart(bytes.readUInt32BE(at + 8), bytes.readUInt32BE(16)) +
    bitsApart(bytes.readUInt32BE(at + 12), bytes.readUInt32BE(20));
  if (saltBits === 1) return isEqual(computed, stored);
  if (saltBits > 0) return false;
  if (bitsApart(computed[0], stored[0]) + bitsApart(computed[1], stored[1]) === 1) return true;
  const delta: Sums = [(stored[0] - computed[0]) | 0, (stored[1] - computed[1]) | 0];
  // The sums are linear in every word: from the last pair back, how much a change of 1 in each word adds to both.
  let [firstBy0, firstBy1, secondBy0, secondBy1] = [1, 1, 0, 1];
  for (let pair = (8 + pageBytes) / 8 - 1; pair >= 0; pair--) {
    const offset = pair === 0 ? at : at + FRAME_HEADER_BYTES + (pair - 1) * 8;
    if (isOneBit(readWord(bytes, offset, isBigEndian), delta, firstBy0, firstBy1)) return true;
    if (isOneBit(readWord(bytes, offset + 4, isBigEndian), delta, secondBy0, secondBy1)) return true;
    [firstBy0, firstBy1] = stepBack(firstBy0, firstBy1);
    [secondBy0, secondBy1] = stepBack(secondBy0, secondBy1);
  }
  return false;
}

function stepBack(by0: number, by1: number): [number, number] {
  return [(by0 + by1) | 0, (by0 + 2 * by1) | 0];
}

/** Whether flipping one bit of `word`, of which each unit adds `by0` and `by1` to the sums, makes up for `delta`. */
function isOneBit(word: number, delta: Sums, by0: number, by1: number): boolean {
  for (let bit = 0; bit < 32; bit++) {
    const change = (word >>> bit) & 1 ? -(1 << bit) : 1 << bit;
    if (Math.imul(by0, change) === delta[0] && Math.imul(by1, change) === delta[1]) return true;
  }
  return false;
}

function offsetOf({ pageBytes }: Wal, frame: number): number {
  return HEADER_BYTES + frame * (FRAME_HEADER_BYTES + pageBytes);
}

/** Frames of an older round of the log carry its salt. */
function hasSalt({ bytes }: Wal, at: number): boolean {
  return bytes.compare(bytes, 16, 24, at + 8, at + 16) === 0;
}

function frameSums({ bytes, isBigEndian, pageBytes }: Wal, at: number, before: Sums): Sums {
  return checksum(bytes, at + FRAME_HEADER_BYTES, pageBytes, checksum(bytes, at, 8, before, isBigEndian), isBigEndian);
}

function checksum(bytes: Buffer, from: number, count: number, [before0, before1]: Sums, isBigEndian: boolean): Sums {
  let sum0 = before0;
  let sum1 = before1;
  for (let at = from; at < from + count; at += 8) {
    sum0 = (sum0 + readWord(bytes, at, isBigEndian) + sum1) | 0;
    sum1 = (sum1 + readWord(bytes, at + 4, isBigEndian) + sum0) | 0;
  }
  return [sum0, sum1];
}

function readWord(bytes: Buffer, at: number, isBigEndian: boolean): number {
  return isBigEndian ? bytes.readInt32BE(at) : bytes.readInt32LE(at);
}

function storedSums(bytes: Buffer, at: number): Sums {
  return [bytes.readInt32BE(at), bytes.readInt32BE(at + 4)];
}

function isEqual(a: Sums, b: Sums): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function bitsApart(a: number, b: number): number {
  let bits = 0;
  for (let differing = (a ^ b) >>> 0; differing !== 0; differing &= differing - 1) bits += 1;
  return bits;
}
