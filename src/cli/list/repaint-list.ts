/**
 * `--watch` on a terminal: the list painted over as it changes, by the painter of `top`, at most four times a second, ages
 * once a second. q and Ctrl-C end it, Ctrl-Z lends the terminal to the shell.
 */
import type { RowOf, TableName } from '../../views/model/rows.js';
import { Painter } from '../../views/tui/painter.js';
import { systemSchedule } from '../../views/tui/schedule.js';
import { type Terminal, type TerminalHandlers, withTerminal } from '../../views/tui/terminal.js';
import type { Noun } from '../cluster/nouns.js';
import type { Session } from '../cluster/session.js';
import { follow } from './follow.js';
import type { ListOptions } from './list-options.js';
import { ListPicture } from './list-picture.js';

const CHANGE_MS = 250;
const TICK_MS = 1_000;
const CTRL_C = 0x03;
const CTRL_L = 0x0c;
const CTRL_Z = 0x1a;
const LETTER_Q = 0x71;
const SIGINT = 2;

/** Returns the exit status. */
export async function repaintList<N extends TableName>(
  noun: Noun<N>,
  options: ListOptions<RowOf[N]>,
  session: Session,
): Promise<number> {
  const over = new AbortController();
  const picture = new ListPicture(noun, options, session.console.color);
  let repainter: Repainter | undefined;
  try {
    const ending = await withTerminal(process, systemSchedule, (terminal) => {
      const painted = new Repainter(terminal, ({ columns, rows }) => picture.frame({ columns, rows }, session.nowMs()));
      repainter = painted;
      follow(session, {
        kinds: noun.kinds,
        what: `the list of ${noun.many}`,
        signal: over.signal,
        onEvent: (event, model, isLive) => {
          if (event.type === 'SNAPSHOT_END') picture.show(model);
          if (isLive || event.type === 'SNAPSHOT_END') painted.repaintSoon();
        },
        onLost: () => painted.repaintSoon(),
      }).catch((error: unknown) => terminal.fail(error));
      return painted.handlers();
    });
    return ending.kind === 'signal' ? 128 + ending.number : 0;
  } finally {
    over.abort();
    repainter?.close();
  }
}

/** Frames to the terminal, at their pace; keys to what they do. */
class Repainter {
  readonly #terminal: Terminal;
  readonly #painter: Painter;
  readonly #frame: () => readonly string[];
  #cancelNext: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;

  constructor(terminal: Terminal, frame: (size: Terminal) => readonly string[]) {
    this.#terminal = terminal;
    this.#painter = new Painter(terminal.output, systemSchedule);
    this.#frame = () => frame(terminal);
    this.#tick();
  }

  handlers(): TerminalHandlers {
    return {
      onInput: (bytes) => this.#onInput(bytes),
      onResize: () => this.#repaintWhole(),
      onSuspend: () => this.#painter.pause(),
      onResume: () => {
        this.#painter.resume();
        this.#repaintWhole();
      },
    };
  }

  /** A change: with the others of the next moment. */
  repaintSoon(): void {
    this.#cancelNext ??= systemSchedule.after(CHANGE_MS, () => {
      this.#cancelNext = undefined;
      this.#paint();
    });
  }

  close(): void {
    this.#painter.pause();
    this.#cancelNext?.();
    this.#cancelTick?.();
  }

  #tick(): void {
    this.#paint();
    this.#cancelTick = systemSchedule.after(TICK_MS, () => this.#tick());
  }

  #paint(): void {
    this.#painter.show(this.#frame());
  }

  #repaintWhole(): void {
    this.#painter.forget();
    this.#paint();
  }

  #onInput(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === CTRL_C) this.#terminal.end({ kind: 'signal', number: SIGINT });
      else if (byte === LETTER_Q) this.#terminal.end({ kind: 'quit' });
      else if (byte === CTRL_Z) this.#terminal.suspend();
      else if (byte === CTRL_L) this.#repaintWhole();
    }
  }
}
