/**
 * kill -9 of agent and master while the agent makes or removes the directories of a volume: a frozen file system holds it
 * there as long as a test wants. Issue 5, row f; spec page 01, "Operation feedback"; page 05, section 5.7.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Json, scalars } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { agentOf, callAgent } from './agent-fixture.js';
import {
  create,
  destroy,
  disk,
  freeDisk,
  mount,
  Operator,
  path,
  RealDisks,
  reserve,
  unreserve,
  VolumeFramework,
  volume,
} from './volume-fixture.js';

const missing = RealDisks.missing();
if (missing !== undefined) console.log(`volumes of a killed agent: skipped, ${missing}`);

describe.skipIf(missing !== undefined)('an operation on a volume', { timeout: 120_000 }, () => {
  let disks: RealDisks;
  let cluster: Cluster;
  let user: VolumeFramework;
  let operator: Operator;
  let agentId: Json;
  let pathRoot: string;
  let mountRoot: string;

  beforeAll(async () => {
    disks = new RealDisks();
    pathRoot = disks.ext4('path');
    mountRoot = disks.ext4('mount');
    const resources = [
      ...scalars({ cpus: 8, mem: 2048, disk: 1024 }),
      { ...scalars({ disk: 16 })[0], disk: { source: path(pathRoot) } },
      { ...scalars({ disk: 16 })[0], disk: { source: mount(mountRoot) } },
    ];
    cluster = await startCluster({ agents: 1, agent: { resources: JSON.stringify(resources) } });
    user = await VolumeFramework.subscribe(cluster);
    operator = new Operator(cluster.master);
    agentId = await until('the agent is registered', () => operator.agentId());
  });
  afterAll(async () => {
    // A frozen disk would hold the agent for ever.
    disks?.thawAll();
    await cluster?.stop();
    disks?.close();
  });

  let round = 0;
  beforeEach(() => {
    round += 1;
  });

  const named = (name: string) => `${name}-${round}`;
  const placeOf = (kind: 'path' | 'mount') => (kind === 'path' ? path(pathRoot) : mount(mountRoot));
  const rootOf = (kind: 'path' | 'mount') => (kind === 'path' ? pathRoot : mountRoot);
  const directoryOf = (kind: 'path' | 'mount') =>
    kind === 'path' ? join(pathRoot, 'volumes/roles/eng db/v') : mountRoot;
  const volumeOn = (kind: 'path' | 'mount', role?: string) =>
    volume('v', 16, { source: placeOf(kind), ...(role === undefined ? {} : { role }) });

  /** What the agent itself says of an operation. */
  async function stateOnAgent(id: string): Promise<string | undefined> {
    const { body } = await callAgent(agentOf(cluster), { type: 'GET_OPERATIONS' });
    const found = body?.get_operations?.operations?.find(({ info }: Json) => info.id?.value === id);
    return found?.latest_status.state;
  }

  /** Reserves and creates on an offer; nothing waits any more. */
  async function made(kind: 'path' | 'mount'): Promise<void> {
    const offer = await user.takeOffer([freeDisk(16, placeOf(kind))]);
    const { task, launch } = user.task(offer, 'echo kept > data/file', volumeOn(kind));
    const reserved = disk(16, { source: placeOf(kind) });
    await user.accept(offer, reserve(named('r'), reserved), create(named('c'), volumeOn(kind)), launch);
    await user.finished(named('r'), named('c'));
    expect((await task.ended()).state).toBe('TASK_FINISHED');
  }

  /**
   * The agent is in the middle of the operation and dies there; what it was doing is done by the kernel all the same. One
   * that died before its intent was durable answers OPERATION_DROPPED: then once more. Returns the operation's id.
   */
  async function killedInside(
    kind: 'path' | 'mount',
    name: string,
    begin: (id: string) => Promise<void>,
  ): Promise<string> {
    const agent = agentOf(cluster);
    for (let attempt = 1; attempt <= 20; attempt++) {
      const id = `${named(name)}.${attempt}`;
      disks.freeze(rootOf(kind));
      await begin(id);
      await until('the agent is at it', async () => (await stateOnAgent(id)) === 'OPERATION_PENDING', {
        explain: () => `${JSON.stringify(user.statusesOf(id))}\n${cluster.logs()}`,
      });
      expect(user.statusesOf(id).filter(({ state }) => state !== 'OPERATION_PENDING')).toEqual([]);
      agent.signal('SIGKILL');
      disks.thaw(rootOf(kind));
      await agent.exited;
      await agent.restart();
      const outcome = await user.outcomeOf(id);
      if (outcome.state !== 'OPERATION_DROPPED') return id;
      await user.acknowledge(outcome);
    }
    throw new Error('the agent never got as far as the disk');
  }

  async function backToNothing(kind: 'path' | 'mount'): Promise<void> {
    const reserved = disk(16, { source: placeOf(kind) });
    await user.accept(await user.takeOffer([reserved]), unreserve(named('u'), reserved));
    await user.finished(named('u'));
    expect((await operator.total()).some(({ reservations }) => reservations !== undefined)).toBe(false);
    expect(readdirSync(rootOf(kind)).filter((name) => name !== 'volumes')).toEqual(['lost+found']);
  }

  describe.each(['path', 'mount'] as const)('on a %s disk', (kind) => {
    it('is finished by the next agent when it dies in a CREATE, and told until it is acknowledged', async () => {
      const reserved = disk(16, { source: placeOf(kind) });
      await user.accept(await user.takeOffer([freeDisk(16, placeOf(kind))]), reserve(named('r'), reserved));
      await user.finished(named('r'));
      const begin = async (id: string) => user.accept(await user.takeOffer([reserved]), create(id, volumeOn(kind)));
      // On a whole disk a CREATE only looks: nothing stops it.
      const id = kind === 'path' ? await killedInside(kind, 'c', begin) : named('c');
      if (kind === 'mount') await begin(id);
      expect(await user.outcomeOf(id)).toMatchObject({ state: 'OPERATION_FINISHED' });
      expect(readdirSync(directoryOf(kind)).filter((name) => name !== 'lost+found')).toEqual([]);
      await agentOf(cluster).kill();
      await agentOf(cluster).restart();
      await until('it is told again', () => user.statusesOf(id).filter(({ uuid }) => uuid !== undefined).length > 1);
      const told = user.statusesOf(id).filter(({ uuid }) => uuid !== undefined);
      expect(new Set(told.map(({ uuid }) => uuid.value)).size).toBe(1);
      expect(await user.reconciled(id, agentId)).toBe('OPERATION_FINISHED');
      await user.acknowledge(told[0]);
      await until('nobody waits', async () => (await operator.operations()).length === 0);
      expect(await user.reconciled(id, agentId)).toBe('OPERATION_UNKNOWN');
      await user.accept(await user.takeOffer([volumeOn(kind)]), destroy(named('d'), volumeOn(kind)));
      await user.finished(named('d'));
      await backToNothing(kind);
    });

    it('is finished by the next agent when it dies in a DESTROY: no data is left for anybody', async () => {
      await made(kind);
      const precious = join(directoryOf(kind), 'file');
      expect(readFileSync(precious, 'utf8')).toBe('kept\n');
      for (let i = 0; i < 200; i++) writeFileSync(join(directoryOf(kind), `more-${i}`), 'secret');
      const begin = async (id: string) =>
        user.accept(await user.takeOffer([volumeOn(kind)]), destroy(id, volumeOn(kind)));
      await user.finished(await killedInside(kind, 'd', begin));
      expect(existsSync(precious)).toBe(false);
      if (kind === 'path') {
        const destroyed = join(pathRoot, 'volumes/destroyed');
        await until('its data is deleted', () => readdirSync(destroyed).length === 0);
      }
      await backToNothing(kind);
      const other = await VolumeFramework.subscribe(cluster, { name: 'other', roles: ['other'] });
      await user.framework.scheduler.call({ type: 'SUPPRESS', suppress: {} });
      await user.declineAll();
      const role = 'other';
      const its = volumeOn(kind, role);
      const reserved = disk(16, { source: placeOf(kind), role });
      const theirs = await other.takeOffer([freeDisk(16, placeOf(kind))]);
      const { task, launch } = other.task(theirs, 'ls -A data', its);
      await other.accept(theirs, reserve('r', reserved), create('c', its), launch);
      await other.finished('r', 'c');
      expect([(await task.ended()).state, task.stdout.replace('lost+found\n', '')]).toEqual(['TASK_FINISHED', '']);
      await other.accept(await other.takeOffer([its]), destroy('d', its), unreserve('u', reserved));
      await other.finished('d', 'u');
      await other.framework.tearDown();
      await user.framework.scheduler.call({ type: 'REVIVE', revive: {} });
    });
  });

  it('is heard of by the next master when one dies before the agent answers', async () => {
    const reserved = disk(16, { source: path(pathRoot) });
    await user.accept(await user.takeOffer([freeDisk(16, path(pathRoot))]), reserve(named('r'), reserved));
    await user.finished(named('r'));
    const offer = await user.takeOffer([reserved]);
    disks.freeze(pathRoot);
    await user.accept(offer, create(named('c'), volumeOn('path')));
    await until('the agent is at it', async () => (await stateOnAgent(named('c'))) === 'OPERATION_PENDING');
    await cluster.master.kill();
    await cluster.master.restart();
    await user.resubscribe();
    await until('the agent is back', async () => (await operator.total()).length > 0);
    expect(await user.reconciled(named('c'), agentId)).toBe('OPERATION_PENDING');
    expect((await operator.total()).some(({ disk: info }) => info?.persistence?.id === 'v')).toBe(true);
    disks.thaw(pathRoot);
    await user.finished(named('c'));
    const reader = await user.start('touch data/file', volumeOn('path'));
    expect((await reader.ended()).state).toBe('TASK_FINISHED');
    await user.accept(await user.takeOffer([volumeOn('path')]), destroy(named('d'), volumeOn('path')));
    await user.finished(named('d'));
    await backToNothing('path');
  });
});
