/**
 * The terminal while a full-screen program has it: taken on entry, given back on every way out, lent back on Ctrl-Z. The
 * one file that sets modes of the terminal and listens to signals. Source: design/ux, section 3, "Behaviour".
 *
 * Invariants: what `withTerminal` took is given back before its promise settles, and, should the process end in another way,
 * by an exit handler: alternate screen, cursor, wrapping, bracketed paste, mouse, attributes, raw mode. Leaving twice does
 * nothing. A terminal that has vanished is left in silence: nothing is written to it, nothing is tried again.
 */
import { closeSync } from 'node:fs';
import { isatty, type ReadStream, type WriteStream } from 'node:tty';
import type { Schedule } from './schedule.js';
import { TerminalOutput } from './terminal-output.js';

/** How a full-screen program came to its end, other than by an error. */
export type Ending =
  | { readonly kind: 'quit' }
  /** Ctrl-C or a signal from outside; the number makes the exit status. */
  | { readonly kind: 'signal'; readonly number: number }
  /** The terminal does not exist any more. */
  | { readonly kind: 'gone' };

export interface TerminalStreams {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream & { readonly fd: number };
}

export interface TerminalHandlers {
  onInput(bytes: Uint8Array): void;
  onResize(columns: number, rows: number): void;
  /** The terminal is about to be lent to the shell. */
  onSuspend(): void;
  /** It is ours again and shows nothing of ours. */
  onResume(): void;
  /**
   * What the shell's screen says after an end in order. It leaves with the terminal's settings: whoever writes to a terminal
   * that does not read in the ordinary way waits for ever, and no signal is heard.
   */
  lastLine?(ending: Ending): string;
}

/** Alternate screen, no cursor, pastes in brackets. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?2004h';
const MOUSE_ON = '\u001b[?1000h\u001b[?1006h';
const MOUSE_OFF = '\u001b[?1006l\u001b[?1000l';
const LEAVE = `\u001b[?2026l${MOUSE_OFF}\u001b[?2004l\u001b[0m\u001b[?7h\u001b[?1049l\u001b[?25h\u001b[0m`;
/** What a terminal that does not read gets to take our last words. */
const LEAVE_DEADLINE_MS = 500;
/** A process that nobody can continue (no shell with job control above it) is not stopped: it comes back by itself. */
const RESUME_MS = 100;
const ENDING_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;
const STANDARD_STREAMS = [0, 1, 2];
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/**
 * Takes the terminal, runs `run`, gives it back. Resolves with how it ended: `run` gets the terminal and calls `end`.
 * Rejects with what `run` threw, or with what nobody caught meanwhile.
 */
export async function withTerminal(
  streams: TerminalStreams,
  schedule: Schedule,
  run: (terminal: Terminal) => TerminalHandlers,
): Promise<Ending> {
  const terminal = new Terminal(streams, schedule);
  const onExit = () => terminal.leave();
  process.on('exit', onExit);
  try {
    const ending = await terminal.start(run);
    terminal.leave(ending);
    return terminal.isGone ? { kind: 'gone' } : ending;
  } finally {
    terminal.leave();
    process.off('exit', onExit);
  }
}

export class Terminal {
  readonly output: TerminalOutput;
  readonly #streams: TerminalStreams;
  readonly #schedule: Schedule;
  readonly #removers: (() => void)[] = [];
  #handlers: TerminalHandlers | undefined;
  #state: 'new' | 'ours' | 'lent' | 'left' = 'new';
  #hasMouse = false;
  #end: ((ending: Ending) => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;
  #cancelResume: (() => void) | undefined;
  #isGone = false;
  readonly #terminals = STANDARD_STREAMS.filter(isatty);

  constructor(streams: TerminalStreams, schedule: Schedule) {
    this.#streams = streams;
    this.#schedule = schedule;
    this.output = new TerminalOutput(streams.stdout.fd, schedule, () => this.#onGone());
  }

  /** It has vanished: whatever is written to it is lost. */
  get isGone(): boolean {
    return this.#isGone;
  }

  get columns(): number {
    return this.#streams.stdout.columns || DEFAULT_COLUMNS;
  }

  get rows(): number {
    return this.#streams.stdout.rows || DEFAULT_ROWS;
  }

  /** Ends what `withTerminal` waits for; only the first call counts. */
  end(ending: Ending): void {
    this.#end?.(ending);
  }

  /** Ends it with an error. */
  fail(error: unknown): void {
    this.#fail?.(error);
  }

  setMouse(on: boolean): void {
    this.#hasMouse = on;
    if (this.#state === 'ours') this.output.write(on ? MOUSE_ON : MOUSE_OFF);
  }

  start(run: (terminal: Terminal) => TerminalHandlers): Promise<Ending> {
    return new Promise<Ending>((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
      this.#listen();
      this.#enter();
      this.#handlers = run(this);
    });
  }

  /** Ctrl-Z: the terminal goes back to the shell until somebody says SIGCONT. */
  suspend(): void {
    if (this.#state !== 'ours') return;
    this.#handlers?.onSuspend();
    this.#giveBack();
    this.#state = 'lent';
    // The default action of the signal stops us; while we listen to it there is none. Whoever started us (npx, a script)
    // is in our process group and must stop as well, or the shell would not get its terminal.
    process.off('SIGTSTP', this.#onStop);
    process.kill(0, 'SIGTSTP');
    this.#cancelResume = this.#schedule.after(RESUME_MS, () => this.#resume());
  }

  /** `ending`: how it came to its end; without, in the middle of something. */
  leave(ending?: Ending): void {
    if (this.#state === 'left') return;
    const wasOurs = this.#state === 'ours';
    this.#cancelResume?.();
    for (const remove of this.#removers.splice(0)) remove();
    const line = ending === undefined ? undefined : this.#handlers?.lastLine?.(ending);
    if (wasOurs) this.#giveBack(line === undefined ? '' : `${line}\n`);
    this.#state = 'left';
    this.#streams.stdin.pause();
    this.output.close();
    if (this.#isGone) this.#closeStandardStreams();
  }

  /**
   * When Node exits it sets the terminals that it was started with back, and aborts where that fails, as it does with one that
   * has vanished. Of what is closed it keeps its hands off.
   */
  #closeStandardStreams(): void {
    for (const fd of this.#terminals) closeSync(fd);
  }

  readonly #onStop = () => this.suspend();

  #listen(): void {
    const { stdin, stdout } = this.#streams;
    const gone = () => this.#onGone();
    const fail = (error: unknown) => this.fail(error);
    this.#on(stdin, 'data', (bytes: Uint8Array) => this.#handlers?.onInput(bytes));
    this.#on(stdin, 'error', gone);
    this.#on(stdin, 'end', gone);
    this.#on(stdout, 'error', gone);
    this.#on(stdout, 'resize', () => this.#handlers?.onResize(this.columns, this.rows));
    for (const [name, number] of Object.entries(ENDING_SIGNALS)) this.#on(process, name, this.#onSignal(number));
    this.#on(process, 'SIGTSTP', this.#onStop);
    this.#on(process, 'SIGCONT', () => this.#resume());
    this.#on(process, 'uncaughtException', fail);
    this.#on(process, 'unhandledRejection', fail);
  }

  /** The first signal ends in order, the second at once (the exit handler gives the terminal back). */
  #onSignal(number: number): () => void {
    let hasCome = false;
    return () => {
      if (hasCome) process.exit(128 + number);
      hasCome = true;
      this.end({ kind: 'signal', number });
    };
  }

  // biome-ignore lint/suspicious/noExplicitAny: listeners of several emitters
  #on(emitter: NodeJS.EventEmitter, event: string, listener: (...args: any[]) => void): void {
    emitter.on(event, listener);
    this.#removers.push(() => emitter.off(event, listener));
  }

  #enter(): void {
    // First: a process in the background is stopped here, before it writes over somebody else's screen.
    this.#setRaw(true);
    this.#state = 'ours';
    this.#streams.stdin.resume();
    this.output.write(this.#hasMouse ? `${ENTER}${MOUSE_ON}` : ENTER);
  }

  #giveBack(lastWords = ''): void {
    this.output.writeLast(`${LEAVE}${lastWords}`, LEAVE_DEADLINE_MS);
    this.#setRaw(false);
  }

  /** After Ctrl-Z, and after a SIGSTOP that nobody could see coming: the shell has had the terminal. */
  #resume(): void {
    if (this.#state === 'new' || this.#state === 'left') return;
    this.#cancelResume?.();
    this.#cancelResume = undefined;
    if (!process.listeners('SIGTSTP').includes(this.#onStop)) process.on('SIGTSTP', this.#onStop);
    this.#setRaw(false);
    this.#enter();
    this.#handlers?.onResume();
  }

  #setRaw(isRaw: boolean): void {
    try {
      this.#streams.stdin.setRawMode(isRaw);
    } catch {
      this.#onGone();
    }
  }

  #onGone(): void {
    this.#isGone = true;
    this.end({ kind: 'gone' });
  }
}
