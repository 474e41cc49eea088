/**
 * When a periodic timer that was due at `dueMs` is due next. It keeps its phase; but when the process slept through one
 * or more periods those are skipped, not made up: a suspended machine must not look like many missed pings.
 */
export function nextPeriodMs(dueMs: number, periodMs: number, nowMs: number): number {
  const next = dueMs + periodMs;
  return next > nowMs ? next : nowMs + periodMs;
}
