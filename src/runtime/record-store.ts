/**
 * Container records below <runtime dir>/containers, one directory each. A record of an ended container is kept for
 * some seconds after its end was reported: it is the only proof of the exit status until the agent has checkpointed it.
 * Removal is lazy and in batches, off the path of launches.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.js';
import { isContainerId } from './cgroups/root.js';
import { type ContainerRecord, type ContainerStatusRecord, findContainerRecord, findStatusRecord } from './records.js';

const KEPT_MS = 10_000;
const SWEEP_INTERVAL_MS = 2000;

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

  findContainer(containerId: string): Promise<ContainerRecord | undefined> {
    return findContainerRecord(this.path(containerId));
  }

  findStatus(containerId: string): Promise<ContainerStatusRecord | undefined> {
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
    while (this.#expired[0] !== undefined && this.#expired[0].atMs <= nowMs) {
      const next = this.#expired.shift();
      // One that cannot be removed now is left to the next agent.
      if (next !== undefined) await this.remove(next.containerId).catch(() => undefined);
    }
  }
}
