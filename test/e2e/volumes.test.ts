/**
 * A reservation and a persistent volume through their whole life with real processes: made by a scheduler, used by tasks,
 * kept through kill -9 of agent and master and through a drain, refused what is wrong, and given back by an operator.
 * Issue 5, rows f and g; spec page 05, section 5.7; page 01, "Operation feedback".
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, type Json } from '../harness/api.mjs';
import type { Cluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { agentOf, callAgent, isRoot, startAgentCluster } from './agent-fixture.js';
import { create, disk, Operator, ROLE, reserve, unreserve, VolumeFramework, volume } from './volume-fixture.js';

if (!isRoot) console.log('volumes: skipped, containers need root');

const VOLUME = volume('v1', 64);

describe.skipIf(!isRoot)('a persistent volume', { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let user: VolumeFramework;
  let operator: Operator;
  let agentId: Json;

  beforeAll(async () => {
    cluster = await startAgentCluster();
    user = await VolumeFramework.subscribe(cluster);
    operator = new Operator(cluster.master);
    agentId = await until('the agent is registered', () => operator.agentId());
  });
  afterAll(() => cluster?.stop());

  const directory = () => join(agentOf(cluster).workDir, 'volumes/roles/eng db/v1');
  const data = () => readFileSync(join(directory(), 'file'), 'utf8');

  it('is reserved, created and used in one ACCEPT, and the scheduler hears of it', async () => {
    const offer = await user.takeOffer();
    const { task, launch } = user.task(offer, 'echo one > data/file', VOLUME);
    await user.accept(offer, reserve('r1', disk(100)), create('c1', VOLUME), launch);
    expect((await task.ended()).state).toBe('TASK_FINISHED');
    expect(data()).toBe('one\n');
    await user.finished('r1');
    expect(await user.outcomeOf('c1')).toMatchObject({ state: 'OPERATION_FINISHED' });
    await until('only c1 waits', async () => (await operator.operations()).length === 1);
    const { body } = await callAgent(agentOf(cluster), { type: 'GET_OPERATIONS' });
    expect(body.get_operations.operations.map(({ info }: Json) => info.id.value)).toContain('c1');
    const state = JSON.parse((await get(`${agentOf(cluster).url}/state`)).text);
    expect(state.reserved_resources).toMatchObject({ [ROLE]: { disk: 100 } });
  });

  it('outlives kill -9 of agent and master, and so does the unacknowledged outcome', async () => {
    await agentOf(cluster).kill();
    await cluster.master.kill();
    await cluster.master.restart();
    await agentOf(cluster).restart();
    await user.resubscribe();
    expect(await user.outcomeOf('c1')).toMatchObject({ state: 'OPERATION_FINISHED' });
    await until(
      'nothing waits',
      async () => {
        await user.acknowledgeAll();
        return (await operator.operations()).length === 0;
      },
      { explain: () => `${JSON.stringify(user.statusesOf('c1'))}\n${cluster.logs()}` },
    );
    await until('the agent forgets it as well', async () => {
      const { body } = await callAgent(agentOf(cluster), { type: 'GET_OPERATIONS' });
      return (body.get_operations.operations ?? []).length === 0;
    });
  });

  it('keeps its data when the agent is killed with a task in it', async () => {
    const agent = agentOf(cluster);
    const command = 'echo two >> data/file; while [ ! -e data/stop ]; do sleep 0.05; done; cat data/file';
    const task = await user.start(command, VOLUME);
    await task.reaches('TASK_RUNNING');
    await until('it has written', () => data() === 'one\ntwo\n');
    await agent.kill();
    expect(data()).toBe('one\ntwo\n');
    await agent.restart();
    writeFileSync(join(directory(), 'stop'), '');
    expect((await task.ended()).state).toBe('TASK_FINISHED');
    expect(task.stdout).toBe('one\ntwo\n');
  });

  it('cannot be written by a task that has it read-only', async () => {
    const task = await user.start('cat data/file; echo three >> data/file', volume('v1', 64, { mode: 'RO' }));
    expect((await task.ended()).message).toMatch(/Command exited with status [12]/);
    expect([task.stdout, data()]).toEqual(['one\ntwo\n', 'one\ntwo\n']);
    expect(task.file('stderr')).toContain('Read-only file system');
  });

  it.each([
    ['/data', 'is absolute'],
    ['../data', "has '..' in it"],
    ['stdout', 'is where the output of the task goes'],
  ])('is not mounted on %j', async (containerPath, why) => {
    const task = await user.start('true', volume('v1', 64, { containerPath }));
    expect(await task.ended()).toMatchObject({
      state: 'TASK_FAILED',
      reason: 'REASON_CONTAINER_LAUNCH_FAILED',
      message: expect.stringContaining(`disk.volume.container_path '${containerPath}' ${why}`),
    });
  });

  it('is refused what is wrong, with nothing changed', async () => {
    const before = JSON.stringify(await operator.total());
    const wrong: readonly [call: Json, status: number, text: RegExp][] = [
      [
        { type: 'CREATE_VOLUMES', create_volumes: { agent_id: agentId, volumes: [volume('v1', 10)] } },
        400,
        /'v1' of role 'eng\/db' is in use/,
      ],
      [
        { type: 'DESTROY_VOLUMES', destroy_volumes: { agent_id: agentId, volumes: [volume('v1', 63)] } },
        400,
        /no such volume/,
      ],
      [
        { type: 'UNRESERVE_RESOURCES', unreserve_resources: { agent_id: agentId, resources: [disk(100)] } },
        409,
        /do not contain/,
      ],
    ];
    for (const [call, status, text] of wrong) {
      const answer = await operator.call(call);
      expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(text)]);
    }
    for (const [path, body, text] of [
      ['/reserve', 'resources=[]', /slaveId/],
      ['/unreserve', `slaveId=${agentId.value}`, /'resources'/],
      ['/create-volumes', `slaveId=${agentId.value}&volumes=%7B`, /./],
      ['/destroy-volumes', `slaveId=${agentId.value}&volumes=[1]`, /./],
    ] as const) {
      const answer = await postForm(path, body);
      expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(text)]);
    }
    expect(JSON.stringify(await operator.total())).toBe(before);
  });

  it('is left alone by a drain, which kill -9 of the agent does not stop', async () => {
    const agent = agentOf(cluster);
    const task = await user.start('trap "" TERM; echo kept > data/file; while :; do sleep 0.05; done', VOLUME);
    await task.reaches('TASK_RUNNING');
    await until('it has written', () => data() === 'kept\n');
    const drain = { agent_id: agentId, max_grace_period: { seconds: 3 } };
    const answer = await operator.call({ type: 'DRAIN_AGENT', drain_agent: drain });
    expect([answer.status, answer.text]).toEqual([200, '']);
    await task.reaches('TASK_KILLING');
    await agent.kill();
    await agent.restart();
    expect(await task.ended()).toMatchObject({ state: 'TASK_KILLED', reason: 'REASON_AGENT_DRAINING' });
    expect(data()).toBe('kept\n');
  });

  it('goes with its directory when an operator destroys it, and the reservation after it', async () => {
    const destroyVolumes = { agent_id: agentId, volumes: [VOLUME] };
    expect((await operator.call({ type: 'DESTROY_VOLUMES', destroy_volumes: destroyVolumes })).status).toBe(202);
    await until('the directory is gone', () => !existsSync(directory()));
    const resources = encodeURIComponent(JSON.stringify([disk(100)]));
    expect((await postForm('/master/unreserve', `slaveId=${agentId.value}&resources=${resources}`)).status).toBe(202);
    await until('nothing waits', async () => (await operator.operations()).length === 0);
    const total = await operator.total();
    expect(total.every(({ reservations }) => reservations === undefined)).toBe(true);
    expect(total.find(({ name }) => name === 'disk')?.scalar.value).toBe(1024);
  });

  it('does not come back with the agent', async () => {
    const agent = agentOf(cluster);
    await agent.kill();
    await agent.restart();
    expect(existsSync(directory())).toBe(false);
    expect(JSON.parse((await get(`${agent.url}/state`)).text).reserved_resources).toEqual({});
    const reactivate = { type: 'REACTIVATE_AGENT', reactivate_agent: { agent_id: agentId } };
    await until('the agent takes tasks again', async () => (await operator.call(reactivate)).status === 200);
    await user.accept(await user.takeOffer(), reserve('r2', disk(1)), unreserve('u2', disk(1)));
    await user.finished('r2', 'u2');
  });

  async function postForm(path: string, body: string) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(`${cluster.master.url}${path}`, { method: 'POST', headers, body });
    return { status: answer.status, text: await answer.text() };
  }
});
