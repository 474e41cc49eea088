/** The memory counters of a cgroup whose supervisor died before it could record them. */
import type { MemoryRecord } from '../records.js';
import type { Cgroup } from './cgroup.js';
import { parseFlatKeyed } from './flat-keyed.js';
import { parseMemoryBytes, parseMemoryEvents } from './memory.js';

/** undefined where the memory controller is off or the cgroup is gone. */
export async function findMemoryRecord(cgroup: Cgroup): Promise<MemoryRecord | undefined> {
  const events = await cgroup.find('memory.events');
  if (events === undefined) return undefined;
  const stat = parseFlatKeyed((await cgroup.find('memory.stat')) ?? '');
  const peak = await cgroup.find('memory.peak');
  return {
    ...parseMemoryEvents(events),
    limitBytes: parseMemoryBytes((await cgroup.find('memory.max')) ?? 'max'),
    peakBytes: peak === undefined ? undefined : Number(peak),
    anonBytes: stat.get('anon') ?? 0,
    fileBytes: stat.get('file') ?? 0,
    kernelBytes: stat.get('kernel') ?? 0,
  };
}
