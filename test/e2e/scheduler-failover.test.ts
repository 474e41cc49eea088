// Frameworks that come, go, come back and are removed, and what their agents and other frameworks hear of it. The agents
// are scripted, so that every message of the master can be looked at. Spec page 01: SUBSCRIBE, "Disconnection and
// failover", 1.3; page 07, 7.5.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { get, type Json, postJson, scalars, type TestScheduler } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { Frameworks, multiRole, RawConnection, rawPost, recordOf, ScriptedAgent } from './scheduler-fixture.js';

const OFFER_TIMEOUT_MS = 3000;
const SMALL = scalars({ cpus: 0.5, mem: 64 });

let cluster: Cluster;
let url = '';
const frameworks = new Frameworks();
const agents: ScriptedAgent[] = [];
let nextAgentPort = 7001;
/** Subscribed before the first test, looked at in the last. */
let heart: TestScheduler;
let heartStartedMs = 0;
const heartbeatsMs: number[] = [];

beforeAll(async () => {
  cluster = await startCluster({
    agents: 0,
    master: { args: ['--allocation-interval', '100ms', '--offer-timeout', `${OFFER_TIMEOUT_MS}ms`] },
  });
  url = cluster.master.url;
  heart = await new Frameworks().subscribe(url, { name: 'heart', ...multiRole });
  heartStartedMs = performance.now();
  heart.onEvent = ({ type }) => type === 'HEARTBEAT' && heartbeatsMs.push(performance.now() - heartStartedMs);
}, 90_000);

afterEach(async () => {
  await frameworks.tearDown(url);
  for (const agent of agents.splice(0)) {
    await postJson(`${url}/api/v1`, { type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: await agent.id() } });
    agent.close();
  }
});

afterAll(() => cluster?.stop());

const subscribe = (info: Json = {}, more: Json = {}) => frameworks.subscribe(url, info, more);

async function addAgent(resources = 'cpus:4;mem:4096'): Promise<ScriptedAgent> {
  const agent = new ScriptedAgent(cluster.master.address, { port: nextAgentPort++, resources });
  agents.push(agent);
  await agent.id();
  return agent;
}

const firstOffer = (framework: TestScheduler): Promise<Json> => until('an offer', () => framework.offers()[0]);

/** Launches one task on the next offer and has it running, acknowledged. */
async function run(framework: TestScheduler, agent: ScriptedAgent, id: string, more: Json = {}): Promise<void> {
  const task = { name: id, task_id: { value: id }, resources: SMALL, command: { value: 'true' }, ...more };
  await framework.launch(await firstOffer(framework), [task], { refuse_seconds: 0 });
  await agent.told('run_tasks', ({ tasks }) => tasks[0].task_id.value === id);
  agent.update(framework.frameworkId, id, 'TASK_RUNNING');
  const { update } = await framework.waitFor('UPDATE', (event) => event.update.status.task_id.value === id);
  await framework.acknowledge(update.status);
  await agent.told('acknowledge_update', ({ task_id }) => task_id.value === id);
}

async function describeFramework(id: string): Promise<Json> {
  const answer = JSON.parse((await get(`${url}/frameworks?framework_id=${id}`)).text);
  return { live: answer.frameworks[0], completed: answer.completed_frameworks[0] };
}

/** The ERROR that answers a SUBSCRIBE; it must be the only event, and the stream must end. */
async function errorOf(info: Json, more: Json = {}): Promise<string> {
  const framework_info = { user: 'root', name: 'wrong', ...info };
  const call = { type: 'SUBSCRIBE', framework_id: info.id, subscribe: { framework_info, ...more } };
  const connection = new RawConnection(cluster.master.port);
  connection.send(rawPost('/api/v1/scheduler', ['Content-Type: application/json'], JSON.stringify(call)));
  const response = await connection.response();
  connection.close();
  expect([response.status, response.chunks.length]).toEqual([200, 1]);
  const event = JSON.parse(String(response.chunks.map(recordOf)[0]));
  expect(event.type).toBe('ERROR');
  return event.error.message;
}

describe('subscriptions that are refused', () => {
  const constraint = { selector: { attribute_name: 'a' }, predicate: { exists: {} } };
  const unknown = { attribute_constraints: [{ ...constraint, predicate: { smells: {} } }] };
  const constraints = (role: string, groups: Json) => ({
    offer_constraints: { role_constraints: { [role]: { groups } } },
  });
  const quantities = (value: Json) => ({
    min_allocatable_resources: { quantities: [{ quantities: { cpus: value } }] },
  });

  test.each<[string, Json, Json, RegExp]>([
    ['role beside MULTI_ROLE', { role: 'a', ...multiRole }, {}, /MULTI_ROLE.*'roles'/],
    ['roles without MULTI_ROLE', { roles: ['a'] }, {}, /MULTI_ROLE.*'role'/],
    ['a role twice', { roles: ['a', 'b', 'a'], ...multiRole }, {}, /twice/],
    ['a role with a space', { role: 'a b' }, {}, /role/i],
    ['a role that begins with a slash', { roles: ['a', '/b'], ...multiRole }, {}, /role/i],
    ['a role that is a dot', { role: '.' }, {}, /role/i],
    ['an id with a slash', { id: { value: 'a/b' } }, {}, /id/i],
    ['an id of 256 characters', { id: { value: 'x'.repeat(256) } }, {}, /id/i],
    ['an endless failover timeout', { failover_timeout: 1e30 }, {}, /failover_timeout/],
    ['a suppressed role of others', { role: 'a' }, { suppressed_roles: ['b'] }, /[Ss]uppressed role/],
    ['constraints for others', { role: 'a' }, constraints('b', [{ attribute_constraints: [constraint] }]), /role/],
    ['constraints without groups', { role: 'a' }, constraints('a', []), /group/],
    ['constraints with an unknown predicate', { role: 'a' }, constraints('a', [unknown]), /predicate/],
    [
      'empty minimum',
      { offer_filters: { '*': { min_allocatable_resources: { quantities: [{}] } } } },
      {},
      /quantities/,
    ],
    ['negative minimum', { offer_filters: { '*': quantities({ value: -1 }) } }, {}, /cpus/],
    ['infinite minimum', { offer_filters: { '*': quantities({ value: 'Infinity' }) } }, {}, /cpus/],
  ])('%s', async (_what, info, more, message) => {
    expect(await errorOf(info, more)).toMatch(message);
  });

  test('a framework that was removed stays removed', async () => {
    const framework = await subscribe();
    expect((await framework.call({ type: 'TEARDOWN' })).status).toBe(202);
    await until('the stream ends', () => framework.closed);
    expect(await errorOf({ id: framework.frameworkId })).toBe('Framework has been removed');
    const { live, completed } = await describeFramework(framework.frameworkId.value);
    expect([live, completed.active, completed.connected]).toEqual([undefined, false, false]);
    expect(completed.unregistered_time).toBeGreaterThan(0);
  });

  test('another principal than before', async () => {
    const first = await subscribe({ principal: 'alice' });
    expect(await errorOf({ id: first.frameworkId, principal: 'bob' })).toMatch(/principal/);
    expect(first.closed).toBe(false);
    expect((await first.call({ type: 'REVIVE' })).status).toBe(202);
  });
});

describe('framework ids', () => {
  test('a client may choose its own, and gets offers and tasks under it', async () => {
    const agent = await addAgent();
    const id = { value: 'Singularity' };
    const framework = await subscribe({ id });
    expect(framework.frameworkId).toEqual(id);
    expect((await firstOffer(framework)).framework_id).toEqual(id);
    await run(framework, agent, 'mine');
    expect((await agent.told('run_tasks')).framework_info.id).toEqual(id);
  });

  test('an empty one counts as none', async () => {
    const framework = await subscribe({ id: { value: '' } });
    expect(framework.frameworkId.value).toMatch(/-[0-9]{4,}$/);
  });
});

describe('the second SUBSCRIBE of a framework', () => {
  test('cuts the first stream with ERROR, discards its offers without RESCIND and makes them anew', async () => {
    const agent = await addAgent();
    const first = await subscribe({ failover_timeout: 60, user: 'alice', checkpoint: true });
    await run(first, agent, 'kept');
    const offer = await until('the rest is offered', () => first.offers()[1]);
    const info = { id: first.frameworkId, failover_timeout: 30, user: 'bob', checkpoint: false, name: 'renamed' };
    const second = await subscribe(info);
    const { error } = await first.waitFor('ERROR');
    expect(error).toEqual({ message: 'Framework failed over' });
    await until('the first stream ends', () => first.closed);
    expect(first.events.at(-1).type).toBe('ERROR');
    expect(first.events.filter(({ type }) => type === 'RESCIND')).toEqual([]);
    expect(second.frameworkId).toEqual(first.frameworkId);
    expect(second.streamId).not.toBe(first.streamId);
    expect((await first.call({ type: 'REVIVE' })).status).toBe(400);
    const again = await firstOffer(second);
    expect(again.id).not.toEqual(offer.id);
    expect(again.resources).toEqual(offer.resources);
    const { live } = await describeFramework(first.frameworkId.value);
    expect(live).toMatchObject({ name: 'renamed', user: 'alice', checkpoint: true, failover_timeout: 30 });
    expect(live.tasks.map(({ id }: Json) => id)).toEqual(['kept']);
    expect(live.reregistered_time).toBeGreaterThan(0);
    const { framework_info } = await agent.told('update_framework');
    expect(framework_info).toMatchObject({ name: 'renamed', user: 'alice', checkpoint: true });
    // The old offer is gone for good.
    await second.launch({ ...offer }, [{ name: 'x', task_id: { value: 'x' }, resources: SMALL, command: {} }]);
    const { update } = await second.waitFor('UPDATE');
    expect(update.status).toMatchObject({ state: 'TASK_LOST', reason: 'REASON_INVALID_OFFERS' });
  });

  test('after a disconnection finds the tasks, and hears of what happens from then on', async () => {
    const agent = await addAgent();
    const first = await subscribe({ failover_timeout: 60 });
    await run(first, agent, 'survivor');
    const before = first.events.length;
    first.close();
    const id = first.frameworkId.value;
    const away = await until('it is away', async () => {
      const { live } = await describeFramework(id);
      return live.connected === false && live;
    });
    expect(away).toMatchObject({ active: false, recovered: false, offers: [] });
    agent.update(first.frameworkId, 'survivor', 'TASK_FINISHED');
    const second = await subscribe({ id: first.frameworkId, failover_timeout: 60 });
    expect(first.events.length).toBe(before);
    await second.call({ type: 'RECONCILE', reconcile: { tasks: [] } });
    const { update } = await second.waitFor('UPDATE');
    expect(update.status).toMatchObject({
      task_id: { value: 'survivor' },
      state: 'TASK_FINISHED',
      reason: 'REASON_RECONCILIATION',
      source: 'SOURCE_MASTER',
      agent_id: await agent.id(),
    });
    expect(update.status.uuid).toBeUndefined();
    const uuid = Buffer.alloc(16, 'TASK_FINISHED').toString('base64');
    const acknowledge = { agent_id: await agent.id(), task_id: { value: 'survivor' }, uuid };
    await second.call({ type: 'ACKNOWLEDGE', acknowledge });
    await until('it is completed', async () => (await describeFramework(id)).live.completed_tasks.length === 1);
  });
});

describe('many at once', () => {
  test('of many SUBSCRIBEs with one id the last one wins, and the others are told', async () => {
    await addAgent();
    const id = { value: 'contested' };
    const rivals = await Promise.all(Array.from({ length: 12 }, () => subscribe({ id, failover_timeout: 60 })));
    const losers = () => rivals.filter(({ closed }) => closed);
    await until('one is left', () => losers().length === rivals.length - 1);
    for (const loser of losers())
      expect(loser.events.at(-1)).toEqual({
        type: 'ERROR',
        error: { message: 'Framework failed over' },
      });
    const winner = rivals.find(({ closed }) => !closed);
    expect((await winner?.call({ type: 'REVIVE' }))?.status).toBe(202);
    await until('the winner has the offer', () => winner?.offers().length === 1);
  });

  test('frameworks that come and go at once leave nothing behind', async () => {
    await addAgent();
    const call = { type: 'SUBSCRIBE', subscribe: { framework_info: { user: 'root', name: 'hasty' } } };
    const request = rawPost('/api/v1/scheduler', ['Content-Type: application/json'], JSON.stringify(call));
    for (let round = 0; round < 10; round++) {
      const hasty = Array.from({ length: 5 }, () => new RawConnection(cluster.master.port).send(request));
      // Some leave before they have an answer, some after.
      if (round % 2 === 0) await Promise.all(hasty.map((one) => one.response(({ chunks }) => chunks.length > 0)));
      else await Promise.all(hasty.map((one) => until('it is connected', () => one.socket.bytesWritten > 0)));
      for (const one of hasty) one.close();
    }
    const framework = await subscribe();
    await firstOffer(framework);
    await until('only this one and the heart are left', async () => {
      const { frameworks: known } = JSON.parse((await get(`${url}/frameworks`)).text);
      return known.length === 2;
    });
  });

  test('a TEARDOWN and what comes with it', async () => {
    await addAgent();
    const framework = await subscribe({ failover_timeout: 60 });
    const offer = await firstOffer(framework);
    const task = { name: 'late', task_id: { value: 'late' }, resources: SMALL, command: { value: 'true' } };
    const answers = await Promise.all([
      framework.call({ type: 'TEARDOWN' }),
      framework.launch(offer, [task]),
      framework.call({ type: 'TEARDOWN' }),
      errorOrStream({ id: framework.frameworkId }),
      framework.call({ type: 'REVIVE' }),
    ]);
    // Each comes before or after the removal; nothing else may be said, and nothing may be left.
    for (const answer of answers) if (typeof answer === 'object') expect([202, 400, 403]).toContain(answer.status);
    await until('it is gone', async () => (await describeFramework(framework.frameworkId.value)).live === undefined);
    const other = await subscribe();
    await until('all is free', () =>
      other.offers().some(({ resources }) => resources.find(({ name }: Json) => name === 'cpus').scalar.value === 4),
    );
  });

  /** The message of the ERROR, or that it was let in (and left). */
  const errorOrStream = async (info: Json): Promise<string> => {
    const call = {
      type: 'SUBSCRIBE',
      framework_id: info.id,
      subscribe: { framework_info: { user: 'u', name: 'n', ...info } },
    };
    const connection = new RawConnection(cluster.master.port);
    connection.send(rawPost('/api/v1/scheduler', ['Content-Type: application/json'], JSON.stringify(call)));
    const response = await connection.response(({ chunks, done }) => chunks.length > 0 || done);
    connection.close();
    const event = JSON.parse(String(response.chunks.map(recordOf)[0]));
    return event.error?.message ?? 'let in';
  };
});

describe('a framework that stays away', () => {
  test.each([
    ['without a failover timeout is removed at once', undefined, 0],
    ['is removed when its failover timeout is over', 1, 1000],
  ])('%s', async (_what, failover_timeout, atLeastMs) => {
    const agent = await addAgent();
    const framework = await subscribe({ failover_timeout });
    await run(framework, agent, 'orphan');
    const started = performance.now();
    framework.close();
    await agent.told('shutdown_framework', ({ framework_id }) => framework_id.value === framework.frameworkId.value);
    expect(performance.now() - started).toBeGreaterThanOrEqual(atLeastMs - 50);
    expect(performance.now() - started).toBeLessThan(atLeastMs + 2000);
    const { live, completed } = await until('it is completed', async () => {
      const now = await describeFramework(framework.frameworkId.value);
      return now.completed !== undefined && now;
    });
    expect(live).toBeUndefined();
    expect(completed.completed_tasks).toMatchObject([{ id: 'orphan', state: 'TASK_KILLED' }]);
    expect(await errorOf({ id: framework.frameworkId })).toBe('Framework has been removed');
    // What it held is free again.
    const other = await subscribe();
    const { resources } = await firstOffer(other);
    expect(resources.find(({ name }: Json) => name === 'cpus').scalar.value).toBe(4);
  });

  test('keeps nobody waiting for its offers', async () => {
    await addAgent();
    const framework = await subscribe({ failover_timeout: 60 });
    await firstOffer(framework);
    const other = await subscribe();
    expect(other.offers()).toEqual([]);
    framework.close();
    await firstOffer(other);
  });
});

describe('offers', () => {
  test('are rescinded when nobody takes them, and go to the next one', async () => {
    await addAgent();
    const first = await subscribe({ role: 'one' });
    const offer = await firstOffer(first);
    const started = performance.now();
    const second = await subscribe({ role: 'two' });
    const { rescind } = await first.waitFor('RESCIND');
    expect(performance.now() - started).toBeGreaterThan(OFFER_TIMEOUT_MS - 1000);
    expect(rescind).toEqual({ offer_id: offer.id });
    await until('somebody has it again', () => first.offers().length + second.offers().length > 0);
    await first.launch(offer, [{ name: 'x', task_id: { value: 'x' }, resources: SMALL, command: {} }]);
    const { update } = await first.waitFor('UPDATE');
    expect(update.status.reason).toBe('REASON_INVALID_OFFERS');
  });

  test('are shared fairly by dominant share: the one who has less is served first', async () => {
    const hog = await subscribe({ role: 'hog' });
    for (let i = 0; i < 4; i++) await addAgent();
    await until('the hog has all', () => hog.offers().length === 4);
    const [a, b] = [await subscribe({ role: 'a' }), await subscribe({ role: 'b' })];
    await hog.call({ type: 'TEARDOWN' });
    await until('all is offered', () => a.offers().length + b.offers().length === 4);
    expect([a.offers().length, b.offers().length]).toEqual([2, 2]);
  });
});

describe('what goes between schedulers and executors', () => {
  const executor = (id: string) => ({
    type: 'CUSTOM',
    executor_id: { value: id },
    command: { value: './executor' },
    resources: scalars({ cpus: 0.1, mem: 32 }),
  });

  test('MESSAGE both ways, SHUTDOWN, and FAILURE when the executor is gone', async () => {
    const agent = await addAgent();
    const framework = await subscribe();
    const agent_id = await agent.id();
    await run(framework, agent, 'task', { executor: executor('e'), command: undefined });
    const told = await agent.told('run_tasks');
    expect(told).toMatchObject({ group: false, launch_executor: true });
    expect(told.executor).toMatchObject({ framework_id: framework.frameworkId, executor_id: { value: 'e' } });
    const offer = await until('the rest is offered', () => framework.offers()[1]);
    expect(offer.executor_ids).toEqual([{ value: 'e' }]);
    expect(offer.resources.find(({ name }: Json) => name === 'cpus').scalar.value).toBe(3.4);

    const ids = { agent_id, executor_id: { value: 'e' } };
    const data = Buffer.from([0, 1, 255]).toString('base64');
    expect((await framework.call({ type: 'MESSAGE', message: { ...ids, data } })).status).toBe(202);
    expect(Buffer.from((await agent.told('framework_message')).data).toString('base64')).toBe(data);
    const framework_id = framework.frameworkId;
    agent.send({ executor_message: { framework_id, executor_id: ids.executor_id, data: Buffer.from([7, 0]) } });
    const { message } = await framework.waitFor('MESSAGE');
    expect(message).toEqual({ ...ids, data: Buffer.from([7, 0]).toString('base64') });

    expect((await framework.call({ type: 'SHUTDOWN', shutdown: ids })).status).toBe(202);
    await agent.told('shutdown_executor', ({ executor_id }) => executor_id.value === 'e');
    agent.send({ executor_exited: { framework_id, executor_id: ids.executor_id, status: 9 } });
    const { failure } = await framework.waitFor('FAILURE');
    expect(failure).toEqual({ ...ids, status: 9 });
  });

  test('messages and shutdowns for agents that are not there are dropped', async () => {
    const framework = await subscribe();
    const ids = { agent_id: { value: 'nowhere' }, executor_id: { value: 'e' } };
    expect((await framework.call({ type: 'MESSAGE', message: { ...ids, data: 'AA==' } })).status).toBe(202);
    expect((await framework.call({ type: 'SHUTDOWN', shutdown: ids })).status).toBe(202);
    expect((await framework.call({ type: 'REVIVE' })).status).toBe(202);
    expect(framework.events.map(({ type }) => type)).toEqual(['SUBSCRIBED', 'HEARTBEAT']);
  });

  test('a second task may use an executor that runs, if it describes it alike', async () => {
    const agent = await addAgent();
    const framework = await subscribe();
    await run(framework, agent, 'one', { executor: executor('e'), command: undefined });
    const offer = await until('the rest', () => framework.offers()[1]);
    const task = (id: string, more: Json) => ({ name: id, task_id: { value: id }, resources: SMALL, ...more });
    await framework.launch(offer, [
      task('two', { executor: { ...executor('e'), name: 'different' } }),
      task('three', { executor: executor('e') }),
      task('four', { executor: executor('e'), command: { value: 'true' } }),
      task('five', {}),
    ]);
    const third = await agent.told('run_tasks', ({ tasks }) => tasks[0].task_id.value === 'three');
    expect(third.launch_executor).toBe(false);
    const errors = () => framework.events.filter((event) => event.update?.status.state === 'TASK_ERROR');
    await until('the errors', () => errors().length === 3);
    expect(errors().map((event) => event.update.status.task_id.value)).toEqual(['two', 'four', 'five']);
  });

  test('KILL carries its policy to the agent', async () => {
    const agent = await addAgent();
    const framework = await subscribe();
    await run(framework, agent, 'victim');
    const kill_policy = { grace_period: { nanoseconds: 5e9 } };
    const kill = { task_id: { value: 'victim' }, agent_id: await agent.id(), kill_policy };
    await framework.call({ type: 'KILL', kill });
    expect(await agent.told('kill_task')).toMatchObject({ task_id: { value: 'victim' }, kill_policy });
  });
});

describe('agents that leave', () => {
  test.each([
    ['unregistered', [], 'TASK_LOST', 'REASON_AGENT_REMOVED'],
    ['unregistered', ['PARTITION_AWARE'], 'TASK_LOST', 'REASON_AGENT_REMOVED'],
    ['gone', [], 'TASK_LOST', 'REASON_AGENT_REMOVED'],
    ['gone', ['PARTITION_AWARE'], 'TASK_GONE_BY_OPERATOR', 'REASON_AGENT_REMOVED_BY_OPERATOR'],
  ])('%s, framework %j: %s, and FAILURE for everybody', async (how, capabilities, state, reason) => {
    const agent = await addAgent();
    const agent_id = await agent.id();
    const owner = await subscribe({ capabilities: capabilities.map((type) => ({ type })) });
    await run(owner, agent, 'lost');
    const offer = await until('the rest', () => owner.offers()[1]);
    const stranger = await subscribe({ role: 'stranger' });
    if (how === 'unregistered') agent.send({ unregister: {} });
    else await postJson(`${url}/api/v1`, { type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id } });
    const { update } = await owner.waitFor('UPDATE', (event) => event.update.status.state === state);
    expect(update.status).toMatchObject({ task_id: { value: 'lost' }, source: 'SOURCE_MASTER', reason, agent_id });
    expect(update.status.uuid).toBeUndefined();
    for (const framework of [owner, stranger])
      expect((await framework.waitFor('FAILURE')).failure).toEqual({ agent_id });
    expect((await owner.waitFor('RESCIND')).rescind).toEqual({ offer_id: offer.id });
    await owner.call({ type: 'RECONCILE', reconcile: { tasks: [{ task_id: { value: 'lost' }, agent_id }] } });
    const answer = await owner.waitFor('UPDATE', ({ update: { status } }) => status.reason === 'REASON_RECONCILIATION');
    const aware = how === 'gone' ? 'TASK_GONE_BY_OPERATOR' : 'TASK_UNKNOWN';
    expect(answer.update.status.state).toBe(capabilities.length > 0 ? aware : 'TASK_LOST');
  });
});

test('heartbeats come at once and every 15 s', { timeout: 40_000 }, async () => {
  const later = () => heartbeatsMs.filter((atMs) => atMs > 5000);
  const early = heart.events.filter(({ type }) => type === 'HEARTBEAT').length + heartbeatsMs.length - later().length;
  expect(early).toBe(1);
  const [atMs] = await until('the next heartbeat', () => later().length > 0 && later(), { deadlineMs: 20_000 });
  expect(atMs).toBeGreaterThan(14_000);
  expect(atMs).toBeLessThan(18_000);
  expect(heart.closed).toBe(false);
});
