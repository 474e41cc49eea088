/**
 * Volumes on PATH and MOUNT disks that are really mounted, shared volumes, and volumes that change their size, with real
 * processes. Issue 5, rows f and g; spec page 05, sections 5.3 and 5.7; page 01, "Operation validation".
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, type Json, scalars } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { agentOf, type Task } from './agent-fixture.js';
import {
  create,
  destroy,
  disk,
  freeDisk,
  grow,
  mount,
  Operator,
  path,
  RealDisks,
  ROLE,
  reserve,
  shrink,
  unreserve,
  VolumeFramework,
  volume,
} from './volume-fixture.js';

const missing = RealDisks.missing();
if (missing !== undefined) console.log(`disks: skipped, ${missing}`);

const RELATIVE = path('roots/a');
const PLACE = 'volumes/roles/eng db';

describe.skipIf(missing !== undefined)('on real disks', { timeout: 120_000 }, () => {
  let disks: RealDisks;
  let cluster: Cluster;
  let user: VolumeFramework;
  let operator: Operator;
  let pathRoot: string;
  let mountRoot: string;

  beforeAll(async () => {
    disks = new RealDisks();
    pathRoot = disks.tmpfs('path');
    mountRoot = disks.ext4('mount');
    const resources = [
      ...scalars({ cpus: 8, mem: 2048, disk: 1024 }),
      ...[RELATIVE, path(pathRoot)].map((source) => ({ ...scalars({ disk: 200 })[0], disk: { source } })),
      { ...scalars({ disk: 16 })[0], disk: { source: mount(mountRoot) } },
    ];
    cluster = await startCluster({ agents: 1, agent: { resources: JSON.stringify(resources) } });
    user = await VolumeFramework.subscribe(cluster);
    operator = new Operator(cluster.master);
  });
  afterAll(async () => {
    await cluster?.stop();
    disks?.close();
  });

  const root = (...names: string[]) => join(agentOf(cluster).workDir, ...names);

  describe('a volume', () => {
    it.each<[string, string, () => Json, () => string, number]>([
      ['below the work directory', 'root', () => undefined, () => root(PLACE, 'v'), 64],
      ['on a PATH disk of the agent', 'own', () => RELATIVE, () => root('roots/a', PLACE, 'v'), 64],
      ['on a PATH disk', 'path', () => path(pathRoot), () => join(pathRoot, PLACE, 'v'), 64],
      ['on a MOUNT disk', 'mount', () => mount(mountRoot), () => mountRoot, 16],
    ])('%s lies there, keeps its data, and is gone after DESTROY', async (_, name, sourceOf, directoryOf, mb) => {
      const [source, directory] = [sourceOf(), directoryOf()];
      const [reserved, made] = [disk(mb, { source }), volume('v', mb, { source })];
      const offer = await user.takeOffer([freeDisk(mb, source)]);
      const { task, launch } = user.task(offer, 'echo kept > data/file', made);
      await user.accept(offer, reserve(`${name}-r`, reserved), create(`${name}-c`, made), launch);
      await user.finished(`${name}-r`, `${name}-c`);
      expect((await task.ended()).state).toBe('TASK_FINISHED');
      expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('kept\n');
      const reader = await user.start('cat data/file', made);
      expect([(await reader.ended()).state, reader.stdout]).toEqual(['TASK_FINISHED', 'kept\n']);
      await user.accept(await user.takeOffer([made]), destroy(`${name}-d`, made), unreserve(`${name}-u`, reserved));
      await user.finished(`${name}-d`, `${name}-u`);
      if (name === 'mount') expect(readdirSync(directory)).toEqual(['lost+found']);
      else expect([existsSync(directory), readdirSync(join(directory, '../../../destroyed'))]).toEqual([false, []]);
    });

    it('of a MOUNT disk is all of it or nothing', async () => {
      const offer = await user.takeOffer([freeDisk(16, mount(mountRoot))]);
      await user.accept(offer, reserve('half', disk(8, { source: mount(mountRoot) })));
      expect(await user.refused('half')).toEqual(['OPERATION_ERROR', expect.stringContaining('do not contain')]);
    });

    it('is not made of a MOUNT disk that holds data, nor of one that is not mounted any more', async () => {
      const [plain, made] = [disk(16, { source: mount(mountRoot) }), volume('m', 16, { source: mount(mountRoot) })];
      writeFileSync(join(mountRoot, 'precious'), 'of somebody else');
      const offer = await user.takeOffer([freeDisk(16, mount(mountRoot))]);
      await user.accept(offer, reserve('r1', plain), create('c1', made));
      await user.finished('r1');
      expect(await user.refused('c1')).toEqual(['OPERATION_FAILED', expect.stringContaining('is not empty')]);
      expect(readFileSync(join(mountRoot, 'precious'), 'utf8')).toBe('of somebody else');
      rmSync(join(mountRoot, 'precious'));
      disks.unmount(mountRoot);
      await user.accept(await user.takeOffer([plain]), create('c2', made));
      expect(await user.refused('c2')).toEqual(['OPERATION_FAILED', expect.stringContaining('nothing is mounted on')]);
      expect(readdirSync(mountRoot)).toEqual([]);
      const agent = agentOf(cluster);
      await agent.kill();
      await expect(agent.restart()).rejects.toThrow(
        new RegExp(`--resources: the MOUNT disk ${mountRoot} cannot be used: nothing is mounted there`),
      );
      disks.mountAgain(mountRoot);
      await agent.restart();
      await user.accept(await user.takeOffer([plain]), unreserve('u1', plain));
      await user.finished('u1');
    });

    it.each(['RAW', 'BLOCK'])('of a %s disk is an error that says so', async (type) => {
      const id = `on-${type}`;
      await user.accept(await user.takeOffer(), create(id, volume('r', 1, { source: { type } })));
      expect(await user.refused(id)).toEqual([
        'OPERATION_ERROR',
        expect.stringContaining(`a persistent volume cannot be of a ${type} disk`),
      ]);
    });

    it.each([
      ['CREATE_DISK', { create_disk: { source: disk(1, { source: { type: 'RAW' } }), target_type: 'MOUNT' } }],
      ['DESTROY_DISK', { destroy_disk: { source: disk(1, { source: { type: 'BLOCK' } }) } }],
    ])('cannot be prepared with %s, which says so', async (type, payload) => {
      await user.accept(await user.takeOffer(), { type, id: { value: type }, ...payload });
      expect(await user.refused(type)).toEqual([
        'OPERATION_ERROR',
        expect.stringContaining(`${type} is not supported: it needs a resource provider`),
      ]);
    });
  });

  describe('a shared volume', () => {
    const shared = volume('s', 64, { shared: true });
    const directory = () => root(PLACE, 's');
    const waits = (name: string) => `touch data/${name}; while [ ! -e data/stop ]; do sleep 0.05; done; ls data`;
    let running: Task[] = [];

    it('serves several tasks at once, of one ACCEPT and of later ones', async () => {
      const offer = await user.takeOffer();
      const first = user.task(offer, waits('one'), shared);
      const second = user.task(offer, waits('two'), shared);
      await user.accept(offer, reserve('sr', disk(64)), create('sc', shared), first.launch, second.launch);
      await user.finished('sr', 'sc');
      running = [first.task, second.task, await user.start(waits('three'), shared)];
      for (const task of running) await task.reaches('TASK_RUNNING');
      await until('all have written', () => readdirSync(directory()).length === 3);
    });

    it('counts once for its role, however many use it', async () => {
      const { text } = await get(`${cluster.master.url}/roles`);
      const role = JSON.parse(text).roles.find(({ name }: Json) => name === ROLE);
      expect(role.resources.disk).toBe(64);
    });

    it('is not destroyed while somebody uses it, whoever asks', async () => {
      await user.accept(await user.takeOffer([shared]), destroy('sd', shared));
      expect(await user.refused('sd')).toEqual(['OPERATION_ERROR', expect.stringContaining("volume 's' is in use")]);
      const agent_id = running[0]?.statuses()[0].agent_id;
      const answer = await operator.call({ type: 'DESTROY_VOLUMES', destroy_volumes: { agent_id, volumes: [shared] } });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("volume 's' is in use")]);
      expect(readdirSync(directory()).sort()).toEqual(['one', 'three', 'two']);
    });

    it('stays with its tasks when the agent is killed, and still is in use then', async () => {
      const agent = agentOf(cluster);
      await agent.kill();
      await agent.restart();
      await user.accept(await user.takeOffer([shared]), destroy('sd2', shared));
      expect(await user.refused('sd2')).toEqual(['OPERATION_ERROR', expect.stringContaining("volume 's' is in use")]);
      writeFileSync(join(directory(), 'stop'), '');
      for (const task of running) {
        expect((await task.ended()).state).toBe('TASK_FINISHED');
        expect(task.stdout.split('\n').sort().join(' ').trim()).toBe('one stop three two');
      }
    });

    it('cannot change its size', async () => {
      await user.accept(await user.takeOffer([shared]), grow('sg', shared, disk(1)));
      expect(await user.refused('sg')).toEqual(['OPERATION_ERROR', expect.stringContaining('shared volume cannot be')]);
      await user.accept(await user.takeOffer([shared]), shrink('ss', shared, 1));
      expect(await user.refused('ss')).toEqual(['OPERATION_ERROR', expect.stringContaining('shared volume cannot be')]);
    });

    it('goes with the last task, and is not made by a framework that cannot share', async () => {
      await user.accept(await user.takeOffer([shared]), destroy('sd3', shared), unreserve('su', disk(64)));
      await user.finished('sd3', 'su');
      expect(existsSync(directory())).toBe(false);
      const old = await VolumeFramework.subscribe(cluster, { name: 'old', roles: ['old'] }, ['MULTI_ROLE']);
      const mine = { role: 'old' };
      await user.framework.scheduler.call({ type: 'SUPPRESS', suppress: {} });
      await old.accept(
        await takeFrom(user, old),
        reserve('or', disk(8, mine)),
        create('oc', volume('o', 8, { ...mine, shared: true })),
      );
      expect(await old.refused('oc')).toEqual(['OPERATION_ERROR', expect.stringContaining('SHARED_RESOURCES')]);
      await old.finished('or');
      await old.framework.tearDown();
      const agent_id = await operator.agentId();
      await operator.call({
        type: 'UNRESERVE_RESOURCES',
        unreserve_resources: { agent_id, resources: [disk(8, mine)] },
      });
      await user.framework.scheduler.call({ type: 'REVIVE', revive: {} });
    });

    /** `giver` declines what it has until `taker` is offered some. */
    async function takeFrom(giver: VolumeFramework, taker: VolumeFramework): Promise<Json> {
      await giver.declineAll();
      return taker.takeOffer();
    }
  });

  describe('a volume that changes its size', () => {
    const directory = () => root('roots/a', PLACE, 'g');
    const of = (mb: number) => volume('g', mb, { source: RELATIVE });
    const spare = (mb: number) => disk(mb, { source: RELATIVE });
    const sizes = async () =>
      (await operator.total())
        .filter(({ disk: info }) => info?.persistence?.id === 'g')
        .map(({ scalar }) => scalar.value);

    // An acknowledgement of another operation may have been lost with the agent of an earlier test.
    const isOver = async (type: string) => !(await operator.operations()).some(({ info }) => info.type === type);

    it('grows and shrinks by its scheduler, its data kept', async () => {
      const offer = await user.takeOffer([freeDisk(100, RELATIVE)]);
      const { task, launch } = user.task(offer, 'echo kept > data/file', of(32));
      await user.accept(offer, reserve('gr', spare(100)), create('gc', of(32)), launch);
      await user.finished('gr', 'gc');
      expect((await task.ended()).state).toBe('TASK_FINISHED');
      await user.accept(await user.takeOffer([of(32), spare(32)]), grow('gg', of(32), spare(32)));
      await user.finished('gg');
      expect(await sizes()).toEqual([64]);
      await user.accept(await user.takeOffer([of(64)]), shrink('gs', of(64), 40));
      await user.finished('gs');
      expect([await sizes(), readFileSync(join(directory(), 'file'), 'utf8')]).toEqual([[24], 'kept\n']);
    });

    it('grows and shrinks by an operator, and is the same after kill -9 of the agent', async () => {
      const agent_id = await operator.agentId();
      const growing = { agent_id, volume: of(24), addition: spare(26) };
      expect((await operator.call({ type: 'GROW_VOLUME', grow_volume: growing })).status).toBe(202);
      await until('it has grown', async () => (await sizes())[0] === 50 && (await isOver('GROW_VOLUME')));
      const shrinking = { agent_id, volume: of(50), subtract: { value: 10 } };
      expect((await operator.call({ type: 'SHRINK_VOLUME', shrink_volume: shrinking })).status).toBe(202);
      await until('it is smaller', async () => (await sizes())[0] === 40 && (await isOver('SHRINK_VOLUME')));
      const agent = agentOf(cluster);
      await agent.kill();
      await agent.restart();
      const reader = await user.start('cat data/file', of(40));
      expect([(await reader.ended()).state, reader.stdout]).toEqual(['TASK_FINISHED', 'kept\n']);
    });

    it.each<[string, (agent_id: Json) => Json, number, string]>([
      ['grow beyond its disk', (agent_id) => grown(agent_id, spare(500)), 409, 'do not contain'],
      ['grow by another disk', (agent_id) => grown(agent_id, disk(1)), 400, 'not of the same disk'],
      [
        'grow by free disk',
        (agent_id) => grown(agent_id, freeDisk(1, RELATIVE)),
        400,
        'not of the same disk, with the same',
      ],
      ['grow by nothing', (agent_id) => grown(agent_id, spare(0)), 400, 'its amount is zero'],
      ['shrink to nothing', (agent_id) => shrunk(agent_id, 40), 400, 'cannot shrink by 40 MB'],
      ['shrink by nothing', (agent_id) => shrunk(agent_id, 0), 400, 'is above 0'],
      ['shrink by less', (agent_id) => shrunk(agent_id, -1), 400, 'is above 0'],
      ['change an unknown size', (agent_id) => shrunk(agent_id, 1, of(41)), 409, 'do not contain'],
    ])('does not %s, and nothing changes', async (_, callOf, status, text) => {
      const before = JSON.stringify(await operator.total());
      const answer = await operator.call(callOf(await operator.agentId()));
      expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(text)]);
      expect(JSON.stringify(await operator.total())).toBe(before);
    });

    const grown = (agent_id: Json, addition: Json) => ({
      type: 'GROW_VOLUME',
      grow_volume: { agent_id, volume: of(40), addition },
    });
    const shrunk = (agent_id: Json, value: number, from = of(40)) => ({
      type: 'SHRINK_VOLUME',
      shrink_volume: { agent_id, volume: from, subtract: { value } },
    });

    it('is no MOUNT disk', async () => {
      const source = mount(mountRoot);
      const [plain, made] = [disk(16, { source }), volume('m', 16, { source })];
      await user.accept(await user.takeOffer([freeDisk(16, source)]), reserve('mr', plain), create('mc', made));
      await user.finished('mr', 'mc');
      await user.accept(await user.takeOffer([made]), shrink('ms', made, 1));
      const whole = 'a volume on a MOUNT disk cannot be resized: it is the whole disk';
      expect(await user.refused('ms')).toEqual(['OPERATION_ERROR', expect.stringContaining(whole)]);
      const agent_id = await operator.agentId();
      const answer = await operator.call({
        type: 'SHRINK_VOLUME',
        shrink_volume: { agent_id, volume: made, subtract: { value: 1 } },
      });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(whole)]);
      await user.accept(await user.takeOffer([made]), destroy('md', made), unreserve('mu', plain));
      await user.finished('md', 'mu');
    });
  });
});
