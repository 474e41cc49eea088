/**
 * Taking leadership up and losing it: what a leader begins with, and who must be told when it ends (thesis, 3.6.2: an entry
 * of its own term comes first).
 */
import type { Configuration } from './configuration.js';
import { receiversOf } from './configuration.js';
import { refuseReads } from './leader-reads.js';
import { abandonSnapshots } from './leader-snapshots.js';
import type { LeaderState } from './leader-state.js';
import type { Node } from './node.js';
import { Progress } from './progress.js';
import type { EntryBody } from './protocol.js';

export function becomeLeader(node: Node): void {
  const leader: LeaderState = {
    kind: 'leader',
    firstIndex: node.log.lastIndex + 1,
    progress: new Map(),
    heartbeatDueMs: node.nowMs,
    round: 0,
    roundStarts: new Map(),
    confirmedMs: Number.NEGATIVE_INFINITY,
    mayLease: node.reads === 'lease',
    reads: [],
    needsRound: true,
    uncommitted: [],
    uncommittedBytes: 0,
    transfer: undefined,
    change: undefined,
  };
  node.role = leader;
  node.leader = node.id;
  node.isLeaderLost = false;
  node.reception = undefined;
  followConfiguration(node, leader);
  appendOwn(node, { kind: 'no-op' });
}

/** One entry of this leader; returns its index. */
export function appendOwn(node: Node, body: EntryBody): number {
  const index = node.log.lastIndex + 1;
  node.log.append([{ index, term: node.term, body }]);
  return index;
}

/** A configuration is in force from the moment it is in the log (thesis, 4.1); returns its index. */
export function appendConfiguration(node: Node, leader: LeaderState, configuration: Configuration): number {
  const index = appendOwn(node, { kind: 'configuration', configuration });
  followConfiguration(node, leader);
  return index;
}

/** Progress for everybody who gets the log now, and for nobody else. */
function followConfiguration(node: Node, leader: LeaderState): void {
  const receivers = new Set(receiversOf(node.configuration));
  for (const id of leader.progress.keys())
    if (!receivers.has(id)) {
      abandonSnapshots(node, leader, id);
      leader.progress.delete(id);
    }
  for (const id of receivers)
    if (id !== node.id && !leader.progress.has(id))
      leader.progress.set(id, new Progress(node.log.lastIndex + 1, node.limits, node.nowMs));
}

/** It leads no more: what waited for it is told so. */
export function loseLeadership(node: Node, leader: LeaderState): void {
  refuseReads(node, leader);
  abandonSnapshots(node, leader);
  if (leader.transfer !== undefined) {
    const { requestId, to } = leader.transfer;
    node.transferAsked = { requestId, to };
  }
  if (leader.change !== undefined) node.refuse(leader.change.requestId, 'not-leader');
  if (leader.uncommitted.length > 0) node.emit({ type: 'now', kind: 'dropped', fromIndex: node.commit + 1 });
}
