/**
 * The stdout that Ink is given: takes whole frames, which is what Ink writes in debug mode, and hands them on as lines. Ink
 * itself never reaches the terminal: its own ways to draw are wrong or flicker (design/ux, "Ink: what we measured").
 *
 * It says that it is no terminal. Frames do not depend on that, and for terminals Ink would send cursor sequences here, and
 * register a handler that writes to the real terminal when the process ends.
 */
import { EventEmitter } from 'node:events';

export class FramePort extends EventEmitter {
  readonly isTTY = false;
  readonly writable = true;
  columns: number;
  rows: number;
  readonly #onFrame: (lines: readonly string[]) => void;
  #isResizing = false;

  constructor(columns: number, rows: number, onFrame: (lines: readonly string[]) => void) {
    super();
    this.columns = columns;
    this.rows = rows;
    this.#onFrame = onFrame;
  }

  /** One frame; an empty text is no frame but Ink's way to wait for what it wrote. */
  write(text: string, done?: () => void): boolean {
    if (text !== '' && !this.#isResizing) this.#onFrame(text.split('\n'));
    if (done !== undefined) queueMicrotask(done);
    return true;
  }

  /** Ink draws what it has at once, in the new width: that is an old picture, and is dropped. */
  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.#isResizing = true;
    this.emit('resize');
    this.#isResizing = false;
  }
}
