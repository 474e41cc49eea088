// Members of a Raft group as real processes with real disks and sockets: founding, replication, failover, the watchdog,
// changes of membership.
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../../harness/process.mjs';
import { MemberGroup, type MemberProcess } from './group.js';

const groups: MemberGroup[] = [];

afterEach(async () => {
  for (const group of groups.splice(0)) await group.stop();
});

async function founded(count: number): Promise<MemberGroup> {
  const group = new MemberGroup();
  groups.push(group);
  await group.start(count);
  await group.leader();
  return group;
}

async function stateOf(member: MemberProcess): Promise<Record<string, string>> {
  const answer = await member.must({ kind: 'read' });
  return answer.kind === 'state' ? (JSON.parse(answer.state) as Record<string, string>) : {};
}

/** Writes on and on through whoever leads, one key after the other; `end` tells what was acknowledged. */
class Writer {
  #isOver = false;
  readonly acknowledged: string[] = [];
  readonly #running: Promise<void>;

  constructor(private readonly group: MemberGroup) {
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    for (let at = 1; !this.#isOver; at++) {
      const leader = await this.group.leader();
      const answer = await leader.ask({ kind: 'propose', text: `key-${at} ${at}` }).catch(() => undefined);
      if (answer?.kind === 'done') this.acknowledged.push(`key-${at}`);
    }
  }

  async end(): Promise<readonly string[]> {
    this.#isOver = true;
    await this.#running;
    return this.acknowledged;
  }
}

describe('a group of members', () => {
  test('one that is told of nobody is a cluster of one', async () => {
    const group = new MemberGroup();
    groups.push(group);
    await group.addPort('m1');
    group.startOne('m1');
    const leader = await group.leader();
    await leader.must({ kind: 'propose', text: 'colour blue' });
    expect(await stateOf(leader)).toEqual({ colour: 'blue' });
  });

  test('three found one cluster, whoever comes last', async () => {
    const group = new MemberGroup();
    groups.push(group);
    await group.start(3);
    const leader = await group.leader();
    await leader.must({ kind: 'propose', text: 'colour blue' });
    const clusterIds = () => [...group.members.values()].map(({ leadership }) => leadership?.clusterId);
    await until('all are in it', () => clusterIds().every((id) => id !== undefined));
    expect(new Set(clusterIds()).size).toBe(1);
  });

  test('a leader that is killed loses nothing, and comes back as a follower', async () => {
    const group = await founded(3);
    const writer = new Writer(group);
    for (let round = 0; round < 3; round++) {
      const leader = await group.leader();
      const before = writer.acknowledged.length;
      await until('writes are acknowledged', () => writer.acknowledged.length > before + 20);
      leader.signal('SIGKILL');
      await leader.exited;
      const next = await group.leader();
      expect(next.name).not.toBe(leader.name);
      group.restart(leader.name);
    }
    const acknowledged = await writer.end();
    const state = await stateOf(await group.leader());
    for (const key of acknowledged) expect(state[key]).toBe(key.slice('key-'.length));
  });

  test('a main thread that is blocked for two seconds under load causes no election', async () => {
    const group = await founded(3);
    const leader = await group.leader();
    const followers = [...group.members.values()].filter((member) => member !== leader);
    const terms = () => [...group.members.values()].map(({ leadership }) => leadership?.term);
    const before = terms();
    // What was proposed before goes on without the main thread.
    const proposals = Array.from({ length: 200 }, (_, at) =>
      leader.must({ kind: 'propose', text: `load-${at} ${at}` }),
    );
    await Promise.all([...group.members.values()].map((member) => member.must({ kind: 'block', ms: 2_000 })));
    await Promise.all(proposals);
    await leader.must({ kind: 'propose', text: 'after 1' });
    expect(terms()).toEqual(before);
    for (const follower of followers) expect(follower.termsLed.size).toBe(0);
  });

  test('a main thread that hangs for good costs exactly one change of leader, and its process ends', async () => {
    const group = await founded(3);
    const hanging = await group.leader();
    const term = hanging.leadership?.term ?? 0;
    hanging.ask({ kind: 'block', ms: 3_600_000 }).catch(() => undefined);
    const others = [...group.members.values()].filter((member) => member !== hanging);
    const successor = await until(
      'another one leads',
      () => others.find(({ leadership }) => leadership?.role === 'leader' && leadership.isReady),
      { deadlineMs: 15_000, explain: () => group.explain() },
    );
    await successor.must({ kind: 'propose', text: 'colour green' });
    expect(await hanging.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await successor.must({ kind: 'propose', text: 'colour red' });
    const led = others.flatMap(({ termsLed }) => [...termsLed]).filter((one) => one > term);
    expect(led).toEqual([successor.leadership?.term]);
  });

  test('members are added, hand leadership over and are removed', async () => {
    const group = await founded(3);
    const leader = await group.leader();
    await leader.must({ kind: 'propose', text: 'colour blue' });
    const address = await group.addPort('m4');
    const adding = leader.must({ kind: 'add', name: 'm4', address });
    const newcomer = group.startOne('m4', { join: group.addressOf('m1') });
    await adding;
    await leader.must({ kind: 'transfer', name: 'm4' });
    await until('it leads', () => newcomer.leadership?.role === 'leader' && newcomer.leadership.isReady, {
      explain: () => group.explain(),
    });
    expect(await stateOf(newcomer)).toEqual({ colour: 'blue' });
    await newcomer.must({ kind: 'remove', name: leader.name });
    const members = await newcomer.must({ kind: 'members' });
    const names = members.kind === 'members' ? members.members.members.map(({ name }) => name) : [];
    expect(names).toEqual(['m1', 'm2', 'm3', 'm4'].filter((name) => name !== leader.name));
  });

  test('one that was removed is told so and ends, also when it is started again', async () => {
    const group = await founded(3);
    const leader = await group.leader();
    const victim = [...group.members.values()].find((member) => member !== leader) as MemberProcess;
    await leader.must({ kind: 'remove', name: victim.name });
    const refused = { kind: 'ended', code: 'REFUSED' };
    await victim.exited;
    expect(victim.messages.at(-1)).toMatchObject(refused);
    const returned = group.restart(victim.name);
    await returned.exited;
    expect(returned.messages.at(-1)).toMatchObject(refused);
    expect(returned.log).toContain(`${victim.name} was removed from this cluster`);
  }, 60_000);

  test('a member that lost its disk is replaced by itself and never votes before', async () => {
    const group = await founded(3);
    const leader = await group.leader();
    await leader.must({ kind: 'propose', text: 'colour blue' });
    const victim = [...group.members.values()].find((member) => member !== leader) as MemberProcess;
    victim.signal('SIGKILL');
    await victim.exited;
    rmSync(dirname(group.fileOf(victim.name)), { recursive: true });
    const returned = group.restart(victim.name);
    const memberOf = async () => {
      const answer = await leader.must({ kind: 'members' });
      return answer.kind === 'members' ? answer.members.members.find(({ name }) => name === victim.name) : undefined;
    };
    const opened = await until('it is open', () => returned.messages.find(({ kind }) => kind === 'opened'));
    const memberId = opened.kind === 'opened' ? opened.memberId : '';
    await until('it votes under its new id', async () => {
      const member = await memberOf();
      return member?.id === memberId && member.role === 'voter';
    });
    await leader.must({ kind: 'propose', text: 'colour green' });
    expect(await stateOf(await group.leader())).toEqual({ colour: 'green' });
  });

  test('one that nobody announced is told what to do and ends; it is admitted when it was announced', async () => {
    const group = await founded(3);
    const leader = await group.leader();
    const address = await group.addPort('m4');
    // Only the leader can say so; others pass the word of nobody on.
    const join = group.addressOf(leader.name);
    const stranger = group.startOne('m4', { join });
    await stranger.exited;
    expect(stranger.messages.at(-1)).toMatchObject({ kind: 'ended', code: 'REFUSED' });
    const adding = leader.must({ kind: 'add', name: 'm4', address });
    const newcomer = group.startOne('m4', { join });
    await adding;
    await until('it belongs to the cluster', () => newcomer.leadership?.clusterId === leader.leadership?.clusterId);
  });

  test('a second directory under the name of a living member is refused and ends', async () => {
    const group = await founded(3);
    const leader = await group.leader();
    const [name = ''] = [...group.members.keys()].filter((one) => one !== leader.name);
    const double = group.startDouble(name, leader.name);
    await double.exited;
    expect(double.messages.at(-1)).toMatchObject({ kind: 'ended', code: 'REFUSED' });
    expect(double.log).toContain(`another master named ${name} is running`);
  }, 60_000);

  test('a member of another cluster is refused, and both ends say so', async () => {
    const group = await founded(3);
    const leader = await group.leader();
    const victim = [...group.members.values()].find((member) => member !== leader) as MemberProcess;
    victim.signal('SIGKILL');
    await victim.exited;
    const other = new MemberGroup();
    groups.push(other);
    const stranger = other.startAt('m1', victim.settings.port);
    await other.leader();
    await until('they say so', () => [leader, stranger].every(({ log }) => /wrong-cluster/.test(log)), {
      explain: () => group.explain() + other.explain(),
    });
  });
});
