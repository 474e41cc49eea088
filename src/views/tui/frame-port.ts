/**
 * The stdout that Ink is given: takes whole frames, which is what Ink writes in debug mode, and hands them on as lines. Ink
 * itself never reaches the terminal: its own ways to draw are wrong or flicker (design/ux, "Ink: what we measured").
 *
 * In Ink's frame a line is one character, a mark that `place` gave for it: Ink decides which line stands in which row. Were it
 * given the text, it would take it apart into cells and put it together again, the dearest part of a frame, to end with what
 * the screens had painted.
 *
 * It says that it is no terminal. Frames do not depend on that, and for terminals Ink would send cursor sequences here, and
 * register a handler that writes to the real terminal when the process ends.
 */
import { EventEmitter } from 'node:events';

/** Private characters, more of them than a terminal can have rows. */
const FIRST_MARK = 0xf0000;

export class FramePort extends EventEmitter {
  readonly isTTY = false;
  readonly writable = true;
  /** A mark is all that stands in a row. */
  readonly columns = 1;
  readonly #onFrame: (lines: readonly string[]) => void;
  /** Lines of the frame that is being made, by their marks. */
  #placed: string[] = [];

  constructor(onFrame: (lines: readonly string[]) => void) {
    super();
    this.#onFrame = onFrame;
  }

  /** The mark that stands for `line` in the next frame. */
  place(line: string): string {
    this.#placed.push(line);
    return String.fromCodePoint(FIRST_MARK + this.#placed.length - 1);
  }

  /** One frame; an empty text is no frame but Ink's way to wait for what it wrote. */
  write(text: string, done?: () => void): boolean {
    if (text !== '') {
      const placed = this.#placed;
      this.#placed = [];
      this.#onFrame(text.split('\n').map((mark) => placed[(mark.codePointAt(0) ?? 0) - FIRST_MARK] ?? ''));
    }
    if (done !== undefined) queueMicrotask(done);
    return true;
  }
}
