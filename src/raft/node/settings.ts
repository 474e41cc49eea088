/** What a Raft worker is started with; plain data. */
import type { RaftLimits, RaftTiming } from '../core/options.js';

export interface NamedAddress {
  readonly name: string;
  /** HOST:PORT of its peer transport. */
  readonly address: string;
}

export interface RaftSettings {
  /** Of this member; unique in its cluster. */
  readonly name: string;
  /** Where the peer transport listens; port 0: any. */
  readonly ip: string;
  readonly port: number;
  /** What others dial; undefined: the address it listens on. */
  readonly advertisedHost: string | undefined;
  /** The first members of a new cluster, this one included; undefined: a cluster of one, unless `join` says otherwise. */
  readonly peers: readonly NamedAddress[] | undefined;
  /** HOST:PORT of any member of the cluster that this one is to be a part of. */
  readonly join: string | undefined;
  /** See `StateMachine.features`. */
  readonly features: number;
  readonly credential: Uint8Array | undefined;
  readonly timing: RaftTiming;
  readonly limits: RaftLimits;
  readonly reads: 'quorum' | 'lease';
}
