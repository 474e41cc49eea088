/** Puts a launch failure into words: what was tried, on what, and the system's reason. Stages as in supervisor/protocol.h. */
import { getSystemErrorMap } from 'node:util';
import { MesoError } from '../../base/error.js';
import type { LaunchFailure } from './protocol.js';

const STAGES: Readonly<Record<number, (detail: string) => string>> = {
  1: (detail) => `read the launch plan (${detail})`,
  2: (detail) => `take ${detail} for this agent`,
  3: (detail) => `start a supervisor (${detail})`,
  4: (detail) => `open the sandbox ${detail}`,
  5: (detail) => `open ${detail} in the sandbox`,
  6: (detail) => `make the container record ${detail}`,
  7: (detail) => `make the cgroup ${detail}`,
  8: (detail) => `write ${detail} of the container's cgroup`,
  9: () => 'make the namespaces',
  10: () => 'map users into the user namespace',
  11: (detail) => `mount over ${detail} in the container`,
  12: (detail) => `set the host name ${detail}`,
  13: () => "start the task's process",
  14: () => 'set a resource limit',
  15: () => 'set the supplementary groups',
  16: (detail) => `become the ${detail} of the task`,
  17: (detail) => `enter the working directory ${detail}`,
  18: (detail) => `execute "${detail}"`,
  19: () => 'finish: the container was killed before its program ran',
};

/** "ENOENT: no such file or directory". */
export function describeErrno(errno: number): string {
  const [name, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
  return `${name}: ${text}`;
}

export function describeLaunchFailure({ stage, errno, detail }: LaunchFailure): string {
  const what = STAGES[stage]?.(detail) ?? `do step ${stage} (${detail})`;
  return `cannot ${what}${errno === 0 ? '' : `: ${describeErrno(errno)}`}`;
}

export function launchError(containerId: string, failure: LaunchFailure): MesoError {
  return new MesoError('LAUNCH_FAILED', describeLaunchFailure(failure), {
    details: { containerId, stage: failure.stage, errno: failure.errno, detail: failure.detail },
  });
}
