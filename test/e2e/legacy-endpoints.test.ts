// What tools of other people read from a master: documents, redirects, prefixes, jsonp. Spec pages 03 (3.4) and 13.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../unit/http/fixture.js';
import {
  type AnyEvent,
  ask,
  Framework,
  LinkedAgent,
  post,
  startTestMaster,
  type TestMaster,
} from './bad-input-fixture.js';

let master: TestMaster;
let port = 0;
let agent: LinkedAgent;
let agentId = '';
let framework: Framework;

async function get(path: string): Promise<AnyEvent> {
  const reply = await ask(port, { method: 'GET', path });
  expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
  return JSON.parse(reply.body);
}

const scalar = (name: string, value: number) => ({ name, type: 'SCALAR', scalar: { value } });

beforeAll(async () => {
  master = await startTestMaster();
  port = master.port;
  agent = new LinkedAgent(port, 'cpus:4;mem:4096;disk:1000;ports:[31000-32000];zones:{a,b}');
  agentId = await agent.registered();
  framework = new Framework(port, { name: 'web', role: 'eng/web', failover_timeout: 60, webui_url: 'http://x' });
  const { offers } = (await framework.waitFor('OFFERS')).offers;
  const task = {
    name: 'server',
    task_id: { value: 't1' },
    agent_id: offers[0].agent_id,
    resources: [scalar('cpus', 1), scalar('mem', 64)],
    labels: { labels: [{ key: 'k', value: 'v' }] },
    command: { value: 'true' },
  };
  const operations = [{ type: 'LAUNCH', launch: { task_infos: [task] } }];
  await framework.call({
    type: 'ACCEPT',
    accept: { offer_ids: [offers[0].id], operations, filters: { refuse_seconds: 600 } },
  });
  await until('the launch', () => agent.frames.some((frame) => frame.run_tasks !== undefined));
});

afterAll(async () => {
  framework.disconnect();
  agent.close();
  await master.stop();
});

describe('documents', () => {
  test('/state has what monitoring and DNS read', async () => {
    const state = await get('/master/state');
    expect(state.leader).toBe(`master@127.0.0.1:${port}`);
    expect(state.pid).toBe(state.leader);
    expect(state.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(state).toMatchObject({ activated_slaves: 1, orphan_tasks: [], unregistered_frameworks: [] });
    expect(state.slaves[0]).toMatchObject({
      id: agentId,
      pid: 'slave(1)@127.0.0.1:5051',
      hostname: 'agent.example',
      active: true,
      resources: { cpus: 4, mem: 4096, disk: 1000, gpus: 0, ports: '[31000-32000]', zones: '{a, b}' },
      used_resources: { cpus: 1, mem: 64, disk: 0, gpus: 0 },
    });
    expect(state.frameworks[0]).toMatchObject({ name: 'web', role: 'eng/web', active: true, webui_url: 'http://x' });
    expect(state.frameworks[0]).not.toHaveProperty('pid');
    expect(state.frameworks[0].tasks[0]).toMatchObject({
      id: 't1',
      name: 'server',
      executor_id: '',
      slave_id: agentId,
      state: 'TASK_STAGING',
      role: 'eng/web',
      resources: { cpus: 1, mem: 64 },
      labels: [{ key: 'k', value: 'v' }],
    });
  });

  test('/slaves, /frameworks, /tasks, /roles and /state-summary', async () => {
    const { slaves } = await get(`/slaves?slave_id=${agentId}`);
    expect(slaves[0].unreserved_resources_full.map((each: AnyEvent) => [each.name, each.role])).toContainEqual([
      'cpus',
      '*',
    ]);
    expect((await get('/slaves?slave_id=none')).slaves).toEqual([]);
    expect((await get('/frameworks/')).frameworks).toHaveLength(1);
    expect((await get('/tasks?task_id=t1&limit=-1&order=asc')).tasks[0].id).toBe('t1');
    expect((await get('/tasks?task_id=other')).tasks).toEqual([]);
    expect((await get('/tasks?offset=1')).tasks).toEqual([]);
    expect((await ask(port, { method: 'GET', path: '/tasks?limit=x' })).status).toBe(400);
    const { roles } = await get('/roles');
    expect(roles.map((role: AnyEvent) => role.name)).toEqual(['eng', 'eng/web']);
    expect(roles[0]).toMatchObject({ weight: 1, frameworks: [], allocated: { cpus: 1, mem: 64 } });
    const summary = await get('/state-summary');
    expect(summary.slaves[0]).toMatchObject({ TASK_STAGING: 1, framework_ids: [framework.id.value] });
    expect(summary.frameworks[0]).toMatchObject({ TASK_STAGING: 1, slave_ids: [agentId] });
  });

  test('/metrics/snapshot is a flat object of numbers with the names that exporters look for', async () => {
    const metrics = await get('/metrics/snapshot');
    expect(metrics).toMatchObject({
      'master/elected': 1,
      'master/slaves_connected': 1,
      'master/tasks_staging': 1,
      'master/cpus_total': 4,
      'master/cpus_used': 1,
    });
    for (const name of [
      'registrar/state_store_ms/p99',
      'system/load_1min',
      'master/messages_register_slave',
      'allocator/mesos/allocation_runs',
    ])
      expect(metrics[name]).toEqual(expect.any(Number));
    for (const value of Object.values(metrics)) expect(Number.isFinite(value)).toBe(true);
  });

  test('old clients POST to them, with ids and queries in the path', async () => {
    for (const path of [`/slaves/${agentId}`, '/tasks/?task_id=t1', '/master/frameworks/', '/state?_ts=1'])
      expect((await ask(port, { path })).status).toBe(200);
    expect((await post(port, '/api/v1/operator?_ts=1', { type: 'GET_HEALTH' })).body).toBe(
      '{"type":"GET_HEALTH","get_health":{"healthy":true}}',
    );
    expect((await ask(port, { method: 'DELETE', path: '/state' })).status).toBe(405);
  });

  test('/redirect is 307 with a port even on the leader, /version and /health need nobody', async () => {
    const redirect = await ask(port, { method: 'GET', path: '/redirect' });
    expect([redirect.status, redirect.headers.location]).toEqual([307, `//127.0.0.1:${port}`]);
    expect((await get('/version')).version).toBe('1.12.0');
    const jsonp = await ask(port, { method: 'GET', path: '/version?jsonp=cb' });
    expect(jsonp.body).toMatch(/^cb\(\{.*\}\);$/);
    expect((await ask(port, { method: 'GET', path: '/health' })).body).toBe('');
  });
});

describe('operator API', () => {
  test.each([
    'GET_HEALTH',
    'GET_FLAGS',
    'GET_VERSION',
    'GET_STATE',
    'GET_AGENTS',
    'GET_FRAMEWORKS',
    'GET_EXECUTORS',
    'GET_TASKS',
    'GET_ROLES',
    'GET_MASTER',
  ])('%s answers with a body of its own type, in both formats', async (type) => {
    const json = await post(port, '/api/v1', { type });
    expect([json.status, JSON.parse(json.body).type]).toEqual([200, type]);
    expect(json.headers['content-length']).toBeDefined();
    const headers = { 'content-type': 'application/json', accept: 'application/x-protobuf' };
    const protobuf = await ask(port, { path: '/api/v1', headers, body: JSON.stringify({ type }) });
    expect([protobuf.status, protobuf.headers['content-type']]).toEqual([200, 'application/x-protobuf']);
  });

  test('WHY answers with numbers and names', async () => {
    const why = { role: 'eng/web', resources: [scalar('cpus', 64), scalar('mem', 10)] };
    const reply = await post(port, '/api/mesoctl/v1', { type: 'WHY', why });
    expect(reply.status).toBe(200);
    const { summary, reasons, first_step, findings } = JSON.parse(reply.body).why;
    expect(summary).toMatch(
      /^No offer of cpus 64, mem 10M: agent\.example is too small even when idle: it has cpus .* of the 64 wanted/,
    );
    expect(reasons[0]).toMatchObject({ code: 'TOO_SMALL', shortages: [{ name: 'cpus', wanted: 64 }] });
    expect(first_step).toMatch(/^Ask for no more than cpus/);
    expect(findings[0]).toMatchObject({ hostname: 'agent.example', code: 'TOO_SMALL' });
    const headers = { 'content-type': 'application/json', accept: 'application/x-protobuf' };
    const protobuf = await ask(port, {
      path: '/api/mesoctl/v1',
      headers,
      body: JSON.stringify({ type: 'WHY', why }),
    });
    expect([protobuf.status, protobuf.headers['content-type']]).toEqual([200, 'application/x-protobuf']);
  });

  test('WHY knows who and what it is asked about, or says that it does not', async () => {
    const asked = async (why: object) => {
      const { status, body } = await post(port, '/api/mesoctl/v1', { type: 'WHY', why });
      return [status, status === 200 ? '' : body];
    };
    expect(await asked({ framework_id: { value: 'nobody' } })).toEqual([404, 'no framework nobody']);
    expect(await asked({ agent_id: { value: 'none' } })).toEqual([404, 'no agent none']);
    expect((await asked({ role: 'a b' }))[0]).toBe(400);
    expect((await asked({ resources: [{ name: 'cpus', type: 'SCALAR' }] }))[0]).toBe(400);
    const info = await post(port, '/api/mesoctl/v1', { type: 'GET_INFO' });
    expect(JSON.parse(info.body).info).toMatchObject({ term: 1, api_version: 5 });
  });
});

describe('reservations', () => {
  test('are told in the new and in the old form at once', async () => {
    const reserved = new LinkedAgent(port, 'cpus(ops):2;mem:64', 5052);
    const id = await reserved.registered();
    const { body } = await post(port, '/api/v1', { type: 'GET_AGENTS' });
    const found = JSON.parse(body).get_agents.agents.find((one: AnyEvent) => one.agent_info.id.value === id);
    expect(found.total_resources).toMatchObject([
      { name: 'cpus', role: 'ops', reservations: [{ type: 'STATIC', role: 'ops' }] },
      { name: 'mem', role: '*' },
    ]);
    expect(found.total_resources[0]).not.toHaveProperty('reservation');
    reserved.close();
  });
});

describe('POST /teardown', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const teardown = (path: string, body: string) => ask(port, { path, headers: form, body });

  test('ends a framework', async () => {
    for (const path of ['/teardown', '/master/teardown']) {
      const doomed = new Framework(port, { name: 'doomed', role: 'ops' });
      const { subscribed } = await doomed.waitFor('SUBSCRIBED');
      const id = subscribed.framework_id.value;
      expect(await teardown(path, `frameworkId=${id}`)).toMatchObject({ status: 200, body: '' });
      await until('its stream ends', () => doomed.isClosed);
      const again = await teardown(path, `frameworkId=${id}`);
      expect([again.status, again.body]).toEqual([400, expect.stringContaining(id)]);
    }
  });

  test.each([
    ['', "Missing 'frameworkId'"],
    ['frameworkId=', "Missing 'frameworkId'"],
    ['frameworkId=nobody', "framework 'nobody' is not known"],
  ])('of "%s" is 400', async (body, text) => {
    const reply = await teardown('/master/teardown', body);
    expect([reply.status, reply.body]).toEqual([400, expect.stringContaining(text)]);
  });

  test('is nothing to read', async () => {
    const reply = await ask(port, { method: 'GET', path: '/master/teardown' });
    expect([reply.status, reply.headers.allow]).toEqual([405, 'POST']);
  });
});
