/**
 * Who is a member, and what a majority is. During a change of voters both the outgoing and the incoming majority must agree
 * (joint consensus, thesis section 4.3). Pure values; nothing here knows of logs or messages.
 *
 * Invariants: no member is voter and learner at once; `outgoing` is empty unless a change is under way; every id of any list
 * is described in `members` exactly once.
 */
import { assert } from '../../base/assert.js';

/** Random, made with the member's directory, never reused; names and addresses may change. */
export type MemberId = string;

export interface Member {
  readonly id: MemberId;
  readonly name: string;
  /** `host:port` of its peer transport. */
  readonly address: string;
}

export interface Configuration {
  readonly members: readonly Member[];
  readonly voters: readonly MemberId[];
  /** The voters before the change that is under way. */
  readonly outgoing: readonly MemberId[];
  /** They receive the log and have no say. */
  readonly learners: readonly MemberId[];
}

export const EMPTY_CONFIGURATION: Configuration = { members: [], voters: [], outgoing: [], learners: [] };

export type VoteResult = 'won' | 'lost' | 'pending';

export function isJoint(configuration: Configuration): boolean {
  return configuration.outgoing.length > 0;
}

/** Voters of either side, each once. */
export function votersOf({ voters, outgoing }: Configuration): readonly MemberId[] {
  return outgoing.length === 0 ? voters : [...new Set([...voters, ...outgoing])];
}

/** Everybody that gets the log. */
export function receiversOf(configuration: Configuration): readonly MemberId[] {
  return [...votersOf(configuration), ...configuration.learners];
}

export function isVoter({ voters, outgoing }: Configuration, id: MemberId): boolean {
  return voters.includes(id) || outgoing.includes(id);
}

export function isMember(configuration: Configuration, id: MemberId): boolean {
  return isVoter(configuration, id) || configuration.learners.includes(id);
}

/**
 * The largest value that a quorum has reached: a majority of the voters and, in a joint configuration, of the outgoing ones
 * as well. 0 where there are no voters.
 */
export function quorumValue(configuration: Configuration, reached: (id: MemberId) => number): number {
  const incoming = majorityValue(configuration.voters, reached);
  if (!isJoint(configuration)) return incoming;
  return Math.min(incoming, majorityValue(configuration.outgoing, reached));
}

function majorityValue(voters: readonly MemberId[], reached: (id: MemberId) => number): number {
  if (voters.length === 0) return 0;
  const values = voters.map(reached).sort((a, b) => b - a);
  return values[Math.floor(values.length / 2)] ?? 0;
}

/** How an election stands; `votes` holds what was answered so far. */
export function voteResult(configuration: Configuration, votes: ReadonlyMap<MemberId, boolean>): VoteResult {
  const incoming = majorityVote(configuration.voters, votes);
  if (!isJoint(configuration)) return incoming;
  const outgoing = majorityVote(configuration.outgoing, votes);
  if (incoming === 'lost' || outgoing === 'lost') return 'lost';
  return incoming === 'won' && outgoing === 'won' ? 'won' : 'pending';
}

function majorityVote(voters: readonly MemberId[], votes: ReadonlyMap<MemberId, boolean>): VoteResult {
  let granted = 0;
  let refused = 0;
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === true) granted++;
    else if (vote === false) refused++;
  }
  const needed = Math.floor(voters.length / 2) + 1;
  if (granted >= needed) return 'won';
  return voters.length - refused < needed ? 'lost' : 'pending';
}

/** Asserts the invariants of a configuration that is about to be used. */
export function assertConfiguration(configuration: Configuration): void {
  const { members, voters, outgoing, learners } = configuration;
  const known = new Set(members.map(({ id }) => id));
  assert(known.size === members.length, 'a member is described once');
  const named = new Set([...voters, ...outgoing, ...learners]);
  assert(
    [...named].every((id) => known.has(id)) && named.size === known.size,
    'exactly the members of a configuration are described in it',
  );
  assert(
    learners.every((id) => !voters.includes(id) && !outgoing.includes(id)),
    'a learner has no vote',
  );
}

export function sameConfiguration(a: Configuration, b: Configuration): boolean {
  const sameIds = (left: readonly MemberId[], right: readonly MemberId[]) =>
    left.length === right.length && left.every((id) => right.includes(id));
  return (
    sameIds(a.voters, b.voters) &&
    sameIds(a.outgoing, b.outgoing) &&
    sameIds(a.learners, b.learners) &&
    a.members.length === b.members.length &&
    a.members.every((member) =>
      b.members.some(({ id, name, address }) => id === member.id && name === member.name && address === member.address),
    )
  );
}
