import { describe, expect, it } from 'vitest';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { taskInfo } from './support/fake-scheduler.js';
import { cpusMem, Harness, resource } from './support/harness.js';
import { offeredPair, PARTITION_AWARE, runningPair } from './support/scenarios.js';

const DOMAIN = { fault_domain: { region: { name: 'r' }, zone: { name: 'z' } } };

describe('Register', () => {
  it('admits the agent when the registry has it', () => {
    const harness = new Harness();
    harness.holdsProposals = true;
    const agent = harness.agent().register();
    expect(agent.messages).toEqual([]);
    expect(harness.core.view.agents.size).toBe(0);
    harness.releaseProposals();
    expect(agent.received('registered')).toEqual([
      { agent_id: { value: 'm1-S0' }, master_info: harness.masterInfo, reregistered: false },
    ]);
    expect(harness.store.state().agents.get('m1-S0')?.hostname).toBe('node');
    expect(harness.core.view.agents.get('m1-S0')).toMatchObject({ connected: true, pid: 'slave(1)@127.0.0.1:5051' });
  });

  it('answers the same id when it is asked again on the same channel', () => {
    const harness = new Harness();
    const agent = harness.agent().register().register();
    expect(agent.received('registered').map(({ agent_id }) => agent_id.value)).toEqual(['m1-S0', 'm1-S0']);
  });

  it('answers the same id to the same agent whose answer was lost with its link', () => {
    const harness = new Harness();
    harness.holdsProposals = true;
    const agent = harness.agent({ ip: '10.0.0.1' }).register();
    agent.disconnect();
    harness.releaseProposals();
    expect(harness.core.view.agents.get('m1-S0')?.connected).toBe(false);
    agent.register();
    expect(agent.id).toBe('m1-S0');
    expect(harness.core.view.agents.get('m1-S0')?.connected).toBe(true);
    expect(harness.core.view.agents.size).toBe(1);
  });

  it('replaces an agent that ran something at the same address', () => {
    const { harness, scheduler, agent } = runningPair(['t'], {}, {}, { ip: '10.0.0.1' });
    const oldId = agent.id;
    agent.disconnect();
    const operator = harness.operator();
    const successor = harness.agent({ ip: '10.0.0.1' }).register();
    expect(successor.id).not.toBe(oldId);
    expect(harness.core.view.agents.has(oldId)).toBe(false);
    expect(scheduler.updates.at(-1)).toMatchObject({ state: 'TASK_LOST', reason: 'REASON_AGENT_REMOVED' });
    expect(scheduler.events).toContainEqual({ type: 'FAILURE', failure: { agent_id: { value: oldId } } });
    expect(operator.events).toContainEqual({ type: 'AGENT_REMOVED', agent_removed: { agent_id: { value: oldId } } });
    expect(harness.core.view.counters.get('master/slave_removals/reason_registered')).toBe(1);
  });

  it('is refused at the address of an agent that is connected, which keeps its tasks', () => {
    const first = { ip: '10.0.0.1', instance: 'one' };
    const { harness, scheduler, agent } = runningPair(['t'], {}, {}, first);
    const intruder = harness.agent({ ...first, instance: 'two' }).register();
    expect(intruder.received('shutdown')).toEqual([
      { message: expect.stringContaining(`agent ${agent.id} (node) is connected and has the address 10.0.0.1:5051`) },
    ]);
    expect([...harness.core.view.agents.keys()]).toEqual([agent.id]);
    expect(harness.core.view.agents.get(agent.id)?.connected).toBe(true);
    expect(scheduler.updates.filter(({ state }) => state === 'TASK_LOST')).toEqual([]);
  });

  it('at one address is one agent only if it is the same process, or the other is away', () => {
    const harness = new Harness();
    const [one, two] = [
      { ip: '10.0.0.1', instance: 'one' },
      { ip: '10.0.0.1', instance: 'two' },
    ];
    const agent = harness.agent(one).register();
    expect(harness.agent(two).register().received('shutdown')).toHaveLength(1);
    const again = harness.agent(one).register();
    expect(again.id).toBe(agent.id);
    again.disconnect();
    expect(harness.agent(two).register().id).toBe(agent.id);
  });

  it('is shut down when it does not have what it says is reserved on it', () => {
    const harness = new Harness();
    const reservations: mesos.Resource_ReservationInfo[] = [{ type: 'DYNAMIC', role: 'eng' }];
    const checkpointed = [{ ...resource('cpus', 5), reservations }];
    const agent = harness.agent({ resources: cpusMem(4, 64), checkpointed }).register();
    expect(agent.received('shutdown')[0]?.message).toContain('do not hold what is reserved or created on it');
    expect(harness.core.view.agents.size).toBe(0);
  });

  it('tells agents without an HTTP server apart although they share an address', () => {
    const harness = new Harness();
    const first = harness.agent().register();
    const second = harness.agent({ beside: first }).register();
    expect(second.connectionId).toBe(first.connectionId);
    expect([first.id, second.id]).toEqual(['m1-S0', 'm1-S1']);
    first.disconnect();
    expect([...harness.core.view.agents.values()].map(({ connected }) => connected)).toEqual([false, false]);
  });

  it('shuts down a new agent with bad resources or the wrong domain', () => {
    const harness = new Harness({ config: { requireAgentDomain: true } });
    expect(harness.agent().register().received('shutdown')[0]?.message).toContain('domain');
    expect(harness.agent({ domain: DOMAIN }).register().received('shutdown')[0]?.message).toContain('domain');
    const negative = harness.agent({ resources: cpusMem(-1, 1) }).register();
    expect(negative.received('shutdown')[0]?.message).toContain('negative');
    const withDomain = new Harness({ domain: DOMAIN });
    expect(withDomain.agent({ domain: DOMAIN }).register().received('registered')).toHaveLength(1);
  });
});

describe('a lost link', () => {
  it('rescinds offers and leaves tasks as they are', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    harness.advance(6_000);
    expect(scheduler.offers).toHaveLength(1);
    agent.disconnect();
    expect(scheduler.offers).toEqual([]);
    expect(scheduler.types()).toContain('RESCIND');
    expect(harness.core.view.frameworks.get(scheduler.id)?.tasks.get('t')?.message.state).toBe('TASK_RUNNING');
    expect(harness.core.view.agents.get(agent.id)).toMatchObject({ connected: false, active: false });
    expect(scheduler.updates.filter(({ state }) => state === 'TASK_LOST')).toEqual([]);
    agent.reregister();
    harness.settle();
    expect(scheduler.offers).toHaveLength(1);
  });

  it('of an old connection does not concern an agent that is on a new one', () => {
    const { harness, agent } = runningPair(['t']);
    const old = agent.connectionId ?? 0;
    agent.connect();
    agent.reregister();
    expect(harness.effects).toContainEqual({ type: 'now', kind: 'close-channel', connectionId: old, channel: 1 });
    harness.send({ kind: 'agent-link-closed', connectionId: old });
    expect(harness.core.view.agents.get(agent.id)?.connected).toBe(true);
  });
});

describe('Reregister of a registered agent', () => {
  it('asks for the tasks it does not report instead of declaring them lost', () => {
    const { harness, scheduler, agent } = offeredPair({ capabilities: PARTITION_AWARE });
    const offer = scheduler.takeOffer();
    agent.hears = false;
    scheduler.launch(offer, taskInfo(offer, 't'));
    agent.disconnect();
    agent.reregister();
    const tasks = [{ framework_id: { value: scheduler.id }, task_id: { value: 't' }, partition_aware: true }];
    expect(agent.received('reconcile_tasks')).toEqual([{ tasks }]);
    expect(scheduler.updates).toEqual([]);
    const framework_id = { value: scheduler.id };
    const status = { task_id: { value: 't' }, state: 'TASK_DROPPED' as const, uuid: new Uint8Array(16) };
    agent.frame({ status_update: { framework_id, status, latest_state: 'TASK_DROPPED' } });
    scheduler.acknowledge(scheduler.lastUpdate);
    expect(harness.core.view.frameworks.get(scheduler.id)?.tasks.size).toBe(0);
    harness.advance(10_000);
    expect(harness.core.view.agents.get(agent.id)?.allocated().isEmpty).toBe(true);
  });

  it('enters tasks and executors nobody knew, and drops executors that are gone', () => {
    const { harness, scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    const executor = { executor_id: { value: 'e' }, command: { value: 'c' }, resources: cpusMem(0.5, 32) };
    scheduler.launch(offer, taskInfo(offer, 't', { command: undefined, executor }));
    const e = agent.executors.get('e');
    if (e === undefined) throw new Error('no executor');
    agent.disconnect();
    agent.executors.delete('e');
    agent.executors.set('f', { ...e, executor_id: { value: 'f' }, framework_id: { value: scheduler.id } });
    const t = agent.tasks.get('t');
    if (t === undefined) throw new Error('no task');
    agent.tasks.set('u', { ...t, task_id: { value: 'u' }, state: 'TASK_RUNNING' });
    agent.tasks.set('v', { ...t, task_id: { value: 'v' }, state: 'TASK_FINISHED' });
    agent.reregister();
    const framework = harness.core.view.frameworks.get(scheduler.id);
    expect([...(framework?.tasks.keys() ?? [])]).toEqual(['t', 'u']);
    expect([...(framework?.executors ?? [])].map(({ id }) => id)).toEqual(['f']);
    expect(harness.core.view.agents.get(agent.id)?.allocated().scalar('cpus')).toBe(2.5);
  });

  it('shuts down an agent under a known id from another address or host', () => {
    const { harness, agent } = runningPair(['t'], {}, {}, { ip: '10.0.0.1' });
    agent.disconnect();
    agent.ip = '10.0.0.2';
    agent.reregister();
    expect(agent.received('shutdown')[0]?.message).toContain('10.0.0.1');
    expect(harness.core.view.agents.get(agent.id)?.connected).toBe(false);
    agent.ip = '10.0.0.1';
    agent.info = { ...agent.info, hostname: 'renamed' };
    agent.reregister();
    expect(agent.received('shutdown')).toHaveLength(2);
  });

  it('takes an agent back whose link comes another way', () => {
    const { harness, agent } = runningPair(['t']);
    agent.disconnect();
    const connectionId = harness.newId();
    agent.connect().connectionId = connectionId;
    const reregister = { agent_info: agent.info, version: '1.0.0', tasks: [...agent.tasks.values()] };
    const frame = { channel: 1, sequence: 1, term: 1, reregister };
    harness.send({ kind: 'agent-frame', connectionId, channel: 1, remoteIp: '10.9.9.9', frame });
    expect(agent.received('shutdown')).toEqual([]);
    expect(harness.core.view.agents.get(agent.id)).toMatchObject({ connected: true, ip: '10.9.9.9' });
  });

  it('knows the agent by its new address from then on', () => {
    const { harness, agent } = runningPair(['t'], {}, {}, { ip: '10.0.0.1', port: 1 });
    agent.disconnect();
    agent.info = { ...agent.info, port: 2 };
    agent.reregister();
    agent.disconnect();
    harness.agent({ ip: '10.0.0.1', port: 1 }).register();
    expect(harness.core.view.agents.size).toBe(2);
    harness.agent({ ip: '10.0.0.1', port: 2 }).register();
    expect(harness.core.view.agents.has(agent.id)).toBe(false);
  });

  it('updates the registry when its configuration changed', () => {
    const { harness, agent } = runningPair(['t']);
    agent.disconnect();
    agent.info = { ...agent.info, resources: cpusMem(8, 8192) };
    agent.reregister();
    expect(harness.store.state().agents.get(agent.id)?.resources).toEqual(cpusMem(8, 8192));
    expect(harness.core.view.agents.get(agent.id)?.total.scalar('cpus')).toBe(8);
  });

  it('sends the present info of frameworks it runs, and ends those that are removed', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    agent.disconnect();
    scheduler.call({ type: 'TEARDOWN' });
    const other = harness.scheduler();
    other.subscribe();
    agent.frameworks.set(other.id, { ...other.info, name: 'stale' });
    agent.reregister();
    expect(agent.received('shutdown_framework')).toEqual([{ framework_id: { value: scheduler.id } }]);
    expect(agent.received('update_framework').map(({ framework_info }) => framework_info.name)).toEqual(['test']);
    expect(harness.core.view.agents.get(agent.id)?.allocated().isEmpty).toBe(true);
  });
});

describe('an agent that falls silent', () => {
  it('is unreachable after five unanswered pings, registry first', () => {
    const { harness, scheduler, agent } = runningPair(['t'], { capabilities: PARTITION_AWARE });
    const agentId = agent.id;
    const operator = harness.operator();
    harness.holdsProposals = true;
    harness.advance(90_001);
    expect(agent.received('ping').length).toBeGreaterThanOrEqual(5);
    expect(harness.core.view.agents.has(agentId)).toBe(true);
    harness.releaseProposals();
    expect(harness.core.view.agents.has(agentId)).toBe(false);
    expect(harness.core.view.unreachableAgents.has(agentId)).toBe(true);
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_UNREACHABLE', reason: 'REASON_AGENT_REMOVED' });
    expect(scheduler.lastUpdate.unreachable_time).toBeDefined();
    expect(scheduler.events).toContainEqual({ type: 'FAILURE', failure: { agent_id: { value: agentId } } });
    const framework = harness.core.view.frameworks.get(scheduler.id);
    expect(framework?.tasks.size).toBe(0);
    expect([...(framework?.unreachableTasks.keys() ?? [])]).toEqual(['t']);
    expect(operator.events.map(({ type }) => type)).toContain('TASK_UPDATED');
    expect(operator.events.map(({ type }) => type)).not.toContain('AGENT_REMOVED');
  });

  it('lives on as long as it answers now and then', () => {
    const { harness, agent } = runningPair(['t']);
    for (let i = 0; i < 10; i++) {
      harness.advance(59_000);
      agent.pong();
    }
    expect(harness.core.view.agents.has(agent.id)).toBe(true);
  });

  it('is not declared silent by a sleep of the master', () => {
    const { harness, agent } = runningPair(['t']);
    harness.nowMs += 600_000;
    harness.send({ kind: 'tick' });
    expect(harness.core.view.agents.has(agent.id)).toBe(true);
  });

  it('TASK_LOST for frameworks that are not partition-aware; the id stays taken', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    agent.disconnect();
    harness.advance(90_001);
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_LOST', reason: 'REASON_AGENT_REMOVED' });
    harness.agent({ hostname: 'fresh' }).register();
    harness.settle();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 't'));
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_ERROR' });
  });

  it('is told to re-register when it speaks again; its tasks come back alive', () => {
    const { harness, scheduler, agent } = runningPair(['t'], { capabilities: PARTITION_AWARE });
    harness.advance(90_001);
    agent.messages = [];
    agent.pong();
    agent.pong();
    expect(agent.received('ping')).toEqual([{ connected: false }]);
    agent.reregister();
    expect(harness.store.state().unreachable.size).toBe(0);
    expect(harness.core.view.agents.has(agent.id)).toBe(true);
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_RUNNING', reason: 'REASON_AGENT_REREGISTERED' });
    expect(scheduler.lastUpdate.uuid).toBeUndefined();
    const framework = harness.core.view.frameworks.get(scheduler.id);
    expect([framework?.tasks.size, framework?.unreachableTasks.size]).toEqual([1, 0]);
  });

  it('is asked, when it is back, for the tasks that it did not bring', () => {
    const { harness, scheduler, agent } = runningPair(['t'], { capabilities: PARTITION_AWARE });
    agent.disconnect();
    harness.advance(90_001);
    agent.tasks.clear();
    agent.reregister();
    expect(agent.received('reconcile_tasks')[0]?.tasks?.map(({ task_id }) => task_id.value)).toEqual(['t']);
    expect(harness.core.view.frameworks.get(scheduler.id)?.unreachableTasks.size).toBe(0);
    const framework_id = { value: scheduler.id };
    const status = { task_id: { value: 't' }, state: 'TASK_DROPPED' as const, uuid: new Uint8Array(16) };
    agent.frame({ status_update: { framework_id, status, latest_state: 'TASK_DROPPED' } });
    expect(scheduler.lastUpdate.state).toBe('TASK_DROPPED');
  });

  it('keeps a bounded number of unreachable tasks', () => {
    const config = { maxUnreachableTasksPerFramework: 2 };
    const { harness, scheduler, agent } = runningPair(['a', 'b', 'c'], {}, { config });
    agent.disconnect();
    harness.advance(90_001);
    const unreachable = harness.core.view.frameworks.get(scheduler.id)?.unreachableTasks;
    expect([...(unreachable?.keys() ?? [])]).toEqual(['b', 'c']);
  });

  it('a task whose id was taken meanwhile is killed on its return, and its news are settled', () => {
    const config = { maxUnreachableTasksPerFramework: 0 };
    const { harness, scheduler, agent } = runningPair(['t'], {}, { config });
    agent.disconnect();
    harness.advance(90_001);
    harness.agent({ hostname: 'fresh' }).register();
    harness.settle();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 't'));
    const before = scheduler.updates.length;
    agent.reregister();
    expect(agent.received('kill_task').map(({ task_id }) => task_id.value)).toEqual(['t']);
    agent.update('t', 'TASK_KILLED');
    expect(agent.received('acknowledge_update')).toHaveLength(1);
    expect(scheduler.updates).toHaveLength(before);
    expect(harness.core.view.frameworks.get(scheduler.id)?.tasks.get('t')?.agentId).toBe(offer.agent_id.value);
  });

  it('within the removal limit goes one by one; a sign of life takes it out of the line', () => {
    const harness = new Harness({ config: { agentRemovalRateLimit: { count: 1, perMs: 600_000 } } });
    const agents = ['a', 'b', 'c'].map((hostname) => harness.agent({ hostname }).register());
    harness.advance(95_000);
    expect(harness.core.view.agents.size).toBe(2);
    const [waiting] = harness.core.view.agents.values();
    agents.find(({ info }) => info.id?.value === waiting?.id)?.pong();
    harness.advance(60_000);
    expect(harness.core.view.agents.size).toBe(2);
    expect(harness.core.view.counters.get('master/slave_unreachable_canceled')).toBe(1);
    harness.advance(600_000);
    expect(harness.core.view.agents.size).toBe(1);
  });

  it('without a link is unreachable after the re-register timeout, whatever the pings', () => {
    const { harness, agent } = runningPair(['t'], {}, { config: { agentReregisterTimeoutMs: 1_000 } });
    agent.disconnect();
    harness.advance(1_000);
    expect(harness.core.view.unreachableAgents.has(agent.id)).toBe(true);
  });
});

describe('an agent that leaves', () => {
  it('by itself is removed, its tasks are lost', () => {
    const { harness, scheduler, agent } = runningPair(['t'], { capabilities: PARTITION_AWARE });
    const agentId = agent.id;
    const operator = harness.operator();
    agent.frame({ unregister: {} });
    expect(scheduler.updates.at(-1)).toMatchObject({ state: 'TASK_LOST', reason: 'REASON_AGENT_REMOVED' });
    expect(harness.store.state().agents.size).toBe(0);
    expect(operator.events).toContainEqual({ type: 'AGENT_REMOVED', agent_removed: { agent_id: { value: agentId } } });
    expect(agent.connectionId).toBeUndefined();
  });

  it('by an operator is gone for good', () => {
    const { harness, scheduler, agent } = runningPair(['t'], { capabilities: PARTITION_AWARE });
    const call = { type: 'MARK_AGENT_GONE' as const, mark_agent_gone: { agent_id: { value: agent.id } } };
    expect(harness.operatorCall(call)).toMatchObject({ status: 200 });
    expect(agent.received('shutdown')).toHaveLength(1);
    expect(scheduler.updates.at(-1)).toMatchObject({
      state: 'TASK_GONE_BY_OPERATOR',
      reason: 'REASON_AGENT_REMOVED_BY_OPERATOR',
    });
    expect(harness.operatorCall(call)).toMatchObject({ status: 200 });
    agent.connect();
    agent.reregister();
    expect(agent.received('shutdown')).toHaveLength(1);
    expect(harness.core.view.agents.size).toBe(0);
  });

  it('MARK_AGENT_GONE: 404 for an unknown agent, 503 during another change, unreachable tasks end', () => {
    const { harness, scheduler, agent } = runningPair(['t'], { capabilities: PARTITION_AWARE });
    const mark = (value: string) => ({ type: 'MARK_AGENT_GONE' as const, mark_agent_gone: { agent_id: { value } } });
    expect(harness.operatorCall(mark('nobody'))).toMatchObject({ status: 404 });
    agent.disconnect();
    harness.holdsProposals = true;
    harness.advance(90_001);
    expect(harness.operatorCall(mark(agent.id))).toMatchObject({ status: 503 });
    harness.releaseProposals();
    expect(harness.operatorCall(mark(agent.id))).toMatchObject({ status: 200 });
    expect(scheduler.lastUpdate.state).toBe('TASK_GONE_BY_OPERATOR');
    expect(harness.core.view.unreachableAgents.size).toBe(0);
    expect(harness.core.view.frameworks.get(scheduler.id)?.unreachableTasks.size).toBe(0);
  });
});

describe('UpdateAgent', () => {
  it('changes what can be offered', () => {
    const { harness, scheduler, agent } = offeredPair();
    scheduler.decline([scheduler.takeOffer()], 3600);
    agent.frame({ update_agent: { total_resources: cpusMem(6, 8192) } });
    harness.settle();
    expect(scheduler.takeOffer().resources?.map(({ scalar }) => scalar?.value)).toEqual([6, 8192]);
    agent.frame({ update_agent: { total_resources: cpusMem(-6, 8192) } });
    expect(harness.core.view.agents.get(agent.id)?.total.scalar('cpus')).toBe(6);
  });
});
