/**
 * What a member does that follows, and how every member comes to follow: appends, heartbeats, votes for others.
 * Sources: thesis 3.4 to 3.6, 4.2.3 (stickiness), 9.6 (pre-vote).
 */
import { assert } from '../../base/assert.js';
import type { MemberId } from './configuration.js';
import { loseLeadership } from './leadership.js';
import type { Node } from './node.js';
import type { AppendRequest, Entry, Heartbeat, VoteRequest } from './protocol.js';

/** Follows `leader` (undefined: nobody is known yet) in `term`, which is not older than its own. */
export function becomeFollower(node: Node, term: number, leader: MemberId | undefined): void {
  assert(term >= node.term, 'terms never go back');
  if (term > node.term) node.setTerm(term, undefined);
  const wasLeader = node.role;
  node.role = { kind: 'follower' };
  node.leader = leader;
  node.setElectionDeadline();
  if (wasLeader.kind === 'leader') loseLeadership(node, wasLeader);
  reportTransfer(node);
}

/** The one who asked for a transfer hears of it as soon as it is known who leads. */
function reportTransfer(node: Node): void {
  const asked = node.transferAsked;
  if (asked === undefined || node.leader === undefined) return;
  node.transferAsked = undefined;
  if (node.leader === asked.to) node.emit({ type: 'now', kind: 'transferred', ...asked });
  else node.refuse(asked.requestId, 'not-leader');
}

/** Something came from the leader of this term. */
export function hearLeader(node: Node, leader: MemberId): void {
  assert(node.role.kind !== 'leader', 'one leader in a term');
  node.leaderHeardMs = node.nowMs;
  node.isLeaderLost = false;
  if (node.role.kind !== 'follower' || node.leader !== leader) becomeFollower(node, node.term, leader);
  else node.setElectionDeadline();
}

export function handleAppend(node: Node, message: AppendRequest): void {
  hearLeader(node, message.from);
  const { from: to, prevIndex, prevTerm, entries } = message;
  const answer = { kind: 'append-response', to, term: node.term, prevIndex, hintIndex: 0, hintTerm: 0 } as const;
  if (prevIndex < node.commit) {
    // What is committed is equal to the leader's log by definition; an old message says nothing new.
    node.sendPersisted({ ...answer, match: node.commit });
    return;
  }
  if (!node.log.matches(prevIndex, prevTerm)) {
    const hintIndex = node.log.newestNotAfter(prevIndex, prevTerm);
    node.send({ ...answer, match: undefined, hintIndex, hintTerm: node.log.termAt(hintIndex) ?? 0 });
    return;
  }
  takeOver(node, entries);
  const match = prevIndex + entries.length;
  node.commitTo(Math.min(message.commit, match));
  node.sendPersisted({ ...answer, match });
}

/** Keeps what agrees, replaces from the first entry on that does not (thesis, figure 3.1). */
function takeOver(node: Node, entries: readonly Entry[]): void {
  const at = entries.findIndex(({ index, term }) => !node.log.matches(index, term));
  if (at < 0) return;
  const conflict = entries[at] as Entry;
  if (conflict.index <= node.log.lastIndex) {
    assert(conflict.index > node.commit, 'what is committed is never replaced');
    node.log.truncateFrom(conflict.index);
  }
  node.log.append(entries.slice(at));
}

export function handleHeartbeat(node: Node, { from, commit, round }: Heartbeat): void {
  hearLeader(node, from);
  node.commitTo(commit);
  node.send({ kind: 'heartbeat-response', to: from, term: node.term, round });
}

/** Gives or refuses a vote, real or not. The term is not older than the member's own. */
export function handleVoteRequest(node: Node, request: VoteRequest): void {
  const { kind, from: to, term, lastIndex, lastTerm } = request;
  const isFree =
    node.vote === to ||
    (node.vote === undefined && node.leader === undefined) ||
    (kind === 'pre-vote' && term > node.term);
  const isGranted = isFree && node.log.isUpToDate(lastIndex, lastTerm);
  if (kind === 'pre-vote') {
    // A refusal tells the member's own term, a grant the term that was asked about.
    node.send({ kind: 'pre-vote-response', to, term: isGranted ? term : node.term, isGranted });
    return;
  }
  if (isGranted && node.vote === undefined) node.setTerm(node.term, to);
  if (isGranted) node.setElectionDeadline();
  node.sendPersisted({ kind: 'vote-response', to, term: node.term, isGranted });
}
