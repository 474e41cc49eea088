/**
 * A program in a pseudo terminal, as a person sees it: an emulator shows what it painted, keys go in, and everything that
 * it sent is kept. Waits are conditions with a deadline.
 */
import { spawn } from 'node-pty';
import { Emulator } from './emulator.js';
import { type Exit, until } from './process.mjs';

export interface PtyOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
}

const DEADLINE_MS = 20_000;
const running = new Set<PtyProgram>();

/** Nothing of the caller's that would change what the program does on a terminal. */
function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name, value]) =>
      value !== undefined &&
      !/^(MESOS_|MESOCTL_|INK_|NODE_ENV$|NODE_OPTIONS$|CI$|NO_COLOR$|FORCE_COLOR$|DEV$|VITEST)/.test(name),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), TERM: 'xterm-256color', LANG: 'C.UTF-8', ...extra };
}

export class PtyProgram {
  /** Everything that it sent. */
  raw = '';
  readonly emulator: Emulator;
  readonly exited: Promise<Exit>;
  readonly #pty;
  #written: Promise<void> = Promise.resolve();
  #isRunning = true;

  constructor(options: PtyOptions) {
    const [columns, rows] = [options.columns ?? 80, options.rows ?? 24];
    this.emulator = new Emulator(columns, rows);
    this.#pty = spawn(options.command, [...options.args], {
      cols: columns,
      rows,
      name: 'xterm-256color',
      cwd: options.cwd ?? process.cwd(),
      env: cleanEnvironment(options.env),
    });
    this.#pty.onData((text) => {
      this.raw += text;
      this.#written = this.emulator.write(text);
    });
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        this.#isRunning = false;
        running.delete(this);
        resolve({
          code: exitCode,
          signal: signal === undefined || signal === 0 ? null : (String(signal) as NodeJS.Signals),
        });
      });
    });
    running.add(this);
  }

  get pid(): number {
    return this.#pty.pid;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  resize(columns: number, rows: number): void {
    this.emulator.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Nobody reads the terminal until `resumeReading`. */
  stopReading(): void {
    this.#pty.pause();
  }

  resumeReading(): void {
    this.#pty.resume();
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#isRunning) process.kill(this.pid, signal);
  }

  /** The terminal goes away, as when a window is closed. */
  hangUp(): void {
    (this.#pty as unknown as { destroy(): void }).destroy();
  }

  async screen(): Promise<string> {
    await this.#written;
    return this.emulator.text();
  }

  /** Resolves with the screen once it fits. */
  waitFor(what: string, fits: (screen: string) => boolean, deadlineMs: number = DEADLINE_MS): Promise<string> {
    return until(
      what,
      async () => {
        const screen = await this.screen();
        return fits(screen) ? screen : undefined;
      },
      {
        deadlineMs,
        explain: () => `the screen:\n${this.emulator.text()}\nthe last bytes: ${JSON.stringify(this.raw.slice(-500))}`,
      },
    );
  }

  waitForText(text: string, deadlineMs?: number): Promise<string> {
    return this.waitFor(`"${text}" on the screen`, (screen) => screen.includes(text), deadlineMs);
  }

  /** Ends it if it still runs. */
  async end(): Promise<Exit> {
    if (this.#isRunning) this.#pty.kill('SIGKILL');
    return this.exited;
  }
}

/** For afterEach: nothing outlives its test. */
export async function endAllPrograms(): Promise<void> {
  await Promise.all([...running].map((program) => program.end()));
}
