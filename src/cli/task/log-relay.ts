/**
 * Copies a task's stdout and stderr to ours while it runs, and what is left of them when it ended. An agent that cannot be
 * reached for a while costs delay, not bytes.
 */
import { MesoError, messageOf } from '../../base/error.js';
import { systemClock } from '../../base/system/clock.js';
import { systemRandom } from '../../base/system/random.js';
import type { AgentClient } from '../../client/agent-client.js';
import { BackOff, pause } from '../../client/back-off.js';
import { type FileSource, LogFollower } from '../../client/log-follower.js';

export interface LogRelayOptions {
  readonly agent: AgentClient;
  /** As `sandboxPath` makes it. */
  readonly sandbox: string;
  /** Default: both. */
  readonly names?: readonly ('stdout' | 'stderr')[] | undefined;
  /** Followers that have read some already; the others begin at the beginning. */
  readonly starts?: Readonly<Partial<Record<'stdout' | 'stderr', LogFollower>>> | undefined;
  /** Resolves when the bytes may be followed by more. */
  readonly write: (stream: 'stdout' | 'stderr', data: Uint8Array) => Promise<void>;
  /** Says what is missing from the output. */
  readonly warn: (text: string) => void;
}

const LIVELY_POLL_MS = 60;
const IDLE_POLL_MS = 250;
/** After that long without output we look less often. */
const LIVELY_FOR_MS = 2_000;
/** What an unreachable agent gets to hand out the rest of the output of a task that ended. */
const DRAIN_DEADLINE_MS = 15_000;
const RETRY = { firstMs: 100, maxMs: 2_000 };

export class LogRelay {
  readonly #options: LogRelayOptions;
  readonly #ended = new AbortController();
  readonly #leaving = new AbortController();
  readonly #copies: Promise<unknown>;

  /** Begins at once. */
  constructor(options: LogRelayOptions) {
    this.#options = options;
    this.#copies = Promise.all((options.names ?? ['stdout', 'stderr']).map((name) => this.#copy(name)));
  }

  /** The task ended: resolves when all that it wrote is out, or after saying what could not be had. */
  async drain(): Promise<void> {
    this.#ended.abort();
    await this.#copies;
  }

  /** Stops where it is. */
  async stop(): Promise<void> {
    this.#leaving.abort();
    await this.drain();
  }

  async #copy(name: 'stdout' | 'stderr'): Promise<void> {
    const follower = this.#options.starts?.[name] ?? new LogFollower(this.#source(), name);
    const retry = new BackOff(RETRY, systemRandom);
    let lastDataMs = nowMs();
    let drainStartedMs: number | undefined;
    while (!this.#leaving.signal.aborted) {
      const isFinal = this.#ended.signal.aborted;
      if (isFinal) drainStartedMs ??= nowMs();
      try {
        const { data, skipped, isAtEnd } = await follower.step(isFinal);
        if (skipped) this.#options.warn(`some of the task's ${name} was rotated away before it could be read`);
        for (const part of data) await this.#options.write(name, part);
        retry.reset();
        if (isFinal && isAtEnd) return;
        if (data.length > 0) lastDataMs = nowMs();
        else if (isAtEnd)
          await pause(nowMs() - lastDataMs < LIVELY_FOR_MS ? LIVELY_POLL_MS : IDLE_POLL_MS, this.#ended.signal);
      } catch (error) {
        if (isFinal && isMissing(error)) return;
        if (drainStartedMs !== undefined && nowMs() - drainStartedMs > DRAIN_DEADLINE_MS) {
          this.#options.warn(`the rest of the task's ${name} could not be read: ${messageOf(error)}`);
          return;
        }
        await pause(retry.nextMs(), isFinal ? this.#leaving.signal : this.#ended.signal);
      }
    }
  }

  #source(): FileSource {
    const { agent, sandbox } = this.#options;
    const signal = this.#leaving.signal;
    return {
      list: () => agent.listFiles(sandbox, signal),
      read: (name, offset) => agent.readFile(`${sandbox}/${name}`, offset, undefined, signal),
    };
  }
}

function nowMs(): number {
  return systemClock.now().monotonicMs;
}

/** A task that never started has no sandbox. */
function isMissing(error: unknown): boolean {
  return error instanceof MesoError && error.code === 'NOT_FOUND';
}
