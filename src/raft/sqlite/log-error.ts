/**
 * Every failure of a member's directory as a MesoError that names the file and what to do. A directory that cannot be trusted
 * is never used; what it held is on the other members or in a snapshot.
 */
import Sqlite from 'better-sqlite3';
import { AssertionError } from '../../base/assert.js';
import { MesoError, messageOf } from '../../base/error.js';

export function corrupt(file: string, what: string, cause?: unknown): MesoError {
  return new MesoError('WORK_DIR_CORRUPT', `${file} is damaged: ${what}`, {
    cause,
    details: { file },
    suggestions: [
      'with other members alive: mesoctl master remove NAME, then start it again with an empty directory: it catches up',
      'otherwise restore a snapshot into an empty directory: mesoctl master snapshot restore FILE',
    ],
  });
}

export function corruptSnapshot(file: string, what: string, cause?: unknown): MesoError {
  return new MesoError('WORK_DIR_CORRUPT', `the snapshot ${file} is damaged: ${what}`, {
    cause,
    details: { file },
    suggestions: ['use another snapshot, or save one anew from a running master: mesoctl master snapshot save FILE'],
  });
}

export function newer(file: string, format: number, known: number): MesoError {
  return new MesoError(
    'WORK_DIR_NEWER',
    `${file} has format ${format}, this version of mesoctl knows formats up to ${known}`,
    {
      details: { file, format, known },
      suggestions: ['start the newer version of mesoctl again'],
    },
  );
}

/** What better-sqlite3 throws for failures of SQLite itself. */
export function isSqliteError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Sqlite.SqliteError;
}

/** The MesoError of anything that opening, reading or writing `file` threw; broken invariants stay what they are. */
export function fileError(file: string, error: unknown): Error {
  if (error instanceof MesoError || error instanceof AssertionError) return error;
  if (isSqliteError(error)) {
    const { code } = error;
    if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return corrupt(file, error.message, error);
    // Our statements are sound: if SQLite finds them wrong, the schema is not what it was.
    if (code === 'SQLITE_ERROR') return corrupt(file, error.message, error);
    if (/^SQLITE_(CANTOPEN|PERM|READONLY)/.test(code)) return notWritable(file, error);
    if (code === 'SQLITE_FULL') return diskFull(file, error);
    return new MesoError('DISK', `writing ${file} failed: ${error.message}`, {
      cause: error,
      details: { file, sqliteCode: code },
    });
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(file, error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return notWritable(file, error);
  return new MesoError('DISK', `${file} cannot be used: ${messageOf(error)}`, { cause: error, details: { file } });
}

function diskFull(file: string, cause: unknown): MesoError {
  return new MesoError('DISK', `no room left for ${file}`, {
    cause,
    details: { file },
    suggestions: ['make room on its file system and start the master again: nothing that was acknowledged is lost'],
  });
}

function notWritable(file: string, cause: unknown): MesoError {
  return new MesoError('NOT_ALLOWED', `${file} cannot be written by this user`, {
    cause,
    details: { file },
    suggestions: ['run as the owner of the work directory, or choose another --work-dir'],
  });
}
