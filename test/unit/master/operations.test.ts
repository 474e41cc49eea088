// RESERVE to SHRINK_VOLUME in ACCEPT: their effect on offers, what the agent is told, who hears how they ended.
import { describe, expect, it } from 'vitest';
import { getAgents } from '../../../src/daemon/master/core/snapshot.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import type * as scheduler from '../../../src/wire/gen/scheduler.js';
import { create, destroy, grow, reserve, shrink, unreserve } from '../offers/operation-messages.js';
import type { FakeAgentOptions } from './support/fake-agent.js';
import { type FakeScheduler, taskInfo } from './support/fake-scheduler.js';
import { Harness, resource } from './support/harness.js';
import { checkView } from './support/invariants.js';
import { realAllocator } from './support/real-allocator.js';
import { offeredPair } from './support/scenarios.js';

const ENG: mesos.Resource_ReservationInfo = { type: 'DYNAMIC', role: 'eng', principal: 'ops' };
const CAPABILITIES: mesos.FrameworkInfo_Capability[] = [
  { type: 'MULTI_ROLE' },
  { type: 'RESERVATION_REFINEMENT' },
  { type: 'SHARED_RESOURCES' },
];

function on(name: string, value: number, more: Partial<mesos.Resource> = {}): mesos.Resource {
  return { ...resource(name, value), reservations: [ENG], ...more };
}

function volume(value: number, id = 'v1', more: Partial<mesos.Resource> = {}): mesos.Resource {
  const disk = { persistence: { id, principal: 'ops' }, volume: { container_path: 'data', mode: 'RW' as const } };
  return on('disk', value, { disk, ...more });
}

const launch = (...task_infos: mesos.TaskInfo[]): mesos.Offer_Operation => ({ type: 'LAUNCH', launch: { task_infos } });
const withId = (operation: mesos.Offer_Operation, id: string): mesos.Offer_Operation => ({
  ...operation,
  id: { value: id },
});

const RESOURCES = [resource('cpus', 4), resource('mem', 4096), resource('disk', 1000)];

function offered(info: Partial<mesos.FrameworkInfo> = {}, agentOptions: FakeAgentOptions = {}) {
  return offeredPair(
    { roles: ['eng'], principal: 'ops', capabilities: CAPABILITIES, ...info },
    { allocator: realAllocator() },
    { resources: RESOURCES, ...agentOptions },
  );
}

function statuses(of: FakeScheduler): mesos.OperationStatus[] {
  return of.events.flatMap(({ update_operation_status: update }) => (update === undefined ? [] : [update.status]));
}

const statesOf = (of: FakeScheduler) => statuses(of).map(({ state }) => state);

function acknowledge(of: FakeScheduler, status: mesos.OperationStatus): void {
  const { operation_id, uuid, agent_id } = status;
  if (operation_id === undefined || uuid === undefined) throw new Error('there is nothing to acknowledge');
  const call: scheduler.Call_AcknowledgeOperationStatus = { agent_id, uuid: uuid.value, operation_id };
  of.call({ type: 'ACKNOWLEDGE_OPERATION_STATUS', acknowledge_operation_status: call });
}

function totalOf(harness: Harness): string {
  return [...harness.core.view.agents.values()].map(({ total }) => total.toString()).join();
}

function operationsOf(harness: Harness): mesos.OperationState[] {
  return [...harness.core.view.agents.values()].flatMap((agent) =>
    Array.from(agent.operations.values(), ({ message }) => message.latest_status.state),
  );
}

function textOf(offer: mesos.Offer): string[] {
  return (offer.resources ?? []).map(({ name, scalar, reservations, disk }) =>
    [name, scalar?.value, reservations?.at(-1)?.role, disk?.persistence?.id]
      .filter((part) => part !== undefined)
      .join(' '),
  );
}

describe('operations of an ACCEPT', () => {
  it('reserve, create and launch in one: the agent is told all three in order', () => {
    const { harness, scheduler, agent } = offered();
    const offer = scheduler.takeOffer();
    const task = taskInfo(offer, 't1', { resources: [on('cpus', 1), resource('mem', 64), volume(100)] });
    scheduler.accept([offer], [reserve(on('cpus', 2), on('disk', 300)), create(volume(100)), launch(task)]);
    expect(agent.messages.flatMap((message) => Object.keys(message)).slice(-3)).toEqual([
      'apply_operation',
      'apply_operation',
      'run_tasks',
    ]);
    const [first] = agent.received('apply_operation');
    expect(first?.framework_id).toEqual({ value: scheduler.id });
    expect(first?.info.reserve?.resources?.[0]?.allocation_info).toEqual({ role: 'eng' });
    checkView(harness.core.view);
    agent.carryOut();
    checkView(harness.core.view);
    expect(totalOf(harness)).toBe(agent.total?.toString());
    // Nobody asked to hear of them, so the master acknowledged them itself.
    expect(operationsOf(harness)).toEqual([]);
    expect(agent.operations.size).toBe(0);
    expect(statuses(scheduler)).toEqual([]);
  });

  it('what they made comes back without a filter', () => {
    const { harness, scheduler } = offered();
    scheduler.accept([scheduler.takeOffer()], [reserve(on('cpus', 2))], { refuse_seconds: 3600 });
    harness.settle();
    expect(textOf(scheduler.takeOffer()).sort()).toEqual(['cpus 2', 'cpus 2 eng', 'disk 1000', 'mem 4096']);
  });

  it('undo each other in one ACCEPT, and nothing is lost', () => {
    const { harness, scheduler, agent } = offered();
    const before = totalOf(harness);
    scheduler.accept(
      [scheduler.takeOffer()],
      [reserve(on('disk', 300)), create(volume(100)), destroy(volume(100)), unreserve(on('disk', 300))],
      { refuse_seconds: 0 },
    );
    agent.carryOut();
    expect(totalOf(harness)).toBe(before);
    checkView(harness.core.view);
    expect(agent.received('apply_operation')).toHaveLength(4);
  });

  it('a resized volume is not for later operations of the same ACCEPT, but offered again', () => {
    const { harness, scheduler, agent } = offered();
    scheduler.accept([scheduler.takeOffer()], [reserve(on('disk', 300)), create(volume(100))]);
    harness.settle();
    scheduler.accept(
      [scheduler.takeOffer()],
      [grow(volume(100), on('disk', 50)), withId(destroy(volume(150)), 'too-early')],
      { refuse_seconds: 0 },
    );
    expect(statuses(scheduler)).toMatchObject([{ state: 'OPERATION_ERROR', operation_id: { value: 'too-early' } }]);
    harness.settle();
    const again = scheduler.takeOffer();
    expect(textOf(again)).toContain('disk 150 eng v1');
    scheduler.accept([again], [shrink(volume(150), 30)]);
    agent.carryOut();
    expect(totalOf(harness)).toBe(agent.total?.toString());
    expect(totalOf(harness)).toContain('120');
    checkView(harness.core.view);
  });

  it('old frameworks use and see the old format', () => {
    const { harness, scheduler } = offeredPair(
      { role: 'eng', principal: 'ops' },
      { allocator: realAllocator() },
      { resources: RESOURCES },
    );
    const old: mesos.Resource = { ...resource('cpus', 1), role: 'eng', reservation: { principal: 'ops' } };
    const { reservations, ...plain } = old;
    scheduler.accept([scheduler.takeOffer()], [withId(reserve(plain), 'r')]);
    harness.settle();
    const reserved = scheduler.takeOffer().resources?.find(({ role }) => role === 'eng');
    expect(reserved).toMatchObject({ role: 'eng', reservation: { principal: 'ops' } });
    expect(reserved?.reservations).toBeUndefined();
  });
});

describe('operations that are refused', () => {
  const web: mesos.Resource_ReservationInfo = { type: 'DYNAMIC', role: 'eng/web', principal: 'ops' };
  it.each<[string, mesos.Offer_Operation, string, Partial<mesos.FrameworkInfo>?, FakeAgentOptions?]>([
    [
      'with a source',
      { type: 'RESERVE', reserve: { source: [on('cpus', 1)], resources: [on('cpus', 1)] } },
      'operators',
    ],
    ['to another role', reserve(on('cpus', 1, { reservations: [{ ...ENG, role: 'x' }] })), "reserved to role 'x'"],
    ['by another principal', reserve(on('cpus', 1, { reservations: [{ ...ENG, principal: 'x' }] })), "'x'"],
    ['without principal', reserve(on('cpus', 1, { reservations: [{ type: 'DYNAMIC', role: 'eng' }] })), 'no principal'],
    ['more than offered', reserve(on('cpus', 5)), 'do not contain'],
    ['of what is not reserved', unreserve(on('cpus', 1)), 'do not contain'],
    [
      'a volume of another principal',
      create(
        volume(10, 'v1', {
          disk: { persistence: { id: 'v1', principal: 'x' }, volume: { container_path: 'd', mode: 'RW' } },
        }),
      ),
      "'x'",
    ],
    ['an unknown volume', destroy(volume(10)), 'no such volume'],
    [
      'CREATE_DISK',
      { type: 'CREATE_DISK', create_disk: { source: on('disk', 1), target_type: 'MOUNT' } },
      'not supported',
    ],
    ['DESTROY_DISK', { type: 'DESTROY_DISK', destroy_disk: { source: on('disk', 1) } }, 'not supported'],
    ['for another role than the offer', reserve(on('cpus', 1, { allocation_info: { role: 'x' } })), 'allocated'],
    [
      'refined, by an old framework',
      reserve(on('cpus', 1, { reservations: [ENG, web] })),
      'framework capability RESERVATION_REFINEMENT',
      { capabilities: [{ type: 'MULTI_ROLE' }] },
    ],
    [
      'shared, by an old framework',
      create(volume(10, 'v1', { shared: {} })),
      'SHARED_RESOURCES',
      { capabilities: [{ type: 'MULTI_ROLE' }] },
    ],
    [
      'a resize on an old agent',
      shrink(volume(10), 1),
      'cannot resize',
      {},
      { capabilities: ['MULTI_ROLE', 'AGENT_OPERATION_FEEDBACK'] },
    ],
    ['an id on an old agent', reserve(on('cpus', 1)), 'feedback', {}, { capabilities: ['MULTI_ROLE'] }],
  ])('%s: OPERATION_ERROR, and nothing changes', (_, operation, message, info = {}, options = {}) => {
    const { harness, scheduler, agent } = offered(info, options);
    const before = totalOf(harness);
    const offer = scheduler.takeOffer();
    scheduler.accept([offer], [withId(operation, 'op')], { refuse_seconds: 0 });
    const [status] = statuses(scheduler);
    expect(status).toMatchObject({ state: 'OPERATION_ERROR', operation_id: { value: 'op' } });
    expect(status?.message).toContain(message);
    expect([status?.uuid, status?.agent_id]).toEqual([undefined, undefined]);
    expect(agent.received('apply_operation')).toEqual([]);
    expect(totalOf(harness)).toBe(before);
    harness.advance(1_000);
    expect(textOf(scheduler.takeOffer())).toEqual(textOf(offer));
    checkView(harness.core.view);
  });

  it('a second volume of the same id and role, whoever has the first', () => {
    const { harness, scheduler } = offered();
    const offer = scheduler.takeOffer();
    const task = taskInfo(offer, 't1', { resources: [resource('cpus', 1), resource('mem', 64), volume(100)] });
    scheduler.accept([offer], [reserve(on('disk', 300)), create(volume(100)), launch(task)]);
    harness.settle();
    scheduler.accept([scheduler.takeOffer()], [withId(create(volume(50)), 'again')]);
    expect(statuses(scheduler)[0]?.message).toContain("'v1' of role 'eng' is in use");
  });

  it('an id that is in use', () => {
    const { harness, scheduler } = offered();
    scheduler.accept([scheduler.takeOffer()], [withId(reserve(on('cpus', 1)), 'a')]);
    harness.settle();
    scheduler.accept([scheduler.takeOffer()], [withId(reserve(on('cpus', 1)), 'a')]);
    expect(statuses(scheduler)[0]?.message).toContain("'a' is in use");
  });

  it('one more than the agent may have under way', () => {
    const { scheduler } = offered();
    const many = Array.from({ length: 1000 }, () => reserve(on('cpus', 0.001)));
    scheduler.accept([scheduler.takeOffer()], [...many, withId(reserve(on('cpus', 0.001)), 'last')]);
    expect(statuses(scheduler)[0]?.message).toContain('1000 operations');
  }, 60_000);
});

describe('shared volumes', () => {
  const shared = volume(100, 's1', { shared: {} });

  it('serve several tasks of one ACCEPT, and go when the last one ended', () => {
    const { harness, scheduler, agent } = offered();
    const offer = scheduler.takeOffer();
    const task = (id: string) => taskInfo(offer, id, { resources: [resource('cpus', 1), resource('mem', 64), shared] });
    scheduler.accept([offer], [reserve(on('disk', 100)), create(shared), launch(task('t1'), task('t2'))]);
    agent.carryOut();
    checkView(harness.core.view);
    expect([...agent.tasks.keys()]).toEqual(['t1', 't2']);
    harness.advance(6_000);
    // Offered anew in every cycle: several copies are held at once.
    expect(scheduler.offers.length).toBeGreaterThan(1);
    scheduler.accept(scheduler.takeOffers(), [withId(destroy(shared), 'd1')]);
    expect(statuses(scheduler).at(-1)?.message).toContain("'s1' is in use");
    for (const id of ['t1', 't2']) agent.update(id, 'TASK_FINISHED');
    checkView(harness.core.view);
    harness.advance(6_000);
    const [first, ...others] = scheduler.takeOffers();
    expect(others.length).toBeGreaterThan(0);
    scheduler.accept([first as mesos.Offer], [withId(destroy(shared), 'd2')]);
    expect(scheduler.types()).toContain('RESCIND');
    agent.carryOut();
    expect(statuses(scheduler).at(-1)).toMatchObject({ state: 'OPERATION_FINISHED', operation_id: { value: 'd2' } });
    expect(totalOf(harness)).not.toContain('s1');
    checkView(harness.core.view);
  });
});

describe('operation feedback', () => {
  it('is repeated until it is acknowledged, and then forgotten', () => {
    const { harness, scheduler, agent } = offered();
    scheduler.accept([scheduler.takeOffer()], [withId(reserve(on('cpus', 1)), 'r1')]);
    expect(operationsOf(harness)).toEqual(['OPERATION_PENDING']);
    agent.carryOut();
    const [status] = statuses(scheduler);
    expect(status).toMatchObject({
      state: 'OPERATION_FINISHED',
      operation_id: { value: 'r1' },
      agent_id: { value: agent.id },
    });
    const uuid = agent.received('apply_operation')[0]?.uuid as Uint8Array;
    agent.repeat(uuid);
    expect(statesOf(scheduler)).toEqual(['OPERATION_FINISHED', 'OPERATION_FINISHED']);
    acknowledge(scheduler, { ...status, state: 'OPERATION_FINISHED', uuid: { value: new Uint8Array(16) } });
    expect(agent.operations.size).toBe(1);
    acknowledge(scheduler, status as mesos.OperationStatus);
    expect(agent.operations.size).toBe(0);
    expect(operationsOf(harness)).toEqual([]);
    const counters = harness.core.view.counters;
    expect(counters.get('master/operations/finished')).toBe(1);
    expect(counters.get('master/operations/reserve/finished')).toBe(1);
    expect(counters.get('master/invalid_operation_status_update_acknowledgements')).toBe(1);
  });

  it('of a failure takes the effect and the offers made of it back', () => {
    const { harness, scheduler, agent } = offered();
    const before = totalOf(harness);
    scheduler.accept([scheduler.takeOffer()], [withId(reserve(on('cpus', 1)), 'r1')], { refuse_seconds: 0 });
    harness.settle();
    expect(scheduler.offers).toHaveLength(1);
    agent.carryOut(true);
    expect(statuses(scheduler)).toMatchObject([{ state: 'OPERATION_FAILED', message: 'the disk is full' }]);
    expect(scheduler.types().filter((type) => type === 'RESCIND')).toHaveLength(1);
    expect(totalOf(harness)).toBe(before);
    harness.advance(1_000);
    expect(textOf(scheduler.takeOffer())).toEqual(['cpus 4', 'mem 4096', 'disk 1000']);
    checkView(harness.core.view);
  });

  it('of one leaves the effect of those that are still under way', () => {
    const { harness, scheduler, agent } = offered();
    scheduler.accept([scheduler.takeOffer()], [reserve(on('cpus', 1)), reserve(on('mem', 64))]);
    const second = agent.applying.pop();
    agent.carryOut();
    const anticipated = totalOf(harness);
    expect(anticipated).toContain('mem(reservations: [(DYNAMIC,eng,ops)]):64');
    if (second !== undefined) agent.applying.push(second);
    agent.carryOut();
    expect(totalOf(harness)).toBe(anticipated);
    expect(totalOf(harness)).toBe(agent.total?.toString());
  });

  it('reconciles: all that are known without uuid, and unknown ones by where they would be', () => {
    const { harness, scheduler, agent } = offered();
    scheduler.accept([scheduler.takeOffer()], [withId(reserve(on('cpus', 1)), 'r1')]);
    scheduler.call({ type: 'RECONCILE_OPERATIONS', reconcile_operations: {} });
    agent.carryOut();
    scheduler.call({
      type: 'RECONCILE_OPERATIONS',
      reconcile_operations: {
        operations: [
          { operation_id: { value: 'r1' } },
          { operation_id: { value: 'x' }, agent_id: { value: agent.id } },
        ],
      },
    });
    harness.settle();
    const heard = statuses(scheduler);
    expect(heard.map(({ state }) => state)).toEqual([
      'OPERATION_PENDING',
      'OPERATION_FINISHED',
      'OPERATION_FINISHED',
      'OPERATION_UNKNOWN',
    ]);
    expect(heard[2]?.uuid).toBeUndefined();
  });

  it('is acknowledged by the master when the framework is gone', () => {
    const { harness, scheduler, agent } = offered();
    scheduler.accept(
      [scheduler.takeOffer()],
      [withId(reserve(on('cpus', 1)), 'r1'), withId(reserve(on('cpus', 1)), 'r2')],
    );
    const second = agent.applying.pop();
    agent.carryOut();
    scheduler.call({ type: 'TEARDOWN' });
    harness.settle();
    expect(agent.operations.size).toBe(0);
    if (second !== undefined) agent.applying.push(second);
    agent.carryOut();
    expect(agent.operations.size).toBe(0);
    expect(operationsOf(harness)).toEqual([]);
  });
});

describe('an agent that was away', () => {
  it('is asked for operations it does not report; its answer ends them', () => {
    const { harness, scheduler, agent } = offered();
    const before = totalOf(harness);
    agent.hears = false;
    scheduler.accept([scheduler.takeOffer()], [withId(reserve(on('cpus', 1)), 'r1')]);
    agent.disconnect();
    agent.hears = true;
    agent.reregister();
    expect(totalOf(harness)).toBe(before);
    expect(statesOf(scheduler)).toEqual([]);
    agent.answerOperations();
    expect(statesOf(scheduler)).toEqual(['OPERATION_DROPPED']);
    expect(totalOf(harness)).toBe(before);
    checkView(harness.core.view);
  });

  it('repeats what ended while it was away', () => {
    const { harness, scheduler, agent } = offered();
    scheduler.accept([scheduler.takeOffer()], [withId(reserve(on('cpus', 1)), 'r1')]);
    const [applied] = agent.received('apply_operation');
    agent.disconnect();
    agent.connect();
    agent.frame = () => undefined;
    agent.carryOut();
    Reflect.deleteProperty(agent, 'frame');
    agent.reregister();
    expect(totalOf(harness)).toBe(agent.total?.toString());
    agent.repeat(applied?.uuid as Uint8Array);
    expect(statesOf(scheduler)).toEqual(['OPERATION_FINISHED']);
    expect(totalOf(harness)).toBe(agent.total?.toString());
    checkView(harness.core.view);
  });

  it.each<[string, (harness: Harness, agentId: string) => void, mesos.OperationState]>([
    ['unreachable', (harness) => harness.advance(200_000), 'OPERATION_UNREACHABLE'],
    [
      'gone',
      (harness, value) => harness.operatorCall({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: { value } } }),
      'OPERATION_GONE_BY_OPERATOR',
    ],
  ])('and is %s: its operations are, too, once and without uuid', (_, lose, state) => {
    const { harness, scheduler, agent } = offered();
    scheduler.accept([scheduler.takeOffer()], [withId(reserve(on('cpus', 1)), 'r1'), reserve(on('cpus', 1))]);
    lose(harness, agent.id);
    expect(statuses(scheduler)).toMatchObject([{ state, operation_id: { value: 'r1' } }]);
    expect(statuses(scheduler)[0]?.uuid).toBeUndefined();
    scheduler.call({
      type: 'RECONCILE_OPERATIONS',
      reconcile_operations: { operations: [{ operation_id: { value: 'r1' }, agent_id: { value: agent.id } }] },
    });
    harness.settle();
    expect(statesOf(scheduler).at(-1)).toBe(state);
  });

  it('brings reservations, volumes and what is not acknowledged to the next master', () => {
    const { harness, scheduler, agent } = offered();
    scheduler.accept([scheduler.takeOffer()], [reserve(on('disk', 300)), withId(create(volume(100)), 'c1')]);
    agent.carryOut();
    const next = new Harness({ store: harness.store, masterId: 'm2', allocator: realAllocator(), seed: 2 });
    const moved = agent.moveTo(next);
    const returned = next.scheduler(scheduler.info);
    returned.subscribe();
    moved.reregister();
    expect(getAgents(next.core.view).agents?.[0]?.total_resources).toEqual(agent.total?.toEndpointFormat());
    next.settle();
    expect(textOf(returned.takeOffer())).toContain('disk 100 eng v1');
    const [, created] = agent.received('apply_operation');
    moved.repeat(created?.uuid as Uint8Array);
    expect(statesOf(returned)).toEqual(['OPERATION_FINISHED']);
    acknowledge(returned, statuses(returned)[0] as mesos.OperationStatus);
    expect(moved.operations.size).toBe(0);
    checkView(next.core.view);
  });

  it('and whose answer to its registration was lost has nothing of what an operator sent it meanwhile', () => {
    const { harness, agent } = offered({}, { ip: '10.0.0.1', port: 5051 });
    const before = totalOf(harness);
    agent.hears = false;
    const resources = [on('cpus', 1)];
    harness.operatorCall({
      type: 'RESERVE_RESOURCES',
      reserve_resources: { agent_id: { value: agent.id }, resources },
    });
    expect(totalOf(harness)).not.toBe(before);
    agent.disconnect();
    agent.info = { ...agent.info, id: undefined };
    agent.connect().register();
    expect(totalOf(harness)).toBe(before);
    agent.answerOperations();
    expect(operationsOf(harness)).toEqual([]);
    checkView(harness.core.view);
  });

  it('is relieved of an outcome whose framework nobody knows, after ten minutes', () => {
    const { scheduler, agent } = offered();
    scheduler.accept([scheduler.takeOffer()], [withId(reserve(on('cpus', 1)), 'r1')]);
    agent.carryOut();
    const forgetful = new Harness({ masterId: 'm2', allocator: realAllocator(), seed: 2 });
    const moved = agent.moveTo(forgetful);
    const repeat = () => moved.repeat([...moved.operations.values()][0]?.uuid.value as Uint8Array);
    moved.reregister();
    repeat();
    expect(moved.operations.size).toBe(1);
    for (let waited = 0; waited < 600_000; waited += 30_000) {
      forgetful.advance(30_000);
      moved.pong();
    }
    repeat();
    expect(moved.operations.size).toBe(0);
    expect(operationsOf(forgetful)).toEqual([]);
  });
});
