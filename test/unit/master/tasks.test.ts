import { describe, expect, it } from 'vitest';
import { taskInfo } from './support/fake-scheduler.js';
import { cpusMem, Harness } from './support/harness.js';
import { offeredPair, PARTITION_AWARE, runningPair } from './support/scenarios.js';

describe('status updates', () => {
  it('reach the scheduler with agent and time, and change the state', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_RUNNING', agent_id: { value: agent.id } });
    expect(scheduler.lastUpdate.timestamp).toBeGreaterThan(1.6e9);
    const task = harness.core.view.frameworks.get(scheduler.id)?.tasks.get('t');
    expect(task?.message).toMatchObject({ state: 'TASK_RUNNING', status_update_state: 'TASK_RUNNING' });
  });

  it('are dropped for an absent scheduler, kept in the books, and repeated by the agent', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    scheduler.disconnect();
    agent.update('t', 'TASK_FINISHED');
    const framework = harness.core.view.frameworks.get(scheduler.id);
    expect(framework?.tasks.get('t')?.message.state).toBe('TASK_FINISHED');
    scheduler.subscribe();
    expect(scheduler.updates).toEqual([]);
    expect(agent.received('update_framework')).toHaveLength(1);
    agent.update('t', 'TASK_FINISHED');
    expect(scheduler.lastUpdate.state).toBe('TASK_FINISHED');
  });

  it('are forwarded again when they come again', () => {
    const { scheduler, agent } = runningPair(['t']);
    const before = scheduler.updates.length;
    const uuid = agent.update('t', 'TASK_RUNNING');
    agent.update('t', 'TASK_RUNNING', { uuid });
    expect(scheduler.updates).toHaveLength(before + 2);
  });

  it('keep one entry per consecutive state, without data', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    agent.update('t', 'TASK_RUNNING', { healthy: true, data: new Uint8Array([1]) });
    expect(scheduler.lastUpdate.data).toEqual(new Uint8Array([1]));
    agent.update('t', 'TASK_KILLING');
    const statuses = harness.core.view.frameworks.get(scheduler.id)?.tasks.get('t')?.message.statuses;
    expect(statuses?.map(({ state, healthy, data }) => [state, healthy, data])).toEqual([
      ['TASK_RUNNING', true, undefined],
      ['TASK_KILLING', undefined, undefined],
    ]);
  });

  it('of a state that is ahead free resources before they are delivered', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    const framework_id = { value: scheduler.id };
    const status = { task_id: { value: 't' }, state: 'TASK_RUNNING' as const, uuid: new Uint8Array(16).fill(9) };
    agent.frame({ status_update: { framework_id, status, latest_state: 'TASK_FAILED' } });
    const task = harness.core.view.frameworks.get(scheduler.id)?.tasks.get('t');
    expect(task?.message).toMatchObject({ state: 'TASK_FAILED', status_update_state: 'TASK_RUNNING' });
    expect(harness.core.view.agents.get(agent.id)?.allocated().isEmpty).toBe(true);
    scheduler.acknowledge(scheduler.lastUpdate);
    expect(harness.core.view.frameworks.get(scheduler.id)?.tasks.has('t')).toBe(true);
  });

  it('of a removed framework make the agent end it', () => {
    const { scheduler, agent } = runningPair(['t']);
    scheduler.call({ type: 'TEARDOWN' });
    const status = { task_id: { value: 't' }, state: 'TASK_FINISHED' as const, uuid: new Uint8Array(16) };
    agent.frame({ status_update: { framework_id: { value: scheduler.id }, status, latest_state: 'TASK_FINISHED' } });
    expect(agent.received('shutdown_framework')).toHaveLength(2);
  });

  it('without uuid end the task at once', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    agent.update('t', 'TASK_LOST', { uuid: undefined });
    const framework = harness.core.view.frameworks.get(scheduler.id);
    expect(framework?.tasks.has('t')).toBe(false);
    expect([...(framework?.completedTasks ?? [])]).toHaveLength(1);
  });

  it('are counted by state, source and reason', () => {
    const { harness, agent } = runningPair(['t']);
    agent.update('t', 'TASK_FAILED', { source: 'SOURCE_AGENT', reason: 'REASON_AGENT_RESTARTED' });
    const { counters } = harness.core.view;
    expect(counters.get('master/tasks_failed')).toBe(1);
    expect(counters.get('master/task_failed/source_slave/reason_slave_restarted')).toBe(1);
    expect(harness.core.view.gauges(0).get('master/tasks_running')).toBe(0);
  });
});

describe('ACKNOWLEDGE', () => {
  it('goes to the agent; the terminal one completes the task', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    const uuid = agent.update('t', 'TASK_FINISHED');
    const framework = harness.core.view.frameworks.get(scheduler.id);
    expect(framework?.tasks.has('t')).toBe(true);
    scheduler.acknowledge(scheduler.lastUpdate);
    expect(agent.received('acknowledge_update').at(-1)).toEqual({
      framework_id: { value: scheduler.id },
      task_id: { value: 't' },
      uuid,
    });
    expect(framework?.tasks.has('t')).toBe(false);
    expect([...(framework?.completedTasks ?? [])].map(({ id }) => id)).toEqual(['t']);
  });

  it('of an older update leaves the task live', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    agent.update('t', 'TASK_RUNNING');
    const older = scheduler.lastUpdate;
    agent.update('t', 'TASK_FINISHED');
    scheduler.acknowledge(older);
    expect(harness.core.view.frameworks.get(scheduler.id)?.tasks.has('t')).toBe(true);
  });

  it('is dropped when nothing was forwarded or the agent is away', () => {
    const { harness, scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 't'));
    const acknowledge = { agent_id: offer.agent_id, task_id: { value: 't' }, uuid: new Uint8Array(16) };
    scheduler.call({ type: 'ACKNOWLEDGE', acknowledge });
    agent.update('t', 'TASK_FINISHED');
    agent.disconnect();
    scheduler.acknowledge(scheduler.lastUpdate);
    expect(harness.core.view.counters.get('master/invalid_status_update_acknowledgements')).toBe(2);
    expect(harness.core.view.frameworks.get(scheduler.id)?.tasks.has('t')).toBe(true);
  });

  it('keeps a bounded history of tasks', () => {
    const ids = ['a', 'b', 'c'];
    const { harness, scheduler, agent } = runningPair(ids, {}, { config: { maxCompletedTasksPerFramework: 2 } });
    for (const id of ids) {
      agent.update(id, 'TASK_FINISHED');
      scheduler.acknowledge(scheduler.lastUpdate);
    }
    const completed = harness.core.view.frameworks.get(scheduler.id)?.completedTasks;
    expect([...(completed ?? [])].map(({ id }) => id)).toEqual(['b', 'c']);
  });
});

describe('KILL', () => {
  it('goes to the agent with its policy, whether or not the agent is named', () => {
    const { scheduler, agent } = runningPair(['t']);
    scheduler.kill('t');
    scheduler.kill('t', agent.id, { grace_period: { nanoseconds: 5 } });
    expect(agent.received('kill_task').map(({ kill_policy }) => kill_policy)).toEqual([
      undefined,
      { grace_period: { nanoseconds: 5 } },
    ]);
  });

  it('is ignored for another agent than the task is on', () => {
    const { scheduler, agent } = runningPair(['t']);
    scheduler.kill('t', 'elsewhere');
    expect(agent.received('kill_task')).toEqual([]);
  });

  it('of an unknown task is answered like a reconciliation', () => {
    const { scheduler, agent } = runningPair(['t'], { capabilities: PARTITION_AWARE });
    scheduler.kill('nope', agent.id);
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_GONE', reason: 'REASON_RECONCILIATION' });
    scheduler.kill('nope');
    expect(scheduler.lastUpdate.state).toBe('TASK_UNKNOWN');
  });

  it('is sent again when the agent was away, until the task is dead', () => {
    const { scheduler, agent } = runningPair(['a', 'b']);
    agent.disconnect();
    scheduler.kill('a', undefined, { grace_period: { nanoseconds: 7 } });
    scheduler.kill('b');
    agent.tasks.delete('b');
    agent.reregister();
    expect(agent.received('kill_task')).toEqual([
      {
        framework_id: { value: scheduler.id },
        task_id: { value: 'a' },
        kill_policy: { grace_period: { nanoseconds: 7 } },
      },
    ]);
    agent.update('a', 'TASK_KILLED');
    agent.disconnect();
    agent.reregister();
    expect(agent.received('kill_task')).toEqual([]);
  });
});

describe('RECONCILE', () => {
  it('implicit: every live task in the state last forwarded, also terminal ones that wait for their acknowledgement', () => {
    const { scheduler, agent } = runningPair(['a', 'b', 'c']);
    agent.update('a', 'TASK_FINISHED');
    agent.update('b', 'TASK_FINISHED');
    scheduler.acknowledge(scheduler.lastUpdate);
    scheduler.events = [];
    scheduler.reconcile();
    expect(scheduler.updates.map(({ task_id, state }) => [task_id.value, state])).toEqual([
      ['a', 'TASK_FINISHED'],
      ['c', 'TASK_RUNNING'],
    ]);
    expect(scheduler.lastUpdate).toMatchObject({ source: 'SOURCE_MASTER', reason: 'REASON_RECONCILIATION' });
    expect(scheduler.lastUpdate.uuid).toBeUndefined();
    expect(scheduler.lastUpdate.agent_id).toEqual({ value: agent.id });
  });

  it('carries what the last update said', () => {
    const { scheduler, agent } = runningPair(['t']);
    const container_status = { network_infos: [{ ip_addresses: [{ ip_address: '10.0.0.1' }] }] };
    agent.update('t', 'TASK_RUNNING', { healthy: false, container_status });
    scheduler.reconcile({ taskId: 't' });
    expect(scheduler.lastUpdate).toMatchObject({ healthy: false, container_status });
  });

  it('explicit: unknown tasks by what is known of their agent', () => {
    const { harness, scheduler, agent } = runningPair(['t'], { capabilities: PARTITION_AWARE });
    const lost = harness.agent({ hostname: 'lost' }).register();
    const lostId = lost.id;
    lost.disconnect();
    harness.advance(600_000);
    const gone = harness.agent({ hostname: 'gone' }).register();
    harness.operatorCall({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: { value: gone.id } } });
    scheduler.events = [];
    scheduler.reconcile(
      { taskId: 'x', agentId: agent.id },
      { taskId: 'x', agentId: lostId },
      { taskId: 'x', agentId: gone.id },
      { taskId: 'x', agentId: 'nobody' },
      { taskId: 'x' },
    );
    expect(scheduler.updates.map(({ state }) => state)).toEqual([
      'TASK_UNREACHABLE',
      'TASK_UNREACHABLE',
      'TASK_GONE_BY_OPERATOR',
      'TASK_UNKNOWN',
      'TASK_UNKNOWN',
    ]);
    expect(scheduler.updates[1]?.unreachable_time).toBeDefined();
  });

  it('says TASK_LOST for all of them to a framework that is not partition-aware', () => {
    const { scheduler, agent } = runningPair(['t']);
    scheduler.reconcile({ taskId: 'x', agentId: agent.id }, { taskId: 'x' });
    expect(scheduler.updates.slice(-2).map(({ state }) => state)).toEqual(['TASK_LOST', 'TASK_LOST']);
  });

  it('is sliced, other events come between, and it stops when the stream ends', () => {
    const { harness, scheduler, agent } = runningPair(
      ['a', 'b', 'c', 'd', 'e', 'f'],
      {},
      { stepBudget: 2 },
      { resources: cpusMem(8, 4096) },
    );
    scheduler.events = [];
    const requestId = harness.newId();
    const { streamId } = scheduler;
    const call = { type: 'RECONCILE' as const, framework_id: { value: scheduler.id }, reconcile: {} };
    const first = harness.core.step([{ kind: 'scheduler-call', requestId, streamId, call }], harness.now());
    expect(first.filter(({ kind }) => kind === 'scheduler-event')).toHaveLength(2);
    expect(first.at(-1)).toEqual({ type: 'now', kind: 'continue' });
    agent.update('f', 'TASK_FAILED');
    expect(scheduler.updates.map(({ task_id, state }) => [task_id.value, state])).toEqual([
      ['f', 'TASK_FAILED'],
      ['c', 'TASK_RUNNING'],
      ['d', 'TASK_RUNNING'],
      ['e', 'TASK_RUNNING'],
      ['f', 'TASK_FAILED'],
    ]);
    const again = harness.core.step([{ kind: 'scheduler-call', requestId: 10_001, streamId, call }], harness.now());
    expect(again.filter(({ kind }) => kind === 'scheduler-event')).toHaveLength(2);
    scheduler.events = [];
    scheduler.disconnect();
    expect(scheduler.updates).toEqual([]);
  });

  it('is refused with 503 when too many are under way', () => {
    const { harness, scheduler } = runningPair(['t'], {}, { stepBudget: 1 });
    const { streamId } = scheduler;
    const call = { type: 'RECONCILE' as const, framework_id: { value: scheduler.id }, reconcile: {} };
    const events = Array.from({ length: 65 }, () => harness.newId()).map((requestId) => ({
      kind: 'scheduler-call' as const,
      requestId,
      streamId,
      call,
    }));
    harness.send(...events);
    const statuses = events.map(({ requestId }) => harness.outcome(requestId)?.status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(64);
    expect(statuses.at(-1)).toBe(503);
    scheduler.reconcile();
    expect(scheduler.updates.filter(({ reason }) => reason === 'REASON_RECONCILIATION')).toHaveLength(65);
  });

  it('RECONCILE_OPERATIONS says where an unknown operation would be', () => {
    const { scheduler, agent } = runningPair(['t']);
    const operations = [
      { operation_id: { value: 'o' }, agent_id: { value: agent.id } },
      { operation_id: { value: 'p' } },
    ];
    scheduler.call({ type: 'RECONCILE_OPERATIONS', reconcile_operations: { operations } });
    const states = scheduler.events.flatMap(({ update_operation_status: update }) => update?.status.state ?? []);
    expect(states).toEqual(['OPERATION_UNKNOWN', 'OPERATION_UNKNOWN']);
  });
});

describe('a master that has just been elected', () => {
  it('says nothing about tasks that a recovered agent may still bring', () => {
    const before = runningPair(['t'], { capabilities: PARTITION_AWARE });
    const harness = new Harness({ store: before.harness.store, masterId: 'm2' });
    const scheduler = harness.scheduler(before.scheduler.info);
    scheduler.subscribe();
    scheduler.reconcile({ taskId: 't' }, { taskId: 't', agentId: before.agent.id });
    expect(scheduler.updates).toEqual([]);
    before.agent.moveTo(harness).reregister();
    scheduler.reconcile({ taskId: 't' });
    expect(scheduler.lastUpdate.state).toBe('TASK_RUNNING');
  });
});
