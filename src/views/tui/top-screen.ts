/**
 * `top` on a terminal: keys to the screens, frames of the screens to the painter, at the pace of `repaintAt`. Works from the
 * first moment, before the screens and Ink are loaded: then it shows what is being connected to and keeps the keys.
 *
 * Invariants: Ctrl-C and the end of the terminal work whatever the screens do; a frame is drawn at most once for all that
 * happened since the last; nothing is drawn while the terminal is lent to the shell.
 */
import type { ClusterModel } from '../model/cluster-model.js';
import type { InkCanvas } from './ink-canvas.js';
import { KeyInput, type KeyPress } from './key-input.js';
import { Painter } from './painter.js';
import { type RepaintReason, repaintAt } from './repaint-pace.js';
import type { Schedule } from './schedule.js';
import type { Terminal, TerminalHandlers } from './terminal.js';
import type { Key, Ui, Wish } from './ui.js';

/** What is carried out elsewhere: everything but the terminal's own business. */
export type OutsideWish = Exclude<Wish, { kind: 'quit' | 'suspend' | 'copy' | 'mouse' }>;

export interface TopScreenOptions {
  readonly terminal: Terminal;
  readonly schedule: Schedule;
  /** This machine's wall clock. */
  readonly unixMs: () => number;
  /** What is shown until there are screens. */
  readonly firstFrame: (columns: number, rows: number) => readonly string[];
  readonly onWish: (wish: OutsideWish) => void;
}

const SIGINT = 2;
/** Keys typed before there are screens; more is leaning on the keyboard. */
const MAX_EARLY_KEYS = 64;
/** More does not fit what terminals take (OSC 52). */
const MAX_COPY_CHARS = 74_000;

export class TopScreen {
  readonly #options: TopScreenOptions;
  readonly #painter: Painter;
  readonly #input: KeyInput;
  #ui: Ui | undefined;
  #model: ClusterModel | undefined;
  #canvas: InkCanvas | undefined;
  #earlyKeys: Key[] = [];
  #drawn: readonly string[] | undefined;
  #lastDrawMs = Number.NEGATIVE_INFINITY;
  #planned: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #cancelTick: (() => void) | undefined;
  #changes = 0;
  #changesLastSecond = 0;

  constructor(options: TopScreenOptions) {
    this.#options = options;
    this.#painter = new Painter(options.terminal.output, options.schedule);
    this.#input = new KeyInput(options.schedule, (press) => this.#onPress(press));
  }

  /** Draws the first frame and begins to tick. */
  start(): TerminalHandlers {
    this.#draw();
    this.#tickLater();
    return {
      onInput: (bytes) => this.#input.push(bytes),
      onResize: (columns, rows) => this.#onResize(columns, rows),
      onSuspend: () => this.#painter.pause(),
      onResume: () => {
        this.#painter.resume();
        this.#redraw();
      },
    };
  }

  /** From now on the screens draw and take keys, those typed before included. */
  attach(ui: Ui, model: ClusterModel): void {
    this.#ui = ui;
    this.#model = model;
    for (const key of this.#earlyKeys.splice(0)) this.#handle(key);
    this.repaint('key');
  }

  /** From now on frames go through Ink. */
  attachCanvas(create: (onFrame: (lines: readonly string[]) => void) => InkCanvas): void {
    this.#canvas = create((lines) => this.#painter.show(lines));
    this.#drawn = undefined;
    this.#draw();
  }

  /** The model took in so many events. */
  onChange(changes: number): void {
    this.#changes += changes;
    this.repaint('change');
  }

  repaint(reason: RepaintReason): void {
    const { schedule, terminal } = this.#options;
    const nowMs = schedule.nowMs();
    const atMs = repaintAt(reason, this.#lastDrawMs, nowMs, {
      changesPerSecond: Math.max(this.#changes, this.#changesLastSecond),
      stalledMs: terminal.output.stalledMs,
    });
    if (atMs === Number.POSITIVE_INFINITY || (this.#planned !== undefined && this.#planned.atMs <= atMs)) return;
    this.#planned?.cancel();
    this.#planned = undefined;
    if (atMs <= nowMs) this.#draw();
    else
      this.#planned = {
        atMs,
        cancel: schedule.after(atMs - nowMs, () => {
          this.#planned = undefined;
          this.#draw();
        }),
      };
  }

  close(): void {
    this.#painter.pause();
    this.#planned?.cancel();
    this.#cancelTick?.();
    this.#input.close();
    this.#canvas?.close();
  }

  #onPress({ key, isRepeat }: KeyPress): void {
    if (key.kind === 'ctrl' && key.letter === 'c') {
      this.#options.terminal.end({ kind: 'signal', number: SIGINT });
      return;
    }
    if (key.kind === 'ctrl' && key.letter === 'l') {
      this.#redraw();
      return;
    }
    if (this.#ui === undefined) {
      this.#onEarlyKey(key);
      return;
    }
    this.#handle(key);
    if (!isRepeat) this.#painter.hurry();
    this.repaint(isRepeat ? 'repeat' : 'key');
  }

  #onEarlyKey(key: Key): void {
    if (key.kind === 'text' && key.text === 'q') this.#options.terminal.end({ kind: 'quit' });
    else if (key.kind === 'ctrl' && key.letter === 'z') this.#options.terminal.suspend();
    else if (this.#earlyKeys.length < MAX_EARLY_KEYS) this.#earlyKeys.push(key);
  }

  #handle(key: Key): void {
    for (const wish of this.#ui?.handleKey(key, this.#options.unixMs()) ?? []) this.#carryOut(wish);
  }

  #carryOut(wish: Wish): void {
    const { terminal, onWish } = this.#options;
    switch (wish.kind) {
      case 'quit':
        terminal.end({ kind: 'quit' });
        return;
      case 'suspend':
        terminal.suspend();
        return;
      case 'mouse':
        terminal.setMouse(wish.on);
        return;
      case 'copy':
        terminal.output.write(copySequence(wish.text));
        return;
      default:
        onWish(wish);
    }
  }

  #onResize(columns: number, rows: number): void {
    this.#ui?.resize(columns, rows);
    this.#redraw();
  }

  /** The terminal shows something that we do not know. */
  #redraw(): void {
    this.#painter.forget();
    this.#drawn = undefined;
    this.#draw();
  }

  #draw(): void {
    const { terminal, schedule, unixMs, firstFrame } = this.#options;
    this.#lastDrawMs = schedule.nowMs();
    const lines = this.#ui?.frame(unixMs()) ?? firstFrame(terminal.columns, terminal.rows);
    if (this.#drawn !== undefined && isSame(this.#drawn, lines)) return;
    this.#drawn = lines;
    if (this.#canvas === undefined) this.#painter.show(lines);
    else this.#canvas.draw(lines);
  }

  /** At the turn of each second, so that the clock does not skip one. */
  #tickLater(): void {
    const waitMs = 1000 - (this.#options.unixMs() % 1000);
    this.#cancelTick = this.#options.schedule.after(waitMs, () => {
      this.#changesLastSecond = this.#changes;
      this.#changes = 0;
      this.#model?.tick(this.#options.unixMs());
      this.repaint('tick');
      this.#tickLater();
    });
  }
}

function isSame(before: readonly string[], after: readonly string[]): boolean {
  return before.length === after.length && after.every((line, row) => line === before[row]);
}

/** OSC 52: sets the clipboard of the terminal, over SSH as well. */
function copySequence(text: string): string {
  const base64 = Buffer.from(text, 'utf8').toString('base64');
  return base64.length > MAX_COPY_CHARS ? '' : `\u001b]52;c;${base64}\u0007`;
}
