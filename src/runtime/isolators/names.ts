/**
 * The names that --isolation takes: ours, the aliases of Mesos, and those of Mesos that a later version brings.
 * Pure. Source: spec page 08b, section 8b.2.
 */
import { type Rejection, reject } from '../../base/rejection.js';

/** In the order in which isolators prepare a container. */
export const ISOLATORS = [
  'namespaces/user',
  'namespaces/mnt',
  'posix/cpu',
  'posix/mem',
  'posix/rlimits',
  'cgroups/cpu',
  'cgroups/mem',
  'cgroups/pids',
  'namespaces/cgroup',
  'namespaces/ipc',
  'namespaces/pid',
  'namespaces/uts',
] as const;

export type IsolatorName = (typeof ISOLATORS)[number];

export const DEFAULT_ISOLATION: readonly IsolatorName[] = [
  'cgroups/cpu',
  'cgroups/mem',
  'cgroups/pids',
  'namespaces/pid',
  'namespaces/mnt',
  'namespaces/ipc',
  'namespaces/uts',
  'namespaces/cgroup',
];

const ALIASES: ReadonlyMap<string, readonly IsolatorName[]> = new Map<string, readonly IsolatorName[]>([
  ['process', ['posix/cpu', 'posix/mem']],
  ['cgroups', ['cgroups/cpu', 'cgroups/mem']],
  ['cgroups/all', ['cgroups/cpu', 'cgroups/mem', 'cgroups/pids']],
]);

/** Isolators of Mesos that this version does not have. */
const LATER: ReadonlySet<string> = new Set([
  'appc/runtime',
  'cgroups/blkio',
  'cgroups/cpuset',
  'cgroups/devices',
  'cgroups/hugetlb',
  'cgroups/net_cls',
  'cgroups/net_prio',
  'cgroups/perf_event',
  'disk/du',
  'disk/xfs',
  'docker/runtime',
  'docker/volume',
  'environment_secret',
  'filesystem/linux',
  'filesystem/posix',
  'filesystem/shared',
  'gpu/nvidia',
  'linux/capabilities',
  'linux/devices',
  'linux/nnp',
  'linux/seccomp',
  'network/cni',
  'network/port_mapping',
  'network/ports',
  'posix/disk',
  'volume/csi',
  'volume/host_path',
  'volume/image',
  'volume/sandbox_path',
  'volume/secret',
]);

/** What one isolator cannot do without another, because it would isolate in name only. */
const NEEDS: Readonly<Partial<Record<IsolatorName, { readonly other: IsolatorName; readonly why: string }>>> = {
  'namespaces/pid': { other: 'namespaces/mnt', why: 'tasks would see the processes of the host in /proc' },
  'namespaces/ipc': { other: 'namespaces/mnt', why: 'tasks would share /dev/shm with the host' },
  'namespaces/cgroup': { other: 'namespaces/mnt', why: "tasks would see the host's cgroups" },
};

function isIsolatorName(name: string): name is IsolatorName {
  return ISOLATORS.some((known) => known === name);
}

/** Reads --isolation: aliases replaced, checked, in the order in which they prepare. */
export function parseIsolation(names: readonly string[]): readonly IsolatorName[] | Rejection {
  const chosen = new Set<IsolatorName>();
  for (const name of names.flatMap((given): readonly string[] => ALIASES.get(given) ?? [given])) {
    if (!isIsolatorName(name)) return reject('invalid', unknownIsolator(name));
    if (chosen.has(name)) return reject('invalid', `--isolation names "${name}" twice`);
    chosen.add(name);
  }
  for (const name of chosen) {
    const need = NEEDS[name];
    if (need !== undefined && !chosen.has(need.other))
      return reject('invalid', `--isolation: ${name} needs ${need.other}, else ${need.why}`);
  }
  return ISOLATORS.filter((name) => chosen.has(name));
}

function unknownIsolator(name: string): string {
  const known = [...ISOLATORS, ...ALIASES.keys()].join(', ');
  return LATER.has(name)
    ? `--isolation: this version of mesoctl does not have the Mesos isolator "${name}" yet; it has ${known}`
    : `--isolation: unknown isolator "${name}"; known are ${known}`;
}
