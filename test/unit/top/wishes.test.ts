import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { isRejection } from '../../../src/base/rejection.js';
import { Wishes, type WishesOptions } from '../../../src/cli/top/wishes.js';
import { type ClusterModel, createClusterModel } from '../../../src/views/model/cluster-model.js';
import type { DetailState, LogState } from '../../../src/views/tui/ui.js';
import { decodeProtobuf, encodeProtobuf } from '../../../src/wire/codec.js';
import * as agent from '../../../src/wire/gen/agent.js';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import { until } from '../../harness/process.mjs';

const NOW_MS = 1_800_000_000_000;
const FRAMEWORK = 'f-1';
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** An agent that answers as told. */
async function startAgent(answer: (call: agent.Call) => agent.Response | undefined): Promise<number> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const call = decodeProtobuf(agent.Call, Buffer.concat(chunks));
      const said = isRejection(call) ? undefined : answer(call);
      if (said === undefined) response.writeHead(404).end('no such file');
      else
        response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end(encodeProtobuf(agent.Response, said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** One framework with task `web.1` on one agent. */
function modelOf(agentPort: number): ClusterModel {
  const model = createClusterModel();
  const time = NOW_MS / 1000;
  const info = {
    cluster_id: 'c',
    term: 1,
    master_info: { id: 'm', ip: 1, port: 5050, hostname: 'm1' },
    api_version: 1,
    cluster_name: 'prod',
  };
  const task: api.Task = {
    framework_id: { value: FRAMEWORK },
    task_id: { value: 'web.1' },
    agent_id: { value: 'a-1' },
    state: 'TASK_RUNNING',
    since: time - 60,
  };
  const events: api.Event[] = [
    { type: 'SUBSCRIBED', time, subscribed: { info, heartbeat_interval_seconds: 1 } },
    {
      type: 'SNAPSHOT',
      time,
      snapshot: {
        agents: [{ agent_id: { value: 'a-1' }, state: 'ACTIVE', hostname: 'node-1', ip: '127.0.0.1', port: agentPort }],
        frameworks: [
          {
            framework_id: { value: FRAMEWORK },
            state: 'ACTIVE',
            name: 'shop',
            roles: ['web', 'idle'],
            suppressed_roles: ['idle'],
          },
        ],
        tasks: [task],
        roles: [{ name: 'web' }],
      },
    },
    { type: 'SNAPSHOT_END', time },
  ];
  for (const event of events) model.apply(event, NOW_MS);
  return model;
}

function open(model: ClusterModel, client: Partial<WishesOptions['client']> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'mesoctl-test-'));
  const over = new AbortController();
  closers.push(() => {
    over.abort();
    rmSync(directory, { recursive: true, force: true });
  });
  const told = {
    actions: [] as { ok: boolean; text: string }[],
    details: [] as DetailState[],
    why: [] as (readonly string[])[],
    logs: [] as LogState[],
    reconnects: 0,
  };
  const wishes = new Wishes({
    client: client as WishesOptions['client'],
    model,
    ui: {
      onActionDone: (outcome) => told.actions.push(outcome),
      onDetail: (_table, _key, detail) => told.details.push(detail),
      onWhy: (_table, _key, lines) => told.why.push(lines),
      onLog: (state) => told.logs.push(state),
    },
    unixMs: () => NOW_MS,
    onAnswer: () => undefined,
    reconnect: () => {
      told.reconnects += 1;
    },
    directory,
    signal: over.signal,
  });
  return { wishes, told, directory };
}

const task = {
  framework_id: { value: FRAMEWORK },
  task_id: { value: 'web.1' },
  agent_id: { value: 'a-1' },
  state: 'TASK_KILLING',
} as const;
const KEY = `${FRAMEWORK}/web.1`;

describe('Wishes', () => {
  it('kills a task and says where, or that the agent is away, or why it cannot', async () => {
    const asked: api.Call_KillTask[] = [];
    const answers: (api.Response_KillTask | MesoError)[] = [
      { task },
      { task, waits_for_agent: true },
      new MesoError('REFUSED', 'web.1 has ended'),
    ];
    const { wishes, told } = open(modelOf(1), {
      killTask: (request) => {
        asked.push(request);
        const answer = answers[asked.length - 1] as api.Response_KillTask | MesoError;
        return answer instanceof MesoError ? Promise.reject(answer) : Promise.resolve(answer);
      },
    });
    for (let i = 0; i < 3; i++) {
      wishes.carryOut({ kind: 'kill-task', frameworkId: FRAMEWORK, taskId: 'web.1' });
      await until('an answer', () => told.actions.length > i);
    }
    expect(asked[0]).toEqual({ task_id: { value: 'web.1' }, framework_id: { value: FRAMEWORK } });
    expect(told.actions).toEqual([
      { ok: true, text: 'killing web.1 on node-1' },
      { ok: true, text: 'web.1 will be killed when node-1 is back: it is not connected now' },
      { ok: false, text: 'web.1 has ended' },
    ]);
  });

  it('tears a framework down', async () => {
    const { wishes, told } = open(modelOf(1), { teardown: () => Promise.resolve() });
    wishes.carryOut({ kind: 'teardown-framework', frameworkId: FRAMEWORK });
    await until('an answer', () => told.actions.length > 0);
    expect(told.actions[0]).toEqual({ ok: true, text: 'framework shop is torn down, its tasks are being killed' });
  });

  it('asks the master why, and what to do first', async () => {
    const asked: api.Call_Why[] = [];
    const { wishes, told } = open(modelOf(1), {
      why: (request) => {
        asked.push(request);
        return Promise.resolve({
          summary: 'Of 20 agents: 12 are full',
          first_step: 'Wait.',
          reasons: [
            { code: 'IN_USE', message: 'Of 20 agents: 12 are full', agents: 12 },
            { code: 'DRAINING', message: '8 agents are draining', agents: 8 },
          ],
        });
      },
    });
    wishes.carryOut({ kind: 'fetch-why', table: 'frameworks', key: FRAMEWORK });
    await until('an answer', () => told.why.length > 0);
    expect(asked).toEqual([{ framework_id: { value: FRAMEWORK }, max_findings: 0 }]);
    expect(told.why[0]).toEqual(['Of 20 agents: 12 are full', 'First: Wait.', '  DRAINING: 8 agents are draining']);
    wishes.carryOut({ kind: 'fetch-why', table: 'tasks', key: KEY });
    await until('an answer', () => told.why.length > 1);
    expect(told.why[1]?.[0]).toBe('TASK_RUNNING for 60s on node-1');
    wishes.carryOut({ kind: 'fetch-why', table: 'tasks', key: 'f-1/gone' });
    await until('an answer', () => told.why.length > 2);
    expect(told.why[2]).toEqual(['It is not there any more.']);
  });

  it('fetches a detail, and measures use by two samples of the agent', async () => {
    let samples = 0;
    const port = await startAgent(({ type }) => {
      if (type !== 'GET_CONTAINERS') return undefined;
      samples += 1;
      return {
        type,
        get_containers: {
          containers: [
            {
              framework_id: { value: FRAMEWORK },
              executor_id: { value: 'web.1' },
              container_id: { value: 'c' },
              resource_statistics: {
                timestamp: 100 + samples * 2,
                cpus_user_time_secs: samples * 1,
                cpus_system_time_secs: 0,
                mem_total_bytes: 64 * 1024 * 1024,
                cpus_limit: 2,
              },
            },
          ],
        },
      };
    });
    const match = { task };
    const { wishes, told } = open(modelOf(port), { find: () => Promise.resolve({ total: 1, matches: [match] }) });
    wishes.carryOut({ kind: 'fetch-detail', table: 'tasks', key: KEY });
    await until('three states', () => told.details.length >= 3);
    expect(told.details).toEqual([
      { kind: 'found', match, usage: undefined },
      { kind: 'found', match, usage: { cpus: undefined, memMb: 64, memLimitMb: undefined, cpusLimit: 2 } },
      { kind: 'found', match, usage: { cpus: 0.5, memMb: 64, memLimitMb: undefined, cpusLimit: 2 } },
    ]);
  });

  it('has the facts of a task although its agent does not answer, and says what is not known any more', async () => {
    const { wishes, told } = open(modelOf(1), {
      find: ({ reference }) =>
        Promise.resolve(reference === 'web.1' ? { total: 1, matches: [{ task }] } : { total: 0 }),
    });
    wishes.carryOut({ kind: 'fetch-detail', table: 'tasks', key: KEY });
    await until('the facts', () => told.details.length >= 1);
    wishes.carryOut({ kind: 'fetch-detail', table: 'agents', key: 'a-9' });
    await until('a failure', () => told.details.some(({ kind }) => kind === 'failed'));
    expect(told.details.at(-1)).toEqual({ kind: 'failed', reason: 'the master does not know it any more' });
  });

  it('follows one log at a time', async () => {
    const files: Record<string, string> = { stdout: 'out 1\nout 2\n', stderr: 'err 1\n' };
    const port = await startAgent(({ type, read_file, list_files }) => {
      if (type === 'LIST_FILES' && list_files?.path.endsWith('/executors/web.1/runs/latest') === true)
        return {
          type,
          list_files: {
            file_infos: Object.entries(files).map(([name, text]) => ({
              path: `${list_files.path}/${name}`,
              size: text.length,
            })),
          },
        };
      if (type !== 'READ_FILE') return undefined;
      const text = files[read_file?.path.split('/').at(-1) ?? ''] ?? '';
      const data = Buffer.from(text).subarray(Number(read_file?.offset ?? 0));
      return { type, read_file: { size: text.length, data } };
    });
    const { wishes, told } = open(modelOf(port));
    wishes.carryOut({ kind: 'follow-log', taskKey: KEY, file: 'stdout' });
    await until('stdout', () => told.logs.at(-1)?.lines.length === 2 && told.logs.at(-1)?.status === 'following');
    wishes.carryOut({ kind: 'follow-log', taskKey: KEY, file: 'stderr' });
    await until('stderr', () => told.logs.at(-1)?.lines[0] === 'err 1');
    files.stdout += 'out 3\n';
    files.stderr += 'err 2\n';
    const last = await until('what was added', () => told.logs.find(({ lines }) => lines.at(-1) === 'err 2'));
    expect(last).toMatchObject({ taskKey: KEY, file: 'stderr', totalBytes: 12 });
    expect(told.logs.some(({ lines }) => lines.includes('out 3'))).toBe(false);
    wishes.carryOut({ kind: 'stop-log' });
  });

  it('says which agent cannot be reached', async () => {
    const { wishes, told } = open(modelOf(1));
    wishes.carryOut({ kind: 'follow-log', taskKey: KEY, file: 'stdout' });
    const failed = await until('a failure', () => told.logs.find(({ status }) => status === 'failed'));
    expect(failed.note).toContain('node-1 (127.0.0.1:1)');
    expect(failed.note).toContain('refused');
  });

  it('saves a log where nothing is written over', async () => {
    const { wishes, told, directory } = open(modelOf(1));
    for (let i = 0; i < 2; i++) {
      wishes.carryOut({ kind: 'save-log', taskKey: 'f-1/../odd task', lines: ['one', `two ${i}`] });
      await until('an answer', () => told.actions.length > i);
    }
    const [name = '', ...others] = readdirSync(directory);
    expect(others).toEqual([]);
    expect(name).toMatch(/^\.\._odd_task-\d{8}-\d{6}\.log$/);
    expect(readFileSync(join(directory, name), 'utf8')).toBe('one\ntwo 0\n');
    expect(told.actions[0]).toEqual({ ok: true, text: `2 lines saved to ${name}` });
    expect(told.actions[1]?.ok).toBe(false);
  });

  it('reconnects when asked to', () => {
    const { wishes, told } = open(modelOf(1));
    wishes.carryOut({ kind: 'reconnect' });
    expect(told.reconnects).toBe(1);
  });
});
