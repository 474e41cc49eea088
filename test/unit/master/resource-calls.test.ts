// RESERVE_RESOURCES to SHRINK_VOLUME: what they need to be free, whose offers they take back, how they are answered.
import { describe, expect, it } from 'vitest';
import { getOperations } from '../../../src/daemon/master/core/snapshot.js';
import type * as master from '../../../src/wire/gen/master.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { taskInfo } from './support/fake-scheduler.js';
import { cpusMem, type Harness, resource } from './support/harness.js';
import { checkView } from './support/invariants.js';
import { realAllocator } from './support/real-allocator.js';
import { offeredPair, type Pair } from './support/scenarios.js';

const ENG: mesos.Resource_ReservationInfo = { type: 'DYNAMIC', role: 'eng' };
const WEB: mesos.Resource_ReservationInfo = { type: 'DYNAMIC', role: 'eng/web' };

function on(name: string, value: number, more: Partial<mesos.Resource> = {}): mesos.Resource {
  return { ...resource(name, value), reservations: [ENG], ...more };
}

function volume(value: number, more: Partial<mesos.Resource> = {}): mesos.Resource {
  return on('disk', value, {
    disk: { persistence: { id: 'v1' }, volume: { container_path: 'd', mode: 'RW' } },
    ...more,
  });
}

const RESOURCES = [resource('cpus', 4), resource('mem', 4096), resource('disk', 1000)];

function offered(config: NonNullable<Parameters<typeof offeredPair>[1]>['config'] = {}): Pair {
  return offeredPair(
    { roles: ['eng'], capabilities: [{ type: 'MULTI_ROLE' }, { type: 'RESERVATION_REFINEMENT' }] },
    { allocator: realAllocator(), config },
    { resources: RESOURCES },
  );
}

const reserve = (agent_id: mesos.AgentID, resources: mesos.Resource[], source?: mesos.Resource[]): master.Call => ({
  type: 'RESERVE_RESOURCES',
  reserve_resources: { agent_id, resources, source },
});
const unreserve = (agent_id: mesos.AgentID, resources: mesos.Resource[]): master.Call => ({
  type: 'UNRESERVE_RESOURCES',
  unreserve_resources: { agent_id, resources },
});
const create = (agent_id: mesos.AgentID, volumes: mesos.Resource[]): master.Call => ({
  type: 'CREATE_VOLUMES',
  create_volumes: { agent_id, volumes },
});
const destroy = (agent_id: mesos.AgentID, volumes: mesos.Resource[]): master.Call => ({
  type: 'DESTROY_VOLUMES',
  destroy_volumes: { agent_id, volumes },
});

function totalOf({ harness, agent }: Pair): string {
  return harness.core.view.agents.get(agent.id)?.total.toString() ?? '';
}

const rescinds = ({ scheduler }: Pair) => scheduler.types().filter((type) => type === 'RESCIND').length;
const messageOf = (harness: Harness, call: master.Call) => {
  const outcome = harness.operatorCall(call);
  return [outcome?.status, outcome !== undefined && 'rejection' in outcome ? outcome.rejection.message : ''];
};

describe('operator calls on resources', () => {
  it('reserve, create, grow, shrink, destroy, unreserve: 202 each, and in the end all is as before', () => {
    const pair = offered();
    const { harness, agent } = pair;
    const id = { value: agent.id };
    const before = totalOf(pair);
    const calls: master.Call[] = [
      reserve(id, [on('cpus', 1), on('disk', 300)]),
      create(id, [volume(100)]),
      { type: 'GROW_VOLUME', grow_volume: { agent_id: id, volume: volume(100), addition: on('disk', 50) } },
      { type: 'SHRINK_VOLUME', shrink_volume: { agent_id: id, volume: volume(150), subtract: { value: 30 } } },
      destroy(id, [volume(120)]),
      unreserve(id, [on('cpus', 1), on('disk', 300)]),
    ];
    for (const call of calls) {
      expect(harness.operatorCall(call), call.type).toMatchObject({ status: 202 });
      checkView(harness.core.view);
      agent.carryOut();
      expect(totalOf(pair)).toBe(agent.total?.toString());
      harness.settle();
    }
    expect(agent.received('apply_operation')).toHaveLength(6);
    expect(agent.received('acknowledge_operation')).toHaveLength(6);
    expect(agent.operations.size).toBe(0);
    expect(totalOf(pair).split('; ').sort()).toEqual(before.split('; ').sort());
  });

  it('reservations are pushed, popped, and replaced from a source', () => {
    const pair = offered();
    const { harness, agent } = pair;
    const id = { value: agent.id };
    const both = on('cpus', 1, { reservations: [ENG, WEB] });
    expect(harness.operatorCall(reserve(id, [on('cpus', 1)]))).toMatchObject({ status: 202 });
    expect(harness.operatorCall(reserve(id, [both]))).toMatchObject({ status: 202 });
    expect(harness.operatorCall(unreserve(id, [both]))).toMatchObject({ status: 202 });
    const other = on('cpus', 1, { reservations: [{ type: 'DYNAMIC', role: 'x' }] });
    expect(harness.operatorCall(reserve(id, [other], [on('cpus', 1)]))).toMatchObject({ status: 202 });
    agent.carryOut();
    expect(totalOf(pair)).toContain('cpus(reservations: [(DYNAMIC,x)]):1');
    checkView(harness.core.view);
  });

  it('take back only the offers they need', () => {
    const pair = offered();
    const { harness, scheduler, agent } = pair;
    agent.frame({ update_agent: { total_resources: [...cpusMem(8, 4096), resource('disk', 1000)] } });
    harness.settle();
    expect(scheduler.offers).toHaveLength(2);
    expect(harness.operatorCall(reserve({ value: agent.id }, [on('disk', 10)]))).toMatchObject({ status: 202 });
    expect(rescinds(pair)).toBe(1);
    harness.operatorCall(reserve({ value: agent.id }, [on('disk', 10)]));
    expect(rescinds(pair)).toBe(1);
    checkView(harness.core.view);
  });

  it('are shown until the agent carried them out', () => {
    const { harness, agent } = offered();
    harness.operatorCall(reserve({ value: agent.id }, [on('cpus', 1)]));
    expect(getOperations(harness.core.view).operations).toMatchObject([
      { agent_id: { value: agent.id }, info: { type: 'RESERVE' }, latest_status: { state: 'OPERATION_PENDING' } },
    ]);
    agent.carryOut();
    expect(getOperations(harness.core.view).operations).toEqual([]);
  });

  const refinedStatic = on('cpus', 1, { reservations: [{ type: 'STATIC', role: 'eng' }] });
  it.each<[string, (id: mesos.AgentID) => master.Call, 400 | 409, string]>([
    ['an unknown agent', () => reserve({ value: 'none' }, [on('cpus', 1)]), 400, "'none' is not registered"],
    ['nothing', (id) => reserve(id, []), 400, 'is empty'],
    [
      'allocated resources',
      (id) => reserve(id, [on('cpus', 1, { allocation_info: { role: 'eng' } })]),
      400,
      'allocation_info',
    ],
    ['a static reservation', (id) => reserve(id, [refinedStatic]), 400, 'not DYNAMIC'],
    ['two formats in one', (id) => reserve(id, [on('cpus', 1, { role: 'eng' })]), 400, 'exclude each other'],
    ['what is revocable', (id) => reserve(id, [on('cpus', 1, { revocable: {} })]), 400, 'revocable'],
    [
      'a role that is not allowed',
      (id) => reserve(id, [on('cpus', 1, { reservations: [{ type: 'DYNAMIC', role: 'y' }] })]),
      400,
      '--roles',
    ],
    [
      'another amount than the source',
      (id) => reserve(id, [on('cpus', 1)], [resource('cpus', 2)]),
      400,
      'not the same',
    ],
    ['more than there is', (id) => reserve(id, [on('cpus', 5)]), 409, 'do not contain'],
    ['what a task uses', (id) => reserve(id, [on('cpus', 4)]), 409, 'tasks use what is asked for'],
    ['what is not reserved', (id) => unreserve(id, [on('cpus', 1)]), 409, 'do not contain'],
    ['a volume of free disk', (id) => create(id, [volume(10, { reservations: undefined })]), 400, 'reserved disk'],
    ['a volume without disk', (id) => create(id, [volume(10)]), 409, 'do not contain'],
    ['an unknown volume', (id) => destroy(id, [volume(10)]), 400, 'no such volume'],
  ])('refuse %s, and nothing changes', (_, callOf, status, message) => {
    const pair = offered({ roles: ['eng', 'x'] });
    const { harness, scheduler, agent } = pair;
    const offer = scheduler.takeOffer();
    scheduler.accept([offer], [{ type: 'LAUNCH', launch: { task_infos: [taskInfo(offer, 't1')] } }]);
    harness.advance(6_000);
    const before = totalOf(pair);
    const [answered, text] = messageOf(harness, callOf({ value: agent.id }));
    expect([answered, text]).toEqual([status, expect.stringContaining(message)]);
    expect(totalOf(pair)).toBe(before);
    expect(rescinds(pair)).toBe(0);
    expect(agent.received('apply_operation')).toEqual([]);
    checkView(harness.core.view);
  });

  it('refuse to destroy a volume that a task uses', () => {
    const pair = offered();
    const { harness, scheduler, agent } = pair;
    const id = { value: agent.id };
    harness.operatorCall(reserve(id, [on('disk', 100)]));
    harness.operatorCall(create(id, [volume(100)]));
    harness.advance(6_000);
    const offers = scheduler.takeOffers();
    const task = taskInfo({ agent_id: id }, 't1', { resources: [...cpusMem(1, 64), volume(100)] });
    scheduler.accept(offers, [{ type: 'LAUNCH', launch: { task_infos: [task] } }]);
    expect(agent.tasks.has('t1')).toBe(true);
    expect(messageOf(harness, destroy(id, [volume(100)]))).toEqual([400, expect.stringContaining("'v1' is in use")]);
    agent.update('t1', 'TASK_FINISHED');
    expect(harness.operatorCall(destroy(id, [volume(100)]))).toMatchObject({ status: 202 });
    checkView(harness.core.view);
  });

  it('refuse while the agent is away', () => {
    const { harness, agent } = offered();
    agent.disconnect();
    expect(messageOf(harness, reserve({ value: agent.id }, [on('cpus', 1)]))).toEqual([
      409,
      expect.stringContaining('not connected'),
    ]);
  });

  it('hold a drain up until they are carried out', () => {
    const { harness, agent } = offered();
    harness.operatorCall(reserve({ value: agent.id }, [on('cpus', 1)]));
    harness.operatorCall({ type: 'DRAIN_AGENT', drain_agent: { agent_id: { value: agent.id } } });
    const stateOf = () => harness.core.view.deactivatedAgents.get(agent.id)?.drain?.state;
    expect(stateOf()).toBe('DRAINING');
    agent.carryOut();
    expect(stateOf()).toBe('DRAINED');
  });
});
