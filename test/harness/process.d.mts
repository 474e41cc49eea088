// Types of process.mjs.
export const projectRoot: string;
export const mesoctlPath: string;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when the program could not be started at all. */
  readonly error?: Error | undefined;
}

export interface UntilOptions {
  /** Default 20 s. */
  readonly deadlineMs?: number | undefined;
  readonly pollMs?: number | undefined;
  /** Text added to the error at the deadline. */
  readonly explain?: (() => string | Promise<string>) | undefined;
}

/** Resolves with the first value of `probe` that is neither undefined nor false; throws at the deadline. */
export function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  options?: UntilOptions,
): Promise<T>;

/** Whether a process exists that can still run (a zombie cannot). */
export function isAlive(pid: number): boolean;

/** Pids whose command line or environment holds `text`, this process excepted. */
export function findProcesses(text: string): number[];

export class StartedProcess {
  constructor(options: {
    readonly name: string;
    readonly logPath: string;
    readonly command: string;
    readonly args: readonly string[];
    readonly cwd?: string | undefined;
    readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  });
  readonly name: string;
  readonly logPath: string;
  readonly pid: number | undefined;
  /** Never rejects. */
  readonly exited: Promise<Exit>;
  readonly running: boolean;
  /** The end of what it wrote to stdout and stderr. */
  log(): string;
  signal(signal: NodeJS.Signals): void;
  /** Sends `signal` (default SIGTERM), waits, sends SIGKILL at the deadline (default 15 s). */
  end(signal?: NodeJS.Signals, deadlineMs?: number): Promise<Exit>;
}

export function readReadyFile(
  started: StartedProcess,
  path: string,
  deadlineMs: number,
): Promise<Readonly<Record<string, unknown>>>;

/** Kills (-9, by pid) everything that names `dir` in its command line or environment, then removes `dir` and its cgroups. */
export function sweep(dir: string): Promise<void>;
