/**
 * The memory controller: what to write for a request and a limit, what its files say. Pure.
 * The hard limit is only ever raised: lowering it under a running task would kill it for what it was once allowed.
 * Source: spec page 08b, section 8b.3.
 */
import type * as mesos from '../../wire/gen/mesos.js';
import type { CgroupWrite } from './cgroup.js';
import { parseFlatKeyed } from './flat-keyed.js';

const BYTES_PER_MB = 1024 * 1024;
const MIN_MEM_BYTES = 32 * BYTES_PER_MB;

export interface MemoryBounds {
  readonly requestMb: number;
  /** Infinity: none; undefined: not given. */
  readonly limitMb?: number | undefined;
}

/** memory.low, bytes. */
export function memoryLowBytes(requestMb: number): number {
  return Math.max(MIN_MEM_BYTES, Math.floor(requestMb * BYTES_PER_MB));
}

/** memory.max, bytes; Infinity is "max". */
export function memoryMaxBytes({ requestMb, limitMb }: MemoryBounds): number {
  return limitMb === undefined
    ? memoryLowBytes(requestMb)
    : Math.max(MIN_MEM_BYTES, Math.floor(limitMb * BYTES_PER_MB));
}

function encodeBytes(bytes: number): string {
  return bytes === Number.POSITIVE_INFINITY ? 'max' : String(bytes);
}

/** Reads memory.max or memory.low; bytes, Infinity for "max". */
export function parseMemoryBytes(text: string): number {
  return text.trim() === 'max' ? Number.POSITIVE_INFINITY : Number(text);
}

/** For a new container. memory.oom.group: a container that runs out of memory dies as a whole, never half. */
export function memoryWrites(bounds: MemoryBounds): readonly CgroupWrite[] {
  return [
    { file: 'memory.low', value: String(memoryLowBytes(bounds.requestMb)) },
    { file: 'memory.max', value: encodeBytes(memoryMaxBytes(bounds)) },
    { file: 'memory.oom.group', value: '1' },
  ];
}

/** For a running container whose memory.max now reads `currentMax`. */
export function memoryUpdateWrites(bounds: MemoryBounds, currentMax: string): readonly CgroupWrite[] {
  const low = { file: 'memory.low', value: String(memoryLowBytes(bounds.requestMb)) };
  const maxBytes = memoryMaxBytes(bounds);
  return maxBytes > parseMemoryBytes(currentMax) ? [{ file: 'memory.max', value: encodeBytes(maxBytes) }, low] : [low];
}

export interface MemoryFiles {
  readonly current?: string | undefined;
  readonly stat?: string | undefined;
  readonly max?: string | undefined;
  readonly low?: string | undefined;
}

/** The part of ResourceStatistics that the memory files hold. */
export function memoryStatistics(files: MemoryFiles): Partial<mesos.ResourceStatistics> {
  const stat = parseFlatKeyed(files.stat ?? '');
  const maxBytes = files.max === undefined ? undefined : parseMemoryBytes(files.max);
  return {
    mem_total_bytes: files.current === undefined ? undefined : Number(files.current),
    mem_limit_bytes: maxBytes === Number.POSITIVE_INFINITY ? undefined : maxBytes,
    mem_soft_limit_bytes: files.low === undefined ? undefined : parseMemoryBytes(files.low),
    mem_file_bytes: stat.get('file'),
    mem_cache_bytes: stat.get('file'),
    mem_anon_bytes: stat.get('anon'),
    mem_rss_bytes: stat.get('anon'),
    mem_mapped_file_bytes: stat.get('file_mapped'),
    mem_unevictable_bytes: stat.get('unevictable'),
    mem_kmem_usage_bytes: stat.get('kernel'),
    mem_kmem_tcp_usage_bytes: stat.get('sock'),
  };
}

/** What memory.events counted over the life of a container. */
export interface MemoryEvents {
  /** The container's own limit was hit and nothing could be reclaimed. */
  readonly oom: number;
  /** Processes that the kernel killed, for this limit or for the whole machine's want of memory. */
  readonly oomKill: number;
}

export function parseMemoryEvents(text: string): MemoryEvents {
  const values = parseFlatKeyed(text);
  return { oom: values.get('oom') ?? 0, oomKill: values.get('oom_kill') ?? 0 };
}
