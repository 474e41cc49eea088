/**
 * Turns facts about a machine into rows that say what works, what does not, and what to do. Pure.
 *
 * What the isolators need is judged where the agent judges it (isolators/requirements.ts): the doctor never says that
 * something works which the agent would refuse. A row that is not ok has a remedy, unless there is none.
 */
import { type IsolatorFinding, judgeIsolators, strongestIsolation } from '../isolators/requirements.js';
import type { DoctorFacts } from './doctor-facts.js';
import type { DoctorReport, DoctorRow } from './doctor-report.js';

/** cgroup.kill came with 5.14. */
const OLDEST_KERNEL = [5, 14] as const;
const OLDEST_NODE = [20, 19] as const;
const CAP_SYS_ADMIN = 21n;
const CAP_SYS_RESOURCE = 24n;
/** A master with ten thousand agents holds about that many connections. */
const ENOUGH_OPEN_FILES = 16_384;

type MachineRow = Omit<DoctorRow, 'group'>;

export function judgeMachine(facts: DoctorFacts): DoctorReport {
  const machineRows = [
    platformRow(facts),
    kernelRow(facts),
    nodeRow(facts),
    privilegesRow(facts),
    supervisorRow(facts),
    cgroupRow(facts),
    delegationRow(facts),
    userNamespaceRow(facts),
    openFilesRow(facts),
    pressureRow(facts),
    swapRow(facts),
  ].filter((row) => row !== undefined);
  const strongest = facts.isolation === undefined ? undefined : strongestIsolation(facts.isolation);
  return {
    hostname: facts.hostname,
    operatingSystem: facts.operatingSystem,
    kernel: facts.kernelRelease,
    rows: [...machineRows.map((row): DoctorRow => ({ group: 'machine', ...row })), ...isolatorRows(facts)],
    isolation: strongest?.isolation ?? [],
    reduced: strongest?.reduced ?? [],
  };
}

function platformRow({ platform, operatingSystem }: DoctorFacts): MachineRow {
  if (platform === 'linux') return { name: 'system', state: 'ok', found: operatingSystem };
  const remedy = 'run agents on Linux; masters and the command line work here';
  return { name: 'system', state: 'missing', found: `${platform} has no containers`, remedy };
}

function kernelRow({ kernelRelease }: DoctorFacts): MachineRow {
  if (isAtLeast(kernelRelease, OLDEST_KERNEL)) return { name: 'kernel', state: 'ok', found: kernelRelease };
  const remedy = `Linux ${OLDEST_KERNEL.join('.')} or later: older ones cannot kill a cgroup as a whole`;
  return { name: 'kernel', state: 'missing', found: kernelRelease, remedy };
}

function nodeRow({ nodeVersion }: DoctorFacts): MachineRow {
  if (isAtLeast(nodeVersion, OLDEST_NODE)) return { name: 'node', state: 'ok', found: nodeVersion };
  return { name: 'node', state: 'warning', found: nodeVersion, remedy: `Node ${OLDEST_NODE.join('.')} or later` };
}

function privilegesRow({ isRoot, capabilities }: DoctorFacts): MachineRow {
  const name = 'privileges';
  if (!isRoot) {
    const remedy = 'run the agent as root for limits and for tasks of other users; without it, tasks run as this user';
    return { name, state: 'warning', found: 'not root', remedy };
  }
  if (!hasCapability(capabilities, CAP_SYS_ADMIN)) {
    const remedy = 'give the agent CAP_SYS_ADMIN (in a container: --privileged or --cap-add SYS_ADMIN)';
    return { name, state: 'missing', found: 'root without CAP_SYS_ADMIN', remedy };
  }
  if (!hasCapability(capabilities, CAP_SYS_RESOURCE)) {
    const remedy = 'give the agent CAP_SYS_RESOURCE if tasks ask for rlimits above the hard limits of this machine';
    return { name, state: 'warning', found: 'root without CAP_SYS_RESOURCE', remedy };
  }
  return { name, state: 'ok', found: 'root' };
}

/** Where capabilities are not told, root is taken to have them. */
function hasCapability(capabilities: bigint | undefined, bit: bigint): boolean {
  return capabilities === undefined || ((capabilities >> bit) & 1n) === 1n;
}

function supervisorRow({ supervisorFound, compiler }: DoctorFacts): MachineRow {
  if (supervisorFound) return { name: 'supervisor', state: 'ok', found: 'compiled' };
  const build = 'npm run build';
  const remedy = compiler === undefined ? `apt-get install gcc libc6-dev, then ${build}` : build;
  const found = compiler === undefined ? 'not compiled, and there is no C compiler' : 'not compiled';
  return { name: 'supervisor', state: 'missing', found, remedy };
}

function cgroupRow({ cgroups }: DoctorFacts): MachineRow {
  const name = 'cgroups';
  const pureV2 = 'boot with systemd.unified_cgroup_hierarchy=1 (cgroup v2 only)';
  switch (cgroups.layout) {
    case 'unified':
      return { name, state: 'ok', found: `v2 at ${cgroups.v2Mount}: ${cgroups.v2Controllers.join(' ')}` };
    case 'hybrid':
      return {
        name,
        state: 'warning',
        found: `v2 at ${cgroups.v2Mount} beside v1, which holds ${cgroups.v1Controllers.join(' ')}`,
        remedy: `${pureV2}; until then tasks run without limits: --isolation=posix/cpu,posix/mem,namespaces/...`,
      };
    case 'legacy':
      return { name, state: 'missing', found: 'v1 only', remedy: pureV2 };
    case 'none':
      return { name, state: 'missing', found: 'not mounted', remedy: 'mount -t cgroup2 none /sys/fs/cgroup' };
  }
}

/** Root needs no delegation; without a v2 tree there is nothing to delegate. */
function delegationRow({ cgroups, isRoot, ownCgroupWritable }: DoctorFacts): MachineRow | undefined {
  if (isRoot || cgroups.v2Mount === undefined) return undefined;
  const name = 'delegation';
  const own = cgroups.ownV2Path ?? '/';
  if (ownCgroupWritable) return { name, state: 'ok', found: `${own} may be divided; pass it as --cgroups-root` };
  const remedy = 'start the agent with: systemd-run --user --scope -p Delegate=yes mesoctl agent join ...';
  return { name, state: 'warning', found: `${own} may not be divided by this user`, remedy };
}

/** Only what is set against us is worth a row: whether they work is an isolator's row. */
function userNamespaceRow({ userNamespaceSysctls, isRoot }: DoctorFacts): MachineRow | undefined {
  if (isRoot) return undefined;
  const wanted: Readonly<Record<string, (text: string) => boolean>> = {
    'user.max_user_namespaces': (text) => Number(text) > 0,
    'kernel.unprivileged_userns_clone': (text) => text === '1',
    'kernel.apparmor_restrict_unprivileged_userns': (text) => text === '0',
  };
  const against = Object.entries(userNamespaceSysctls).filter(([name, text]) => wanted[name]?.(text) === false);
  if (against.length === 0) return undefined;
  const found = against.map(([name, text]) => `${name}=${text}`).join(', ');
  const values: Readonly<Record<string, string>> = {
    'user.max_user_namespaces': '10000',
    'kernel.unprivileged_userns_clone': '1',
  };
  const remedy = against.map(([name]) => `sysctl -w ${name}=${values[name] ?? '0'}`).join('; ');
  return { name: 'user namespaces', state: 'warning', found, remedy };
}

function openFilesRow({ openFilesLimit }: DoctorFacts): MachineRow | undefined {
  if (openFilesLimit === undefined) return undefined;
  const found = openFilesLimit === Number.POSITIVE_INFINITY ? 'no limit' : `${openFilesLimit} per process`;
  if (openFilesLimit >= ENOUGH_OPEN_FILES) return { name: 'open files', state: 'ok', found };
  const remedy = 'raise the hard limit (ulimit -Hn, LimitNOFILE= of the service): each agent and framework takes one';
  return { name: 'open files', state: 'warning', found, remedy };
}

function pressureRow({ hasPressure }: DoctorFacts): MachineRow {
  if (hasPressure) return { name: 'pressure stall information', state: 'ok', found: '/proc/pressure' };
  const remedy = 'boot with psi=1, or do without pressure figures';
  return { name: 'pressure stall information', state: 'warning', found: 'not there', remedy };
}

function swapRow({ swapTotalKb }: DoctorFacts): MachineRow | undefined {
  if (swapTotalKb === undefined) return undefined;
  if (swapTotalKb === 0) return { name: 'swap', state: 'ok', found: 'none' };
  const remedy = 'swapoff -a, if memory limits are to be hard: a task at its limit goes on in swap';
  return { name: 'swap', state: 'warning', found: `${Math.round(swapTotalKb / 1024)} MB`, remedy };
}

function isolatorRows(facts: DoctorFacts): readonly DoctorRow[] {
  if (facts.isolation === undefined)
    return [
      { group: 'isolator', name: 'all', state: 'unknown', found: 'nothing could be tried without the supervisor' },
    ];
  return judgeIsolators(facts.isolation).map(isolatorRow);
}

function isolatorRow(finding: IsolatorFinding): DoctorRow {
  if (finding.ok) return { group: 'isolator', name: finding.isolator, state: 'ok', found: 'works' };
  return {
    group: 'isolator',
    name: finding.isolator,
    state: 'missing',
    found: finding.missing ?? 'does not work',
    remedy: finding.remedy,
  };
}

/** Compares the leading "major.minor". */
function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const match = /^(\d+)\.(\d+)/.exec(version);
  if (match === null) return false;
  const found = [Number(match[1]), Number(match[2])] as const;
  return found[0] > major || (found[0] === major && found[1] >= minor);
}
