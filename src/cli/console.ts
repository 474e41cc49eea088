/**
 * Where a command prints: stdout is data, stderr is talk (design/ux, section 1, 8). The one place that asks what the two are,
 * so that everything else can be tested without a terminal.
 */
import { wantsColor } from './color.js';

export interface Console {
  /** Cells of a line of stdout; undefined: no terminal, and nothing is cut. */
  readonly columns: number | undefined;
  /** Lines that a terminal shows at once. */
  readonly rows: number;
  /** Of stdout. */
  readonly color: boolean;
  /** Somebody sits there who can answer: stdin and stderr are terminals. */
  readonly canAsk: boolean;
  /** stderr is a terminal whose last line may be painted over. */
  readonly isLively: boolean;
  /** stdin and stdout are a terminal that may be taken whole. */
  readonly canRepaint: boolean;
  /** Data. Resolves when more may follow. */
  print(data: string | Uint8Array): Promise<void>;
  /** One line of talk, for people and logs alike. */
  say(line: string): void;
  /** Talk that only helps somebody who watches: footers, next steps. */
  hint(line: string): void;
  /** Text on stderr as it is, sequences included. */
  writeTalk(text: string): void;
  /** The next line of stdin; undefined: its end. */
  readLine(): Promise<string | undefined>;
}

export interface ConsoleOptions {
  /** No talk at all but errors and questions. */
  readonly quiet?: boolean | undefined;
}

export function openConsole(options: ConsoleOptions = {}): Console {
  const { stdin, stdout, stderr } = process;
  const isTerminal = stdout.isTTY === true;
  const isQuiet = options.quiet === true;
  const isMoving = !isPlain(process.env);
  const writeTalk = (text: string) => void stderr.write(text);
  const say = (line: string) => (isQuiet ? undefined : writeTalk(`${line}\n`));
  return {
    get columns() {
      return isTerminal ? stdout.columns : undefined;
    },
    get rows() {
      return stdout.rows ?? DEFAULT_ROWS;
    },
    color: wantsColor(stdout),
    canAsk: stdin.isTTY === true && stderr.isTTY === true,
    isLively: stderr.isTTY === true && !isQuiet && isMoving,
    canRepaint: isTerminal && stdin.isTTY === true && isMoving,
    print: (data) =>
      new Promise((resolve) => {
        // A reader that went away is the stream's own error event; main ends the process for it.
        stdout.write(data, () => resolve());
      }),
    say,
    hint: (line) => (isTerminal && stderr.isTTY === true ? say(line) : undefined),
    writeTalk,
    readLine,
  };
}

const DEFAULT_ROWS = 24;

/** Nothing moves for logs of CI and for screen readers. */
function isPlain(env: NodeJS.ProcessEnv): boolean {
  return [env.CI, env.MESOCTL_ACCESSIBLE].some((value) => value !== undefined && value !== '') || env.TERM === 'dumb';
}

async function readLine(): Promise<string | undefined> {
  const { createInterface } = await import('node:readline');
  // Not as a terminal: the line is edited by the terminal itself, and Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, terminal: false });
  return new Promise((resolve) => {
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('close', () => resolve(undefined));
  });
}
