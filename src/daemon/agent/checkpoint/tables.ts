/**
 * The tables of a checkpoint and the two things done with them: apply a transaction of row changes, read everything.
 * A transaction of durability `process` is written without waiting for the disk: the file then survives the end of this
 * process at once, and a power failure from the next transaction on that does wait (WAL keeps them in order).
 */
import type { Database, Statement } from 'better-sqlite3';
import type { Durability } from '../core/protocol.js';
import { KEY_COLUMNS, type RowChange, TABLE_NAMES, type TableName, type TableRecords } from './rows.js';

const NUMERIC_COLUMNS: ReadonlySet<string> = new Set(['slot', 'position']);

/** Those that are not there yet: of a new file all, of one of an older format those that were added since. */
export function createTables(database: Database): void {
  for (const table of TABLE_NAMES) {
    const columns = KEY_COLUMNS[table];
    const definitions = columns.map((name) => `${name} ${NUMERIC_COLUMNS.has(name) ? 'INTEGER' : 'TEXT'} NOT NULL`);
    database.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (${definitions.join(', ')}, record BLOB NOT NULL, PRIMARY KEY (${columns.join(', ')}))
       STRICT, WITHOUT ROWID`,
    );
  }
}

export class CheckpointTables {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();
  readonly #applyAll: (changes: readonly RowChange[]) => void;
  #synchronous: Durability | undefined;

  constructor(database: Database) {
    this.#database = database;
    this.#applyAll = database.transaction((changes: readonly RowChange[]) => {
      for (const change of changes) this.#apply(change);
    });
  }

  /** One transaction. Throws what SQLite throws. */
  commit(changes: readonly RowChange[], durability: Durability): void {
    if (this.#synchronous !== durability) {
      this.#database.pragma(`synchronous = ${durability === 'machine' ? 'FULL' : 'NORMAL'}`);
      this.#synchronous = durability;
    }
    this.#applyAll(changes);
  }

  readAll(): TableRecords {
    return {
      agent: this.#read('agent'),
      frameworks: this.#read('frameworks'),
      tasks: this.#read('tasks'),
      updates: this.#read('updates'),
      containers: this.#read('containers'),
      resources: this.#read('resources'),
      operations: this.#read('operations'),
    };
  }

  #apply(change: RowChange): void {
    const columns = KEY_COLUMNS[change.table];
    if (change.kind === 'put') {
      const places = columns.map(() => '?').join(', ');
      const sql = `INSERT INTO ${change.table} VALUES (${places}, ?)
        ON CONFLICT DO UPDATE SET record = excluded.record`;
      this.#prepare(sql).run(...change.key, change.record);
      return;
    }
    const conditions = change.key.map((_, i) => `${columns[i]} = ?`).join(' AND ');
    const where = conditions === '' ? '' : ` WHERE ${conditions}`;
    this.#prepare(`DELETE FROM ${change.table}${where}`).run(...change.key);
  }

  #read(table: TableName): readonly Uint8Array[] {
    const order = KEY_COLUMNS[table].join(', ');
    return this.#prepare(`SELECT record FROM ${table} ORDER BY ${order}`).pluck().all() as Uint8Array[];
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
