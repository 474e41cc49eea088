/**
 * `master snapshot restore FILE`: the work directory of the first master of a new cluster, made of a snapshot on this machine.
 * Asks no master. Cannot be taken for a way back to the old cluster: that one's members are left out for ever, so it says
 * what is dropped and the name must be typed (level 2).
 */
import { resolve } from 'node:path';
import { MesoError } from '../../base/error.js';
import { isRejection } from '../../base/rejection.js';
import { formatAddress, parseAddress } from '../../client/address.js';
import { defaultMemberName } from '../../daemon/config/master-flags.js';
import {
  checkNoRegistry,
  type RegistrySnapshot,
  readSnapshot,
} from '../../daemon/master/registry/registry-snapshot.js';
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
  readonly snapshot: RegistrySnapshot;
}

/** `migrations`: of the database in the snapshot, if not the registry's. Returns the exit status. */
export async function restoreRegistry(
  options: RestoreOptions,
  console: Console,
  migrations?: Parameters<typeof readSnapshot>[1],
): Promise<number> {
  const plan = planOf(options, migrations);
  if (!options.dryRun) {
    const { name, workDir } = plan;
    const text = `Found a new cluster with the master ${name} in ${workDir}?`;
    if (!(await confirmByName({ text, items: dropTexts(plan), name }, options, console))) return 1;
  }
  const restored = options.dryRun ? undefined : plan.snapshot.restore(plan);
  const result = resultOf(plan, restored);
  await console.print(options.json ? `${JSON.stringify(result, null, 2)}\n` : textOf(plan, result));
  return 0;
}

/** Reads and verifies everything, writes nothing. Throws BAD_INPUT, REFUSED, WORK_DIR_CORRUPT, WORK_DIR_NEWER or DISK. */
function planOf(options: RestoreOptions, migrations: Parameters<typeof readSnapshot>[1]): Plan {
  const workDir = resolve(options.workDir);
  const name = options.name ?? defaultMemberName();
  if (!MEMBER_NAME.test(name))
    throw new MesoError('BAD_INPUT', `--name: "${name}" must be 1 to 63 letters, digits, dots, dashes and underscores`);
  const address = parseAddress(options.raftAddress);
  if (isRejection(address) || !/:\d+$/.test(options.raftAddress))
    throw new MesoError('BAD_INPUT', `--raft-address: "${options.raftAddress}" is not HOST:PORT`);
  checkNoRegistry(workDir);
  const snapshot = readSnapshot(resolve(options.file), migrations);
  return { file: options.file, workDir, name, raftAddress: formatAddress(address), snapshot };
}

/** What comes of it, a line each. */
function dropTexts({ snapshot, name }: Plan): readonly string[] {
  const names = memberNames(snapshot);
  const others = names.length === 0 ? 'its masters are' : `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}`;
  return [
    `cluster ${snapshot.info.clusterId} up to log index ${snapshot.info.index}: what was changed later is lost`,
    'a new cluster id is made: agents of the old cluster are refused, and come as new ones with another --work-dir',
    `${others} dropped: stop them; each comes back with an empty work directory, --join and "mesoctl master add"`,
    `${name} is the only master until then, and the cluster survives no loss`,
  ];
}

function memberNames({ info }: RegistrySnapshot): readonly string[] {
  return info.configuration.members.map((member) => member.name).sort();
}

function resultOf(plan: Plan, restored: { readonly clusterId: string } | undefined): RestoreResult {
  const { file, workDir, name, raftAddress, snapshot } = plan;
  return {
    file,
    work_dir: workDir,
    name,
    raft_address: raftAddress,
    index: snapshot.info.index,
    cluster_id: restored?.clusterId ?? null,
    dropped: { cluster_id: snapshot.info.clusterId, members: memberNames(snapshot) },
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
