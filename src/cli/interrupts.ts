/**
 * Ctrl-C and its relatives during a client command: the first asks to stop in order, each further one asks more urgently,
 * the last ends the process at once. What that means is the command's business; it says so to the user.
 */

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** What a shell reports for a program that wrote into a closed pipe. */
export const SIGPIPE_NUMBER = 13;

export interface Interrupt {
  /** Signal number; the command exits with 128 plus it. */
  readonly signal: number;
}

export class Interrupts {
  readonly #stages: readonly AbortController[];
  readonly #handlers: readonly (readonly [string, () => void])[];
  #received = 0;

  /** `stages`: how many signals are taken before one ends the process. */
  constructor(stages: number) {
    this.#stages = Array.from({ length: stages }, () => new AbortController());
    this.#handlers = Object.entries(SIGNAL_NUMBERS).map(
      ([name, number]) => [name, () => this.#onSignal(number)] as const,
    );
    for (const [name, handler] of this.#handlers) process.on(name, handler);
  }

  /** Aborts with the signal of that stage (from 0); its reason is an `Interrupt`. */
  stage(index: number): AbortSignal {
    const controller = this.#stages[index];
    return controller === undefined ? new AbortController().signal : controller.signal;
  }

  /** The first signal received. */
  get first(): Interrupt | undefined {
    const signal = this.#stages[0]?.signal;
    return signal?.aborted === true ? (signal.reason as Interrupt) : undefined;
  }

  /** As if a signal had come, for instance because nobody reads our output any more. */
  raise(signal: number): void {
    this.#stages.find((stage) => !stage.signal.aborted)?.abort({ signal } satisfies Interrupt);
  }

  close(): void {
    for (const [name, handler] of this.#handlers) process.removeListener(name, handler);
  }

  #onSignal(number: number): void {
    this.#received += 1;
    if (this.#received > this.#stages.length) process.exit(128 + number);
    this.raise(number);
  }
}
