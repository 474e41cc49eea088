/** Snapshots of the registry as files: read and verified, and made into the work directory of a new cluster. */
import { readdirSync } from 'node:fs';
import { MesoError } from '../../../base/error.js';
import { randomUuid } from '../../../base/system/random.js';
import type { Migration } from '../../../raft/sqlite/log-database.js';
import { type Restored, restoreSnapshot } from '../../../raft/sqlite/restore-snapshot.js';
import { readSnapshotFile, type SnapshotFileInfo } from '../../../raft/sqlite/snapshot-file.js';
import { registryDirectory, registryFile } from './registry-location.js';
import { MIGRATIONS } from './registry-schema.js';

export interface RestoreTarget {
  readonly workDir: string;
  /** Of the only member of the new cluster. */
  readonly name: string;
  /** HOST:PORT of its Raft port. */
  readonly raftAddress: string;
}

export interface RegistrySnapshot {
  readonly info: SnapshotFileInfo;
  /** Makes the registry of a new cluster. Throws REFUSED, WORK_DIR_CORRUPT, NOT_ALLOWED or DISK. */
  restore(target: RestoreTarget): Restored;
}

/** What it is of, when all of it is sound; of any format. Throws WORK_DIR_CORRUPT or DISK. */
export function verifySnapshot(file: string): SnapshotFileInfo {
  return readSnapshotFile(file);
}

/** As `verifySnapshot`, and it can be restored. `migrations`: of the database in it. Throws WORK_DIR_CORRUPT, WORK_DIR_NEWER or DISK. */
export function readSnapshot(file: string, migrations: readonly Migration[] = MIGRATIONS): RegistrySnapshot {
  const info = verifySnapshot(file);
  if (info.format > migrations.length)
    throw new MesoError('WORK_DIR_NEWER', `${file} was saved by a newer version of mesoctl`, {
      details: { format: info.format, known: migrations.length },
      suggestions: ['restore it with that version'],
    });
  return { info, restore: (target) => restore(file, info, target, migrations) };
}

/** Throws REFUSED where there is a registry, or the beginning of one. */
export function checkNoRegistry(workDir: string): void {
  const directory = registryDirectory(workDir);
  if (entriesOf(directory).length === 0) return;
  throw new MesoError(
    'REFUSED',
    `${workDir} holds a registry already: a snapshot is restored into an empty directory`,
    {
      details: { directory },
      suggestions: ['another --work-dir', `mv ${directory} ${directory}.old`],
    },
  );
}

function restore(
  file: string,
  info: SnapshotFileInfo,
  { workDir, name, raftAddress }: RestoreTarget,
  migrations: readonly Migration[],
): Restored {
  const restored = restoreSnapshot({
    snapshotFile: file,
    file: registryFile(workDir),
    migrations,
    name,
    address: raftAddress,
    newId: randomUuid,
  });
  // What the user agreed to, not what the file became meanwhile.
  if (restored.index === info.index && restored.dropped.clusterId === info.clusterId) return restored;
  throw new MesoError('REFUSED', `${file} changed while it was read`, {
    suggestions: [`remove ${registryDirectory(workDir)} and try again`],
  });
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new MesoError(code === 'EACCES' ? 'NOT_ALLOWED' : 'DISK', `${directory} cannot be read: ${code}`, {
      cause: error,
    });
  }
}
