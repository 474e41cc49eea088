/** What `show`, `events` and `logs` say: texts, JSON against the published schemas, the words of errors. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { wordFilter, wordTeller } from '../../../src/cli/events/print-events.js';
import { Progress } from '../../../src/cli/progress.js';
import { describeAgent } from '../../../src/cli/show/show-agent.js';
import { describeFramework } from '../../../src/cli/show/show-framework.js';
import { describeMaster } from '../../../src/cli/show/show-master.js';
import { describeTask } from '../../../src/cli/show/show-task.js';
import { lastLines } from '../../../src/cli/task/last-lines.js';
import { showLogs } from '../../../src/cli/task/task-logs.js';
import { createClusterModel } from '../../../src/views/model/cluster-model.js';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { projectRoot } from '../../harness/process.mjs';
import { schemaErrors } from '../../harness/schemas.js';
import { agentOf, FakeCluster, frameworkOf, INFO, PREFIX, taskOf } from './support/fake-cluster.js';
import { FakeConsole } from './support/fake-console.js';

const NOW = 1100;

describe('task show', () => {
  const status = (state: mesos.TaskState, timestamp: number, facts: Partial<mesos.TaskStatus> = {}) => ({
    task_id: { value: 'web.11d0' },
    state,
    timestamp,
    source: 'SOURCE_EXECUTOR' as const,
    ...facts,
  });
  const failed = taskOf('web.11d0', {
    state: 'TASK_FAILED',
    place: 'COMPLETED',
    since: 1088,
    reason: 'REASON_CONTAINER_LIMITATION_MEMORY',
    message: 'Memory limit exceeded',
    executor_id: { value: 'web.11d0' },
    limits: { mem_mb: 512 },
    ip: '10.0.0.1',
    ports: [31_000],
  });
  const match = {
    task: failed,
    agent: agentOf(17),
    framework: frameworkOf(1, { name: 'shop' }),
    task_detail: {
      name: 'web',
      task_id: failed.task_id,
      framework_id: failed.framework_id,
      agent_id: { value: `${PREFIX}-S17` },
      state: 'TASK_FAILED' as const,
      user: 'www',
      statuses: [
        status('TASK_FAILED', 1088, { reason: 'REASON_CONTAINER_LIMITATION_MEMORY', message: 'too\u001b[2Jmuch' }),
        status('TASK_STARTING', 1000),
        status('TASK_RUNNING', 1000.3),
      ],
      labels: { labels: [{ key: 'tier', value: 'front' }, { key: 'canary' }] },
    },
  };

  it('answers first, then tells the facts and how it came there', () => {
    const text = describeTask(match, NOW).text();
    expect(text.split('\n')[0]).toBe('web.11d0 FAILED 12s ago: OOM');
    expect(text).toMatch(/^SINCE {6}1970-01-01 \d\d:18:08 [+-]\d\d:\d\d \(12s\)$/m);
    expect(text).toContain(`AGENT      node-17  ${PREFIX}-S1\n`);
    expect(text).toContain('LABELS     tier=front, canary\n');
    expect(text).toContain('ADDRESS    10.0.0.1:31000\n');
    const statuses = text.slice(text.indexOf('STATUSES')).split('\n');
    expect(
      statuses.slice(2, 5).map((line) =>
        line
          .trim()
          .split(/\s{2,}/)
          .slice(1, 3),
      ),
    ).toEqual([
      ['-', 'STARTING'],
      ['+0.3s', 'RUNNING'],
      ['+87s', 'FAILED'],
    ]);
  });

  it('lets no control character of a task through', () => {
    expect(describeTask(match, NOW).text()).not.toContain('\u001b');
    expect(describeTask(match, NOW).text()).toContain('too?[2Jmuch');
  });

  it('offers what makes sense now', () => {
    expect(describeTask(match, NOW).next).toEqual(['mesoctl task logs web.11d0', 'mesoctl agent show node-17']);
    expect(describeTask({ task: taskOf('x') }, NOW).next).toEqual(['mesoctl task logs x', 'mesoctl task kill x']);
  });

  it('keeps to its schema, with everything known and with nothing', () => {
    const bare = { framework_id: { value: 'f' }, task_id: { value: 't' }, state: 'TASK_ERROR' as const };
    for (const one of [match, { task: bare }])
      expect(schemaErrors('task-show', describeTask(one, NOW).record())).toEqual([]);
    expect(describeTask({ task: bare }, NOW).record()).toMatchObject({ since: null, sandbox: null, statuses: [] });
  });
});

describe('agent show', () => {
  const scalar = (name: string, value: number, facts: object): mesos.Resource => ({
    name,
    type: 'SCALAR',
    scalar: { value },
    ...facts,
  });
  const match = {
    agent: agentOf(1, {
      attributes: [
        { name: 'rack', type: 'TEXT', text: { value: 'b2' } },
        { name: 'rack', type: 'TEXT', text: { value: 'b3' } },
      ],
      reserved: { cpus: 1 },
      usage: { agent_id: { value: 's' }, tasks: 2, allocated: { cpus: 1.5, mem_mb: 1024 }, offered: { cpus: 1 } },
    }),
    agent_detail: {
      agent_info: { hostname: 'node-1' },
      active: true,
      version: '1',
      capabilities: [{ type: 'MULTI_ROLE' as const }],
      total_resources: [
        scalar('cpus', 3, {}),
        scalar('cpus', 1, {
          reservations: [
            { type: 'DYNAMIC', role: 'eng' },
            { type: 'DYNAMIC', role: 'eng/web' },
          ],
        }),
      ],
      allocated_resources: [
        scalar('cpus', 1, { allocation_info: { role: 'eng/web' } }),
        scalar('cpus', 0.5, { allocation_info: { role: '*' } }),
        scalar('mem', 1024, { allocation_info: { role: '*' } }),
      ],
      offered_resources: [scalar('cpus', 1, { allocation_info: { role: '*' } })],
    },
  };

  it('tells four ways of resources apart, and what each role has', () => {
    const text = describeAgent(match, NOW).text();
    expect(text.split('\n')[0]).toBe('node-1 ACTIVE for 100s');
    expect(text).toMatch(/^ {2}CPU +4 +1\.5 +1 +1\.5 +1$/m);
    expect(text).toMatch(/^ {2}eng\/web +1 cpu +1 cpu +-$/m);
    expect(text).toMatch(/^ {2}\* +- +0\.5 cpu 1G mem +1 cpu$/m);
  });

  it('keeps to its schema, with everything known and with nothing', () => {
    const bare = { agent_id: { value: 's' }, state: 'UNREACHABLE' as const };
    for (const one of [match, { agent: bare }])
      expect(schemaErrors('agent-show', describeAgent(one, NOW).record())).toEqual([]);
    expect(describeAgent(match, NOW).record()).toMatchObject({
      attributes: { rack: 'b2,b3' },
      free: { cpus: 1.5, mem_mb: 3072 },
    });
    expect(describeAgent({ agent: bare }, NOW).record()).toMatchObject({ total: null, free: null });
  });
});

describe('framework show', () => {
  const match = {
    framework: frameworkOf(7, {
      name: 'jobs',
      state: 'DISCONNECTED',
      failover_deadline: 1160,
      usage: {
        framework_id: { value: 'f' },
        tasks: 3,
        offers: 2,
        offered: { cpus: 8, mem_mb: 16_384 },
        offers_sent: 1204n,
        offers_accepted: 735,
        offers_declined: 469,
      },
    }),
  };
  const holdings = { tasks: [{ task: taskOf('web.1'), agent: agentOf(1) }], taskTotal: 12, oldestOfferAt: 1059 };

  it('says whether its scheduler is there, what it holds, and its newest tasks', () => {
    const text = describeFramework(match, holdings, NOW).text();
    expect(text.split('\n')[0]).toBe('jobs DISCONNECTED for 100s');
    expect(text).toContain('removed with its tasks in 60s');
    expect(text).toContain('2 held (8 cpu 16G mem), oldest 41s; 1,204 sent, 61% accepted, 39% declined');
    expect(text).toMatch(/web\.1 +RUNNING +100s +node-1\n {2}and 11 more\n$/);
  });

  it('keeps to its schema, with everything known and with nothing', () => {
    const bare = { framework_id: { value: 'f' }, state: 'RECOVERED' as const };
    const nothing = { tasks: [], taskTotal: 0, oldestOfferAt: undefined };
    expect(schemaErrors('framework-show', describeFramework(match, holdings, NOW).record())).toEqual([]);
    expect(schemaErrors('framework-show', describeFramework({ framework: bare }, nothing, NOW).record())).toEqual([]);
  });
});

describe('master show', () => {
  it('has the numbers of the model', () => {
    const model = createClusterModel();
    const usage = { agent_id: { value: `${PREFIX}-S1` }, tasks: 1, allocated: { cpus: 1 }, offered: { cpus: 2 } };
    for (const event of [
      { type: 'SUBSCRIBED' as const, time: NOW, subscribed: { info: INFO, heartbeat_interval_seconds: 1 } },
      {
        type: 'SNAPSHOT' as const,
        time: NOW,
        snapshot: { agents: [agentOf(1, { usage })], frameworks: [frameworkOf(1)], tasks: [taskOf('web.1')] },
      },
      { type: 'SNAPSHOT_END' as const, time: NOW },
    ])
      model.apply(event, NOW * 1000);
    const shown = describeMaster({ model, subscribers: 2, address: 'm2:5050' }, NOW);
    expect(shown.text()).toMatch(/^prod is led by m2:5050, term 14\n/);
    expect(shown.text()).toMatch(/^TASKS +1 {2}running 1$/m);
    expect(shown.text()).toMatch(/^ {2}CPU +1 +2 +1 +4$/m);
    expect(schemaErrors('master-show', shown.record())).toEqual([]);
    expect(shown.record()).toMatchObject({
      tasks: { total: 1, by_state: { TASK_RUNNING: 1 } },
      free: { cpus: 1 },
      subscribers: 2,
    });
  });
});

describe('events', () => {
  const model = createClusterModel();
  for (const event of [
    { type: 'SUBSCRIBED' as const, time: NOW, subscribed: { info: INFO, heartbeat_interval_seconds: 1 } },
    { type: 'SNAPSHOT' as const, time: NOW, snapshot: { agents: [agentOf(1)], frameworks: [frameworkOf(1)] } },
    { type: 'SNAPSHOT_END' as const, time: NOW },
  ])
    model.apply(event, NOW * 1000);
  const options = { form: 'table', kinds: [], filter: '', limit: 0 } as const;
  const tasks = (...tasks_updated: ReturnType<typeof taskOf>[]) =>
    ({ type: 'TASKS_UPDATED', time: NOW, tasks_updated }) as const;
  const words = (lines: readonly string[]) => lines.map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''));
  const made = {
    offer_id: { value: `${PREFIX}-O1` },
    framework_id: frameworkOf(1).framework_id,
    agent_id: agentOf(1).agent_id,
    role: 'web',
    made_at: NOW,
  };

  it('are told in words, all of them however many there are', () => {
    const many = Array.from({ length: 2000 }, (_, i) => taskOf(`t.${i}`));
    expect(wordTeller(options, false)(tasks(...many), model)).toHaveLength(2000);
    const failed = taskOf('x', { state: 'TASK_FAILED', message: 'Command exited with status 3' });
    expect(words(wordTeller(options, false)(tasks(failed), model))).toEqual(['! task x FAILED, exit 3  node-1']);
  });

  it('of offers are for who names their kind', () => {
    const event = { type: 'OFFERS_MADE' as const, time: NOW, offers_made: [made] } satisfies api.Event;
    expect(wordTeller(options, false)(event, model)).toEqual([]);
    expect(wordTeller({ ...options, kinds: ['offer'] }, false)(event, model)).toHaveLength(1);
    expect(wordTeller({ ...options, kinds: ['task'] }, false)(event, model)).toEqual([]);
  });

  it('can be chosen by words, dated, coloured', () => {
    const lost = taskOf('y', { state: 'TASK_LOST' });
    const teller = wordTeller({ ...options, form: 'wide', filter: 'task !x' }, true);
    const [line, ...others] = teller(tasks(taskOf('x'), lost), model);
    expect(line).toMatch(/^1970-01-01 \d\d:18:20 [+-]\d\d:\d\d /);
    expect(line).toContain('\u001b[1;31m! task y LOST');
    expect(others).toEqual([]);
    expect(wordFilter('')('anything')).toBe(true);
  });
});

describe('the last lines of a log', () => {
  const source = (files: Readonly<Record<string, string>>) => ({
    reads: 0,
    list: () =>
      Promise.resolve(
        Object.entries(files).map(([name, text], i) => ({
          path: `/sandbox/${name}`,
          size: Buffer.byteLength(text),
          mtime: { nanoseconds: i + 1 },
        })),
      ),
    read(name: string, offset: number) {
      this.reads++;
      const bytes = Buffer.from(files[name] ?? '');
      return Promise.resolve({ sizeBytes: bytes.length, data: bytes.subarray(offset, offset + 64 * 1024) });
    },
  });
  const last = async (files: Readonly<Record<string, string>>, lines: number) =>
    Buffer.concat((await lastLines(source(files), 'stdout', lines)).data).toString('utf8');

  it.each([
    [0, ''],
    [1, 'c\n'],
    [2, 'b\nc\n'],
    [3, 'a\nb\nc\n'],
    [9, 'a\nb\nc\n'],
  ])('%d of three', async (lines, expected) => {
    expect(await last({ stdout: 'a\nb\nc\n' }, lines)).toBe(expected);
  });

  it('counts an unfinished line, and goes back over rotations', async () => {
    expect(await last({ stdout: 'c\nd', 'stdout.1': 'a\nb\n' }, 3)).toBe('b\nc\nd');
    expect(await last({ stdout: '', 'stdout.1': 'a\nb\n' }, 1)).toBe('b\n');
    expect(await last({ stdout: '' }, 5)).toBe('');
  });

  it('reads little of a large file, and more where lines are long', async () => {
    const large = source({ stdout: `${'x'.repeat(99)}\n`.repeat(100_000) });
    const { data, follower } = await lastLines(large, 'stdout', 10);
    expect(Buffer.concat(data).length).toBe(1000);
    expect(large.reads).toBeLessThan(4);
    expect((await follower.step()).data).toEqual([]);
    const long = `${'y'.repeat(300_000)}\n`.repeat(4);
    expect(await last({ stdout: long }, 2)).toBe(long.slice(0, 600_002));
  });
});

describe('task logs', () => {
  const session = (client: FakeCluster) => ({
    client,
    console: new FakeConsole(),
    timeoutMs: 5000,
    nowMs: () => NOW * 1000,
  });
  const options = {
    reference: 'web.1',
    framework: undefined,
    names: ['stdout'] as const,
    follow: false,
    tail: undefined,
  };

  it('says where the logs of an unreachable agent are, and what is known without them', async () => {
    const client = new FakeCluster({
      agents: [{ agent_id: { value: `${PREFIX}-S1` }, state: 'UNREACHABLE', since: 848, hostname: 'node-09' }],
      tasks: [taskOf('web.1', { state: 'TASK_FAILED', message: 'Command exited with status 137' })],
    });
    await expect(showLogs(options, session(client))).rejects.toMatchObject({
      code: 'AGENT_UNREACHABLE',
      message:
        'logs of web.1 are on node-09, UNREACHABLE for 4m. The master keeps only the last state: FAILED, exit 137.',
      suggestions: ['mesoctl agent show node-09'],
    });
  });

  it('says that an agent does not answer', async () => {
    const client = new FakeCluster({ agents: [agentOf(1, { port: 1 })], tasks: [taskOf('web.1')] });
    const failure = await showLogs(options, session(client)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MesoError);
    expect(failure).toMatchObject({
      code: 'AGENT_UNREACHABLE',
      message: 'logs of web.1 are on node-1, which does not answer. The master keeps only the last state: RUNNING.',
    });
  });

  it('says that a task was never on an agent', async () => {
    const client = new FakeCluster({ tasks: [taskOf('web.1', { state: 'TASK_ERROR', agent_id: undefined })] });
    await expect(showLogs(options, session(client))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('progress', () => {
  it('says nothing about what is quick', () => {
    const console = new FakeConsole({ isLively: true });
    new Progress(console, 'Killing 3 tasks: 3 left', () => 0).end();
    expect(console.stderr).toBe('');
  });
});

describe('schemas', () => {
  it('are told of in docs/schemas/README.md, all of them', () => {
    const readme = readFileSync(join(projectRoot, 'docs/schemas/README.md'), 'utf8');
    for (const name of ['task-list', 'offer-change', 'error']) expect(readme).toContain(`(${name}.json)`);
    expect(schemaErrors('error', { error: { code: 'X', message: '', details: {}, try: [], exit: 1 } })).toEqual([]);
  });

  it('refuse a field that they do not know', () => {
    expect(schemaErrors('framework-teardown', { id: 'f', name: null, tasks: 1, dry_run: false, more: 1 })).not.toEqual(
      [],
    );
  });
});
