import { describe, expect, test } from 'vitest';
import type { ContainerFate } from '../../../src/daemon/agent/core/protocol.js';
import {
  CoreHarness,
  containerCheckpoint,
  FRAMEWORK_ID,
  frameworkInfo,
  runTasks,
  statesOf,
  taskInfo,
} from './core-harness.js';

const KILLING = frameworkInfo(['PARTITION_AWARE', 'TASK_KILLING_STATE']);

function fates(containerId: string, fate: ContainerFate): ReadonlyMap<string, ContainerFate> {
  return new Map([[containerId, fate]]);
}

function ended(containerId: string, more: object = {}): ReadonlyMap<string, ContainerFate> {
  return fates(containerId, { state: 'ended', termination: { containerId, ...more } });
}

describe('an agent that starts again', () => {
  test('takes over a running task and says nothing new about it', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    agent.drain();
    const next = agent.restart({ fates: fates(containerId, { state: 'running', pid: 100 }) });
    expect(next.takeUpdates()).toHaveLength(0);
    expect(next.sent[0]?.reregister?.tasks).toMatchObject([{ task_id: { value: 't1' }, state: 'TASK_RUNNING' }]);
    next.terminate(containerId, { waitStatus: 42 << 8 });
    expect(next.drain()).toMatchObject([{ state: 'TASK_FAILED', message: 'Command exited with status 42' }]);
  });

  test('reports a task that ended meanwhile with its true status', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    agent.drain();
    const next = agent.restart({ fates: ended(containerId, { waitStatus: 0, startedAtMs: 1, finishedAtMs: 2 }) });
    expect(statesOf(next.drain())).toEqual(['TASK_FINISHED']);
    expect(next.store.read()).toMatchObject({ tasks: [], containers: [] });
  });

  test('sends every update that was not acknowledged, in order', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    const before = agent.takeUpdates();
    agent.terminate(containerId, { waitStatus: 0 });
    const next = agent.restart();
    const after = next.drain();
    expect(statesOf(after)).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
    expect(after[0]?.uuid).toEqual(before[0]?.uuid);
  });

  test('says that a task runs when it could not say so before', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')]));
    const containerId = agent.lastLaunch();
    agent.post({ kind: 'container-starting', checkpoint: containerCheckpoint(containerId) });
    const next = agent.restart({ fates: fates(containerId, { state: 'running', pid: 77 }) });
    const statuses = next.drain();
    expect(statesOf(statuses)).toEqual(['TASK_STARTING', 'TASK_RUNNING']);
    expect(statuses[1]?.container_status?.executor_pid).toBe(77);
  });

  test('launches a task again that had not begun, under a new container id', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')]));
    const next = agent.restart();
    expect(next.launches).toMatchObject([{ task: { task_id: { value: 't1' } } }]);
    expect(next.lastLaunch()).not.toBe(agent.lastLaunch());
    next.post({ kind: 'container-starting', checkpoint: containerCheckpoint(next.lastLaunch()) });
    next.post({ kind: 'container-launched', containerId: next.lastLaunch(), pid: 5 });
    expect(statesOf(next.drain())).toEqual(['TASK_STARTING', 'TASK_RUNNING']);
  });

  test('launches a task again whose supervisor was never told to begin', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')]));
    const containerId = agent.lastLaunch();
    agent.post({ kind: 'container-starting', checkpoint: containerCheckpoint(containerId) });
    const next = agent.restart({ fates: ended(containerId, { finishedAtMs: 5 }) });
    expect(next.launches).toHaveLength(1);
    expect(next.store.read().containers).toHaveLength(0);
  });

  test('also when it finds that out only after it took the container for running', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')]));
    const containerId = agent.lastLaunch();
    agent.post({ kind: 'container-starting', checkpoint: containerCheckpoint(containerId) });
    const next = agent.restart({ fates: fates(containerId, { state: 'running', pid: 77 }) });
    next.terminate(containerId, { finishedAtMs: 5 });
    expect(next.launches).toHaveLength(1);
    next.post({ kind: 'container-starting', checkpoint: containerCheckpoint(next.lastLaunch()) });
    next.post({ kind: 'container-launched', containerId: next.lastLaunch(), pid: 78 });
    next.terminate(next.lastLaunch(), { waitStatus: 0 });
    expect(statesOf(next.drain())).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
  });

  test('does not launch again what was to be killed', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')]));
    agent.kill('t1');
    const next = agent.restart();
    expect(next.launches).toHaveLength(0);
    expect(next.drain().at(-1)).toMatchObject({ state: 'TASK_KILLED', reason: 'REASON_TASK_KILLED_DURING_LAUNCH' });
  });

  test('goes on killing where it stopped, with the grace that is left', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1', {}, { framework_info: KILLING });
    agent.kill('t1', 10_000);
    agent.advance(4_000);
    const next = agent.restart({ fates: fates(containerId, { state: 'running', pid: 100 }) });
    expect(next.take('terminate-container')).toHaveLength(1);
    next.advance(5_999);
    expect(next.take('destroy-container')).toHaveLength(0);
    next.advance(1);
    expect(next.take('destroy-container')).toHaveLength(1);
    next.terminate(containerId, { waitStatus: 9 });
    expect(statesOf(next.drain())).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
  });

  test('knows why a task died meanwhile', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    agent.kill('t1');
    const next = agent.restart({ fates: ended(containerId, { waitStatus: 15 }) });
    expect(statesOf(next.drain()).at(-1)).toBe('TASK_KILLED');
  });

  test('counts the time to complete from the launch', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1', { max_completion_time: { nanoseconds: 5e9 } });
    agent.advance(3_000);
    const next = agent.restart({ fates: fates(containerId, { state: 'running', pid: 100 }) });
    next.advance(1_999);
    expect(next.take('destroy-container')).toHaveLength(0);
    next.advance(1);
    expect(next.take('destroy-container')).toHaveLength(1);
  });

  test('goes on ending a framework in silence', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    agent.frame({ shutdown_framework: { framework_id: { value: FRAMEWORK_ID } } });
    const next = agent.restart({ fates: fates(containerId, { state: 'running', pid: 100 }) });
    next.terminate(containerId, { waitStatus: 9 });
    expect(next.takeUpdates()).toHaveLength(0);
    expect(next.store.read()).toMatchObject({ frameworks: [], tasks: [], updates: [] });
  });

  test('reports tasks without a trace as failed', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    agent.drain();
    expect(agent.restart().drain()).toMatchObject([
      {
        state: 'TASK_FAILED',
        source: 'SOURCE_AGENT',
        reason: 'REASON_EXECUTOR_TERMINATED',
        message: 'Abnormal executor termination: unknown container',
      },
    ]);
  });
});

test('a task that was being killed and left no trace was killed', () => {
  const agent = new CoreHarness();
  agent.start('t1');
  agent.kill('t1');
  expect(agent.restart().drain().at(-1)).toMatchObject({ state: 'TASK_KILLED', source: 'SOURCE_AGENT' });
});

describe('after a boot of the machine', () => {
  test('every live task has failed, the agent keeps its id', () => {
    const agent = new CoreHarness();
    const running = agent.start('t1');
    agent.frame(runTasks([taskInfo('t2')]));
    agent.drain();
    const next = agent.restart({ bootId: 'boot-2', fates: ended(running) });
    expect(next.launches).toHaveLength(0);
    expect(next.drain().map(({ state, reason }) => [state, reason])).toEqual([
      ['TASK_FAILED', 'REASON_EXECUTOR_TERMINATED'],
      ['TASK_FAILED', 'REASON_EXECUTOR_TERMINATED'],
    ]);
    expect(next.core.view.agentInfo.id?.value).toBe('m1-S0');
    expect(next.store.read().agent?.boot_id).toBe('boot-2');
  });

  test('what ended before it is reported as it ended', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    agent.drain();
    const next = agent.restart({ bootId: 'boot-2', fates: ended(containerId, { waitStatus: 7 << 8 }) });
    expect(next.drain()).toMatchObject([{ state: 'TASK_FAILED', message: 'Command exited with status 7' }]);
  });
});
