/** From what a supervisor recorded to what the agent is told. Pure. Source: architecture, section 6. */
import type { ContainerTermination } from './containerizer.js';
import { memoryLimitation } from './isolators/cgroups-mem.js';
import type { Limitation } from './isolators/isolator.js';
import type { ContainerStatusRecord } from './records.js';

const SIGKILL = 9;

/** A complete record: the program ran, or proof that it never did. */
export function terminationOf(
  containerId: string,
  record: ContainerStatusRecord,
  limitation: Limitation | undefined = memoryLimitation(record.memory),
): ContainerTermination {
  if (!record.launched) return { containerId, finishedAtMs: record.finishedAtMs };
  return {
    containerId,
    waitStatus: record.waitStatus,
    limitation,
    startedAtMs: record.startedAtMs,
    finishedAtMs: record.finishedAtMs,
    maxRssKb: record.maxRssKb,
    cpuTimeMs: record.cpuTimeMs,
  };
}

/** The supervisor died without a record: its init dies with it and the rest is killed, so signal 9 it was. */
export function killedTermination(containerId: string, limitation: Limitation | undefined): ContainerTermination {
  return { containerId, waitStatus: SIGKILL, limitation };
}

/** Nothing is known any more, as after a reboot. */
export function unknownTermination(containerId: string): ContainerTermination {
  return { containerId };
}
