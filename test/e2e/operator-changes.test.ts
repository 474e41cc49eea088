// Quota, maintenance and drain over HTTP: the calls of the operator API, their legacy endpoints, and every bad input with its answer.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../harness/process.mjs';
import { ask, Framework, JSON_TYPE, LinkedAgent, post, startTestMaster, type TestMaster } from './bad-input-fixture.js';

let running: TestMaster;
let port = 0;
let agent: LinkedAgent;
let agentId = '';

beforeAll(async () => {
  running = await startTestMaster({}, { roles: ['eng', 'eng/web', 'ops'] });
  port = running.port;
  agent = new LinkedAgent(port, 'cpus:4;mem:4096');
  agentId = await agent.registered();
});

afterAll(async () => {
  agent.close();
  await running.stop();
});

const call = (type: string, more: Readonly<Record<string, unknown>> = {}) => post(port, '/api/v1', { type, ...more });
const request = (method: string, path: string, body?: unknown) =>
  ask(port, {
    method,
    path,
    headers: JSON_TYPE,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
const get = async (path: string) => JSON.parse((await request('GET', path)).body);
const read = async (type: string, member: string) => {
  const reply = await call(type);
  expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
  const response = JSON.parse(reply.body);
  expect(response.type).toBe(type);
  return response[member];
};

type Amounts = Readonly<Record<string, number>>;
const scalars = (amounts: Amounts) =>
  Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, { value }]));
const scalar = (name: string, value: number, more: Readonly<Record<string, unknown>> = {}) => ({
  name,
  type: 'SCALAR',
  scalar: { value },
  ...more,
});
const quotas = async () => (await read('GET_QUOTA', 'get_quota')).status.configs ?? [];
const updateQuota = (...quota_configs: readonly unknown[]) => call('UPDATE_QUOTA', { update_quota: { quota_configs } });

describe('quota', () => {
  const limits = scalars({ cpus: 2, mem: 512 });

  test('is empty, set, shown everywhere, and removed', async () => {
    expect(await quotas()).toEqual([]);
    const reply = await updateQuota({ role: 'eng', limits, guarantees: scalars({ cpus: 1 }) });
    expect([reply.status, reply.body]).toEqual([200, '']);
    expect(await quotas()).toEqual([{ role: 'eng', limits, guarantees: scalars({ cpus: 1 }) }]);
    const infos = [{ role: 'eng', guarantee: [expect.objectContaining({ name: 'cpus', scalar: { value: 1 } })] }];
    for (const path of ['/quota', '/master/quota'])
      expect(await get(path)).toEqual({ infos, configs: [{ role: 'eng', limits, guarantees: scalars({ cpus: 1 }) }] });
    const { roles } = await get('/roles');
    expect(roles).toMatchObject([
      { name: 'eng', quota: { role: 'eng', guarantee: { cpus: 1 }, limit: { cpus: 2, mem: 512 }, consumed: {} } },
    ]);
    expect((await updateQuota({ role: 'eng' })).status).toBe(200);
    expect(await quotas()).toEqual([]);
  });

  test('the deprecated calls and /quota set, refuse a second time, and remove', async () => {
    const quota_request = { role: 'ops', guarantee: [scalar('cpus', 1)] };
    expect((await call('SET_QUOTA', { set_quota: { quota_request } })).status).toBe(200);
    const again = await request('POST', '/quota', quota_request);
    expect([again.status, again.body]).toEqual([400, expect.stringContaining("role 'ops' has a quota already")]);
    expect((await call('REMOVE_QUOTA', { remove_quota: { role: 'ops' } })).status).toBe(200);
    expect((await request('POST', '/master/quota', { ...quota_request, role: 'eng' })).status).toBe(200);
    const both = scalars({ cpus: 1 });
    expect(await quotas()).toEqual([{ role: 'eng', guarantees: both, limits: both }]);
    expect((await request('DELETE', '/quota/eng')).status).toBe(200);
    expect((await updateQuota({ role: 'eng/web', limits })).status).toBe(200);
    expect((await request('DELETE', '/master/quota/eng/web')).status).toBe(200);
    const gone = await request('DELETE', '/master/quota/eng/web');
    expect([gone.status, gone.body]).toEqual([400, "role 'eng/web' has no quota"]);
    expect((await request('DELETE', '/quota')).status).toBe(400);
    const huge = await request('POST', '/quota', { role: 'ops', guarantee: [scalar('cpus', 99)] });
    expect(huge.status).toBe(409);
    expect(await quotas()).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['the default role', { role: '*', limits }, 'the default role cannot have one'],
    ['no role name', { role: 'a b', limits }, 'must not contain blanks'],
    ['an empty role', { role: '', limits }, 'must not be empty'],
    ['a role that is not listed', { role: 'hr', limits }, "role 'hr' is not among the roles"],
    ['a negative limit', { role: 'eng', limits: scalars({ cpus: -1 }) }, 'the limit of \\"cpus\\" is negative'],
    ['an endless limit', { role: 'eng', limits: { cpus: { value: 'Infinity' } } }, ''],
    ['more than an exbibyte', { role: 'eng', limits: scalars({ mem: 2 ** 40 + 1 }) }, 'is above 1099511627776'],
    ['more than a trillion', { role: 'eng', limits: scalars({ cpus: 1.1e12 }) }, 'is above 1000000000000'],
    ['a resource without a name', { role: 'eng', limits: scalars({ '': 1 }) }, 'a limit has no name'],
    [
      'a guarantee above its limit',
      { role: 'eng', limits, guarantees: scalars({ cpus: 3 }) },
      'the guarantee of 3 cpus is above the limit of 2',
    ],
    ['more than the cluster has', { role: 'eng', guarantees: scalars({ cpus: 5 }) }, 'more than the 4'],
    [
      'what its parent does not guarantee',
      { role: 'eng/web', guarantees: scalars({ cpus: 1 }) },
      "role 'eng' guarantees 0",
    ],
  ])('%s is 400 and changes nothing', async (_what, config, text) => {
    const reply = await updateQuota({ role: 'ops', limits }, config);
    expect([reply.status, reply.body]).toEqual([400, expect.stringContaining(text.replaceAll('\\', ''))]);
    expect(await quotas()).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['a role twice', { update_quota: { quota_configs: [{ role: 'eng' }, { role: 'eng' }] } }, 'named twice'],
    ['no payload', {}, "Expecting 'update_quota' to be present"],
    ['no role', { update_quota: { quota_configs: [{ limits }] } }, 'role'],
  ])('%s is 400', async (_what, payload, text) => {
    const reply = await call('UPDATE_QUOTA', payload as Readonly<Record<string, unknown>>);
    expect([reply.status, reply.body]).toEqual([400, expect.stringContaining(text)]);
    expect(await quotas()).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['nothing', '', 'parse'],
    ['no role', { guarantee: [scalar('cpus', 1)] }, "Expecting 'quota_request.role' to be present"],
    ['no guarantee', { role: 'eng' }, "Expecting 'quota_request.guarantee' to be present"],
    ['a resource twice', { role: 'eng', guarantee: [scalar('cpus', 1), scalar('cpus', 1)] }, 'is named twice'],
    ['ranges', { role: 'eng', guarantee: [{ name: 'ports', type: 'RANGES', ranges: { range: [] } }] }, 'not a scalar'],
    ['a reservation', { role: 'eng', guarantee: [scalar('cpus', 1, { role: 'ops' })] }, 'is reserved'],
    ['a revocable one', { role: 'eng', guarantee: [scalar('cpus', 1, { revocable: {} })] }, 'is revocable'],
    ['a disk', { role: 'eng', guarantee: [scalar('disk', 1, { disk: { source: { type: 'RAW' } } })] }, 'has a disk'],
    ['a negative amount', { role: 'eng', guarantee: [scalar('cpus', -1)] }, 'is negative'],
  ])('a POST to /quota of %s is 400 and changes nothing', async (_what, body, text) => {
    const reply = await request('POST', '/quota', body);
    expect([reply.status, reply.body]).toEqual([400, expect.stringContaining(text)]);
    expect(await quotas()).toEqual([]);
  });

  test('other methods are 405', async () => {
    const reply = await request('PUT', '/quota', '{}');
    expect([reply.status, reply.headers.allow]).toEqual([405, 'GET, POST, DELETE']);
  });
});

describe('maintenance', () => {
  const away = { hostname: 'away.example', ip: '192.0.2.7' };
  const here = { hostname: 'agent.example', ip: '127.0.0.1' };
  const unavailability = { start: { nanoseconds: 1_900_000_000_000_000_000n }, duration: { nanoseconds: 3.6e12 } };
  const text = (value: unknown) =>
    JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? `@${part}@` : part)).replace(/"@(\d+)@"/g, '$1');
  const scheduleOf = (...machine_ids: readonly unknown[]) => ({ windows: [{ machine_ids, unavailability }] });
  const update = (schedule: unknown) =>
    post(port, '/api/v1', text({ type: 'UPDATE_MAINTENANCE_SCHEDULE', update_maintenance_schedule: { schedule } }));
  const windows = async () =>
    (await read('GET_MAINTENANCE_SCHEDULE', 'get_maintenance_schedule')).schedule.windows ?? [];
  const status = async () => (await read('GET_MAINTENANCE_STATUS', 'get_maintenance_status')).status;

  test('is scheduled, begins, ends; both APIs say the same', async () => {
    expect(await windows()).toEqual([]);
    expect((await update(scheduleOf(away))).status).toBe(200);
    expect(await windows()).toMatchObject([{ machine_ids: [away] }]);
    expect((await get('/maintenance/schedule')).windows).toEqual(await windows());
    expect(await status()).toMatchObject({ draining_machines: [{ id: away }] });
    expect((await call('START_MAINTENANCE', { start_maintenance: { machines: [away] } })).status).toBe(200);
    expect(await status()).toEqual({ down_machines: [away] });
    expect(await get('/master/maintenance/status')).toEqual({ down_machines: [away] });
    expect((await call('STOP_MAINTENANCE', { stop_maintenance: { machines: [away] } })).status).toBe(200);
    expect([await status(), await windows()]).toEqual([{}, []]);
  });

  test('the endpoints do as the calls do', async () => {
    expect((await request('POST', '/maintenance/schedule', text(scheduleOf(away)))).status).toBe(200);
    expect((await request('POST', '/machine/down', [away])).status).toBe(200);
    expect(await status()).toEqual({ down_machines: [away] });
    expect((await request('POST', '/master/machine/up', [away])).status).toBe(200);
    expect(await windows()).toEqual([]);
  });

  test.each<[string, string, string, unknown, string]>([
    ['no body', 'POST', '/maintenance/schedule', '', 'parse'],
    [
      'a window without a time',
      'POST',
      '/maintenance/schedule',
      { windows: [{ machine_ids: [{}] }] },
      'unavailability',
    ],
    ['a machine without a name', 'POST', '/maintenance/schedule', text(scheduleOf({})), 'neither hostname nor ip'],
    ['an object of machines', 'POST', '/machine/down', { hostname: 'a' }, 'Expecting a JSON array of machines'],
    ['no machine', 'POST', '/machine/down', [], 'No machine is named'],
    ['a number', 'POST', '/machine/up', [1], 'MachineID'],
    ['a machine that is up', 'POST', '/machine/up', [{ hostname: 'a' }], 'a is not in the maintenance schedule'],
  ])('%s is 400 and changes nothing', async (_what, method, path, body, message) => {
    const reply = await request(method, path, body);
    expect([reply.status, reply.body]).toEqual([400, expect.stringContaining(message)]);
    expect([await status(), await windows()]).toEqual([{}, []]);
  });

  test('a framework is told of it and answers; going down ends its agent', async () => {
    const victim = new LinkedAgent(port, 'cpus:1;mem:64', 6001);
    const id = await victim.registered();
    const framework = new Framework(port, { name: 'web', role: 'eng/web' });
    await framework.waitFor('OFFERS', ({ offers }) =>
      offers.offers.some((offer: { readonly agent_id: { readonly value: string } }) => offer.agent_id.value === id),
    );
    expect((await update(scheduleOf(here))).status).toBe(200);
    const isOfVictim = ({ agent_id }: { readonly agent_id: { readonly value: string } }) => agent_id.value === id;
    const event = await framework.waitFor('INVERSE_OFFERS', (found) =>
      found.inverse_offers.inverse_offers.some(isOfVictim),
    );
    const inverse = event.inverse_offers.inverse_offers.find(isOfVictim);
    expect(inverse.unavailability.duration).toEqual({ nanoseconds: 3.6e12 });
    const answer = { inverse_offer_ids: [inverse.id], filters: { refuse_seconds: 60 } };
    const reply = await framework.call({ type: 'ACCEPT_INVERSE_OFFERS', accept_inverse_offers: answer });
    expect(reply.status).toBe(202);
    await until('the answer is in the status', async () =>
      JSON.stringify((await status()).draining_machines ?? []).includes('"ACCEPT"'),
    );
    await framework.waitFor('OFFERS', ({ offers }) => offers.offers[0]?.unavailability !== undefined);
    expect((await call('START_MAINTENANCE', { start_maintenance: { machines: [here] } })).status).toBe(200);
    await until('the agent is told to end', () => victim.frames.some(({ shutdown }) => shutdown !== undefined));
    await until('the agent is removed', async () => (await get('/slaves')).slaves.length === 0);
    expect((await call('STOP_MAINTENANCE', { stop_maintenance: { machines: [here] } })).status).toBe(200);
    framework.disconnect();
    victim.close();
    agent.close();
    agent = new LinkedAgent(port, 'cpus:4;mem:4096');
    agentId = await agent.registered();
  });
});

describe('draining and deactivation', () => {
  const slave = async () => (await get('/slaves')).slaves[0];
  const change = (type: string, id: string, more: Readonly<Record<string, unknown>> = {}) =>
    call(type, { [type.toLowerCase()]: { agent_id: { value: id }, ...more } });

  test('show in GET_AGENTS and /slaves, and end', async () => {
    expect(await slave()).toMatchObject({ active: true, deactivated: false });
    expect((await change('DEACTIVATE_AGENT', agentId)).status).toBe(200);
    expect(await slave()).toMatchObject({ active: false, deactivated: true });
    const reply = await change('DRAIN_AGENT', agentId, { max_grace_period: { seconds: 30 } });
    expect([reply.status, reply.body]).toEqual([200, '']);
    await until('it is drained', async () => (await slave()).drain_info?.state === 'DRAINED');
    const config = { max_grace_period: { nanoseconds: 3e10 } };
    expect(agent.frames.find(({ drain_agent }) => drain_agent !== undefined)?.drain_agent).toMatchObject({ config });
    expect(await slave()).toMatchObject({
      deactivated: true,
      drain_info: { state: 'DRAINED', config },
      estimated_drain_start_time_seconds: expect.any(Number),
    });
    const { agents } = await read('GET_AGENTS', 'get_agents');
    expect(agents).toMatchObject([
      {
        deactivated: true,
        drain_info: { state: 'DRAINED' },
        estimated_drain_start_time: { nanoseconds: expect.any(Number) },
      },
    ]);
    expect((await change('REACTIVATE_AGENT', agentId)).status).toBe(200);
    expect(await slave()).toMatchObject({ deactivated: false });
  });

  test.each<[string, string, Readonly<Record<string, unknown>>, string]>([
    ['DRAIN_AGENT', 'no-such', {}, 'Unknown agent'],
    ['DRAIN_AGENT', 'known', { max_grace_period: { seconds: -1 } }, 'must not be negative'],
    ['DRAIN_AGENT', 'known', { max_grace_period: { seconds: 1e11 } }, 'must be a duration of at most'],
    ['DEACTIVATE_AGENT', 'no-such', {}, 'Unknown agent'],
    ['REACTIVATE_AGENT', 'no-such', {}, 'Unknown agent'],
    ['REACTIVATE_AGENT', 'known', {}, 'is not deactivated'],
  ])('%s of %s with %j is 400', async (type, id, more, text) => {
    const reply = await change(type, id === 'known' ? agentId : id, more);
    expect([reply.status, reply.body]).toEqual([400, expect.stringContaining(text)]);
    expect((await slave()).deactivated).toBe(false);
  });

  test.each(['DRAIN_AGENT', 'DEACTIVATE_AGENT', 'REACTIVATE_AGENT', 'START_MAINTENANCE', 'SET_QUOTA'])(
    '%s without its message is 400',
    async (type) => {
      const reply = await call(type);
      expect([reply.status, reply.body]).toEqual([
        400,
        `Failed to validate master::Call: Expecting '${type.toLowerCase()}' to be present`,
      ]);
    },
  );
});
