/**
 * The loop of the log worker: requests come over a port, a `LogStore` carries them out in their order, replies go back.
 * Requests that wait together share one transaction, so group commit comes by itself: while one fsync runs, the next
 * batch gathers. Applying goes on in slices whenever nothing waits for the disk.
 *
 * Invariant: no reply that claims something durable leaves before `commit` has returned. After the first failure
 * everything is answered by `failed`.
 */
import { type MessagePort, receiveMessageOnPort, type TransferListItem } from 'node:worker_threads';
import { unreachable } from '../../base/assert.js';
import { flattenError } from '../../base/plain-error.js';
import type { LogStore } from './log-store.js';
import { gather, pack } from './pack.js';
import { APPLY_COMMIT_MS, type LogReply, type LogRequest } from './protocol.js';

/** Of entries and chunks in one transaction; what waits beyond it gets the next. Bytes. */
const MAX_GROUP_BYTES = 16 * 1024 * 1024;

export interface LogWorkerOptions {
  readonly port: MessagePort;
  /** Called once, at once. What it throws is answered by `failed`. */
  open(): LogStore;
}

/** Returns at once; the port is closed after `close` was answered. */
export function runLogWorker({ port, open }: LogWorkerOptions): void {
  new LogWorker(port).start(open);
}

/** Must not be answered before everything up to `index` is applied. */
interface Waiting {
  readonly index: number;
  readonly request: Extract<LogRequest, { kind: 'read-state' | 'open-snapshot' | 'save-snapshot' }>;
}

class LogWorker {
  readonly #port: MessagePort;
  #store: LogStore | undefined;
  /** Replies that wait for the commit, in order. */
  #uncommitted: LogReply[] = [];
  #groupBytes = 0;
  #applyTo = 0;
  #resultsFrom = 0;
  #waiting: Waiting[] = [];
  #isTurnAsked = false;
  #commitTimer: NodeJS.Timeout | undefined;
  #failure: LogReply | undefined;
  #isClosed = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  start(open: () => LogStore): void {
    this.#attempt(() => {
      this.#store = open();
      const loaded = this.#store.load();
      const { entries, buffer } = gather(loaded.stored.recent);
      this.#post({ kind: 'opened', ...loaded, stored: { ...loaded.stored, recent: entries } }, [buffer]);
    });
    this.#port.on('message', (request: LogRequest) => this.#onRequests(request));
  }

  /** `first`, and all that came with it. */
  #onRequests(first: LogRequest): void {
    let request: LogRequest | undefined = first;
    while (request !== undefined) {
      const current: LogRequest = request;
      if (this.#failure !== undefined) this.#refuse(current);
      else this.#attempt((store) => this.#carryOut(store, current));
      if (current.kind === 'close') return;
      request = receiveMessageOnPort(this.#port)?.message as LogRequest | undefined;
    }
    this.#turn();
  }

  #carryOut(store: LogStore, request: LogRequest): void {
    switch (request.kind) {
      case 'persist':
        this.#persist(store, request);
        return;
      case 'apply':
        this.#applyTo = Math.max(this.#applyTo, request.index);
        this.#resultsFrom = request.resultsFrom ?? 0;
        return;
      case 'keep-standing':
        store.keepStanding(request.standing, request.configuration);
        this.#uncommitted.push({ kind: 'standing-kept' });
        return;
      case 'keep-name':
        store.keepName(request.name);
        return;
      case 'read-log': {
        const { entries, buffer } = gather(store.readLog(request.fromIndex, request.toIndex, request.maxBytes));
        this.#post({ kind: 'log-read', to: request.to, entries }, [buffer]);
        return;
      }
      case 'read-snapshot':
        this.#readSnapshot(store, request);
        return;
      case 'close-snapshot':
        store.closeSnapshot(request.snapshotId);
        return;
      case 'read-state':
      case 'open-snapshot':
      case 'save-snapshot':
        this.#waiting.push({ index: this.#applyTo, request });
        return;
      case 'close':
        this.#close(store);
        return;
      default:
        unreachable(request);
    }
  }

  #persist(store: LogStore, { batch }: Extract<LogRequest, { kind: 'persist' }>): void {
    // An installation commits what came before it by itself.
    const installed = store.persist(batch);
    if (installed !== undefined) this.#uncommitted.push({ kind: 'installed', index: installed, notice: store.notice });
    this.#uncommitted.push({ kind: 'persisted', batch: batch.batch });
    this.#groupBytes += batch.chunk?.data.length ?? 0;
    for (const { body } of batch.entries) this.#groupBytes += body.kind === 'data' ? body.data.length : 0;
    if (this.#groupBytes >= MAX_GROUP_BYTES) this.#commit(store);
  }

  #commit(store: LogStore): void {
    store.commit();
    this.#groupBytes = 0;
    for (const reply of this.#uncommitted) this.#post(reply);
    this.#uncommitted = [];
  }

  /** Everything that came is written: commit it, apply a slice, answer who waited for that. */
  #turn(): void {
    if (this.#failure !== undefined || this.#isClosed) return;
    this.#attempt((store) => {
      if (this.#uncommitted.length > 0) this.#commit(store);
      if (store.applied < this.#applyTo) this.#apply(store);
      this.#answerWaiting(store);
      if (store.applied < this.#applyTo) this.#askTurn();
      this.#watchOpen(store);
    });
  }

  #apply(store: LogStore): void {
    const { index, results, notice, compacted } = store.apply(this.#applyTo, this.#resultsFrom);
    const { views, buffer } = pack(results.map(({ result }) => result));
    const packed = results.map((told, at) => ({ ...told, result: views[at] as Uint8Array }));
    this.#post({ kind: 'applied', index, results: packed, notice }, [buffer]);
    if (compacted !== undefined) this.#post({ kind: 'compacted', index: compacted });
  }

  #answerWaiting(store: LogStore): void {
    while (this.#waiting.length > 0 && (this.#waiting[0]?.index ?? 0) <= store.applied) {
      const request = this.#waiting.shift()?.request;
      if (request?.kind === 'read-state') this.#readState(store, request.requestId);
      else if (request?.kind === 'open-snapshot') this.#openSnapshot(store, request.to);
      else if (request?.kind === 'save-snapshot') this.#saveSnapshot(store, request);
    }
  }

  #readState(store: LogStore, requestId: number): void {
    const { index, state } = store.readState();
    this.#post({ kind: 'state', requestId, index, state }, transferable(state));
  }

  #openSnapshot(store: LogStore, to: string): void {
    void store.openSnapshot().then((snapshot) => {
      if (this.#failure === undefined) this.#post({ kind: 'snapshot-opened', to, snapshot });
      this.#turn();
    });
  }

  #readSnapshot(store: LogStore, request: Extract<LogRequest, { kind: 'read-snapshot' }>): void {
    const { to, snapshotId, offset, maxBytes } = request;
    const data = store.readSnapshot(snapshotId, offset, maxBytes);
    // Who asks for one that was closed has forgotten it.
    if (data !== undefined) this.#post({ kind: 'snapshot-read', to, snapshotId, offset, data }, transferable(data));
  }

  #saveSnapshot(store: LogStore, { requestId, path }: Extract<LogRequest, { kind: 'save-snapshot' }>): void {
    void store.saveSnapshot(path).then(
      (snapshot) => this.#post({ kind: 'snapshot-saved', requestId, snapshot, error: undefined }),
      (error: unknown) => {
        this.#post({ kind: 'snapshot-saved', requestId, snapshot: undefined, error: flattenError(error) });
        this.#turn();
      },
    );
  }

  #close(store: LogStore): void {
    this.#commit(store);
    store.close();
    this.#isClosed = true;
    clearTimeout(this.#commitTimer);
    this.#post({ kind: 'closed' });
    this.#port.close();
  }

  #askTurn(): void {
    if (this.#isTurnAsked) return;
    this.#isTurnAsked = true;
    setImmediate(() => {
      this.#isTurnAsked = false;
      this.#turn();
    });
  }

  /** What was applied does not stay open for long. */
  #watchOpen(store: LogStore): void {
    if (!store.isOpen || this.#commitTimer !== undefined) return;
    this.#commitTimer = setTimeout(() => {
      this.#commitTimer = undefined;
      if (this.#failure === undefined) this.#attempt((open) => this.#commit(open));
    }, APPLY_COMMIT_MS);
  }

  #attempt(action: (store: LogStore) => void): void {
    try {
      action(this.#store as LogStore);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure = { kind: 'failed', error: flattenError(error) };
    this.#uncommitted = [];
    this.#waiting = [];
    clearTimeout(this.#commitTimer);
    this.#store?.abandon();
    this.#post(this.#failure);
  }

  #refuse(request: LogRequest): void {
    if (this.#failure !== undefined) this.#post(this.#failure);
    if (request.kind === 'close') this.#port.close();
  }

  #post(reply: LogReply, transfer: readonly TransferListItem[] = []): void {
    this.#port.postMessage(reply, transfer);
  }
}

/** Bytes that are a whole buffer of their own move to the other thread; others are copied. */
function transferable(bytes: Uint8Array): readonly TransferListItem[] {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength ? [buffer] : [];
}
