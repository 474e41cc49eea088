/**
 * Deletes finished sandboxes when GcSchedule says so: one at a time, never one that something is mounted below, never
 * outside of the work directory.
 *
 * `unschedule` of a path whose deletion has begun waits until it is gone and says so, because a launch that reuses the
 * directory must not race with it (spec page 18, section 18.6).
 */
import { type Stats, statSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import type { Clock } from '../../base/clock.js';
import { MesoError } from '../../base/error.js';
import type { Logger } from '../../base/system/logger.js';
import { type GcRules, GcSchedule, maxAllowedAgeMs, removalDelayMs } from './gc-schedule.js';
import { mountPointsBelow } from './mount-points.js';
import { removeTree } from './remove-tree.js';

const LONGEST_SLEEP_MS = 60 * 60 * 1000;

export interface CollectorOptions extends GcRules {
  readonly workDir: string;
  readonly diskWatchIntervalMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** After a path is gone: detach it from what operators can read. */
  readonly onRemoved: (path: string) => void;
  /** Lifts one mount below a path that is about to go. Absent: such a path is left alone. */
  readonly unmount?: ((mountPoint: string) => Promise<void>) | undefined;
}

/** For the metrics gc/path_removals_{pending,succeeded,failed} and the largest age allowed now. */
export interface CollectorCounts {
  readonly pending: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly maxAllowedAgeMs: number;
}

export class SandboxCollector {
  readonly #schedule: GcSchedule;
  #queue: string[] = [];
  #removing: { readonly path: string; readonly done: Promise<void> } | undefined;
  #dueTimer: NodeJS.Timeout | undefined;
  /** No path is due before; undefined: the timer waits for none. */
  #armedForMs: number | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #closed = false;
  #succeeded = 0;
  #failed = 0;
  #usage = 0;

  constructor(private readonly options: CollectorOptions) {
    this.#schedule = new GcSchedule(options);
    this.#watchTimer = setInterval(() => void this.watchDisk(), options.diskWatchIntervalMs);
    this.#watchTimer.unref();
  }

  counts(): CollectorCounts {
    return {
      pending: this.#schedule.size + this.#queue.length + (this.#removing === undefined ? 0 : 1),
      succeeded: this.#succeeded,
      failed: this.#failed,
      maxAllowedAgeMs: maxAllowedAgeMs(this.options, this.#usage),
    };
  }

  /** Lets `path` be deleted when it is old enough. A path that does not exist is forgotten. */
  schedule(path: string): void {
    if (!path.startsWith(`${this.options.workDir}/`))
      throw new MesoError('INTERNAL', `${path} is not below the work directory`);
    const now = this.options.clock.now();
    const found = findStat(path);
    if (found === undefined || this.#closed) return;
    const delayMs = removalDelayMs(this.options.gcDelayMs, now.unixMs, found.mtimeMs);
    this.#schedule.schedule(path, delayMs, now.monotonicMs);
    // Looking for the next one goes through all of them, so it is done only when this one may be it.
    if (this.#armedForMs === undefined || now.monotonicMs + delayMs < this.#armedForMs) this.#arm();
  }

  /** Keeps `path`. False: it was not waiting, or its deletion had begun; it is gone then. */
  async unschedule(path: string): Promise<boolean> {
    const queued = this.#queue.indexOf(path);
    if (queued >= 0) {
      this.#queue.splice(queued, 1);
      return true;
    }
    if (this.#removing?.path === path) await this.#removing.done;
    return this.#schedule.unschedule(path);
  }

  /** Looks at the disk now; called at every watch interval. */
  async watchDisk(): Promise<void> {
    const usage = await diskUsage(this.options.workDir).catch(() => undefined);
    if (usage === undefined || this.#closed) return;
    this.#usage = usage;
    this.#enqueue(this.#schedule.takeForUsage(usage, this.options.clock.now().monotonicMs));
  }

  /** Resolves when nothing is being deleted and nothing is queued. */
  async settled(): Promise<void> {
    while (this.#removing !== undefined) await this.#removing.done;
  }

  /** Forgets what waits; a deletion under way is finished. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#queue = [];
    clearInterval(this.#watchTimer);
    clearTimeout(this.#dueTimer);
    await this.settled();
  }

  #arm(): void {
    clearTimeout(this.#dueTimer);
    const dueMs = this.#schedule.nextDueMs();
    this.#armedForMs = dueMs;
    if (dueMs === undefined || this.#closed) return;
    const waitMs = Math.min(LONGEST_SLEEP_MS, Math.max(0, dueMs - this.options.clock.now().monotonicMs));
    this.#dueTimer = setTimeout(() => {
      this.#enqueue(this.#schedule.takeDue(this.options.clock.now().monotonicMs));
      this.#arm();
    }, waitMs);
    this.#dueTimer.unref();
  }

  #enqueue(paths: readonly string[]): void {
    this.#queue.push(...paths);
    this.#next();
  }

  #next(): void {
    if (this.#removing !== undefined || this.#closed) return;
    const path = this.#queue.shift();
    if (path === undefined) return;
    const done = this.#remove(path).finally(() => {
      this.#removing = undefined;
      this.#next();
    });
    this.#removing = { path, done };
  }

  async #remove(path: string): Promise<void> {
    try {
      await this.#liftMounts(path);
      const removal = await removeTree(path);
      if (removal.state === 'failed') throw removal.error;
      if (removal.state === 'removed') this.#succeeded += 1;
      this.options.onRemoved(path);
    } catch (error) {
      this.#failed += 1;
      this.options.log.warn({ path, err: error }, 'cannot delete a finished directory');
    }
  }

  async #liftMounts(path: string): Promise<void> {
    const mountPoints = mountPointsBelow(await readFile('/proc/self/mountinfo', 'utf8'), path);
    for (const mountPoint of mountPoints) {
      if (this.options.unmount === undefined) throw new MesoError('REFUSED', `${mountPoint} is mounted`);
      await this.options.unmount(mountPoint);
    }
  }
}

/** Synchronous: called at the end of every task, for a path that the kernel has in its cache. */
function findStat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Used fraction of the file system that holds `path`. */
async function diskUsage(path: string): Promise<number> {
  const { blocks, bfree } = await statfs(path);
  return blocks === 0 ? 0 : (blocks - bfree) / blocks;
}
