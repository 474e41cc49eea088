/**
 * What a leader does: it commits what a quorum holds, tells everybody that it is there, and steps down when a quorum no longer
 * answers. Sources: thesis 3.5, 3.6.2 (only entries of its own term are counted), 6.2 (check-quorum), 10.2.1 (its own
 * disk is one of many and is not waited for).
 *
 * Messages of one step are sent at its end (`flushLeader`), so that everything proposed together travels together.
 */
import { assert } from '../../base/assert.js';
import { quorumValue } from './configuration.js';
import { becomeFollower } from './follower.js';
import { advanceMembership } from './leader-membership.js';
import { answerReads } from './leader-reads.js';
import { abandonSnapshots, retrySnapshot } from './leader-snapshots.js';
import type { LeaderState } from './leader-state.js';
import { advanceTransfer } from './leader-transfer.js';
import type { Node } from './node.js';
import type { AppendResponse, HeartbeatResponse, RequestId } from './protocol.js';
import { sendAll, sendEmpty } from './replication.js';

/** Several entries of one proposal follow each other directly. */
export function propose(node: Node, leader: LeaderState, requestId: RequestId, data: readonly Uint8Array[]): void {
  const { limits, log } = node;
  const bytes = data.reduce((sum, { length }) => sum + length, 0);
  if (leader.transfer !== undefined) node.refuse(requestId, 'transferring');
  else if (data.some(({ length }) => length > limits.maxEntryBytes)) node.refuse(requestId, 'too-large');
  else if (leader.uncommittedBytes + bytes > limits.maxUncommittedBytes && leader.uncommitted.length > 0)
    node.refuse(requestId, 'overloaded');
  else if (log.length + data.length > limits.maxLogEntries) node.refuse(requestId, 'overloaded');
  else {
    const firstIndex = log.lastIndex + 1;
    log.append(data.map((one, i) => ({ index: firstIndex + i, term: node.term, body: { kind: 'data', data: one } })));
    const { lastIndex } = log;
    leader.uncommitted.push({ lastIndex, bytes });
    leader.uncommittedBytes += bytes;
    node.emit({ type: 'now', kind: 'proposed', requestId, term: node.term, firstIndex, lastIndex });
  }
}

export function handleAppendResponse(node: Node, leader: LeaderState, message: AppendResponse): void {
  const progress = leader.progress.get(message.from);
  if (progress === undefined) return;
  progress.lastHeardMs = node.nowMs;
  if (message.match === undefined) {
    // Both sides skip whole terms: a long divergence costs one round trip a term.
    progress.maybeRetreat(message.prevIndex, node.log.newestNotAfter(message.hintIndex, message.hintTerm));
    return;
  }
  assert(message.match <= node.log.lastIndex, 'a follower holds nothing that its leader does not');
  progress.maybeAdvance(message.match);
  if (progress.state === 'probe') progress.becomeReplicate();
  // It caught up by the log while a snapshot was being made ready for it.
  else if (progress.state === 'snapshot' && message.match >= node.log.baseIndex)
    abandonSnapshots(node, leader, message.from);
}

export function handleHeartbeatResponse(node: Node, leader: LeaderState, { from, round }: HeartbeatResponse): void {
  const progress = leader.progress.get(from);
  if (progress === undefined) return;
  progress.lastHeardMs = node.nowMs;
  progress.ackedRound = Math.max(progress.ackedRound, round);
  retrySnapshot(node, from, progress);
  // What was lost at the end of the stream is noticed by nobody else.
  const isBehind = progress.state === 'replicate' && progress.match < node.log.lastIndex;
  if (progress.maybeLost(round) && isBehind) sendEmpty(node, from, progress);
}

/** A heartbeat may be due, and a quorum may have fallen silent: then it steps down. */
export function tickLeader(node: Node, leader: LeaderState): void {
  if (node.nowMs < leader.heartbeatDueMs) return;
  leader.needsRound = true;
  const heardMs = quorumValue(node.configuration, (id) =>
    id === node.id ? node.nowMs : (leader.progress.get(id)?.lastHeardMs ?? 0),
  );
  if (node.nowMs - heardMs >= node.timing.electionMinMs) becomeFollower(node, node.term, undefined);
}

/** Everything that this step's events made possible: commits, answers, messages. */
export function flushLeader(node: Node, leader: LeaderState): void {
  maybeCommit(node, leader);
  if (!advanceMembership(node, leader)) return;
  answerReads(node, leader);
  advanceTransfer(node, leader);
  if (leader.needsRound) beginRound(node, leader);
  for (const [id, progress] of leader.progress) sendAll(node, id, progress);
}

/** Counts copies of entries of its own term only; older ones are committed with them (thesis, 3.6.2). */
function maybeCommit(node: Node, leader: LeaderState): void {
  const index = quorumValue(node.configuration, (id) =>
    id === node.id ? node.log.stable : (leader.progress.get(id)?.match ?? 0),
  );
  if (index <= node.commit || node.log.termAt(index) !== node.term) return;
  node.commitTo(index);
  let done = 0;
  while ((leader.uncommitted[done]?.lastIndex ?? Number.POSITIVE_INFINITY) <= index)
    leader.uncommittedBytes -= leader.uncommitted[done++]?.bytes ?? 0;
  if (done > 0) leader.uncommitted = leader.uncommitted.slice(done);
}

function beginRound(node: Node, leader: LeaderState): void {
  leader.needsRound = false;
  leader.round += 1;
  leader.heartbeatDueMs = node.nowMs + node.timing.heartbeatMs;
  leader.roundStarts.set(leader.round, node.nowMs);
  for (const [to, progress] of leader.progress) {
    const commit = Math.min(progress.match, node.commit);
    node.send({ kind: 'heartbeat', to, term: node.term, commit, round: leader.round });
  }
  // A leader that is the only voter is its own quorum.
  answerReads(node, leader);
}
