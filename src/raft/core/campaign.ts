/**
 * Elections: asking whether a campaign could succeed (pre-vote, thesis 9.6), campaigning (3.4), taking up leadership.
 * A pre-campaign changes nothing that others could notice, so a member that was cut off does not disturb when it returns.
 */
import { type MemberId, voteResult, votersOf } from './configuration.js';
import { becomeFollower } from './follower.js';
import { becomeLeader } from './leadership.js';
import type { Campaign, Node } from './node.js';
import type { VoteResponse } from './protocol.js';

/** The election time ran out, or the leader asked for it (`isTransfer`). */
export function campaign(node: Node, kind: 'pre-vote' | 'vote', isTransfer = false): void {
  if (!node.isElectable) return;
  if (kind === 'vote') node.setTerm(node.term + 1, node.id);
  const role: Campaign = { kind: kind === 'vote' ? 'candidate' : 'pre-candidate', votes: new Map() };
  node.role = role;
  node.leader = undefined;
  if (kind === 'pre-vote') node.lostCampaigns += 1;
  node.setElectionDeadline();
  const { lastIndex, lastTerm } = node.log;
  const term = kind === 'vote' ? node.term : node.term + 1;
  for (const to of votersOf(node.configuration))
    if (to !== node.id) node.send({ kind, to, term, lastIndex, lastTerm, isTransfer });
  if (kind === 'pre-vote') countVote(node, role, node.id, true);
  // Its own vote counts when it cannot be forgotten any more.
  else node.whenPersisted(() => node.role === role && countVote(node, role, node.id, true));
}

/** An answer of this term (or, to a pre-vote, of the one it asked about). */
export function handleVoteResponse(node: Node, { kind, from, isGranted, term }: VoteResponse): void {
  const { role } = node;
  if (role.kind !== 'candidate' && role.kind !== 'pre-candidate') return;
  if ((kind === 'vote-response') !== (role.kind === 'candidate')) return;
  if (kind === 'pre-vote-response' && isGranted && term !== node.term + 1) return;
  countVote(node, role, from, isGranted);
}

function countVote(node: Node, role: Campaign, from: MemberId, isGranted: boolean): void {
  if (!role.votes.has(from)) role.votes.set(from, isGranted);
  switch (voteResult(node.configuration, role.votes)) {
    case 'won':
      if (role.kind === 'candidate') becomeLeader(node);
      else campaign(node, 'vote');
      return;
    case 'lost':
      becomeFollower(node, node.term, undefined);
      return;
    case 'pending':
      return;
  }
}
