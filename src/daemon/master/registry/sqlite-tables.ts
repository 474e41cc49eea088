/** Rows of the registry in SQLite: prepared statements behind the interface of the state machine. */
import { crc32 } from 'node:zlib';
import type { Database, Statement } from 'better-sqlite3';
import { isRejection } from '../../../base/rejection.js';
import { corrupt } from '../../../raft/sqlite/log-error.js';
import { decodeProtobuf, encodeProtobuf } from '../../../wire/codec.js';
import * as maintenance from '../../../wire/gen/maintenance.js';
import * as mesos from '../../../wire/gen/mesos.js';
import * as quota from '../../../wire/gen/quota.js';
import type { MessageType } from '../../../wire/schema.js';
import type { Deactivation } from '../core/protocol.js';
import type { RegistryTable, RegistryTables, TimeTable } from './registry-tables.js';
import { disconnectedCrc, keyedCrc, timeCrc, weightCrc } from './row-checksums.js';

const TABLES: readonly RegistryTable[] = [
  'agents',
  'frameworks',
  'deactivated',
  'machines',
  'quotas',
  'unreachable',
  'gone',
  'tombstones',
];
const TIME_TABLES: readonly TimeTable[] = ['unreachable', 'gone', 'tombstones'];

interface TimeStatements {
  readonly lastSequence: Statement<[], { readonly last: bigint }>;
  readonly put: Statement;
}

/** A row with a message beside its key. */
interface KeyedRow {
  readonly id: string;
  readonly message: Buffer | null;
  readonly crc: number;
}

/** Writes must be inside a transaction of the same database. */
export class SqliteRegistryTables implements RegistryTables {
  readonly #database: Database;
  readonly #file: string;
  readonly #has: ReadonlyMap<string, Statement>;
  readonly #delete: ReadonlyMap<string, Statement>;
  readonly #times: ReadonlyMap<string, TimeStatements>;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database, file: string) {
    this.#database = database;
    this.#file = file;
    const each = (sql: (table: RegistryTable) => string) =>
      new Map(TABLES.map((table) => [table, database.prepare(`${sql(table)} WHERE ${keyColumn(table)} = ?`)]));
    this.#has = each((table) => `SELECT 1 FROM ${table}`);
    this.#delete = each((table) => `DELETE FROM ${table}`);
    this.#times = new Map(TIME_TABLES.map((table) => [table, timeStatements(database, table)]));
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
      keyedCrc(id, bytes),
    );
  }

  /** `sequence` is the order of the last writes: times may be equal or go back, clocks being what they are. */
  putTime(table: TimeTable, id: string, { nanoseconds }: mesos.TimeInfo): void {
    const at = BigInt(nanoseconds);
    const statements = this.#times.get(table);
    const sequence = (statements?.lastSequence.get()?.last ?? 0n) + 1n;
    statements?.put.run(id, at, sequence, timeCrc(id, at, sequence));
  }

  deactivation(agentId: string): Deactivation | undefined {
    return this.#deactivations('WHERE id = ?', agentId).get(agentId);
  }

  deactivations(): ReadonlyMap<string, Deactivation> {
    return this.#deactivations('ORDER BY rowid');
  }

  putDeactivation(agentId: string, { drain }: Deactivation): void {
    const bytes = drain === undefined ? null : encodeProtobuf(mesos.DrainInfo, drain);
    this.#run(
      `INSERT INTO deactivated VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET drain = excluded.drain, crc = excluded.crc`,
      agentId,
      bytes,
      keyedCrc(agentId, bytes),
    );
  }

  putFramework(id: string, info: mesos.FrameworkInfo): void {
    const bytes = encodeProtobuf(mesos.FrameworkInfo, info);
    this.#run(
      `INSERT INTO frameworks VALUES (?, ?, ?, NULL, NULL)
       ON CONFLICT (id) DO UPDATE SET info = excluded.info, crc = excluded.crc, disconnected_at = NULL, disconnected_crc = NULL`,
      id,
      bytes,
      keyedCrc(id, bytes),
    );
  }

  putDisconnectedAt(frameworkId: string, { nanoseconds }: mesos.TimeInfo): void {
    const at = BigInt(nanoseconds);
    this.#run(
      'UPDATE frameworks SET disconnected_at = ?, disconnected_crc = ? WHERE id = ?',
      at,
      disconnectedCrc(frameworkId, at),
      frameworkId,
    );
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
    this.#run(
      'INSERT INTO weights VALUES (?, ?, ?) ON CONFLICT (role) DO UPDATE SET weight = excluded.weight, crc = excluded.crc',
      role,
      weight,
      weightCrc(role, weight),
    );
  }

  putQuota(role: string, config: quota.QuotaConfig): void {
    const bytes = encodeProtobuf(quota.QuotaConfig, config);
    this.#run(
      'INSERT INTO quotas VALUES (?, ?, ?) ON CONFLICT (role) DO UPDATE SET config = excluded.config, crc = excluded.crc',
      role,
      bytes,
      keyedCrc(role, bytes),
    );
  }

  quotas(): ReadonlyMap<string, quota.QuotaConfig> {
    const rows = this.#keyed('SELECT role AS id, config AS message, crc FROM quotas ORDER BY rowid', 'quotas');
    return new Map(rows.map(({ id, message }) => [id, this.#decode(quota.QuotaConfig, message, id, 'quotas')]));
  }

  machines(): ReadonlyMap<string, mesos.MachineInfo> {
    const rows = this.#keyed('SELECT id, info AS message, crc FROM machines ORDER BY rowid', 'machines');
    return new Map(rows.map(({ id, message }) => [id, this.#decode(mesos.MachineInfo, message, id, 'machines')]));
  }

  putMachine(key: string, info: mesos.MachineInfo): void {
    const bytes = encodeProtobuf(mesos.MachineInfo, info);
    this.#run(
      'INSERT INTO machines VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET info = excluded.info, crc = excluded.crc',
      key,
      bytes,
      keyedCrc(key, bytes),
    );
  }

  schedule(): maintenance.Schedule | undefined {
    const [row] = this.#keyed("SELECT 'it' AS id, schedule AS message, crc FROM schedule", 'schedule');
    return row && this.#decode(maintenance.Schedule, row.message, row.id, 'schedule');
  }

  putSchedule(schedule: maintenance.Schedule | undefined): void {
    if (schedule === undefined) {
      this.#run('DELETE FROM schedule');
      return;
    }
    const bytes = encodeProtobuf(maintenance.Schedule, schedule);
    this.#run('INSERT OR REPLACE INTO schedule VALUES (1, ?, ?)', bytes, keyedCrc('it', bytes));
  }

  #deactivations(clause: string, ...values: readonly string[]): ReadonlyMap<string, Deactivation> {
    const sql = `SELECT id, drain AS message, crc FROM deactivated ${clause}`;
    return new Map(
      this.#keyed(sql, 'deactivated', ...values).map(({ id, message }) => [
        id,
        message === null ? {} : { drain: this.#decode(mesos.DrainInfo, message, id, 'deactivated') },
      ]),
    );
  }

  /** Each is verified. */
  #keyed(sql: string, table: string, ...values: readonly string[]): readonly KeyedRow[] {
    const rows = this.#prepared(sql).all(...values) as readonly KeyedRow[];
    for (const { id, message, crc } of rows)
      if (keyedCrc(id, message) !== crc) throw corrupt(this.#file, `${id} in ${table} has a wrong checksum`);
    return rows;
  }

  #decode<T extends object>(type: MessageType<T>, bytes: Buffer | null, id: string, table: string): T {
    const message = decodeProtobuf(type, bytes ?? Buffer.alloc(0));
    if (isRejection(message)) throw corrupt(this.#file, `${id} in ${table}: ${message.message}`);
    return message;
  }

  #run(sql: string, ...values: readonly (string | number | bigint | Uint8Array | null)[]): void {
    this.#prepared(sql).run(...values);
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function keyColumn(table: RegistryTable): string {
  return table === 'quotas' ? 'role' : 'id';
}

function timeStatements(database: Database, table: TimeTable): TimeStatements {
  return {
    lastSequence: database
      .prepare<[], { readonly last: bigint }>(`SELECT coalesce(max(sequence), 0) AS last FROM ${table}`)
      .safeIntegers(),
    put: database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?, ?)`),
  };
}
