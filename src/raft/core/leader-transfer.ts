/**
 * Handing leadership to a chosen member (thesis, 3.10): proposals wait while the target catches up, then it is told to
 * campaign at once. If it does not lead within an election time, this leader goes on as before.
 */
import { isVoter, type MemberId, votersOf } from './configuration.js';
import { becomeFollower } from './follower.js';
import type { LeaderState } from './leader-state.js';
import type { Node } from './node.js';
import type { RequestId } from './protocol.js';

export function beginTransfer(node: Node, leader: LeaderState, requestId: RequestId, to: MemberId): void {
  if (leader.transfer !== undefined) {
    node.refuse(requestId, 'transferring');
    return;
  }
  if (to === node.id) {
    node.emit({ type: 'now', kind: 'transferred', requestId, to });
    return;
  }
  if (!isVoter(node.configuration, to)) {
    node.refuse(requestId, 'invalid');
    return;
  }
  leader.transfer = { requestId, to, deadlineMs: node.nowMs + node.timing.electionMaxMs, isSent: false };
}

/** Tells the target as soon as it has everything; gives up when the time is over. */
export function advanceTransfer(node: Node, leader: LeaderState): void {
  const { transfer } = leader;
  if (transfer === undefined) return;
  if (node.nowMs >= transfer.deadlineMs) {
    leader.transfer = undefined;
    node.refuse(transfer.requestId, 'timeout');
    return;
  }
  if (transfer.isSent || leader.progress.get(transfer.to)?.match !== node.log.lastIndex) return;
  transfer.isSent = true;
  tellToCampaign(node, leader, transfer.to);
}

/** Gives leadership up, to whoever holds most of the log if anybody has all that is committed. */
export function resign(node: Node, leader: LeaderState): void {
  const matchOf = (id: MemberId) => leader.progress.get(id)?.match ?? 0;
  const heir = votersOf(node.configuration)
    .filter((id) => id !== node.id && matchOf(id) >= node.commit)
    .sort((a, b) => matchOf(b) - matchOf(a))[0];
  if (heir !== undefined) tellToCampaign(node, leader, heir);
  becomeFollower(node, node.term, undefined);
}

function tellToCampaign(node: Node, leader: LeaderState, to: MemberId): void {
  leader.mayLease = false;
  node.send({ kind: 'timeout-now', to, term: node.term });
}
