import { describe, expect, it } from 'vitest';
import { MAX_AGENTS_PER_PRUNE } from '../../../src/daemon/master/core/limits.js';
import { MemoryRegistryStore } from '../../../src/daemon/master/registry/memory-registry.js';
import { applyOperation } from '../../../src/daemon/master/registry/registry-machine.js';
import { createAllocator } from '../../../src/offers/allocator/hierarchical-allocator.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import type { FakeAgent } from './support/fake-agent.js';
import type { FakeScheduler } from './support/fake-scheduler.js';
import { cpusMem, Harness, type HarnessOptions } from './support/harness.js';
import { PARTITION_AWARE, type Pair, runningPair } from './support/scenarios.js';

/** The master dies; a new one is elected over the same registry after `afterMs`. */
function successorOf({ harness }: Pick<Pair, 'harness'>, options: HarnessOptions = {}, afterMs = 1_000): Harness {
  return new Harness({ store: harness.store, masterId: 'm2', atMs: harness.nowMs + afterMs, ...options });
}

function returning(scheduler: FakeScheduler, harness: Harness): FakeScheduler {
  const again = harness.scheduler(scheduler.info);
  again.subscribe();
  return again;
}

describe('after a fail-over', () => {
  it('agent and scheduler return in either order and nothing is lost', () => {
    for (const agentFirst of [true, false]) {
      const before = runningPair(['a', 'b'], { capabilities: PARTITION_AWARE });
      const harness = successorOf(before);
      expect([...harness.core.view.recoveredAgents.keys()]).toEqual([before.agent.id]);
      expect(harness.core.view.frameworks.get(before.scheduler.id)).toMatchObject({
        recovered: true,
        connected: false,
      });
      let agent: FakeAgent | undefined;
      if (agentFirst) agent = before.agent.moveTo(harness).reregister();
      const scheduler = returning(before.scheduler, harness);
      agent ??= before.agent.moveTo(harness).reregister();
      const framework = harness.core.view.frameworks.get(scheduler.id);
      expect([...(framework?.tasks.keys() ?? [])]).toEqual(['a', 'b']);
      expect(framework).toMatchObject({ recovered: false, connected: true });
      expect(scheduler.updates).toEqual([]);
      expect(agent.received('registered')[0]).toMatchObject({ reregistered: true });
      harness.advance(1_000);
      expect(scheduler.offers[0]?.resources?.map(({ scalar }) => scalar?.value)).toEqual([2, 3840]);
      agent.update('a', 'TASK_FINISHED');
      scheduler.acknowledge(scheduler.lastUpdate);
      expect(framework?.tasks.has('a')).toBe(false);
      expect(harness.core.view.recoveredAgents.size).toBe(0);
    }
  });

  it('a framework that was connected has the longer of both timeouts, its tasks then end on its tombstone', () => {
    const before = runningPair(['t'], { failover_timeout: 10 });
    const config = { agentReregisterTimeoutMs: 120_000 };
    const harness = successorOf(before, { config });
    const agent = before.agent.moveTo(harness).reregister();
    for (let i = 0; i < 11; i++) {
      harness.advance(10_000);
      agent.pong();
    }
    expect(harness.core.view.frameworks.has(before.scheduler.id)).toBe(true);
    harness.advance(10_001);
    expect(harness.core.view.frameworks.has(before.scheduler.id)).toBe(false);
    expect(agent.received('shutdown_framework')).toEqual([{ framework_id: { value: before.scheduler.id } }]);
  });

  it('a framework that was away keeps its deadline, but has a minute', () => {
    for (const [timeout, awayMs, keptMs] of [
      [3600, 600_000, 2_999_000],
      [30, 25_000, 59_000],
    ] as const) {
      const before = runningPair(['t'], { failover_timeout: timeout });
      before.scheduler.disconnect();
      before.harness.nowMs += awayMs;
      const harness = successorOf(before, { config: { agentReregisterTimeoutMs: 10_000_000 } }, 0);
      harness.advance(keptMs);
      expect(harness.core.view.frameworks.has(before.scheduler.id)).toBe(true);
      harness.advance(2_000);
      expect(harness.core.view.frameworks.has(before.scheduler.id)).toBe(false);
    }
  });

  it('a framework that only the agent remembers is taken in and never timed out', () => {
    const before = runningPair(['t']);
    const { agents } = before.harness.store.state();
    const harness = new Harness({ masterId: 'm2' });
    const agent = before.agent.moveTo(harness).reregister();
    expect(agents.has(agent.id)).toBe(true);
    const framework = harness.core.view.frameworks.get(before.scheduler.id);
    expect(framework).toMatchObject({ recovered: true });
    expect(framework?.tasks.size).toBe(1);
    for (let i = 0; i < 100; i++) {
      harness.advance(60_000);
      agent.pong();
    }
    expect(harness.core.view.frameworks.has(before.scheduler.id)).toBe(true);
    const scheduler = returning(before.scheduler, harness);
    expect(scheduler.types().slice(0, 2)).toEqual(['SUBSCRIBED', 'HEARTBEAT']);
    expect(harness.store.state().frameworks.has(scheduler.id)).toBe(true);
  });

  it('a removed framework stays removed, and its tasks are shut down where they still run', () => {
    const before = runningPair(['t']);
    before.agent.disconnect();
    before.scheduler.call({ type: 'TEARDOWN' });
    const harness = successorOf(before);
    const agent = before.agent.moveTo(harness).reregister();
    expect(agent.received('shutdown_framework')).toEqual([{ framework_id: { value: before.scheduler.id } }]);
    expect(harness.core.view.frameworks.size).toBe(0);
    expect(returning(before.scheduler, harness).events[0]?.error?.message).toBe('Framework has been removed');
  });

  it('agents that do not return are unreachable after the timeout, frameworks hear FAILURE', () => {
    const before = runningPair(['t'], { capabilities: PARTITION_AWARE });
    const harness = successorOf(before);
    const scheduler = returning(before.scheduler, harness);
    harness.advance(599_000);
    expect(harness.core.view.recoveredAgents.size).toBe(1);
    harness.advance(1_001);
    expect(harness.core.view.recoveredAgents.size).toBe(0);
    expect(harness.store.state().unreachable.has(before.agent.id)).toBe(true);
    expect(scheduler.events).toContainEqual({ type: 'FAILURE', failure: { agent_id: { value: before.agent.id } } });
    scheduler.reconcile({ taskId: 't', agentId: before.agent.id });
    expect(scheduler.lastUpdate.state).toBe('TASK_UNREACHABLE');
    before.agent.moveTo(harness).reregister();
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_RUNNING', reason: 'REASON_AGENT_REREGISTERED' });
  });

  it('steps down when more agents are missing than may be removed', () => {
    const first = new Harness();
    for (const hostname of ['a', 'b', 'c', 'd']) first.agent({ hostname }).register();
    const config = { recoveryAgentRemovalLimitPercent: 50, agentPingTimeoutMs: 900_000 };
    const harness = successorOf({ harness: first }, { config });
    first.agents[0]?.moveTo(harness).reregister();
    harness.advance(600_001);
    expect(harness.effects.filter(({ kind }) => kind === 'abdicate')).toHaveLength(1);
    expect(harness.store.state().unreachable.size).toBe(0);
  });

  it('respects the removal limit for the missing ones', () => {
    const first = new Harness();
    for (const hostname of ['a', 'b', 'c']) first.agent({ hostname }).register();
    const harness = successorOf({ harness: first }, { config: { agentRemovalRateLimit: { count: 1, perMs: 60_000 } } });
    harness.advance(600_001);
    expect(harness.core.view.unreachableAgents.size).toBe(1);
    harness.advance(60_000);
    expect(harness.core.view.unreachableAgents.size).toBe(2);
    const late = first.agents.find(({ id }) => harness.core.view.recoveredAgents.has(id));
    late?.moveTo(harness).reregister();
    harness.advance(60_000);
    expect(harness.core.view.unreachableAgents.size).toBe(2);
    expect(harness.core.view.agents.size).toBe(1);
  });

  it('a gone agent stays gone', () => {
    const before = runningPair(['t']);
    const call = { type: 'MARK_AGENT_GONE' as const, mark_agent_gone: { agent_id: { value: before.agent.id } } };
    before.harness.operatorCall(call);
    const harness = successorOf(before);
    expect(before.agent.moveTo(harness).reregister().received('shutdown')).toHaveLength(1);
  });

  it('a crash between the launch and its arrival ends in TASK_DROPPED by the agent, not in a guess of the master', () => {
    const before = runningPair([], { capabilities: PARTITION_AWARE });
    const harness = successorOf(before);
    const agent = before.agent.moveTo(harness).reregister();
    const scheduler = returning(before.scheduler, harness);
    scheduler.reconcile({ taskId: 'never-arrived', agentId: agent.id });
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_GONE', reason: 'REASON_RECONCILIATION' });
  });
});

describe('what operators asked an earlier master for', () => {
  const on = (agentId: string) => ({ agent_id: { value: agentId } });

  /** Three agents, of which the first drains and the second is deactivated. */
  function threeAgents(): Harness {
    const first = new Harness();
    for (const hostname of ['draining', 'deactivated', 'free']) first.agent({ hostname }).register();
    const [draining, deactivated] = first.agents;
    applyOperation(first.store, { drain_agent: { ...on(draining?.id ?? ''), config: { mark_gone: true } } });
    applyOperation(first.store, { deactivate_agent: on(deactivated?.id ?? '') });
    return first;
  }

  function offeredHosts(scheduler: FakeScheduler): readonly string[] {
    return scheduler.offers.map(({ hostname }) => hostname).sort();
  }

  it('holds: deactivated and draining agents are not offered, through unreachable and back', () => {
    const first = threeAgents();
    const harness = successorOf({ harness: first });
    const agents = first.agents.map((agent) => agent.moveTo(harness));
    const runs = { name: 't', task_id: { value: 't' }, framework_id: { value: 'f' }, state: 'TASK_RUNNING' as const };
    // It drains as long as it runs something.
    agents[0]?.tasks.set('t', { ...runs, agent_id: { value: agents[0].id }, resources: cpusMem(1, 128) });
    agents[0]?.frameworks.set('f', { id: { value: 'f' }, name: 'f', user: 'nobody' });
    for (const agent of agents) agent.reregister();
    const scheduler = harness.scheduler();
    scheduler.subscribe();
    harness.advance(1_000);
    expect(offeredHosts(scheduler)).toEqual(['free']);
    const { view } = harness.core;
    expect(Array.from(view.agents.values(), ({ connected, active }) => [connected, active])).toEqual([
      [true, false],
      [true, false],
      [true, true],
    ]);
    const gauges = view.gauges(harness.now().unixMs);
    expect([gauges.get('master/slaves_active'), gauges.get('master/slaves_inactive')]).toEqual([1, 2]);
    const draining = agents[0] as FakeAgent;
    draining.disconnect();
    for (let i = 0; i < 70; i++) {
      harness.advance(10_000);
      for (const agent of agents) if (agent !== draining) agent.pong();
    }
    expect(view.unreachableAgents.has(draining.id)).toBe(true);
    draining.reregister();
    harness.advance(1_000);
    expect(view.agents.get(draining.id)).toMatchObject({ connected: true, active: false });
    expect(offeredHosts(scheduler)).toEqual(['free']);
    expect(view.deactivatedAgents.get(draining.id)).toEqual({
      drain: { state: 'DRAINING', config: { mark_gone: true } },
    });
  });

  it('is forgotten with the agent: gone, unregistered or pruned, in the books as in the registry', () => {
    const first = threeAgents();
    const [goes, leaves, stays] = first.agents as [FakeAgent, FakeAgent, FakeAgent];
    applyOperation(first.store, { deactivate_agent: on(stays.id) });
    const config = { registryMaxAgentAgeMs: 1_000_000 };
    const harness = successorOf({ harness: first }, { config });
    const { view } = harness.core;
    expect(view.deactivatedAgents.size).toBe(3);
    leaves.moveTo(harness).reregister().frame({ unregister: {} });
    expect([...view.deactivatedAgents.keys()]).toEqual([goes.id, stays.id]);
    harness.operatorCall({ type: 'MARK_AGENT_GONE', mark_agent_gone: on(goes.id) });
    expect([...view.deactivatedAgents.keys()]).toEqual([stays.id]);
    harness.advance(700_000);
    expect([...view.deactivatedAgents.keys()]).toEqual([stays.id]);
    harness.advance(2_000_000);
    expect(view.deactivatedAgents.size).toBe(0);
    expect(harness.store.state().deactivated.size).toBe(0);
  });

  it('is in the view: maintenance and quotas, and quotas bind the allocator', () => {
    const first = new Harness();
    const machine_ids = [{ hostname: 'h1' }, { hostname: 'h2' }];
    const schedule = { windows: [{ machine_ids, unavailability: { start: { nanoseconds: 7 } } }] };
    const quota = { role: 'r', limits: { cpus: { value: 1 } } };
    applyOperation(first.store, { update_schedule: { schedule } });
    applyOperation(first.store, { start_maintenance: { machine_ids: [{ hostname: 'H2' }] } });
    applyOperation(first.store, { update_quota: { quota_configs: [quota] } });
    const allocator = createAllocator({
      seed: 1,
      minAllocatable: [],
      roleSorter: 'drf',
      frameworkSorter: 'drf',
      excludedResourceNames: new Set(),
      filterGpuResources: true,
    });
    const harness = successorOf({ harness: first }, { allocator });
    const { view } = harness.core;
    expect(Array.from(view.machines.values(), ({ mode }) => mode)).toEqual(['DRAINING', 'DOWN']);
    expect(view.maintenanceSchedule).toEqual(schedule);
    expect([...view.quotas]).toEqual([['r', quota]]);
    harness.agent({ hostname: 'h3' }).register();
    const scheduler = harness.scheduler({ roles: ['r'], capabilities: [{ type: 'MULTI_ROLE' }] });
    scheduler.subscribe();
    harness.advance(1_000);
    const cpus = scheduler.offers.flatMap(({ resources = [] }) => resources).filter(({ name }) => name === 'cpus');
    expect(cpus.map(({ scalar }) => scalar?.value)).toEqual([1]);
  });
});

describe('the registry', () => {
  it('forgets gone agents by the same rule, every interval: the oldest of too many, and the too old', () => {
    const config = { registryMaxAgentCount: 2, registryMaxAgentAgeMs: 100_000, registryGcIntervalMs: 60_000 };
    const harness = new Harness({ config });
    for (const hostname of ['a', 'b', 'c']) {
      const { id } = harness.agent({ hostname }).register();
      harness.operatorCall({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: { value: id } } });
      harness.advance(1_000);
    }
    const gone = () => [...harness.core.view.goneAgents.keys()];
    harness.advance(56_999);
    expect(gone()).toEqual(['m1-S0', 'm1-S1', 'm1-S2']);
    harness.advance(1);
    expect(gone()).toEqual(['m1-S1', 'm1-S2']);
    // At 120 s the one of 1 s is too old, at 101 s already; nothing looks before the interval is over.
    harness.advance(59_999);
    expect(gone()).toEqual(['m1-S1', 'm1-S2']);
    harness.advance(1);
    expect(gone()).toEqual([]);
    expect(harness.store.state().gone.size).toBe(0);
  });

  it('forgets many in operations of bounded size, the oldest first', () => {
    const store = new MemoryRegistryStore();
    const idsOf = (list: readonly mesos.AgentID[] = []) => list.map(({ value }) => value);
    const ids = Array.from({ length: 5_000 }, (_, i) => `old-S${i}`);
    for (const [i, value] of ids.entries()) {
      const agent_id = { value };
      const time = { nanoseconds: i };
      applyOperation(store, { admit_agent: { agent_info: { hostname: 'h', id: agent_id } } });
      if (i % 2 === 0) applyOperation(store, { mark_agent_gone: { agent_id, gone_time: time } });
      else applyOperation(store, { mark_agent_unreachable: { agent_id, unreachable_time: time } });
    }
    const harness = new Harness({ store, config: { registryGcIntervalMs: 60_000 } });
    harness.advance(60_000);
    const prunes = harness.effects
      .flatMap((effect) => (effect.kind === 'propose' ? effect.operations : []))
      .flatMap(({ prune }) => prune ?? []);
    const pruned = [
      ...prunes.flatMap(({ unreachable }) => idsOf(unreachable)),
      ...prunes.flatMap(({ gone }) => idsOf(gone)),
    ];
    expect(pruned).toEqual([...ids.filter((_, i) => i % 2 === 1), ...ids.filter((_, i) => i % 2 === 0)]);
    for (const { unreachable = [], gone = [] } of prunes)
      expect(unreachable.length + gone.length).toBeLessThanOrEqual(MAX_AGENTS_PER_PRUNE);
    const { view } = harness.core;
    expect([view.unreachableAgents.size, view.goneAgents.size]).toEqual([0, 0]);
    expect([store.state().unreachable.size, store.state().gone.size]).toEqual([0, 0]);
  });

  it('forgets unreachable agents that are too many or too old', () => {
    const config = { registryMaxAgentCount: 1, registryGcIntervalMs: 60_000, agentReregisterTimeoutMs: 1_000 };
    const harness = new Harness({ config });
    for (const hostname of ['a', 'b']) {
      const agent = harness.agent({ hostname }).register();
      agent.disconnect();
      harness.advance(2_000);
    }
    expect([...harness.core.view.unreachableAgents.keys()]).toEqual(['m1-S0', 'm1-S1']);
    harness.advance(60_000);
    expect([...harness.core.view.unreachableAgents.keys()]).toEqual(['m1-S1']);
    expect([...harness.store.state().unreachable.keys()]).toEqual(['m1-S1']);
  });

  it('asserts that the master is elected before anything happens', () => {
    const harness = new Harness({ elect: false });
    harness.send({ kind: 'tick' });
    expect(() => harness.operator()).toThrow('elected');
  });
});
