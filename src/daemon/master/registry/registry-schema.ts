/**
 * The registry's database format: tables, its version and the steps from older ones. Rows carry
 * checksums (row-checksums.ts).
 *
 * A format that was released never changes: a change is a new step in `MIGRATIONS` and a fixture of the old format.
 */
import type { Migration } from '../../../raft/sqlite/log-database.js';
import { moveIntoGroup } from './first-format.js';
import { addChecksums } from './second-format.js';

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

/** Since 2: the log of a group, who leads it, and weights. */
const ADD_GROUP = `
  CREATE TABLE leader (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    info BLOB NOT NULL,
    crc  INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE weights (
    role   TEXT PRIMARY KEY,
    weight REAL NOT NULL,
    crc    INTEGER NOT NULL
  ) STRICT;
`;

/** Since 3: agents that are not offered, maintenance, quotas; checksums of everything (second-format.ts). */
const ADD_OPERATORS = `
  CREATE TABLE deactivated (
    id    TEXT PRIMARY KEY,
    drain BLOB,
    crc   INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE machines (
    id   TEXT PRIMARY KEY,
    info BLOB NOT NULL,
    crc  INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE schedule (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    schedule BLOB NOT NULL,
    crc      INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE quotas (
    role   TEXT PRIMARY KEY,
    config BLOB NOT NULL,
    crc    INTEGER NOT NULL
  ) STRICT;
`;

/** Step `i` leads from format `i` to format `i + 1`. Format 0 is an empty file. */
export const MIGRATIONS: readonly Migration[] = [
  (database) => database.exec(CREATE),
  (database, file) => {
    database.exec(ADD_GROUP);
    moveIntoGroup(database, file);
  },
  (database, file) => {
    addChecksums(database, file);
    database.exec(ADD_OPERATORS);
  },
];
