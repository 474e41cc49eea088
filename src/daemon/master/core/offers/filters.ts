/** How long a refusal lasts (spec page 01, DECLINE; page 06, section 6.5). */
import type * as mesos from '../../../../wire/gen/mesos.js';
import { DEFAULT_REFUSE_SECONDS, MAX_REFUSE_SECONDS } from '../limits.js';
import type { Context } from '../machine/context.js';

/** For how long the end of a filter keeps offers away; 0: there is none. */
export function refusedSeconds(context: Context, untilMs: number | undefined): number {
  return untilMs === undefined ? 0 : (untilMs - context.now.monotonicMs) / 1000;
}

/** End of the filter in monotonic milliseconds; undefined: no filter was asked for (`refuse_seconds` 0). */
export function refusedUntilMs(context: Context, filters: mesos.Filters | undefined): number | undefined {
  const asked = filters?.refuse_seconds ?? DEFAULT_REFUSE_SECONDS;
  if (asked === 0) return undefined;
  const seconds = asked > 0 ? Math.min(asked, MAX_REFUSE_SECONDS) : DEFAULT_REFUSE_SECONDS;
  return context.now.monotonicMs + Math.max(context.config.allocationIntervalMs, seconds * 1000);
}
