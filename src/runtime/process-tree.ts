/**
 * Facts about processes from /proc. A process may end between any two reads: one that is gone counts as nothing.
 * A pid alone never names a process, since the kernel uses numbers again; start ticks or the parent make it certain.
 */
import { readFile } from 'node:fs/promises';

/** USER_HZ, which every Linux architecture that Node runs on fixes at 100. */
const TICKS_PER_SEC = 100;
const PAGE_BYTES = 4096;
/** A tree that grows while it is walked is cut here. */
const MAX_PROCESSES = 65_536;

export interface ProcessStat {
  readonly parentPid: number;
  readonly state: string;
  readonly startTicks: number;
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly residentPages: number;
}

/** Reads /proc/PID/stat; the program's name in parentheses may itself hold parentheses and spaces. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // fields[0] is field 3 of proc(5).
  const number = (field: number): number => Number(fields[field - 3] ?? Number.NaN);
  const stat = {
    state: fields[0] ?? '',
    parentPid: number(4),
    userTicks: number(14),
    systemTicks: number(15),
    startTicks: number(22),
    residentPages: number(24),
  };
  return Number.isNaN(stat.residentPages) ? undefined : stat;
}

async function findText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

export async function findProcess(pid: number): Promise<ProcessStat | undefined> {
  const text = await findText(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseProcessStat(text);
}

/** Whether `pid` is the process that started at `startTicks` and has not ended. */
export async function isSameProcess(pid: number, startTicks: number): Promise<boolean> {
  const stat = await findProcess(pid);
  return stat !== undefined && stat.startTicks === startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** Whether `pid` is pid 1 of a pid namespace below ours. */
export async function isNamespaceInit(pid: number): Promise<boolean> {
  const ids = /^NSpid:\s+(.*)$/m.exec((await findText(`/proc/${pid}/status`)) ?? '')?.[1]?.split(/\s+/) ?? [];
  return ids.length > 1 && ids.at(-1) === '1';
}

/** All descendants of `rootPid`, without it. */
export async function processTree(rootPid: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let pending = [rootPid]; pending.length > 0 && found.length < MAX_PROCESSES; ) {
    const lists = await Promise.all(pending.map((pid) => findText(`/proc/${pid}/task/${pid}/children`)));
    pending = lists.flatMap((text) =>
      (text ?? '')
        .split(' ')
        .filter((each) => each.trim() !== '')
        .map(Number),
    );
    found.push(...pending);
  }
  return found;
}

export async function readProcessTimes(
  pid: number,
): Promise<{ readonly userSecs: number; readonly systemSecs: number }> {
  const stat = await findProcess(pid);
  return {
    userSecs: (stat?.userTicks ?? 0) / TICKS_PER_SEC,
    systemSecs: (stat?.systemTicks ?? 0) / TICKS_PER_SEC,
  };
}

export async function readResidentBytes(pid: number): Promise<number> {
  return ((await findProcess(pid))?.residentPages ?? 0) * PAGE_BYTES;
}
