import { describe, expect, test } from 'vitest';
import {
  AGENT_ID,
  CoreHarness,
  FRAMEWORK_ID,
  frameworkInfo,
  runTasks,
  statesOf,
  taskInfo,
  welcome,
} from './core-harness.js';

describe('status updates', () => {
  test('are one at a time under way, in order', () => {
    const agent = new CoreHarness();
    agent.terminate(agent.start('t1'), { waitStatus: 0 });
    const first = agent.takeUpdates();
    expect(statesOf(first)).toEqual(['TASK_STARTING']);
    for (const status of first) agent.acknowledge(status);
    expect(statesOf(agent.takeUpdates())).toEqual(['TASK_RUNNING']);
  });

  test('carry the newest state', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    agent.sent = [];
    agent.advance(10_000);
    expect(agent.sent[0]?.status_update).toMatchObject({
      latest_state: 'TASK_RUNNING',
      status: { state: 'TASK_STARTING' },
    });
  });

  test('are sent again after 10 s, then twice that, at most 10 min', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')]));
    agent.takeUpdates();
    const sentAfter = (ms: number) => {
      agent.advance(ms - 1);
      const early = agent.takeUpdates().length;
      agent.advance(1);
      return [early, agent.takeUpdates().length];
    };
    for (const seconds of [10, 20, 40, 80, 160, 320, 600, 600]) {
      // The master stays in touch meanwhile.
      agent.frame({ ping: { connected: true } });
      agent.core.step([], { monotonicMs: agent.monotonicMs, unixMs: agent.unixMs });
      expect([seconds, sentAfter(seconds * 1000)]).toEqual([seconds, [0, 1]]);
    }
  });

  test('start their pauses anew with each update', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    agent.advance(30_000);
    const resent = agent.takeUpdates();
    expect(resent).toHaveLength(3);
    agent.acknowledge(resent[0] ?? { task_id: { value: '' }, state: 'TASK_LOST' });
    expect(statesOf(agent.takeUpdates())).toEqual(['TASK_RUNNING']);
    agent.advance(10_000);
    expect(statesOf(agent.takeUpdates())).toEqual(['TASK_RUNNING']);
  });

  test('are durable before they are sent', () => {
    const agent = new CoreHarness();
    const effects = agent.frame(runTasks([taskInfo('t1')]));
    const persisted = effects.filter((effect) => effect.type === 'persist');
    expect(persisted.some(({ change, durability }) => change.kind === 'put-update' && durability === 'machine')).toBe(
      true,
    );
    expect(effects.filter((effect) => effect.kind === 'send').map(({ type }) => type)).toEqual(['afterPersist']);
  });

  test('are acknowledged by the uuid of the head only', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    const [starting] = agent.takeUpdates();
    if (starting === undefined) throw new Error('no update');
    agent.acknowledge({ ...starting, uuid: new Uint8Array(16) });
    agent.acknowledge({ ...starting, uuid: new Uint8Array() });
    agent.acknowledge(starting, 'other');
    expect(agent.takeUpdates()).toHaveLength(0);
    agent.acknowledge(starting);
    const [running] = agent.takeUpdates();
    expect(running?.state).toBe('TASK_RUNNING');
    agent.acknowledge(starting);
    expect(agent.core.view.pendingUpdates).toBe(1);
  });

  test('rest while no master counts the agent in and leave at once when one does', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    agent.takeUpdates();
    agent.post({ kind: 'link-lost' });
    agent.terminate(containerId, { waitStatus: 0 });
    agent.advance(3_600_000);
    expect(agent.takeUpdates()).toHaveLength(0);
    agent.join(2);
    expect(statesOf(agent.takeUpdates())).toEqual(['TASK_STARTING']);
    agent.advance(10_000);
    expect(statesOf(agent.takeUpdates())).toEqual(['TASK_STARTING']);
  });
});

describe('reconciliation', () => {
  const tasks = [
    { framework_id: { value: FRAMEWORK_ID }, task_id: { value: 't1' }, partition_aware: true },
    { framework_id: { value: 'fw2' }, task_id: { value: 'gone' }, partition_aware: true },
    { framework_id: { value: 'fw3' }, task_id: { value: 'lost' } },
  ];

  test('answers for tasks that are not here, and for those only', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    agent.takeUpdates();
    agent.frame({ reconcile_tasks: { tasks } });
    expect(agent.takeUpdates()).toMatchObject([
      { task_id: { value: 'gone' }, state: 'TASK_DROPPED', reason: 'REASON_RECONCILIATION', source: 'SOURCE_AGENT' },
      { task_id: { value: 'lost' }, state: 'TASK_LOST', message: 'Reconciliation: task unknown to the agent' },
    ]);
  });

  test('is answered until the answer is acknowledged, and once', () => {
    const agent = new CoreHarness();
    agent.frame({ reconcile_tasks: { tasks: tasks.slice(1, 2) } });
    const [first] = agent.takeUpdates();
    agent.frame({ reconcile_tasks: { tasks: tasks.slice(1, 2) } });
    expect(agent.takeUpdates()).toHaveLength(0);
    agent.advance(10_000);
    const [again] = agent.takeUpdates();
    expect(again?.uuid).toEqual(first?.uuid);
    if (again !== undefined) agent.acknowledge(again, 'fw2');
    agent.advance(60_000);
    expect(agent.takeUpdates()).toHaveLength(0);
  });
});

describe('registration', () => {
  test('asks for an id first and keeps it', () => {
    const agent = new CoreHarness({ joined: false });
    agent.post({ kind: 'link-up', welcome: welcome(3) });
    agent.advance(0);
    expect(agent.sent).toMatchObject([
      { register: { agent_info: { hostname: 'h1' }, ip: '10.0.0.7', version: '1.12.0' } },
    ]);
    expect(agent.store.read().agent).toMatchObject({ highest_term: 3 });
    agent.frame({ registered: { agent_id: { value: 'S7' }, master_info: welcome().master_info, reregistered: false } });
    expect(agent.take('admitted')).toMatchObject([{ type: 'afterPersist', agentId: 'S7' }]);
    expect(agent.sent.at(-1)).toMatchObject({ update_agent: { total_resources: [{ name: 'cpus' }] } });
    expect(agent.store.read().agent).toMatchObject({ agent_info: { id: { value: 'S7' } }, cluster_id: 'cluster' });
    const next = agent.restart({ joined: false });
    next.post({ kind: 'link-up', welcome: welcome(3) });
    next.advance(0);
    expect(next.sent).toMatchObject([{ reregister: { agent_info: { id: { value: 'S7' } } } }]);
  });

  test('brings everything the agent holds', () => {
    const agent = new CoreHarness();
    agent.start('t1', { labels: { labels: [{ key: 'a' }] } });
    agent.terminate(agent.start('t2'), { waitStatus: 0 });
    agent.drain();
    agent.terminate(agent.start('t3'), { waitStatus: 0 });
    agent.takeUpdates();
    agent.start('t4');
    const [head] = agent.takeUpdates();
    agent.sent = [];
    agent.join(2);
    const reregister = agent.sent[0]?.reregister;
    expect(reregister?.frameworks).toEqual([frameworkInfo()]);
    expect(reregister?.tasks?.map((task) => [task.task_id.value, task.state, task.status_update_state])).toEqual([
      ['t1', 'TASK_RUNNING', undefined],
      ['t3', 'TASK_FINISHED', 'TASK_STARTING'],
      ['t4', 'TASK_RUNNING', 'TASK_STARTING'],
    ]);
    expect(reregister?.tasks?.[2]?.status_update_uuid).toEqual(head?.uuid);
    expect(reregister?.tasks?.[0]).toMatchObject({ user: 'root', labels: { labels: [{ key: 'a' }] } });
    expect(reregister?.tasks?.[0]).not.toHaveProperty('executor_id');
  });

  test('is tried again with growing pauses until it is answered', () => {
    const agent = new CoreHarness({ joined: false });
    agent.post({ kind: 'link-up', welcome: { ...welcome(), total_ping_timeout_seconds: 1e6 } });
    const times: number[] = [];
    const startMs = agent.monotonicMs;
    while (times.length < 9) {
      agent.advance(100);
      if (agent.sent.splice(0).some((message) => message.register !== undefined))
        times.push(agent.monotonicMs - startMs);
    }
    const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    pauses.forEach((pause, i) => {
      const boundMs = Math.min(60_000, 1_000 * 2 ** (i + 1));
      expect(pause).toBeGreaterThanOrEqual(boundMs / 2 - 100);
      expect(pause).toBeLessThanOrEqual(boundMs + 100);
    });
  });

  test('waits for its turn in the herd', () => {
    const agent = new CoreHarness({ joined: false });
    agent.post({ kind: 'link-up', welcome: { ...welcome(), reregister_jitter_ms: 1e9 } });
    agent.advance(1_000);
    expect(agent.sent).toHaveLength(0);
  });

  test('does not follow a leader of a lower term', () => {
    const agent = new CoreHarness();
    agent.join(5);
    agent.sent = [];
    agent.post({ kind: 'link-up', welcome: welcome(4) });
    agent.advance(120_000);
    expect(agent.take('reconnect')).toHaveLength(1);
    expect(agent.sent).toHaveLength(0);
    expect(agent.restart({ joined: false }).core.view.highestTerm).toBe(5);
  });

  test('pings are answered; one that says "not connected" makes the agent register again', () => {
    const agent = new CoreHarness();
    agent.sent = [];
    agent.frame({ ping: { connected: true } });
    expect(agent.sent).toEqual([{ pong: {} }]);
    agent.frame({ ping: { connected: false } });
    agent.advance(0);
    expect(agent.sent.slice(1)).toMatchObject([
      { pong: {} },
      { reregister: { agent_info: { id: { value: AGENT_ID } } } },
    ]);
    expect(agent.core.view.registered).toBe(false);
    agent.frame({ kill_task: { framework_id: { value: 'f' }, task_id: { value: 't' } } });
  });

  test('a silent master is given up', () => {
    const agent = new CoreHarness();
    agent.advance(74_999);
    agent.frame({ ping: { connected: true } });
    agent.advance(74_999);
    expect(agent.take('reconnect')).toHaveLength(0);
    agent.advance(1);
    expect(agent.take('reconnect')).toHaveLength(1);
  });

  test('another id than its own is fatal', () => {
    const agent = new CoreHarness();
    agent.frame({ registered: { agent_id: { value: 'S9' }, master_info: welcome().master_info, reregistered: true } });
    expect(agent.take('end')).toMatchObject([{ end: { kind: 'failed' } }]);
  });

  test('orders before it are ignored', () => {
    const agent = new CoreHarness({ joined: false });
    agent.post({ kind: 'link-up', welcome: welcome() });
    agent.frame(runTasks([taskInfo('t1')]));
    expect(agent.launches).toHaveLength(0);
  });
});

describe('the end of the agent', () => {
  test('by SIGUSR1: tasks are killed, schedulers hear of it, then the master', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    agent.takeUpdates();
    agent.post({ kind: 'unregister' });
    expect(agent.take('terminate-container')).toHaveLength(1);
    agent.frame(runTasks([taskInfo('t2')]));
    expect(agent.launches).toHaveLength(1);
    agent.terminate(containerId, { waitStatus: 15 });
    expect(agent.take('end')).toHaveLength(0);
    agent.post({ kind: 'link-lost' });
    agent.join(1);
    expect(statesOf(agent.drain())).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLED']);
    expect(agent.take('end')).toMatchObject([{ type: 'afterPersist', end: { kind: 'unregistered' } }]);
    expect(agent.sent.at(-1)).toEqual({ unregister: {} });
    expect(agent.store.read().agent).toBeUndefined();
  });

  test('by SIGUSR1 does not wait for ever for acknowledgements', () => {
    const agent = new CoreHarness();
    agent.terminate(agent.start('t1'), { waitStatus: 0 });
    agent.post({ kind: 'unregister' });
    agent.advance(4_999);
    expect(agent.take('end')).toHaveLength(0);
    agent.advance(1);
    expect(agent.take('end')).toHaveLength(1);
  });

  test('by order of the master: tasks are killed, everything is forgotten', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    agent.frame({ shutdown: { message: 'marked gone' } });
    agent.advance(3_000);
    expect(agent.take('destroy-container')).toHaveLength(1);
    agent.terminate(containerId, { waitStatus: 9 });
    expect(agent.take('end')).toMatchObject([{ end: { kind: 'shut-down', message: 'marked gone' } }]);
    expect(agent.store.read()).toMatchObject({ tasks: [], frameworks: [], updates: [] });
    expect(agent.restart({ joined: false }).core.view.agentInfo.id).toBeUndefined();
  });
});
