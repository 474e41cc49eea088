/**
 * Makes the directory of a new cluster of one from a snapshot, after the loss of a quorum. The cluster and its only member get
 * new ids, so that old members cannot come back; what was agreed on after the snapshot is unknowable here. The database gets
 * its name when it is whole: a crash leaves no directory that could be started.
 */
import { closeSync, constants, copyFileSync, fsyncSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { MesoError } from '../../base/error.js';
import type { Configuration, Member } from '../core/configuration.js';
import { type Migration, schemaCrcOf } from './log-database.js';
import { fileError } from './log-error.js';
import type { Identity } from './protocol.js';
import { publishFile } from './publish-file.js';
import { putFirstRows, RaftTables } from './raft-tables.js';
import { readSnapshotFile, type SnapshotFileInfo } from './snapshot-file.js';
import { unsealSnapshot } from './snapshot-reception.js';

export interface RestoreOptions {
  /** The snapshot; it stays as it is. */
  readonly snapshotFile: string;
  /** The database to make; its directory is new or empty. */
  readonly file: string;
  readonly migrations: readonly Migration[];
  /** The only member: its id is made here. */
  readonly name: string;
  readonly address: string;
  newId(): string;
}

export interface Restored {
  readonly identity: Identity;
  readonly clusterId: string;
  readonly configuration: Configuration;
  readonly index: number;
  readonly term: number;
  /** What does not come back: the old cluster's id and its members; whatever came after `index` as well. */
  readonly dropped: { readonly clusterId: string; readonly members: readonly Member[] };
}

/** Throws WORK_DIR_CORRUPT or WORK_DIR_NEWER of the snapshot, REFUSED where something is in the way, NOT_ALLOWED or DISK. */
export function restoreSnapshot(options: RestoreOptions): Restored {
  const { snapshotFile, file, migrations } = options;
  const info = readSnapshotFile(snapshotFile);
  const part = `${file}.part`;
  try {
    makeEmptyDirectory(dirname(file));
    copyFileSync(snapshotFile, part, constants.COPYFILE_EXCL);
    unsealSnapshot(part, info, migrations);
    const restored = describe(info, options);
    writeMember(part, file, info, restored, migrations.length);
    sync(part);
    publishFile(part, file);
    return restored;
  } catch (error) {
    rmSync(part, { force: true });
    throw fileError(file, error);
  }
}

function makeEmptyDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (readdirSync(directory).length === 0) return;
  throw new MesoError('REFUSED', `${directory} is not empty: a snapshot is restored into a new directory`, {
    details: { directory },
    suggestions: ['choose another --work-dir, or move the old directory away'],
  });
}

function describe({ clusterId, configuration: old, index, term }: SnapshotFileInfo, options: RestoreOptions): Restored {
  const { name, address } = options;
  const memberId = options.newId();
  const newClusterId = options.newId();
  const configuration = { members: [{ id: memberId, name, address }], voters: [memberId], outgoing: [], learners: [] };
  return {
    identity: { memberId, name, standing: { kind: 'member', clusterId: newClusterId } },
    clusterId: newClusterId,
    configuration,
    index,
    term,
    dropped: { clusterId, members: old.members },
  };
}

function writeMember(part: string, file: string, info: SnapshotFileInfo, restored: Restored, format: number): void {
  const database = new Sqlite(part);
  try {
    database.pragma('synchronous = FULL');
    const tables = new RaftTables(database, file);
    const { index, term, identity, configuration } = restored;
    database.transaction(() => {
      tables.putFormat(format, schemaCrcOf(database, 'main'));
      putFirstRows(tables, {
        identity,
        hardState: { term, vote: undefined, commit: index },
        base: { index, term, configuration },
        applied: { index, term, noticeTerm: info.noticeTerm },
      });
    })();
  } finally {
    database.close();
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
