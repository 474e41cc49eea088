/**
 * When to draw. Keys at once, a key held down at 15 Hz, changes at 4 Hz, ages once a second. Where changes come in floods,
 * or the terminal is slow, once a second must do: nobody reads faster, and drawing costs by the screen. Pure.
 * Source: design/ux, section 3, rule 2.
 */
export type RepaintReason = 'key' | 'repeat' | 'change' | 'tick';

export interface RepaintLoad {
  /** Changes of the model in the last second. */
  readonly changesPerSecond: number;
  /** For how long the terminal has not taken the last frame. */
  readonly stalledMs: number;
}

const REPEAT_MS = 1000 / 15;
const CHANGE_MS = 250;
const FLOOD_PER_SECOND = 50;
const SLOW_LINE_MS = 200;

/** The earliest time to draw for this reason, Infinity: the next tick will do. `lastMs`: when it was drawn last. */
export function repaintAt(reason: RepaintReason, lastMs: number, nowMs: number, load: RepaintLoad): number {
  switch (reason) {
    case 'key':
    case 'tick':
      return nowMs;
    case 'repeat':
      return Math.max(nowMs, lastMs + REPEAT_MS);
    case 'change': {
      const isSlow = load.changesPerSecond > FLOOD_PER_SECOND || load.stalledMs > SLOW_LINE_MS;
      return isSlow ? Number.POSITIVE_INFINITY : Math.max(nowMs, lastMs + CHANGE_MS);
    }
  }
}
