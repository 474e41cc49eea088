/** Runs the command line as its users do, with stdout and stderr apart. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mesoctlPath, until } from '../harness/process.mjs';

export interface CliResult {
  /** Exit status as a shell shows it: 128 plus the signal that ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

export class CliRun {
  readonly child: ChildProcess;
  readonly done: Promise<CliResult>;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];

  /** `uid`: run as that user and group. `input`: what stdin holds; undefined: nothing at all. */
  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, uid?: number, input?: string) {
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(MESOS_|MESOCTL_|NODE_OPTIONS$|NO_COLOR$|FORCE_COLOR$)/.test(name),
    );
    const started = performance.now();
    this.child = spawn(process.execPath, [mesoctlPath, ...args], {
      env: { ...Object.fromEntries(kept), ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.child.stdin?.end(input);
    this.child.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    this.child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    this.done = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        const { stdout, stderr } = this;
        const status = code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0);
        resolve({ status, stdout, stderr, elapsedMs: performance.now() - started });
      });
    });
  }

  get stdout(): string {
    return Buffer.concat(this.#stdout).toString('utf8');
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString('utf8');
  }

  /** Resolves once stdout or stderr holds `text`. */
  async shows(stream: 'stdout' | 'stderr', text: string): Promise<void> {
    await until(`${stream} shows "${text}"`, () => this[stream].includes(text), {
      explain: () => `--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`,
    });
  }
}

export function mesoctl(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CliResult> {
  return new CliRun(args, env).done;
}
