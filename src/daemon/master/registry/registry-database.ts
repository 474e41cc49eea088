/**
 * Opens the registry's database file and leaves it only when it is sound, ours alone and of a format this build knows.
 * Every failure is a MesoError that names the file and what to do: a registry that cannot be trusted is never used.
 *
 * The exclusive lock is SQLite's own on the file (gone with the process, whatever kills it); the pid file beside it only
 * serves the error message. Settings: WAL, synchronous=FULL, so a commit that returned survives a power cut.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { MesoError, messageOf } from '../../../base/error.js';
import { registryDirectory, registryFile } from './registry-location.js';
import { MIGRATIONS, REGISTRY_FORMAT } from './registry-schema.js';

const OWNER = 'owner.pid';

export interface OpenedRegistry {
  readonly database: Database;
  readonly file: string;
}

/** Throws WORK_DIR_LOCKED, WORK_DIR_CORRUPT, WORK_DIR_NEWER, NOT_ALLOWED or DISK. */
export function openRegistryDatabase(workDir: string): OpenedRegistry {
  const directory = registryDirectory(workDir);
  const file = registryFile(workDir);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(directory, error);
  }
  let database: Database | undefined;
  try {
    database = new Sqlite(file, { timeout: 0 });
    lock(database, directory, file);
    checkFormat(database, file);
    checkIntegrity(database, file);
    migrate(database);
    syncDirectory(directory);
    return { database, file };
  } catch (error) {
    database?.close();
    throw error instanceof MesoError ? error : fileError(file, error);
  }
}

function lock(database: Database, directory: string, file: string): void {
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
  } catch (error) {
    if (!isSqliteError(error) || !error.code.startsWith('SQLITE_BUSY')) throw error;
    const owner = readOwner(join(directory, OWNER));
    throw new MesoError(
      'WORK_DIR_LOCKED',
      `${file} is in use by another master${owner === undefined ? '' : ` (pid ${owner})`}`,
      { cause: error, details: { file, pid: owner }, suggestions: ['stop that master, or choose another --work-dir'] },
    );
  }
  writeFileSync(join(directory, OWNER), `${process.pid}\n`);
}

function readOwner(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function checkFormat(database: Database, file: string): void {
  const format = database.pragma('user_version', { simple: true });
  if (typeof format === 'number' && format <= REGISTRY_FORMAT && format >= 0) return;
  throw new MesoError(
    'WORK_DIR_NEWER',
    `${file} has format ${format}, this version of mesoctl knows formats up to ${REGISTRY_FORMAT}`,
    { details: { file, format, known: REGISTRY_FORMAT }, suggestions: ['start the newer version of mesoctl again'] },
  );
}

function checkIntegrity(database: Database, file: string): void {
  const verdict = database.pragma('quick_check(1)', { simple: true });
  if (verdict !== 'ok') throw corrupt(file, String(verdict));
  const tables = database.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").pluck().get();
  if (database.pragma('user_version', { simple: true }) === 0 && tables !== 0)
    throw corrupt(file, 'it holds tables but no format: it is not a registry');
}

/** All steps in one transaction: a crash leaves the old format or the new one. */
function migrate(database: Database): void {
  const format = database.pragma('user_version', { simple: true }) as number;
  if (format === REGISTRY_FORMAT) return;
  database.transaction(() => {
    for (const step of MIGRATIONS.slice(format)) step(database);
    database.pragma(`user_version = ${REGISTRY_FORMAT}`);
  })();
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Names the file, what is wrong with it and how to go on. */
export function corrupt(file: string, what: string, cause?: unknown): MesoError {
  return new MesoError('WORK_DIR_CORRUPT', `the registry ${file} is damaged: ${what}`, {
    cause,
    details: { file },
    suggestions: [
      `restore ${file} from a backup, or save what is readable: sqlite3 ${file} .recover | sqlite3 ${file}.new`,
      `or move ${file}* away: the cluster then starts empty under a new id, agents need a new --work-dir`,
    ],
  });
}

/** What better-sqlite3 throws for failures of SQLite itself. */
export function isSqliteError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Sqlite.SqliteError;
}

/** The MesoError of anything that opening, reading or writing `file` threw. */
export function fileError(file: string, error: unknown): MesoError {
  if (error instanceof MesoError) return error;
  if (isSqliteError(error)) {
    if (/^SQLITE_(CORRUPT|NOTADB)/.test(error.code)) return corrupt(file, error.message, error);
    if (/^SQLITE_(CANTOPEN|PERM|READONLY)/.test(error.code)) return notWritable(file, error);
    return new MesoError('DISK', `writing the registry ${file} failed: ${error.message}`, {
      cause: error,
      details: { file, sqliteCode: error.code },
    });
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return notWritable(file, error);
  return new MesoError('DISK', `the registry ${file} cannot be used: ${messageOf(error)}`, { cause: error });
}

function notWritable(file: string, cause: unknown): MesoError {
  return new MesoError('NOT_ALLOWED', `${file} cannot be written by this user`, {
    cause,
    suggestions: ['run as the owner of the work directory, or choose another --work-dir'],
  });
}
