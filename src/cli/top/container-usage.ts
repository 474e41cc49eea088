/** Measured use of a task's container from what its agent reports. Pure. */
import type { ContainerUsage } from '../../views/tui/ui.js';
import type * as mesos from '../../wire/gen/mesos.js';

const MB = 1024 * 1024;

/** Cores come from the difference of two samples; `earlier` may be undefined. */
export function usageOf(
  sample: mesos.ResourceStatistics,
  earlier: mesos.ResourceStatistics | undefined,
): ContainerUsage {
  return {
    cpus: earlier === undefined ? undefined : cpusBetween(earlier, sample),
    memMb: megabytes(sample.mem_total_bytes ?? sample.mem_rss_bytes),
    memLimitMb: megabytes(sample.mem_limit_bytes),
    cpusLimit: sample.cpus_limit,
  };
}

function cpusBetween(earlier: mesos.ResourceStatistics, later: mesos.ResourceStatistics): number | undefined {
  const [before, after] = [cpuSeconds(earlier), cpuSeconds(later)];
  const seconds = later.timestamp - earlier.timestamp;
  if (before === undefined || after === undefined || seconds <= 0) return undefined;
  return Math.max(0, (after - before) / seconds);
}

function cpuSeconds({ cpus_user_time_secs, cpus_system_time_secs }: mesos.ResourceStatistics): number | undefined {
  if (cpus_user_time_secs === undefined && cpus_system_time_secs === undefined) return undefined;
  return (cpus_user_time_secs ?? 0) + (cpus_system_time_secs ?? 0);
}

function megabytes(bytes: number | bigint | undefined): number | undefined {
  return bytes === undefined ? undefined : Number(bytes) / MB;
}
