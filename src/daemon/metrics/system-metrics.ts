/** Load, processors and memory of the machine, as both daemons publish them. Source: spec page 10, 10.1. */
import { cpus, freemem, loadavg, totalmem } from 'node:os';

/** Adds its metrics. */
export function collectSystemMetrics(into: Map<string, number>): void {
  const [oneMinute = 0, fiveMinutes = 0, fifteenMinutes = 0] = loadavg();
  into.set('system/load_1min', oneMinute);
  into.set('system/load_5min', fiveMinutes);
  into.set('system/load_15min', fifteenMinutes);
  into.set('system/cpus_total', cpus().length);
  into.set('system/mem_total_bytes', totalmem());
  into.set('system/mem_free_bytes', freemem());
}
