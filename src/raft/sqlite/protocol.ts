/**
 * What the Raft worker and the log worker say to each other, and what the log worker needs of a state machine. Plain data:
 * it is copied between threads, so large contents are bytes and not objects.
 *
 * Order: requests are carried out in the order in which they came; persists that wait together share one transaction.
 * Applying needs no disk write of its own: an entry that is committed is durable in the log, so `applied` may be said
 * while the transaction is still open; it is committed with the next persist or within `APPLY_COMMIT_MS`. After a crash
 * those entries are applied again from the log: the state machine is deterministic and `applied` went back with it.
 */
import type { Database } from 'better-sqlite3';
import type { PlainError } from '../../base/plain-error.js';
import type { Standing } from '../core/bootstrap/protocol.js';
import type { Configuration, MemberId } from '../core/configuration.js';
import type { Entry, PersistBatch, SnapshotInfo, StoredState } from '../core/protocol.js';

/** Longest time that applied entries stay in an open transaction when nothing else is written. Ms. */
export const APPLY_COMMIT_MS = 50;

/**
 * The registry, or whatever else is replicated, as tables in the same database. Called inside a transaction of the log
 * worker; must be deterministic: a function of the tables and the entry.
 */
export interface StateMachine {
  /** The newest kind of operation it can apply. Entries that need a newer one are never skipped: `apply` throws WORK_DIR_NEWER. */
  readonly features: number;
  /** The answer for whoever proposed the entry. Throws MesoError WORK_DIR_NEWER or WORK_DIR_CORRUPT; asserts on anything else. */
  apply(entry: { readonly index: number; readonly term: number; readonly data: Uint8Array }): Uint8Array;
  /** Everything it holds, encoded by it; for the main thread of a new leader. */
  encodeState(): Uint8Array;
  /** What everybody may know at once without the whole state, for example the leader's address; undefined: nothing yet. */
  encodeNotice(): Uint8Array | undefined;
  /** Verifies checksums of its rows; throws WORK_DIR_CORRUPT naming what is wrong. */
  check(): void;
}

export interface StateMachineOptions {
  readonly database: Database;
  /** For error messages. */
  readonly file: string;
}

/** What a member's directory says besides the log. */
export interface Identity {
  /** Random, made with the directory. */
  readonly memberId: MemberId;
  /** `--name` at its first start; empty for a directory that was made before members had names. */
  readonly name: string;
  readonly standing: Standing;
}

export type LogRequest =
  /** One transaction, or a part of one; answered by `persisted`. */
  | { readonly kind: 'persist'; readonly batch: PersistBatch }
  /** Everything up to `index` is agreed on; answered by `applied`, in one or more parts. */
  | { readonly kind: 'apply'; readonly index: number; readonly resultsFrom?: number | undefined }
  /** Durable when answered by `standing-kept`. A `member` gets `configuration` as the base of its log at index 0. */
  | { readonly kind: 'keep-standing'; readonly standing: Standing; readonly configuration: Configuration | undefined }
  /** `--name` or the cluster's word for it changed. */
  | { readonly kind: 'keep-name'; readonly name: string }
  | {
      readonly kind: 'read-log';
      readonly to: MemberId;
      readonly fromIndex: number;
      readonly toIndex: number;
      readonly maxBytes: number;
    }
  | { readonly kind: 'open-snapshot'; readonly to: MemberId }
  | {
      readonly kind: 'read-snapshot';
      readonly to: MemberId;
      readonly snapshotId: string;
      readonly offset: number;
      readonly maxBytes: number;
    }
  | { readonly kind: 'close-snapshot'; readonly snapshotId: string }
  /** Answered by `state`. */
  | { readonly kind: 'read-state'; readonly requestId: number }
  /** Writes a snapshot of everything applied to a new file at an absolute path; answered by `snapshot-saved`. */
  | { readonly kind: 'save-snapshot'; readonly requestId: number; readonly path: string }
  /** Commits what is open, and ends; answered by `closed`. */
  | { readonly kind: 'close' };

export type LogReply =
  /** First, once. */
  | { readonly kind: 'opened'; readonly identity: Identity; readonly stored: StoredState; readonly notice: Notice }
  | { readonly kind: 'persisted'; readonly batch: number }
  /** `results` of data entries only, in order, for those from `resultsFrom` of the request on; without it of all. */
  | {
      readonly kind: 'applied';
      readonly index: number;
      readonly results: readonly { readonly index: number; readonly term: number; readonly result: Uint8Array }[];
      /** Set when it changed. */
      readonly notice: Notice;
    }
  /** A received snapshot has replaced the state machine. */
  | { readonly kind: 'installed'; readonly index: number; readonly notice: Notice }
  | { readonly kind: 'standing-kept' }
  | { readonly kind: 'log-read'; readonly to: MemberId; readonly entries: readonly Entry[] }
  | { readonly kind: 'snapshot-opened'; readonly to: MemberId; readonly snapshot: SnapshotInfo | undefined }
  | {
      readonly kind: 'snapshot-read';
      readonly to: MemberId;
      readonly snapshotId: string;
      readonly offset: number;
      readonly data: Uint8Array;
    }
  /** It compacts by itself when the log is longer than it should be. */
  | { readonly kind: 'compacted'; readonly index: number }
  | { readonly kind: 'state'; readonly requestId: number; readonly index: number; readonly state: Uint8Array }
  | {
      readonly kind: 'snapshot-saved';
      readonly requestId: number;
      /** undefined: it failed, see `error`; nothing is left at the path. */
      readonly snapshot: SnapshotInfo | undefined;
      readonly error: PlainError | undefined;
    }
  | { readonly kind: 'closed' }
  /** Final: nothing of what was asked and not answered is known to have happened. The member must end. */
  | { readonly kind: 'failed'; readonly error: PlainError };

/** `encodeNotice` of the state machine, with the term of the entry that it came from. */
export type Notice = { readonly term: number; readonly data: Uint8Array } | undefined;
