// Weights over HTTP: GET_WEIGHTS and UPDATE_WEIGHTS as JSON and protobuf, /weights, and every place that shows a weight.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRejection } from '../../src/base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../src/wire/codec.js';
import * as master from '../../src/wire/gen/master.js';
import {
  ask,
  Framework,
  JSON_TYPE,
  LinkedAgent,
  post,
  Subscriber,
  startTestMaster,
  type TestMaster,
} from './bad-input-fixture.js';

let running: TestMaster;
let port = 0;

beforeAll(async () => {
  running = await startTestMaster({}, { roles: ['eng', 'eng/web', 'ops'] });
  port = running.port;
});

afterAll(() => running.stop());

const update = (...weight_infos: readonly unknown[]) => ({ type: 'UPDATE_WEIGHTS', update_weights: { weight_infos } });
const put = (body: string) => ask(port, { method: 'PUT', path: '/weights', headers: JSON_TYPE, body });
const get = async (path: string) => JSON.parse((await ask(port, { method: 'GET', path })).body);

async function weights(): Promise<Readonly<Record<string, number>>> {
  const reply = await post(port, '/api/v1', { type: 'GET_WEIGHTS' });
  expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
  const { type, get_weights } = JSON.parse(reply.body);
  expect(type).toBe('GET_WEIGHTS');
  const infos: readonly { readonly role: string; readonly weight: number }[] = get_weights.weight_infos ?? [];
  return Object.fromEntries(infos.map(({ role, weight }) => [role, weight]));
}

describe('the operator API', () => {
  test('answers with what was set, empty at first', async () => {
    expect(await weights()).toEqual({});
    const reply = await post(port, '/api/v1', update({ role: 'eng', weight: 2.5 }, { role: 'ops', weight: 3 }));
    expect([reply.status, reply.body]).toEqual([200, '']);
    expect(await weights()).toEqual({ eng: 2.5, ops: 3 });
  });

  test('speaks protobuf', async () => {
    const type = 'application/x-protobuf';
    const call = (message: master.Call) =>
      fetch(`http://127.0.0.1:${port}/api/v1`, {
        method: 'POST',
        headers: { 'content-type': type, accept: type },
        body: encodeProtobuf(master.Call, message),
      });
    const weight_infos = [{ role: 'ops', weight: 4 }];
    expect((await call({ type: 'UPDATE_WEIGHTS', update_weights: { weight_infos } })).status).toBe(200);
    const reply = await call({ type: 'GET_WEIGHTS' });
    expect(reply.headers.get('content-type')).toBe(type);
    const response = decodeProtobuf(master.Response, new Uint8Array(await reply.arrayBuffer()));
    if (isRejection(response)) throw new Error(response.message);
    expect(response.type).toBe('GET_WEIGHTS');
    expect(response.get_weights?.weight_infos).toContainEqual({ role: 'ops', weight: 4 });
  });

  test.each([
    [
      'no payload',
      { type: 'UPDATE_WEIGHTS' },
      "Failed to validate master::Call: Expecting 'update_weights' to be present",
    ],
    [
      'a weight of 0',
      update({ role: 'eng', weight: 0 }),
      "Failed to validate master::Call: Invalid weight '0' of role 'eng': weights must be positive",
    ],
    ['a negative weight', update({ role: 'eng', weight: -1 }), 'positive'],
    ['no weight', update({ role: 'eng' }), 'weight'],
    ['no role', update({ weight: 1 }), "Expecting 'update_weights.weight_infos.role' to be present"],
    ['an empty role', update({ role: '', weight: 1 }), 'must not be empty'],
    ['no role name', update({ role: '/eng', weight: 1 }), 'slash'],
    [
      'a role that is not listed',
      update({ role: 'eng', weight: 9 }, { role: 'hr', weight: 1 }),
      "role 'hr' is not among",
    ],
  ])('%s is 400 and changes nothing', async (_what, call, text) => {
    const before = await weights();
    const reply = await post(port, '/api/v1', call);
    expect(reply.status).toBe(400);
    expect(reply.body).toContain(text);
    expect(await weights()).toEqual(before);
  });

  test('more than an entry of the log takes is refused, and the master goes on', async () => {
    const open = await startTestMaster();
    const many = Array.from({ length: 60_000 }, (_, i) => ({ role: `${'r'.repeat(64)}${i}`, weight: 2 }));
    const reply = await post(open.port, '/api/v1', update(...many));
    expect(reply.status).toBe(409);
    expect(reply.body).toContain('larger than the log takes');
    expect((await post(open.port, '/api/v1', update({ role: 'r', weight: 2 }))).status).toBe(200);
    await open.stop();
  });
});

describe('/weights', () => {
  test('PUT and GET speak of the same weights as the operator API, with and without /master', async () => {
    const reply = await put('[{"role":"eng","weight":7},{"role":"ops","weight":0.5}]');
    expect([reply.status, reply.body]).toEqual([200, '']);
    expect(await weights()).toEqual({ eng: 7, ops: 0.5 });
    const sorted = [
      { role: 'eng', weight: 7 },
      { role: 'ops', weight: 0.5 },
    ];
    for (const path of ['/weights', '/master/weights']) {
      const infos: readonly { readonly role: string }[] = await get(path);
      expect([...infos].sort((a, b) => (a.role < b.role ? -1 : 1))).toEqual(sorted);
    }
  });

  test.each([
    ['nothing', '', 'Failed to parse JSON'],
    ['an object', '{"role":"eng","weight":1}', 'array'],
    ['a list of numbers', '[1]', 'WeightInfo'],
    ['no weight', '[{"role":"eng"}]', 'weight'],
    ['a weight of 0', '[{"role":"eng","weight":1},{"role":"ops","weight":0}]', 'must be positive'],
    ['no role name', '[{"role":"a b","weight":1}]', 'blanks'],
    ['a role that is not listed', '[{"role":"hr","weight":1}]', "role 'hr'"],
  ])('a PUT of %s is 400 and changes nothing', async (_what, body, text) => {
    const before = await weights();
    const reply = await put(body);
    expect([reply.status, reply.body]).toEqual([400, expect.stringContaining(text)]);
    expect(await weights()).toEqual(before);
  });

  test('other methods are 405', async () => {
    const reply = await ask(port, { method: 'POST', path: '/weights', headers: JSON_TYPE, body: '[]' });
    expect([reply.status, reply.headers.allow]).toEqual([405, 'GET, PUT']);
  });
});

test('a change rescinds what is offered, and every view of roles shows it', async () => {
  const agent = new LinkedAgent(port, 'cpus:4;mem:4096');
  await agent.registered();
  const framework = new Framework(port, { name: 'web', role: 'eng/web' });
  const watcher = new Subscriber(port, '/api/mesoctl/v1', { type: 'SUBSCRIBE', subscribe: { kinds: ['ROLES'] } });
  await watcher.waitFor('SNAPSHOT_END');
  const { offers } = (await framework.waitFor('OFFERS')).offers;
  expect((await put('[{"role":"eng/web","weight":6}]')).status).toBe(200);
  const { rescind } = await framework.waitFor('RESCIND');
  expect(rescind.offer_id).toEqual(offers[0].id);
  await framework.waitFor('OFFERS', (event) => event.offers.offers[0].id.value !== offers[0].id.value);
  const isWeb = ({ name }: { readonly name: string }) => name === 'eng/web';
  expect((await get('/roles')).roles.find(isWeb)).toMatchObject({ weight: 6 });
  const roles = JSON.parse((await post(port, '/api/v1', { type: 'GET_ROLES' })).body);
  expect(roles.get_roles.roles.find(isWeb)).toMatchObject({ weight: 6 });
  await watcher.waitFor('ROLES_UPDATED', (event) =>
    (event.roles_updated.roles ?? []).some(
      (role: { readonly name: string; readonly weight?: number }) => isWeb(role) && role.weight === 6,
    ),
  );
  for (const each of [watcher, framework]) each.disconnect();
  agent.close();
});
