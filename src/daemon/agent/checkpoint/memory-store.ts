/** A checkpoint without a disk, for simulation and tests. Holds encoded rows, so that nothing in it is shared. */
import { MesoError } from '../../../base/error.js';
import type { CheckpointChange, CheckpointState } from '../core/protocol.js';
import type { CheckpointStore } from './checkpoint-store.js';
import { decodeRecords, encodeChange, type RowChange, type RowKey, TABLE_NAMES, type TableName } from './rows.js';

interface Row {
  readonly key: RowKey;
  readonly record: Uint8Array;
}

export class MemoryCheckpointStore implements CheckpointStore {
  readonly #tables = new Map<TableName, Map<string, Row>>(TABLE_NAMES.map((name) => [name, new Map()]));
  #closed = false;

  load(): Promise<CheckpointState> {
    return Promise.resolve().then(() => this.read());
  }

  /** What `load` answers, at any time. */
  read(): CheckpointState {
    const recordsOf = (name: TableName) => [...this.#table(name).values()].sort(byKey).map((row) => row.record);
    return decodeRecords({
      agent: recordsOf('agent'),
      frameworks: recordsOf('frameworks'),
      tasks: recordsOf('tasks'),
      updates: recordsOf('updates'),
      containers: recordsOf('containers'),
      resources: recordsOf('resources'),
      operations: recordsOf('operations'),
    });
  }

  commit(changes: readonly CheckpointChange[]): Promise<void> {
    if (this.#closed) return Promise.reject(new MesoError('INTERNAL', 'the checkpoint is closed'));
    this.write(changes);
    return Promise.resolve();
  }

  write(changes: readonly CheckpointChange[]): void {
    for (const change of changes) for (const row of encodeChange(change)) this.#apply(row);
  }

  /** A second store with the same content. */
  fork(): MemoryCheckpointStore {
    const copy = new MemoryCheckpointStore();
    for (const [name, rows] of this.#tables) copy.#tables.set(name, new Map(rows));
    return copy;
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #apply(change: RowChange): void {
    const table = this.#table(change.table);
    if (change.kind === 'put') {
      table.set(textOf(change.key), { key: change.key, record: change.record });
      return;
    }
    for (const [text, row] of table) if (change.key.every((part, i) => part === row.key[i])) table.delete(text);
  }

  #table(name: TableName): Map<string, Row> {
    const table = this.#tables.get(name) ?? new Map<string, Row>();
    this.#tables.set(name, table);
    return table;
  }
}

function textOf(key: RowKey): string {
  return JSON.stringify(key);
}

/** As SQLite orders them: text by bytes (which is by code points), numbers by value. */
function byKey({ key: left }: Row, { key: right }: Row): number {
  for (let i = 0; i < left.length; i++) {
    const order = compareParts(left[i] ?? '', right[i] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

function compareParts(left: string | number, right: string | number): number {
  if (typeof left === 'number' || typeof right === 'number') return Number(left) - Number(right);
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
