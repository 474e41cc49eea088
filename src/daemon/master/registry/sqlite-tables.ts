/** Rows of the registry in SQLite: prepared statements behind the interface of the state machine. */
import { crc32 } from 'node:zlib';
import type { Database, Statement } from 'better-sqlite3';
import { encodeProtobuf } from '../../../wire/codec.js';
import * as mesos from '../../../wire/gen/mesos.js';
import type { RegistryTable, RegistryTables, TimeTable } from './registry-machine.js';

const TABLES: readonly RegistryTable[] = ['agents', 'frameworks', 'unreachable', 'gone', 'tombstones'];
const TIME_TABLES: readonly TimeTable[] = ['unreachable', 'gone', 'tombstones'];

/** Must be used inside a transaction of the same database. */
export class SqliteRegistryTables implements RegistryTables {
  readonly #database: Database;
  readonly #has: ReadonlyMap<string, Statement>;
  readonly #delete: ReadonlyMap<string, Statement>;
  readonly #putTime: ReadonlyMap<string, Statement>;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
    const each = <T extends string>(tables: readonly T[], sql: (table: T) => string) =>
      new Map<string, Statement>(tables.map((table) => [table, database.prepare(sql(table))]));
    this.#has = each(TABLES, (table) => `SELECT 1 FROM ${table} WHERE id = ?`);
    this.#delete = each(TABLES, (table) => `DELETE FROM ${table} WHERE id = ?`);
    // `sequence` is the order of the last writes: times may be equal or go back, clocks being what they are.
    this.#putTime = each(
      TIME_TABLES,
      (table) => `INSERT OR REPLACE INTO ${table} VALUES (?, ?, (SELECT coalesce(max(sequence), 0) + 1 FROM ${table}))`,
    );
  }

  has(table: RegistryTable, id: string): boolean {
    return this.#has.get(table)?.get(id) !== undefined;
  }

  delete(table: RegistryTable, id: string): void {
    this.#delete.get(table)?.run(id);
  }

  putAgent(id: string, info: mesos.AgentInfo): void {
    const bytes = encodeProtobuf(mesos.AgentInfo, info);
    this.#run(
      'INSERT INTO agents VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET info = excluded.info, crc = excluded.crc',
      id,
      bytes,
      crc32(bytes),
    );
  }

  putTime(table: TimeTable, id: string, time: mesos.TimeInfo): void {
    this.#putTime.get(table)?.run(id, BigInt(time.nanoseconds));
  }

  putFramework(id: string, info: mesos.FrameworkInfo): void {
    const bytes = encodeProtobuf(mesos.FrameworkInfo, info);
    this.#run(
      `INSERT INTO frameworks VALUES (?, ?, ?, NULL)
       ON CONFLICT (id) DO UPDATE SET info = excluded.info, crc = excluded.crc, disconnected_at = NULL`,
      id,
      bytes,
      crc32(bytes),
    );
  }

  putDisconnectedAt(frameworkId: string, time: mesos.TimeInfo): void {
    this.#run('UPDATE frameworks SET disconnected_at = ? WHERE id = ?', BigInt(time.nanoseconds), frameworkId);
  }

  putMaster(info: mesos.MasterInfo): void {
    const bytes = encodeProtobuf(mesos.MasterInfo, info);
    this.#run('INSERT OR REPLACE INTO leader VALUES (1, ?, ?)', bytes, crc32(bytes));
  }

  keepNewestTombstones(count: number): void {
    this.#run(
      'DELETE FROM tombstones WHERE sequence <= ' +
        '(SELECT sequence FROM tombstones ORDER BY sequence DESC LIMIT 1 OFFSET ?)',
      count,
    );
  }

  putWeight(role: string, weight: number): void {
    this.#run('INSERT OR REPLACE INTO weights VALUES (?, ?, ?)', role, weight, weightCrc(role, weight));
  }

  #run(sql: string, ...values: readonly (string | number | bigint | Uint8Array)[]): void {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    statement.run(...values);
  }
}

/** Of a row of `weights`. */
export function weightCrc(role: string, weight: number): number {
  return crc32(`${role}=${weight}`);
}
