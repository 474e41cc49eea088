/**
 * The cpu controller: what to write for a request and a limit, what cpu.stat says. Pure.
 * Source: spec page 08b, section 8b.3 (formulas); the kernel's range of cpu.weight is 1 to 10000.
 */
import type * as mesos from '../../wire/gen/mesos.js';
import type { CgroupWrite } from './cgroup.js';
import { parseFlatKeyed } from './flat-keyed.js';

const WEIGHT_PER_CPU = 100;
const MAX_WEIGHT = 10_000;
const PERIOD_US = 100_000;
const MIN_QUOTA_US = 1000;
const USEC_PER_SEC = 1_000_000;

/** cpu.weight of a request of `cpus` cores. Above 100 cores the kernel's ceiling holds. */
export function cpuWeight(cpus: number): number {
  return Math.min(MAX_WEIGHT, Math.max(1, Math.floor(WEIGHT_PER_CPU * cpus)));
}

export interface CpuBounds {
  readonly requestCpus: number;
  /** Infinity: none; undefined: not given. */
  readonly limitCpus?: number | undefined;
  /** A request without a limit is a hard limit too. */
  readonly enableCfs: boolean;
}

/** Text of cpu.max. */
export function cpuMax({ requestCpus, limitCpus, enableCfs }: CpuBounds): string {
  const cpus = limitCpus ?? (enableCfs ? requestCpus : Number.POSITIVE_INFINITY);
  if (cpus === Number.POSITIVE_INFINITY) return 'max';
  return `${Math.max(MIN_QUOTA_US, Math.floor(cpus * PERIOD_US))} ${PERIOD_US}`;
}

export function cpuWrites(bounds: CpuBounds): readonly CgroupWrite[] {
  return [
    { file: 'cpu.weight', value: String(cpuWeight(bounds.requestCpus)) },
    { file: 'cpu.max', value: cpuMax(bounds) },
  ];
}

/** The part of ResourceStatistics that cpu.stat holds; throttling is absent where the controller is off. */
export function cpuStatistics(cpuStat: string): Partial<mesos.ResourceStatistics> {
  const values = parseFlatKeyed(cpuStat);
  const seconds = (key: string): number | undefined => {
    const usec = values.get(key);
    return usec === undefined ? undefined : usec / USEC_PER_SEC;
  };
  return {
    cpus_user_time_secs: seconds('user_usec'),
    cpus_system_time_secs: seconds('system_usec'),
    cpus_nr_periods: values.get('nr_periods'),
    cpus_nr_throttled: values.get('nr_throttled'),
    cpus_throttled_time_secs: seconds('throttled_usec'),
  };
}

/** Cores that cpu.max allows; undefined when there is no bound. */
export function parseCpuLimit(cpuMaxText: string): number | undefined {
  const match = /^(\d+) (\d+)\s*$/.exec(cpuMaxText);
  return match === null ? undefined : Number(match[1]) / Number(match[2]);
}
