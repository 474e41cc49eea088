/** A toy state machine for tests of the log: keys and values; `=master VALUE` is what everybody may know. */
import { crc32 } from 'node:zlib';
import type { Database } from 'better-sqlite3';
import type { Migration } from '../../../src/raft/sqlite/log-database.js';
import { corrupt } from '../../../src/raft/sqlite/log-error.js';
import type { StateMachine, StateMachineOptions } from '../../../src/raft/sqlite/protocol.js';
import { createRaftTables } from '../../../src/raft/sqlite/raft-tables.js';

const NOTICE_KEY = '=master';

function createKeys(database: Database): void {
  database.exec('CREATE TABLE keys (key TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) STRICT');
}

export const KV_MIGRATIONS: readonly Migration[] = [
  (database) => {
    createKeys(database);
    createRaftTables(database);
  },
];

/** One more format. */
export const NEXT_KV_MIGRATIONS: readonly Migration[] = [
  ...KV_MIGRATIONS,
  (database) => database.exec("ALTER TABLE keys ADD COLUMN note TEXT NOT NULL DEFAULT 'none'"),
];

export class KvMachine implements StateMachine {
  readonly features = 1;
  readonly #database: Database;
  readonly #file: string;

  constructor({ database, file }: StateMachineOptions) {
    this.#database = database;
    this.#file = file;
  }

  apply({ index, data }: { readonly index: number; readonly data: Uint8Array }): Uint8Array {
    const [key = '', value = ''] = Buffer.from(data).toString().split(' ', 2);
    this.#database
      .prepare('INSERT OR REPLACE INTO keys (key, value, crc) VALUES (?, ?, ?)')
      .run(key, value, crc32(`${key} ${value}`));
    return Buffer.from(`${key}@${index}`);
  }

  encodeState(): Uint8Array {
    return Buffer.from(JSON.stringify(Object.fromEntries(this.entries())));
  }

  encodeNotice(): Uint8Array | undefined {
    const value = this.#database
      .prepare<[string], string>('SELECT value FROM keys WHERE key = ?')
      .pluck()
      .get(NOTICE_KEY);
    return value === undefined ? undefined : Buffer.from(value);
  }

  check(): void {
    for (const [key, value, crc] of this.#rows())
      if (crc32(`${key} ${value}`) !== crc) throw corrupt(this.#file, `the key ${key} has a wrong checksum`);
  }

  entries(): [key: string, value: string][] {
    return this.#rows().map(([key, value]) => [key, value]);
  }

  #rows(): [key: string, value: string, crc: number][] {
    return this.#database
      .prepare<[], [string, string, number]>('SELECT key, value, crc FROM keys ORDER BY key')
      .raw()
      .all();
  }
}
