/** The members of a group as one of them sees them. Pure. */
import type { Configuration, MemberId } from '../core/configuration.js';
import type { RaftStatus } from '../core/raft-core.js';
import type { MemberPicture, MembersPicture } from './protocol.js';

export interface MembersQuestion {
  readonly configuration: Configuration;
  readonly status: RaftStatus | undefined;
  readonly selfId: MemberId;
  readonly clusterId: string | undefined;
  readonly connected: ReadonlySet<MemberId>;
  readonly features: ReadonlyMap<MemberId, number>;
  readonly nowMs: number;
}

export function describeMembers(question: MembersQuestion): MembersPicture {
  const { configuration, status, clusterId } = question;
  return {
    clusterId,
    term: status?.term ?? 0,
    commit: status?.commit ?? 0,
    lastIndex: status?.lastIndex ?? 0,
    members: configuration.members
      .map(({ id, name, address }) => ({ id, name, address, ...describe(question, id) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function describe(
  { configuration, status, selfId, connected, features, nowMs }: MembersQuestion,
  id: MemberId,
): Omit<MemberPicture, 'id' | 'name' | 'address'> {
  const follower = status?.followers.get(id);
  const isSelf = id === selfId;
  return {
    role: roleOf(configuration, id),
    isLeader: status?.leader === id,
    isSelf,
    isConnected: isSelf || connected.has(id),
    match: follower?.match,
    silentMs: follower === undefined ? undefined : Math.max(0, nowMs - follower.heardMs),
    features: features.get(id),
  };
}

function roleOf({ voters, learners }: Configuration, id: MemberId): MemberPicture['role'] {
  if (voters.includes(id)) return 'voter';
  return learners.includes(id) ? 'learner' : 'leaving';
}
