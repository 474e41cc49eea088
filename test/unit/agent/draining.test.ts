/** Draining: what an agent kills, refuses and reports while an operator wants it empty. */
import { describe, expect, test } from 'vitest';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { AGENT_ID, CoreHarness, frameworkInfo, runTasks, taskInfo, welcome } from './core-harness.js';

const seconds = (value: number) => ({ nanoseconds: value * 1e9 });

function drain(agent: CoreHarness, config: mesos.DrainConfig = {}): void {
  agent.frame({ drain_agent: { config } });
}

function reregistered(agent: CoreHarness): void {
  agent.frame({ ping: { connected: false } });
  agent.advance(0);
  agent.frame({
    registered: { agent_id: { value: AGENT_ID }, master_info: welcome().master_info, reregistered: true },
  });
}

/** How long until the container is destroyed, in s. */
function graceOf(own: number | undefined, most: number | undefined): number {
  const agent = new CoreHarness();
  agent.start('t1', own === undefined ? {} : { kill_policy: { grace_period: seconds(own) } });
  drain(agent, most === undefined ? {} : { max_grace_period: seconds(most) });
  for (let waited = 0; waited < 100; waited++) {
    if (agent.take('destroy-container').length > 0) return waited;
    agent.advance(1000);
  }
  return Number.NaN;
}

describe('a draining agent', () => {
  test('remembers it before the first signal', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    agent.effects = [];
    drain(agent, { max_grace_period: seconds(9), mark_gone: true });
    const kinds = agent.effects.filter(({ type, kind }) => type === 'persist' || kind === 'terminate-container');
    expect(kinds.map(({ type }) => type)).toContain('persist');
    expect(agent.take('terminate-container')).toMatchObject([{ type: 'afterPersist' }]);
    expect(agent.take('change').filter(({ change }) => change.kind === 'put-agent')).toMatchObject([
      { durability: 'machine', change: { agent: { drain_config: { mark_gone: true } } } },
    ]);
  });

  test.each([
    [undefined, undefined, 3],
    [undefined, 7, 7],
    [20, undefined, 20],
    [20, 7, 7],
    [5, 7, 5],
    [20, 0, 0],
  ])('gives a task with a grace of %j, of at most %j, %d s', (own, most, expected) => {
    expect(graceOf(own, most)).toBe(expected);
  });

  test('says why a task was killed; an end of its own stays what it is', () => {
    const agent = new CoreHarness();
    const killed = agent.start('t1', {}, { framework_info: frameworkInfo(['PARTITION_AWARE', 'TASK_KILLING_STATE']) });
    agent.drain();
    drain(agent);
    expect(agent.drain()).toMatchObject([{ state: 'TASK_KILLING', reason: 'REASON_AGENT_DRAINING' }]);
    agent.terminate(killed, { waitStatus: 15 });
    expect(agent.drain()).toMatchObject([{ state: 'TASK_KILLED', reason: 'REASON_AGENT_DRAINING' }]);
  });

  test.each([
    [['PARTITION_AWARE'] as const, 'TASK_GONE_BY_OPERATOR'],
    [[] as const, 'TASK_KILLED'],
  ])('that is to be gone tells frameworks with %j %s', (capabilities, state) => {
    const agent = new CoreHarness();
    const container = agent.start('t1', {}, { framework_info: frameworkInfo(capabilities) });
    agent.drain();
    drain(agent, { mark_gone: true });
    agent.terminate(container, { waitStatus: 15 });
    expect(agent.drain()).toMatchObject([{ state, reason: 'REASON_AGENT_DRAINING' }]);
  });

  test('takes no tasks, and says so', () => {
    const agent = new CoreHarness();
    drain(agent);
    agent.frame(runTasks([taskInfo('t1')]));
    expect(agent.launches).toEqual([]);
    expect(agent.drain()).toMatchObject([{ state: 'TASK_DROPPED', reason: 'REASON_AGENT_DRAINING' }]);
  });

  test('goes on after a restart, and reports it when it registers', () => {
    const agent = new CoreHarness();
    const container = agent.start('t1');
    drain(agent, { max_grace_period: seconds(9) });
    const next = agent.restart({ fates: new Map([[container, { state: 'running', pid: 1 }]]) });
    expect(next.take('terminate-container')).toHaveLength(1);
    expect(next.sent.find(({ reregister }) => reregister !== undefined)?.reregister?.drain_config).toEqual({
      max_grace_period: seconds(9),
    });
    expect(next.core.view.drain?.startedAtMs).toBe(agent.core.view.drain?.startedAtMs);
  });

  test('goes on when the master that registers it wants that still', () => {
    const agent = new CoreHarness();
    drain(agent);
    reregistered(agent);
    drain(agent);
    agent.frame({ ping: { connected: true } });
    agent.frame(runTasks([taskInfo('t1')]));
    expect(agent.launches).toEqual([]);
  });

  test.each(['ping', 'tasks'])('is one no longer when a master registers it without: seen at the next %s', (what) => {
    const agent = new CoreHarness();
    drain(agent);
    agent.frame({ ping: { connected: true } });
    expect(agent.core.view.drain).toBeDefined();
    reregistered(agent);
    if (what === 'ping') agent.frame({ ping: { connected: true } });
    else agent.frame(runTasks([taskInfo('t1')]));
    expect(agent.core.view.drain).toBeUndefined();
    expect(agent.store.read().agent?.drain_config).toBeUndefined();
    agent.frame(runTasks([taskInfo('t2')]));
    expect(agent.launches.at(-1)?.task.task_id.value).toBe('t2');
  });
});
