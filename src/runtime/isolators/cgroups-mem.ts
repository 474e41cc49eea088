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

/** What the memory was used for; nothing when the look came after the kernel had freed it. */
function sizesOf({ anonBytes, fileBytes, kernelBytes, peakBytes }: MemoryRecord): readonly string[] {
  if (2 * (anonBytes + fileBytes + kernelBytes) < (peakBytes ?? 0)) return [];
  return [`anon ${megabytes(anonBytes)}`, `file ${megabytes(fileBytes)}`, `kernel ${megabytes(kernelBytes)}`];
}

/** Why a container died of memory, with the numbers; undefined when it did not. */
export function memoryLimitation(memory: MemoryRecord | undefined): Limitation | undefined {
  if (memory === undefined || memory.oomKill === 0) return undefined;
  const reason = 'REASON_CONTAINER_LIMITATION_MEMORY';
  const numbers = [
    ...(memory.peakBytes === undefined ? [] : [`peak ${megabytes(memory.peakBytes)}`]),
    ...sizesOf(memory),
  ].join(', ');
  if (memory.oom === 0)
    return {
      reason,
      message: `Killed because the machine ran out of memory, not for the container's own limit: ${numbers}`,
      resources: [],
    };
  return {
    reason,
    message: `Memory limit exceeded: limit ${megabytes(memory.limitBytes)}, ${numbers}`,
    resources: [{ name: 'mem', type: 'SCALAR', scalar: { value: memory.limitBytes / BYTES_PER_MB } }],
  };
}
