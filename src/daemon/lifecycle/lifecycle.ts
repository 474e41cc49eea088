/**
 * How a daemon ends: closers run in the reverse order of their registration, each with a deadline, so that what was
 * opened last (and depends on the rest) closes first. Signals are caught before anything is opened; a second one ends
 * the process at once. Architecture, section 8.
 *
 * Invariants: closers run once; a closer that fails or hangs is logged and does not keep the others from running;
 * `signal` aborts before the first closer runs.
 */
import { messageOf } from '../../base/error.js';
import type { Logger } from '../../base/system/logger.js';

interface Closer {
  readonly name: string;
  readonly close: () => Promise<void> | void;
  readonly deadlineMs: number;
}

const DEFAULT_DEADLINE_MS = 5_000;

export class Lifecycle {
  readonly #logger: Logger;
  readonly #closers: Closer[] = [];
  readonly #abort = new AbortController();
  #stopping: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Aborts when stopping begins. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Registers what to undo. Called after stopping began, it is undone at once. */
  defer(name: string, close: () => Promise<void> | void, deadlineMs: number = DEFAULT_DEADLINE_MS): void {
    const closer = { name, close, deadlineMs };
    if (this.#stopping === undefined) this.#closers.push(closer);
    else this.#stopping = this.#stopping.then(() => this.#run(closer));
  }

  /** Runs the closers; every call gets the same promise, which never rejects. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stopAll(reason);
    return this.#stopping;
  }

  async #stopAll(reason: string): Promise<void> {
    this.#logger.info({ reason }, 'stopping');
    this.#abort.abort(new Error(reason));
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) await this.#run(closer);
  }

  async #run({ name, close, deadlineMs }: Closer): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<'expired'>((resolve) => {
      timer = setTimeout(() => resolve('expired'), deadlineMs);
    });
    try {
      const outcome = await Promise.race([Promise.resolve().then(close), expired]);
      if (outcome === 'expired') this.#logger.warn({ closer: name, deadlineMs }, 'closing took too long, going on');
    } catch (error) {
      this.#logger.error({ closer: name, error: messageOf(error) }, 'closing failed');
    } finally {
      clearTimeout(timer);
    }
  }
}
