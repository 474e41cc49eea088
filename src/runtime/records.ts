/**
 * Reads what a supervisor leaves on disk (supervisor/record.c): `container` while the container runs, `status` once it
 * has ended. The files live where tasks cannot write, yet nothing in them is trusted to be well formed: a record that
 * is not complete counts as absent.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FORMAT = 'mesoctl 1';
/** The largest unsigned 64-bit number stands for "max". */
const UNLIMITED = 2 ** 64;

/** The `container` file: enough to find and kill a container that the agent has no checkpoint of. */
export interface ContainerRecord {
  readonly containerId: string;
  readonly bootId: string;
  readonly supervisorPid: number;
  readonly supervisorStartTicks: number;
  readonly initPid: number;
  readonly initStartTicks: number;
  readonly sandboxDir: string;
  readonly cgroup?: string | undefined;
}

/** Counters of the memory controller at the end; sizes as seen when the kernel killed, if it did. */
export interface MemoryRecord {
  readonly oom: number;
  readonly oomKill: number;
  /** Infinity: none. */
  readonly limitBytes: number;
  /** undefined: the kernel does not tell (before 5.19). */
  readonly peakBytes?: number | undefined;
  readonly anonBytes: number;
  readonly fileBytes: number;
  readonly kernelBytes: number;
}

/** The `status` file. */
export interface ContainerStatusRecord {
  /** False: the launch was given up before the task's first instruction. */
  readonly launched: boolean;
  /** Raw wait(2) status. */
  readonly waitStatus: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly cpuTimeMs: number;
  /** undefined: the task was killed together with its init, which alone could tell. */
  readonly maxRssKb?: number | undefined;
  readonly memory?: MemoryRecord | undefined;
}

function parsePairs(text: string): ReadonlyMap<string, string> | undefined {
  const lines = text.split('\n');
  if (lines[0] !== FORMAT || lines.at(-2) !== 'end' || lines.at(-1) !== '') return undefined;
  return new Map(
    lines.slice(1, -2).map((line) => {
      const space = line.indexOf(' ');
      return [line.slice(0, space), line.slice(space + 1)];
    }),
  );
}

/** All numbers of a record, or undefined when one is missing or no number. */
function parseNumbers<Key extends string>(
  pairs: ReadonlyMap<string, string>,
  keys: readonly Key[],
): Readonly<Record<Key, number>> | undefined {
  const numbers = keys.map((key) => [key, Number(pairs.get(key) ?? Number.NaN)] as const);
  if (numbers.some(([, value]) => Number.isNaN(value))) return undefined;
  return Object.fromEntries(numbers) as Record<Key, number>;
}

export function parseContainerRecord(text: string): ContainerRecord | undefined {
  const pairs = parsePairs(text);
  const containerId = pairs?.get('id');
  const bootId = pairs?.get('boot_id');
  const sandboxDir = pairs?.get('sandbox');
  if (pairs === undefined || containerId === undefined || bootId === undefined || sandboxDir === undefined)
    return undefined;
  const numbers = parseNumbers(pairs, ['supervisor_pid', 'supervisor_ticks', 'init_pid', 'init_ticks']);
  if (numbers === undefined) return undefined;
  return {
    containerId,
    bootId,
    sandboxDir,
    supervisorPid: numbers.supervisor_pid,
    supervisorStartTicks: numbers.supervisor_ticks,
    initPid: numbers.init_pid,
    initStartTicks: numbers.init_ticks,
    cgroup: pairs.get('cgroup'),
  };
}

function parseMemory(pairs: ReadonlyMap<string, string>): MemoryRecord | undefined {
  const numbers = parseNumbers(pairs, [
    'oom',
    'oom_kill',
    'memory_limit',
    'memory_peak',
    'memory_anon',
    'memory_file',
    'memory_kernel',
  ]);
  if (numbers === undefined) return undefined;
  return {
    oom: numbers.oom,
    oomKill: numbers.oom_kill,
    limitBytes: numbers.memory_limit >= UNLIMITED ? Number.POSITIVE_INFINITY : numbers.memory_limit,
    peakBytes: numbers.memory_peak === 0 ? undefined : numbers.memory_peak,
    anonBytes: numbers.memory_anon,
    fileBytes: numbers.memory_file,
    kernelBytes: numbers.memory_kernel,
  };
}

export function parseStatusRecord(text: string): ContainerStatusRecord | undefined {
  const pairs = parsePairs(text);
  if (pairs === undefined) return undefined;
  const numbers = parseNumbers(pairs, ['launched', 'wait_status', 'started_ms', 'finished_ms', 'cpu_us', 'max_rss_kb']);
  if (numbers === undefined) return undefined;
  return {
    launched: numbers.launched === 1,
    waitStatus: numbers.wait_status,
    startedAtMs: numbers.started_ms,
    finishedAtMs: numbers.finished_ms,
    cpuTimeMs: numbers.cpu_us / 1000,
    maxRssKb: numbers.max_rss_kb === 0 ? undefined : numbers.max_rss_kb,
    memory: parseMemory(pairs),
  };
}

// Synchronous: one small file in the page cache, read at the end of every container. The thread pool costs more.
function find<T>(path: string, parse: (text: string) => T | undefined): T | undefined {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

export function findContainerRecord(recordDir: string): ContainerRecord | undefined {
  return find(join(recordDir, 'container'), parseContainerRecord);
}

export function findStatusRecord(recordDir: string): ContainerStatusRecord | undefined {
  return find(join(recordDir, 'status'), parseStatusRecord);
}
