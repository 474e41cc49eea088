/** Looks at the machine for the doctor. Changes nothing that stays; whatever cannot be read is left out. */
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { hostname, release } from 'node:os';
import { delimiter, join } from 'node:path';
import { type CgroupFacts, readCgroupFacts } from '../fingerprint/cgroup-facts.js';
import { readMachineFacts } from '../fingerprint/machine.js';
import { readMachineFacts as readIsolationFacts } from '../isolators/requirements.js';
import { getSupervisorPath } from '../supervisor-path.js';
import type { DoctorFacts } from './doctor-facts.js';

const COMPILERS = ['cc', 'gcc', 'clang'];
const SYSCTLS: Readonly<Record<string, string>> = {
  'user.max_user_namespaces': '/proc/sys/user/max_user_namespaces',
  'kernel.unprivileged_userns_clone': '/proc/sys/kernel/unprivileged_userns_clone',
  'kernel.apparmor_restrict_unprivileged_userns': '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
};

export async function readDoctorFacts(): Promise<DoctorFacts> {
  const [machine, cgroups, status, limits, meminfo, sysctls, compiler, hasPressure] = await Promise.all([
    readMachineFacts(),
    readCgroupFacts(),
    readOrEmpty('/proc/self/status'),
    readOrEmpty('/proc/self/limits'),
    readOrEmpty('/proc/meminfo'),
    readSysctls(),
    findCompiler(process.env.PATH ?? ''),
    canAccess('/proc/pressure/memory', constants.R_OK),
  ]);
  const supervisorFound = isSupervisorThere();
  return {
    hostname: hostname(),
    platform: process.platform,
    operatingSystem: machine.operatingSystem ?? process.platform,
    kernelRelease: release(),
    nodeVersion: process.versions.node,
    isRoot: process.geteuid?.() === 0,
    capabilities: parseCapabilities(status),
    supervisorFound,
    compiler,
    cgroups,
    ownCgroupWritable: await isOwnCgroupWritable(cgroups),
    userNamespaceSysctls: sysctls,
    openFilesLimit: parseOpenFilesLimit(limits),
    hasPressure,
    swapTotalKb: parseSwapTotalKb(meminfo),
    isolation: supervisorFound ? await readIsolationFacts().catch(() => undefined) : undefined,
  };
}

/** The line CapEff of /proc/self/status. */
export function parseCapabilities(status: string): bigint | undefined {
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return hex === undefined ? undefined : BigInt(`0x${hex}`);
}

/** The hard limit of open files in /proc/self/limits. */
export function parseOpenFilesLimit(limits: string): number | undefined {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  if (hard === 'unlimited') return Number.POSITIVE_INFINITY;
  return hard === undefined ? undefined : Number(hard);
}

export function parseSwapTotalKb(meminfo: string): number | undefined {
  const total = /^SwapTotal:\s*(\d+) kB$/m.exec(meminfo)?.[1];
  return total === undefined ? undefined : Number(total);
}

function isSupervisorThere(): boolean {
  try {
    getSupervisorPath();
    return true;
  } catch {
    return false;
  }
}

async function findCompiler(path: string): Promise<string | undefined> {
  for (const name of COMPILERS)
    for (const dir of path.split(delimiter)) if (await canAccess(join(dir, name), constants.X_OK)) return name;
  return undefined;
}

async function isOwnCgroupWritable({ v2Mount, ownV2Path }: CgroupFacts): Promise<boolean> {
  if (v2Mount === undefined || ownV2Path === undefined) return false;
  return canAccess(join(v2Mount, ownV2Path), constants.W_OK);
}

async function readSysctls(): Promise<Readonly<Record<string, string>>> {
  const entries = await Promise.all(
    Object.entries(SYSCTLS).map(async ([name, path]) => [name, (await readOrEmpty(path)).trim()] as const),
  );
  return Object.fromEntries(entries.filter(([, text]) => text !== ''));
}

async function canAccess(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

async function readOrEmpty(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
