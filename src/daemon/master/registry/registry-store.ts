/**
 * The durable registry, synchronous: log and state tables of one SQLite file, changed together in one transaction, so
 * that `applied_index` is always the last index of the log. Runs inside the registry worker; never on the main thread,
 * where its fsync would delay everything.
 *
 * Invariants: what `commit` returned for is on the disk; after a failed `commit` nothing of it is; `term` only grows.
 */
import { crc32 } from 'node:zlib';
import type { Database } from 'better-sqlite3';
import { assert } from '../../../base/assert.js';
import { isRejection } from '../../../base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../../wire/codec.js';
import * as registry from '../../../wire/gen/mesoctl-registry.js';
import * as mesos from '../../../wire/gen/mesos.js';
import { canonicalInt64 } from '../../../wire/int64.js';
import type { MessageType } from '../../../wire/schema.js';
import type { RegistryResult, RegistryState } from '../core/protocol.js';
import type { Leadership } from './registry.js';
import { corrupt, fileError, openRegistryDatabase } from './registry-database.js';
import { applyOperation, type TimeTable } from './registry-machine.js';
import { SqliteRegistryTables } from './sqlite-tables.js';

/** Format of `Entry.version`. */
const ENTRY_VERSION = 1;
/** Log entries kept behind the applied index, for people who must find out what happened. */
const KEPT_ENTRIES = 10_000;
/** Old entries are deleted in lots of this size. */
const TRIM_EVERY = 1_000;

interface InfoRow {
  readonly id: string;
  readonly info: Buffer;
  readonly crc: number;
}

export class RegistryStore {
  readonly #database: Database;
  readonly #file: string;
  readonly #tables: SqliteRegistryTables;
  #term: number;
  #index: number;

  private constructor(database: Database, file: string) {
    this.#database = database;
    this.#file = file;
    this.#tables = new SqliteRegistryTables(database);
    this.#term = this.#readNumber('term');
    this.#index = this.#readNumber('applied_index');
  }

  /** Opens or creates the registry below `workDir`. `newClusterId` names the cluster if there is none yet. */
  static open(workDir: string, newClusterId: string): RegistryStore {
    const { database, file } = openRegistryDatabase(workDir);
    try {
      database.prepare("INSERT OR IGNORE INTO meta VALUES ('cluster_id', ?)").run(newClusterId);
      const store = new RegistryStore(database, file);
      store.#checkLog();
      return store;
    } catch (error) {
      database.close();
      throw fileError(file, error);
    }
  }

  /** Begins the next term and returns everything the registry holds. */
  lead(masterInfo: mesos.MasterInfo, stampedAtMs: number): Leadership {
    try {
      this.#term += 1;
      this.commit([{ set_master: { master_info: masterInfo } }], stampedAtMs);
      const clusterId = this.#database.prepare("SELECT value FROM meta WHERE key = 'cluster_id'").pluck().get();
      return { term: this.#term, clusterId: String(clusterId), registry: this.#readState() };
    } catch (error) {
      throw fileError(this.#file, error);
    }
  }

  /** One transaction, durable when it returns. Throws DISK when it failed; the store must not be used after that. */
  commit(operations: readonly registry.Operation[], stampedAtMs: number): readonly RegistryResult[] {
    const index = this.#index + 1;
    const entry = encodeProtobuf(registry.Entry, {
      version: ENTRY_VERSION,
      stamped_at_ms: Math.round(stampedAtMs),
      operations: [...operations],
    });
    try {
      const results = this.#database.transaction(() => {
        this.#tables.putEntry({ index, term: this.#term, entry, crc: crc32(entry) });
        const outcomes = operations.map((operation) => applyOperation(this.#tables, operation));
        this.#tables.putMeta('applied_index', index);
        this.#tables.putMeta('term', this.#term);
        if (index % TRIM_EVERY === 0) this.#tables.deleteEntriesUpTo(index - KEPT_ENTRIES);
        return outcomes;
      })();
      this.#index = index;
      return results;
    } catch (error) {
      throw fileError(this.#file, error);
    }
  }

  close(): void {
    this.#database.close();
  }

  #readNumber(key: string): number {
    const value = this.#database.prepare('SELECT value FROM meta WHERE key = ?').pluck().get(key) ?? 0;
    assert(typeof value === 'number', `${key} is a number`);
    return value;
  }

  /** The tables are the log applied up to its end; an entry that does not match its checksum means the file lies. */
  #checkLog(): void {
    const last = this.#database.prepare('SELECT coalesce(max(idx), 0) FROM log').pluck().get();
    if (last !== this.#index) throw corrupt(this.#file, `its log ends at ${last}, its tables at ${this.#index}`);
    for (const row of this.#database
      .prepare<[], { idx: number; entry: Buffer; crc: number }>('SELECT idx, entry, crc FROM log')
      .iterate())
      if (crc32(row.entry) !== row.crc) throw corrupt(this.#file, `entry ${row.idx} of its log has a wrong checksum`);
    this.#checkEntryVersion();
  }

  #checkEntryVersion(): void {
    const row = this.#database.prepare<[], { entry: Buffer }>('SELECT entry FROM log ORDER BY idx DESC LIMIT 1').get();
    if (row === undefined) return;
    const entry = decodeProtobuf(registry.Entry, row.entry);
    if (isRejection(entry) || entry.version > ENTRY_VERSION)
      throw corrupt(this.#file, 'the last entry of its log cannot be read');
  }

  #readState(): RegistryState {
    return {
      agents: this.#readInfos('agents', mesos.AgentInfo),
      frameworks: this.#readFrameworks(),
      unreachable: this.#readTimes('unreachable'),
      gone: this.#readTimes('gone'),
      tombstones: this.#readTimes('tombstones'),
    };
  }

  #readInfos<T extends object>(table: 'agents' | 'frameworks', type: MessageType<T>): Map<string, T> {
    const infos = new Map<string, T>();
    const rows = this.#database.prepare<[], InfoRow>(`SELECT id, info, crc FROM ${table} ORDER BY rowid`);
    for (const row of rows.iterate()) {
      if (crc32(row.info) !== row.crc) throw corrupt(this.#file, `${row.id} in ${table} has a wrong checksum`);
      const info = decodeProtobuf(type, row.info);
      if (isRejection(info)) throw corrupt(this.#file, `${row.id} in ${table}: ${info.message}`);
      infos.set(row.id, info);
    }
    return infos;
  }

  #readFrameworks(): RegistryState['frameworks'] {
    const infos = this.#readInfos('frameworks', mesos.FrameworkInfo);
    const rows = this.#database
      .prepare<[], { id: string; at: bigint | null }>('SELECT id, disconnected_at AS at FROM frameworks')
      .safeIntegers();
    const disconnected = new Map(rows.all().map((row) => [row.id, row.at]));
    return new Map(
      [...infos].map(([id, info]) => {
        const at = disconnected.get(id) ?? null;
        return [id, at === null ? { info } : { info, disconnectedAt: { nanoseconds: canonicalInt64(at) } }];
      }),
    );
  }

  #readTimes(table: TimeTable): Map<string, mesos.TimeInfo> {
    const rows = this.#database
      .prepare<[], { id: string; at: bigint }>(`SELECT id, at FROM ${table} ORDER BY sequence`)
      .safeIntegers();
    return new Map(rows.all().map((row) => [row.id, { nanoseconds: canonicalInt64(row.at) }]));
  }
}
