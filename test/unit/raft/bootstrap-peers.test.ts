import { expect, test } from 'vitest';
import { createBootstrap, DEFAULT_BOOTSTRAP_TIMING } from '../../../src/raft/core/bootstrap/bootstrap.js';
import { type Configuration, EMPTY_CONFIGURATION } from '../../../src/raft/core/configuration.js';

const member = (name: string, id = name) => ({ id, name, address: `${name}:5060` });
const PEERS = ['m1', 'm2', 'm3'].map((name) => member(name));

function warningsAfter(members: Configuration['members']): readonly string[] {
  const bootstrap = createBootstrap({
    member: member('m1'),
    peers: PEERS,
    isJoining: false,
    standing: { kind: 'member', clusterId: 'c1' },
    first: EMPTY_CONFIGURATION,
    features: 1,
    newClusterId: () => 'c2',
    timing: DEFAULT_BOOTSTRAP_TIMING,
  });
  const configuration = { ...EMPTY_CONFIGURATION, members, voters: members.map(({ id }) => id) };
  const effects = bootstrap.step([{ kind: 'configured', configuration }], { monotonicMs: 1, unixMs: 1 });
  return effects.flatMap((effect) => (effect.kind === 'log' && effect.level === 'warn' ? [effect.message] : []));
}

test('--peers do not differ while one master takes the place of another of the same name', () => {
  expect(warningsAfter([...PEERS, member('m3', 'its successor')])).toEqual([]);
});

test('--peers differ from the members once there is another one', () => {
  expect(warningsAfter([...PEERS, member('m4')])).toEqual([
    '--peers differ from the members of the cluster and are not used',
  ]);
});
