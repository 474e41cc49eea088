/**
 * Follows one file of a task's sandbox for the screen: from its last 64 KB on, through rotations and restarts of the agent,
 * to the end of the task. What comes faster than it can be read is passed over and counted: never behind.
 */
import { MesoError, messageOf } from '../../base/error.js';
import { pause } from '../../client/back-off.js';
import { type FileSource, LogFollower } from '../../client/log-follower.js';
import { LogRing } from '../../views/log/log-ring.js';
import type { LogState } from '../../views/tui/ui.js';

export interface LogTailOptions {
  readonly taskKey: string;
  readonly file: 'stdout' | 'stderr';
  readonly source: FileSource;
  /** `node-09 (10.0.0.9:5051)`, for messages. */
  readonly agent: string;
  /** Whether nobody writes to it any more. */
  readonly hasEnded: () => boolean;
  readonly onState: (state: LogState) => void;
}

const START_BYTES = 64 * 1024;
const POLL_MS = 250;
const RETRY_MS = 2_000;
/** Steps in a row that did not reach the end: then the file is faster than we are. A step is at most 1 MB. */
const MAX_STEPS_BEHIND = 4;
/** What a line is taken to be long until one has been seen. */
const TYPICAL_LINE_BYTES = 100;

export class LogTail {
  readonly #options: LogTailOptions;
  readonly #follower: LogFollower;
  readonly #ring = new LogRing();
  #status: LogState['status'] = 'opening';
  #note = '';
  #readBytes = 0;
  #passedBytes = 0;
  #version = 0;

  constructor(options: LogTailOptions) {
    this.#options = options;
    this.#follower = new LogFollower(options.source, options.file, { lastBytes: START_BYTES });
  }

  /** Runs until the signal aborts or the task has ended and all of the file is read. */
  async run(signal: AbortSignal): Promise<void> {
    this.#publish();
    while (!signal.aborted) {
      try {
        // Asked before reading: what is read after the end is all there is.
        const isFinal = this.#options.hasEnded();
        const isAtEnd = await this.#catchUp(signal, isFinal);
        this.#set(isFinal && isAtEnd ? 'ended' : 'following', isFinal && isAtEnd ? 'task ended' : '');
        if (this.#status === 'ended' || signal.aborted) return;
        if (isAtEnd) await pause(POLL_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (this.#onFailure(error)) return;
        await pause(RETRY_MS, signal);
      }
    }
  }

  /** Reads to the end of the file, or to where it may as well begin anew. Returns whether it is at the end. */
  async #catchUp(signal: AbortSignal, isFinal: boolean): Promise<boolean> {
    for (let steps = 0; !signal.aborted; steps++) {
      if (steps >= MAX_STEPS_BEHIND) await this.#passOver();
      const { data, skipped, isAtEnd } = await this.#follower.step(isFinal);
      if (skipped) this.#ring.skip(0);
      if (this.#readBytes === 0 && this.#follower.beganInside) this.#ring.dropFirstLine();
      for (const part of data) this.#readBytes += part.length;
      this.#ring.push(data);
      if (data.length > 0 || skipped) this.#publish();
      if (isAtEnd) return true;
    }
    return false;
  }

  async #passOver(): Promise<void> {
    const bytes = await this.#follower.skipToLast(START_BYTES);
    if (bytes === 0) return;
    this.#passedBytes += bytes;
    this.#ring.skip(Math.round(bytes / (this.#ring.meanLineBytes ?? TYPICAL_LINE_BYTES)));
  }

  /** Whether it is of no use to try again. */
  #onFailure(error: unknown): boolean {
    if (!(error instanceof MesoError)) throw error;
    const isMissing = error.code === 'NOT_FOUND';
    if (isMissing && this.#options.hasEnded()) {
      this.#set('failed', `its sandbox on ${this.#options.agent} is gone`);
      return true;
    }
    this.#set(
      isMissing ? 'opening' : 'failed',
      isMissing ? 'the task has not written anything yet' : `${this.#options.agent}: ${messageOf(error)}; trying again`,
    );
    return false;
  }

  #set(status: LogState['status'], note: string): void {
    if (status === this.#status && note === this.#note) return;
    this.#status = status;
    this.#note = note;
    this.#publish();
  }

  #publish(): void {
    const { taskKey, file, onState } = this.#options;
    const { lines, firstLine, skipped } = this.#ring.snapshot();
    this.#version += 1;
    onState({
      taskKey,
      file,
      lines,
      firstLine,
      skipped,
      totalBytes: this.#readBytes + this.#passedBytes,
      status: this.#status,
      note: this.#note,
      version: this.#version,
    });
  }
}
