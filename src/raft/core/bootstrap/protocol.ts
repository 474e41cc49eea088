/**
 * The boundary of bootstrap: how a directory becomes a member of a cluster (architecture, section 4). A new cluster starts
 * only when every listed peer holds an empty directory, in two phases; everybody else waits to be admitted by a leader.
 * An empty directory under a known name never votes.
 */
import type { Rejection } from '../../../base/rejection.js';
import type { Configuration, Member, MemberId } from '../configuration.js';
import type { MembershipChange, RefusalReason, RequestId } from '../protocol.js';

/** What a directory is. Kept on its disk; only ever moves from top to bottom (`promised` may be promised anew). */
export type Standing =
  /** It never was a member of anything. */
  | { readonly kind: 'empty' }
  /** It has agreed to a cluster that may or may not come to be. */
  | { readonly kind: 'promised'; readonly clusterId: string; readonly configuration: Configuration }
  | { readonly kind: 'member'; readonly clusterId: string };

/** What members say of themselves whenever they meet; the transport sends it again when it changed. */
export interface Introduction {
  readonly member: Member;
  readonly standing: Standing['kind'];
  /** Of the cluster it is in, or has promised itself to. */
  readonly clusterId: string | undefined;
  /** Of `--peers`, sorted and joined; undefined: started without. Lists that differ never found a cluster. */
  readonly peersDigest: string | undefined;
  /** The newest operation of the replicated log that this build can apply (see `features` of the state machine). */
  readonly features: number;
}

export type BootstrapMessage =
  /** Phase one: will you be in this cluster? A cluster id is made anew for each proposal and never proposed again. */
  | {
      readonly kind: 'prepare';
      readonly clusterId: string;
      readonly configuration: Configuration;
      /**
       * What the receiver had promised when the proposal was made; undefined: nothing. It agrees only if that still holds, so
       * that an old proposal, come late, can never take the place of a newer one.
       */
      readonly replaces: string | undefined;
    }
  /** `promised` is what the sender has promised now, so that a refused proposer knows what to replace. */
  | {
      readonly kind: 'promise';
      readonly clusterId: string;
      readonly isGranted: boolean;
      readonly promised: string | undefined;
    }
  /**
   * Phase two, and what any member says to one that is in its configuration and has not begun. `configuration` is the first
   * one of the cluster; empty: the sender's log no longer begins there.
   */
  | { readonly kind: 'found'; readonly clusterId: string; readonly configuration: Configuration }
  /** A leader has put the receiver into its configuration: it belongs to that cluster from now on, and gets its log. */
  | { readonly kind: 'admit'; readonly clusterId: string }
  /** Why the receiver cannot be in this cluster; `code` decides, `message` is for people. */
  | { readonly kind: 'refuse'; readonly code: RefuseCode; readonly message: string };

export type RefuseCode =
  /** A living member has this name. */
  | 'name-in-use'
  /** Nobody of that name is expected: `mesoctl master add` comes first. */
  | 'not-expected'
  | 'wrong-cluster'
  /** It was a member and has been removed. */
  | 'removed'
  | 'different-peers';

/** Addressed by member id: the transport knows ids from introductions. */
export interface AddressedBootstrapMessage {
  readonly to: MemberId;
  readonly message: BootstrapMessage;
}

/* ---------------------------------------------------------------- what a member's own shell tells it, and is asked for */

export interface Peer {
  readonly name: string;
  /** `host:port` of its peer transport. */
  readonly address: string;
}

export type BootstrapEvent =
  | { readonly kind: 'introduction'; readonly introduction: Introduction }
  | { readonly kind: 'disconnected'; readonly id: MemberId }
  | { readonly kind: 'message'; readonly from: Introduction; readonly message: BootstrapMessage }
  /** What `keep-standing` asked for is durable. */
  | { readonly kind: 'standing-kept' }
  /** Of the Raft core of a member that has started: the newest configuration in its log. */
  | { readonly kind: 'configured'; readonly configuration: Configuration }
  | { readonly kind: 'tick' };

export type GiveUpCode =
  | RefuseCode
  /** The own name is not in `--peers`, or a name is there twice. */
  | 'bad-peers'
  /** It has promised itself to a cluster of several and was started alone. */
  | 'promised';

export type BootstrapEffect =
  /** Answered by `standing-kept`; nothing that depends on it leaves before. `configuration`: base of a member's log. */
  | {
      readonly type: 'persist';
      readonly kind: 'keep-standing';
      readonly standing: Standing;
      readonly configuration: Configuration | undefined;
    }
  | ({ readonly type: 'now'; readonly kind: 'send' } & AddressedBootstrapMessage)
  /** What this member says of itself from now on, in front of everything that is sent after. */
  | { readonly type: 'now'; readonly kind: 'introduce'; readonly introduction: Introduction }
  /** It is a member: the Raft core begins, with what the disk holds. Once. */
  | {
      readonly type: 'now';
      readonly kind: 'start';
      readonly clusterId: string;
      readonly configuration: Configuration;
    }
  /** The process ends. `message` says what is wrong, `suggestion` what to do. */
  | {
      readonly type: 'now';
      readonly kind: 'give-up';
      readonly code: GiveUpCode;
      readonly message: string;
      readonly suggestion: string;
    }
  | LogEffect;

export interface LogEffect {
  readonly type: 'now';
  readonly kind: 'log';
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/* ---------------------------------------------------------------- what a leader's shell tells Admission, and is asked for */

/** Of every other member, as `RaftStatus.followers`: how far its log is, and when it was heard of last (monotonic ms). */
export type Followers = ReadonlyMap<MemberId, { readonly match: number; readonly heardMs: number }>;

export type AdmissionEvent =
  | { readonly kind: 'introduction'; readonly introduction: Introduction }
  | { readonly kind: 'disconnected'; readonly id: MemberId }
  /** Of the Raft core: the newest configuration in its log. */
  | { readonly kind: 'configured'; readonly configuration: Configuration }
  /** Before each `tick`. */
  | { readonly kind: 'followers'; readonly followers: Followers }
  /** Of operators; each is answered by one `answer`. */
  | { readonly kind: 'add'; readonly requestId: RequestId; readonly peer: Peer }
  | { readonly kind: 'remove'; readonly requestId: RequestId; readonly name: string }
  /** What became of the change that was asked for. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  /** This member leads no more; the last event. */
  | { readonly kind: 'deposed' }
  | { readonly kind: 'tick' };

export type AdmissionEffect =
  /** For the Raft core. One at a time; answered by `changed` or `refused`. */
  | {
      readonly type: 'now';
      readonly kind: 'change-membership';
      readonly changes: readonly MembershipChange[];
    }
  | ({ readonly type: 'now'; readonly kind: 'send' } & AddressedBootstrapMessage)
  /** Whom to connect to besides the members: those that operators added and that have not come yet. Replaces the last list. */
  | { readonly type: 'now'; readonly kind: 'expect'; readonly addresses: readonly string[] }
  | {
      readonly type: 'now';
      readonly kind: 'answer';
      readonly requestId: RequestId;
      /** undefined: it is done. */
      readonly rejection: Rejection | undefined;
    }
  | LogEffect;
