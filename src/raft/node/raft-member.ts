/**
 * A Raft member as the main thread sees it: starts the Raft worker and the log worker, connects them, correlates requests
 * with their answers, answers the watchdog. Decides nothing; nothing here waits for a disk.
 *
 * Invariants: each request is settled once; after `onEnded`, which comes once, everything rejects; a request whose answer did
 * not come before that is OUTCOME_UNKNOWN if it may have changed something.
 */
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { MesoError, messageOf } from '../../base/error.js';
import { restoreError } from '../../base/plain-error.js';
import { openWorker } from '../../base/system/worker.js';
import type { MemberId } from '../core/configuration.js';
import type { HostReply, HostRequest, LeadershipPicture, MembersPicture } from './protocol.js';
import type { RaftSettings } from './settings.js';

export interface RaftMemberObserver {
  onLeadership(picture: LeadershipPicture): void;
  onLog(line: Extract<HostReply, { readonly kind: 'log' }>): void;
  /** The member is no more. `error`: it could not go on. */
  onEnded(error: MesoError | undefined): void;
}

export interface RaftMemberOptions {
  readonly settings: RaftSettings;
  /** Starts the thread that owns the directory and hands it the port (`runLogWorker`). */
  openLogWorker(port: MessagePort): Worker;
  readonly observer: RaftMemberObserver;
}

export interface OpenedMember {
  readonly memberId: MemberId;
  /** HOST:PORT that others dial. */
  readonly raftAddress: string;
}

/** Mesos' own figures: --registry_fetch_timeout and --registry_store_timeout. Ms. */
const OPEN_TIMEOUT_MS = 60_000;
const PROPOSE_TIMEOUT_MS = 20_000;
const READ_TIMEOUT_MS = 10_000;
const STATE_TIMEOUT_MS = 60_000;
const SNAPSHOT_TIMEOUT_MS = 10 * 60_000;
/** An added member must introduce itself and catch up within this time. */
const MEMBERSHIP_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 10_000;

type Answer = Extract<HostReply, { readonly requestId: number }>;
type Asked = Extract<HostRequest, { readonly requestId: number }>;
type Question<Kind extends Asked['kind']> = Omit<Extract<Asked, { readonly kind: Kind }>, 'requestId' | 'kind'>;

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: MesoError) => void;
  readonly timer: NodeJS.Timeout;
  readonly changes: boolean;
}

export class RaftMember {
  readonly #options: RaftMemberOptions;
  readonly #raft: Worker;
  readonly #log: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #opened: Promise<OpenedMember>;
  #settleOpened: { resolve(member: OpenedMember): void; reject(error: MesoError): void } | undefined;
  #lastRequest = 0;
  #end: { readonly error: MesoError | undefined } | undefined;
  #onClosed: (() => void) | undefined;

  constructor(options: RaftMemberOptions) {
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    this.#log = options.openLogWorker(port1);
    this.#raft = openWorker(import.meta.url, 'raft-worker', {
      name: 'raft',
      workerData: { settings: options.settings, logPort: port2 },
      transferList: [port2],
    });
    this.#opened = new Promise((resolve, reject) => {
      this.#settleOpened = { resolve, reject };
    });
    this.#opened.catch(() => undefined);
    this.#raft.on('message', (reply: HostReply) => this.#onReply(reply));
    for (const [worker, name] of [
      [this.#raft, 'raft'],
      [this.#log, 'log'],
    ] as const) {
      worker.on('error', (error) => this.#onEnded(threadFailed(name, messageOf(error), error)));
      worker.on('exit', () => this.#onEnded(threadFailed(name, 'it ended by itself')));
    }
  }

  /** Resolves when directory and port are open. Rejects with WORK_DIR_*, PORT_IN_USE, NOT_ALLOWED, DISK or BAD_INPUT. */
  opened(): Promise<OpenedMember> {
    const timer = setTimeout(
      () => this.#onEnded(new MesoError('DISK', `the registry was not open after ${OPEN_TIMEOUT_MS / 1000} s`)),
      OPEN_TIMEOUT_MS,
    );
    return this.#opened.finally(() => clearTimeout(timer));
  }

  /** Resolves when the entry is committed and applied here: its index and the state machine's answer. */
  async propose(data: Uint8Array, features: number): Promise<{ readonly index: number; readonly result: Uint8Array }> {
    const answer = await this.#ask('propose', { data, features }, PROPOSE_TIMEOUT_MS, true);
    return expect(answer, 'result');
  }

  async readBarrier(): Promise<void> {
    await this.#ask('read-barrier', {}, READ_TIMEOUT_MS);
  }

  async readState(): Promise<{ readonly index: number; readonly state: Uint8Array }> {
    return expect(await this.#ask('read-state', {}, STATE_TIMEOUT_MS), 'state');
  }

  async members(): Promise<MembersPicture> {
    return expect(await this.#ask('members', {}, READ_TIMEOUT_MS), 'members').members;
  }

  async addMember(name: string, address: string): Promise<void> {
    const timeoutMs = MEMBERSHIP_TIMEOUT_MS;
    await this.#ask('add-member', { name, address, timeoutMs }, timeoutMs + READ_TIMEOUT_MS, true);
  }

  async removeMember(name: string): Promise<void> {
    await this.#ask('remove-member', { name }, MEMBERSHIP_TIMEOUT_MS, true);
  }

  async transfer(name: string): Promise<void> {
    await this.#ask('transfer', { name }, READ_TIMEOUT_MS, true);
  }

  async saveSnapshot(path: string): Promise<{ readonly index: number; readonly sizeBytes: number }> {
    return expect(await this.#ask('save-snapshot', { path }, SNAPSHOT_TIMEOUT_MS), 'snapshot-saved');
  }

  /** Ends both threads; leadership is handed over first if it can be. Never rejects. */
  async close(): Promise<void> {
    if (this.#end === undefined) {
      const closed = new Promise<void>((resolve) => {
        this.#onClosed = resolve;
      });
      this.#tell({ kind: 'close' });
      const timer = setTimeout(() => this.#onEnded(undefined), CLOSE_TIMEOUT_MS);
      await closed;
      clearTimeout(timer);
    }
    await Promise.all([this.#raft.terminate(), this.#log.terminate()]);
  }

  #tell(request: HostRequest): void {
    this.#raft.postMessage(request);
  }

  #ask<Kind extends Asked['kind']>(
    kind: Kind,
    question: Question<Kind>,
    timeoutMs: number,
    changes = false,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end.error ?? new MesoError('NOT_LEADER', 'this master is closed'));
        return;
      }
      this.#lastRequest += 1;
      const requestId = this.#lastRequest;
      const timer = setTimeout(() => this.#settle(requestId)?.reject(timedOut(kind, timeoutMs, changes)), timeoutMs);
      this.#pending.set(requestId, { resolve, reject, timer, changes });
      this.#tell({ ...question, kind, requestId } as unknown as HostRequest);
    });
  }

  #settle(requestId: number): Pending | undefined {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return undefined;
    this.#pending.delete(requestId);
    clearTimeout(pending.timer);
    return pending;
  }

  #onReply(reply: HostReply): void {
    switch (reply.kind) {
      case 'opened':
        this.#settleOpened?.resolve({ memberId: reply.memberId, raftAddress: reply.raftAddress });
        return;
      case 'leadership':
        this.#options.observer.onLeadership(reply.picture);
        return;
      case 'ping':
        this.#tell({ kind: 'pong', ping: reply.ping });
        return;
      case 'log':
        this.#options.observer.onLog(reply);
        return;
      case 'ended':
        this.#onEnded(reply.error === undefined ? undefined : restoreError(reply.error));
        return;
      case 'refused':
        this.#settle(reply.requestId)?.reject(restoreError(reply.error));
        return;
      default:
        this.#settle(reply.requestId)?.resolve(reply);
    }
  }

  #onEnded(error: MesoError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    const reason = error ?? new MesoError('NOT_LEADER', 'this master is closed');
    this.#settleOpened?.reject(reason);
    for (const requestId of [...this.#pending.keys()]) {
      const pending = this.#settle(requestId);
      pending?.reject(pending.changes ? new MesoError('OUTCOME_UNKNOWN', reason.message, { cause: reason }) : reason);
    }
    if (this.#onClosed === undefined) this.#options.observer.onEnded(error);
    else this.#onClosed();
  }
}

function expect<Kind extends Answer['kind']>(answer: Answer, kind: Kind): Extract<Answer, { readonly kind: Kind }> {
  if (answer.kind !== kind) throw new MesoError('INTERNAL', `the raft thread answered ${answer.kind}, not ${kind}`);
  return answer as Extract<Answer, { readonly kind: Kind }>;
}

function threadFailed(name: string, what: string, cause?: unknown): MesoError {
  return new MesoError('INTERNAL', `the ${name} thread failed: ${what}`, { cause });
}

function timedOut(kind: string, timeoutMs: number, changes: boolean): MesoError {
  const message = `${kind} was not answered within ${timeoutMs / 1000} s`;
  return new MesoError(changes ? 'OUTCOME_UNKNOWN' : 'TIMEOUT', message);
}
