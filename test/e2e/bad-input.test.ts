// Whatever arrives, the master answers with the status and message of spec page 01 or cuts the connection, stays up and
// leaks nothing. Row e of the acceptance table.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { rawClient, until } from '../unit/http/fixture.js';
import {
  type AnyEvent,
  ask,
  Framework,
  JSON_TYPE,
  LinkedAgent,
  openHandles,
  post,
  Subscriber,
  startTestMaster,
  type TestMaster,
} from './bad-input-fixture.js';

const SCHEDULER = '/api/v1/scheduler';
const OPERATOR = '/api/v1';
const EXTENSION = '/api/mesoctl/v1';

let master: TestMaster;
let port = 0;
const frameworks: Subscriber[] = [];

async function subscribe(info: Readonly<Record<string, unknown>> = {}): Promise<Framework> {
  const framework = new Framework(port, info);
  frameworks.push(framework);
  await framework.waitFor('SUBSCRIBED');
  return framework;
}

beforeAll(async () => {
  master = await startTestMaster({
    httpLimits: { headersTimeoutMs: 300, connectionCheckIntervalMs: 100, bodyTimeoutMs: 300, drainTimeoutMs: 2_000 },
    streamLimits: {
      operator: { maxQueuedBytes: 500_000 },
      scheduler: { maxQueuedBytes: 2_000_000, backlogBytes: 500_000 },
    },
  });
  port = master.port;
});

afterEach(async () => {
  for (const framework of frameworks.splice(0)) framework.disconnect();
  // After every test: it still answers, and nobody's connection is left behind.
  expect((await ask(port, { method: 'GET', path: '/health' })).status).toBe(200);
  await until('no connection is left', () => master.handle.counts().connections === 0);
  expect(master.handle.counts()).toEqual({
    connections: 0,
    bodyBytesInFlight: 0,
    pendingRequests: 0,
    streams: 0,
    agentLinks: 0,
  });
});

afterAll(() => master.stop());

describe('bodies that are no calls', () => {
  test.each([
    ['nothing', ''],
    ['a broken object', '{"type":"SUBSCRIBE",'],
    ['text', 'hello'],
    ['an array', '[]'],
    ['null', 'null'],
    ['two objects', '{}{}'],
    ['deep nesting', '['.repeat(200_000)],
    ['deep nesting of a field', `{"subscribe":${'{"framework_info":'.repeat(50_000)}`],
  ])('%s is 400 on both APIs, as JSON', async (_what, body) => {
    for (const path of [SCHEDULER, OPERATOR, '/api/mesoctl/v1']) {
      const reply = await post(port, path, body);
      expect(reply.status).toBe(400);
      expect(reply.body.length).toBeGreaterThan(0);
      expect(reply.body.length).toBeLessThan(1_000);
    }
  });

  test.each([
    ['truncated', Buffer.from([0x0a, 0x7f, 0x01])],
    ['random', Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 7919) % 256))],
    ['an endless varint', Buffer.alloc(200, 0xff)],
  ])('%s protobuf is 400', async (_what, body) => {
    const headers = { 'content-type': 'application/x-protobuf' };
    for (const path of [SCHEDULER, OPERATOR]) expect((await ask(port, { path, headers, body })).status).toBe(400);
  });

  test('invalid UTF-8 is 400', async () => {
    const body = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]);
    expect((await ask(port, { path: SCHEDULER, headers: JSON_TYPE, body })).status).toBe(400);
  });

  test.each([
    ['type is a number', { type: { a: 1 } }],
    ['subscribe is text', { type: 'SUBSCRIBE', subscribe: 'yes' }],
    ['name is an object', { type: 'SUBSCRIBE', subscribe: { framework_info: { user: 'u', name: {} } } }],
    [
      'failover_timeout is a word',
      { type: 'SUBSCRIBE', subscribe: { framework_info: { user: 'u', name: 'n', failover_timeout: 'soon' } } },
    ],
    ['a required field is missing', { type: 'SUBSCRIBE', subscribe: { framework_info: { user: 'u' } } }],
    ['bytes are no base64', { type: 'MESSAGE', framework_id: { value: 'f' }, message: { data: '%%%' } }],
  ])('a wrong type (%s) is 400', async (_what, call) => {
    expect((await post(port, SCHEDULER, call)).status).toBe(400);
  });
});

describe('calls that are wrong before any framework is looked at', () => {
  test.each([
    ['no Content-Type', {}, '{}', 400],
    ['another Content-Type', { 'content-type': 'text/plain' }, '{}', 415],
    ['a parameter in Content-Type', { 'content-type': 'application/json; charset=utf-8' }, '{}', 415],
    [
      'an unacceptable Accept',
      { ...JSON_TYPE, accept: 'text/html' },
      '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n"}}}',
      406,
    ],
    [
      'a stream id on SUBSCRIBE',
      { ...JSON_TYPE, 'mesos-stream-id': 'x' },
      '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n"}}}',
      400,
    ],
  ] as const)('%s', async (_what, headers, body, status) => {
    expect((await ask(port, { path: SCHEDULER, headers, body })).status).toBe(status);
  });

  test('GET is 405 with Allow', async () => {
    const reply = await ask(port, { method: 'GET', path: SCHEDULER });
    expect([reply.status, reply.headers.allow]).toEqual([405, 'POST']);
  });

  test.each([
    ['no type', {}, /^Failed to validate scheduler::Call: /],
    ['an unknown type', { type: 'DANCE' }, /^Failed to validate scheduler::Call: /],
    ['no framework id', { type: 'REVIVE' }, /^Failed to validate scheduler::Call: /],
    ['no payload', { type: 'ACCEPT', framework_id: { value: 'f' } }, /^Failed to validate scheduler::Call: /],
    [
      'ids that differ',
      {
        type: 'SUBSCRIBE',
        framework_id: { value: 'a' },
        subscribe: { framework_info: { user: 'u', name: 'n', id: { value: 'b' } } },
      },
      /^Failed to validate scheduler::Call: /,
    ],
    ['a wrong framework id', { type: 'REVIVE', framework_id: { value: 'nobody' } }, /Framework cannot be found/],
  ])('%s is 400 and says so', async (_what, call, message) => {
    const reply = await post(port, SCHEDULER, call, { 'mesos-stream-id': 'x' });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatch(message);
  });

  test('UNKNOWN is 501; operator calls of later releases are 501', async () => {
    const framework = await subscribe();
    expect((await framework.call({ type: 'UNKNOWN' })).status).toBe(501);
    expect((await post(port, OPERATOR, { type: 'UNKNOWN' })).status).toBe(501);
    const reply = await post(port, OPERATOR, { type: 'GET_LOGGING_LEVEL' });
    expect([reply.status, reply.body]).toEqual([501, 'This master does not support the call GET_LOGGING_LEVEL yet']);
  });

  test('operator calls without what they need are 400 or 404', async () => {
    expect((await post(port, OPERATOR, { type: 'GET_METRICS' })).status).toBe(400);
    expect((await post(port, OPERATOR, { type: 'TEARDOWN', teardown: { framework_id: { value: 'x' } } })).status).toBe(
      400,
    );
    const gone = { type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: { value: 'x' } } };
    expect((await post(port, OPERATOR, gone)).status).toBe(404);
  });
});

describe('calls of the extension API', () => {
  test.each([
    ['no Content-Type', {}, '{"type":"GET_INFO"}', 400],
    ['another Content-Type', { 'content-type': 'text/plain' }, '{"type":"GET_INFO"}', 415],
    ['an unacceptable Accept', { ...JSON_TYPE, accept: 'text/html' }, '{"type":"SUBSCRIBE"}', 406],
    ['no type', JSON_TYPE, '{}', 400],
    ['a type of a newer client', JSON_TYPE, '{"type":"DANCE"}', 501],
    ['UNKNOWN', JSON_TYPE, '{"type":"UNKNOWN"}', 501],
    ['an unknown kind', JSON_TYPE, '{"type":"SUBSCRIBE","subscribe":{"kinds":["PODS"]}}', 400],
    ['kinds that are no names', JSON_TYPE, '{"type":"SUBSCRIBE","subscribe":{"kinds":[{}]}}', 400],
    ['KILL_TASK without its payload', JSON_TYPE, '{"type":"KILL_TASK"}', 400],
    ['KILL_TASK without an id', JSON_TYPE, '{"type":"KILL_TASK","kill_task":{}}', 400],
    ['KILL_TASK of nothing', JSON_TYPE, '{"type":"KILL_TASK","kill_task":{"task_id":{"value":"x"}}}', 404],
    ['FIND without its payload', JSON_TYPE, '{"type":"FIND"}', 400],
    ['FIND without a reference', JSON_TYPE, '{"type":"FIND","find":{"kind":"TASKS"}}', 400],
    [
      'FIND of an endless reference',
      JSON_TYPE,
      `{"type":"FIND","find":{"kind":"TASKS","reference":"${'x'.repeat(513)}"}}`,
      400,
    ],
    ['FIND of too much', JSON_TYPE, '{"type":"FIND","find":{"kind":"TASKS","reference":"","limit":101}}', 400],
    ['FIND of a negative number', JSON_TYPE, '{"type":"FIND","find":{"kind":"TASKS","reference":"","limit":-1}}', 400],
  ] as const)('%s', async (_what, headers, body, status) => {
    const reply = await ask(port, { path: EXTENSION, headers, body });
    expect([reply.status, reply.body.length > 0]).toEqual([status, true]);
  });

  test('GET is 405 with Allow', async () => {
    const reply = await ask(port, { method: 'GET', path: EXTENSION });
    expect([reply.status, reply.headers.allow]).toEqual([405, 'POST']);
  });

  test('a newer call in protobuf is 501, too', async () => {
    const headers = { 'content-type': 'application/x-protobuf' };
    const reply = await ask(port, { path: EXTENSION, headers, body: Buffer.from([0x08, 0x63]) });
    expect(reply.status).toBe(501);
  });
});

describe('stream ids', () => {
  test('missing and foreign ones are 400, the right one is 202 without a body or its type', async () => {
    const framework = await subscribe();
    const call = { type: 'REVIVE', framework_id: framework.id };
    const missing = await post(port, SCHEDULER, call);
    expect([missing.status, missing.body]).toEqual([400, expect.stringContaining('Mesos-Stream-Id')]);
    const foreign = await framework.call({ type: 'REVIVE' }, { 'mesos-stream-id': 'of-somebody-else' });
    expect(foreign.status).toBe(400);
    const right = await framework.call({ type: 'REVIVE' });
    expect([right.status, right.body, right.headers['content-type']]).toEqual([202, '', undefined]);
  });

  test('a framework without a live stream is 403, its old stream id does not help', async () => {
    const framework = await subscribe({ failover_timeout: 3600 });
    const { id, streamId } = framework;
    framework.disconnect();
    let reply = await post(port, SCHEDULER, { type: 'REVIVE', framework_id: id }, { 'mesos-stream-id': streamId });
    while (reply.status === 202)
      reply = await post(port, SCHEDULER, { type: 'REVIVE', framework_id: id }, { 'mesos-stream-id': streamId });
    expect(reply.status).toBe(403);
    const teardown = { type: 'TEARDOWN', teardown: { framework_id: id } };
    expect((await post(port, OPERATOR, teardown)).status).toBe(200);
  });

  test('what is wrong with a FrameworkInfo comes as one ERROR event, then the stream ends', async () => {
    const stream = new Framework(port, { role: '../up' });
    frameworks.push(stream);
    await stream.waitFor('ERROR');
    await until('the stream ended', () => stream.isClosed);
    expect(stream.status).toBe(200);
    expect(stream.events.map((event) => event.type)).toEqual(['ERROR']);
  });
});

describe('launches', () => {
  const scalar = (name: string, value: number | string) => ({ name, type: 'SCALAR', scalar: { value } });

  async function launch(tasks: (offer: AnyEvent) => readonly AnyEvent[]): Promise<AnyEvent[]> {
    const agent = new LinkedAgent(port, 'cpus:4;mem:4096;disk:1000');
    const agentId = await agent.registered();
    const framework = await subscribe({ failover_timeout: 0 });
    const { offers } = (await framework.waitFor('OFFERS')).offers;
    const offer = offers[0];
    const wanted = tasks(offer);
    const operations = [{ type: 'LAUNCH', launch: { task_infos: wanted } }];
    const reply = await framework.call({ type: 'ACCEPT', accept: { offer_ids: [offer.id], operations } });
    expect(reply.status).toBe(202);
    const bad = wanted.length;
    await until('an answer for each bad task', () => updatesOf(framework).length + launched(agent).length >= bad);
    const updates = updatesOf(framework);
    await post(port, OPERATOR, { type: 'TEARDOWN', teardown: { framework_id: framework.id } });
    await post(port, OPERATOR, { type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: { value: agentId } } });
    agent.close();
    return updates;
  }

  const updatesOf = (framework: Framework): AnyEvent[] =>
    framework.events.filter((event) => event.type === 'UPDATE').map((event) => event.update.status);
  const launched = (agent: LinkedAgent): AnyEvent[] => agent.frames.flatMap((frame) => frame.run_tasks?.tasks ?? []);
  const task = (offer: AnyEvent, id: string, resources: readonly AnyEvent[]) => ({
    name: id,
    task_id: { value: id },
    agent_id: offer.agent_id,
    resources,
    command: { value: 'true' },
  });

  test.each([
    ['more than is offered', [scalar('cpus', 5), scalar('mem', 32)]],
    ['a huge amount', [scalar('cpus', 1e18), scalar('mem', 32)]],
    ['an infinite amount', [scalar('cpus', 'Infinity'), scalar('mem', 32)]],
    ['a negative amount', [scalar('cpus', -1), scalar('mem', 32)]],
    ['no resources', []],
    ['a resource nobody has', [scalar('cpus', 1), scalar('quarks', 1)]],
    [
      'a range that ends before it begins',
      [{ name: 'ports', type: 'RANGES', ranges: { range: [{ begin: 9, end: 1 }] } }],
    ],
    ['a scalar without a value', [{ name: 'cpus', type: 'SCALAR' }]],
  ])('a task with %s is TASK_ERROR', async (_what, resources) => {
    const [update] = await launch((offer) => [task(offer, 't', resources)]);
    expect(update).toMatchObject({ state: 'TASK_ERROR', source: 'SOURCE_MASTER', reason: 'REASON_TASK_INVALID' });
    expect(update.uuid).toBeUndefined();
    expect(update.message.length).toBeGreaterThan(0);
  });

  test('the second task of an id is TASK_ERROR, the first one runs', async () => {
    const small = [scalar('cpus', 1), scalar('mem', 32)];
    const updates = await launch((offer) => [task(offer, 'same', small), task(offer, 'same', small)]);
    expect(updates.map((update) => update.state)).toEqual(['TASK_ERROR']);
    expect(updates[0].message).toMatch(/duplicate|in use/i);
  });

  test('two tasks that do not fit together: the second is TASK_ERROR', async () => {
    const most = [scalar('cpus', 3), scalar('mem', 32)];
    const updates = await launch((offer) => [task(offer, 'one', most), task(offer, 'two', most)]);
    expect(updates.map((update) => [update.task_id.value, update.state])).toEqual([['two', 'TASK_ERROR']]);
  });

  test.each(['', '..', 'a/b', 'x'.repeat(300), 'a\u0001b'])('task id %j is TASK_ERROR', async (id) => {
    const [update] = await launch((offer) => [task(offer, id, [scalar('cpus', 1), scalar('mem', 32)])]);
    expect(update.state).toBe('TASK_ERROR');
  });

  test('an offer of somebody else or of nobody is TASK_LOST with REASON_INVALID_OFFERS', async () => {
    const framework = await subscribe();
    const operations = [
      { type: 'LAUNCH', launch: { task_infos: [task({ agent_id: { value: 'a' } }, 't', [scalar('cpus', 1)])] } },
    ];
    const accept = { offer_ids: [{ value: 'nothing' }], operations };
    expect((await framework.call({ type: 'ACCEPT', accept })).status).toBe(202);
    const { update } = await framework.waitFor('UPDATE');
    expect(update.status).toMatchObject({ state: 'TASK_LOST', reason: 'REASON_INVALID_OFFERS' });
  });
});

describe('clients that misbehave', () => {
  test('a body of 100 MB is 413 and is not kept', async () => {
    const body = Buffer.alloc(100 * 1024 * 1024, ' ');
    const reply = await ask(port, { path: SCHEDULER, headers: JSON_TYPE, body });
    expect([reply.status, reply.body]).toEqual([413, 'The body is larger than 67108864 bytes']);
  });

  test('a slow-loris client is 408, in the headers and in the body', async () => {
    const headers = rawClient(port, `POST ${SCHEDULER} HTTP/1.1\r\nHost: 127.0.0.1\r\n`);
    const body = rawClient(
      port,
      `POST ${SCHEDULER} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
    );
    const drip = setInterval(() => {
      headers.socket.write('X-A: b\r\n');
      body.socket.write(' ');
    }, 50);
    await until('both have an answer', () => headers.text() !== '' && body.text() !== '');
    clearInterval(drip);
    expect(headers.text()).toMatch(/^HTTP\/1.1 408 /);
    expect(body.text()).toMatch(/^HTTP\/1.1 408 /);
    await Promise.all([headers.ended, body.ended]);
  });

  test('a foreign Host header is 403, whatever the path', async () => {
    for (const path of ['/health', SCHEDULER, OPERATOR, '/nowhere']) {
      const reply = await ask(port, { path, headers: { ...JSON_TYPE, host: 'evil.example:5050' }, body: '{}' });
      expect(reply.status).toBe(403);
      expect(reply.body).toContain('evil.example');
    }
  });

  test('a disconnect in mid-stream takes the framework away', async () => {
    const framework = await subscribe({ name: 'leaver' });
    const { value } = framework.id;
    framework.disconnect();
    await until('the stream is gone', () => master.handle.counts().streams === 0);
    let counts = '';
    await until('it is completed', () => {
      void ask(port, { method: 'GET', path: `/frameworks?framework_id=${value}` }).then(({ body }) => {
        const { frameworks: live, completed_frameworks: completed } = JSON.parse(body);
        counts = `${live.length} live, ${completed.length} completed`;
      });
      return counts === '0 live, 1 completed';
    });
  });

  test('a disconnect in mid-request leaves nothing behind', async () => {
    const head = `POST ${SCHEDULER} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
    const client = rawClient(port, `${head}Content-Length: 1000000\r\n\r\n{"type":`);
    await until('the body is being read', () => master.handle.counts().bodyBytesInFlight > 0);
    client.socket.destroy();
    await until('it is given up', () => master.handle.counts().bodyBytesInFlight === 0);
  });

  /** Subscribes, reads what `ready` finds in it, and never reads again. */
  async function deafSubscriber(path: string, call: unknown, ready: RegExp) {
    const body = JSON.stringify(call);
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
    const client = rawClient(port, `${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    await until('it is subscribed', () => ready.test(client.text()));
    client.socket.pause();
    return client;
  }

  test.each([
    ['an operator', OPERATOR, /HEARTBEAT/],
    ['a watcher', EXTENSION, /SNAPSHOT_END/],
  ])('%s that never reads is cut', async (_who, path, ready) => {
    const deaf = await deafSubscriber(path, { type: 'SUBSCRIBE' }, ready);
    const framework = await subscribe({ failover_timeout: 0 });
    const isCut = () => master.handle.counts().streams === 1;
    // Every change of a large FrameworkInfo is a large event.
    for (let i = 0; i < 400 && !isCut(); i++) {
      const labels = { labels: [{ key: 'k', value: `${i}${'x'.repeat(200_000)}` }] };
      const webui_url = `http://127.0.0.1/${i}${'x'.repeat(200_000)}`;
      const framework_info = { user: 'root', name: 'bad', id: framework.id, labels, webui_url };
      const reply = await framework.call({ type: 'UPDATE_FRAMEWORK', update_framework: { framework_info } });
      expect(reply.status).toBe(200);
    }
    expect(isCut()).toBe(true);
    deaf.socket.destroy();
  });

  test('a scheduler that never reads is cut and counts as disconnected', async () => {
    const framework_info = { user: 'root', name: 'deaf', failover_timeout: 3600 };
    const deaf = await deafSubscriber(SCHEDULER, { type: 'SUBSCRIBE', subscribe: { framework_info } }, /HEARTBEAT/);
    const streamId = /Mesos-Stream-Id: (\S+)/i.exec(deaf.text())?.[1] ?? '';
    const id = /"framework_id":(\{[^}]*\})/.exec(deaf.text())?.[1] ?? '';
    const tasks = Array.from({ length: 2_000 }, (_, i) => ({ task_id: { value: `${i}${'x'.repeat(100)}` } }));
    const call = { type: 'RECONCILE', framework_id: JSON.parse(id), reconcile: { tasks } };
    let reply = await post(port, SCHEDULER, call, { 'mesos-stream-id': streamId });
    expect(reply.status).toBe(202);
    for (let i = 0; i < 200 && reply.status === 202; i++)
      reply = await post(port, SCHEDULER, call, { 'mesos-stream-id': streamId });
    expect(reply.status).toBe(403);
    expect(master.handle.counts().streams).toBe(0);
    const list = JSON.parse((await ask(port, { method: 'GET', path: '/frameworks' })).body);
    expect(list.frameworks.find((each: AnyEvent) => each.name === 'deaf')).toMatchObject({
      connected: false,
      active: false,
    });
    await post(port, OPERATOR, { type: 'TEARDOWN', teardown: { framework_id: JSON.parse(id) } });
    deaf.socket.destroy();
  });
});

/** Of each kind of handle, how many more there are. */
function surplusOf(after: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>): object {
  const more = Object.entries(after).filter(([kind, count]) => count > (before[kind] ?? 0));
  return Object.fromEntries(more.map(([kind, count]) => [kind, count - (before[kind] ?? 0)]));
}

test('after all of this no socket and no timer is left over', async () => {
  const before = openHandles();
  const streams = await Promise.all(Array.from({ length: 50 }, () => subscribe()));
  const operators = Array.from({ length: 50 }, (_, i) => {
    const path = i % 2 === 0 ? OPERATOR : EXTENSION;
    return new Subscriber(port, path, { type: 'SUBSCRIBE' });
  });
  // The extension stream beats only in a second without news.
  await Promise.all(operators.map((operator, i) => operator.waitFor(i % 2 === 0 ? 'HEARTBEAT' : 'SNAPSHOT_END')));
  const agents = Array.from({ length: 20 }, (_, i) => new LinkedAgent(port, 'cpus:1;mem:64', 6000 + i));
  const ids = await Promise.all(agents.map((agent) => agent.registered()));
  const bad = Array.from({ length: 100 }, (_, i) => post(port, SCHEDULER, `{"broken":${i}`));
  for (const reply of await Promise.all(bad)) expect(reply.status).toBe(400);
  const slow = Array.from({ length: 20 }, () => rawClient(port, 'POST / HTTP/1.1\r\n'));
  expect(master.handle.counts()).toMatchObject({ streams: 100, agentLinks: 20 });
  await Promise.all(slow.map((client) => client.ended));
  for (const stream of [...streams, ...operators]) stream.disconnect();
  for (const agent of agents) agent.close();
  for (const id of ids)
    await post(port, OPERATOR, { type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: { value: id } } });
  await until('all are gone', () => master.handle.counts().connections === 0);
  const surplus = () => surplusOf(openHandles(), before);
  await until('as many handles as before', () => Object.keys(surplus()).length === 0).catch((error: unknown) => {
    throw new Error(`left over: ${JSON.stringify(surplus())}`, { cause: error });
  });
  const { agents: left } = JSON.parse((await post(port, OPERATOR, { type: 'GET_AGENTS' })).body).get_agents;
  expect(left ?? []).toEqual([]);
});
