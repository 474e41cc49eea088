/**
 * The registry as the state machine of the replicated log: entries become rows, rows become the state that a new leader
 * reads. Every row is verified when it is read. What operations mean is in registry-machine.ts. Runs in the log worker.
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
import { withMinimumCapabilities } from './minimum-capabilities.js';
import { ENTRY_VERSION, encodeResults, encodeStoredState, REGISTRY_FEATURES } from './registry-codec.js';
import { applyOperation, isKnownOperation } from './registry-machine.js';
import type { TimeTable } from './registry-tables.js';
import { disconnectedCrc, keyedCrc, timeCrc, weightCrc } from './row-checksums.js';
import { SqliteRegistryTables } from './sqlite-tables.js';

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
    this.#tables = new SqliteRegistryTables(database, file);
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
    return encodeStoredState(this.#readMessages('agents'), this.#readRest());
  }

  encodeNotice(): Uint8Array | undefined {
    const row = this.#database.prepare<[], { info: Buffer; crc: number }>('SELECT info, crc FROM leader').get();
    if (row === undefined) return undefined;
    if (crc32(row.info) !== row.crc) throw corrupt(this.#file, 'the address of its leader has a wrong checksum');
    return row.info;
  }

  check(): void {
    this.encodeNotice();
    this.#readMessages('agents');
    this.#readRest();
  }

  /** Everything it holds. */
  readState(): RegistryState {
    return withMinimumCapabilities({ agents: this.#readInfos('agents', mesos.AgentInfo), ...this.#readRest() });
  }

  /** All but agents, of which there are many. */
  #readRest(): Omit<RegistryState, 'agents' | 'minimumCapabilities'> {
    return {
      frameworks: this.#readFrameworks(),
      unreachable: this.#readTimes('unreachable'),
      gone: this.#readTimes('gone'),
      tombstones: this.#readTimes('tombstones'),
      weights: this.#readWeights(),
      deactivated: this.#tables.deactivations(),
      machines: this.#tables.machines(),
      schedule: this.#tables.schedule(),
      quotas: this.#tables.quotas(),
    };
  }

  #readInfos<T extends object>(table: 'agents' | 'frameworks', type: MessageType<T>): Map<string, T> {
    const infos = new Map<string, T>();
    for (const [id, bytes] of this.#readMessages(table)) {
      const info = decodeProtobuf(type, bytes);
      if (isRejection(info)) throw corrupt(this.#file, `${id} in ${table}: ${info.message}`);
      infos.set(id, info);
    }
    return infos;
  }

  /** As they are stored, by their ids. */
  #readMessages(table: 'agents' | 'frameworks'): ReadonlyMap<string, Uint8Array> {
    const messages = new Map<string, Uint8Array>();
    const rows = this.#database.prepare<[], InfoRow>(`SELECT id, info, crc FROM ${table} ORDER BY rowid`);
    // Not one by one: that takes several times as long.
    for (const { id, info, crc } of rows.all()) {
      if (keyedCrc(id, info) !== crc) throw corrupt(this.#file, `${id} in ${table} has a wrong checksum`);
      messages.set(id, info);
    }
    return messages;
  }

  #readFrameworks(): RegistryState['frameworks'] {
    const infos = this.#readInfos('frameworks', mesos.FrameworkInfo);
    const disconnected = this.#readDisconnections();
    return new Map(
      [...infos].map(([id, info]) => {
        const disconnectedAt = disconnected.get(id);
        return [id, disconnectedAt === undefined ? { info } : { info, disconnectedAt }];
      }),
    );
  }

  #readDisconnections(): Map<string, mesos.TimeInfo> {
    const times = new Map<string, mesos.TimeInfo>();
    const rows = this.#database
      .prepare<[], { id: string; at: bigint | null; crc: bigint | null }>(
        'SELECT id, disconnected_at AS at, disconnected_crc AS crc FROM frameworks',
      )
      .safeIntegers();
    for (const { id, at, crc } of rows.iterate()) {
      if (at === null && crc === null) continue;
      if (at === null || BigInt(disconnectedCrc(id, at)) !== crc)
        throw corrupt(this.#file, `the time of ${id} in frameworks has a wrong checksum`);
      times.set(id, { nanoseconds: canonicalInt64(at) });
    }
    return times;
  }

  #readTimes(table: TimeTable): Map<string, mesos.TimeInfo> {
    const times = new Map<string, mesos.TimeInfo>();
    const rows = this.#database
      .prepare<[], { id: string; at: bigint; sequence: bigint; crc: bigint }>(
        `SELECT id, at, sequence, crc FROM ${table} ORDER BY sequence`,
      )
      .safeIntegers();
    for (const { id, at, sequence, crc } of rows.iterate()) {
      if (BigInt(timeCrc(id, at, sequence)) !== crc)
        throw corrupt(this.#file, `${id} in ${table} has a wrong checksum`);
      times.set(id, { nanoseconds: canonicalInt64(at) });
    }
    return times;
  }

  #readWeights(): Map<string, number> {
    const weights = new Map<string, number>();
    const rows = this.#database.prepare<[], { role: string; weight: number; crc: number }>(
      'SELECT * FROM weights ORDER BY rowid',
    );
    for (const { role, weight, crc } of rows.iterate()) {
      if (weightCrc(role, weight) !== crc) throw corrupt(this.#file, `the weight of ${role} has a wrong checksum`);
      weights.set(role, weight);
    }
    return weights;
  }
}
