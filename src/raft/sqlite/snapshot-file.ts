/**
 * The file of a snapshot: a SQLite database with the tables of the state machine (those of the member are there and
 * empty, so that migrations find what they expect), and behind it what it is of:
 *
 *   database | SnapshotTrailer | SHA-256 of both | length of the trailer, 4 bytes | magic, 8 bytes
 *
 * `sqlite3 FILE` can read it. It never holds votes, identity or log of the member that wrote it.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isRejection } from '../../base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../wire/codec.js';
import * as raft from '../../wire/gen/mesoctl-raft.js';
import type { Configuration } from '../core/configuration.js';
import { configurationFromWire, configurationToWire, wholeNumber } from '../wire-configuration.js';
import { corruptSnapshot, fileError, newer } from './log-error.js';

const VERSION = 1;
const MAGIC = Buffer.from('MESOSNAP');
const HASH_BYTES = 32;
const END_BYTES = HASH_BYTES + 4 + MAGIC.length;
const MAX_TRAILER_BYTES = 1024 * 1024;
export const BLOCK_BYTES = 1024 * 1024;

export interface SnapshotFileInfo {
  readonly clusterId: string;
  readonly index: number;
  readonly term: number;
  /** Of the last entry that is in it. */
  readonly configuration: Configuration;
  /** Of its tables: how many migrations made them. */
  readonly format: number;
  readonly noticeTerm: number;
  readonly databaseBytes: number;
  readonly sizeBytes: number;
}

/** What follows a database of `databaseBytes` bytes of which `hash` has seen all. */
export function encodeTrailer(info: Omit<SnapshotFileInfo, 'sizeBytes'>, hash: Hash): Uint8Array {
  const trailer = encodeProtobuf(raft.SnapshotTrailer, {
    version: VERSION,
    cluster_id: info.clusterId,
    index: info.index,
    term: info.term,
    configuration: configurationToWire(info.configuration),
    format: info.format,
    database_bytes: info.databaseBytes,
    notice_term: info.noticeTerm,
  });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(trailer.length);
  return Buffer.concat([trailer, hash.update(trailer).digest(), length, MAGIC]);
}

/** Verifies the whole file. Throws WORK_DIR_CORRUPT or WORK_DIR_NEWER naming it, or DISK where it cannot be read. */
export function readSnapshotFile(path: string): SnapshotFileInfo {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    return readOpened(descriptor, path);
  } catch (error) {
    throw fileError(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readOpened(descriptor: number, path: string): SnapshotFileInfo {
  const sizeBytes = fstatSync(descriptor).size;
  const damaged = (what: string) => corruptSnapshot(path, what);
  if (sizeBytes < END_BYTES) throw damaged('it is too short');
  const end = readAt(descriptor, sizeBytes - END_BYTES, END_BYTES);
  if (!end.subarray(HASH_BYTES + 4).equals(MAGIC)) throw damaged('its end is missing, or it is no snapshot');
  const trailerBytes = end.readUInt32BE(HASH_BYTES);
  const databaseBytes = sizeBytes - END_BYTES - trailerBytes;
  if (trailerBytes > MAX_TRAILER_BYTES || databaseBytes < 0) throw damaged('its description is longer than it can be');
  const trailer = readAt(descriptor, databaseBytes, trailerBytes);
  const hash = createHash('sha256');
  for (let at = 0; at < databaseBytes; at += BLOCK_BYTES)
    hash.update(readAt(descriptor, at, Math.min(BLOCK_BYTES, databaseBytes - at)));
  if (!hash.update(trailer).digest().equals(end.subarray(0, HASH_BYTES))) throw damaged('it has a wrong checksum');
  return { ...decodeTrailer(trailer, path, databaseBytes), sizeBytes };
}

function decodeTrailer(bytes: Uint8Array, path: string, databaseBytes: number): Omit<SnapshotFileInfo, 'sizeBytes'> {
  const trailer = decodeProtobuf(raft.SnapshotTrailer, bytes);
  if (isRejection(trailer)) throw corruptSnapshot(path, trailer.message);
  if (trailer.version > VERSION) throw newer(path, trailer.version, VERSION);
  const configuration = configurationFromWire(trailer.configuration);
  if (isRejection(configuration)) throw corruptSnapshot(path, configuration.message);
  const [index, term] = [wholeNumber(trailer.index), wholeNumber(trailer.term)];
  const noticeTerm = wholeNumber(trailer.notice_term);
  if (index === undefined || term === undefined || noticeTerm === undefined)
    throw corruptSnapshot(path, 'its numbers are too large');
  if (wholeNumber(trailer.database_bytes) !== databaseBytes) throw corruptSnapshot(path, 'it has a wrong length');
  return {
    clusterId: trailer.cluster_id,
    index,
    term,
    configuration,
    format: trailer.format,
    noticeTerm,
    databaseBytes,
  };
}

export function readAt(descriptor: number, position: number, count: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(count);
  let done = 0;
  while (done < count) {
    const read = readSync(descriptor, bytes, done, count - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}
