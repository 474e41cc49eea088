import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { AgentClient, addressOfOffer } from '../../../src/client/agent-client.js';
import { OperatorClient } from '../../../src/client/operator-client.js';
import { decodeProtobuf, encodeProtobuf } from '../../../src/wire/codec.js';
import * as agent from '../../../src/wire/gen/agent.js';
import * as master from '../../../src/wire/gen/master.js';
import * as extension from '../../../src/wire/gen/mesoctl-api.js';
import { encodeJson } from '../../../src/wire/json.js';
import { encodeRecord } from '../../../src/wire/recordio.js';
import { FakeMaster, type Handler } from './fake-master.js';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function fakeMaster(handler: Handler): Promise<FakeMaster> {
  const server = await FakeMaster.start(handler);
  open.push(server);
  return server;
}

function operatorOf(masters: string, timeoutMs?: number): OperatorClient {
  const client = new OperatorClient({ masters, format: 'json', timeoutMs });
  open.unshift(client);
  return client;
}

describe('OperatorClient', () => {
  it('calls and decodes, at the leader', async () => {
    const leader = await fakeMaster((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(encodeJson(master.Response, { type: 'GET_AGENTS', get_agents: { agents: [] } }));
    });
    const follower = await fakeMaster(
      (seen, response) => void response.writeHead(307, { Location: `//${leader.address}${seen.path}` }).end(),
    );
    const client = operatorOf(follower.address);
    expect(await client.getAgents()).toEqual([]);
    expect(await client.getAgents()).toEqual([]);
    expect(follower.seen).toHaveLength(1);
    expect(leader.seen[0]?.path).toBe('/api/v1');
  });

  it('asks why at the extension API', async () => {
    const server = await fakeMaster(
      (_, response) => void response.writeHead(200).end('{"type":"WHY","why":{"summary":"no agents"}}'),
    );
    expect(await operatorOf(server.address).why({ role: 'dev' })).toMatchObject({ summary: 'no agents' });
    expect(server.seen[0]).toMatchObject({ path: '/api/mesoctl/v1', call: { type: 'WHY', why: { role: 'dev' } } });
  });

  it('does not repeat a call that changes something', async () => {
    const server = await fakeMaster((_, response) => void response.destroy());
    const client = operatorOf(server.address);
    await expect(client.teardown({ value: 'fw' })).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(server.seen).toHaveLength(1);
    await expect(client.getState()).rejects.toMatchObject({ code: 'NO_MASTER' });
  });

  it('gives up on an answer that does not come, or does not end', async () => {
    const silent = await fakeMaster(() => undefined);
    await expect(operatorOf(silent.address, 50).getState()).rejects.toMatchObject({ code: 'NO_MASTER' });
    const endless = await fakeMaster((_, response) => {
      response.writeHead(200);
      response.write('{');
    });
    await expect(operatorOf(endless.address, 50).getState()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('says so when the answer cannot be read', async () => {
    const server = await fakeMaster((_, response) => void response.writeHead(200).end('<html>'));
    await expect(operatorOf(server.address).getState()).rejects.toMatchObject({ code: 'PROTOCOL' });
  });

  it('follows the event stream over a lost connection', async () => {
    const server = await fakeMaster((_, response) => {
      response.writeHead(200);
      response.write(
        encodeRecord(encodeJson(master.Event, { type: 'SUBSCRIBED', subscribed: { heartbeat_interval_seconds: 15 } })),
      );
    });
    const abort = new AbortController();
    const events = operatorOf(server.address).events(abort.signal);
    expect((await events.next()).value).toMatchObject({ type: 'SUBSCRIBED' });
    server.cutConnections();
    expect((await events.next()).value).toMatchObject({ type: 'DISCONNECTED' });
    expect((await events.next()).value).toMatchObject({ type: 'SUBSCRIBED' });
    abort.abort();
    expect((await events.next()).done).toBe(true);
  });
});

describe('the extension API through OperatorClient', () => {
  const extensionRecord = (event: extension.Event) => encodeRecord(encodeJson(extension.Event, event));
  const subscribedTo = (master_id: string, heartbeatSeconds = 1) =>
    extensionRecord({
      type: 'SUBSCRIBED',
      time: 1,
      subscribed: {
        heartbeat_interval_seconds: heartbeatSeconds,
        info: { cluster_id: 'c', term: 1, api_version: 2, master_info: { id: master_id, ip: 1, port: 1 } },
      },
    });

  it('watches, and finds the new leader when the old one falls silent', async () => {
    const next = await fakeMaster((_, response) => void response.writeHead(200).write(subscribedTo('next')));
    let leads = true;
    const old = await fakeMaster((seen, response) => {
      if (!leads) response.writeHead(307, { Location: `//${next.address}${seen.path}` }).end();
      else response.writeHead(200).write(subscribedTo('old', 0.02));
      leads = false;
    });
    const abort = new AbortController();
    const events = operatorOf(old.address).watch({ kinds: ['TASKS'] }, abort.signal);
    expect((await events.next()).value).toMatchObject({ subscribed: { info: { master_info: { id: 'old' } } } });
    expect((await events.next()).value).toMatchObject({
      type: 'DISCONNECTED',
      error: { code: 'CONNECTION_LOST', message: expect.stringContaining('silent') },
    });
    expect((await events.next()).value).toMatchObject({ subscribed: { info: { master_info: { id: 'next' } } } });
    expect(next.seen[0]).toMatchObject({ path: '/api/mesoctl/v1', call: { subscribe: { kinds: ['TASKS'] } } });
    abort.abort();
    expect((await events.next()).done).toBe(true);
  });

  it('hands on at once what arrived at once, also what came before an event that cannot be read', async () => {
    const heartbeat = extensionRecord({ type: 'HEARTBEAT', time: 2 });
    const server = await fakeMaster((_, response) => {
      const records = [subscribedTo('m'), heartbeat, encodeRecord('{"type":')].map((record) => Buffer.from(record));
      response.writeHead(200).write(Buffer.concat(records));
    });
    const abort = new AbortController();
    const batches = operatorOf(server.address).watchInBatches({}, abort.signal);
    expect((await batches.next()).value).toMatchObject([{ type: 'SUBSCRIBED' }, { type: 'HEARTBEAT' }]);
    expect((await batches.next()).value).toMatchObject([{ type: 'DISCONNECTED', error: { code: 'PROTOCOL' } }]);
    abort.abort();
    expect((await batches.next()).done).toBe(true);
  });

  it('ends after the snapshot where nothing more was asked for', async () => {
    const server = await fakeMaster((_, response) => {
      response.writeHead(200);
      response.write(subscribedTo('m'));
      response.write(extensionRecord({ type: 'SNAPSHOT_END', time: 2 }));
      response.end();
    });
    const types: string[] = [];
    const signal = new AbortController().signal;
    for await (const event of operatorOf(server.address).watch({ snapshot_only: true }, signal)) types.push(event.type);
    expect(types).toEqual(['SUBSCRIBED', 'SNAPSHOT_END']);
    expect(server.seen).toHaveLength(1);
  });

  it('gives up where there is no master, unless it is to wait for one', async () => {
    const gone = await FakeMaster.start(() => undefined);
    const { address } = gone;
    await gone.close();
    const abort = new AbortController();
    await expect(operatorOf(address).watch({}, abort.signal).next()).rejects.toMatchObject({ code: 'NO_MASTER' });
    const waiting = operatorOf(address).watch({}, abort.signal, { waitForMaster: true });
    expect((await waiting.next()).value).toMatchObject({ type: 'DISCONNECTED', error: { code: 'NO_MASTER' } });
    abort.abort();
    expect((await waiting.next()).done).toBe(true);
  });

  it('survives an event of a newer master', async () => {
    const server = await fakeMaster((_, response) => {
      response.writeHead(200);
      response.write(subscribedTo('m'));
      response.write(encodeRecord('{"type":"ECLIPSE","time":2,"moon":{}}'));
    });
    const abort = new AbortController();
    const events = operatorOf(server.address).watch({}, abort.signal);
    await events.next();
    expect((await events.next()).value).toEqual({ type: 'UNKNOWN', time: 2 });
    abort.abort();
  });

  it('kills once, and says why not', async () => {
    const lost = await fakeMaster((_, response) => void response.destroy());
    const request = { task_id: { value: 't' } };
    await expect(operatorOf(lost.address).killTask(request)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(lost.seen).toHaveLength(1);
    for (const [status, code] of [
      [404, 'NOT_FOUND'],
      [409, 'REFUSED'],
    ] as const) {
      const server = await fakeMaster((_, response) => void response.writeHead(status).end('because'));
      const refused = operatorOf(server.address).killTask(request);
      await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining('because') });
    }
  });

  it('finds', async () => {
    const server = await fakeMaster(
      (_, response) => void response.writeHead(200).end('{"type":"FIND","find":{"total":3}}'),
    );
    expect(await operatorOf(server.address).find({ kind: 'TASKS', reference: 'web' })).toEqual({ total: 3 });
    expect(server.seen[0]?.call).toMatchObject({ type: 'FIND', find: { kind: 'TASKS', reference: 'web' } });
  });
});

describe('AgentClient', () => {
  it('reads files, in protobuf', async () => {
    const calls: unknown[] = [];
    const answer = async (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      calls.push(decodeProtobuf(agent.Call, Buffer.concat(chunks)));
      response.writeHead(200, { 'Content-Type': 'application/x-protobuf' });
      response.end(
        encodeProtobuf(agent.Response, { type: 'READ_FILE', read_file: { size: 5, data: Buffer.from('lo') } }),
      );
    };
    const server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(server);
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    const client = new AgentClient({ agent: { host: '127.0.0.1', port: address.port } });
    open.unshift(client);
    const part = await client.readFile('/x/stdout', 3);
    expect(part.sizeBytes).toBe(5);
    expect(Buffer.from(part.data).toString()).toBe('lo');
    expect(calls[0]).toMatchObject({ type: 'READ_FILE', read_file: { path: '/x/stdout', offset: 3 } });
  });

  it('maps a missing file to NOT_FOUND', async () => {
    const server = await fakeMaster((_, response) => void response.writeHead(404).end('no such file'));
    const client = new AgentClient({ agent: server.address, format: 'json' });
    open.unshift(client);
    await expect(client.listFiles('/x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('finds the agent of an offer', () => {
    const offer = { id: { value: 'O' }, framework_id: { value: 'f' }, agent_id: { value: 'S' }, hostname: 'h' };
    expect(addressOfOffer(offer)).toBeUndefined();
    expect(addressOfOffer({ ...offer, url: { scheme: 'http', address: { ip: '10.0.0.1', port: 5051 } } })).toEqual({
      host: '10.0.0.1',
      port: 5051,
    });
    expect(addressOfOffer({ ...offer, url: { scheme: 'http', address: { port: 1 } } })).toEqual({ host: 'h', port: 1 });
  });
});
