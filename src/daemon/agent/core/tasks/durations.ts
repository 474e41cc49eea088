/** Durations of task descriptions in ms. */
import type * as mesos from '../../../../wire/gen/mesos.js';

const NANOSECONDS_PER_MS = 1_000_000;

/** Never negative; undefined stays undefined. */
export function durationMs(duration: mesos.DurationInfo | undefined): number | undefined {
  return duration === undefined ? undefined : Math.max(0, Number(duration.nanoseconds) / NANOSECONDS_PER_MS);
}
