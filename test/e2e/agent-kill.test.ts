/**
 * How tasks of a real agent are ended: kill policies, what a task does against it, limits of time, frameworks that go.
 * No process of a task may survive its end. Issue 2, section 4; spec page 14, sections 14.2 and 14.6.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Cluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { Framework, findMarked, isRoot, startAgentCluster, type Task } from './agent-fixture.js';

/** Prints "ready", then answers SIGTERM with `onTerm`. */
const trap = (onTerm: string) => `trap '${onTerm}' TERM; echo ready; while :; do sleep 0.05; done`;
const secs = (statusAfter: { timestamp: number }, statusBefore: { timestamp: number }) =>
  statusAfter.timestamp - statusBefore.timestamp;

if (!isRoot) console.log('agent kills: skipped, containers need root');

describe.skipIf(!isRoot)('ending tasks', () => {
  let cluster: Cluster;
  let framework: Framework;

  beforeAll(async () => {
    cluster = await startAgentCluster(['--executor-shutdown-grace-period', '3secs']);
    framework = await Framework.subscribe(cluster);
  });
  afterAll(() => cluster?.stop());

  async function startReady(command: string, info: object = {}): Promise<Task> {
    const task = await framework.start(command, { info });
    await task.reaches('TASK_RUNNING');
    await task.prints('ready');
    return task;
  }

  it('sends SIGTERM first, says TASK_KILLING, and calls the end killed whatever the exit code', async () => {
    const task = await startReady(trap('echo got TERM; exit 0'));
    await task.kill();
    expect(await task.ended()).toMatchObject({ state: 'TASK_KILLED', message: 'Command exited with status 0' });
    expect(task.states()).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
    expect(task.stdout).toContain('got TERM');
  });

  it('says TASK_KILLING only to those who know the word', async () => {
    const plain = await framework.makeRoom({ capabilities: [] });
    onTestFinished(() => framework.takeBack(plain));
    const task = await plain.start('sleep 100');
    await task.reaches('TASK_RUNNING');
    await task.kill();
    expect((await task.ended()).state).toBe('TASK_KILLED');
    expect(task.states()).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLED']);
  });

  it('sends SIGKILL after the grace of the call, else of the task, else three seconds', async () => {
    const stubborn = trap('echo no');
    const policy = { kill_policy: { grace_period: { nanoseconds: 1_500_000_000 } } };
    const tasks = [await startReady(stubborn, policy), await startReady(stubborn, policy), await startReady(stubborn)];
    await Promise.all([tasks[0]?.kill(0.5), tasks[1]?.kill(), tasks[2]?.kill()]);
    const took = [];
    for (const task of tasks) {
      const end = await task.ended();
      expect(end).toMatchObject({ state: 'TASK_KILLED', message: 'Command terminated with signal Killed' });
      took.push(secs(end, await task.reaches('TASK_KILLING')));
      expect(task.stdout).toContain('no');
    }
    for (const [i, graceSecs] of [0.5, 1.5, 3].entries()) {
      expect(took[i]).toBeGreaterThanOrEqual(graceSecs - 0.02);
      expect(took[i]).toBeLessThan(graceSecs + 2);
    }
  });

  it('lets a second kill shorten the grace and never lengthen it', async () => {
    const shortened = await startReady(trap('echo no'));
    const kept = await startReady(trap('echo no'));
    await shortened.kill(60);
    await kept.kill(1);
    await Promise.all([shortened.reaches('TASK_KILLING'), kept.reaches('TASK_KILLING')]);
    await shortened.kill(0.5);
    await kept.kill(60);
    for (const task of [shortened, kept]) {
      const end = await task.ended(10_000);
      expect(end.state).toBe('TASK_KILLED');
      expect(task.states().filter((state) => state === 'TASK_KILLING')).toHaveLength(1);
    }
  });

  it('kills at once with a grace of zero', async () => {
    const task = await startReady(trap('echo got TERM; exit 0'));
    await task.kill(0);
    expect((await task.ended()).message).toBe('Command terminated with signal Killed');
    expect(task.stdout).not.toContain('got TERM');
  });

  it.each([
    ['daemons of a task that is killed', (mark: string) => `${escapes(mark)}; echo ready; sleep 100`],
    ['daemons of a task that ends by itself', (mark: string) => `${escapes(mark)}; echo ready; sleep 0.3; exit 3`],
    [
      'children that close everything',
      (mark: string) => `setsid sh -c 'exec <&- >&- 2>&-; ${loop(mark)}' & echo ready; sleep 100`,
    ],
    ['stopped processes', (mark: string) => `sh -c 'kill -STOP $$; # ${mark}' & echo ready; sleep 100`],
    ['a task that left its cgroup', (mark: string) => `${leaveCgroup}; echo ready; sh -c '${loop(mark)}'`],
  ])('leaves nothing of %s', async (_what, command) => {
    const mark = `mark-${Math.random()}`;
    const task = await startReady(command(mark));
    if (!(await endsSoon(task))) {
      await until('the processes are there', () => findMarked(mark).length > 0);
      await task.kill(0.2);
    }
    const end = await task.ended();
    expect(end.state).toMatch(/^TASK_(KILLED|FAILED)$/);
    expect(findMarked(mark)).toEqual([]);
    expect(findMarked(task.containerId)).toEqual([]);
  });

  it('kills a task that has not begun, and one that was never there', async () => {
    const tasks = await framework.startAll(Array.from({ length: 20 }, () => 'touch ran; sleep 100'));
    await Promise.all(tasks.map((task) => task.kill()));
    let inTime = 0;
    for (const task of tasks) {
      const end = await task.ended(40_000);
      expect(end.state).toBe('TASK_KILLED');
      // One that had been let go when the kill came is not reported as running any more, and has run.
      if (end.reason !== 'REASON_TASK_KILLED_DURING_LAUNCH') continue;
      inTime += 1;
      if (task.containerId !== undefined) expect(existsSync(join(task.sandbox, 'ran'))).toBe(false);
    }
    expect(inTime).toBeGreaterThan(0);
  });

  it('ends what takes longer than its max_completion_time, without TASK_KILLING', async () => {
    const info = { max_completion_time: { nanoseconds: 700_000_000 } };
    const { task, end } = await framework.run(trap('echo no'), { info });
    expect(end).toMatchObject({
      state: 'TASK_FAILED',
      reason: 'REASON_MAX_COMPLETION_TIME_REACHED',
      message: 'Command terminated with signal Killed',
    });
    expect(task.states()).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FAILED']);
    expect((await framework.run('true', { info })).end.state).toBe('TASK_FINISHED');
  });

  it('kills the tasks of a framework that is torn down, those that do not want to as well', async () => {
    const mark = `mark-${Math.random()}`;
    const other = await framework.makeRoom({});
    onTestFinished(() => framework.takeBack(other));
    const tasks = await other.startAll([`${loop(mark)}`, `trap "" TERM; setsid sh -c '${loop(mark)}' & ${loop(mark)}`]);
    await Promise.all(tasks.map((task) => task.reaches('TASK_RUNNING')));
    await until('the processes are there', () => findMarked(mark).length >= 3);
    await other.tearDown();
    await until('the processes are gone', () => findMarked(mark).length === 0);
  });
});

const loop = (mark: string) => `trap "" TERM HUP INT; while :; do sleep 0.05; done # ${mark}`;

/** A double fork, a session of its own, one that ignores signals, and one whose parent is gone. */
function escapes(mark: string): string {
  const daemon = `sh -c '${loop(mark)}'`;
  return `(${daemon} &) ; setsid ${daemon} & (setsid sh -c "nohup ${daemon} >/dev/null 2>&1 &"); sleep 0.2`;
}

/** A task that is root can move itself and its init: through the mount below the view of its own cgroup. */
const leaveCgroup =
  "m=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo); umount $m; for p in $$ 1; do echo $p > $m/cgroup.procs; done";

async function endsSoon(task: Task): Promise<boolean> {
  try {
    await task.ended(1_000);
    return true;
  } catch {
    return false;
  }
}
