import { describe, expect, it } from 'vitest';
import { getRoles, getState } from '../../../src/daemon/master/core/snapshot.js';
import { taskInfo } from './support/fake-scheduler.js';
import { Harness } from './support/harness.js';
import { offeredPair, runningPair } from './support/scenarios.js';

describe('the operator event stream', () => {
  it('begins with a snapshot and a heartbeat, which repeats every 15 s', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    const { events } = harness.operator();
    expect(events.map(({ type }) => type)).toEqual(['SUBSCRIBED', 'HEARTBEAT']);
    const subscribed = events[0]?.subscribed;
    expect(subscribed?.heartbeat_interval_seconds).toBe(15);
    expect(subscribed?.get_state?.get_tasks?.tasks?.map(({ task_id }) => task_id.value)).toEqual(['t']);
    expect(subscribed?.get_state?.get_frameworks?.frameworks?.[0]?.framework_info.id).toEqual({ value: scheduler.id });
    expect(subscribed?.get_state?.get_agents?.agents?.[0]).toMatchObject({
      agent_info: { id: { value: agent.id } },
      active: true,
      version: '1.0.0',
    });
    agent.update('t', 'TASK_FINISHED');
    expect(subscribed?.get_state?.get_tasks?.tasks?.[0]?.state).toBe('TASK_RUNNING');
    harness.advance(30_000);
    expect(events.filter(({ type }) => type === 'HEARTBEAT')).toHaveLength(3);
  });

  it('tells of agents, frameworks and tasks as they come and change', () => {
    const harness = new Harness();
    const { events } = harness.operator();
    const agent = harness.agent().register();
    const scheduler = harness.scheduler({ failover_timeout: 100 });
    scheduler.subscribe();
    harness.settle();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 't'));
    agent.update('t', 'TASK_RUNNING');
    agent.update('t', 'TASK_RUNNING');
    agent.update('t', 'TASK_RUNNING', { healthy: true, reason: 'REASON_TASK_HEALTH_CHECK_STATUS_UPDATED' });
    scheduler.disconnect();
    scheduler.subscribe();
    scheduler.call({ type: 'TEARDOWN' });
    expect(events.slice(2).map(({ type }) => type)).toEqual([
      'AGENT_ADDED',
      'FRAMEWORK_ADDED',
      'TASK_ADDED',
      'TASK_UPDATED',
      'TASK_UPDATED',
      'FRAMEWORK_UPDATED',
      'TASK_UPDATED',
      'FRAMEWORK_REMOVED',
    ]);
    expect(events.findLast(({ type }) => type === 'TASK_UPDATED')?.task_updated?.state).toBe('TASK_KILLED');
  });

  it('goes to each subscriber once, encoded together, and to no one who left', () => {
    const harness = new Harness();
    const first = harness.operator();
    const second = harness.operator();
    harness.send({ kind: 'operator-closed', connectionId: first.connectionId });
    harness.agent().register();
    expect(first.events).toHaveLength(2);
    expect(second.events.at(-1)?.type).toBe('AGENT_ADDED');
    expect(harness.core.view.operatorSubscribers).toBe(1);
  });

  it('drops the oldest subscriber beyond the maximum', () => {
    const harness = new Harness({ config: { maxOperatorEventStreamSubscribers: 2 } });
    const [oldest] = [harness.operator(), harness.operator(), harness.operator()];
    expect(harness.core.view.operatorSubscribers).toBe(2);
    const closed = { type: 'now', kind: 'close-stream', connectionId: oldest?.connectionId };
    expect(harness.effects).toContainEqual(closed);
  });
});

describe('operator calls', () => {
  it('TEARDOWN: 200 when it is done, 400 for an unknown framework', () => {
    const { harness, scheduler } = runningPair(['t']);
    const teardown = (value: string) => ({ type: 'TEARDOWN' as const, teardown: { framework_id: { value } } });
    expect(harness.operatorCall(teardown('nobody'))).toMatchObject({ status: 400 });
    expect(harness.operatorCall(teardown(scheduler.id))).toMatchObject({ status: 200 });
    expect(scheduler.isClosed).toBe(true);
    expect(harness.operatorCall(teardown(scheduler.id))).toMatchObject({ status: 400 });
  });

  it('501 for what the core does not take', () => {
    const harness = new Harness();
    expect(harness.operatorCall({ type: 'GET_HEALTH' })).toMatchObject({ status: 501 });
  });
});

describe('the view', () => {
  it('shows offers, executors, roles and resources', () => {
    const { harness, scheduler, agent } = offeredPair({ role: 'web' });
    const state = getState(harness.core.view);
    expect(state.get_frameworks?.frameworks?.[0]?.offers?.[0]?.id).toEqual({ value: 'm1-O0' });
    expect(state.get_agents?.agents?.[0]?.offered_resources).toHaveLength(2);
    const offer = scheduler.takeOffer();
    const executor = { executor_id: { value: 'e' }, command: { value: 'c' } };
    scheduler.launch(offer, taskInfo(offer, 't', { command: undefined, executor }));
    const after = getState(harness.core.view);
    expect(after.get_executors?.executors?.[0]).toMatchObject({
      executor_info: { executor_id: { value: 'e' }, framework_id: { value: scheduler.id } },
      agent_id: { value: agent.id },
    });
    expect(after.get_agents?.agents?.[0]?.allocated_resources?.[0]).toMatchObject({
      name: 'cpus',
      scalar: { value: 1 },
      allocation_info: { role: 'web' },
    });
    expect(getRoles(harness.core.view).roles).toMatchObject([
      { name: 'web', weight: 1, frameworks: [{ value: scheduler.id }] },
    ]);
  });

  it('has every metric of a master, from the start', () => {
    const { harness } = runningPair(['t']);
    const gauges = harness.core.view.gauges(harness.now().unixMs);
    expect(gauges.get('master/cpus_total')).toBe(4);
    expect(gauges.get('master/cpus_used')).toBe(1);
    expect(gauges.get('master/mem_percent')).toBe(128 / 4096);
    expect(gauges.get('master/slaves_active')).toBe(1);
    expect(gauges.get('master/frameworks_active')).toBe(1);
    expect(gauges.get('master/tasks_running')).toBe(1);
    expect(gauges.get('master/elected')).toBe(1);
    expect(gauges.get('master/frameworks/test/m1-0000/calls/accept')).toBe(1);
    expect(gauges.get('master/frameworks/test/m1-0000/tasks/active/task_running')).toBe(1);
    expect(gauges.get('master/frameworks/test/m1-0000/tasks/active/task_staging')).toBe(0);
    const { counters } = new Harness().core.view;
    expect(counters.get('master/messages_launch_tasks')).toBe(0);
    expect(counters.get('master/tasks_gone_by_operator')).toBe(0);
  });

  it('changes the version of a task with every change', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    const task = harness.core.view.frameworks.get(scheduler.id)?.tasks.get('t');
    const before = task?.version ?? 0;
    agent.update('t', 'TASK_RUNNING');
    expect(task?.version).toBeGreaterThan(before);
  });
});
