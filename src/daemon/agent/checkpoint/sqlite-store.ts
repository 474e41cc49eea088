/**
 * The checkpoint on SQLite: a proxy of the worker that owns the file. Group commit: while one transaction is on its way,
 * further commits collect and share the next one, which waits for the disk if one of them asks for it.
 *
 * Invariants: at most one request is with the worker; commits resolve in the order of their calls; after the first
 * failure everything fails, because a store that may or may not have written is no ground to stand on.
 */

import type { Worker } from 'node:worker_threads';
import { assert } from '../../../base/assert.js';
import { MesoError, messageOf } from '../../../base/error.js';
import { restoreError } from '../../../base/plain-error.js';
import { openWorker } from '../../../base/system/worker.js';
import type { CheckpointChange, CheckpointState, Durability } from '../core/protocol.js';
import { checkpointError } from './checkpoint-error.js';
import type { CheckpointStore, CommitCounts } from './checkpoint-store.js';
import { checkpointFile } from './location.js';
import { decodeRecords, encodeChange, type RowChange } from './rows.js';
import type { CheckpointReply, CheckpointRequest, CheckpointWorkerData } from './worker-messages.js';

const LOAD_TIMEOUT_MS = 120_000;
const COMMIT_TIMEOUT_MS = 20_000;
const CLOSE_TIMEOUT_MS = 10_000;

interface PendingCommit {
  readonly changes: readonly RowChange[];
  readonly durability: Durability;
  readonly resolve: () => void;
  readonly reject: (error: MesoError) => void;
}

interface Request {
  readonly resolve: (reply: CheckpointReply) => void;
  readonly reject: (error: MesoError) => void;
  readonly timer: NodeJS.Timeout;
}

export class SqliteCheckpointStore implements CheckpointStore {
  readonly #worker: Worker;
  readonly #file: string;
  #pending: PendingCommit[] = [];
  #request: Request | undefined;
  #committing: Promise<void> | undefined;
  #failure: MesoError | undefined;
  #counts = { calls: 0, transactions: 0, syncs: 0 };

  /** `directory`: see `checkpointDirectory`; made if missing. Nothing is opened before `load`. */
  constructor(directory: string) {
    this.#file = checkpointFile(directory);
    const workerData: CheckpointWorkerData = { directory };
    this.#worker = openWorker(import.meta.url, 'checkpoint-worker', { workerData, name: 'checkpoint' });
    this.#worker.on('message', (reply: CheckpointReply) => this.#onReply(reply));
    this.#worker.on('error', (error) =>
      this.#fail(new MesoError('INTERNAL', `the checkpoint thread failed: ${messageOf(error)}`, { cause: error })),
    );
    this.#worker.on('exit', () => this.#fail(new MesoError('INTERNAL', 'the checkpoint is closed')));
  }

  get counts(): CommitCounts {
    return this.#counts;
  }

  async load(): Promise<CheckpointState> {
    const reply = await this.#ask({ kind: 'load' }, LOAD_TIMEOUT_MS);
    assert(reply.kind === 'loaded', 'load is answered by loaded');
    try {
      return decodeRecords(reply.records);
    } catch (error) {
      throw checkpointError(this.#file, error);
    }
  }

  commit(changes: readonly CheckpointChange[], durability: Durability): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#counts.calls += 1;
      this.#pending.push({ changes: changes.flatMap(encodeChange), durability, resolve, reject });
      this.#committing ??= this.#commitAll();
    });
  }

  async close(): Promise<void> {
    if (this.#failure === undefined) {
      await this.#committing;
      await this.#ask({ kind: 'close' }, CLOSE_TIMEOUT_MS).catch(() => undefined);
    }
    this.#fail(new MesoError('INTERNAL', 'the checkpoint is closed'));
    await this.#worker.terminate();
  }

  async #commitAll(): Promise<void> {
    while (this.#pending.length > 0 && this.#failure === undefined) {
      const batch = this.#pending;
      this.#pending = [];
      await this.#commitBatch(batch);
    }
    this.#committing = undefined;
  }

  async #commitBatch(batch: readonly PendingCommit[]): Promise<void> {
    const durability = batch.some((commit) => commit.durability === 'machine') ? 'machine' : 'process';
    try {
      const changes = batch.flatMap((commit) => commit.changes);
      const reply = await this.#ask({ kind: 'commit', changes, durability }, COMMIT_TIMEOUT_MS);
      assert(reply.kind === 'committed', 'commit is answered by committed');
      this.#counts.transactions += 1;
      if (durability === 'machine') this.#counts.syncs += 1;
      for (const { resolve } of batch) resolve();
    } catch (error) {
      const failure =
        error instanceof MesoError ? error : new MesoError('INTERNAL', messageOf(error), { cause: error });
      for (const { reject } of batch) reject(failure);
      this.#fail(failure);
    }
  }

  #ask(request: CheckpointRequest, timeoutMs: number): Promise<CheckpointReply> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      assert(this.#request === undefined, 'one request is with the worker at a time');
      const timer = setTimeout(
        () => this.#fail(new MesoError('DISK', `the checkpoint did not answer within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      this.#request = { resolve, reject, timer };
      this.#worker.postMessage(request);
    });
  }

  #onReply(reply: CheckpointReply): void {
    const request = this.#request;
    if (request === undefined) return;
    this.#request = undefined;
    clearTimeout(request.timer);
    if (reply.kind === 'failed') request.reject(restoreError(reply.error));
    else request.resolve(reply);
  }

  /** Final; the first reason stays. */
  #fail(error: MesoError): void {
    this.#failure ??= error;
    const request = this.#request;
    this.#request = undefined;
    if (request !== undefined) {
      clearTimeout(request.timer);
      request.reject(this.#failure);
    }
    for (const { reject } of this.#pending.splice(0)) reject(this.#failure);
  }
}
