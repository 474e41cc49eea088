/**
 * `master snapshot restore FILE`: the work directory of the first master of a new cluster, made of a snapshot on this machine.
 * Asks no master. Cannot be taken for a way back to the old cluster: that one's members are left out for ever, so it says
 * what is dropped and the name must be typed (level 2).
 */
import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { MesoError } from '../../base/error.js';
import { isRejection } from '../../base/rejection.js';
import { randomUuid } from '../../base/system/random.js';
import { formatAddress, parseAddress } from '../../client/address.js';
import { registryDirectory, registryFile } from '../../daemon/master/registry/registry-location.js';
import { MIGRATIONS } from '../../daemon/master/registry/registry-schema.js';
import type { Migration } from '../../raft/sqlite/log-database.js';
import { type Restored, restoreSnapshot } from '../../raft/sqlite/restore-snapshot.js';
import { readSnapshotFile, type SnapshotFileInfo } from '../../raft/sqlite/snapshot-file.js';
import { MEMBER_NAME } from '../../wire/validation/extension-call.js';
import { confirmByName, type NameOptions } from '../confirm.js';
import type { Console } from '../console.js';
import type { ChangeOptions } from './change-members.js';

export interface RestoreOptions extends ChangeOptions, NameOptions {
  readonly file: string;
  readonly workDir: string;
  /** undefined: the name that `master start` takes on this machine. */
  readonly name: string | undefined;
  /** HOST:PORT at which masters that join will reach it. */
  readonly raftAddress: string;
}

/** docs/schemas/master-snapshot-restore.json */
interface RestoreResult {
  readonly file: string;
  readonly work_dir: string;
  readonly name: string;
  readonly raft_address: string;
  readonly index: number;
  /** null: dry run. */
  readonly cluster_id: string | null;
  /** What does not come back; what was changed after `index` does not either. */
  readonly dropped: { readonly cluster_id: string; readonly members: readonly string[] };
  /** The command to type next. */
  readonly start: string;
  readonly dry_run: boolean;
}

interface Plan {
  readonly file: string;
  readonly workDir: string;
  readonly name: string;
  readonly raftAddress: string;
  readonly snapshot: SnapshotFileInfo;
  readonly migrations: readonly Migration[];
}

/** `migrations`: of the registry's database. Returns the exit status. */
export async function restoreRegistry(
  options: RestoreOptions,
  console: Console,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<number> {
  const plan = planOf(options, migrations);
  if (!options.dryRun) {
    const { name, workDir } = plan;
    const text = `Found a new cluster with the master ${name} in ${workDir}?`;
    if (!(await confirmByName({ text, items: dropTexts(plan), name }, options, console))) return 1;
  }
  const restored = options.dryRun ? undefined : restore(plan);
  const result = resultOf(plan, restored);
  await console.print(options.json ? `${JSON.stringify(result, null, 2)}\n` : textOf(plan, result));
  return 0;
}

/** Reads and verifies everything, writes nothing. Throws BAD_INPUT, REFUSED, WORK_DIR_CORRUPT, WORK_DIR_NEWER or DISK. */
function planOf(options: RestoreOptions, migrations: readonly Migration[]): Plan {
  const workDir = resolve(options.workDir);
  const name = options.name ?? defaultName();
  if (!MEMBER_NAME.test(name))
    throw new MesoError('BAD_INPUT', `--name: "${name}" must be 1 to 63 letters, digits, dots, dashes and underscores`);
  const address = parseAddress(options.raftAddress);
  if (isRejection(address) || !/:\d+$/.test(options.raftAddress))
    throw new MesoError('BAD_INPUT', `--raft-address: "${options.raftAddress}" is not HOST:PORT`);
  checkEmpty(workDir);
  const snapshot = readSnapshotFile(resolve(options.file));
  if (snapshot.format > migrations.length)
    throw new MesoError('WORK_DIR_NEWER', `${options.file} was saved by a newer version of mesoctl`, {
      details: { format: snapshot.format, known: migrations.length },
      suggestions: ['restore it with that version'],
    });
  return { file: options.file, workDir, name, raftAddress: formatAddress(address), snapshot, migrations };
}

function checkEmpty(workDir: string): void {
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

function restore({ file, workDir, name, raftAddress, snapshot, migrations }: Plan): Restored {
  const restored = restoreSnapshot({
    snapshotFile: resolve(file),
    file: registryFile(workDir),
    migrations,
    name,
    address: raftAddress,
    newId: randomUuid,
  });
  // What the user agreed to, not what the file became meanwhile.
  if (restored.index !== snapshot.index || restored.dropped.clusterId !== snapshot.clusterId)
    throw new MesoError('REFUSED', `${file} changed while it was read`, {
      suggestions: [`remove ${registryDirectory(workDir)} and try again`],
    });
  return restored;
}

/** What comes of it, a line each. */
function dropTexts({ snapshot, name }: Plan): readonly string[] {
  const names = memberNames(snapshot);
  const others = names.length === 0 ? 'its masters are' : `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}`;
  return [
    `cluster ${snapshot.clusterId} up to log index ${snapshot.index}: what was changed later is lost`,
    'a new cluster id is made: agents of the old cluster are refused, and come as new ones with another --work-dir',
    `${others} dropped: stop them; each comes back with an empty work directory, --join and "mesoctl master add"`,
    `${name} is the only master until then, and the cluster survives no loss`,
  ];
}

function memberNames({ configuration }: SnapshotFileInfo): readonly string[] {
  return configuration.members.map((member) => member.name).sort();
}

function resultOf(plan: Plan, restored: Restored | undefined): RestoreResult {
  const { file, workDir, name, raftAddress, snapshot } = plan;
  return {
    file,
    work_dir: workDir,
    name,
    raft_address: raftAddress,
    index: snapshot.index,
    cluster_id: restored?.clusterId ?? null,
    dropped: { cluster_id: snapshot.clusterId, members: memberNames(snapshot) },
    start: startCommand(plan),
    dry_run: restored === undefined,
  };
}

function textOf(plan: Plan, { cluster_id, start, index }: RestoreResult): string {
  const { file, workDir, name } = plan;
  const list = dropTexts(plan).map((line) => `  ${line}\n`);
  if (cluster_id === null) return `would restore ${file} into ${workDir} as ${name}\n${list.join('')}Then: ${start}\n`;
  return `Restored ${file} (log index ${index}) into ${workDir}: cluster ${cluster_id}, its only master is ${name}\n${list.join('')}Next: ${start}\n`;
}

/** With a listener at the address that was written down; what else it was started with, the user knows. */
function startCommand({ workDir, name, raftAddress }: Plan): string {
  const { host, port } = parsedAddress(raftAddress);
  const isLocal = host === '::1' || host === 'localhost' || host.startsWith('127.');
  const listen = isLocal ? [] : /^[\d.]+$|:/.test(host) ? ['--raft-ip', host, '--insecure'] : ['--insecure'];
  return ['mesoctl master start', '--name', name, '--work-dir', quoted(workDir), ...listen, '--raft-port', port].join(
    ' ',
  );
}

function parsedAddress(text: string): { readonly host: string; readonly port: number } {
  const address = parseAddress(text);
  if (isRejection(address)) throw new MesoError('BAD_INPUT', address.message);
  return address;
}

/** For a shell. */
function quoted(path: string): string {
  return /^[\w./+:@-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** As `master start` takes it. */
function defaultName(): string {
  return (
    hostname()
      .replaceAll(/[^A-Za-z0-9._-]/g, '-')
      .slice(0, 63) || 'master'
  );
}
