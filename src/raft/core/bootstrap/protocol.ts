/**
 * The boundary of bootstrap: how a directory becomes a member of a cluster (architecture, section 4). A new cluster starts
 * only when every listed peer holds an empty directory, in two phases; everybody else waits to be admitted by a leader.
 * An empty directory under a known name never votes.
 */
import type { Configuration, Member, MemberId } from '../configuration.js';

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
