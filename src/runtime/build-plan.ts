/**
 * Puts together what one container needs: the spec, whom to run as, what each isolator contributes. Refuses what this
 * containerizer would otherwise ignore: a task never runs with a part of its request left out.
 */

import { MesoError } from '../base/error.js';
import type * as mesos from '../wire/gen/mesos.js';
import type { ContainerSpec } from './containerizer.js';
import { CLONE_NEWUSER } from './isolators/clone-flags.js';
import type { LaunchContribution } from './isolators/isolator.js';
import type { IsolatorName } from './isolators/names.js';
import type { LaunchPlan } from './launcher/launch-plan.js';
import type { UserIds } from './users.js';

export interface PlanSettings {
  readonly bootId: string;
  readonly recordDir: string;
  readonly cgroup?: string | undefined;
  readonly maxLogSizeBytes: number;
  readonly maxLogFiles: number;
  /** The agent's own ids. */
  readonly agent: { readonly uid: number; readonly gid: number };
  /** undefined: as the agent. */
  readonly user?: UserIds | undefined;
}

const ALL_IDS = 4_294_967_295;

/** The first field of a request that needs what is not there; undefined when all of it can be had. */
export function findUnsupported(spec: ContainerSpec, isolation: readonly IsolatorName[]): string | undefined {
  const info: mesos.ContainerInfo = spec.containerInfo ?? { type: 'MESOS' };
  if (info.type !== 'MESOS') return 'container.type';
  if (info.docker !== undefined) return 'container.docker';
  if ((info.volumes?.length ?? 0) > 0) return 'container.volumes';
  if (info.mesos?.image !== undefined) return 'container.mesos.image';
  if ((info.network_infos?.length ?? 0) > 0) return 'container.network_infos';
  if (info.linux_info !== undefined) return 'container.linux_info';
  if (info.tty_info !== undefined) return 'container.tty_info';
  if (info.rlimit_info !== undefined && !isolation.includes('posix/rlimits'))
    return 'container.rlimit_info (needs --isolation with posix/rlimits)';
  if (hostnameOf(spec) !== undefined && !isolation.includes('namespaces/uts'))
    return 'container.hostname (needs --isolation with namespaces/uts)';
  if (spec.volumes?.some(({ readOnly }) => readOnly) === true && !isolation.includes('namespaces/mnt'))
    return 'disk.volume.mode RO (needs --isolation with namespaces/mnt)';
  return findUnsupportedLimit(spec.limits, isolation);
}

/** A limit is more than a request: where nothing holds the task to it, the task must not run. Infinity is no limit. */
function findUnsupportedLimit(
  { cpus, memMb }: ContainerSpec['limits'],
  isolation: readonly IsolatorName[],
): string | undefined {
  if (Number.isFinite(cpus) && !isolation.includes('cgroups/cpu'))
    return 'limits.cpus (needs --isolation with cgroups/cpu)';
  if (Number.isFinite(memMb) && !isolation.includes('cgroups/mem'))
    return 'limits.mem (needs --isolation with cgroups/mem)';
  return undefined;
}

export function hostnameOf(spec: ContainerSpec): string | undefined {
  return spec.hostname ?? spec.containerInfo?.hostname;
}

function userMap(cloneFlags: number, agent: PlanSettings['agent']): LaunchPlan['userMap'] {
  if ((cloneFlags & CLONE_NEWUSER) === 0) return undefined;
  if (agent.uid === 0) return { uidMap: `0 0 ${ALL_IDS}`, gidMap: `0 0 ${ALL_IDS}`, denySetgroups: false };
  return { uidMap: `${agent.uid} ${agent.uid} 1`, gidMap: `${agent.gid} ${agent.gid} 1`, denySetgroups: true };
}

/** Whom the task must become; undefined when it is the agent's own user. Throws LAUNCH_FAILED when it cannot. */
export function userOf(ids: UserIds | undefined, agent: PlanSettings['agent']): UserIds | undefined {
  if (ids === undefined || ids.uid === agent.uid) return undefined;
  if (agent.uid === 0) return ids;
  throw new MesoError(
    'LAUNCH_FAILED',
    `the agent runs as user ${agent.uid}, not as root, and so cannot run a task as user ${ids.uid}`,
    { suggestions: ['run the agent as root', 'mesoctl agent join --no-switch-user'] },
  );
}

/** Joins contributions in the order in which the isolators gave them. */
export function buildPlan(
  spec: ContainerSpec,
  contributions: readonly LaunchContribution[],
  settings: PlanSettings,
): LaunchPlan {
  const cloneFlags = contributions.reduce((flags, { cloneFlags: more }) => flags | (more ?? 0), 0);
  return {
    containerId: spec.containerId,
    bootId: settings.bootId,
    recordDir: settings.recordDir,
    sandboxDir: spec.sandboxDir,
    argv: spec.argv,
    program: spec.program,
    environment: spec.environment,
    cgroup: settings.cgroup,
    cgroupWrites: contributions.flatMap(({ cgroupWrites }) => cgroupWrites ?? []),
    cloneFlags,
    user: userOf(settings.user, settings.agent),
    mounts: contributions.flatMap(({ mounts }) => mounts ?? []),
    rlimits: contributions.flatMap(({ rlimits }) => rlimits ?? []),
    hostname: contributions.find(({ hostname }) => hostname !== undefined)?.hostname,
    maxLogSizeBytes: settings.maxLogSizeBytes,
    maxLogFiles: settings.maxLogFiles,
    userMap: userMap(cloneFlags, settings.agent),
  };
}
