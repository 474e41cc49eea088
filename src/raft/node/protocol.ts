/**
 * What the main thread of a master and its Raft worker say to each other (architecture, section 1); plain data, copied
 * between threads. Requests carry an id of the main thread's and are answered exactly once, in any order; a request that
 * was not answered before `ended` has an unknown outcome.
 */
import type { PlainError } from '../../base/plain-error.js';
import type { MemberId } from '../core/configuration.js';
import type { Leadership } from '../core/protocol.js';
import type { Notice } from '../sqlite/protocol.js';

export type HostRequest =
  /** One entry. `features`: what its operations need; refused unless every member announces at least that. */
  | { readonly kind: 'propose'; readonly requestId: number; readonly data: Uint8Array; readonly features: number }
  /** Done when everything that was committed before it came is applied here, and its results are told. Leaders only. */
  | { readonly kind: 'read-barrier'; readonly requestId: number }
  /** Everything the state machine holds now. */
  | { readonly kind: 'read-state'; readonly requestId: number }
  | { readonly kind: 'members'; readonly requestId: number }
  /** Leaders only, as the next two. `timeoutMs`: until the member has introduced itself and caught up. */
  | {
      readonly kind: 'add-member';
      readonly requestId: number;
      readonly name: string;
      readonly address: string;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'remove-member'; readonly requestId: number; readonly name: string }
  | { readonly kind: 'transfer'; readonly requestId: number; readonly name: string }
  /** To a new file at an absolute path of this machine. */
  | { readonly kind: 'save-snapshot'; readonly requestId: number; readonly path: string }
  /** Answer to `ping`. */
  | { readonly kind: 'pong'; readonly ping: number }
  /** Hands leadership over if it can, makes durable what is open, answers `ended`. */
  | { readonly kind: 'close' };

export type HostReply =
  /** Once, when the directory is open and the transport listens. */
  | { readonly kind: 'opened'; readonly memberId: MemberId; readonly raftAddress: string }
  | { readonly kind: 'result'; readonly requestId: number; readonly index: number; readonly result: Uint8Array }
  | { readonly kind: 'done'; readonly requestId: number }
  | { readonly kind: 'state'; readonly requestId: number; readonly index: number; readonly state: Uint8Array }
  | { readonly kind: 'members'; readonly requestId: number; readonly members: MembersPicture }
  | { readonly kind: 'snapshot-saved'; readonly requestId: number; readonly index: number; readonly sizeBytes: number }
  | { readonly kind: 'refused'; readonly requestId: number; readonly error: PlainError }
  /** Whenever something of it changed. */
  | { readonly kind: 'leadership'; readonly picture: LeadershipPicture }
  | { readonly kind: 'ping'; readonly ping: number }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** Last. `error`: this member cannot go on; without: it was asked to close. */
  | { readonly kind: 'ended'; readonly error: PlainError | undefined };

export interface LeadershipPicture extends Leadership {
  readonly memberId: MemberId;
  /** undefined: this directory is in no cluster yet. */
  readonly clusterId: string | undefined;
  /** Members that vote. */
  readonly voters: number;
  /** What the state machine makes known at once, and the term of the entry it came from. */
  readonly notice: Notice;
}

export interface MemberPicture {
  readonly id: MemberId;
  readonly name: string;
  readonly address: string;
  readonly role: 'voter' | 'learner' | 'leaving';
  readonly isLeader: boolean;
  readonly isSelf: boolean;
  readonly isConnected: boolean;
  /** Known by the leader only, of others: everything up to here is durable there; entries. */
  readonly match: number | undefined;
  /** Known by the leader only: since it was last heard of. Ms. */
  readonly silentMs: number | undefined;
  readonly features: number | undefined;
}

export interface MembersPicture {
  readonly clusterId: string | undefined;
  readonly term: number;
  readonly commit: number;
  readonly lastIndex: number;
  readonly members: readonly MemberPicture[];
}
