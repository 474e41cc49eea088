/** What each agent of a cluster on one machine gets: an equal share, so that the cluster promises no more than there is. Pure. */
import { type MachineCapacity, offeredDiskMb, offeredMemMb } from '../../runtime/fingerprint/capacity.js';

const FIRST_PORT = 31_000;
const PORTS = 1_001;
const DEFAULT_CPUS = 1;

/** The value of --resources for agent `index` (from 0) of `count`; undefined: one agent finds out by itself. */
export function shareOfMachine(capacity: MachineCapacity, index: number, count: number): string | undefined {
  if (count === 1) return undefined;
  const cpus = Math.floor(((capacity.onlineCpus ?? DEFAULT_CPUS) / count) * 1000) / 1000;
  const ports = Math.floor(PORTS / count);
  const from = FIRST_PORT + index * ports;
  return [
    `cpus:${Math.max(0.001, cpus)}`,
    `mem:${Math.max(1, Math.floor(offeredMemMb(capacity.memTotalBytes) / count))}`,
    `disk:${Math.max(1, Math.floor(offeredDiskMb(capacity.workDirDiskBytes) / count))}`,
    `ports:[${from}-${from + Math.max(0, ports - 1)}]`,
  ].join(';');
}
