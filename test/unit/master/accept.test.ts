import { describe, expect, it } from 'vitest';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { taskInfo } from './support/fake-scheduler.js';
import { cpusMem, resource } from './support/harness.js';
import { offeredPair, PARTITION_AWARE } from './support/scenarios.js';

function launchOf(...tasks: mesos.TaskInfo[]): mesos.Offer_Operation {
  return { type: 'LAUNCH', launch: { task_infos: tasks } };
}

describe('ACCEPT with LAUNCH', () => {
  it('sends the task to the agent and shows it staging', () => {
    const { harness, scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 't1'));
    const [run] = agent.received('run_tasks');
    expect(run).toMatchObject({ group: false, launch_executor: false, tasks: [{ task_id: { value: 't1' } }] });
    expect(run?.framework_info.id).toEqual({ value: scheduler.id });
    expect(run?.tasks?.[0]?.resources?.[0]?.allocation_info).toEqual({ role: '*' });
    const task = harness.core.view.frameworks.get(scheduler.id)?.tasks.get('t1');
    expect(task?.message.state).toBe('TASK_STAGING');
    expect(harness.core.view.offers.size).toBe(0);
  });

  it('returns the rest with the filter of the call, five seconds unless it says otherwise', () => {
    const { harness, scheduler } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 't1'));
    harness.advance(4_000);
    expect(scheduler.offers).toEqual([]);
    harness.advance(2_000);
    const rest = scheduler.takeOffer();
    expect(rest.resources?.map(({ name, scalar }) => [name, scalar?.value])).toEqual([
      ['cpus', 3],
      ['mem', 3968],
    ]);
    scheduler.accept([rest], [launchOf(taskInfo(rest, 't2'))], { refuse_seconds: 0 });
    harness.advance(1_000);
    expect(scheduler.offers).toHaveLength(1);
  });

  it('treats no operations and no tasks as a decline', () => {
    const { harness, scheduler } = offeredPair();
    scheduler.accept([scheduler.takeOffer()], []);
    harness.advance(4_000);
    expect(scheduler.offers).toEqual([]);
    harness.advance(2_000);
    scheduler.accept([scheduler.takeOffer()], [launchOf()]);
    harness.advance(4_000);
    expect(scheduler.offers).toEqual([]);
    harness.advance(2_000);
    expect(scheduler.offers).toHaveLength(1);
  });

  it('counts tasks that ask for the same each for itself, and those between them that do not', () => {
    const { harness, scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    const alike = () => cpusMem(1.5, 64);
    const reserved = [{ ...resource('cpus', 1), reservations: [{ type: 'STATIC' as const, role: 'other' }] }];
    const launches = [
      taskInfo(offer, 't1', { resources: alike() }),
      taskInfo(offer, 't2', { resources: alike() }),
      taskInfo(offer, 'foreign', { resources: reserved }),
      taskInfo(offer, 't3', { resources: alike() }),
      taskInfo(offer, 't4', { resources: cpusMem(1, 64) }),
    ];
    scheduler.accept([offer], [launchOf(...launches.slice(0, 2)), launchOf(...launches.slice(2))]);
    expect(agent.received('run_tasks').flatMap(({ tasks }) => tasks?.map(({ task_id }) => task_id.value))).toEqual([
      't1',
      't2',
      't4',
    ]);
    const framework = harness.core.view.frameworks.get(scheduler.id);
    expect(framework?.allocated().toString()).toBe('cpus(allocated: *):4; mem(allocated: *):192');
    expect(harness.core.view.allocator().agents.get(agent.id)?.offeredOrAllocated.scalar('cpus')).toBe(4);
    const refused = scheduler.updates.map(({ task_id, state }) => [task_id.value, state]);
    expect(refused).toEqual([
      ['foreign', 'TASK_ERROR'],
      ['t3', 'TASK_ERROR'],
    ]);
  });

  it('judges each task on its own', () => {
    const { scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 'big', { resources: cpusMem(100, 1) }), taskInfo(offer, 'small'));
    expect(scheduler.lastUpdate).toMatchObject({
      task_id: { value: 'big' },
      state: 'TASK_ERROR',
      source: 'SOURCE_MASTER',
      reason: 'REASON_TASK_INVALID',
      agent_id: offer.agent_id,
    });
    expect(scheduler.lastUpdate.uuid).toBeUndefined();
    expect(agent.received('run_tasks')).toHaveLength(1);
  });

  it('takes several offers of one agent and role together', () => {
    const resources = [...cpusMem(2, 1000)];
    const { harness, scheduler, agent } = offeredPair({}, {}, { resources });
    const first = scheduler.takeOffer();
    agent.frame({ update_agent: { total_resources: cpusMem(4, 2000) } });
    harness.settle();
    const second = scheduler.takeOffer();
    scheduler.accept([first, second], [launchOf(taskInfo(first, 't', { resources: cpusMem(4, 2000) }))]);
    expect(agent.tasks.has('t')).toBe(true);
  });

  it.each<[string, (offer: mesos.Offer, other: mesos.Offer) => mesos.OfferID[]]>([
    ['no offers', () => []],
    ['an unknown offer', (offer) => [offer.id, { value: 'm1-O99' }]],
    ['an offer twice', (offer) => [offer.id, offer.id]],
    ['offers of two agents', (offer, other) => [offer.id, other.id]],
  ])('drops all tasks for %s and takes the valid offers back without a filter', (_what, idsOf) => {
    const { harness, scheduler } = offeredPair({ capabilities: PARTITION_AWARE });
    harness.agent({ hostname: 'other' }).register();
    harness.settle();
    const [offer, other] = scheduler.takeOffers();
    if (offer === undefined || other === undefined) throw new Error('two offers are needed');
    const offer_ids = idsOf(offer, other);
    const operations: mesos.Offer_Operation[] = [
      launchOf(taskInfo(offer, 't1')),
      { type: 'RESERVE', id: { value: 'op' }, reserve: { resources: [] } },
    ];
    scheduler.call({ type: 'ACCEPT', accept: { offer_ids, operations } });
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_DROPPED', reason: 'REASON_INVALID_OFFERS' });
    expect(scheduler.events.find(({ type }) => type === 'UPDATE_OPERATION_STATUS')).toMatchObject({
      update_operation_status: { status: { operation_id: { value: 'op' }, state: 'OPERATION_ERROR' } },
    });
    const known = new Set(offer_ids.map(({ value }) => value));
    const valid = [offer, other].filter(({ id }) => known.has(id.value));
    harness.advance(1_000);
    expect(scheduler.offers).toHaveLength(valid.length);
  });

  it('says TASK_LOST to frameworks that are not partition-aware', () => {
    const { scheduler } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.accept([{ ...offer, id: { value: 'gone' } }], [launchOf(taskInfo(offer, 't'))]);
    expect(scheduler.lastUpdate.state).toBe('TASK_LOST');
  });

  it('refuses offers of another framework and leaves them there', () => {
    const { harness, scheduler } = offeredPair();
    const offer = scheduler.takeOffer();
    const thief = harness.scheduler({ capabilities: PARTITION_AWARE });
    thief.subscribe();
    thief.accept([offer], [launchOf(taskInfo(offer, 't'))]);
    expect(thief.lastUpdate.state).toBe('TASK_DROPPED');
    thief.decline([offer]);
    expect(harness.core.view.offers.has(offer.id.value)).toBe(true);
  });

  it('answers operations it does not carry out with OPERATION_ERROR, if they have an id', () => {
    const { harness, scheduler } = offeredPair();
    const offer = scheduler.takeOffer();
    const reserve = { resources: [resource('cpus', 1, 'a')] };
    scheduler.accept(
      [offer],
      [
        { type: 'RESERVE', reserve },
        { type: 'RESERVE', id: { value: 'x' }, reserve },
      ],
    );
    const errors = scheduler.events.filter(({ type }) => type === 'UPDATE_OPERATION_STATUS');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.update_operation_status?.status).toMatchObject({
      operation_id: { value: 'x' },
      state: 'OPERATION_ERROR',
    });
    expect(errors[0]?.update_operation_status?.status.uuid).toBeUndefined();
    harness.advance(6_000);
    expect(scheduler.offers).toHaveLength(1);
  });
});

describe('executors', () => {
  const executor = (more: Partial<mesos.ExecutorInfo> = {}): mesos.ExecutorInfo => ({
    executor_id: { value: 'e' },
    type: 'CUSTOM',
    command: { value: 'run' },
    resources: cpusMem(1, 64),
    ...more,
  });
  const executorTask = (offer: mesos.Offer, id: string, more: Partial<mesos.ExecutorInfo> = {}) =>
    taskInfo(offer, id, { command: undefined, executor: executor(more) });

  it('pays for a new executor once and has it launched once', () => {
    const { harness, scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, executorTask(offer, 't1'), executorTask(offer, 't2'));
    expect(agent.received('run_tasks').map(({ launch_executor }) => launch_executor)).toEqual([true, false]);
    expect(agent.received('run_tasks')[0]?.executor?.framework_id).toEqual({ value: scheduler.id });
    const used = harness.core.view.agents.get(agent.id)?.allocated();
    expect(used?.scalar('cpus')).toBe(3);
  });

  it('refuses another executor under the same id', () => {
    const { scheduler } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, executorTask(offer, 't1'), executorTask(offer, 't2', { command: { value: 'other' } }));
    expect(scheduler.lastUpdate).toMatchObject({ task_id: { value: 't2' }, state: 'TASK_ERROR' });
  });

  it('gives its resources back when it exits, and the framework hears FAILURE', () => {
    const { harness, scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, executorTask(offer, 't1'));
    const framework_id = { value: scheduler.id };
    agent.frame({ executor_exited: { framework_id, executor_id: { value: 'e' }, status: 256 } });
    expect(scheduler.events).toContainEqual({
      type: 'FAILURE',
      failure: { agent_id: { value: agent.id }, executor_id: { value: 'e' }, status: 256 },
    });
    expect(harness.core.view.agents.get(agent.id)?.allocated().scalar('cpus')).toBe(1);
    // Unknown executors are not reported.
    agent.frame({ executor_exited: { framework_id, executor_id: { value: 'e' }, status: 0 } });
    expect(scheduler.types().filter((type) => type === 'FAILURE')).toHaveLength(1);
  });

  it('passes messages both ways', () => {
    const { scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, executorTask(offer, 't1'));
    const executor_id = { value: 'e' };
    const data = new Uint8Array([1, 2]);
    scheduler.call({ type: 'MESSAGE', message: { agent_id: offer.agent_id, executor_id, data } });
    expect(agent.received('framework_message')).toEqual([{ framework_id: { value: scheduler.id }, executor_id, data }]);
    agent.frame({ executor_message: { framework_id: { value: scheduler.id }, executor_id, data } });
    expect(scheduler.events.at(-1)).toEqual({
      type: 'MESSAGE',
      message: { agent_id: offer.agent_id, executor_id, data },
    });
    scheduler.call({ type: 'SHUTDOWN', shutdown: { agent_id: offer.agent_id, executor_id } });
    expect(agent.received('shutdown_executor')).toEqual([{ framework_id: { value: scheduler.id }, executor_id }]);
  });
});

describe('LAUNCH_GROUP', () => {
  const groupExecutor: mesos.ExecutorInfo = {
    executor_id: { value: 'g' },
    type: 'DEFAULT',
    resources: [...cpusMem(0.1, 32), resource('disk', 10)],
  };
  const pair = () =>
    offeredPair({ capabilities: PARTITION_AWARE }, {}, { resources: [...cpusMem(4, 4096), resource('disk', 1000)] });
  const group = (tasks: mesos.TaskInfo[], executor = groupExecutor): mesos.Offer_Operation => ({
    type: 'LAUNCH_GROUP',
    launch_group: { executor, task_group: { tasks } },
  });

  it('launches all tasks under one executor in one message', () => {
    const { scheduler, agent } = pair();
    const offer = scheduler.takeOffer();
    scheduler.accept([offer], [group([taskInfo(offer, 'a'), taskInfo(offer, 'b')])]);
    const [run] = agent.received('run_tasks');
    expect(run).toMatchObject({ group: true, launch_executor: true });
    expect(run?.tasks?.map(({ task_id }) => task_id.value)).toEqual(['a', 'b']);
    expect(run?.tasks?.every(({ executor }) => executor?.executor_id.value === 'g')).toBe(true);
  });

  it('launches nothing when one task is invalid', () => {
    const { scheduler, agent } = pair();
    const offer = scheduler.takeOffer();
    scheduler.accept([offer], [group([taskInfo(offer, 'a'), taskInfo(offer, 'b', { resources: [] })])]);
    expect(agent.received('run_tasks')).toEqual([]);
    expect(scheduler.updates.map(({ state, reason }) => [state, reason])).toEqual([
      ['TASK_ERROR', 'REASON_TASK_GROUP_INVALID'],
      ['TASK_ERROR', 'REASON_TASK_GROUP_INVALID'],
    ]);
  });

  it.each<[string, (offer: mesos.Offer) => mesos.Offer_Operation]>([
    ['an executor without a type', (offer) => group([taskInfo(offer, 'a')], { ...groupExecutor, type: undefined })],
    [
      'an executor without disk',
      (offer) => group([taskInfo(offer, 'a')], { ...groupExecutor, resources: cpusMem(0.1, 32) }),
    ],
    [
      'an executor with too little mem',
      (offer) =>
        group([taskInfo(offer, 'a')], { ...groupExecutor, resources: [...cpusMem(0.1, 8), resource('disk', 1)] }),
    ],
    [
      'a Docker task',
      (offer) => group([taskInfo(offer, 'a', { container: { type: 'DOCKER', docker: { image: 'x' } } })]),
    ],
    ['a task id twice', (offer) => group([taskInfo(offer, 'a'), taskInfo(offer, 'a')])],
    ['limits in a shared cgroup', (offer) => group([taskInfo(offer, 'a', { limits: { cpus: { value: 2 } } })])],
    ['too much for the offer', (offer) => group([taskInfo(offer, 'a', { resources: cpusMem(4, 10) })])],
    [
      'mixed share_cgroups',
      (offer) =>
        group([
          taskInfo(offer, 'a', { container: { type: 'MESOS', linux_info: { share_cgroups: false } } }),
          taskInfo(offer, 'b'),
        ]),
    ],
    [
      'another executor of a task',
      (offer) => group([taskInfo(offer, 'a', { executor: { ...groupExecutor, name: 'x' } })]),
    ],
    ['an operation id', (offer) => ({ ...group([taskInfo(offer, 'a')]), id: { value: 'op' } })],
    ['an empty group', () => group([])],
  ])('refuses %s', (_what, operationOf) => {
    const { scheduler, agent } = pair();
    const offer = scheduler.takeOffer();
    const operation = operationOf(offer);
    scheduler.accept([offer], [operation]);
    expect(agent.received('run_tasks')).toEqual([]);
    const tasks = operation.launch_group?.task_group.tasks ?? [];
    expect(scheduler.updates.map(({ reason }) => reason)).toEqual(tasks.map(() => 'REASON_TASK_GROUP_INVALID'));
  });
});

describe('validation of launches', () => {
  const cases: [string, (offer: mesos.Offer) => Partial<mesos.TaskInfo>, string][] = [
    ['an id with a slash', () => ({ task_id: { value: 'a/b' } }), 'task_id'],
    ['another agent', () => ({ agent_id: { value: 'elsewhere' } }), 'elsewhere'],
    ['no resources', () => ({ resources: [] }), 'no resources'],
    ['only zero resources', () => ({ resources: [resource('gpus', 0)] }), 'no resources'],
    ['negative resources', () => ({ resources: cpusMem(-1, 10) }), 'negative'],
    ['fractional gpus', () => ({ resources: [...cpusMem(1, 10), resource('gpus', 0.5)] }), 'gpus'],
    [
      'a disk volume without persistence',
      () => ({
        resources: [
          ...cpusMem(1, 10),
          { ...resource('disk', 1), disk: { volume: { container_path: 'x', mode: 'RW' } } },
        ],
      }),
      'persistence',
    ],
    ['an empty DiskInfo', () => ({ resources: [...cpusMem(1, 10), { ...resource('disk', 1), disk: {} }] }), 'DiskInfo'],
    [
      'resources of two roles',
      () => ({
        resources: [
          { ...resource('cpus', 1), allocation_info: { role: 'a' } },
          { ...resource('mem', 1), allocation_info: { role: 'b' } },
        ],
      }),
      'more than one role',
    ],
    [
      'revocable and non-revocable cpus',
      () => ({ resources: [resource('cpus', 1), { ...resource('cpus', 1), revocable: {} }] }),
      'mixed',
    ],
    ['neither command nor executor', () => ({ command: undefined }), "'command' or 'executor'"],
    ['a limit without a request', () => ({ resources: [resource('cpus', 1)], limits: { mem: { value: 10 } } }), 'mem'],
    ['a limit below the request', () => ({ limits: { cpus: { value: 0.5 } } }), 'below'],
    ['a limit of disk', () => ({ limits: { disk: { value: 5 } } }), 'disk'],
    [
      'share_cgroups=false',
      () => ({ container: { type: 'MESOS', linux_info: { share_cgroups: false } } }),
      'share_cgroups',
    ],
    ['a negative grace period', () => ({ kill_policy: { grace_period: { nanoseconds: -1 } } }), 'grace_period'],
    ['more than the offer', () => ({ resources: cpusMem(5, 1) }), 'left'],
    [
      'a DEFAULT executor',
      () => ({ command: undefined, executor: { executor_id: { value: 'e' }, type: 'DEFAULT' } }),
      'CUSTOM',
    ],
    [
      'an executor of another framework',
      () => ({
        command: undefined,
        executor: { executor_id: { value: 'e' }, framework_id: { value: 'x' }, command: { value: 'c' } },
      }),
      "'x'",
    ],
  ];
  it.each(cases)('refuses %s', (_what, change, text) => {
    const { scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 't', change(offer)));
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_ERROR', reason: 'REASON_TASK_INVALID' });
    expect(scheduler.lastUpdate.message).toContain(text);
    expect(agent.received('run_tasks')).toEqual([]);
  });

  it('refuses an id that is live or unreachable, and allows one that is completed', () => {
    const { harness, scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.accept([offer], [launchOf(taskInfo(offer, 't'), taskInfo(offer, 't'))], { refuse_seconds: 0 });
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_ERROR' });
    agent.update('t', 'TASK_FINISHED');
    scheduler.acknowledge(scheduler.lastUpdate);
    harness.advance(1_000);
    const again = scheduler.takeOffers().at(-1);
    if (again === undefined) throw new Error('no offer');
    scheduler.launch(again, taskInfo(again, 't'));
    expect(agent.received('run_tasks')).toHaveLength(2);
  });

  it('accepts infinite limits, zero gpus and the type of an old health check', () => {
    const { scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.launch(
      offer,
      taskInfo(offer, 't', {
        resources: [...cpusMem(1, 10), resource('gpus', 0)],
        limits: { cpus: { value: Number.POSITIVE_INFINITY } },
        health_check: { http: { port: 80 } },
      }),
    );
    expect(agent.received('run_tasks')[0]?.tasks?.[0]?.health_check?.type).toBe('HTTP');
  });

  it('refuses limits on agents that cannot keep them', () => {
    const { scheduler } = offeredPair({}, {}, { capabilities: ['MULTI_ROLE'] });
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 't', { limits: { cpus: { value: 2 } } }));
    expect(scheduler.lastUpdate.message).toContain('limits');
  });

  it('refuses the same ports twice', () => {
    const ports = (begin: number, end: number): mesos.Resource => ({
      name: 'ports',
      type: 'RANGES',
      ranges: { range: [{ begin, end }] },
    });
    const { scheduler } = offeredPair({}, {}, { resources: [...cpusMem(4, 1000), ports(1000, 2000)] });
    const offer = scheduler.takeOffer();
    const executor = { executor_id: { value: 'e' }, command: { value: 'c' }, resources: [ports(1005, 1006)] };
    scheduler.launch(
      offer,
      taskInfo(offer, 't', { command: undefined, executor, resources: [resource('cpus', 1), ports(1000, 1005)] }),
    );
    expect(scheduler.lastUpdate.message).toContain('ports');
  });
});
