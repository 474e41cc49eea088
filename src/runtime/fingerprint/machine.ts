/**
 * Reads the machine: figures for the resources of an agent, and facts that people want to see. Never fails because one
 * source is missing; what could not be read is undefined.
 */
import { readFile, statfs } from 'node:fs/promises';
import { hostname, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { MesoError, messageOf } from '../../base/error.js';
import { countCpuList, type MachineCapacity } from './capacity.js';

/** For display only; nothing is decided by them. */
export interface MachineFacts {
  readonly hostname: string;
  /** "6.1.0-25-amd64" */
  readonly kernelRelease: string;
  /** "Debian GNU/Linux 12" */
  readonly operatingSystem?: string | undefined;
  readonly cpuModel?: string | undefined;
  readonly onlineCpus?: number | undefined;
  readonly memTotalBytes?: number | undefined;
}

/** systeminformation asks programs; one that hangs must not keep an agent from starting. */
const PROBE_DEADLINE_MS = 10_000;

export async function readCapacity(workDir: string): Promise<MachineCapacity> {
  const [onlineCpus, memTotalBytes, workDirDiskBytes] = await Promise.all([
    readOnlineCpus(),
    readMemTotalBytes(),
    readDiskBytes(workDir),
  ]);
  return { onlineCpus, memTotalBytes, workDirDiskBytes };
}

export async function readMachineFacts(): Promise<MachineFacts> {
  const { cpu, osInfo } = await import('systeminformation');
  const [processor, system, onlineCpus, memTotalBytes] = await Promise.all([
    withDeadline(cpu()),
    withDeadline(osInfo()),
    readOnlineCpus(),
    readMemTotalBytes(),
  ]);
  return {
    hostname: hostname(),
    kernelRelease: release(),
    operatingSystem: textOf(system?.distro, system?.release),
    cpuModel: textOf(processor?.manufacturer, processor?.brand),
    onlineCpus,
    memTotalBytes,
  };
}

/** Differs after every boot. Throws MesoError INTERNAL where the kernel tells none: recovery cannot work then. */
export async function readBootId(procDir = '/proc'): Promise<string> {
  const path = `${procDir}/sys/kernel/random/boot_id`;
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new MesoError('INTERNAL', `cannot read the boot id from ${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function readOnlineCpus(): Promise<number | undefined> {
  const text = await readFile('/sys/devices/system/cpu/online', 'utf8').catch(() => undefined);
  return text === undefined ? undefined : countCpuList(text);
}

async function readMemTotalBytes(): Promise<number | undefined> {
  const { mem } = await import('systeminformation');
  const total = (await withDeadline(mem()))?.total ?? totalmem();
  return Number.isFinite(total) && total > 0 ? total : undefined;
}

/** Of the nearest directory that exists: the work directory may still have to be made. */
async function readDiskBytes(path: string): Promise<number | undefined> {
  try {
    const { blocks, bsize } = await statfs(path);
    return blocks > 0 ? blocks * bsize : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) return undefined;
    return readDiskBytes(dirname(path));
  }
}

function textOf(...parts: readonly (string | undefined)[]): string | undefined {
  const text = parts
    .map((part) => part?.trim() ?? '')
    .filter((part) => part !== '' && part !== 'unknown')
    .join(' ');
  return text === '' ? undefined : text;
}

/** undefined at the deadline and when the probe fails. */
async function withDeadline<T>(probe: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PROBE_DEADLINE_MS);
  });
  try {
    return await Promise.race([probe.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
