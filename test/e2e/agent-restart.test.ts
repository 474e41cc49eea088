/**
 * What an agent and its processes may lose: SIGTERM, kill -9 of the agent, of its launcher, of a supervisor, in the middle
 * of launches too; and an agent that leaves for good. Issue 2, section 4; spec pages 02 (2.6), 08 (8.2).
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Cluster } from '../harness/cluster.mjs';
import { isAlive, until } from '../harness/process.mjs';
import {
  agentOf,
  callAgent,
  Framework,
  findMarked,
  isRoot,
  launcherOf,
  processesOf,
  startAgentCluster,
  type Task,
} from './agent-fixture.js';

if (!isRoot) console.log('agent restarts: skipped, containers need root');

/** Runs until the file "stop" is in its sandbox. */
const untilStop = (end: string) => `while [ ! -e stop ]; do sleep 0.05; done; ${end}`;

describe.skipIf(!isRoot)('restarts', () => {
  let cluster: Cluster;
  let framework: Framework;

  beforeAll(async () => {
    cluster = await startAgentCluster();
    framework = await Framework.subscribe(cluster);
  });
  afterAll(() => cluster?.stop());

  async function startRunning(command: string): Promise<Task> {
    const task = await framework.start(command);
    await task.reaches('TASK_RUNNING');
    return task;
  }

  function end(task: Task): void {
    writeFileSync(join(task.sandbox, 'stop'), '');
  }

  it('keeps tasks through SIGTERM, and takes over those that run and those that ended meanwhile', async () => {
    const agent = agentOf(cluster);
    const running = await startRunning(untilStop('echo still; exit 7'));
    const ending = await startRunning(untilStop('exit 137'));
    const dying = await startRunning(untilStop('kill -9 $$'));
    const { init } = processesOf(running);
    expect((await agent.stop()).code).toBe(0);
    expect(isAlive(init)).toBe(true);
    end(ending);
    end(dying);
    await until(
      'both have ended',
      () => findMarked(ending.containerId).length + findMarked(dying.containerId).length === 0,
    );
    await agent.restart();
    expect(await ending.ended()).toMatchObject({ state: 'TASK_FAILED', message: 'Command exited with status 137' });
    expect(await dying.ended()).toMatchObject({ message: 'Command terminated with signal Killed' });
    expect(isAlive(init)).toBe(true);
    const containers = (await callAgent(agent, { type: 'GET_CONTAINERS' })).body.get_containers.containers;
    expect(containers.map((each: { container_id: { value: string } }) => each.container_id.value)).toEqual([
      running.containerId,
    ]);
    end(running);
    expect(await running.ended()).toMatchObject({ state: 'TASK_FAILED', message: 'Command exited with status 7' });
    expect(running.stdout).toBe('still\n');
    expect(running.states().filter((state) => state === 'TASK_RUNNING')).toHaveLength(1);
  });

  it('goes on with a kill that kill -9 of the agent interrupted', async () => {
    const agent = agentOf(cluster);
    const task = await startRunning('trap "" TERM; while :; do sleep 0.05; done');
    await task.kill(2);
    await task.reaches('TASK_KILLING');
    await agent.kill();
    await agent.restart();
    expect(await task.ended()).toMatchObject({
      state: 'TASK_KILLED',
      message: 'Command terminated with signal Killed',
    });
  });

  it('loses and doubles no task when it is killed with -9 amid launches', async () => {
    const agent = agentOf(cluster);
    const tasks = await framework.startAll(
      Array.from({ length: 20 }, (_, i) => `echo x >> runs; sleep 0.2; exit ${i}`),
    );
    await until('some of them have begun', () => tasks.some((task) => task.statuses().length > 0));
    await agent.kill();
    await agent.restart();
    for (const [i, task] of tasks.entries()) {
      const status = await task.ended(40_000);
      // A launch that the agent had not written down is unknown to it: the master says so.
      if (status.reason === 'REASON_RECONCILIATION') continue;
      expect(status).toMatchObject({ message: `Command exited with status ${i}` });
      const runs = readdirSync(join(task.sandbox, '..')).filter((name) => name !== 'latest');
      const ran = runs.filter((run) => existsSync(join(task.sandbox, '..', run, 'runs')));
      expect(ran).toHaveLength(1);
    }
  });

  it('starts its launcher again when that is killed with -9; tasks and their exit codes stay', async () => {
    const agent = agentOf(cluster);
    const before = await startRunning(untilStop('exit 5'));
    const launcher = launcherOf(agent);
    process.kill(launcher, 'SIGKILL');
    const { end: after } = await framework.run('exit 6');
    expect(after).toMatchObject({ message: 'Command exited with status 6' });
    expect(launcherOf(agent)).not.toBe(launcher);
    end(before);
    expect(await before.ended()).toMatchObject({ message: 'Command exited with status 5' });
  });

  it('kills what a killed supervisor leaves, and says signal 9', async () => {
    const mark = `mark-${Math.random()}`;
    const task = await startRunning(`trap "" TERM HUP; setsid sh -c 'while :; do sleep 0.05; done # ${mark}' & wait`);
    await until('its child is there', () => findMarked(mark).length > 0);
    process.kill(processesOf(task).supervisor, 'SIGKILL');
    expect(await task.ended()).toMatchObject({
      state: 'TASK_FAILED',
      message: 'Command terminated with signal Killed',
    });
    expect(findMarked(mark)).toEqual([]);
  });

  it('says the same of a supervisor that was killed while the agent was down', async () => {
    const agent = agentOf(cluster);
    const task = await startRunning('sleep 1000');
    const { supervisor, init } = processesOf(task);
    await agent.kill();
    process.kill(supervisor, 'SIGKILL');
    await until('init is gone', () => !isAlive(init));
    await agent.restart();
    expect(await task.ended()).toMatchObject({
      state: 'TASK_FAILED',
      message: 'Command terminated with signal Killed',
    });
  });

  it('sends an update that nobody acknowledged again, after ten seconds and after a restart', async () => {
    const agent = agentOf(cluster);
    framework.acknowledges = false;
    onTestFinished(() => {
      framework.acknowledges = true;
    });
    const task = await framework.start('exit 3');
    const starting = () => task.statuses().filter((status) => status.state === 'TASK_STARTING');
    await until('the first update', () => starting().length === 1);
    const firstAtMs = Date.now();
    await until('it comes again', () => starting().length === 2, { deadlineMs: 15_000 });
    expect(Date.now() - firstAtMs).toBeGreaterThan(8_500);
    await agent.restart();
    await until('and again', () => starting().length > 2, {
      deadlineMs: 9_000,
      explain: () => `${starting().length} so far`,
    });
    expect(new Set(starting().map((status) => status.uuid)).size).toBe(1);
    expect(task.states()).not.toContain('TASK_RUNNING');
    framework.acknowledges = true;
    expect(await task.ended()).toMatchObject({ message: 'Command exited with status 3' });
    expect(new Set(task.states())).toEqual(new Set(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FAILED']));
  });

  it('kills its tasks at SIGUSR1, leaves the cluster, and comes back as another agent', async () => {
    const agent = agentOf(cluster);
    const task = await startRunning('trap "" TERM; while :; do sleep 0.05; done');
    const agentId = task.statuses()[0].agent_id.value;
    const left = agent.unregister(20_000);
    expect((await task.ended()).state).toBe('TASK_KILLED');
    expect(await left).toMatchObject({ code: 0 });
    expect(findMarked(task.containerId)).toEqual([]);
    await agent.restart();
    const { end: again } = await framework.run('true');
    expect(again.state).toBe('TASK_FINISHED');
    expect(again.agent_id.value).not.toBe(agentId);
  });
});
