/**
 * The tables that a member keeps beside those of its state machine, and their rows: prepared statements, protobuf and
 * checksums. Every row is verified when it is read; what does not match is WORK_DIR_CORRUPT, never a guess.
 *
 * Tables whose name begins with `raft_` are the member's own (log, vote, identity) and never leave it; all other tables
 * are the state machine's and are what a snapshot holds. Writes must happen inside a transaction of the caller.
 */
import { crc32 } from 'node:zlib';
import type { Database, Statement } from 'better-sqlite3';
import { assert, unreachable } from '../../base/assert.js';
import { isRejection } from '../../base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../wire/codec.js';
import * as raft from '../../wire/gen/mesoctl-raft.js';
import type { Int64 } from '../../wire/int64.js';
import type { MessageType } from '../../wire/schema.js';
import type { Standing } from '../core/bootstrap/protocol.js';
import type { Configuration } from '../core/configuration.js';
import type { Entry, HardState, StoredState } from '../core/protocol.js';
import {
  configurationFromWire,
  configurationToWire,
  decodeConfiguration,
  encodeConfiguration,
  wholeNumber,
} from '../wire-configuration.js';
import { corrupt, newer } from './log-error.js';
import type { Identity } from './protocol.js';

export const OWN_TABLES = 'raft_';

/** A step of a migration: the tables as they are since the log has members. A released step never changes. */
export function createRaftTables(database: Database): void {
  database.exec(`
    CREATE TABLE raft_entries (
      idx  INTEGER PRIMARY KEY,
      term INTEGER NOT NULL,
      kind INTEGER NOT NULL,
      body BLOB NOT NULL,
      crc  INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE raft_state (
      key   TEXT PRIMARY KEY,
      value BLOB NOT NULL,
      crc   INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
  `);
}

export interface Applied {
  readonly index: number;
  readonly term: number;
  /** Of the entry that the state machine's notice came from; 0: it has none. */
  readonly noticeTerm: number;
}

export type Base = StoredState['base'];

type StateKey = 'format' | 'identity' | 'hard-state' | 'base' | 'applied';

const NO_OP = 0;
const DATA = 1;
const CONFIGURATION = 2;

/** `SELECT` of an entry, in raw mode. */
type EntryRow = readonly [index: number, term: number, kind: number, body: Buffer, crc: number];

const EMPTY = new Uint8Array(0);
/** What an entry counts for beside its data. */
const ENTRY_OVERHEAD_BYTES = 32;
/** Entries of one INSERT: half the cost of one each. */
const LOT = 8;

export class RaftTables {
  readonly #database: Database;
  readonly #file: string;
  readonly #putState: Statement;
  readonly #getState: Statement<[string], { value: Buffer; crc: number }>;
  readonly #putOne: Statement;
  readonly #putLot: Statement;
  readonly #deleteFrom: Statement;
  readonly #deleteTo: Statement;
  readonly #select: Statement<[number, number], EntryRow>;
  readonly #sumBytes: Statement<[number, number], number>;
  readonly #lengths: Statement<[number, number], [index: number, length: number]>;
  readonly #header = Buffer.alloc(17);
  readonly #values: (number | Uint8Array)[] = [];

  constructor(database: Database, file: string) {
    this.#database = database;
    this.#file = file;
    this.#putState = database.prepare('INSERT OR REPLACE INTO raft_state VALUES (?, ?, ?)');
    this.#getState = database.prepare('SELECT value, crc FROM raft_state WHERE key = ?');
    this.#putOne = database.prepare('INSERT INTO raft_entries VALUES (?, ?, ?, ?, ?)');
    this.#putLot = database.prepare(`INSERT INTO raft_entries VALUES ${Array(LOT).fill('(?, ?, ?, ?, ?)').join(', ')}`);
    this.#deleteFrom = database.prepare('DELETE FROM raft_entries WHERE idx >= ?');
    this.#deleteTo = database.prepare('DELETE FROM raft_entries WHERE idx <= ?');
    this.#select = database
      .prepare<[number, number], EntryRow>(
        'SELECT idx, term, kind, body, crc FROM raft_entries WHERE idx >= ? AND idx <= ? ORDER BY idx',
      )
      .raw();
    this.#sumBytes = database
      .prepare<[number, number], number>(
        `SELECT coalesce(sum(${ENTRY_OVERHEAD_BYTES} + iif(kind = ${DATA}, length(body), 0)), 0) FROM raft_entries WHERE idx >= ? AND idx <= ?`,
      )
      .pluck();
    this.#lengths = database
      .prepare<[number, number], [number, number]>(
        'SELECT idx, length(body) FROM raft_entries WHERE idx >= ? AND idx <= ? ORDER BY idx',
      )
      .raw();
  }

  /* ---------------------------------------------------------------- entries */

  /** Behind the last one there is. */
  putEntries(entries: readonly Entry[]): void {
    const values = this.#values;
    let at = 0;
    for (; at + LOT <= entries.length; at += LOT) {
      for (let i = 0; i < LOT; i++) this.#spread(entries[at + i] as Entry, i * 5);
      this.#putLot.run(values);
    }
    values.length = 0;
    for (; at < entries.length; at++) {
      this.#spread(entries[at] as Entry, 0);
      this.#putOne.run(values);
    }
  }

  deleteFrom(index: number): void {
    this.#deleteFrom.run(index);
  }

  deleteTo(index: number): void {
    this.#deleteTo.run(index);
  }

  /** What the entries of this range count for, both ends included. */
  bytesBetween(from: number, to: number): number {
    return this.#sumBytes.get(from, to) ?? 0;
  }

  /** The first index from `from` to `to` up to which entries count for `bytes` or more together; `to` if there is none. */
  findCut(from: number, to: number, bytes: number): number {
    let sum = 0;
    for (const [index, length] of this.#lengths.iterate(from, to)) {
      sum += ENTRY_OVERHEAD_BYTES + length;
      if (sum >= bytes) return index;
    }
    return to;
  }

  /** Every entry of the range is in the log. About `maxBytes`, at least one entry. */
  readEntries(from: number, to: number, maxBytes: number): Entry[] {
    const entries: Entry[] = [];
    let bytes = 0;
    for (const entry of this.iterate(from, to)) {
      bytes += sizeOnDisk(entry);
      if (entries.length > 0 && bytes > maxBytes) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Verified entries from `from` on without a gap; it is damage if one is missing before `to`. */
  *iterate(from: number, to: number): Generator<Entry, void, undefined> {
    let expected = from;
    for (const row of this.#select.iterate(from, to)) {
      if (row[0] !== expected) throw corrupt(this.#file, `entry ${expected} of its log is missing`);
      yield this.#entryOf(row);
      expected += 1;
    }
    if (expected <= to) throw corrupt(this.#file, `entry ${expected} of its log is missing`);
  }

  #spread({ index, term, body }: Entry, at: number): void {
    const values = this.#values;
    let kind = NO_OP;
    let bytes: Uint8Array = EMPTY;
    if (body.kind === 'data') {
      kind = DATA;
      bytes = body.data;
    } else if (body.kind === 'configuration') {
      kind = CONFIGURATION;
      bytes = encodeConfiguration(body.configuration);
    }
    values[at] = index;
    values[at + 1] = term;
    values[at + 2] = kind;
    values[at + 3] = bytes;
    values[at + 4] = this.#crcOf(index, term, kind, bytes);
  }

  #crcOf(index: number, term: number, kind: number, body: Uint8Array): number {
    const header = this.#header;
    header.writeDoubleLE(index, 0);
    header.writeDoubleLE(term, 8);
    header[16] = kind;
    const crc = crc32(header);
    // Of no bytes crc32 answers 0 or what it was given, depending on where they are not.
    return body.length === 0 ? crc : crc32(body, crc);
  }

  #entryOf([index, term, kind, body, crc]: EntryRow): Entry {
    if (this.#crcOf(index, term, kind, body) !== crc)
      throw corrupt(this.#file, `entry ${index} of its log has a wrong checksum`);
    if (kind === DATA) return { index, term, body: { kind: 'data', data: body } };
    if (kind === NO_OP) return { index, term, body: { kind: 'no-op' } };
    if (kind !== CONFIGURATION) throw newer(this.#file, kind, CONFIGURATION);
    const configuration = decodeConfiguration(body);
    if (isRejection(configuration)) throw corrupt(this.#file, `entry ${index} of its log: ${configuration.message}`);
    return { index, term, body: { kind: 'configuration', configuration } };
  }

  /* ---------------------------------------------------------------- what is kept once */

  putFormat(format: number, schemaCrc: number): void {
    this.#put('format', raft.Format, { format, schema_crc: schemaCrc });
  }

  findFormat(): { readonly format: number; readonly schemaCrc: number } | undefined {
    const row = this.#find('format', raft.Format);
    return row && { format: row.format, schemaCrc: row.schema_crc };
  }

  putIdentity({ memberId, name, standing }: Identity): void {
    this.#put('identity', raft.Identity, { member_id: memberId, name, ...standingToWire(standing) });
  }

  getIdentity(): Identity {
    const row = this.#get('identity', raft.Identity);
    return { memberId: row.member_id, name: row.name, standing: this.#standingOf(row) };
  }

  /** Whether nothing was ever kept here. Verifies every row, so that one under a damaged name is not taken for none. */
  isUntouched(): boolean {
    const rows = this.#database
      .prepare<[], { key: string; value: Buffer; crc: number }>('SELECT * FROM raft_state')
      .all();
    for (const { key, value, crc } of rows)
      if (stateCrc(key, value) !== crc) throw corrupt(this.#file, `its ${key} has a wrong checksum`);
    const hasEntries = this.#database.prepare('SELECT 1 FROM raft_entries LIMIT 1').get() !== undefined;
    return !hasEntries && rows.every(({ key }) => key === 'format');
  }

  putHardState({ term, vote, commit }: HardState): void {
    this.#put('hard-state', raft.HardState, { term, vote, commit });
  }

  getHardState(): HardState {
    const { term, vote, commit } = this.#get('hard-state', raft.HardState);
    return { term: this.#number(term), vote, commit: this.#number(commit) };
  }

  putBase({ index, term, configuration }: Base): void {
    this.#put('base', raft.Base, { index, term, configuration: configurationToWire(configuration) });
  }

  getBase(): Base {
    const { index, term, configuration } = this.#get('base', raft.Base);
    return {
      index: this.#number(index),
      term: this.#number(term),
      configuration: this.#configuration(configuration),
    };
  }

  putApplied({ index, term, noticeTerm }: Applied): void {
    this.#put('applied', raft.Applied, { index, term, notice_term: noticeTerm });
  }

  getApplied(): Applied {
    const { index, term, notice_term } = this.#get('applied', raft.Applied);
    return { index: this.#number(index), term: this.#number(term), noticeTerm: this.#number(notice_term) };
  }

  #put<T extends object>(key: StateKey, type: MessageType<T>, message: T): void {
    const value = encodeProtobuf(type, message);
    this.#putState.run(key, value, stateCrc(key, value));
  }

  #get<T extends object>(key: StateKey, type: MessageType<T>): T {
    const message = this.#find(key, type);
    if (message === undefined) throw corrupt(this.#file, `its ${key} is missing`);
    return message;
  }

  #find<T extends object>(key: StateKey, type: MessageType<T>): T | undefined {
    const row = this.#getState.get(key);
    if (row === undefined) return undefined;
    if (stateCrc(key, row.value) !== row.crc) throw corrupt(this.#file, `its ${key} has a wrong checksum`);
    const message = decodeProtobuf(type, row.value);
    if (isRejection(message)) throw corrupt(this.#file, `its ${key}: ${message.message}`);
    return message;
  }

  #number(value: Int64): number {
    const number = wholeNumber(value);
    if (number === undefined) throw corrupt(this.#file, `it holds the number ${value}`);
    return number;
  }

  #configuration(wire: raft.Configuration): Configuration {
    const configuration = configurationFromWire(wire);
    if (isRejection(configuration)) throw corrupt(this.#file, configuration.message);
    return configuration;
  }

  #standingOf({ standing, cluster_id: clusterId, promised }: raft.Identity): Standing {
    if (standing === 'EMPTY') return { kind: 'empty' };
    if (clusterId !== undefined && standing === 'MEMBER') return { kind: 'member', clusterId };
    if (clusterId !== undefined && promised !== undefined && standing === 'PROMISED')
      return { kind: 'promised', clusterId, configuration: this.#configuration(promised) };
    throw corrupt(this.#file, `its standing ${standing} makes no sense`);
  }
}

/** What an entry counts for in bounds. Bytes. */
export function sizeOnDisk({ body }: Entry): number {
  return ENTRY_OVERHEAD_BYTES + (body.kind === 'data' ? body.data.length : 0);
}

function stateCrc(key: string, value: Uint8Array): number {
  return crc32(value, crc32(key));
}

function standingToWire(standing: Standing): Omit<raft.Identity, 'member_id' | 'name'> {
  switch (standing.kind) {
    case 'empty':
      return { standing: 'EMPTY' };
    case 'promised':
      return {
        standing: 'PROMISED',
        cluster_id: standing.clusterId,
        promised: configurationToWire(standing.configuration),
      };
    case 'member':
      return { standing: 'MEMBER', cluster_id: standing.clusterId };
    default:
      return unreachable(standing);
  }
}

/** Of a database whose log begins: what it needs before it can be opened as one. */
export interface FirstRows {
  readonly identity: Identity;
  readonly hardState: HardState;
  readonly base: Base;
  readonly applied: Applied;
}

/** For migrations from formats that had no members, new directories and restored ones. */
export function putFirstRows(tables: RaftTables, { identity, hardState, base, applied }: FirstRows): void {
  assert(applied.index >= base.index, 'what is not in the log is in the state machine');
  tables.putIdentity(identity);
  tables.putHardState(hardState);
  tables.putBase(base);
  tables.putApplied(applied);
}
