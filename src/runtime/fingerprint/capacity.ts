/**
 * What an agent offers of a machine that it was told nothing about: the rules of Mesos (spec page 05, section 5.4), as
 * functions of measured figures. Pure.
 *
 * Some of the memory and the disk stays with the machine itself. A figure that could not be measured is undefined and
 * gets a cautious default instead of stopping the agent.
 */

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const DEFAULT_CPUS = 1;
const DEFAULT_MEM_MB = 1024;
const DEFAULT_DISK_MB = 10 * 1024;
const DEFAULT_PORTS = '[31000-32000]';

/** Figures of the machine as measured. */
export interface MachineCapacity {
  readonly onlineCpus?: number | undefined;
  readonly memTotalBytes?: number | undefined;
  /** Size of the file system that holds the work directory. */
  readonly workDirDiskBytes?: number | undefined;
}

/** Names that detection knows, each with its value in the text form of --resources. */
export function detectedValues(capacity: MachineCapacity): ReadonlyMap<string, string> {
  return new Map([
    ['cpus', String(capacity.onlineCpus ?? DEFAULT_CPUS)],
    ['mem', String(offeredMemMb(capacity.memTotalBytes))],
    ['disk', String(offeredDiskMb(capacity.workDirDiskBytes))],
    ['ports', DEFAULT_PORTS],
  ]);
}

/** All but 1 GB; half of a machine with less than 2 GB. */
export function offeredMemMb(totalBytes: number | undefined): number {
  if (totalBytes === undefined) return DEFAULT_MEM_MB;
  return Math.floor((totalBytes >= 2 * GIB ? totalBytes - GIB : totalBytes / 2) / MIB);
}

/** All but 5 GB; half of a disk with less than 10 GB. */
export function offeredDiskMb(totalBytes: number | undefined): number {
  if (totalBytes === undefined) return DEFAULT_DISK_MB;
  return Math.floor((totalBytes >= 10 * GIB ? totalBytes - 5 * GIB : totalBytes / 2) / MIB);
}

/** The detected part of --resources: what the operator's own list does not name. Empty: everything is named. */
export function missingResources(capacity: MachineCapacity, listedNames: ReadonlySet<string>): string {
  return [...detectedValues(capacity)]
    .filter(([name]) => !listedNames.has(name))
    .map(([name, value]) => `${name}:${value}`)
    .join(';');
}

/** Counts a list of the kernel such as "0-3,8,10-11"; undefined when it is none. */
export function countCpuList(text: string): number | undefined {
  let count = 0;
  for (const part of text.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match?.[1] === undefined) return undefined;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first) return undefined;
    count += last - first + 1;
  }
  return count;
}
