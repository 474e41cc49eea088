/** How long a refusal lasts (spec page 01, DECLINE; page 06, section 6.5). */
import type * as mesos from '../../../../wire/gen/mesos.js';
import { DEFAULT_REFUSE_SECONDS, MAX_REFUSE_SECONDS } from '../limits.js';
import type { Context } from '../machine/context.js';

/** End of the filter in monotonic milliseconds; undefined: no filter was asked for (`refuse_seconds` 0). */
export function refusedUntilMs(context: Context, filters: mesos.Filters | undefined): number | undefined {
  const asked = filters?.refuse_seconds ?? DEFAULT_REFUSE_SECONDS;
  if (asked === 0) return undefined;
  const seconds = asked > 0 ? Math.min(asked, MAX_REFUSE_SECONDS) : DEFAULT_REFUSE_SECONDS;
  return context.now.monotonicMs + Math.max(context.config.allocationIntervalMs, seconds * 1000);
}
