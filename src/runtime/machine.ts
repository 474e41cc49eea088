/**
 * Takes the machine for one agent: checks that it can isolate as asked, makes the runtime directory and the cgroup
 * root, and starts the launcher, which locks both against a second agent.
 */
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MesoError } from '../base/error.js';
import { isRejection } from '../base/rejection.js';
import { findCgroupHierarchy } from './cgroups/hierarchy.js';
import { CgroupRoot, checkCgroupsRoot } from './cgroups/root.js';
import { createIsolators } from './isolators/create-isolators.js';
import type { Isolator } from './isolators/isolator.js';
import { DEFAULT_ISOLATION, type IsolatorName, parseIsolation } from './isolators/names.js';
import type { CgroupView } from './isolators/namespaces-cgroup.js';
import { controllersOf, readMachineFacts, requireIsolation } from './isolators/requirements.js';
import { Launcher } from './launcher/launcher.js';
import type { LinuxContainerizerOptions } from './linux-containerizer-options.js';
import { RecordStore } from './record-store.js';
import { getSupervisorPath } from './supervisor-path.js';

const PRIVATE_MODE = 0o700;
const OTHERS_MAY_WRITE = 0o022;

export interface Machine {
  readonly isolation: readonly IsolatorName[];
  readonly isolators: readonly Isolator[];
  readonly launcher: Launcher;
  readonly records: RecordStore;
  /** undefined: containers are tracked by their pid namespace. */
  readonly cgroupRoot?: CgroupRoot | undefined;
  readonly bootId: string;
  readonly agent: { readonly uid: number; readonly gid: number };
}

/** Throws MesoError ISOLATION_MISSING, BAD_INPUT, SUPERVISOR_MISSING, NOT_ALLOWED or WORK_DIR_LOCKED. */
export async function openMachine(options: LinuxContainerizerOptions): Promise<Machine> {
  const isolation = parseIsolation(options.isolation ?? DEFAULT_ISOLATION);
  if (isRejection(isolation)) throw new MesoError('BAD_INPUT', isolation.message, { suggestions: ['mesoctl doctor'] });
  checkCgroupsRoot(options.cgroupsRoot);
  const supervisorPath = options.supervisorPath ?? getSupervisorPath();
  const { cgroupMount, cgroupsRoot, clock, logger } = options;
  const facts = await readMachineFacts({ supervisorPath, cgroupMount, cgroupsRoot });
  requireIsolation(isolation, facts);
  const hierarchy = await findCgroupHierarchy(cgroupMount);
  const cgroupRoot =
    hierarchy === undefined || facts.trackingErrno !== 0
      ? undefined
      : await CgroupRoot.open(hierarchy, cgroupsRoot, controllersOf(isolation));
  const runtimeDir = await makePrivateDir(options.runtimeDir);
  const recordsDir = await makePrivateDir(join(runtimeDir, 'containers'));
  const maskedDirs = [runtimeDir, ...(await Promise.all((options.maskedDirs ?? []).map(makePrivateDir)))];
  const launcher = await Launcher.open({
    supervisorPath,
    lockDirs: [runtimeDir, ...(cgroupRoot === undefined ? [] : [cgroupRoot.cgroup.path])],
    joinCgroup: cgroupRoot?.supervisors.path,
    logger,
  });
  return {
    isolation,
    isolators: createIsolators(isolation, { ...options, maskedDirs, cgroupView: viewOf(cgroupRoot) }),
    launcher,
    records: new RecordStore(recordsDir, clock),
    cgroupRoot,
    bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
    agent: { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 },
  };
}

/** A directory that only the agent may write; its path without symbolic links. Made if missing, for the agent alone. */
async function makePrivateDir(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: PRIVATE_MODE });
  const { uid, mode } = await stat(path);
  if (uid !== process.geteuid?.() || (mode & OTHERS_MAY_WRITE) !== 0)
    throw new MesoError('NOT_ALLOWED', `${path} must belong to the agent's user and be writable by no one else`, {
      suggestions: [`chmod go-w ${path}`],
    });
  return realpath(path);
}

function viewOf(root: CgroupRoot | undefined): CgroupView | undefined {
  return root && { mount: root.mount, path: (containerId) => root.container(containerId).path };
}
