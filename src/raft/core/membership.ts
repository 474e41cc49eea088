/**
 * What a change of membership makes of a configuration (thesis, 4.2 and 4.3). A change of voters always goes through a joint
 * configuration, however small; a change of learners or of descriptions alone concerns no majority and needs none.
 * Pure values.
 */
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import { assertConfiguration, type Configuration, isMember, isVoter, type Member } from './configuration.js';
import type { MembershipChange } from './protocol.js';

/** The configuration to be appended now: joint if voters change. The current one is not joint. */
export function changedConfiguration(
  current: Configuration,
  changes: readonly MembershipChange[],
): Configuration | Rejection {
  let next: Configuration = current;
  for (const change of changes) {
    const changed = applyChange(next, change);
    if (isRejection(changed)) return changed;
    next = changed;
  }
  if (next.voters.length === 0) return reject('invalid', 'a cluster needs a voter');
  if (next.learners.some((id) => current.voters.includes(id)))
    return reject('invalid', 'a voter leaves first and returns as a learner in a later change');
  if (next === current) return reject('invalid', 'nothing changes');
  const sameVoters =
    next.voters.length === current.voters.length && next.voters.every((id) => current.voters.includes(id));
  const made = sameVoters ? next : joined(current, next);
  assertConfiguration(made);
  return made;
}

/** What follows a joint configuration once it is committed. */
export function leftConfiguration(joint: Configuration): Configuration {
  const remains = (member: Member) => joint.voters.includes(member.id) || joint.learners.includes(member.id);
  const left = { ...joint, outgoing: [], members: joint.members.filter(remains) };
  assertConfiguration(left);
  return left;
}

function joined(current: Configuration, next: Configuration): Configuration {
  const leaving = current.members.filter(({ id }) => current.voters.includes(id) && !isMember(next, id));
  return { ...next, outgoing: current.voters, members: [...next.members, ...leaving] };
}

function applyChange(configuration: Configuration, change: MembershipChange): Configuration | Rejection {
  switch (change.kind) {
    case 'add-learner':
      return addLearner(configuration, change.member);
    case 'promote':
      return promote(configuration, change.id);
    case 'remove':
      return remove(configuration, change.id);
    case 'describe':
      return describe(configuration, change.member);
  }
}

function addLearner(configuration: Configuration, member: Member): Configuration | Rejection {
  if (isMember(configuration, member.id)) return reject('conflict', `member ${member.id} is there already`);
  const namesake = configuration.members.find(({ name }) => name === member.name);
  if (namesake !== undefined) return reject('conflict', `the name ${member.name} is taken by member ${namesake.id}`);
  return {
    ...configuration,
    members: [...configuration.members, member],
    learners: [...configuration.learners, member.id],
  };
}

function promote(configuration: Configuration, id: string): Configuration | Rejection {
  if (isVoter(configuration, id)) return reject('conflict', `member ${id} is a voter already`);
  if (!configuration.learners.includes(id)) return reject('not-found', `there is no member ${id}`);
  return {
    ...configuration,
    voters: [...configuration.voters, id],
    learners: configuration.learners.filter((learner) => learner !== id),
  };
}

function remove(configuration: Configuration, id: string): Configuration | Rejection {
  if (!isMember(configuration, id)) return reject('not-found', `there is no member ${id}`);
  const others = (ids: readonly string[]) => ids.filter((other) => other !== id);
  return {
    ...configuration,
    members: configuration.members.filter((member) => member.id !== id),
    voters: others(configuration.voters),
    learners: others(configuration.learners),
  };
}

function describe(configuration: Configuration, member: Member): Configuration | Rejection {
  if (!isMember(configuration, member.id)) return reject('not-found', `there is no member ${member.id}`);
  const namesake = configuration.members.find(({ id, name }) => name === member.name && id !== member.id);
  if (namesake !== undefined) return reject('conflict', `the name ${member.name} is taken by member ${namesake.id}`);
  return {
    ...configuration,
    members: configuration.members.map((known) => (known.id === member.id ? member : known)),
  };
}
