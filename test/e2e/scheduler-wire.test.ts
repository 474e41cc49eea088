// The scheduler API byte by byte: headers, chunks, content types, the order of the checks and what they say.
// Spec pages 01 (1.1) and 13 (13.1 to 13.4). The master is a real daemon; bodies are written by hand or by the codec.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isRejection } from '../../src/base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../src/wire/codec.js';
import * as scheduler from '../../src/wire/gen/scheduler.js';
import { type Answer, get, type Json, postJson } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import {
  Frameworks,
  METRICS,
  RawConnection,
  type RawResponse,
  rawPost,
  recordOf,
  ScriptedAgent,
  seen,
} from './scheduler-fixture.js';

const PATH = '/api/v1/scheduler';
const JSON_TYPE = 'Content-Type: application/json';
const INFO = { user: 'root', name: 'wire' };
const SUBSCRIBE = JSON.stringify({ type: 'SUBSCRIBE', subscribe: { framework_info: INFO } });

let cluster: Cluster;
let agent: ScriptedAgent;
let url = '';
let port = 0;
const frameworks = new Frameworks();
const connections: RawConnection[] = [];

beforeAll(async () => {
  cluster = await startCluster({
    agents: 0,
    master: { args: ['--allocation-interval', '100ms', '--cluster', 'wired'] },
  });
  url = cluster.master.url;
  port = cluster.master.port;
  agent = new ScriptedAgent(cluster.master.address, { port: 6001, resources: 'cpus:4;mem:4096;ports:[31000-32000]' });
  await agent.id();
}, 90_000);

afterEach(async () => {
  await frameworks.tearDown(url);
  for (const connection of connections.splice(0)) connection.close();
  const isIdle = async () => JSON.parse((await get(`${url}/state`)).text).frameworks.length === 0;
  await until('no framework is left', isIdle);
});

afterAll(async () => {
  agent?.close();
  await cluster?.stop();
});

function raw(...parts: readonly (string | Uint8Array)[]): RawConnection {
  const connection = new RawConnection(port);
  connections.push(connection);
  return connection.send(...parts);
}

const post = (body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  postJson(url + PATH, body, headers);

const chunks = (count: number) => (response: RawResponse) => response.chunks.length >= count || response.done;

const events = (response: RawResponse): Json[] =>
  response.chunks.map((chunk) => JSON.parse(recordOf(chunk).toString()));

describe('the event stream', () => {
  test('SUBSCRIBED, HEARTBEAT and OFFERS are a record and a chunk each, the headers exact', async () => {
    const headers = [JSON_TYPE, 'Accept: application/json', 'Accept-Encoding: gzip', 'Connection: keep-alive'];
    const response = await raw(rawPost(PATH, headers, SUBSCRIBE)).response(chunks(3));
    expect(response.status).toBe(200);
    expect(response.head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(response.header('content-type')).toEqual(['application/json']);
    expect(response.header('transfer-encoding')).toEqual(['chunked']);
    expect(response.header('content-length')).toEqual([]);
    expect(response.header('content-encoding')).toEqual([]);
    const [streamId = ''] = response.header('mesos-stream-id');
    expect(streamId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const [subscribed, heartbeat, offers] = events(response);
    expect(Object.keys(subscribed)).toEqual(['type', 'subscribed']);
    expect(Object.keys(subscribed.subscribed).sort()).toEqual([
      'framework_id',
      'heartbeat_interval_seconds',
      'master_info',
    ]);
    const { framework_id, heartbeat_interval_seconds, master_info } = subscribed.subscribed;
    expect(heartbeat_interval_seconds).toBe(15);
    expect(master_info).toMatchObject({ id: expect.any(String), ip: expect.any(Number), port });
    expect(framework_id.value).toMatch(new RegExp(`^${master_info.id}-[0-9]{4}$`));
    expect(heartbeat).toEqual({ type: 'HEARTBEAT' });
    expect(offers.type).toBe('OFFERS');
    for (const chunk of response.chunks) expect(chunk.toString('latin1').split('\n')).toHaveLength(2);
  });

  test('a burst of events stays one record per chunk', async () => {
    const connection = raw(rawPost(PATH, [JSON_TYPE], SUBSCRIBE));
    const response = await connection.response(chunks(2));
    const framework_id = events(response)[0].subscribed.framework_id;
    const tasks = Array.from({ length: 200 }, (_, i) => ({ task_id: { value: `nobody-${i}` } }));
    const headers = { 'mesos-stream-id': response.header('mesos-stream-id')[0] ?? '' };
    await post({ type: 'RECONCILE', framework_id, reconcile: { tasks } }, headers);
    await connection.fill(response, (now) => events(now).filter(({ type }) => type === 'UPDATE').length === 200);
  });

  test('Connection: close on SUBSCRIBE does not end the stream', async () => {
    const connection = raw(rawPost(PATH, [JSON_TYPE, 'Connection: close'], SUBSCRIBE));
    const response = await connection.response(chunks(3));
    expect(response.header('transfer-encoding')).toEqual(['chunked']);
    expect(events(response).map(({ type }) => type)).toEqual(['SUBSCRIBED', 'HEARTBEAT', 'OFFERS']);
    expect(response.done).toBe(false);
  });

  test.each([
    ['one Accept', ['Accept: application/x-protobuf']],
    ['two Accept headers', ['Accept: application/x-protobuf', 'Accept: application/x-protobuf']],
    ['a list', ['Accept: application/x-protobuf, application/x-protobuf']],
  ])('protobuf both ways with %s', async (_what, accept) => {
    const call = encodeProtobuf(scheduler.Call, { type: 'SUBSCRIBE', subscribe: { framework_info: INFO } });
    const headers = ['Content-Type: application/x-protobuf', ...accept];
    const response = await raw(rawPost(PATH, headers, call)).response(chunks(3));
    expect(response.header('content-type')).toEqual(['application/x-protobuf']);
    expect(response.header('content-length')).toEqual([]);
    const decoded = response.chunks.map((chunk) => decodeProtobuf(scheduler.Event, recordOf(chunk)));
    expect(decoded.map((event) => (isRejection(event) ? event.message : event.type))).toEqual([
      'SUBSCRIBED',
      'HEARTBEAT',
      'OFFERS',
    ]);
  });

  test.each([
    ['nothing', []],
    ['*/*', ['Accept: */*']],
    ['both', ['Accept: application/x-protobuf, application/json']],
    ['protobuf first, anything else', ['Accept: application/x-protobuf', 'Accept: */*']],
  ])('Accept %s gives JSON', async (_what, accept) => {
    const response = await raw(rawPost(PATH, [JSON_TYPE, ...accept], SUBSCRIBE)).response(chunks(1));
    expect(response.header('content-type')).toEqual(['application/json']);
  });

  test('non-ASCII text is escaped in JSON, so that bytes and characters are the same number', async () => {
    const chunked = raw(rawPost(PATH, [JSON_TYPE], SUBSCRIBE));
    const response = await chunked.response(chunks(2));
    const framework_id = events(response)[0].subscribed.framework_id;
    const headers = { 'mesos-stream-id': response.header('mesos-stream-id')[0] ?? '' };
    const tasks = [{ task_id: { value: 'тест-😀' } }];
    await post({ type: 'RECONCILE', framework_id, reconcile: { tasks } }, headers);
    await connectionHas(chunked, response, 'UPDATE');
    const record = response.chunks.map(recordOf).find((each) => each.includes('"type":"UPDATE"'));
    expect(record?.toString('latin1')).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(String(record)).update.status.task_id.value).toBe('тест-😀');
  });

  const connectionHas = (connection: RawConnection, response: RawResponse, type: string) =>
    connection.fill(response, (now) => events(now).some((event) => event.type === type));

  test('each subscription has a stream id and a framework id of its own', async () => {
    const [a, b] = [await frameworks.subscribe(url), await frameworks.subscribe(url)];
    expect(a.streamId).not.toBe(b.streamId);
    expect(a.frameworkId.value).not.toBe(b.frameworkId.value);
  });
});

describe('requests', () => {
  test('a chunked body, in pieces, is a call like any other', async () => {
    const head = `POST ${PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n${JSON_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const connection = raw(head);
    for (let at = 0; at < SUBSCRIBE.length; at += 40) {
      const piece = SUBSCRIBE.slice(at, at + 40);
      connection.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    }
    connection.send('0\r\n\r\n');
    expect(events(await connection.response(chunks(2)))[0].type).toBe('SUBSCRIBED');
  });

  test('calls reuse a connection, and their answers are bare 202s', async () => {
    const framework = await frameworks.subscribe(url);
    const body = JSON.stringify({ type: 'REVIVE', framework_id: framework.frameworkId });
    const headers = [JSON_TYPE, `MESOS-STREAM-ID: ${framework.streamId}`, 'Accept: text/html'];
    const connection = raw();
    for (let i = 0; i < 3; i++) {
      const response = await connection.send(rawPost(`${PATH}?_ts=${i}`, headers, body)).response();
      expect([response.status, response.body.length, response.done]).toEqual([202, 0, true]);
      expect(response.header('content-type')).toEqual([]);
      expect(response.header('content-length')).toEqual(['0']);
    }
    expect(connection.closed).toBe(false);
  });

  test('every path of the endpoint, and credentials that nobody asked for', async () => {
    const framework = await frameworks.subscribe(url);
    const body = { type: 'REVIVE', framework_id: framework.frameworkId };
    const headers = { 'mesos-stream-id': framework.streamId, authorization: 'Basic Og==' };
    for (const path of [PATH, `${PATH}/`, `/master${PATH}`, `/master${PATH}/`, `${PATH}/more`, `${PATH}?a=b`])
      expect([path, (await postJson(url + path, body, headers)).status]).toEqual([path, 202]);
  });

  test('a protobuf call is a bare 202 as well', async () => {
    const framework = await frameworks.subscribe(url);
    const call = encodeProtobuf(scheduler.Call, { type: 'SUPPRESS', framework_id: framework.frameworkId });
    const headers = ['Content-Type: application/x-protobuf', `Mesos-Stream-Id: ${framework.streamId}`];
    const response = await raw(rawPost(PATH, headers, call)).response();
    expect([response.status, response.body.length, response.header('content-type')]).toEqual([202, 0, []]);
  });

  test('bodies as old clients write them: nulls, blanks, strings for numbers, unknown fields, lone objects', async () => {
    const framework = await frameworks.subscribe(url, {
      hostname: '',
      webui_url: '',
      role: '*',
      roles: [],
      checkpoint: 'true',
      failover_timeout: '3.6e+03',
      principal: null,
      labels: null,
      offer_filters: null,
      capabilities: { type: 'TASK_KILLING_STATE' },
      nonsense: { a: [1, 2] },
    });
    const state = JSON.parse((await get(`${url}/frameworks?framework_id=${framework.frameworkId.value}`)).text);
    expect(state.frameworks[0]).toMatchObject({
      failover_timeout: 3600,
      checkpoint: true,
      capabilities: ['TASK_KILLING_STATE'],
      role: '*',
    });
    const offer = await until('an offer', () => framework.offers()[0]);
    const decline = {
      type: 'DECLINE',
      accept: null,
      revive: null,
      kill: null,
      decline: { offer_ids: offer.id, filters: { refuse_seconds: '0.5', RefreshSeconds: '0.5' } },
    };
    const text = `\n  ${JSON.stringify({ framework_id: framework.frameworkId, ...decline }, null, '\t')}\r\n `;
    const answer = await post(text, { 'mesos-stream-id': framework.streamId });
    expect(seen(answer)).toEqual([202, '', undefined]);
    await until('the offer comes again', () => framework.offers().length === 2);
    expect((await framework.call({ type: 'DECLINE', decline: { offer_ids: [] } })).status).toBe(202);
  });
});

describe('the order of the checks', () => {
  const bad = '{"type":';
  const html = { accept: 'text/html' };

  test('method, content type, body, shape, Accept, stream id', async () => {
    const connection = raw(`DELETE ${PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    const method = await connection.response();
    expect([method.status, method.header('allow')]).toEqual([405, ['POST']]);
    expect((await get(url + PATH)).status).toBe(405);
    const none = await raw(rawPost(PATH, [], bad)).response();
    expect([none.status, none.body.toString()]).toEqual([400, "Expecting 'Content-Type' to be present"]);
    for (const type of ['text/plain', 'Application/JSON', 'application/json; charset=utf-8', 'application/recordio'])
      expect((await raw(rawPost(PATH, [`Content-Type: ${type}`], bad)).response()).status).toBe(415);
    expect((await post(bad, { ...html, 'mesos-stream-id': 'x' })).status).toBe(400);
    expect((await post({ type: 'SUBSCRIBE' }, html)).status).toBe(400);
    expect((await post(SUBSCRIBE, { ...html, 'mesos-stream-id': 'x' })).status).toBe(406);
    expect((await post(SUBSCRIBE, { accept: 'application/recordio' })).status).toBe(406);
    const withStreamId = await post(SUBSCRIBE, { 'mesos-stream-id': 'x' });
    expect([withStreamId.status, withStreamId.text]).toEqual([
      400,
      "Subscribe calls should not include the 'Mesos-Stream-Id' header",
    ]);
  });

  test('framework, subscription, presence and value of the stream id, type', async () => {
    const framework = await frameworks.subscribe(url, { failover_timeout: 60 });
    const { frameworkId: framework_id, streamId } = framework;
    const revive = { type: 'REVIVE', framework_id };
    const nobody = await post({ type: 'REVIVE', framework_id: { value: 'nobody' } });
    expect([nobody.status, nobody.text]).toEqual([400, 'Framework cannot be found']);
    expect((await post({ type: 'UNKNOWN', framework_id: { value: 'nobody' } })).status).toBe(400);
    expect((await post(revive)).status).toBe(400);
    expect((await post(revive, { 'mesos-stream-id': '' })).status).toBe(400);
    expect((await post(revive, { 'mesos-stream-id': streamId.toUpperCase() })).status).toBe(400);
    expect((await post({ type: 'UNKNOWN', framework_id }, { 'mesos-stream-id': 'x' })).status).toBe(400);
    expect((await post({ type: 'UNKNOWN', framework_id }, { 'mesos-stream-id': streamId })).status).toBe(501);
    const reconcile = { type: 'RECONCILE_OPERATIONS', framework_id, reconcile_operations: {} };
    expect((await post(reconcile, { ...html, 'mesos-stream-id': streamId })).status).toBe(406);
    expect(seen(await post(reconcile, { 'mesos-stream-id': streamId }))).toEqual([202, '', undefined]);
    framework.close();
    await until('403', async () => (await post(revive)).status === 403);
    expect((await post(revive, { 'mesos-stream-id': streamId })).status).toBe(403);
  });
});

describe('the shape of calls', () => {
  const framework_id = { value: 'nobody' };
  const says = (what: string) => `Failed to validate scheduler::Call: ${what}`;

  test.each([
    ['ACCEPT', 'accept'],
    ['DECLINE', 'decline'],
    ['ACCEPT_INVERSE_OFFERS', 'accept_inverse_offers'],
    ['DECLINE_INVERSE_OFFERS', 'decline_inverse_offers'],
    ['KILL', 'kill'],
    ['SHUTDOWN', 'shutdown'],
    ['ACKNOWLEDGE', 'acknowledge'],
    ['ACKNOWLEDGE_OPERATION_STATUS', 'acknowledge_operation_status'],
    ['RECONCILE', 'reconcile'],
    ['RECONCILE_OPERATIONS', 'reconcile_operations'],
    ['MESSAGE', 'message'],
    ['REQUEST', 'request'],
    ['UPDATE_FRAMEWORK', 'update_framework'],
    ['SUBSCRIBE', 'subscribe'],
  ])('%s needs %s, and all but SUBSCRIBE a framework id', async (type, member) => {
    const missing = await post({ type, ...(type === 'SUBSCRIBE' ? {} : { framework_id }) });
    expect([missing.status, missing.text]).toEqual([400, says(`Expecting '${member}' to be present`)]);
    if (type === 'SUBSCRIBE') return;
    const nobody = await post({ type });
    expect([nobody.status, nobody.text]).toEqual([400, says("Expecting 'framework_id' to be present")]);
  });

  test.each(['REVIVE', 'SUPPRESS', 'TEARDOWN'])('%s needs a framework id only', async (type) => {
    expect((await post({ type })).text).toBe(says("Expecting 'framework_id' to be present"));
    expect((await post({ type, framework_id })).text).toBe('Framework cannot be found');
  });

  test('uuids have 16 bytes, acknowledgements of operations an agent', async () => {
    const ids = { agent_id: { value: 'a' }, task_id: { value: 't' }, operation_id: { value: 'o' } };
    const short = { ...ids, uuid: Buffer.alloc(15).toString('base64') };
    const right = { ...ids, uuid: Buffer.alloc(16).toString('base64') };
    const answers = [
      await post({ type: 'ACKNOWLEDGE', framework_id, acknowledge: short }),
      await post({ type: 'ACKNOWLEDGE_OPERATION_STATUS', framework_id, acknowledge_operation_status: short }),
      await post({
        type: 'ACKNOWLEDGE_OPERATION_STATUS',
        framework_id,
        acknowledge_operation_status: { ...right, agent_id: null },
      }),
    ];
    for (const { status, text } of answers) {
      expect(status).toBe(400);
      expect(text).toMatch(/^Failed to validate scheduler::Call: .*(uuid|agent_id)/);
    }
    expect((await post({ type: 'ACKNOWLEDGE', framework_id, acknowledge: right })).text).toBe(
      'Framework cannot be found',
    );
  });

  test('the two framework ids of SUBSCRIBE and UPDATE_FRAMEWORK agree; an empty one counts as none', async () => {
    const info = { ...INFO, id: { value: 'one' } };
    const subscribe = { framework_info: info };
    const differ = says("'framework_id' differs from 'subscribe.framework_info.id'");
    expect((await post({ type: 'SUBSCRIBE', subscribe })).text).toBe(differ);
    expect((await post({ type: 'SUBSCRIBE', framework_id: { value: 'two' }, subscribe })).text).toBe(differ);
    expect((await post({ type: 'SUBSCRIBE', framework_id, subscribe: { framework_info: INFO } })).text).toBe(differ);
    const update = { type: 'UPDATE_FRAMEWORK', framework_id, update_framework: { framework_info: info } };
    expect((await post(update)).text).toBe(says("'framework_id' differs from 'update_framework.framework_info.id'"));
    const empty = JSON.stringify({
      type: 'SUBSCRIBE',
      framework_id: { value: '' },
      subscribe: { framework_info: INFO },
    });
    const response = await raw(rawPost(PATH, [JSON_TYPE], empty)).response(
      ({ chunks, done }) => chunks.length > 0 || done,
    );
    expect([response.status, response.body.toString()]).toEqual([200, '']);
    expect(events(response)[0].subscribed.framework_id.value).not.toBe('');
  });
});

describe('documents that clients of the scheduler API read', () => {
  const json = async (path: string, send = get): Promise<Json> => {
    const answer = await send(url + path);
    expect([path, answer.status, answer.headers['content-type']]).toEqual([path, 200, 'application/json']);
    return JSON.parse(answer.text);
  };
  const posted = (address: string) => postJson(address, '');

  test('paths with and without /master, with slashes and more behind, by GET and POST', async () => {
    const { value } = await agent.id();
    for (const prefix of ['', '/master'])
      for (const send of [get, posted]) {
        expect((await json(`${prefix}/slaves/${value}`, send)).slaves[0].id).toBe(value);
        expect((await json(`${prefix}/tasks/?task_id=t&framework_id=f`, send)).tasks).toEqual([]);
        expect((await json(`${prefix}/frameworks/`, send)).frameworks).toEqual([]);
        expect((await json(`${prefix}/state/`, send)).cluster).toBe('wired');
        expect(await json(`${prefix}/roles`, send)).toHaveProperty('roles');
        expect((await json(`${prefix}/version`, send)).version).toMatch(/^\d+\.\d+\.\d+$/);
        expect(await json(`${prefix}/metrics/snapshot`, send)).toHaveProperty(['master/elected'], 1);
        const redirect = await send(`${url}${prefix}/redirect`);
        expect([redirect.status, redirect.headers.location]).toEqual([307, `//127.0.0.1:${port}`]);
        expect((await send(`${url}${prefix}/health`)).status).toBe(200);
      }
    expect((await postJson(`${url}/api/v1/operator`, { type: 'GET_HEALTH' })).status).toBe(200);
    expect((await get(`${url}/nothing/here`)).status).toBe(404);
  });

  test('/metrics/snapshot has every key that exporters look for, from the start', async () => {
    const keys = METRICS.flatMap(({ prefix, names }) => names.split(' ').map((name) => prefix + name));
    const metrics = await json('/metrics/snapshot');
    const values = Object.values(metrics);
    expect(keys.filter((key) => !(key in metrics))).toEqual([]);
    expect(values.filter((value) => !Number.isFinite(value))).toEqual([]);
  });

  test('a framework with tasks, as DNS servers, exporters and the command line read it', async () => {
    const framework = await frameworks.subscribe(url, {
      name: 'web',
      role: 'web',
      hostname: 'h',
      webui_url: 'http://h',
    });
    const offer = await until('an offer', () => framework.offers()[0]);
    const port31000 = { name: 'ports', type: 'RANGES', ranges: { range: [{ begin: '31000', end: 31000 }] } };
    const resources = [
      { name: 'cpus', type: 'SCALAR', scalar: { value: 0.5 } },
      { name: 'mem', type: 'SCALAR', scalar: { value: '32' } },
      { name: 'gpus', type: 'SCALAR', scalar: { value: 0 } },
      port31000,
    ];
    const discovery = { visibility: 'CLUSTER', name: 'web', ports: { ports: [{ number: 80, protocol: 'tcp' }] } };
    const command = { value: 'true', user: 'nobody' };
    const info = { name: 'web', task_id: { value: 't-1' }, resources, discovery, command };
    await framework.launch(offer, [info]);
    await agent.told('run_tasks', ({ tasks }) => tasks[0].task_id.value === 't-1');
    const network_infos = [{ ip_addresses: [{ protocol: 'IPv4', ip_address: '10.1.2.3' }] }];
    agent.update(framework.frameworkId, 't-1', 'TASK_RUNNING', { container_status: { network_infos } });
    const { update } = await framework.waitFor('UPDATE');
    expect(update.status).toMatchObject({
      agent_id: await agent.id(),
      state: 'TASK_RUNNING',
      uuid: expect.any(String),
    });
    await framework.acknowledge(update.status);

    const { tasks } = await json(`/tasks?framework_id=${framework.frameworkId.value}&order=asc&limit=-1`);
    expect(tasks[0]).toMatchObject({
      id: 't-1',
      name: 'web',
      executor_id: '',
      state: 'TASK_RUNNING',
      slave_id: (await agent.id()).value,
      framework_id: framework.frameworkId.value,
      role: 'web',
      resources: { cpus: 0.5, mem: 32, disk: 0, gpus: 0, ports: '[31000-31000]' },
      statuses: [{ state: 'TASK_RUNNING', timestamp: expect.any(Number), container_status: { network_infos } }],
      discovery: { visibility: 'CLUSTER', name: 'web' },
    });
    const { roles } = await json('/roles');
    const web = roles.find((role: Json) => role.name === 'web');
    expect(web).toMatchObject({ weight: 1, frameworks: [framework.frameworkId.value] });
    for (const name of ['cpus', 'mem', 'disk']) expect(web.resources[name]).toEqual(expect.any(Number));
    const { frameworks: known } = await json('/frameworks');
    expect(known[0]).toMatchObject({
      name: 'web',
      active: true,
      connected: true,
      hostname: 'h',
      webui_url: 'http://h',
    });
    for (const list of ['tasks', 'completed_tasks', 'unreachable_tasks', 'offers', 'executors'])
      expect(known[0][list]).toEqual(expect.any(Array));
    const metrics = await json('/metrics/snapshot');
    expect(metrics).toMatchObject({
      'master/tasks_running': 1,
      'master/cpus_used': 0.5,
      'master/frameworks_active': 1,
    });
  });
});
