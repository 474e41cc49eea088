// DRAIN_AGENT, DEACTIVATE_AGENT and REACTIVATE_AGENT: offers, the frames to the agent, the end of a drain, and who is away meanwhile.
import { describe, expect, it } from 'vitest';
import { describeAgent } from '../../../src/daemon/master/core/snapshot.js';
import type * as master from '../../../src/wire/gen/master.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { LAUNCH_LABEL } from '../../../src/wire/launch-label.js';
import { Harness, resource, START_UNIX_MS } from './support/harness.js';
import { realAllocator } from './support/real-allocator.js';
import { offeredPair, PARTITION_AWARE, type Pair, runningPair } from './support/scenarios.js';

const CAPABLE = { capabilities: ['MULTI_ROLE', 'AGENT_DRAINING'] as const, hostname: 'h', ip: '10.0.0.1' };

const drain = (id: string, more: Partial<master.Call_DrainAgent> = {}): master.Call => ({
  type: 'DRAIN_AGENT',
  drain_agent: { agent_id: { value: id }, ...more },
});
const deactivate = (id: string): master.Call => ({
  type: 'DEACTIVATE_AGENT',
  deactivate_agent: { agent_id: { value: id } },
});
const reactivate = (id: string): master.Call => ({
  type: 'REACTIVATE_AGENT',
  reactivate_agent: { agent_id: { value: id } },
});

const idle = () => offeredPair({}, {}, CAPABLE);
const busy = (...taskIds: string[]) => runningPair(taskIds, { capabilities: PARTITION_AWARE }, {}, CAPABLE);
const stateOf = ({ harness, agent }: Pick<Pair, 'harness' | 'agent'>) =>
  harness.core.view.deactivatedAgents.get(agent.id)?.drain?.state;
const stored = ({ harness, agent }: Pick<Pair, 'harness' | 'agent'>) =>
  harness.store.state().deactivated.get(agent.id)?.drain?.state;
const rescinds = ({ scheduler }: Pair) => scheduler.types().filter((type) => type === 'RESCIND').length;

function end({ agent, scheduler }: Pair, taskId: string): void {
  agent.update(taskId, 'TASK_KILLED');
  scheduler.acknowledge(scheduler.lastUpdate);
}

describe('DRAIN_AGENT', () => {
  it('ends a minute after a task that was launched detached, whose last update nobody acknowledges', () => {
    const labels = (value: string) => ({ labels: [{ key: LAUNCH_LABEL, value }] });
    for (const [kind, ends] of [
      ['detached', 'DRAINED'],
      ['attached', 'DRAINING'],
    ] as const) {
      const pair = runningPair(['t'], { failover_timeout: 31_536_000, labels: labels(kind) }, {}, CAPABLE);
      const { harness, agent, scheduler } = pair;
      scheduler.disconnect();
      harness.operatorCall(drain(agent.id));
      const pass = (ms: number) => {
        for (let left = ms; left > 0; left -= 10_000) {
          harness.advance(Math.min(left, 10_000));
          agent.pong();
        }
      };
      pass(120_000);
      expect(harness.core.view.frameworks.has(scheduler.id)).toBe(true);
      agent.update('t', 'TASK_KILLED');
      pass(30_000);
      agent.update('t', 'TASK_KILLED');
      pass(29_000);
      expect(stateOf(pair)).toBe('DRAINING');
      pass(2_000);
      expect(stateOf(pair)).toBe(ends);
      expect(harness.core.view.frameworks.has(scheduler.id)).toBe(kind === 'attached');
    }
  });

  it('takes offers back, tells the agent how, and shows it', () => {
    const pair = busy('t');
    const { harness, agent } = pair;
    harness.advance(6_000);
    expect(pair.scheduler.offers).toHaveLength(1);
    const call = drain(agent.id, { max_grace_period: { seconds: 90, nanos: 5 }, mark_gone: true });
    expect(harness.operatorCall(call)).toMatchObject({ status: 200 });
    const config: mesos.DrainConfig = { max_grace_period: { nanoseconds: 90_000_000_005 }, mark_gone: true };
    expect(agent.received('drain_agent')).toEqual([{ config }]);
    expect(rescinds(pair)).toBe(1);
    harness.advance(5_000);
    expect(pair.scheduler.offers).toEqual([]);
    const view = harness.core.view.agents.get(agent.id);
    expect(view === undefined ? undefined : describeAgent(view)).toMatchObject({
      active: false,
      deactivated: true,
      drain_info: { state: 'DRAINING', config },
      estimated_drain_start_time: { nanoseconds: (BigInt(START_UNIX_MS) + 6_005n) * 1_000_000n },
    });
    expect(stored(pair)).toBe('DRAINING');
  });

  it('is over when the last task has ended and that is acknowledged', () => {
    const pair = busy('a', 'b');
    pair.harness.operatorCall(drain(pair.agent.id));
    end(pair, 'a');
    pair.agent.update('b', 'TASK_KILLED');
    expect(stateOf(pair)).toBe('DRAINING');
    pair.scheduler.acknowledge(pair.scheduler.lastUpdate);
    expect([stateOf(pair), stored(pair)]).toEqual(['DRAINED', 'DRAINED']);
    expect(pair.harness.core.view.agents.has(pair.agent.id)).toBe(true);
  });

  it('waits for operations, too', () => {
    const { harness, agent, scheduler } = offeredPair(
      { role: 'r', capabilities: [] },
      { allocator: realAllocator() },
      CAPABLE,
    );
    const reservations = [{ type: 'DYNAMIC' as const, role: 'r' }];
    const resources = [{ ...resource('cpus', 1), reservations }];
    scheduler.accept([scheduler.takeOffer()], [{ type: 'RESERVE', reserve: { resources } }]);
    harness.operatorCall(drain(agent.id));
    expect(stateOf({ harness, agent })).toBe('DRAINING');
    agent.carryOut();
    expect(stateOf({ harness, agent })).toBe('DRAINED');
  });

  it('is over at once where nothing runs', () => {
    const pair = idle();
    pair.harness.operatorCall(drain(pair.agent.id));
    expect([stateOf(pair), stored(pair)]).toEqual(['DRAINED', 'DRAINED']);
  });

  it('marks the agent gone afterwards, if asked to', () => {
    const pair = busy('t');
    pair.harness.operatorCall(drain(pair.agent.id, { mark_gone: true }));
    expect(pair.agent.isShutDown).toBe(false);
    end(pair, 't');
    expect(pair.agent.isShutDown).toBe(true);
    expect(pair.harness.core.view.goneAgents.has(pair.agent.id)).toBe(true);
    expect(pair.harness.store.state().gone.has(pair.agent.id)).toBe(true);
    expect(stateOf(pair)).toBeUndefined();
  });

  it('marks it gone also when the leader dies between the two', () => {
    const pair = busy('t');
    const { harness, agent } = pair;
    harness.operatorCall(drain(agent.id, { mark_gone: true }));
    harness.holdsProposals = true;
    end(pair, 't');
    const [drained] = harness.heldProposals;
    expect(drained?.operations).toEqual([{ mark_agent_drained: { agent_id: { value: agent.id } } }]);
    harness.holdsProposals = true;
    // It becomes durable, and nobody hears of it any more.
    harness.heldProposals.splice(0);
    const store = harness.store;
    store.putDeactivation(agent.id, { drain: { state: 'DRAINED', config: { mark_gone: true } } });
    const successor = new Harness({ store, masterId: 'm2' });
    expect(successor.core.view.goneAgents.has(agent.id)).toBe(true);
    expect(agent.moveTo(successor).reregister().isShutDown).toBe(true);
  });

  it('again takes the new way to end', () => {
    const pair = busy('t');
    pair.harness.operatorCall(drain(pair.agent.id));
    pair.harness.operatorCall(drain(pair.agent.id, { max_grace_period: { seconds: 1 } }));
    expect(pair.agent.received('drain_agent')).toHaveLength(2);
    expect(pair.harness.core.view.deactivatedAgents.get(pair.agent.id)?.drain?.config).toEqual({
      max_grace_period: { nanoseconds: 1e9 },
    });
  });

  it('begins when an unreachable agent returns', () => {
    const pair = busy('t');
    const { harness, agent } = pair;
    agent.disconnect();
    harness.advance(700_000);
    expect(harness.core.view.unreachableAgents.has(agent.id)).toBe(true);
    expect(harness.operatorCall(drain(agent.id))).toMatchObject({ status: 200 });
    harness.advance(5_000);
    expect(stateOf(pair)).toBe('DRAINING');
    agent.reregister();
    expect(agent.received('drain_agent')).toHaveLength(1);
    expect(stateOf(pair)).toBe('DRAINING');
    end(pair, 't');
    expect(stateOf(pair)).toBe('DRAINED');
  });

  it('is told again to an agent that comes back, under this leader or the next', () => {
    const pair = busy('t');
    const { harness, agent } = pair;
    harness.operatorCall(drain(agent.id));
    agent.disconnect();
    agent.reregister();
    expect(agent.received('drain_agent')).toHaveLength(1);
    const successor = new Harness({ store: harness.store, masterId: 'm2' });
    const moved = agent.moveTo(successor);
    moved.reregister({ drain_config: {} });
    expect(moved.received('drain_agent')).toHaveLength(1);
    expect(successor.core.view.agents.get(agent.id)).toMatchObject({ active: false });
  });

  it.each([
    ['an unknown agent', 'no-such', 400, "Unknown agent 'no-such'"],
    ['one that cannot', undefined, 400, 'is not capable of draining'],
  ])('of %s is refused and changes nothing', (_who, id, status, message) => {
    const { harness, agent } = offeredPair({}, {}, { capabilities: ['MULTI_ROLE'] });
    expect(harness.operatorCall(drain(id ?? agent.id))).toMatchObject({
      status,
      rejection: { message: expect.stringContaining(message) },
    });
    expect(harness.store.state().deactivated.size).toBe(0);
    expect(agent.received('drain_agent')).toEqual([]);
  });

  it('of one whose machine is scheduled for maintenance is refused', () => {
    const { harness, agent } = idle();
    const window = { machine_ids: [{ hostname: 'H', ip: '10.0.0.1' }], unavailability: { start: { nanoseconds: 0 } } };
    const schedule = { windows: [window] };
    harness.operatorCall({ type: 'UPDATE_MAINTENANCE_SCHEDULE', update_maintenance_schedule: { schedule } });
    expect(harness.operatorCall(drain(agent.id))).toMatchObject({
      status: 400,
      rejection: { message: expect.stringContaining('in the maintenance schedule') },
    });
    expect(harness.store.state().deactivated.size).toBe(0);
  });

  it('of one that is being marked gone is 409', () => {
    const { harness, agent } = idle();
    harness.holdsProposals = true;
    harness.operatorCall({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: { value: agent.id } } });
    for (const call of [drain(agent.id), deactivate(agent.id), reactivate(agent.id)])
      expect(harness.operatorCall(call)).toMatchObject({ status: 409 });
    harness.releaseProposals();
    expect(harness.store.state().deactivated.size).toBe(0);
  });
});

describe('DEACTIVATE_AGENT and REACTIVATE_AGENT', () => {
  it('stop offers, leave tasks alone, and begin offers again', () => {
    const pair = busy('t');
    const { harness, agent, scheduler } = pair;
    harness.advance(6_000);
    expect(harness.operatorCall(deactivate(agent.id))).toMatchObject({ status: 200 });
    expect(rescinds(pair)).toBe(1);
    harness.advance(5_000);
    expect(scheduler.offers).toEqual([]);
    expect(agent.received('drain_agent')).toEqual([]);
    expect(agent.received('kill_task')).toEqual([]);
    expect(harness.store.state().deactivated.get(agent.id)).toEqual({});
    expect(harness.operatorCall(deactivate(agent.id))).toMatchObject({ status: 200 });
    expect(harness.operatorCall(reactivate(agent.id))).toMatchObject({ status: 200 });
    harness.settle();
    expect(scheduler.offers).toHaveLength(1);
    expect(harness.store.state().deactivated.size).toBe(0);
  });

  it('makes a drained agent register again before it is offered', () => {
    const { harness, agent, scheduler } = idle();
    harness.operatorCall(drain(agent.id));
    expect(harness.operatorCall(reactivate(agent.id))).toMatchObject({ status: 200 });
    harness.advance(1_000);
    expect(agent.received('ping').filter(({ connected }) => !connected)).toHaveLength(1);
    expect(scheduler.offers).toEqual([]);
    agent.reregister({ drain_config: {} });
    harness.settle();
    expect(scheduler.offers).toHaveLength(1);
    expect(agent.received('drain_agent')).toHaveLength(1);
  });

  it('goes on with a drain that is deactivated as well', () => {
    const pair = busy('t');
    pair.harness.operatorCall(drain(pair.agent.id));
    expect(pair.harness.operatorCall(deactivate(pair.agent.id))).toMatchObject({ status: 200 });
    expect([stateOf(pair), stored(pair)]).toEqual(['DRAINING', 'DRAINING']);
  });

  it.each<[string, (pair: Pair) => master.Call, string]>([
    ['an unknown agent to deactivate', () => deactivate('no-such'), 'Unknown agent'],
    ['an unknown agent to reactivate', () => reactivate('no-such'), 'Unknown agent'],
    ['one that is not deactivated', ({ agent }) => reactivate(agent.id), 'is not deactivated'],
  ])('%s is 400', (_who, call, message) => {
    const pair = idle();
    expect(pair.harness.operatorCall(call(pair))).toMatchObject({
      status: 400,
      rejection: { message: expect.stringContaining(message) },
    });
    expect(pair.harness.store.state().deactivated.size).toBe(0);
  });

  it('refuses one that still drains', () => {
    const pair = busy('t');
    pair.harness.operatorCall(drain(pair.agent.id));
    expect(pair.harness.operatorCall(reactivate(pair.agent.id))).toMatchObject({
      status: 400,
      rejection: { message: expect.stringContaining('still draining') },
    });
    expect(stateOf(pair)).toBe('DRAINING');
  });

  it('holds for recovered agents, which are known', () => {
    const { harness, agent } = idle();
    const successor = new Harness({ store: harness.store, masterId: 'm2' });
    expect(successor.operatorCall(deactivate(agent.id))).toMatchObject({ status: 200 });
    agent.moveTo(successor).reregister();
    expect(successor.core.view.agents.get(agent.id)).toMatchObject({ active: false });
    expect(successor.operatorCall(reactivate(agent.id))).toMatchObject({ status: 200 });
    expect(successor.core.view.agents.get(agent.id)).toMatchObject({ active: true });
  });

  it('tells who watches', () => {
    const { harness, agent } = idle();
    const watcher = harness.watch({ kinds: ['AGENTS'] });
    const state = () => watcher.agents.get(agent.id)?.state;
    const seen = [deactivate, drain, reactivate].map((call) => {
      harness.operatorCall(call(agent.id));
      return state();
    });
    expect(seen).toEqual(['DEACTIVATED', 'DRAINED', 'ACTIVE']);
  });
});
