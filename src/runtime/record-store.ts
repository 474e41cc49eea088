/**
 * Container records below <runtime dir>/containers, one directory each. A record of an ended container is kept for
 * some seconds after its end was reported: it is the only proof of the exit status until the agent has checkpointed it.
 * Removal is lazy and in small slices, off the path of launches.
 */
import { rmdirSync, unlinkSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../base/clock.js';
import { isContainerId } from './cgroups/root.js';
import { type ContainerRecord, type ContainerStatusRecord, findContainerRecord, findStatusRecord } from './records.js';

const KEPT_MS = 10_000;
const SWEEP_INTERVAL_MS = 2000;
/** Removed in one turn: well below a millisecond of work. */
const SWEPT_AT_ONCE = 4;
/** What a supervisor leaves in a record (supervisor/record.c). */
const RECORD_FILES = ['container', 'status'];

export class RecordStore {
  readonly #expired: { readonly containerId: string; readonly atMs: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> = Promise.resolve();

  /** `dir` exists. */
  constructor(
    readonly dir: string,
    private readonly clock: Clock,
  ) {
    this.#timer = setInterval(() => {
      this.#sweeping = this.#sweeping.then(() => this.#sweep());
    }, SWEEP_INTERVAL_MS).unref();
  }

  path(containerId: string): string {
    return join(this.dir, containerId);
  }

  async containers(): Promise<readonly string[]> {
    return (await readdir(this.dir)).filter(isContainerId);
  }

  findContainer(containerId: string): ContainerRecord | undefined {
    return findContainerRecord(this.path(containerId));
  }

  findStatus(containerId: string): ContainerStatusRecord | undefined {
    return findStatusRecord(this.path(containerId));
  }

  /** The end was reported; the record may go before long. */
  expire(containerId: string): void {
    this.#expired.push({ containerId, atMs: this.clock.now().monotonicMs + KEPT_MS });
  }

  async remove(containerId: string): Promise<void> {
    await rm(this.path(containerId), { recursive: true, force: true });
  }

  /** What has not been removed by now is an orphan for the next agent, which removes it. */
  close(): void {
    clearInterval(this.#timer);
  }

  async #sweep(): Promise<void> {
    const nowMs = this.clock.now().monotonicMs;
    for (let swept = 1; this.#expired[0] !== undefined && this.#expired[0].atMs <= nowMs; swept++) {
      const next = this.#expired.shift();
      // One that cannot be removed now is left to the next agent.
      if (next !== undefined && !tryRemove(this.path(next.containerId)))
        await this.remove(next.containerId).catch(() => undefined);
      if (swept % SWEPT_AT_ONCE === 0) await nextTurn();
    }
  }
}

/** An ordinary record: three calls at once instead of a dozen by way of the thread pool. False: something else is in it. */
function tryRemove(path: string): boolean {
  try {
    for (const name of RECORD_FILES) unlinkSync(join(path, name));
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
