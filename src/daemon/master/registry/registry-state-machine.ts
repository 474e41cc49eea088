/**
 * The registry as the state machine of the replicated log: entries become rows, rows become the state that a new leader
 * reads. What operations mean is in registry-machine.ts. Runs in the log worker.
 */
import { crc32 } from 'node:zlib';
import type { Database } from 'better-sqlite3';
import { isRejection } from '../../../base/rejection.js';
import { corrupt, newer } from '../../../raft/sqlite/log-error.js';
import type { StateMachine, StateMachineOptions } from '../../../raft/sqlite/protocol.js';
import { decodeProtobuf } from '../../../wire/codec.js';
import * as registry from '../../../wire/gen/mesoctl-registry.js';
import * as mesos from '../../../wire/gen/mesos.js';
import { canonicalInt64 } from '../../../wire/int64.js';
import type { MessageType } from '../../../wire/schema.js';
import type { RegistryState } from '../core/protocol.js';
import { ENTRY_VERSION, encodeRegistryState, encodeResults, REGISTRY_FEATURES } from './registry-codec.js';
import { applyOperation, isKnownOperation, type TimeTable } from './registry-machine.js';
import { SqliteRegistryTables, weightCrc } from './sqlite-tables.js';

interface InfoRow {
  readonly id: string;
  readonly info: Buffer;
  readonly crc: number;
}

export class RegistryStateMachine implements StateMachine {
  readonly features = REGISTRY_FEATURES;
  readonly #database: Database;
  readonly #file: string;
  readonly #tables: SqliteRegistryTables;

  constructor({ database, file }: StateMachineOptions) {
    this.#database = database;
    this.#file = file;
    this.#tables = new SqliteRegistryTables(database);
  }

  apply({ index, data }: { readonly index: number; readonly data: Uint8Array }): Uint8Array {
    const entry = decodeProtobuf(registry.Entry, data);
    if (isRejection(entry)) throw corrupt(this.#file, `entry ${index} of its log: ${entry.message}`);
    if (entry.version > ENTRY_VERSION) throw newer(this.#file, entry.version, ENTRY_VERSION);
    const operations = entry.operations ?? [];
    if (!operations.every(isKnownOperation)) throw newer(this.#file, REGISTRY_FEATURES + 1, REGISTRY_FEATURES);
    return encodeResults(operations.map((operation) => applyOperation(this.#tables, operation)));
  }

  encodeState(): Uint8Array {
    return encodeRegistryState(this.readState());
  }

  encodeNotice(): Uint8Array | undefined {
    const row = this.#database.prepare<[], { info: Buffer; crc: number }>('SELECT info, crc FROM leader').get();
    if (row === undefined) return undefined;
    if (crc32(row.info) !== row.crc) throw corrupt(this.#file, 'the address of its leader has a wrong checksum');
    return row.info;
  }

  check(): void {
    this.encodeNotice();
    this.readState();
  }

  /** Everything it holds; each row is verified. */
  readState(): RegistryState {
    return {
      agents: this.#readInfos('agents', mesos.AgentInfo),
      frameworks: this.#readFrameworks(),
      unreachable: this.#readTimes('unreachable'),
      gone: this.#readTimes('gone'),
      tombstones: this.#readTimes('tombstones'),
      weights: this.#readWeights(),
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

  #readWeights(): Map<string, number> {
    const weights = new Map<string, number>();
    const rows = this.#database.prepare<[], { role: string; weight: number; crc: number }>('SELECT * FROM weights');
    for (const { role, weight, crc } of rows.iterate()) {
      if (weightCrc(role, weight) !== crc) throw corrupt(this.#file, `the weight of ${role} has a wrong checksum`);
      weights.set(role, weight);
    }
    return weights;
  }
}
