/** Majorities, fast against slow; changes of membership against what joint consensus promises. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import {
  type Configuration,
  isJoint,
  type MemberId,
  quorumValue,
  voteResult,
} from '../../../src/raft/core/configuration.js';
import { changedConfiguration, leftConfiguration } from '../../../src/raft/core/membership.js';
import type { MembershipChange } from '../../../src/raft/core/protocol.js';

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const someIds = fc.subarray(IDS, { minLength: 1 });
const values = fc.array(fc.nat(9), { minLength: IDS.length, maxLength: IDS.length });

function configurationOf(voters: readonly MemberId[], outgoing: readonly MemberId[]): Configuration {
  const members = [...new Set([...voters, ...outgoing])].map((id) => ({ id, name: id, address: id }));
  return { members, voters, outgoing, learners: [] };
}

function holds(group: readonly MemberId[], has: (id: MemberId) => boolean): boolean {
  return group.filter(has).length * 2 > group.length;
}

describe('majorities', () => {
  it('a quorum has reached a value exactly if more than half of each side has', () => {
    fc.assert(
      fc.property(someIds, fc.oneof(fc.constant([]), someIds), values, (voters, outgoing, reached) => {
        const of = (id: MemberId) => reached[IDS.indexOf(id)] ?? 0;
        const value = quorumValue(configurationOf(voters, outgoing), of);
        const agreed = (limit: number) =>
          holds(voters, (id) => of(id) >= limit) && (outgoing.length === 0 || holds(outgoing, (id) => of(id) >= limit));
        expect(agreed(value)).toBe(true);
        expect(agreed(value + 1)).toBe(false);
      }),
    );
  });

  it('an election is won, lost or open exactly as its votes say', () => {
    const ballot = fc.array(fc.constantFrom(true, false, undefined), { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(someIds, fc.oneof(fc.constant([]), someIds), ballot, (voters, outgoing, votes) => {
        const cast = new Map(IDS.flatMap((id, i) => (votes[i] === undefined ? [] : [[id, votes[i]] as const])));
        const sides = outgoing.length === 0 ? [voters] : [voters, outgoing];
        const isWon = sides.every((side) => holds(side, (id) => cast.get(id) === true));
        const canWin = sides.every((side) => holds(side, (id) => cast.get(id) !== false));
        const expected = isWon ? 'won' : canWin ? 'pending' : 'lost';
        expect(voteResult(configurationOf(voters, outgoing), cast)).toBe(expected);
      }),
    );
  });
});

const change: fc.Arbitrary<MembershipChange> = fc.oneof(
  fc.constantFrom(...IDS).map((id) => ({ kind: 'add-learner', member: { id, name: id, address: id } }) as const),
  fc.constantFrom(...IDS).map((id) => ({ kind: 'promote', id }) as const),
  fc.constantFrom(...IDS).map((id) => ({ kind: 'remove', id }) as const),
);

describe('changes of membership', () => {
  it('two majorities that follow each other always share a member', () => {
    fc.assert(
      fc.property(
        someIds,
        fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
        (first, steps) => {
          let current = configurationOf(first, []);
          for (const changes of steps) {
            const next = changedConfiguration(current, changes);
            if (isRejection(next)) continue;
            expectOverlap(current, next);
            const settled = isJoint(next) ? leftConfiguration(next) : next;
            expectOverlap(next, settled);
            expect(settled.outgoing).toEqual([]);
            current = settled;
          }
        },
      ),
    );
  });

  it('a change of voters is joint, a change of learners is not', () => {
    const base = configurationOf(['a', 'b', 'c'], []);
    const learner = changedConfiguration(base, [{ kind: 'add-learner', member: { id: 'd', name: 'd', address: 'd' } }]);
    if (isRejection(learner)) throw new Error(learner.message);
    expect(isJoint(learner)).toBe(false);
    const promoted = changedConfiguration(learner, [
      { kind: 'promote', id: 'd' },
      { kind: 'remove', id: 'c' },
    ]);
    if (isRejection(promoted)) throw new Error(promoted.message);
    expect(promoted).toMatchObject({ voters: ['a', 'b', 'd'], outgoing: ['a', 'b', 'c'], learners: [] });
    expect(leftConfiguration(promoted)).toMatchObject({ voters: ['a', 'b', 'd'], outgoing: [] });
    expect(leftConfiguration(promoted).members.map(({ id }) => id)).toEqual(['a', 'b', 'd']);
  });

  it.each([
    ['an unknown member', [{ kind: 'remove', id: 'x' }]],
    ['a voter that is one', [{ kind: 'promote', id: 'a' }]],
    ['a taken id', [{ kind: 'add-learner', member: { id: 'a', name: 'z', address: 'z' } }]],
    ['a taken name', [{ kind: 'add-learner', member: { id: 'z', name: 'a', address: 'z' } }]],
    ['the last voter', ['a', 'b', 'c'].map((id) => ({ kind: 'remove', id }))],
    [
      'a voter that becomes a learner at once',
      [
        { kind: 'remove', id: 'a' },
        { kind: 'add-learner', member: { id: 'a', name: 'a', address: 'a' } },
      ],
    ],
  ] as readonly (readonly [string, readonly MembershipChange[]])[])('refuses %s', (_what, changes) => {
    expect(isRejection(changedConfiguration(configurationOf(['a', 'b', 'c'], []), changes))).toBe(true);
  });
});

/** No majority of one can decide without a member of any majority of the other. */
function expectOverlap(before: Configuration, after: Configuration): void {
  const all = before.members.length + after.members.length > 0 ? IDS : [];
  const decides = (configuration: Configuration, group: ReadonlySet<MemberId>) =>
    voteResult(configuration, new Map([...group].map((id) => [id, true]))) === 'won';
  for (let bits = 0; bits < 2 ** all.length; bits++) {
    const group = new Set(all.filter((_, i) => ((bits >> i) & 1) === 1));
    const others = new Set(all.filter((id) => !group.has(id)));
    expect(decides(before, group) && decides(after, others)).toBe(false);
  }
}
