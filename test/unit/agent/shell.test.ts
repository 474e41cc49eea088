// A whole agent against a master and a machine of a few lines each: everything but the kernel is real.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentHandle } from '../../../src/daemon/agent/agent-handle.js';
import type { AgentParts } from '../../../src/daemon/agent/main.js';
import { startAgent } from '../../../src/daemon/agent/main.js';
import { silentLogger, until } from '../http/fixture.js';
import { AgentFixture } from './agent-fixture.js';
import { AGENT_ID, BOOT_ID, FRAMEWORK_ID } from './core-harness.js';
import { FakeContainerizer, FakeMachine } from './fake-containerizer.js';

let fixture: AgentFixture;
let machine: FakeMachine;
let parts: AgentParts;

beforeEach(async () => {
  fixture = new AgentFixture();
  machine = new FakeMachine();
  parts = {
    bootId: BOOT_ID,
    createContainerizer: async ({ events }) => new FakeContainerizer(machine, events),
  };
  await fixture.master.listen();
});
afterEach(() => fixture.close());

/** The container of a task, as soon as it runs. */
async function containerOf(taskId: string): Promise<string> {
  await until(`${taskId} runs`, () => machine.findByTask(taskId) !== undefined);
  return machine.findByTask(taskId) ?? '';
}

async function getJson(agent: AgentHandle, path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${agent.url}${path}`);
  expect([path, response.status]).toEqual([path, 200]);
  return (await response.json()) as Record<string, unknown>;
}

async function call(agent: AgentHandle, body: object): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(`${agent.url}/api/v1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
  };
}

describe('an agent', () => {
  test('registers, runs a task, reports it and collects what is left', async () => {
    const agent = await fixture.start(parts);
    expect(agent).toMatchObject({ agentId: AGENT_ID, isRegistered: true, isolation: ['fake/isolation'] });
    fixture.master.run('t1', 'true', {
      command: { value: 'true', environment: { variables: [{ name: 'A', value: '1' }] } },
    });
    const containerId = await containerOf('t1');
    await fixture.master.waitFor('t1', 'TASK_RUNNING');
    const spec = machine.running.get(containerId);
    expect(spec).toMatchObject({ argv: ['/bin/sh', '-c', 'true'], environment: { A: '1', MESOS_SLAVE_ID: AGENT_ID } });
    expect(spec?.sandboxDir).toBe(
      join(fixture.workDir, `slaves/${AGENT_ID}/frameworks/${FRAMEWORK_ID}/executors/t1/runs/${containerId}`),
    );
    expect(existsSync(spec?.sandboxDir ?? '')).toBe(true);
    await machine.end(containerId, { waitStatus: 0 });
    await fixture.master.waitFor('t1', 'TASK_FINISHED');
    expect(fixture.master.states('t1')).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
    await until('the sandbox is scheduled', () => machine.running.size === 0);
  });

  test('kills: SIGTERM first', async () => {
    await fixture.start(parts);
    fixture.master.run('t1', 'sleep 1000');
    const containerId = await containerOf('t1');
    await fixture.master.waitFor('t1', 'TASK_RUNNING');
    fixture.master.kill('t1');
    await fixture.master.waitFor('t1', 'TASK_KILLED');
    expect(machine.containerizer?.signals).toEqual([[containerId, 15]]);
    expect(fixture.master.states('t1')).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
  });

  test('that stops leaves its containers; the next one takes them over under the same id and port', async () => {
    const first = await fixture.start(parts);
    const { port } = first;
    fixture.master.run('lives', 'sleep 1000');
    fixture.master.run('dies', 'sleep 1000');
    const [lives, dies] = [await containerOf('lives'), await containerOf('dies')];
    await fixture.master.waitFor('dies', 'TASK_RUNNING');
    await fixture.master.waitFor('lives', 'TASK_RUNNING');
    await first.stop();
    expect(await first.ended).toEqual({ kind: 'stopped' });
    expect(machine.running.size).toBe(2);
    await machine.end(dies, { waitStatus: 3 << 8 });
    const second = await fixture.start(parts);
    expect(second.agentId).toBe(AGENT_ID);
    expect(second.port).toBe(port);
    await fixture.master.waitFor('dies', 'TASK_FAILED');
    expect(fixture.master.findStatus('dies', 'TASK_FAILED')?.message).toBe('Command exited with status 3');
    await machine.end(lives, { waitStatus: 0 });
    await fixture.master.waitFor('lives', 'TASK_FINISHED');
  });

  test('sends again what the master did not acknowledge before the link broke', async () => {
    await fixture.start(parts);
    fixture.master.acknowledges = false;
    fixture.master.run('t1', 'true');
    const containerId = await containerOf('t1');
    await fixture.master.waitFor('t1', 'TASK_STARTING');
    await fixture.master.close();
    await machine.end(containerId, { waitStatus: 0 });
    fixture.master.acknowledges = true;
    await fixture.master.listen();
    await fixture.master.waitFor('t1', 'TASK_FINISHED');
    expect(fixture.master.states('t1')).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
    const reregister = fixture.master.frames.findLast((frame) => frame.reregister !== undefined)?.reregister;
    expect(reregister?.tasks?.map((task) => task.task_id.value)).toEqual(['t1']);
  });

  test('that unregisters kills its tasks, tells the master and comes back as a new agent', async () => {
    const agent = await fixture.start(parts);
    fixture.master.run('t1', 'sleep 1000');
    await containerOf('t1');
    await fixture.master.waitFor('t1', 'TASK_RUNNING');
    await agent.unregister();
    expect(await agent.ended).toEqual({ kind: 'unregistered' });
    expect(fixture.master.states('t1').at(-1)).toBe('TASK_KILLED');
    await until('unregister arrives', () => fixture.master.frames.at(-1)?.unregister !== undefined);
    expect(machine.running.size).toBe(0);
    fixture.master.frames.splice(0);
    await fixture.start(parts);
    expect(fixture.master.frames[0]?.register).toBeDefined();
  });

  test('that its master shuts down kills its tasks and says why it ended', async () => {
    const agent = await fixture.start(parts);
    fixture.master.run('t1', 'sleep 1000');
    await containerOf('t1');
    fixture.master.send({ shutdown: { message: 'Agent marked gone' } });
    expect(await agent.ended).toEqual({ kind: 'shut-down', message: 'Agent marked gone' });
    expect(machine.running.size).toBe(0);
  });

  test('stops when its signal aborts', async () => {
    const abort = new AbortController();
    const agent = await fixture.start(parts, {}, abort.signal);
    abort.abort();
    expect(await agent.ended).toEqual({ kind: 'stopped' });
  });

  test('writes where it is and who it is', async () => {
    const readyFile = join(fixture.scratch, 'ready.json');
    const agent = await fixture.start(parts, { readyFile });
    const ready = JSON.parse(readFileSync(readyFile, 'utf8')) as Record<string, unknown>;
    expect(ready).toEqual({ pid: process.pid, ip: '127.0.0.1', port: agent.port, url: agent.url, id: AGENT_ID });
    await agent.stop();
    expect(existsSync(readyFile)).toBe(false);
  });
});

describe('a start is refused', () => {
  const refusal = (more: object) => startAgent(fixture.config(more), silentLogger, undefined, parts);

  test('on an address that others can reach', async () => {
    await expect(refusal({ ip: '0.0.0.0' })).rejects.toMatchObject({ code: 'ADDRESS_NOT_ALLOWED' });
  });

  test('with resources or attributes that cannot be read', async () => {
    await expect(refusal({ resources: 'cpus=4' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(refusal({ attributes: 'nonsense' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  test('in a work directory that another agent uses, and leaves that one alone', async () => {
    const agent = await fixture.start(parts);
    await expect(refusal({})).rejects.toMatchObject({ code: 'WORK_DIR_LOCKED' });
    expect((await fetch(`${agent.url}/health`)).status).toBe(200);
  });

  test('when the agent is not what it was, until it is again or may be', async () => {
    await (await fixture.start(parts)).stop();
    const error = await refusal({ resources: 'cpus:8;mem:1024;disk:1024;ports:[31000-31010]' }).catch(
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ code: 'REFUSED' });
    expect((error as Error).message).toContain('resources: were');
    const grown = await fixture.start(parts, {
      resources: 'cpus:8;mem:1024;disk:1024;ports:[31000-31010]',
      reconfigurationPolicy: 'additive',
    });
    expect(grown.agentId).toBe(AGENT_ID);
    await grown.stop();
    await expect(refusal({})).rejects.toMatchObject({ code: 'REFUSED' });
    fixture.master.frames.splice(0);
    const afterBoot = await fixture.start({ ...parts, bootId: 'boot-2' });
    expect(fixture.master.frames[0]?.register).toBeDefined();
    await afterBoot.stop();
  });

  test('when it no longer has what was reserved on it, also as a new agent after a boot', async () => {
    const agent = await fixture.start(parts);
    const reserved = {
      name: 'disk',
      type: 'SCALAR' as const,
      scalar: { value: 512 },
      reservations: [{ type: 'DYNAMIC' as const, role: 'eng' }],
    };
    fixture.master.send({
      apply_operation: {
        uuid: new Uint8Array(16).fill(1),
        info: { type: 'RESERVE', reserve: { resources: [reserved] } },
      },
    });
    await until('the reservation counts', () =>
      fixture.master.frames.some(({ operation_update }) => operation_update?.status.state === 'OPERATION_FINISHED'),
    );
    expect((await call(agent, { type: 'GET_OPERATIONS' })).json).toMatchObject({
      get_operations: { operations: [{ latest_status: { state: 'OPERATION_FINISHED' } }] },
    });
    expect(await getJson(agent, '/state')).toMatchObject({
      resources: { disk: 1024 },
      reserved_resources: { eng: { disk: 512 } },
      unreserved_resources: { disk: 512 },
    });
    await agent.stop();
    const smaller = { resources: 'cpus:4;mem:1024;disk:256;ports:[31000-31010]' };
    const afterBoot = { ...parts, bootId: 'boot-2' };
    await expect(startAgent(fixture.config(smaller), silentLogger, undefined, afterBoot)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('--resources no longer hold what is reserved or created on this agent'),
      suggestions: expect.arrayContaining([expect.stringContaining('--resources of the last time')]),
    });
    fixture.master.frames.splice(0);
    await fixture.start(afterBoot, { resources: 'cpus:4;mem:1024;disk:600;ports:[31000-31010]' });
    expect(fixture.master.frames[0]?.register?.checkpointed_resources).toEqual([reserved]);
  });

  test('when the machine cannot isolate as asked, and leaves nothing open', async () => {
    const failing: AgentParts = {
      ...parts,
      createContainerizer: () => Promise.reject(new Error('no such isolator')),
    };
    await expect(startAgent(fixture.config(), silentLogger, undefined, failing)).rejects.toThrow('no such isolator');
    await fixture.start(parts);
  });
});

describe('the HTTP server of an agent', () => {
  test('answers 503 until the agent has recovered, and is well all the time', async () => {
    let url = '';
    const statuses: [string, number][] = [];
    const slow: AgentParts = {
      ...parts,
      createContainerizer: async ({ events }) => {
        for (const [method, path] of [
          ['POST', '/api/v1'],
          ['GET', '/slave(1)/state'],
          ['GET', '/health'],
        ] as const)
          statuses.push([path, (await fetch(`${url}${path}`, { method })).status]);
        return new FakeContainerizer(machine, events);
      },
    };
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    await fixture.start(slow, { port });
    expect(statuses).toEqual([
      ['/api/v1', 503],
      ['/slave(1)/state', 503],
      ['/health', 200],
    ]);
  });

  test('shows tasks, containers and files, under both names', async () => {
    const agent = await fixture.start(parts, { attributes: 'rack:r1;level:3' });
    fixture.master.run('done', 'true');
    await machine.end(await containerOf('done'), { waitStatus: 0 });
    await fixture.master.waitFor('done', 'TASK_FINISHED');
    fixture.master.run('t1', 'sleep 1000');
    const containerId = await containerOf('t1');
    await fixture.master.waitFor('t1', 'TASK_RUNNING');
    const { sandboxDir } = machine.running.get(containerId) ?? { sandboxDir: '' };
    writeFileSync(join(sandboxDir, 'stdout'), 'hello\n');

    const state = await getJson(agent, '/slave(1)/state');
    expect(state).toMatchObject({
      id: AGENT_ID,
      pid: `slave(1)@127.0.0.1:${agent.port}`,
      master_hostname: 'master',
      attributes: { rack: 'r1', level: 3 },
      resources: { cpus: 4, mem: 1024, ports: '[31000-31010]' },
      flags: { work_dir: fixture.workDir },
      frameworks: [
        {
          id: FRAMEWORK_ID,
          executors: [
            {
              id: 't1',
              name: "Command Executor (Task: t1) (Command: sh -c 'sleep 1000')",
              container: containerId,
              directory: sandboxDir,
              tasks: [{ id: 't1', state: 'TASK_RUNNING', executor_id: '' }],
            },
          ],
          completed_executors: [{ id: 'done', completed_tasks: [{ state: 'TASK_FINISHED' }] }],
        },
      ],
    });
    expect(await getJson(agent, '/containers')).toMatchObject([
      { container_id: containerId, executor_id: 't1', status: { executor_pid: 4343 }, statistics: { cpus_limit: 1 } },
    ]);
    expect(await getJson(agent, '/monitor/statistics')).toMatchObject([{ source: 't1', statistics: { timestamp: 7 } }]);
    const virtual = `/frameworks/${FRAMEWORK_ID}/executors/t1/runs/latest/stdout`;
    for (const path of [virtual, join(sandboxDir, 'stdout')])
      expect(await getJson(agent, `/files/read?offset=0&path=${path}`)).toEqual({ offset: 0, data: 'hello\n' });
    const download = await fetch(`${agent.url}/files/download?path=${virtual}`);
    expect([await download.text(), download.headers.get('content-type')]).toEqual([
      'hello\n',
      'application/octet-stream',
    ]);
    for (const path of [
      '/etc/passwd',
      `/frameworks/../../checkpoint/agent.sqlite`,
      join(fixture.workDir, 'checkpoint'),
    ])
      expect((await fetch(`${agent.url}/files/read?path=${encodeURIComponent(path)}`)).status).toBeGreaterThanOrEqual(
        400,
      );
    expect(await getJson(agent, '/metrics/snapshot')).toMatchObject({
      'slave/registered': 1,
      'slave/tasks_running': 1,
      'slave/tasks_finished': 1,
      'slave/cpus_total': 4,
      'slave/cpus_used': 1,
    });
  });

  test('shows a drain while it lasts', async () => {
    const agent = await fixture.start(parts);
    expect((await call(agent, { type: 'GET_AGENT' })).json).not.toHaveProperty('get_agent.drain_config');
    fixture.master.send({ drain_agent: { config: { max_grace_period: { nanoseconds: 5e9 }, mark_gone: true } } });
    let state = await getJson(agent, '/state');
    for (const untilMs = Date.now() + 10_000; !('drain_config' in state) && Date.now() < untilMs; )
      state = await getJson(agent, '/state');
    expect(state.drain_config).toEqual({ max_grace_period: { nanoseconds: 5e9 }, mark_gone: true });
    const { json } = await call(agent, { type: 'GET_AGENT' });
    expect(json).toMatchObject({ get_agent: { drain_config: { mark_gone: true } } });
    const since = (json as { get_agent: { estimated_drain_start_time: { nanoseconds: number } } }).get_agent;
    const seconds = Math.floor(since.estimated_drain_start_time.nanoseconds / 1e9);
    expect(state.estimated_drain_start_time_seconds).toBe(seconds);
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(60);
  });

  test('answers the calls of the v1 API', async () => {
    const agent = await fixture.start(parts);
    fixture.master.run('t1', 'sleep 1000');
    const containerId = await containerOf('t1');
    await fixture.master.waitFor('t1', 'TASK_RUNNING');
    const { sandboxDir } = machine.running.get(containerId) ?? { sandboxDir: '' };
    writeFileSync(join(sandboxDir, 'stdout'), 'hello\n');
    const results = new Map<string, Record<string, unknown>>();
    for (const type of [
      'HEALTH',
      'VERSION',
      'FLAGS',
      'METRICS',
      'STATE',
      'TASKS',
      'EXECUTORS',
      'FRAMEWORKS',
      'AGENT',
      'CONTAINERS',
      'OPERATIONS',
    ]) {
      const { json, status } = await call(agent, {
        type: `GET_${type}`,
        ...(type === 'METRICS' ? { get_metrics: {} } : {}),
        ...(type === 'CONTAINERS' ? { get_containers: {} } : {}),
      });
      expect([type, status, json.type]).toEqual([type, 200, `GET_${type}`]);
      results.set(type, json);
    }
    expect(results.get('AGENT')).toMatchObject({ get_agent: { agent_info: { id: { value: AGENT_ID } } } });
    expect(results.get('TASKS')).toMatchObject({
      get_tasks: { launched_tasks: [{ task_id: { value: 't1' }, state: 'TASK_RUNNING' }] },
    });
    expect(results.get('STATE')).toMatchObject({
      get_state: { get_executors: { executors: [{ executor_info: { source: 't1' } }] } },
    });
    expect(results.get('CONTAINERS')).toMatchObject({
      get_containers: { containers: [{ container_id: { value: containerId }, executor_id: { value: 't1' } }] },
    });
    const path = `/frameworks/${FRAMEWORK_ID}/executors/t1/runs/latest`;
    expect(await call(agent, { type: 'LIST_FILES', list_files: { path } })).toMatchObject({
      json: { list_files: { file_infos: [{ path: `${path}/stdout`, size: 6 }] } },
    });
    const read = { type: 'READ_FILE', read_file: { path: `${path}/stdout`, offset: 1, length: 3 } };
    expect(await call(agent, read)).toMatchObject({
      json: { read_file: { size: 6, data: Buffer.from('ell').toString('base64') } },
    });
    expect(await call(agent, { type: 'READ_FILE', read_file: { path: '/nowhere', offset: 0 } })).toMatchObject({
      status: 404,
    });
    expect(await call(agent, { type: 'READ_FILE' })).toMatchObject({ status: 400 });
    expect(await call(agent, { type: 'PRUNE_IMAGES', prune_images: {} })).toMatchObject({ status: 501 });
    expect((await fetch(`${agent.url}/api/v1`)).status).toBe(405);
  });
});

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
