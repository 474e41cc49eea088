/**
 * The boundary of the Raft core: what it is told, what it asks for, and what members say to each other. Sources: Ongaro,
 * "Consensus: Bridging Theory and Practice" (the thesis; sections are cited where a rule stands), architecture sections 1
 * and 2.
 *
 * Order of effects: `persist` effects of one step are one transaction, and transactions are made durable in the order of
 * their batch numbers. `afterPersist` effects wait until every batch asked for so far is durable. `now` effects need not wait.
 * Each batch is answered by one `persisted` event.
 *
 * Units: times are monotonic milliseconds, sizes are bytes, indexes and terms are whole numbers from 1; 0 means none.
 */
import type { Configuration, Member, MemberId } from './configuration.js';

export type RequestId = number;

export type EntryBody =
  /** A leader's first entry: commits what earlier terms left (thesis, 3.6.2). */
  | { readonly kind: 'no-op' }
  | { readonly kind: 'data'; readonly data: Uint8Array }
  | { readonly kind: 'configuration'; readonly configuration: Configuration };

export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly body: EntryBody;
}

/** What a member must not forget (thesis, figure 3.1). `commit` is a hint that spares work after a restart. */
export interface HardState {
  readonly term: number;
  readonly vote: MemberId | undefined;
  readonly commit: number;
}

/** Everything up to `index`, as the state machine's own file. `id` names one file of one member, never reused. */
export interface SnapshotInfo {
  readonly id: string;
  readonly index: number;
  readonly term: number;
  readonly configuration: Configuration;
  readonly sizeBytes: number;
}

/** What a member finds on its disk when it starts. */
export interface StoredState {
  readonly hardState: HardState;
  /** Where the log begins: the newest index that is no longer in it. 0, 0 and the first configuration for a new log. */
  readonly base: { readonly index: number; readonly term: number; readonly configuration: Configuration };
  /** Everything after `base`, in order; `data` bodies may be left out of memory (`recent` says from where they are in). */
  readonly terms: readonly { readonly term: number; readonly firstIndex: number }[];
  readonly lastIndex: number;
  readonly configurations: readonly { readonly index: number; readonly configuration: Configuration }[];
  /** The end of the log, without gaps up to `lastIndex`; may be empty. */
  readonly recent: readonly Entry[];
  /** What the state machine has taken in; at most `hardState.commit` is not required. */
  readonly applied: number;
}

/* ---------------------------------------------------------------- messages */

interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  /** The sender's term; of pre-votes the term it would campaign in. */
  readonly term: number;
}

export interface VoteRequest extends Envelope {
  /** `pre-vote` asks whether a vote would be given, and changes nothing at the receiver (thesis, 9.6). */
  readonly kind: 'pre-vote' | 'vote';
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The leader asked for this election (thesis, 3.10): a sticky receiver answers as well. */
  readonly isTransfer: boolean;
}

export interface VoteResponse extends Envelope {
  readonly kind: 'pre-vote-response' | 'vote-response';
  readonly isGranted: boolean;
}

export interface AppendRequest extends Envelope {
  readonly kind: 'append';
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
}

export interface AppendResponse extends Envelope {
  readonly kind: 'append-response';
  /** Of the request: which one this answers. */
  readonly prevIndex: number;
  /** Everything up to here is durable at the follower and equal to the leader's log; undefined: refused. */
  readonly match: number | undefined;
  /** Refused: the newest place at which the logs can agree, as the follower sees it, and its term there (thesis, 3.5). */
  readonly hintIndex: number;
  readonly hintTerm: number;
}

export interface Heartbeat extends Envelope {
  readonly kind: 'heartbeat';
  /** Never more than the follower is known to have. */
  readonly commit: number;
  /** Answers confirm that the sender led when this round began (thesis, 6.4). */
  readonly round: number;
}

export interface HeartbeatResponse extends Envelope {
  readonly kind: 'heartbeat-response';
  readonly round: number;
}

export interface SnapshotChunk extends Envelope {
  readonly kind: 'snapshot-chunk';
  readonly snapshot: SnapshotInfo;
  readonly offset: number;
  readonly data: Uint8Array;
}

export interface SnapshotResponse extends Envelope {
  readonly kind: 'snapshot-response';
  readonly snapshotId: string;
  /** Durable at the follower up to here; the whole size: it is installed. */
  readonly offset: number;
  /** The follower has everything of the snapshot by other means. */
  readonly isObsolete: boolean;
}

export interface TimeoutNow extends Envelope {
  readonly kind: 'timeout-now';
}

export interface ReadIndexRequest extends Envelope {
  readonly kind: 'read-index';
  readonly requestId: RequestId;
}

export interface ReadIndexResponse extends Envelope {
  readonly kind: 'read-index-response';
  readonly requestId: RequestId;
  /** undefined: refused, ask again. */
  readonly index: number | undefined;
}

export type Message =
  | VoteRequest
  | VoteResponse
  | AppendRequest
  | AppendResponse
  | Heartbeat
  | HeartbeatResponse
  | SnapshotChunk
  | SnapshotResponse
  | TimeoutNow
  | ReadIndexRequest
  | ReadIndexResponse;

/* ---------------------------------------------------------------- events */

export type MembershipChange =
  | { readonly kind: 'add-learner'; readonly member: Member }
  /** A learner becomes a voter; refused while it lags. */
  | { readonly kind: 'promote'; readonly id: MemberId }
  | { readonly kind: 'remove'; readonly id: MemberId }
  /** Of a member's name or addresses; its id and role stay. */
  | { readonly kind: 'describe'; readonly member: Member };

export type RaftEvent =
  | { readonly kind: 'message'; readonly message: Message }
  /** Everything of this batch is durable. Batches are confirmed in order. */
  | { readonly kind: 'persisted'; readonly batch: number }
  /** Answered by `proposed`, then by `committed` or, after a change of leader, never: see `dropped`. */
  | { readonly kind: 'propose'; readonly requestId: RequestId; readonly data: readonly Uint8Array[] }
  /** A linearizable read; answered by `read-ready` or `refused`. */
  | { readonly kind: 'read'; readonly requestId: RequestId }
  | {
      readonly kind: 'change-membership';
      readonly requestId: RequestId;
      readonly changes: readonly MembershipChange[];
    }
  /** Answered by `refused` or, when the target leads, by `transferred`. */
  | { readonly kind: 'transfer'; readonly requestId: RequestId; readonly to: MemberId }
  /** Not allowed: this member must not lead now (its main thread hangs); it gives leadership away, or up. */
  | { readonly kind: 'candidacy'; readonly isAllowed: boolean }
  /** The last connection with that member closed. Of the leader: it is lost, at once (architecture, C2). */
  | { readonly kind: 'peer-disconnected'; readonly id: MemberId }
  /** The state machine has taken in everything up to `index`; never more than was committed. */
  | { readonly kind: 'applied'; readonly index: number }
  /** The log up to `index` is gone from the disk; `index` is at most the applied one. */
  | { readonly kind: 'compacted'; readonly index: number }
  /** Answer to `read-log`; empty: it is not there any more. */
  | { readonly kind: 'log-read'; readonly to: MemberId; readonly entries: readonly Entry[] }
  /** Answer to `open-snapshot`; undefined: it failed, and is to be tried again later. */
  | { readonly kind: 'snapshot-opened'; readonly to: MemberId; readonly snapshot: SnapshotInfo | undefined }
  /** Answer to `read-snapshot`. */
  | {
      readonly kind: 'snapshot-read';
      readonly to: MemberId;
      readonly snapshotId: string;
      readonly offset: number;
      readonly data: Uint8Array;
    }
  /** Time passed. */
  | { readonly kind: 'tick' };

/* ---------------------------------------------------------------- effects */

export type RefusalReason =
  | 'not-leader'
  /** The target of a transfer is being waited for. */
  | 'transferring'
  /** Longer than `maxProposalBytes`. */
  | 'too-large'
  /** More than `maxUncommittedBytes` wait for a majority: try again when some of them are committed. */
  | 'overloaded'
  /** Another change of membership is under way, or this leader has not committed anything yet. */
  | 'busy'
  /** A learner that is to vote lags too far behind. */
  | 'lagging'
  /** The change makes no sense: unknown member, no voter left, nothing changes. */
  | 'invalid'
  /** Not done within its time. */
  | 'timeout';

/** One transaction. Parts are applied in this order. */
export interface PersistBatch {
  readonly type: 'persist';
  readonly kind: 'batch';
  readonly batch: number;
  readonly hardState?: HardState | undefined;
  /** Written at `offset` of the file that receives `snapshot`; offset 0 begins it anew. */
  readonly chunk?: { readonly snapshot: SnapshotInfo; readonly offset: number; readonly data: Uint8Array } | undefined;
  /** The received file of this snapshot replaces the state machine and the whole log. */
  readonly install?: SnapshotInfo | undefined;
  /** Everything from the first of them on in the log is replaced by these. May be empty. */
  readonly entries: readonly Entry[];
}

export type RaftEffect =
  | PersistBatch
  | { readonly type: 'now' | 'afterPersist'; readonly kind: 'send'; readonly message: Message }
  /** Everything up to `index` is agreed on and durable here: apply it. Grows only. */
  | { readonly type: 'now'; readonly kind: 'commit'; readonly index: number }
  /** The entries of a proposal; they are committed once a `commit` covers `lastIndex` and no `dropped` came before. */
  | {
      readonly type: 'now';
      readonly kind: 'proposed';
      readonly requestId: RequestId;
      readonly term: number;
      readonly firstIndex: number;
      readonly lastIndex: number;
    }
  /** This member no longer leads: what it proposed from `fromIndex` on and is not committed may or may not come to be. */
  | { readonly type: 'now'; readonly kind: 'dropped'; readonly fromIndex: number }
  | {
      readonly type: 'now';
      readonly kind: 'refused';
      readonly requestId: RequestId;
      readonly reason: RefusalReason;
      readonly leader: MemberId | undefined;
    }
  /** Reads of the state machine at `index` or later are linearizable for this request. */
  | { readonly type: 'now'; readonly kind: 'read-ready'; readonly requestId: RequestId; readonly index: number }
  | { readonly type: 'now'; readonly kind: 'changed'; readonly requestId: RequestId; readonly index: number }
  | { readonly type: 'now'; readonly kind: 'transferred'; readonly requestId: RequestId; readonly to: MemberId }
  | { readonly type: 'now'; readonly kind: 'leadership'; readonly leadership: Leadership }
  /** The newest configuration in the log changed; whom to connect to. */
  | { readonly type: 'now'; readonly kind: 'configured'; readonly configuration: Configuration; readonly index: number }
  /** At most `maxBytes`, at least one entry, from `fromIndex` to at most `toIndex`. */
  | {
      readonly type: 'now';
      readonly kind: 'read-log';
      readonly to: MemberId;
      readonly fromIndex: number;
      readonly toIndex: number;
      readonly maxBytes: number;
    }
  | { readonly type: 'now'; readonly kind: 'open-snapshot'; readonly to: MemberId }
  | {
      readonly type: 'now';
      readonly kind: 'read-snapshot';
      readonly to: MemberId;
      readonly snapshotId: string;
      readonly offset: number;
      readonly maxBytes: number;
    }
  /** Nobody reads it any more. */
  | { readonly type: 'now'; readonly kind: 'close-snapshot'; readonly snapshotId: string };

export interface Leadership {
  readonly term: number;
  readonly role: 'follower' | 'pre-candidate' | 'candidate' | 'leader';
  readonly leader: MemberId | undefined;
  /** A leader that has committed an entry of its term: only then it knows all that was ever committed (thesis, 6.4). */
  readonly isReady: boolean;
}
