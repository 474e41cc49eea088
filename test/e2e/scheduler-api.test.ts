// Tasks and operations and everything a scheduler asks about them, against a real master and a real agent that runs real
// processes. Spec pages 01 (1.2, 1.3), 07 (7.6) and 13 (13.4).
import { describe, expect, test } from 'vitest';
import { type Json, offered, postJson, scalars } from '../harness/api.mjs';
import { until } from '../harness/process.mjs';
import {
  acceptOffers,
  agentCluster,
  capable,
  NOW,
  nextOffer,
  runTask,
  SMALL,
  taskInfo,
  updateOf,
} from './scheduler-fixture.js';

const site = agentCluster('cpus:4;mem:4096;disk:1000;ports:[31000-31010]');
const { subscribe } = site;

describe('tasks', () => {
  test('from STARTING to FINISHED; an acknowledgement with a wrong uuid does not count', async () => {
    const framework = await subscribe();
    await framework.launch(await nextOffer(framework), [taskInfo('t', 'sleep 0.1')], NOW);
    const starting = await updateOf(framework, 't', 'TASK_STARTING');
    expect(starting).toMatchObject({
      source: 'SOURCE_EXECUTOR',
      agent_id: expect.anything(),
      uuid: expect.any(String),
    });
    const wrong = { ...starting, uuid: Buffer.alloc(16).toString('base64') };
    expect((await framework.acknowledge(wrong))?.status).toBe(202);
    // The reply comes after whatever the wrong acknowledgement set free.
    await framework.call({ type: 'RECONCILE', reconcile: { tasks: [{ task_id: { value: 't' } }] } });
    await updateOf(framework, 't', 'TASK_STARTING', ({ reason }) => reason === 'REASON_RECONCILIATION');
    expect(framework.events.filter(({ update }) => update?.status.state === 'TASK_RUNNING')).toEqual([]);
    const statuses = await framework.runToEnd('t');
    const fresh = statuses.filter(({ uuid }) => uuid !== undefined);
    expect(fresh.map(({ state }) => state)).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
    const [, running] = fresh;
    expect(running.container_status.network_infos[0].ip_addresses[0].ip_address).toMatch(/^[0-9.]+$/);
    expect(running.container_status.container_id.value).toMatch(/./);
    expect(new Set(fresh.map(({ uuid }) => uuid)).size).toBe(3);
    // Its id is free again.
    await framework.launch(await nextOffer(framework, 1), [taskInfo('t', 'exit 3')], NOW);
    await updateOf(framework, 't', 'TASK_STARTING', ({ uuid }) => uuid !== undefined && uuid !== starting.uuid);
  });

  test('bad tasks are TASK_ERROR, their siblings run', async () => {
    const framework = await subscribe();
    await runTask(framework, taskInfo('live'));
    const offer = await nextOffer(framework, 1);
    const cpus = (value: number) => ({ resources: scalars({ cpus: value, mem: 32 }) });
    const bad: Json[] = [
      taskInfo('live'),
      taskInfo('..'),
      taskInfo('ж'.repeat(128)),
      taskInfo('greedy', 'true', cpus(3.95)),
      taskInfo('elsewhere', 'true', { agent_id: { value: 'elsewhere' } }),
      taskInfo('nothing', 'true', { resources: [] }),
      taskInfo('zero', 'true', { resources: scalars({ cpus: 0, mem: 0 }) }),
      { ...taskInfo('neither'), command: undefined },
      taskInfo('executor', 'true', { executor: { executor_id: { value: 'e' }, command: { value: 'true' } } }),
      taskInfo('policy', 'true', { kill_policy: { grace_period: { nanoseconds: -1 } } }),
      taskInfo('completion', 'true', { max_completion_time: { nanoseconds: -1 } }),
      taskInfo('gpus', 'true', { resources: [...SMALL, ...scalars({ gpus: 0.5 })] }),
      taskInfo('health', 'true', { health_check: { type: 'HTTP', http: { port: 80, path: 'no-slash' } } }),
      taskInfo('limits', 'true', { limits: { cpus: { value: 0.05 } } }),
      taskInfo('unrequested', 'true', { limits: { disk: { value: 50 } } }),
      {
        ...taskInfo('secret'),
        command: { value: 'true', environment: { variables: [{ name: 'A', type: 'SECRET' }] } },
      },
    ];
    const good = [taskInfo('zero-gpus', 'sleep 100', { resources: [...SMALL, ...scalars({ gpus: 0 })] })];
    const twins = [taskInfo('twin', 'sleep 100', cpus(2)), taskInfo('twin2', 'sleep 100', cpus(2))];
    await framework.launch(offer, [...bad, ...good, ...twins], NOW);
    for (const { task_id } of [...bad, taskInfo('twin2')]) {
      const status = await updateOf(framework, task_id.value, 'TASK_ERROR');
      expect([task_id.value, status]).toMatchObject([
        task_id.value,
        { source: 'SOURCE_MASTER', reason: 'REASON_TASK_INVALID', message: expect.stringMatching(/.{10}/) },
      ]);
      expect(status).not.toHaveProperty('uuid');
    }
    for (const id of ['twin', 'zero-gpus']) await updateOf(framework, id, 'TASK_STARTING');
    // A malformed resource anywhere spoils the LAUNCH that it is in, and no other.
    const malformed = taskInfo('malformed', 'true', { resources: scalars({ cpus: -1 }) });
    const launch = (...task_infos: Json[]) => ({
      type: 'LAUNCH',
      launch: { task_infos: task_infos.map((info) => ({ ...info, agent_id: offer.agent_id })) },
    });
    const [rest] = await until('the rest', () => framework.offers().length > 2 && framework.offers().slice(2));
    await acceptOffers(framework, rest, [launch(malformed, taskInfo('beside')), launch(taskInfo('after')), launch()]);
    for (const id of ['malformed', 'beside']) await updateOf(framework, id, 'TASK_ERROR');
    await updateOf(framework, 'after', 'TASK_STARTING');
  });

  test('several offers of one agent are one pool; what is left comes back', async () => {
    const framework = await subscribe();
    await runTask(framework, taskInfo('short', 'sleep 0.3', { resources: scalars({ cpus: 3, mem: 64 }) }));
    const first = await nextOffer(framework, 1);
    await framework.runToEnd('short');
    const second = await nextOffer(framework, 2);
    expect([first, second].map((offer) => offered([offer], 'cpus'))).toEqual([1, 3]);
    await framework.launch(
      [first, second],
      [taskInfo('big', 'sleep 100', { resources: scalars({ cpus: 3.5, mem: 64 }) })],
      NOW,
    );
    await updateOf(framework, 'big', 'TASK_STARTING');
    expect(offered([await nextOffer(framework, 3)], 'cpus')).toBe(0.5);
    await framework.launch([first, first], [taskInfo('twice')]);
    await updateOf(framework, 'twice', 'TASK_LOST');
  });

  test('a LAUNCH_GROUP is answered for each of its tasks', async () => {
    const framework = await subscribe();
    const offer = await nextOffer(framework);
    const info = (more: Json = {}) => ({
      type: 'DEFAULT',
      executor_id: { value: 'pod' },
      resources: scalars({ cpus: 0.1, mem: 32, disk: 10 }),
      ...more,
    });
    const group = (executor: Json, ...ids: readonly string[]) => {
      const tasks = ids.map((id) => ({ ...taskInfo(id), agent_id: offer.agent_id }));
      return { type: 'LAUNCH_GROUP', launch_group: { executor, task_group: { tasks } } };
    };
    const thin = info({ resources: scalars({ cpus: 0.1, mem: 16, disk: 10 }) });
    await acceptOffers(framework, offer, [group(thin, 'a', 'b'), group(info(), 'c', 'c'), group(info(), 'd', 'e')]);
    for (const id of ['a', 'b', 'c']) {
      const status = await updateOf(framework, id, 'TASK_ERROR');
      expect(status).toMatchObject({ reason: 'REASON_TASK_GROUP_INVALID', source: 'SOURCE_MASTER' });
    }
    // The master takes the good one; this agent does not run pods yet and says so of each task.
    for (const id of ['d', 'e']) {
      const status = await updateOf(framework, id, 'TASK_FAILED');
      expect([status.source, status.message]).toEqual(['SOURCE_AGENT', expect.stringMatching(/group|executor/i)]);
      await framework.acknowledge(status);
    }
  });

  test.each([
    ['without', [], 'TASK_KILLED'],
    ['with', ['TASK_KILLING_STATE'], 'TASK_KILLING'],
  ])('KILL, %s TASK_KILLING_STATE', async (_what, capabilities, next) => {
    const framework = await subscribe(capable(...capabilities));
    const running = await runTask(framework, taskInfo('t'));
    const kill = (agent_id?: Json, more: Json = {}) =>
      framework.call({ type: 'KILL', kill: { task_id: { value: 't' }, agent_id, ...more } });
    expect((await kill({ value: 'another' })).status).toBe(202);
    await framework.call({ type: 'RECONCILE', reconcile: {} });
    await updateOf(framework, 't', 'TASK_RUNNING', ({ reason }) => reason === 'REASON_RECONCILIATION');
    expect((await kill(capabilities.length === 0 ? undefined : running.agent_id)).status).toBe(202);
    const states = (await framework.runToEnd('t')).filter(({ uuid }) => uuid !== undefined).map(({ state }) => state);
    expect(states.slice(2)).toEqual(next === 'TASK_KILLED' ? ['TASK_KILLED'] : ['TASK_KILLING', 'TASK_KILLED']);
  });

  test('a KILL right behind the launch, again, and for a task that has ended', async () => {
    // A KILL that is faster than its launch is answered TASK_UNKNOWN, which ends nothing.
    const framework = await subscribe(capable('PARTITION_AWARE'));
    const offer = await nextOffer(framework);
    const kill = (id: string) => framework.call({ type: 'KILL', kill: { task_id: { value: id } } });
    const ids = Array.from({ length: 10 }, (_, i) => `t${i}`);
    const infos = ids.map((id) => taskInfo(id));
    await Promise.all([framework.launch(offer, infos, NOW), ...ids.map(kill)]);
    await Promise.all(ids.map(kill));
    for (const id of ids) {
      const statuses = await framework.runToEnd(id, { deadlineMs: 10_000 });
      expect(statuses.at(-1)).toMatchObject({ state: 'TASK_KILLED', uuid: expect.any(String) });
    }
    const before = framework.events.length;
    await Promise.all(ids.map(kill));
    await until('the answers', () => framework.events.slice(before).filter(({ update }) => update).length === 10);
    for (const { update } of framework.events.slice(before))
      if (update !== undefined) expect(update.status.state).toBe('TASK_UNKNOWN');
  });

  test.each(['a b', 'тест-😀', '$(reboot)', '%2e%2e', '-rf', "it's", 'x'.repeat(255)])('task id %j', async (id) => {
    const framework = await subscribe();
    await framework.launch(await nextOffer(framework), [taskInfo(id, 'true')], NOW);
    expect((await framework.runToEnd(id)).at(-1).state).toBe('TASK_FINISHED');
  });

  test('a kill policy: the grace period of the task, shortened by a second KILL', async () => {
    const framework = await subscribe();
    const value = 'trap "" TERM; while true; do sleep 0.1; done';
    await runTask(framework, taskInfo('t', value, { kill_policy: { grace_period: { nanoseconds: 600e9 } } }));
    await framework.call({ type: 'KILL', kill: { task_id: { value: 't' } } });
    const kill_policy = { grace_period: { nanoseconds: 0.2e9 } };
    await framework.call({ type: 'KILL', kill: { task_id: { value: 't' }, kill_policy } });
    await framework.runToEnd('t', { deadlineMs: 10_000 });
    await updateOf(framework, 't', 'TASK_KILLED');
  });

  test('TEARDOWN kills its tasks, ends the stream and frees everything', async () => {
    const framework = await subscribe();
    await runTask(framework, taskInfo('t'));
    expect((await framework.call({ type: 'TEARDOWN' })).status).toBe(202);
    await until('the stream ends', () => framework.closed);
    expect(framework.events.filter(({ update }) => update?.status.state === 'TASK_KILLED')).toEqual([]);
    expect((await framework.call({ type: 'REVIVE' })).status).toBe(400);
    const other = await subscribe();
    expect(offered([await nextOffer(other)], 'cpus')).toBe(4);
    await until('its container is gone', async () => {
      const answer = await postJson(`${site.agent.url}/api/v1`, { type: 'GET_CONTAINERS' });
      return (JSON.parse(answer.text).get_containers.containers ?? []).length === 0;
    });
  });
});

describe('answers to operations and questions', () => {
  test.each([
    ['RESERVE', 'reserve', { resources: SMALL }],
    ['UNRESERVE', 'unreserve', { resources: SMALL }],
    ['CREATE', 'create', { volumes: SMALL }],
    ['DESTROY', 'destroy', { volumes: SMALL }],
    ['GROW_VOLUME', 'grow_volume', { volume: SMALL[0], addition: SMALL[0] }],
    ['SHRINK_VOLUME', 'shrink_volume', { volume: SMALL[0], subtract: { value: 1 } }],
    ['CREATE_DISK', 'create_disk', { source: SMALL[0], target_type: 'MOUNT' }],
    ['DESTROY_DISK', 'destroy_disk', { source: SMALL[0] }],
  ])('%s is an OPERATION_ERROR for its id, and silence without one', async (type, member, body) => {
    const framework = await subscribe();
    const offer = await nextOffer(framework);
    const launch = { type: 'LAUNCH', launch: { task_infos: [{ ...taskInfo('t'), agent_id: offer.agent_id }] } };
    const operation = { type, [member]: body };
    await acceptOffers(framework, offer, [operation, { ...operation, id: { value: 'op' } }, launch]);
    const { update_operation_status } = await framework.waitFor('UPDATE_OPERATION_STATUS');
    expect(update_operation_status).toEqual({
      status: { operation_id: { value: 'op' }, state: 'OPERATION_ERROR', message: expect.stringMatching(/.{10}/) },
    });
    await updateOf(framework, 't', 'TASK_STARTING');
    expect(framework.events.filter((event) => event.type === 'UPDATE_OPERATION_STATUS')).toHaveLength(1);
    expect(offered([await nextOffer(framework, 1)], 'cpus')).toBe(3.9);
  });

  test('an operation id on a launch is an error of its tasks; invalid offers are errors of all', async () => {
    const framework = await subscribe(capable('PARTITION_AWARE'));
    const offer = await nextOffer(framework);
    const launch = { type: 'LAUNCH', launch: { task_infos: [{ ...taskInfo('t'), agent_id: offer.agent_id }] } };
    await acceptOffers(framework, offer, [{ ...launch, id: { value: 'op' } }]);
    expect((await updateOf(framework, 't', 'TASK_ERROR')).reason).toBe('REASON_TASK_INVALID');
    const reserve = { type: 'RESERVE', reserve: { resources: SMALL }, id: { value: 'op' } };
    await acceptOffers(framework, offer, [launch, reserve]);
    expect(await updateOf(framework, 't', 'TASK_DROPPED')).toMatchObject({
      reason: 'REASON_INVALID_OFFERS',
      source: 'SOURCE_MASTER',
    });
    const { update_operation_status } = await framework.waitFor('UPDATE_OPERATION_STATUS');
    expect(update_operation_status.status.state).toBe('OPERATION_ERROR');
    await acceptOffers(framework, [], [launch]);
    await until(
      'two of them',
      () => framework.events.filter((e) => e.update?.status.state === 'TASK_DROPPED').length > 1,
    );
  });

  test.each([
    ['knows', ['PARTITION_AWARE'], 'TASK_GONE', 'TASK_UNKNOWN'],
    ['does not know', [], 'TASK_LOST', 'TASK_LOST'],
  ])('RECONCILE and KILL of a framework that %s partitions', async (_what, capabilities, gone, unknown) => {
    const framework = await subscribe(capable(...capabilities));
    const { agent_id } = await runTask(framework, taskInfo('t'));
    const before = framework.events.length;
    const answers = () => framework.events.slice(before).filter(({ type }) => type === 'UPDATE');
    await framework.call({ type: 'RECONCILE', reconcile: { tasks: null } });
    await until('the implicit answer', () => answers().length === 1);
    const tasks = [
      { task_id: { value: 't' } },
      { task_id: { value: 't' }, agent_id: { value: 'wrong' } },
      { task_id: { value: 'no-1' }, agent_id },
      { task_id: { value: 'no-2' }, agent_id: { value: 'nowhere' } },
      { task_id: { value: 'no-3' } },
    ];
    await framework.call({ type: 'RECONCILE', reconcile: { tasks } });
    await framework.call({ type: 'KILL', kill: { task_id: { value: 'no-4' } } });
    await framework.call({ type: 'KILL', kill: { task_id: { value: 'no-5' }, agent_id } });
    await until('the explicit answers', () => answers().length === 8);
    const statuses = answers().map(({ update }) => update.status);
    expect(statuses.map(({ task_id, state }) => [task_id.value, state])).toEqual([
      ['t', 'TASK_RUNNING'],
      ['t', 'TASK_RUNNING'],
      ['t', 'TASK_RUNNING'],
      ['no-1', gone],
      ['no-2', unknown],
      ['no-3', unknown],
      ['no-4', unknown],
      ['no-5', gone],
    ]);
    for (const status of statuses) {
      expect(status).toMatchObject({ source: 'SOURCE_MASTER', reason: 'REASON_RECONCILIATION' });
      expect(status).not.toHaveProperty('uuid');
      expect(status.timestamp).toBeGreaterThan(1e9);
    }
    expect(statuses[0].container_status.network_infos).toHaveLength(1);
  });

  test('RECONCILE_OPERATIONS, operation acknowledgements, REQUEST and inverse offers are taken', async () => {
    const framework = await subscribe();
    const { agent_id } = await nextOffer(framework);
    const ids = { operation_id: { value: 'op' }, agent_id };
    const calls = [
      { type: 'REQUEST', request: { requests: [{ agent_id, resources: SMALL }] } },
      { type: 'ACCEPT_INVERSE_OFFERS', accept_inverse_offers: { inverse_offer_ids: [{ value: 'x' }], filters: NOW } },
      { type: 'DECLINE_INVERSE_OFFERS', decline_inverse_offers: { inverse_offer_ids: [{ value: 'x' }] } },
      { type: 'ACKNOWLEDGE_OPERATION_STATUS', acknowledge_operation_status: { ...ids, uuid: 'A'.repeat(22) } },
      { type: 'RECONCILE_OPERATIONS', reconcile_operations: {} },
      { type: 'RECONCILE_OPERATIONS', reconcile_operations: { operations: [ids] } },
    ];
    for (const call of calls) expect([call.type, (await framework.call(call)).status]).toEqual([call.type, 202]);
    const { update_operation_status } = await framework.waitFor('UPDATE_OPERATION_STATUS');
    expect(update_operation_status.status).toMatchObject({ ...ids, state: 'OPERATION_UNKNOWN' });
    expect(framework.events.map(({ type }) => type)).toEqual([
      'SUBSCRIBED',
      'HEARTBEAT',
      'OFFERS',
      'UPDATE_OPERATION_STATUS',
    ]);
  });
});
