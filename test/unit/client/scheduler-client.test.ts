import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { SchedulerClient, type SchedulerClientOptions } from '../../../src/client/scheduler-client.js';
import type { SchedulerEvent } from '../../../src/client/scheduler-events.js';
import { FakeMaster, type Handler, openStream, schedulerRecord, subscribedRecord } from './fake-master.js';

const FRAMEWORK = { user: 'me', name: 'test', roles: ['dev'], capabilities: [{ type: 'MULTI_ROLE' as const }] };
const QUICK = { firstMs: 1, maxMs: 5 };

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function fakeMaster(handler: Handler): Promise<FakeMaster> {
  const master = await FakeMaster.start(handler);
  open.push(master);
  return master;
}

function clientOf(masters: string, options: Partial<SchedulerClientOptions> = {}): SchedulerClient {
  const client = new SchedulerClient({ masters, framework: FRAMEWORK, format: 'json', backOff: QUICK, ...options });
  open.unshift(client);
  return client;
}

/** Subscribes and answers calls with 202. */
function accepting(onSubscribe: (response: ServerResponse) => void): Handler {
  return ({ call }, response) => {
    if (call.type !== 'SUBSCRIBE') {
      response.writeHead(call.type === 'UPDATE_FRAMEWORK' ? 200 : 202).end();
      return;
    }
    openStream(response);
    onSubscribe(response);
  };
}

async function next(events: AsyncGenerator<SchedulerEvent, void>): Promise<SchedulerEvent> {
  const { value, done } = await events.next();
  if (done === true) throw new Error('the events ended');
  return value;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof MesoError ? error.code : String(error)),
  );
}

describe('subscribing', () => {
  it('delivers typed events however the bytes are split', async () => {
    const bytes = Buffer.concat([
      subscribedRecord(),
      schedulerRecord({ type: 'HEARTBEAT' }),
      schedulerRecord({
        type: 'OFFERS',
        offers: {
          offers: [
            {
              id: { value: 'O1' },
              framework_id: { value: 'fw-1' },
              agent_id: { value: 'S1' },
              hostname: 'zürich',
              resources: [],
            },
          ],
        },
      }),
      schedulerRecord({ type: 'RESCIND', rescind: { offer_id: { value: 'O1' } } }),
    ]);
    const master = await fakeMaster(
      accepting((response) => {
        // One byte at a time, each its own chunk.
        for (const byte of bytes) response.write(Buffer.of(byte));
      }),
    );
    const client = clientOf(master.address);
    const events = client.events();
    expect(await next(events)).toMatchObject({ type: 'SUBSCRIBED', subscribed: { framework_id: { value: 'fw-1' } } });
    expect(client.frameworkId).toEqual({ value: 'fw-1' });
    expect(client.isSubscribed).toBe(true);
    expect(await next(events)).toEqual({ type: 'HEARTBEAT' });
    const offers = await next(events);
    expect(offers).toMatchObject({ type: 'OFFERS', offers: [{ id: { value: 'O1' }, hostname: 'zürich' }] });
    expect(await next(events)).toEqual({ type: 'RESCIND', offerId: { value: 'O1' } });
    expect(master.seen[0]).toMatchObject({
      path: '/api/v1/scheduler',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      call: { type: 'SUBSCRIBE', subscribe: { framework_info: { name: 'test', roles: ['dev'] } } },
    });
    expect(master.seen[0]?.headers).not.toHaveProperty('mesos-stream-id');
  });

  it('follows a protocol-relative redirect to the leader', async () => {
    const leader = await fakeMaster(accepting((response) => response.write(subscribedRecord())));
    const follower = await fakeMaster((seen, response) => {
      response.writeHead(307, { Location: `//${leader.address}${seen.path}` }).end();
    });
    const client = clientOf(follower.address);
    expect(await next(client.events())).toMatchObject({ type: 'SUBSCRIBED' });
    expect(client.master).toEqual({ host: '127.0.0.1', port: leader.port });
    await client.revive();
    expect(leader.types).toEqual(['SUBSCRIBE', 'REVIVE']);
    expect(follower.types).toEqual(['SUBSCRIBE']);
  });

  it('passes over the dead and waits through 503', async () => {
    const dead = await FakeMaster.start(() => undefined);
    const deadAddress = dead.address;
    await dead.close();
    let refusals = 2;
    const master = await fakeMaster((seen, response) => {
      if (refusals > 0) {
        refusals -= 1;
        response.writeHead(503).end('No leader elected');
        return;
      }
      void accepting((stream) => stream.write(subscribedRecord()))(seen, response);
    });
    const client = clientOf(`${deadAddress},${master.address}`);
    expect(await next(client.events())).toMatchObject({ type: 'SUBSCRIBED' });
    expect(master.types).toHaveLength(3);
  });

  it('says which masters were tried when none answers', async () => {
    const dead = await FakeMaster.start(() => undefined);
    const { address } = dead;
    await dead.close();
    const error = await clientOf(address)
      .events()
      .next()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MesoError);
    expect(error).toMatchObject({ code: 'NO_MASTER', details: { tried: [{ address, reason: 'refused' }] } });
  });

  it('gives up on masters without a leader at the deadline, and on masters that point at each other', async () => {
    const a = await fakeMaster((_, response) => void response.writeHead(307, { Location: `//${b.address}/` }).end());
    const b = await fakeMaster((_, response) => void response.writeHead(307, { Location: `//${a.address}/` }).end());
    const client = clientOf(a.address, { leaderTimeoutMs: 300 });
    expect(await codeOf(client.events().next())).toBe('NO_LEADER');
  });

  it.each([
    [400, 'BAD_INPUT'],
    [401, 'NOT_ALLOWED'],
    [403, 'NOT_ALLOWED'],
    [500, 'PROTOCOL'],
  ])('throws for a refused SUBSCRIBE: %i is %s', async (status, code) => {
    const master = await fakeMaster((_, response) => void response.writeHead(status).end('because'));
    const error = await clientOf(master.address)
      .events()
      .next()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, details: { status } });
    expect((error as Error).message).toContain('because');
  });

  it('throws what an ERROR event says and does not come back', async () => {
    const master = await fakeMaster(
      accepting((response) => {
        response.write(subscribedRecord());
        response.end(schedulerRecord({ type: 'ERROR', error: { message: 'Framework failed over' } }));
      }),
    );
    const events = clientOf(master.address).events();
    await next(events);
    const error = await events.next().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'REFUSED' });
    expect((error as Error).message).toContain('Framework failed over');
    expect(master.types).toEqual(['SUBSCRIBE']);
  });

  it('can be iterated once', async () => {
    const master = await fakeMaster(accepting((response) => response.write(subscribedRecord())));
    const client = clientOf(master.address);
    await next(client.events());
    expect(await codeOf(client.events().next())).toBe('REFUSED');
  });
});

describe('losing the connection', () => {
  it('reconnects with the framework id and the suppressed roles, and a new stream id', async () => {
    let subscriptions = 0;
    const master = await fakeMaster(({ call }, response) => {
      if (call.type !== 'SUBSCRIBE') return void response.writeHead(202).end();
      subscriptions += 1;
      openStream(response, `stream-${subscriptions}`);
      response.write(subscribedRecord());
    });
    const client = clientOf(master.address);
    const events = client.events();
    await next(events);
    await client.suppress();
    master.cutConnections();
    expect(await next(events)).toMatchObject({ type: 'DISCONNECTED', error: { code: 'CONNECTION_LOST' } });
    expect(client.isSubscribed).toBe(false);
    expect(await codeOf(client.revive(['x']))).toBe('CONNECTION_LOST');
    expect(await next(events)).toMatchObject({ type: 'SUBSCRIBED' });
    const again = master.seen.filter(({ call }) => call.type === 'SUBSCRIBE')[1];
    expect(again?.call).toMatchObject({
      framework_id: { value: 'fw-1' },
      subscribe: { framework_info: { id: { value: 'fw-1' } }, suppressed_roles: ['dev'] },
    });
    await client.kill({ value: 't' });
    expect(master.seen.at(-1)?.headers['mesos-stream-id']).toBe('stream-2');
  });

  it('takes five missed heartbeats for a loss', async () => {
    const master = await fakeMaster(
      accepting((response) => response.write(subscribedRecord({ heartbeatSeconds: 0.02 }))),
    );
    const events = clientOf(master.address).events();
    await next(events);
    const lost = await next(events);
    expect(lost).toMatchObject({ type: 'DISCONNECTED', error: { code: 'CONNECTION_LOST' } });
    expect(await next(events)).toMatchObject({ type: 'SUBSCRIBED' });
  });

  it('does not take a slow consumer for a silent master', async () => {
    let response: ServerResponse | undefined;
    const master = await fakeMaster(
      accepting((stream) => {
        response = stream;
        stream.write(subscribedRecord({ heartbeatSeconds: 0.02 }));
      }),
    );
    const events = clientOf(master.address).events();
    await next(events);
    response?.write(schedulerRecord({ type: 'HEARTBEAT' }));
    // Longer than five heartbeats: the time is the consumer's.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await next(events)).toEqual({ type: 'HEARTBEAT' });
  });

  it('subscribes again after bytes that are no event stream', async () => {
    let stream: ServerResponse | undefined;
    const master = await fakeMaster(
      accepting((response) => {
        stream = response;
        response.write(subscribedRecord());
      }),
    );
    const events = clientOf(master.address).events();
    await next(events);
    stream?.write('<html>\n');
    expect(await next(events)).toMatchObject({ type: 'DISCONNECTED', error: { code: 'PROTOCOL' } });
    expect(await next(events)).toMatchObject({ type: 'SUBSCRIBED' });
  });

  it('waits longer after each failure, up to the limit', async () => {
    let subscriptions = 0;
    const master = await fakeMaster(({ call }, response) => {
      subscriptions += 1;
      if (call.type !== 'SUBSCRIBE' || subscriptions > 1) return void response.writeHead(500).end();
      openStream(response);
      response.write(subscribedRecord());
      setImmediate(() => response.destroy());
    });
    const events = clientOf(master.address, { backOff: { firstMs: 4, maxMs: 16 } }).events();
    await next(events);
    const waits: number[] = [];
    while (waits.length < 5) {
      const event = await next(events);
      if (event.type === 'DISCONNECTED') waits.push(event.retryInMs);
    }
    waits.forEach((wait, i) => {
      const step = Math.min(16, 4 * 2 ** i);
      expect(wait).toBeGreaterThanOrEqual(step / 2);
      expect(wait).toBeLessThanOrEqual(step);
    });
  });
});

describe('ending', () => {
  it.each(['close', 'signal', 'teardown'] as const)('by %s ends the events and the connections', async (how) => {
    const master = await fakeMaster(accepting((response) => response.write(subscribedRecord())));
    const abort = new AbortController();
    const client = clientOf(master.address, { signal: abort.signal });
    const events = client.events();
    await next(events);
    const rest = events.next();
    if (how === 'close') client.close();
    else if (how === 'signal') abort.abort();
    else await client.teardown();
    expect(await rest).toEqual({ done: true, value: undefined });
    expect(master.types.includes('TEARDOWN')).toBe(how === 'teardown');
    await expect.poll(() => master.sockets.size).toBe(0);
  });

  it('by leaving the loop closes the stream', async () => {
    const master = await fakeMaster(accepting((response) => response.write(subscribedRecord())));
    const client = clientOf(master.address);
    for await (const event of client.events()) if (event.type === 'SUBSCRIBED') break;
    expect(client.isSubscribed).toBe(false);
    await expect.poll(() => master.sockets.size).toBe(0);
  });
});

describe('calls', () => {
  async function subscribed(handler?: Handler) {
    const standard = accepting((response) => response.write(subscribedRecord()));
    const master = await fakeMaster((seen, response) =>
      handler === undefined || seen.call.type === 'SUBSCRIBE' ? standard(seen, response) : handler(seen, response),
    );
    const client = clientOf(master.address);
    const events = client.events();
    await next(events);
    return { master, client };
  }

  it('carry framework id and stream id and look as the API wants them', async () => {
    const { master, client } = await subscribed();
    const status = { task_id: { value: 't' }, agent_id: { value: 'S1' }, state: 'TASK_RUNNING' as const };
    await client.acknowledge(status);
    await client.acknowledge({ ...status, uuid: new Uint8Array(16) });
    await client.decline([{ value: 'O1' }], { refuse_seconds: 1 });
    await client.kill({ value: 't' }, { agentId: { value: 'S1' } });
    await client.reconcile([{ task_id: { value: 't' } }]);
    await client.message({ value: 'S1' }, { value: 'e' }, Buffer.from('hi'));
    await client.updateFramework({ framework_info: { ...FRAMEWORK, roles: ['other'] }, suppressed_roles: ['other'] });
    expect(master.types).toEqual([
      'SUBSCRIBE',
      'ACKNOWLEDGE',
      'DECLINE',
      'KILL',
      'RECONCILE',
      'MESSAGE',
      'UPDATE_FRAMEWORK',
    ]);
    for (const { call, headers } of master.seen.slice(1)) {
      expect(call.framework_id).toEqual({ value: 'fw-1' });
      expect(headers['mesos-stream-id']).toBe('stream-1');
    }
    expect(master.seen[1]?.call.acknowledge).toMatchObject({
      agent_id: { value: 'S1' },
      uuid: 'AAAAAAAAAAAAAAAAAAAAAA==',
    });
    expect(master.seen[6]?.call.update_framework).toMatchObject({
      framework_info: { id: { value: 'fw-1' }, roles: ['other'] },
    });
  });

  it('arrive in the order in which they were made', async () => {
    const { master, client } = await subscribed(async (_, response) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
      response.writeHead(202).end();
    });
    const ids = Array.from({ length: 20 }, (_, i) => String(i));
    await Promise.all(ids.map((value) => client.kill({ value })));
    expect(master.seen.slice(1).map(({ call }) => (call.kill as { task_id: { value: string } }).task_id.value)).toEqual(
      ids,
    );
  });

  it('that are refused tell why', async () => {
    const { client } = await subscribed((_, response) => void response.writeHead(400).end('Framework cannot be found'));
    const error = await client.revive().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'BAD_INPUT' });
    expect((error as Error).message).toContain('Framework cannot be found');
  });

  it('that may have arrived and cannot be repeated have an unknown outcome', async () => {
    const { client } = await subscribed((_, response) => void response.destroy());
    expect(await codeOf(client.launch([{ value: 'O1' }], []))).toBe('OUTCOME_UNKNOWN');
    expect(await codeOf(client.kill({ value: 't' }))).toBe('CONNECTION_LOST');
  });
});
