/** What only a leader has, and only while it leads: how far everybody is, and who waits for what. */
import type { MemberId } from './configuration.js';
import type { Progress } from './progress.js';
import type { RequestId } from './protocol.js';

/** A read that waits until it is sure that this member still leads (thesis, 6.4). */
export interface WaitingRead {
  readonly requestId: RequestId;
  /** Who asked for it; undefined: this member's own shell. */
  readonly from: MemberId | undefined;
  /** What was committed when it came; undefined: nothing of this term was yet. */
  index: number | undefined;
  /** The first round of heartbeats that began after it came. */
  round: number;
}

export interface LeaderState {
  readonly kind: 'leader';
  /** Of its first entry: once that is committed it knows all that was ever committed. */
  readonly firstIndex: number;
  /** Of every other member that gets the log. */
  readonly progress: Map<MemberId, Progress>;
  heartbeatDueMs: number;
  /** The newest round of heartbeats. */
  round: number;
  /** When the rounds began that are not confirmed yet: round, monotonic ms. */
  readonly roundStarts: Map<number, number>;
  /** The start of the newest round that a quorum confirmed. Monotonic ms. */
  confirmedMs: number;
  /** False once somebody was told to campaign at once: the election may come at any time. */
  mayLease: boolean;
  reads: WaitingRead[];
  /** A round must begin in this step. */
  needsRound: boolean;
  /** Proposed by this leader and not committed: last index of each proposal, and bytes. */
  uncommitted: { readonly lastIndex: number; readonly bytes: number }[];
  uncommittedBytes: number;
  transfer:
    | { readonly requestId: RequestId; readonly to: MemberId; readonly deadlineMs: number; isSent: boolean }
    | undefined;
  /** Change of membership that is under way; `index`: of the newest configuration it appended. */
  change: { readonly requestId: RequestId; index: number } | undefined;
}
