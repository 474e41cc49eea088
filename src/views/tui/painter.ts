/**
 * Puts frames on the terminal: as differences, at most one in 33 ms, and none while the terminal has not taken the last
 * one. Of the frames that come meanwhile only the newest is kept, so a slow line costs smoothness and never delay.
 */
import { diffFrame } from './diff-frame.js';
import type { Schedule } from './schedule.js';

/** Where painted text goes. */
export interface PaintTarget {
  write(text: string): void;
  /** Everything written has been taken. */
  readonly isDrained: boolean;
  /** Calls once, when that is so again. */
  onDrained(run: () => void): void;
}

const MIN_INTERVAL_MS = 33;

export class Painter {
  readonly #target: PaintTarget;
  readonly #schedule: Schedule;
  /** What the terminal shows; undefined: not known. */
  #shown: readonly string[] | undefined;
  #next: readonly string[] | undefined;
  #lastPaintMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #isWaiting = false;
  #isPaused = false;

  constructor(target: PaintTarget, schedule: Schedule) {
    this.#target = target;
    this.#schedule = schedule;
  }

  /** Paints at once if the last paint is long enough ago, else as soon as it is. */
  show(lines: readonly string[]): void {
    this.#next = lines;
    this.#maybePaint();
  }

  /** The next frame answers a key: it does not wait for its turn. */
  hurry(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#lastPaintMs = Number.NEGATIVE_INFINITY;
  }

  /** The terminal shows something else now: the next frame is painted whole. */
  forget(): void {
    this.#shown = undefined;
  }

  /** The terminal is somebody else's until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.forget();
  }

  resume(): void {
    this.#isPaused = false;
    this.#maybePaint();
  }

  #maybePaint(): void {
    if (this.#isPaused || this.#isWaiting || this.#cancel !== undefined || this.#next === undefined) return;
    const waitMs = this.#lastPaintMs + MIN_INTERVAL_MS - this.#schedule.nowMs();
    if (waitMs > 0) {
      this.#cancel = this.#schedule.after(waitMs, () => {
        this.#cancel = undefined;
        this.#maybePaint();
      });
    } else if (this.#target.isDrained) this.#paint(this.#next);
    else {
      this.#isWaiting = true;
      this.#target.onDrained(() => {
        this.#isWaiting = false;
        this.#maybePaint();
      });
    }
  }

  #paint(lines: readonly string[]): void {
    const text = diffFrame(this.#shown, lines);
    this.#shown = lines;
    this.#next = undefined;
    if (text === '') return;
    this.#lastPaintMs = this.#schedule.nowMs();
    this.#target.write(text);
  }
}
