/**
 * The registry's database format: tables, its version and the steps from older ones. Rows that hold encoded messages
 * carry a CRC-32, because SQLite itself does not notice a flipped bit inside a value.
 *
 * A format that was released never changes: a change is a new step in `MIGRATIONS` and a fixture of the old format.
 */
import type { Database } from 'better-sqlite3';

/** Kept in `PRAGMA user_version`. */
export const REGISTRY_FORMAT = 1;

const CREATE = `
  CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE log (
    idx   INTEGER PRIMARY KEY,
    term  INTEGER NOT NULL,
    entry BLOB NOT NULL,
    crc   INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE agents (
    id   TEXT PRIMARY KEY,
    info BLOB NOT NULL,
    crc  INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE frameworks (
    id              TEXT PRIMARY KEY,
    info            BLOB NOT NULL,
    crc             INTEGER NOT NULL,
    disconnected_at INTEGER
  ) STRICT;
  CREATE TABLE unreachable (id TEXT PRIMARY KEY, at INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
  CREATE TABLE gone        (id TEXT PRIMARY KEY, at INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
  CREATE TABLE tombstones  (id TEXT PRIMARY KEY, at INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
  CREATE UNIQUE INDEX unreachable_by_sequence ON unreachable (sequence);
  CREATE UNIQUE INDEX gone_by_sequence ON gone (sequence);
  CREATE UNIQUE INDEX tombstones_by_sequence ON tombstones (sequence);
`;

/** Step `i` leads from format `i` to format `i + 1`. Format 0 is an empty file. */
export const MIGRATIONS: readonly ((database: Database) => void)[] = [(database) => database.exec(CREATE)];
