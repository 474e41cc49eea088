/**
 * Persistent volumes and drain with real processes: data outlives its tasks and kill -9 of the agent, and is gone after
 * DESTROY. Issue 5, row f; spec page 05, section 5.7.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, type Json, offered, postJson, scalars } from '../harness/api.mjs';
import type { Cluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { agentOf, callAgent, Framework, isRoot, startAgentCluster, Task } from './agent-fixture.js';

if (!isRoot) console.log('volumes: skipped, containers need root');

const ROLE = 'eng/db';
const reserved = (name: string, value: number): Json => ({
  name,
  type: 'SCALAR',
  scalar: { value },
  reservations: [{ type: 'DYNAMIC', role: ROLE }],
  allocation_info: { role: ROLE },
});
const volume = (mode = 'RW'): Json => ({
  ...reserved('disk', 64),
  disk: { persistence: { id: 'v1' }, volume: { container_path: 'data', mode } },
});
const hasVolume = (resource: Json) => resource.disk?.persistence?.id === 'v1';
const RESERVE = { type: 'RESERVE', id: { value: 'reserve' }, reserve: { resources: [reserved('disk', 64)] } };
const CREATE = { type: 'CREATE', id: { value: 'create' }, create: { volumes: [volume()] } };
const DESTROY = { type: 'DESTROY', id: { value: 'destroy' }, destroy: { volumes: [volume()] } };
const UNRESERVE = { type: 'UNRESERVE', unreserve: { resources: [reserved('disk', 64)] } };

describe.skipIf(!isRoot)('a persistent volume', () => {
  let cluster: Cluster;
  let framework: Framework;
  const answered = new Set<string>();
  let tasks = 0;

  beforeAll(async () => {
    cluster = await startAgentCluster();
    framework = await Framework.subscribe(cluster, {
      roles: [ROLE],
      capabilities: ['MULTI_ROLE', 'PARTITION_AWARE', 'TASK_KILLING_STATE', 'RESERVATION_REFINEMENT'].map((type) => ({
        type,
      })),
    });
  });
  afterAll(() => cluster?.stop());

  const directory = () => join(agentOf(cluster).workDir, 'volumes/roles/eng db/v1');
  const data = () => readFileSync(join(directory(), 'file'), 'utf8');

  function taskWithVolume(offer: Json, command: string, mode = 'RW'): { task: Task; launch: Json } {
    const id = `with-volume-${++tasks}`;
    const rest = scalars({ cpus: 0.1, mem: 32 }).map((resource) => ({ ...resource, allocation_info: { role: ROLE } }));
    const info = {
      name: id,
      task_id: { value: id },
      agent_id: offer.agent_id,
      resources: [...rest, volume(mode)],
      command: { value: command },
    };
    return { task: new Task(framework, id), launch: { type: 'LAUNCH', launch: { task_infos: [info] } } };
  }

  /** Sends operations on an offer that has the volume, or on any; offers that do not fit are given back. */
  async function accept(wantsVolume: boolean, operations: (offer: Json) => readonly Json[]): Promise<void> {
    const { scheduler } = framework;
    const offer = await until(
      'an offer',
      async () => {
        for (const each of scheduler.offers()) {
          if (answered.has(each.id.value)) continue;
          answered.add(each.id.value);
          const isBig = offered([each], 'cpus') >= 1 && offered([each], 'mem') >= 64;
          if (isBig && (!wantsVolume || each.resources.some(hasVolume))) return each;
          await scheduler.call({ type: 'DECLINE', decline: { offer_ids: [each.id], filters: { refuse_seconds: 0 } } });
        }
        return undefined;
      },
      { explain: () => cluster.logs() },
    );
    const answer = await scheduler.call({
      type: 'ACCEPT',
      accept: { offer_ids: [offer.id], operations: operations(offer), filters: { refuse_seconds: 0 } },
    });
    expect([answer.status, answer.text]).toEqual([202, '']);
  }

  async function runWithVolume(command: string, mode = 'RW'): Promise<Task> {
    let started: Task | undefined;
    await accept(true, (offer) => {
      const { launch, task } = taskWithVolume(offer, command, mode);
      started = task;
      return [launch];
    });
    if (started === undefined) throw new Error('nothing was launched');
    return started;
  }

  /** Waits for the outcome of an operation and acknowledges it. */
  async function outcomeOf(operationId: string): Promise<Json> {
    const event = await framework.scheduler.waitFor(
      'UPDATE_OPERATION_STATUS',
      (each) => each.update_operation_status.status.operation_id?.value === operationId,
    );
    const { status } = event.update_operation_status;
    const { agent_id, operation_id, uuid } = status;
    if (uuid !== undefined)
      await framework.scheduler.call({
        type: 'ACKNOWLEDGE_OPERATION_STATUS',
        acknowledge_operation_status: { agent_id, operation_id, uuid: uuid.value },
      });
    return status;
  }

  it('is created and used in one ACCEPT, its outcomes told and forgotten once they are acknowledged', async () => {
    let task: Task | undefined;
    await accept(false, (offer) => {
      const made = taskWithVolume(offer, 'echo one > data/file');
      task = made.task;
      return [RESERVE, CREATE, made.launch];
    });
    expect(await outcomeOf('reserve')).toMatchObject({ state: 'OPERATION_FINISHED' });
    expect(await outcomeOf('create')).toMatchObject({ state: 'OPERATION_FINISHED' });
    expect((await task?.ended())?.state).toBe('TASK_FINISHED');
    expect(data()).toBe('one\n');
    await until('the agent forgets the operations', async () => {
      const { body } = await callAgent(agentOf(cluster), { type: 'GET_OPERATIONS' });
      return (body.get_operations.operations ?? []).length === 0;
    });
    const state = JSON.parse((await get(`${agentOf(cluster).url}/state`)).text);
    expect(state.reserved_resources).toMatchObject({ [ROLE]: { disk: 64 } });
  });

  it('keeps its data when the agent is killed, with a task in it and without', async () => {
    const agent = agentOf(cluster);
    await agent.kill();
    await agent.restart();
    const task = await runWithVolume(
      'echo two >> data/file; while [ ! -e data/stop ]; do sleep 0.05; done; cat data/file',
    );
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
    const task = await runWithVolume('cat data/file; echo three >> data/file', 'RO');
    expect((await task.ended()).message).toMatch(/Command exited with status [12]/);
    expect([task.stdout, data()]).toEqual(['one\ntwo\n', 'one\ntwo\n']);
    expect(task.file('stderr')).toContain('Read-only file system');
  });

  it('is gone after DESTROY, and its disk is free again after UNRESERVE', async () => {
    await accept(true, () => [DESTROY, UNRESERVE]);
    expect(await outcomeOf('destroy')).toMatchObject({ state: 'OPERATION_FINISHED' });
    expect(existsSync(directory())).toBe(false);
    const agent = agentOf(cluster);
    await until('nothing is reserved', async () => {
      const state = JSON.parse((await get(`${agent.url}/state`)).text);
      return Object.keys(state.reserved_resources).length === 0;
    });
    await agent.kill();
    await agent.restart();
    expect(existsSync(directory())).toBe(false);
    expect(JSON.parse((await get(`${agent.url}/state`)).text).reserved_resources).toEqual({});
  });

  it('is left alone by a drain, which kill -9 of the agent does not stop', async () => {
    const agent = agentOf(cluster);
    let task: Task | undefined;
    await accept(false, (offer) => {
      const made = taskWithVolume(offer, 'trap "" TERM; echo kept > data/file; while :; do sleep 0.05; done');
      task = made.task;
      return [RESERVE, CREATE, made.launch];
    });
    await task?.reaches('TASK_RUNNING');
    await until('it has written', () => existsSync(join(directory(), 'file')) && data() === 'kept\n');
    const agentId = task?.statuses()[0].agent_id;
    const drain = { agent_id: agentId, max_grace_period: { seconds: 3 } };
    const answer = await postJson(`${cluster.master.url}/api/v1`, { type: 'DRAIN_AGENT', drain_agent: drain });
    expect([answer.status, answer.text]).toEqual([200, '']);
    await task?.reaches('TASK_KILLING');
    await agent.kill();
    await agent.restart();
    expect(await task?.ended()).toMatchObject({ state: 'TASK_KILLED', reason: 'REASON_AGENT_DRAINING' });
    expect(data()).toBe('kept\n');
  });
});
