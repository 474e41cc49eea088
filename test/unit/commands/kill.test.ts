/** Killing: what is asked, what is sent, what is waited for. */
import { describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { confirm } from '../../../src/cli/confirm.js';
import { teardownFramework } from '../../../src/cli/framework/teardown-framework.js';
import { killTasks } from '../../../src/cli/task/kill-tasks.js';
import { TaskEnds } from '../../../src/cli/task/task-ends.js';
import { agentOf, FakeCluster, frameworkOf, INFO, PREFIX, taskOf } from './support/fake-cluster.js';
import { FakeConsole, type FakeConsoleOptions } from './support/fake-console.js';

const named = (...texts: readonly string[]) => texts.map((text) => ({ text, isWhole: false }));

const OPTIONS = {
  references: named('web.1'),
  filter: undefined,
  framework: undefined,
  yes: false,
  noInput: false,
  dryRun: false,
  wait: true,
  json: false,
};

function setUp(options: FakeConsoleOptions = {}, principal = 'ops') {
  const cluster = new FakeCluster({
    agents: [agentOf(1)],
    frameworks: [frameworkOf(1, { name: 'shop', principal, state: 'DISCONNECTED', usage: usageOf(3) })],
    tasks: [taskOf('web.1'), taskOf('web.2'), taskOf('old.1', { state: 'TASK_FAILED', place: 'COMPLETED' })],
  });
  const console = new FakeConsole(options);
  return { cluster, console, session: { client: cluster, console, timeoutMs: 300, nowMs: Date.now } };
}

function usageOf(tasks: number) {
  return { framework_id: { value: `${PREFIX}-0001` }, tasks };
}

describe('task kill', () => {
  it('kills one task typed by name without a question, and waits for its end', async () => {
    const { cluster, console, session } = setUp();
    expect(await killTasks(OPTIONS, session)).toBe(0);
    expect(cluster.killed).toEqual(['web.1']);
    expect(console.stdout).toBe('web.1 ended: KILLED\n');
    expect(console.stderr).toBe('');
  });

  it('asks before several, naming them and the cluster', async () => {
    const { cluster, console, session } = setUp({ canAsk: true, answers: ['y'] });
    expect(await killTasks({ ...OPTIONS, references: named('web.1', 'web.2') }, session)).toBe(0);
    expect(console.stderr).toBe('  web.1 RUNNING node-1\n  web.2 RUNNING node-1\nKill 2 tasks on prod? [y/N] ');
    expect(cluster.killed).toEqual(['web.1', 'web.2']);
  });

  it.each([[['n']], [['']], [[]]])('does nothing when the answer is %j', async (answers) => {
    const { cluster, console, session } = setUp({ canAsk: true, answers });
    expect(await killTasks({ ...OPTIONS, references: named('web.1', 'web.2') }, session)).toBe(1);
    expect(cluster.killed).toEqual([]);
    expect(console.stderr).toMatch(/Nothing was done\.\n$/);
    expect(console.stdout).toBe('');
  });

  it('does nothing where nobody can answer', async () => {
    const { cluster, session } = setUp();
    const options = { ...OPTIONS, references: named(), filter: 'state=RUNNING' };
    await expect(killTasks(options, session)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    const terminal = setUp({ canAsk: true, answers: ['y'] });
    await expect(killTasks({ ...options, noInput: true }, terminal.session)).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    expect([...cluster.killed, ...terminal.cluster.killed]).toEqual([]);
  });

  it('--yes takes the question away; a filter hits live tasks only', async () => {
    const { cluster, console, session } = setUp();
    expect(await killTasks({ ...OPTIONS, references: named(), filter: 'shop', yes: true }, session)).toBe(0);
    expect([...cluster.killed].sort()).toEqual(['web.1', 'web.2']);
    expect(console.stdout.split('\n').sort()).toEqual(['', 'web.1 ended: KILLED', 'web.2 ended: KILLED']);
  });

  it('--dry-run lets the master judge and does nothing', async () => {
    const { cluster, console, session } = setUp();
    expect(await killTasks({ ...OPTIONS, references: named(), filter: 'shop', dryRun: true }, session)).toBe(0);
    expect([...cluster.killed].sort()).toEqual(['web.1?', 'web.2?']);
    expect(console.stdout).toContain('would kill web.1 RUNNING node-1\n');
  });

  it('finds every task before it kills one', async () => {
    const { cluster, session } = setUp();
    await expect(
      killTasks({ ...OPTIONS, references: named('web.1', 'nope', 'web'), yes: true }, session),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('"web" matches 2 tasks') });
    expect(cluster.killed).toEqual([]);
  });

  it('says what has ended already', async () => {
    const { cluster, console, session } = setUp();
    expect(await killTasks({ ...OPTIONS, references: named('old.1') }, session)).toBe(0);
    expect(console.stdout).toBe('old.1 had ended already: FAILED\n');
    expect(cluster.killed).toEqual([]);
  });

  it('gives up waiting at the deadline', async () => {
    const { cluster, session } = setUp();
    cluster.endState = undefined;
    await expect(killTasks(OPTIONS, session)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'web.1 has not ended within 0.3s, and has been told to',
      details: { pending: ['web.1'] },
    });
  });

  it('--no-wait returns when it is told, and says what waits for its agent', async () => {
    const { cluster, console, session } = setUp();
    cluster.endState = undefined;
    cluster.waitsForAgent = true;
    expect(await killTasks({ ...OPTIONS, wait: false }, session)).toBe(0);
    expect(console.stdout).toBe('web.1 is told to end, once its agent is back\n');
  });

  it('does not know what came of a kill whose leader was lost', async () => {
    const { cluster, session } = setUp();
    cluster.refusal = new MesoError('OUTCOME_UNKNOWN', 'lost');
    await expect(killTasks(OPTIONS, session)).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      suggestions: ['mesoctl task show web.1'],
    });
  });

  it('ends the framework of a detached task, and no other', async () => {
    const other = setUp();
    await killTasks(OPTIONS, other.session);
    expect(other.cluster.tornDown).toEqual([]);
    const framework = { framework_id: { value: `${PREFIX}-0001` } };
    const client = new FakeCluster({
      frameworks: [frameworkOf(1, { principal: 'detached', state: 'DISCONNECTED' })],
      tasks: [taskOf('old.1', { ...framework, state: 'TASK_KILLED' })],
    });
    await killTasks({ ...OPTIONS, references: named('old.1') }, { ...other.session, client });
    expect(client.tornDown).toEqual([`${PREFIX}-0001`]);
  });

  it('leaves a detached framework that still runs something', async () => {
    const { cluster, session } = setUp({}, 'detached');
    await killTasks({ ...OPTIONS, references: named('old.1') }, session);
    expect(cluster.tornDown).toEqual([]);
  });

  it('is an array for programs', async () => {
    const { console, session } = setUp();
    await killTasks({ ...OPTIONS, json: true }, session);
    expect(JSON.parse(console.stdout)).toMatchObject([{ id: 'web.1', state: 'TASK_KILLED', ended: true }]);
  });
});

describe('framework teardown', () => {
  const options = { reference: 'shop', yes: true, noInput: false, dryRun: false, json: false };

  it('asks with what will be hit', async () => {
    const { cluster, console, session } = setUp({ canAsk: true, answers: ['yes'] });
    expect(await teardownFramework({ ...options, yes: false }, session)).toBe(0);
    expect(console.stderr).toContain('web.1 RUNNING');
    expect(console.stderr).not.toContain('old.1');
    expect(console.stderr).toContain('and 1 more\n');
    expect(console.stderr).toContain(`Tear down shop (${PREFIX}-0001) and kill 3 tasks on prod? [y/N] `);
    expect(cluster.tornDown).toEqual([`${PREFIX}-0001`]);
  });

  it('does nothing in a dry run, or where nobody can answer', async () => {
    const { cluster, console, session } = setUp();
    expect(await teardownFramework({ ...options, dryRun: true }, session)).toBe(0);
    expect(console.stdout).toMatch(/^would tear down shop .* and kill 3 tasks\n {2}web\.1 RUNNING/);
    await expect(teardownFramework({ ...options, yes: false }, session)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(cluster.tornDown).toEqual([]);
  });

  it('refuses one that has ended', async () => {
    const { session } = setUp();
    const client = new FakeCluster({ frameworks: [frameworkOf(1, { name: 'shop', state: 'COMPLETED' })] });
    await expect(teardownFramework(options, { ...session, client })).rejects.toMatchObject({ code: 'REFUSED' });
  });
});

describe('confirm', () => {
  it('shows ten and counts the rest', async () => {
    const console = new FakeConsole({ canAsk: true, answers: ['Y'] });
    const items = Array.from({ length: 31 }, (_, i) => `task ${i}`);
    expect(await confirm({ text: 'Kill 31 tasks on prod?', items }, { yes: false, noInput: false }, console)).toBe(
      true,
    );
    expect(console.stderr.split('\n')).toHaveLength(12);
    expect(console.stderr).toContain('  task 9\n  and 21 more\nKill 31 tasks on prod? [y/N] ');
  });
});

describe('TaskEnds', () => {
  const subscribed = {
    type: 'SUBSCRIBED',
    time: 1,
    subscribed: { info: INFO, heartbeat_interval_seconds: 1 },
  } as const;
  const snapshot = (...tasks: ReturnType<typeof taskOf>[]) =>
    ({ type: 'SNAPSHOT', time: 1, snapshot: { tasks } }) as const;
  const end = { type: 'SNAPSHOT_END', time: 1 } as const;

  it('notices ends in changes, snapshots, and by absence, each once', () => {
    const ends = new TaskEnds(['a', 'b', 'c', 'd'].map((id) => taskOf(id)));
    const told = [
      subscribed,
      snapshot(taskOf('a'), taskOf('b', { state: 'TASK_FAILED' }), taskOf('d'), taskOf('other')),
      end,
      { type: 'TASKS_UPDATED' as const, time: 2, tasks_updated: [taskOf('a', { state: 'TASK_KILLED' })] },
      { type: 'TASKS_REMOVED' as const, time: 2, tasks_removed: [taskOf('a')] },
    ].map((event) => ends.take(event).map(({ key, task }) => [key.split('/')[1], task?.state]));
    expect(told).toEqual([[], [['b', 'TASK_FAILED']], [['c', undefined]], [['a', 'TASK_KILLED']], []]);
    expect([...ends.pending]).toEqual([`${PREFIX}-0001/d`]);
  });

  it('a task that a new master knows has not ended', () => {
    const ends = new TaskEnds([taskOf('a')]);
    for (const event of [subscribed, snapshot(taskOf('a')), end, subscribed, snapshot(taskOf('a')), end])
      expect(ends.take(event)).toEqual([]);
  });
});
