/**
 * The registry of a single durable member: a proxy of the worker that owns the SQLite file. Group commit: while one
 * transaction is on its way, further proposals collect and share the next one.
 *
 * Invariants: at most one request is with the worker; results come in the order of the proposals; after the first
 * failure everything fails, because a store that may or may not have written is no basis for decisions.
 */

import type { Worker } from 'node:worker_threads';
import { assert } from '../../../base/assert.js';
import type { Clock } from '../../../base/clock.js';
import { MesoError, messageOf } from '../../../base/error.js';
import { restoreError } from '../../../base/plain-error.js';
import { openWorker } from '../../../base/system/worker.js';
import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { RegistryResult } from '../core/protocol.js';
import type { Leadership, Registry } from './registry.js';
import type { RegistryReply, RegistryRequest, RegistryWorkerData } from './registry-messages.js';

/** Mesos' own figures: --registry_fetch_timeout and --registry_store_timeout. */
const LEAD_TIMEOUT_MS = 60_000;
const COMMIT_TIMEOUT_MS = 20_000;
const CLOSE_TIMEOUT_MS = 10_000;

/** Operations that share a transaction at most: keeps one commit below a few dozen milliseconds. */
const MAX_BATCH = 4_096;

interface Proposal {
  readonly operations: readonly registry.Operation[];
  readonly resolve: (results: readonly RegistryResult[]) => void;
  readonly reject: (error: MesoError) => void;
}

interface PendingRequest {
  readonly resolve: (reply: RegistryReply) => void;
  readonly reject: (error: MesoError) => void;
  readonly timer: NodeJS.Timeout;
}

export interface SqliteRegistryOptions {
  readonly workDir: string;
  readonly clock: Clock;
  /** Becomes the id of the cluster if the directory holds none. */
  readonly newClusterId: string;
}

export class SqliteRegistry implements Registry {
  readonly #worker: Worker;
  readonly #clock: Clock;
  #proposals: Proposal[] = [];
  #request: PendingRequest | undefined;
  #committing: Promise<void> | undefined;
  #failure: MesoError | undefined;

  constructor({ workDir, clock, newClusterId }: SqliteRegistryOptions) {
    const workerData: RegistryWorkerData = { workDir, newClusterId };
    this.#clock = clock;
    this.#worker = openWorker(import.meta.url, 'registry-worker', { workerData, name: 'registry' });
    this.#worker.on('message', (reply: RegistryReply) => this.#onReply(reply));
    this.#worker.on('error', (error) =>
      this.#fail(new MesoError('INTERNAL', `the registry thread failed: ${messageOf(error)}`, { cause: error })),
    );
    this.#worker.on('exit', () => this.#fail(new MesoError('INTERNAL', 'the registry is closed')));
  }

  async lead(masterInfo: mesos.MasterInfo): Promise<Leadership> {
    const stampedAtMs = this.#clock.now().unixMs;
    const reply = await this.#ask({ kind: 'lead', masterInfo, stampedAtMs }, LEAD_TIMEOUT_MS);
    assert(reply.kind === 'led', 'lead is answered by led');
    return reply.leadership;
  }

  propose(operations: readonly registry.Operation[]): Promise<readonly RegistryResult[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#proposals.push({ operations, resolve, reject });
      this.#committing ??= this.#commitAll();
    });
  }

  async close(): Promise<void> {
    if (this.#failure === undefined) {
      await this.#committing;
      await this.#ask({ kind: 'close' }, CLOSE_TIMEOUT_MS).catch(() => undefined);
    }
    await this.#worker.terminate();
  }

  async #commitAll(): Promise<void> {
    // What the same turn proposes shares the first transaction.
    await Promise.resolve();
    while (this.#proposals.length > 0 && this.#failure === undefined) await this.#commitBatch(this.#takeBatch());
    this.#committing = undefined;
  }

  async #commitBatch(batch: readonly Proposal[]): Promise<void> {
    const operations = batch.flatMap((proposal) => proposal.operations);
    try {
      const stampedAtMs = this.#clock.now().unixMs;
      const reply = await this.#ask({ kind: 'commit', operations, stampedAtMs }, COMMIT_TIMEOUT_MS);
      assert(reply.kind === 'committed', 'commit is answered by committed');
      let from = 0;
      for (const { operations: own, resolve } of batch) {
        resolve(reply.results.slice(from, from + own.length));
        from += own.length;
      }
    } catch (error) {
      const failure =
        error instanceof MesoError ? error : new MesoError('INTERNAL', messageOf(error), { cause: error });
      for (const { reject } of batch) reject(failure);
      this.#fail(failure);
    }
  }

  #takeBatch(): readonly Proposal[] {
    let count = 0;
    let operations = 0;
    for (const proposal of this.#proposals) {
      operations += proposal.operations.length;
      if (count > 0 && operations > MAX_BATCH) break;
      count += 1;
    }
    return this.#proposals.splice(0, count);
  }

  #ask(request: RegistryRequest, timeoutMs: number): Promise<RegistryReply> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      assert(this.#request === undefined, 'one request is with the worker at a time');
      const timer = setTimeout(
        () => this.#fail(new MesoError('DISK', `the registry did not answer within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      this.#request = { resolve, reject, timer };
      this.#worker.postMessage(request);
    });
  }

  #onReply(reply: RegistryReply): void {
    const request = this.#request;
    if (request === undefined) return;
    if (reply.kind === 'failed') {
      this.#fail(restoreError(reply.error));
      return;
    }
    this.#request = undefined;
    clearTimeout(request.timer);
    request.resolve(reply);
  }

  #fail(failure: MesoError): void {
    this.#failure ??= failure;
    const request = this.#request;
    this.#request = undefined;
    if (request !== undefined) {
      clearTimeout(request.timer);
      request.reject(failure);
    }
    for (const { reject } of this.#proposals.splice(0)) reject(failure);
  }
}
