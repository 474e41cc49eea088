/**
 * cgroups/mem: memory by request and limit, and the end of a container that ran out of it. memory.oom.group makes the
 * kernel kill the container as a whole, and the supervisor keeps the counters with the exit status, so the verdict
 * survives the agent. Source: spec page 08b, section 8b.3.
 */

import { memoryStatistics, memoryUpdateWrites, memoryWrites } from '../cgroups/memory.js';
import type { ContainerSpec } from '../containerizer.js';
import type { MemoryRecord } from '../records.js';
import { type ContainerResources, type Isolator, isolator, type Limitation } from './isolator.js';

const BYTES_PER_MB = 1024 * 1024;

export function cgroupsMem(): Isolator {
  return isolator('cgroups/mem', {
    prepare: (spec: ContainerSpec) => Promise.resolve({ cgroupWrites: memoryWrites(boundsOf(spec)) }),
    async watch({ ended }) {
      return memoryLimitation((await ended).memory);
    },
    async update({ cgroup }, resources) {
      const currentMax = (await cgroup?.find('memory.max')) ?? 'max';
      for (const write of memoryUpdateWrites(boundsOf(resources), currentMax)) await cgroup?.write(write);
    },
    async usage({ cgroup }) {
      return memoryStatistics({
        current: await cgroup?.find('memory.current'),
        stat: await cgroup?.find('memory.stat'),
        max: await cgroup?.find('memory.max'),
        low: await cgroup?.find('memory.low'),
      });
    },
  });
}

function boundsOf({ requests, limits }: ContainerResources) {
  return { requestMb: requests.memMb, limitMb: limits.memMb };
}

function megabytes(bytes: number): string {
  return `${(bytes / BYTES_PER_MB).toFixed(1)} MB`;
}

/** Why a container died of memory, with the numbers; undefined when it did not. */
export function memoryLimitation(memory: MemoryRecord | undefined): Limitation | undefined {
  if (memory === undefined || memory.oomKill === 0) return undefined;
  const reason = 'REASON_CONTAINER_LIMITATION_MEMORY';
  const peak = memory.peakBytes === undefined ? '' : `, peak ${megabytes(memory.peakBytes)}`;
  const parts = `anon ${megabytes(memory.anonBytes)}, file ${megabytes(memory.fileBytes)}, kernel ${megabytes(memory.kernelBytes)}`;
  if (memory.oom === 0)
    return {
      reason,
      message: `Killed because the machine ran out of memory, not for the container's own limit${peak}; ${parts}`,
      resources: [],
    };
  return {
    reason,
    message: `Memory limit exceeded: limit ${megabytes(memory.limitBytes)}${peak}; ${parts}`,
    resources: [{ name: 'mem', type: 'SCALAR', scalar: { value: memory.limitBytes / BYTES_PER_MB } }],
  };
}
