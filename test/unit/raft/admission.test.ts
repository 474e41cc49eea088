/** What a leader answers to operators and to directories that come, beyond what the golden scripts show. */
import { describe, expect, it } from 'vitest';
import { createAdmission, DEFAULT_ADMISSION_TIMING } from '../../../src/raft/core/bootstrap/admission.js';
import type { AdmissionEffect, AdmissionEvent, Introduction } from '../../../src/raft/core/bootstrap/protocol.js';
import type { Configuration, Member } from '../../../src/raft/core/configuration.js';

const member = (id: string) => ({ id, name: id.slice(0, 2), address: `${id.slice(0, 2)}:5060` });
const clusterOf = (voters: readonly string[], learners: readonly string[] = []): Configuration => ({
  members: [...voters, ...learners].map(member),
  voters,
  outgoing: [],
  learners,
});
const introduce = (id: string, change: Partial<Introduction> = {}): AdmissionEvent => ({
  kind: 'introduction',
  introduction: {
    member: member(id),
    standing: 'empty',
    clusterId: undefined,
    peersDigest: undefined,
    features: 1,
    ...change,
  },
});
const IN_CLUSTER = { standing: 'member', clusterId: 'c1' } as const;

class Leader {
  nowMs = 10_000;
  readonly #admission;
  constructor(configuration: Configuration) {
    this.#admission = createAdmission({
      member: configuration.members.find(({ id }) => id === 'm1.1') as Member,
      clusterId: 'c1',
      configuration,
      maxRequests: 2,
      timing: DEFAULT_ADMISSION_TIMING,
    });
  }
  step(...events: AdmissionEvent[]): readonly AdmissionEffect[] {
    return this.#admission.step(events, { monotonicMs: this.nowMs, unixMs: this.nowMs });
  }
  heard(...ids: string[]): AdmissionEvent {
    return { kind: 'followers', followers: new Map(ids.map((id) => [id, { match: 5, heardMs: this.nowMs }])) };
  }
}

const answers = (effects: readonly AdmissionEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'answer' ? [effect.rejection?.message ?? 'done'] : []));
const changes = (effects: readonly AdmissionEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'change-membership' ? effect.changes : []));
const refusals = (effects: readonly AdmissionEffect[]) =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'refuse' ? [`${effect.to} ${effect.message.code}`] : [],
  );
const add = (name: string, address = `${name}:5060`): AdmissionEvent => ({
  kind: 'add',
  requestId: 1,
  peer: { name, address },
});

describe('add', () => {
  it('waits for the master, lets it learn, then vote, and answers', () => {
    const leader = new Leader(clusterOf(['m1.1']));
    expect(leader.step(add('m2'))).toEqual([{ type: 'now', kind: 'expect', addresses: ['m2:5060'] }]);
    expect(changes(leader.step(introduce('m2.1')))).toEqual([{ kind: 'add-learner', member: member('m2.1') }]);
    const learning = clusterOf(['m1.1'], ['m2.1']);
    const admitted = leader.step({ kind: 'configured', configuration: learning }, { kind: 'changed' });
    expect(admitted).toContainEqual({
      type: 'now',
      kind: 'send',
      to: 'm2.1',
      message: { kind: 'admit', clusterId: 'c1' },
    });
    expect(changes(leader.step(introduce('m2.1', IN_CLUSTER), leader.heard('m2.1')))).toEqual([
      { kind: 'promote', id: 'm2.1' },
    ]);
    expect(changes(leader.step({ kind: 'refused', reason: 'lagging' }))).toEqual([]);
    leader.nowMs += DEFAULT_ADMISSION_TIMING.retryMs;
    expect(changes(leader.step(leader.heard('m2.1')))).toEqual([{ kind: 'promote', id: 'm2.1' }]);
    const voting = clusterOf(['m1.1', 'm2.1']);
    expect(answers(leader.step({ kind: 'configured', configuration: voting }, { kind: 'changed' }))).toEqual(['done']);
  });

  it('says what is missing when nobody comes, and refuses what cannot be', () => {
    const leader = new Leader(clusterOf(['m1.1', 'm2.1']));
    expect(answers(leader.step(add('m2')))).toEqual(['m2 is a member already, at m2:5060']);
    leader.step(add('m3'));
    expect(answers(leader.step(add('m3')))).toEqual(['m3 is being added already']);
    leader.nowMs += DEFAULT_ADMISSION_TIMING.requestMs;
    expect(answers(leader.step({ kind: 'tick' }))[0]).toContain('start it with --name m3 --join');
    leader.step(add('m4', 'elsewhere:1'));
    expect(answers(leader.step(introduce('m4.1')))).toEqual([
      'm4 says that it is at m4:5060, not at elsewhere:1: add it with that address',
    ]);
  });

  it('answers everybody when leadership is lost', () => {
    const leader = new Leader(clusterOf(['m1.1']));
    leader.step(add('m2'));
    expect(answers(leader.step({ kind: 'deposed' }))[0]).toContain('another master leads now');
  });
});

describe('remove', () => {
  const remove = (name: string): AdmissionEvent => ({ kind: 'remove', requestId: 2, name });

  it('removes members, itself too, but not the last voter and nobody who is not there', () => {
    const alone = new Leader(clusterOf(['m1.1']));
    expect(answers(alone.step(remove('m9')))).toEqual(['there is no master m9; the members are m1']);
    expect(answers(alone.step(remove('m1')))).toEqual(['m1 is the only voter; add another master before it leaves']);
    const leader = new Leader(clusterOf(['m1.1', 'm2.1']));
    const touch = [introduce('m2.1', IN_CLUSTER), leader.heard('m2.1')];
    expect(changes(leader.step(...touch, remove('m1')))).toEqual([{ kind: 'remove', id: 'm1.1' }]);
  });

  it('does not leave a cluster without a majority', () => {
    const leader = new Leader(clusterOf(['m1.1', 'm2.1', 'm3.1']));
    leader.step(introduce('m2.1', IN_CLUSTER), leader.heard('m2.1'));
    expect(answers(leader.step(remove('m2')))[0]).toContain('there would be no majority: m3 cannot be reached');
    expect(changes(leader.step(remove('m3')))).toEqual([{ kind: 'remove', id: 'm3.1' }]);
  });
});

describe('those who come', () => {
  it('tells strangers, removed members and members of other clusters why not', () => {
    const leader = new Leader(clusterOf(['m1.1']));
    expect(refusals(leader.step(introduce('m8.1')))).toEqual(['m8.1 not-expected']);
    expect(refusals(leader.step(introduce('m7.1', IN_CLUSTER)))).toEqual(['m7.1 removed']);
    expect(refusals(leader.step(introduce('m6.1', { standing: 'member', clusterId: 'c2' })))).toEqual([
      'm6.1 wrong-cluster',
    ]);
    expect(refusals(leader.step(introduce('m1.2')))).toEqual(['m1.2 name-in-use']);
  });

  it('refuses a living name only on proof, and replaces only the silent', () => {
    const leader = new Leader(clusterOf(['m1.1', 'm2.1']));
    leader.step(leader.heard('m2.1'));
    expect(leader.step(introduce('m2.2'))).toEqual([]);
    leader.nowMs += DEFAULT_ADMISSION_TIMING.electionMaxMs;
    expect(refusals(leader.step(leader.heard('m2.1')))).toEqual(['m2.2 name-in-use']);
    const other = new Leader(clusterOf(['m1.1', 'm2.1', 'm3.1']));
    other.step(other.heard('m2.1', 'm3.1'), introduce('m3.2'));
    other.nowMs += DEFAULT_ADMISSION_TIMING.electionMaxMs;
    expect(changes(other.step({ kind: 'tick' }))).toEqual([
      { kind: 'remove', id: 'm3.1' },
      { kind: 'add-learner', member: member('m3.2') },
    ]);
  });

  it('follows a member that moved', () => {
    const leader = new Leader(clusterOf(['m1.1', 'm2.1']));
    const moved = { ...member('m2.1'), address: 'm2:6000' };
    expect(changes(leader.step(introduce('m2.1', { ...IN_CLUSTER, member: moved })))).toEqual([
      { kind: 'describe', member: moved },
    ]);
  });
});
