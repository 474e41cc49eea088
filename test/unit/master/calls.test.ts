import { describe, expect, it } from 'vitest';
import { Harness } from './support/harness.js';
import { offeredPair } from './support/scenarios.js';

describe('status codes of scheduler calls', () => {
  it('400 for an unknown framework', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler({ id: { value: 'nobody' } });
    expect(scheduler.call({ type: 'REVIVE' })).toMatchObject({
      status: 400,
      rejection: { message: 'Framework cannot be found' },
    });
  });

  it('400 for another principal, before anything else about the framework', () => {
    const { harness, scheduler } = offeredPair({ principal: 'p' });
    const requestId = harness.newId();
    const call = { type: 'REVIVE' as const, framework_id: { value: scheduler.id } };
    harness.send({ kind: 'scheduler-call', requestId, streamId: 'wrong', principal: 'q', call });
    expect(harness.outcome(requestId)).toMatchObject({ status: 400 });
  });

  it('403 for a framework without a stream', () => {
    const { scheduler } = offeredPair();
    scheduler.disconnect();
    expect(scheduler.call({ type: 'REVIVE' })).toMatchObject({ status: 403 });
  });

  it('400 without a stream id and for a foreign one', () => {
    const { harness, scheduler } = offeredPair();
    const without = scheduler.post({ type: 'REVIVE' }, { streamId: undefined });
    expect(harness.outcome(without)).toMatchObject({ status: 400 });
    const foreign = scheduler.post({ type: 'REVIVE' }, { streamId: 'stream-of-somebody' });
    expect(harness.outcome(foreign)).toMatchObject({ status: 400 });
  });

  it('501 for an unknown type', () => {
    const { scheduler } = offeredPair();
    expect(scheduler.call({ type: 'UNKNOWN' })).toMatchObject({ status: 501 });
    expect(scheduler.call({})).toMatchObject({ status: 501 });
  });

  it('202 for every other call, 200 for UPDATE_FRAMEWORK', () => {
    const { scheduler } = offeredPair();
    const executor_id = { value: 'e' };
    const agent_id = { value: 'none' };
    const uuid = new Uint8Array(16);
    const accepted = [
      scheduler.call({ type: 'ACCEPT', accept: {} }),
      scheduler.call({ type: 'DECLINE', decline: {} }),
      scheduler.call({ type: 'REVIVE' }),
      scheduler.call({ type: 'SUPPRESS' }),
      scheduler.call({ type: 'KILL', kill: { task_id: { value: 'x' } } }),
      scheduler.call({ type: 'SHUTDOWN', shutdown: { executor_id, agent_id } }),
      scheduler.call({ type: 'ACKNOWLEDGE', acknowledge: { agent_id, task_id: { value: 'x' }, uuid } }),
      scheduler.call({
        type: 'ACKNOWLEDGE_OPERATION_STATUS',
        acknowledge_operation_status: { agent_id, uuid, operation_id: { value: 'o' } },
      }),
      scheduler.call({ type: 'RECONCILE', reconcile: {} }),
      scheduler.call({ type: 'RECONCILE_OPERATIONS', reconcile_operations: {} }),
      scheduler.call({ type: 'MESSAGE', message: { agent_id, executor_id, data: uuid } }),
      scheduler.call({ type: 'REQUEST', request: {} }),
      scheduler.call({ type: 'ACCEPT_INVERSE_OFFERS', accept_inverse_offers: { inverse_offer_ids: [{ value: 'i' }] } }),
      scheduler.call({ type: 'DECLINE_INVERSE_OFFERS', decline_inverse_offers: {} }),
    ];
    for (const outcome of accepted) expect(outcome).toEqual({ status: 202, response: undefined });
    const update_framework = { framework_info: scheduler.info };
    expect(scheduler.call({ type: 'UPDATE_FRAMEWORK', update_framework })).toMatchObject({ status: 200 });
    expect(scheduler.call({ type: 'TEARDOWN' })).toMatchObject({ status: 202 });
  });
});

describe('UPDATE_FRAMEWORK', () => {
  it('answers when the registry has it, and rescinds offers of removed roles', () => {
    const info = { capabilities: [{ type: 'MULTI_ROLE' as const }], roles: ['a', 'b'] };
    const { harness, scheduler } = offeredPair(info);
    const offer = scheduler.offers[0];
    expect(offer?.allocation_info).toEqual({ role: 'a' });
    harness.holdsProposals = true;
    const framework_info = { ...scheduler.info, roles: ['b'] };
    const requestId = scheduler.post({ type: 'UPDATE_FRAMEWORK', update_framework: { framework_info } });
    expect(harness.outcome(requestId)).toBeUndefined();
    expect(scheduler.offers).toHaveLength(1);
    harness.releaseProposals();
    expect(harness.outcome(requestId)).toMatchObject({ status: 200 });
    expect(scheduler.types()).toContain('RESCIND');
    harness.advance(1000);
    expect(scheduler.offers[0]?.allocation_info).toEqual({ role: 'b' });
    expect(harness.store.state().frameworks.get(scheduler.id)?.info.roles).toEqual(['b']);
  });

  it.each([
    ['user', { user: 'other' }],
    ['checkpoint', { checkpoint: true }],
    ['principal', { principal: 'other' }],
    ['a role name', { role: '/' }],
  ])('400 when %s is not allowed, and nothing changes', (_what, change) => {
    const { harness, scheduler } = offeredPair();
    const before = harness.core.view.frameworks.get(scheduler.id)?.info;
    const framework_info = { ...scheduler.info, ...change };
    expect(scheduler.call({ type: 'UPDATE_FRAMEWORK', update_framework: { framework_info } })).toMatchObject({
      status: 400,
    });
    expect(harness.core.view.frameworks.get(scheduler.id)?.info).toBe(before);
  });

  it('409 when the framework was removed while it waited', () => {
    const { harness, scheduler } = offeredPair();
    harness.holdsProposals = true;
    scheduler.call({ type: 'TEARDOWN' });
    const requestId = scheduler.post({
      type: 'UPDATE_FRAMEWORK',
      update_framework: { framework_info: scheduler.info },
    });
    harness.releaseProposals();
    expect(harness.outcome(requestId)).toMatchObject({ status: 409 });
  });

  it('tells the agents that run something of the framework', () => {
    const { harness, scheduler, agent } = offeredPair();
    const idle = harness.agent({ hostname: 'idle' }).register();
    const offer = scheduler.offers[0];
    if (offer === undefined) throw new Error('no offer');
    scheduler.launch(offer, {
      name: 't',
      task_id: { value: 't' },
      agent_id: offer.agent_id,
      resources: [{ name: 'cpus', type: 'SCALAR', scalar: { value: 1 } }],
      command: { value: 'true' },
    });
    const framework_info = { ...scheduler.info, name: 'renamed' };
    scheduler.call({ type: 'UPDATE_FRAMEWORK', update_framework: { framework_info } });
    expect(agent.received('update_framework')).toEqual([{ framework_info }]);
    expect(idle.received('update_framework')).toEqual([]);
  });
});

describe('TEARDOWN', () => {
  it('closes the stream, ends the tasks in the books without updates, and tells their agents', () => {
    const { harness, scheduler, agent } = offeredPair();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, {
      name: 't',
      task_id: { value: 't' },
      agent_id: offer.agent_id,
      resources: [{ name: 'cpus', type: 'SCALAR', scalar: { value: 1 } }],
      command: { value: 'true' },
    });
    const other = harness.scheduler();
    other.subscribe();
    scheduler.call({ type: 'TEARDOWN' });
    expect(scheduler.isClosed).toBe(true);
    expect(scheduler.updates).toEqual([]);
    expect(agent.received('shutdown_framework')).toEqual([{ framework_id: { value: scheduler.id } }]);
    const completed = harness.core.view.completedFrameworks.get(scheduler.id);
    expect([...(completed?.completedTasks ?? [])].map(({ message }) => message.state)).toEqual(['TASK_KILLED']);
    harness.settle();
    const cpus = other.offers.flatMap(({ resources }) => resources?.filter(({ name }) => name === 'cpus') ?? []);
    expect(cpus.map(({ scalar }) => scalar?.value)).toEqual([3, 1]);
  });

  it('is sliced: the result does not depend on the budget of a step', () => {
    const { harness, scheduler } = offeredPair({}, { stepBudget: 1 });
    const offer = scheduler.takeOffer();
    const resources = [{ name: 'cpus', type: 'SCALAR' as const, scalar: { value: 0.1 } }];
    const tasks = Array.from({ length: 20 }, (_, i) => ({
      name: `t${i}`,
      task_id: { value: `t${i}` },
      agent_id: offer.agent_id,
      resources,
      command: { value: 'true' },
    }));
    scheduler.launch(offer, ...tasks);
    let steps = 0;
    harness.onStep = () => steps++;
    scheduler.call({ type: 'TEARDOWN' });
    expect(steps).toBeGreaterThan(20);
    expect(harness.core.view.frameworks.size).toBe(0);
    expect([...(harness.core.view.completedFrameworks.get(scheduler.id)?.completedTasks ?? [])]).toHaveLength(20);
  });

  it('keeps a bounded history of frameworks', () => {
    const harness = new Harness({ config: { maxCompletedFrameworks: 2 } });
    for (const name of ['a', 'b', 'c']) {
      const scheduler = harness.scheduler({ id: { value: name } });
      scheduler.subscribe();
      scheduler.call({ type: 'TEARDOWN' });
    }
    expect([...harness.core.view.completedFrameworks.keys()]).toEqual(['b', 'c']);
  });
});
