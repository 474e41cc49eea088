/** The settings of a Raft core, their meanings and bounds. All members of a cluster should use the same. */
import type { Random } from '../../base/random.js';
import type { MemberId } from './configuration.js';
import type { StoredState } from './protocol.js';

export interface RaftTiming {
  /** A leader is heard of at least this often. Ms. */
  readonly heartbeatMs: number;
  /** A follower campaigns after a silence drawn from this range; below the minimum it helps nobody else to. Ms. */
  readonly electionMinMs: number;
  readonly electionMaxMs: number;
  /** The same when the leader's connection closed: it is lost for sure, so only the candidates must be kept apart. Ms. */
  readonly lostMinMs: number;
  readonly lostMaxMs: number;
}

export interface RaftLimits {
  /** Longest data of one entry; longer proposals are refused as `too-large`. Bytes. */
  readonly maxEntryBytes: number;
  /** Proposed and not committed; beyond it proposals are refused as `overloaded`. Bytes. */
  readonly maxUncommittedBytes: number;
  /** Entries in the log; beyond it proposals are refused as `overloaded` until the log is compacted. */
  readonly maxLogEntries: number;
  /** Entries of one append message: about this much, at least one. Bytes. */
  readonly maxAppendBytes: number;
  /** Append messages, and their bytes, on their way to one follower. */
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  /** Entries kept in memory for followers that lag a little; older ones are read from the disk. Bytes. */
  readonly maxRecentBytes: number;
  readonly snapshotChunkBytes: number;
  /** Reads that wait for their confirmation. */
  readonly maxWaitingReads: number;
  /** A learner may become a voter when it lags at most this many entries. */
  readonly maxPromotionLag: number;
}

export interface RaftOptions {
  readonly id: MemberId;
  readonly stored: StoredState;
  readonly random: Random;
  readonly timing: RaftTiming;
  readonly limits: RaftLimits;
  /**
   * quorum: a read waits for a round of heartbeats (thesis, 6.4). lease: it is answered at once within the time in which no
   * other member can have been elected; needs clocks whose speeds differ by less than `leaseDrift`, and takes from closed
   * connections the power to end a leadership, because a connection can close while both its ends live.
   */
  readonly reads: 'quorum' | 'lease';
  /** Part of the election timeout that a lease leaves unused, 0 to 1. */
  readonly leaseDrift: number;
  /** Monotonic ms. */
  readonly nowMs: number;
}

export const DEFAULT_TIMING: RaftTiming = {
  heartbeatMs: 150,
  electionMinMs: 800,
  electionMaxMs: 1600,
  lostMinMs: 5,
  lostMaxMs: 105,
};

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: RaftLimits = {
  maxEntryBytes: 4 * MIB,
  maxUncommittedBytes: 64 * MIB,
  maxLogEntries: 1_000_000,
  maxAppendBytes: MIB,
  maxInflightMessages: 256,
  maxInflightBytes: 16 * MIB,
  maxRecentBytes: 32 * MIB,
  snapshotChunkBytes: MIB,
  maxWaitingReads: 10_000,
  maxPromotionLag: 1_000,
};
