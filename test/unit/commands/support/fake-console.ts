/** A console that keeps what it is given; answers are what somebody would type. */
import type { Console } from '../../../../src/cli/console.js';

export interface FakeConsoleOptions {
  readonly columns?: number;
  readonly canAsk?: boolean;
  readonly isLively?: boolean;
  readonly color?: boolean;
  readonly answers?: readonly string[];
}

export class FakeConsole implements Console {
  readonly columns: number | undefined;
  readonly rows = 24;
  readonly color: boolean;
  readonly canAsk: boolean;
  readonly isLively: boolean;
  readonly canRepaint = false;
  stdout = '';
  stderr = '';
  readonly #answers: string[];

  constructor(options: FakeConsoleOptions = {}) {
    this.columns = options.columns;
    this.color = options.color ?? false;
    this.canAsk = options.canAsk ?? false;
    this.isLively = options.isLively ?? false;
    this.#answers = [...(options.answers ?? [])];
  }

  print(data: string | Uint8Array): Promise<void> {
    this.stdout += typeof data === 'string' ? data : Buffer.from(data).toString('utf8');
    return Promise.resolve();
  }

  say(line: string): void {
    this.stderr += `${line}\n`;
  }

  hint(line: string): void {
    if (this.columns !== undefined) this.say(line);
  }

  writeTalk(text: string): void {
    this.stderr += text;
  }

  readLine(): Promise<string | undefined> {
    return Promise.resolve(this.#answers.shift());
  }
}
