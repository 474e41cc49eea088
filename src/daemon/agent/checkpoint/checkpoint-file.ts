/**
 * Opens an agent's checkpoint file and goes on only when it is sound, ours alone and of a format this build knows.
 * Every failure is a MesoError that names the file and what to do.
 *
 * The lock is SQLite's own on the file, gone with the process however it ends; the pid beside it only serves the message.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { MesoError } from '../../../base/error.js';
import { checkpointError, corrupt } from './checkpoint-error.js';
import { checkpointFile } from './location.js';
import { createTables } from './tables.js';

/** Of the tables and of the messages in them; kept in user_version. 2: operations, reservations and volumes. */
export const CHECKPOINT_FORMAT = 2;
/** "meso" in ASCII: tells a checkpoint from other SQLite files. */
const APPLICATION_ID = 0x6d65736f;
const OWNER = 'owner.pid';

/** Throws WORK_DIR_LOCKED, WORK_DIR_CORRUPT, WORK_DIR_NEWER, NOT_ALLOWED or DISK. */
export function openCheckpointFile(directory: string): Database {
  const file = checkpointFile(directory);
  let database: Database | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    database = new Sqlite(file, { timeout: 0 });
    lock(database, file);
    prepare(database, file);
    syncDirectory(directory);
    syncDirectory(dirname(directory));
    return database;
  } catch (error) {
    database?.close();
    throw checkpointError(file, error);
  }
}

function lock(database: Database, file: string): void {
  const owner = join(dirname(file), OWNER);
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
  } catch (error) {
    if (!String((error as { readonly code?: unknown }).code).startsWith('SQLITE_BUSY')) throw error;
    const pid = findOwner(owner);
    throw new MesoError(
      'WORK_DIR_LOCKED',
      `${file} is in use by another agent${pid === undefined ? '' : ` (${pid})`}`,
      {
        cause: error,
        details: { file, pid },
        suggestions: ['stop that agent, or choose another --work-dir'],
      },
    );
  }
  writeFileSync(owner, `${process.pid}\n`);
}

function findOwner(path: string): string | undefined {
  try {
    return `pid ${readFileSync(path, 'utf8').trim()}`;
  } catch {
    return undefined;
  }
}

function prepare(database: Database, file: string): void {
  const format = Number(database.pragma('user_version', { simple: true }));
  if (format > CHECKPOINT_FORMAT)
    throw new MesoError(
      'WORK_DIR_NEWER',
      `${file} has format ${format}, this version of mesoctl knows formats up to ${CHECKPOINT_FORMAT}`,
      { details: { file, format }, suggestions: ['start the newer version of mesoctl again'] },
    );
  const verdict = String(database.pragma('quick_check(1)', { simple: true }));
  if (verdict !== 'ok') throw corrupt(file, verdict);
  if (format === 0) create(database, file);
  else if (database.pragma('application_id', { simple: true }) !== APPLICATION_ID)
    throw corrupt(file, 'it is not the checkpoint of an agent');
  else if (format < CHECKPOINT_FORMAT) upgrade(database);
  database.pragma('journal_mode = WAL');
}

function create(database: Database, file: string): void {
  const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
  if (tables !== 0) throw corrupt(file, 'it holds tables but no format: it is not the checkpoint of an agent');
  database.transaction(() => {
    createTables(database);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${CHECKPOINT_FORMAT}`);
  })();
}

/** In one transaction; an older version of the agent refuses the file from then on. */
function upgrade(database: Database): void {
  database.transaction(() => {
    createTables(database);
    database.pragma(`user_version = ${CHECKPOINT_FORMAT}`);
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
