import type { Instant } from './clock.js';

/**
 * A decision machine: synchronous, no I/O, no clock, no randomness of its own (architecture, section 2).
 * The shell performs effects in this order: all `persist` of the batch in one transaction, then `afterPersist`;
 * `now` effects need not wait. Within a kind the order of the array is kept.
 */
export interface Core<Event, Effect> {
  step(events: readonly Event[], now: Instant): readonly Effect[];
  /** Monotonic milliseconds at which the core wants a step although nothing happened; undefined: never. */
  nextDeadlineMs(): number | undefined;
}
