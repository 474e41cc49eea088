/**
 * Opens the database of a member and leaves it only when it is sound, ours alone and of a format this build knows.
 * Every failure is a MesoError that names the file and what to do: a log that cannot be trusted is never used.
 *
 * The exclusive lock is a transaction that stays open in an empty database beside it (gone with the process, whatever kills
 * it); the pid file only serves the error message. The log itself is not locked against readers of this process, so that
 * a snapshot can be written from a second connection. Settings: WAL, synchronous=FULL: a commit that returned survives a
 * power cut.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import Sqlite, { type Database } from 'better-sqlite3';
import { MesoError } from '../../base/error.js';
import { corrupt, fileError, isSqliteError, newer } from './log-error.js';
import { publishFile, syncDirectory } from './publish-file.js';
import { OWN_TABLES, RaftTables } from './raft-tables.js';
import { findWalDamage } from './wal-check.js';

/** Of a SQLite database. */
const HEADER_BYTES = 100;

const OWNER = 'owner.pid';
const LOCK = 'owner.lock';

/** Pages in the write-ahead log after which a commit also writes them back: fewer of them cost throughput, more cost latency. */
const CHECKPOINT_PAGES = 4_000;
/** What a write-ahead log that had to grow, because a snapshot was being written, shrinks to. */
const KEPT_WAL_BYTES = 64 * 1024 * 1024;
/** Someone with the sqlite3 command may be looking. Ms. */
const BUSY_TIMEOUT_MS = 5_000;

/** Step `i` leads from format `i` to format `i + 1`. Format 0 is an empty file. A step that was released never changes. */
export type Migration = (database: Database, file: string) => void;

export interface LogDatabaseOptions {
  /** Its directory is made if need be, and is for this database alone. */
  readonly file: string;
  /** All there ever were; the newest format is their number. One of them calls `createRaftTables`. */
  readonly migrations: readonly Migration[];
}

export interface LogDatabase {
  readonly database: Database;
  readonly file: string;
  readonly format: number;
  readonly tables: RaftTables;
  /** Also gives up the directory. */
  close(): void;
}

/** Throws WORK_DIR_LOCKED, WORK_DIR_CORRUPT, WORK_DIR_NEWER, NOT_ALLOWED or DISK. */
export function openLogDatabase({ file, migrations }: LogDatabaseOptions): LogDatabase {
  const directory = dirname(file);
  let lock: Database | undefined;
  let database: Database | undefined;
  const close = () => {
    database?.close();
    lock?.close();
  };
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    lock = lockDirectory(directory, file);
    if (existsSync(file)) checkFiles(file);
    else createDatabase(file, migrations);
    database = openDatabase(file, directory);
    const format = checkFormat(database, file, migrations.length);
    checkIntegrity(database, file, format);
    migrate(database, file, migrations);
    syncDirectory(directory);
    const tables = new RaftTables(database, file);
    checkSchema(database, tables, file, migrations.length);
    // Frames of an unfinished transaction must not lie behind those of a later one: the check of the log relies on it.
    database.pragma('wal_checkpoint(TRUNCATE)');
    return { database, file, format: migrations.length, tables, close };
  } catch (error) {
    close();
    throw fileError(file, error);
  }
}

function lockDirectory(directory: string, file: string): Database {
  const lock = new Sqlite(join(directory, LOCK), { timeout: 0 });
  try {
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw isBusy(error) ? locked(directory, file, error) : error;
  }
  writeFileSync(join(directory, OWNER), `${process.pid}\n`);
  return lock;
}

/**
 * A database gets its name when it is whole. So one that is shorter than its header is damaged, and is never taken for a new
 * one, whose member has not voted.
 */
function createDatabase(file: string, migrations: readonly Migration[]): void {
  const part = `${file}.part`;
  for (const leftover of [part, `${part}-journal`, `${file}-wal`, `${file}-shm`]) rmSync(leftover, { force: true });
  const database = new Sqlite(part);
  try {
    database.pragma('synchronous = FULL');
    migrate(database, file, migrations);
  } finally {
    database.close();
  }
  publishFile(part, file);
}

/** What SQLite itself would pass over. */
function checkFiles(file: string): void {
  const header = Buffer.alloc(HEADER_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    if (readSync(descriptor, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) throw corrupt(file, 'it is cut off');
  } finally {
    closeSync(descriptor);
  }
  // Which versions may write and read it: equal and known, or it would be opened for reading only.
  const [mayWrite, mayRead] = [header[18], header[19]];
  if (mayWrite !== mayRead || mayWrite === undefined || mayWrite < 1 || mayWrite > 2)
    throw corrupt(file, 'its header is wrong');
  const damage = findWalDamage(`${file}-wal`);
  if (damage !== undefined) throw corrupt(file, damage);
}

/** Masters from before there was a lock file hold the database itself. */
function openDatabase(file: string, directory: string): Database {
  const database = new Sqlite(file, { timeout: 0 });
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma(`journal_size_limit = ${KEPT_WAL_BYTES}`);
    database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.exec('BEGIN IMMEDIATE; COMMIT');
    database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return database;
  } catch (error) {
    database.close();
    throw isBusy(error) ? locked(directory, file, error) : error;
  }
}

function isBusy(error: unknown): boolean {
  return isSqliteError(error) && error.code.startsWith('SQLITE_BUSY');
}

function locked(directory: string, file: string, cause: unknown): MesoError {
  const owner = readOwner(join(directory, OWNER));
  return new MesoError(
    'WORK_DIR_LOCKED',
    `${file} is in use by another master${owner === undefined ? '' : ` (pid ${owner})`}`,
    { cause, details: { file, pid: owner }, suggestions: ['stop that master, or choose another --work-dir'] },
  );
}

function readOwner(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function formatOf(database: Database): number {
  return database.pragma('user_version', { simple: true }) as number;
}

export function checkFormat(database: Database, file: string, known: number): number {
  const format = formatOf(database);
  if (format < 0 || format > known) throw newer(file, format, known);
  return format;
}

/** The whole check, indexes too: the state machine finds its rows by them. */
function checkIntegrity(database: Database, file: string, format: number): void {
  const verdict = database.pragma('integrity_check(1)', { simple: true });
  if (verdict !== 'ok') throw corrupt(file, String(verdict));
  const tables = database.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").pluck().get();
  if (format === 0 && tables !== 0) throw corrupt(file, 'it holds tables but no format: it is not the log of a master');
  if (format > 0 && tables === 0) throw corrupt(file, 'it has a format but no tables');
}

/** All steps in one transaction: a crash leaves the old format or the new one. */
export function migrate(database: Database, file: string, migrations: readonly Migration[]): void {
  const format = formatOf(database);
  if (format === migrations.length) return;
  database.transaction(() => {
    for (const step of migrations.slice(format)) step(database, file);
    database.pragma(`user_version = ${migrations.length}`);
    new RaftTables(database, file).putFormat(migrations.length, schemaCrcOf(database, 'main'));
  })();
}

/** A flipped bit in the format or in a CREATE statement would make sound rows into other ones. */
function checkSchema(database: Database, tables: RaftTables, file: string, format: number): void {
  const stored = tables.findFormat();
  if (stored?.format !== format || stored.schemaCrc !== schemaCrcOf(database, 'main'))
    throw corrupt(file, 'its tables are not those of its format');
}

/** Of all CREATE statements of an attached database. */
export function schemaCrcOf(database: Database, name: string): number {
  const rows = database
    .prepare<[], string>(
      `SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM ${name}.sqlite_schema ORDER BY type, name`,
    )
    .pluck()
    .all();
  return crc32(rows.join('\n'));
}

/** Names of all tables of the state machine. */
export function stateTablesOf(database: Database): readonly string[] {
  return database
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite#_%' ESCAPE '#' ORDER BY name",
    )
    .pluck()
    .all()
    .filter((name) => !name.startsWith(OWN_TABLES));
}
