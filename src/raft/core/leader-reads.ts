/**
 * Linearizable reads without writing to the log (thesis, 6.4). A read is good at the commit index of its arrival once it is
 * sure that nobody else led at that moment: when a quorum has answered a round of heartbeats that began later, or, with
 * leases, while no quorum can have elected anybody else.
 */
import { type MemberId, quorumValue } from './configuration.js';
import type { LeaderState, WaitingRead } from './leader-state.js';
import type { Node } from './node.js';
import type { RequestId } from './protocol.js';

/** A read of this member's shell, or of the member `from`. */
export function addRead(node: Node, leader: LeaderState, requestId: RequestId, from: MemberId | undefined): void {
  if (leader.reads.length >= node.limits.maxWaitingReads) {
    refuseRead(node, requestId, from, 'overloaded');
    return;
  }
  const isReady = node.commit >= leader.firstIndex;
  if (isReady && holdsLease(node, leader)) {
    answerRead(node, requestId, from, node.commit);
    return;
  }
  leader.needsRound = true;
  leader.reads.push({ requestId, from, index: isReady ? node.commit : undefined, round: leader.round + 1 });
}

/** Answers what is sure by now. */
export function answerReads(node: Node, leader: LeaderState): void {
  const round = quorumValue(node.configuration, (id) =>
    id === node.id ? leader.round : (leader.progress.get(id)?.ackedRound ?? 0),
  );
  confirmRounds(leader, round);
  if (leader.reads.length === 0 || node.commit < leader.firstIndex) return;
  const waiting: WaitingRead[] = [];
  for (const read of leader.reads) {
    // It came before this leader knew what was committed: now it does, and no later write can be missed by that.
    read.index ??= node.commit;
    if (read.round <= round) answerRead(node, read.requestId, read.from, read.index);
    else waiting.push(read);
  }
  leader.reads = waiting;
}

/** It does not lead any more, or cannot know. */
export function refuseReads(node: Node, leader: LeaderState): void {
  for (const { requestId, from } of leader.reads) refuseRead(node, requestId, from, 'not-leader');
  leader.reads = [];
}

/** `round` and all before it are confirmed: the newest of their starts counts for the lease. */
function confirmRounds(leader: LeaderState, round: number): void {
  for (const [started, startedMs] of leader.roundStarts) {
    if (started > round) break;
    leader.confirmedMs = startedMs;
    leader.roundStarts.delete(started);
  }
}

function holdsLease(node: Node, leader: LeaderState): boolean {
  if (!leader.mayLease) return false;
  const leaseMs = node.timing.electionMinMs * (1 - node.leaseDrift);
  return node.nowMs - leader.confirmedMs < leaseMs;
}

function answerRead(node: Node, requestId: RequestId, from: MemberId | undefined, index: number): void {
  if (from === undefined) node.emit({ type: 'now', kind: 'read-ready', requestId, index });
  else node.send({ kind: 'read-index-response', to: from, term: node.term, requestId, index });
}

function refuseRead(
  node: Node,
  requestId: RequestId,
  from: MemberId | undefined,
  reason: 'overloaded' | 'not-leader',
): void {
  if (from === undefined) node.refuse(requestId, reason);
  else node.send({ kind: 'read-index-response', to: from, term: node.term, requestId, index: undefined });
}
