/**
 * From format 2 to 3: every time gets a checksum, and those of agents and frameworks cover their ids. What had a checksum is
 * verified first, so that damage is not sealed anew; times are taken as they are, nothing could tell.
 */
import { crc32 } from 'node:zlib';
import type { Database } from 'better-sqlite3';
import { corrupt } from '../../../raft/sqlite/log-error.js';
import { disconnectedCrc, keyedCrc, timeCrc } from './row-checksums.js';

interface TimeRow {
  readonly id: string;
  readonly at: bigint;
  readonly sequence: bigint;
}

/** A step of the migrations; part of their transaction. */
export function addChecksums(database: Database, file: string): void {
  for (const table of ['agents', 'frameworks']) coverIds(database, file, table);
  for (const table of ['unreachable', 'gone', 'tombstones']) addToTable(database, table);
  addToFrameworks(database);
}

function coverIds(database: Database, file: string, table: string): void {
  const rows = database
    .prepare<[], { readonly id: string; readonly info: Buffer; readonly crc: number }>(
      `SELECT id, info, crc FROM ${table}`,
    )
    .all();
  const update = database.prepare(`UPDATE ${table} SET crc = ? WHERE id = ?`);
  for (const { id, info, crc } of rows) {
    if (crc32(info) !== crc) throw corrupt(file, `${id} in ${table} has a wrong checksum`);
    update.run(keyedCrc(id, info), id);
  }
}

function addToTable(database: Database, table: string): void {
  const rows = database.prepare<[], TimeRow>(`SELECT id, at, sequence FROM ${table}`).safeIntegers().all();
  database.exec(`
    DROP TABLE ${table};
    CREATE TABLE ${table} (
      id       TEXT PRIMARY KEY,
      at       INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      crc      INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX ${table}_by_sequence ON ${table} (sequence);
  `);
  const insert = database.prepare(`INSERT INTO ${table} VALUES (?, ?, ?, ?)`);
  for (const { id, at, sequence } of rows) insert.run(id, at, sequence, timeCrc(id, at, sequence));
}

function addToFrameworks(database: Database): void {
  database.exec('ALTER TABLE frameworks ADD COLUMN disconnected_crc INTEGER');
  const rows = database
    .prepare<[], { id: string; at: bigint }>(
      'SELECT id, disconnected_at AS at FROM frameworks WHERE disconnected_at IS NOT NULL',
    )
    .safeIntegers()
    .all();
  const update = database.prepare('UPDATE frameworks SET disconnected_crc = ? WHERE id = ?');
  for (const { id, at } of rows) update.run(disconnectedCrc(id, at), id);
}
