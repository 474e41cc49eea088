/** A point in time as the cores see it; always injected, never read. */
export interface Instant {
  /** Milliseconds of a clock that never goes back; only differences mean something. */
  readonly monotonicMs: number;
  /** Wall clock, Unix milliseconds, fraction allowed; only for what people and protocols read. */
  readonly unixMs: number;
}

export interface Clock {
  now(): Instant;
}
