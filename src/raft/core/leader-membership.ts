/**
 * Changes of membership by joint consensus (thesis, 4.3): the joint configuration is appended, and once it is committed the
 * final one; whichever leader finds a committed joint configuration goes on with it. One change at a time, and none before
 * this leader has committed an entry of its term. A leader that is not in the final configuration steps down when that is
 * committed (thesis, 4.2.2).
 */
import { isRejection } from '../../base/rejection.js';
import { isJoint, isVoter } from './configuration.js';
import type { LeaderState } from './leader-state.js';
import { resign } from './leader-transfer.js';
import { appendConfiguration } from './leadership.js';
import { changedConfiguration, leftConfiguration } from './membership.js';
import type { Node } from './node.js';
import type { MembershipChange, RefusalReason, RequestId } from './protocol.js';

export function beginChange(
  node: Node,
  leader: LeaderState,
  requestId: RequestId,
  changes: readonly MembershipChange[],
): void {
  const obstacle = findObstacle(node, leader, changes);
  const next = obstacle === undefined ? changedConfiguration(node.configuration, changes) : undefined;
  if (next === undefined || isRejection(next)) {
    node.refuse(requestId, obstacle ?? 'invalid');
    return;
  }
  leader.change = { requestId, index: appendConfiguration(node, leader, next) };
}

function findObstacle(
  node: Node,
  leader: LeaderState,
  changes: readonly MembershipChange[],
): RefusalReason | undefined {
  if (leader.transfer !== undefined) return 'transferring';
  const isSettled = node.log.configurationIndex <= node.commit && !isJoint(node.configuration);
  if (!isSettled || node.commit < leader.firstIndex || leader.change !== undefined) return 'busy';
  const lags = (id: string) =>
    node.log.lastIndex - (leader.progress.get(id)?.match ?? node.log.lastIndex) > node.limits.maxPromotionLag;
  return changes.some((change) => change.kind === 'promote' && lags(change.id)) ? 'lagging' : undefined;
}

/** What follows from what is committed by now. Returns false if this member leads no more. */
export function advanceMembership(node: Node, leader: LeaderState): boolean {
  const { configurationIndex } = node.log;
  if (configurationIndex > node.commit || node.commit < leader.firstIndex) return true;
  if (isJoint(node.configuration)) {
    const index = appendConfiguration(node, leader, leftConfiguration(node.configuration));
    if (leader.change !== undefined) leader.change.index = index;
    return true;
  }
  if (leader.change !== undefined && leader.change.index <= node.commit) {
    const { requestId, index } = leader.change;
    leader.change = undefined;
    node.emit({ type: 'now', kind: 'changed', requestId, index });
  }
  if (isVoter(node.configuration, node.id)) return true;
  resign(node, leader);
  return false;
}
