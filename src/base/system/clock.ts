import type { Clock } from '../clock.js';

/** The real clock of this process. */
export const systemClock: Clock = {
  now: () => ({ monotonicMs: performance.now(), unixMs: Date.now() }),
};
