/**
 * What a wait is for and how long it lasts already (design/ux, "Progress"): on a terminal one line of stderr that is painted
 * over, from the second second on; elsewhere a line per change, at most one in ten seconds.
 */
import type { Console } from './console.js';

const FIRST_AFTER_MS = 1_000;
const REPAINT_MS = 1_000;
const LINE_EVERY_MS = 10_000;
const ERASE = '\r\u001b[K';

export class Progress {
  readonly #console: Console;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  #text: string;
  #printed = '';
  #printedMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isPainted = false;

  /** `text`: `Killing 3 tasks: 2 left`; how long it lasts is added. */
  constructor(console: Console, text: string, nowMs: () => number) {
    this.#console = console;
    this.#text = text;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
    this.#printedMs = this.#startedMs;
    this.#timer = setTimeout(() => this.#tick(), FIRST_AFTER_MS);
    this.#timer.unref();
  }

  update(text: string): void {
    this.#text = text;
    if (this.#isPainted) this.#paint();
  }

  /** Takes the line away. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#isPainted) this.#console.writeTalk(ERASE);
    this.#isPainted = false;
  }

  #tick(): void {
    if (this.#console.isLively) this.#paint();
    else this.#printChange();
    this.#timer = setTimeout(() => this.#tick(), REPAINT_MS);
    this.#timer.unref();
  }

  #paint(): void {
    this.#isPainted = true;
    this.#console.writeTalk(`${ERASE}${this.#line()}`);
  }

  #printChange(): void {
    const now = this.#nowMs();
    if (this.#text === this.#printed || now - this.#printedMs < LINE_EVERY_MS) return;
    this.#printed = this.#text;
    this.#printedMs = now;
    this.#console.say(this.#line());
  }

  #line(): string {
    return `${this.#text}, ${Math.round((this.#nowMs() - this.#startedMs) / 1000)}s`;
  }
}
