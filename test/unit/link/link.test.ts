// Both ends of the agent link against each other over real sockets, and each against a peer that breaks the rules.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { isRejection } from '../../../src/base/rejection.js';
import { systemClock } from '../../../src/base/system/clock.js';
import { createHostGuard } from '../../../src/daemon/http/host-guard.js';
import { Router } from '../../../src/daemon/http/router.js';
import { HttpServer } from '../../../src/daemon/http/server.js';
import { LinkAcceptor, type LinkLeadership } from '../../../src/daemon/link/link-acceptor.js';
import { LinkClient } from '../../../src/daemon/link/link-client.js';
import { LINK_UPGRADE_PROTOCOL, type LinkLimits } from '../../../src/daemon/link/link-protocol.js';
import { decodeProtobuf, encodeProtobuf } from '../../../src/wire/codec.js';
import * as link from '../../../src/wire/gen/mesoctl-link.js';
import { encodeRecord, RecordDecoder } from '../../../src/wire/recordio.js';
import { type RawClient, rawClient, silentLogger, until } from '../http/fixture.js';

const LEADING: Extract<LinkLeadership, { readonly leading: true }> = {
  leading: true,
  term: 7,
  clusterId: 'c1',
  masterInfo: { id: 'm', ip: 1, port: 5050 },
  reregisterJitterMs: 12.4,
};
const HELLO: link.Hello = { min_version: 1, max_version: 1 };
const AGENT = { agent_info: { hostname: 'h' }, version: '1' };

interface Frame {
  readonly connectionId: number;
  readonly channel: number;
  readonly frame: link.AgentFrame;
}

class Master {
  readonly frames: Frame[] = [];
  readonly closed: number[] = [];
  leadership: LinkLeadership = LEADING;
  readonly acceptor: LinkAcceptor;
  readonly server: HttpServer;
  port = 0;
  #lastId = 0;

  constructor(options: { readonly limits?: Partial<LinkLimits>; readonly totalPingTimeoutMs?: number } = {}) {
    this.acceptor = new LinkAcceptor({
      clock: systemClock,
      logger: silentLogger,
      limits: options.limits,
      totalPingTimeoutMs: options.totalPingTimeoutMs ?? 60_000,
      leadership: () => this.leadership,
      nextConnectionId: () => ++this.#lastId,
      observer: { onFrame: (frame) => this.frames.push(frame), onClosed: (id) => this.closed.push(id) },
    });
    this.server = new HttpServer({
      router: new Router(['master']),
      hostGuard: createHostGuard([]),
      logger: silentLogger,
      upgrades: new Map([[LINK_UPGRADE_PROTOCOL, this.acceptor.upgrade]]),
    });
  }

  async listen(): Promise<string> {
    const { port } = await this.server.listen({ ip: '127.0.0.1', port: 0 });
    this.port = port;
    return `127.0.0.1:${port}`;
  }
}

class Agent {
  readonly events: string[] = [];
  readonly frames: link.MasterFrame[] = [];
  readonly refusals: link.Refused[] = [];
  hello: Omit<link.Hello, 'min_version' | 'max_version'> = {};
  readonly client: LinkClient;

  constructor(masters: readonly string[], limits: Partial<LinkLimits> = {}) {
    this.client = new LinkClient({
      masters,
      hello: () => this.hello,
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      limits,
      backoffMs: { min: 5, max: 50 },
      observer: {
        onUp: (welcome) => this.events.push(`up ${welcome.term} ${welcome.cluster_id} ${welcome.reregister_jitter_ms}`),
        onFrame: (_channel, frame) => this.frames.push(frame),
        onLost: (reason) => this.events.push(`lost ${reason}`),
        onRefused: (refused) => this.refusals.push(refused),
      },
    });
    this.client.start();
  }
}

const masters: Master[] = [];
const agents: Agent[] = [];
const others: Server[] = [];

async function startMaster(options: ConstructorParameters<typeof Master>[0] = {}): Promise<[Master, string]> {
  const master = new Master(options);
  masters.push(master);
  return [master, await master.listen()];
}

function startAgent(addresses: readonly string[], limits: Partial<LinkLimits> = {}): Agent {
  const agent = new Agent(addresses, limits);
  agents.push(agent);
  return agent;
}

afterEach(async () => {
  await Promise.all(agents.splice(0).map(({ client }) => client.close()));
  for (const master of masters.splice(0)) {
    master.acceptor.close();
    await master.server.close(10);
    expect(master.acceptor.connectionCount).toBe(0);
  }
  for (const other of others.splice(0)) {
    other.close();
    await once(other, 'close');
  }
});

function rawLink(port: number, records: readonly link.LinkRecord[], path = '/api/mesoctl/link'): RawClient {
  const client = rawClient(
    port,
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: ${LINK_UPGRADE_PROTOCOL}\r\n\r\n`,
  );
  for (const record of records) client.socket.write(encodeRecord(encodeProtobuf(link.LinkRecord, record)));
  return client;
}

/** The records in what a raw client received after the 101. */
function recordsOf(client: RawClient): link.LinkRecord[] {
  const text = client.text();
  const decoder = new RecordDecoder({ maxRecordBytes: 1e6 });
  const bytes = decoder.push(Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1'));
  if (isRejection(bytes)) throw new Error(bytes.message);
  return bytes.map((each) => {
    const record = decodeProtobuf(link.LinkRecord, each);
    if (isRejection(record)) throw new Error(record.message);
    return record;
  });
}

describe('handshake and frames', () => {
  test('an agent is welcomed, frames go both ways in order, several channels share a link', async () => {
    const [master, address] = await startMaster();
    const agent = startAgent([address]);
    await until('up', () => agent.client.isUp);
    expect(agent.events).toEqual(['up 7 c1 12']);
    for (let i = 0; i < 100; i++) agent.client.send(1 + (i % 3), { pong: {} });
    await until('frames', () => master.frames.length === 100);
    expect(master.frames.map((received) => received.channel)).toEqual(
      Array.from({ length: 100 }, (_, i) => 1 + (i % 3)),
    );
    const connectionId = master.frames[0]?.connectionId ?? 0;
    for (let i = 0; i < 50; i++)
      expect(master.acceptor.send(connectionId, 2, { ping: { connected: i % 2 === 0 } })).toBe(true);
    await until('answers', () => agent.frames.length === 50);
    expect(agent.frames.map((frame) => Number(frame.sequence))).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  test('a large re-registration passes', async () => {
    const [master, address] = await startMaster();
    const agent = startAgent([address]);
    await until('up', () => agent.client.isUp);
    const version = 'v'.repeat(3_000_000);
    agent.client.send(1, { register: { ...AGENT, version } });
    await until('the frame', () => master.frames.length === 1);
    expect(master.frames[0]?.frame.register?.version).toBe(version);
  });

  test('an agent that closes knows when the master has read its last word', async () => {
    const [master, address] = await startMaster();
    const agent = startAgent([address]);
    await until('up', () => agent.client.isUp);
    agent.client.send(1, { unregister: {} });
    await agent.client.close();
    expect(master.frames).toMatchObject([{ frame: { unregister: {} } }]);
    expect(master.closed).toHaveLength(1);
  });

  test('closing the last channel ends the connection, the agent comes back on a new one', async () => {
    const [master, address] = await startMaster();
    const agent = startAgent([address]);
    await until('up', () => agent.client.isUp);
    agent.client.send(1, { pong: {} });
    agent.client.send(2, { pong: {} });
    await until('frames', () => master.frames.length === 2);
    const connectionId = master.frames[0]?.connectionId ?? 0;
    master.acceptor.closeChannel(connectionId, 1);
    expect(master.acceptor.send(connectionId, 1, { ping: { connected: true } })).toBe(false);
    agent.client.send(1, { pong: {} });
    agent.client.send(2, { pong: {} });
    await until('the frame of the open channel', () => master.frames.length === 3);
    expect(master.frames[2]?.channel).toBe(2);
    expect(agent.events).toHaveLength(1);
    master.acceptor.closeChannel(connectionId, 2);
    await until('lost and up again', () => agent.events.length === 3);
    expect(agent.events.slice(1)).toEqual(['lost peer-closed', 'up 7 c1 12']);
    expect(master.closed).toEqual([connectionId]);
    agent.client.send(1, { pong: {} });
    await until('a frame on the new connection', () => master.frames.length === 4);
    expect(master.frames[3]?.connectionId).not.toBe(connectionId);
  });
});

describe('refusals', () => {
  test.each([
    ['VERSION', { min_version: 9, max_version: 9 }],
    ['CLUSTER', { ...HELLO, cluster_id: 'other' }],
    ['LOWER_TERM', { ...HELLO, highest_term: 8 }],
  ])('%s', async (code, hello) => {
    const [master] = await startMaster();
    const client = rawLink(master.port, [{ hello }]);
    await client.ended;
    expect(recordsOf(client)[0]?.refused?.code).toBe(code);
    expect(master.closed).toEqual([]);
  });

  test('an agent is told of them and keeps trying, slowly', async () => {
    const [master, address] = await startMaster();
    const agent = new Agent([address]);
    agents.push(agent);
    agent.hello = { cluster_id: 'other' };
    await until('refused twice', () => agent.refusals.length >= 2);
    expect(agent.refusals[0]?.code).toBe('CLUSTER');
    agent.hello = { cluster_id: 'c1' };
    await until('up', () => agent.client.isUp);
    expect(master.acceptor.connectionCount).toBe(1);
  });

  test('a follower sends the agent to the leader', async () => {
    const [leader, leaderAddress] = await startMaster();
    const [follower, followerAddress] = await startMaster();
    follower.leadership = {
      leading: false,
      message: 'not me',
      leader: { ip: '127.0.0.1', port: leader.port },
    };
    const agent = startAgent([followerAddress]);
    await until('up', () => agent.client.isUp);
    expect(agent.refusals).toEqual([]);
    expect(leader.acceptor.connectionCount).toBe(1);
    expect(leaderAddress).toContain(String(leader.port));
  });

  test('two masters that point at each other do not make the agent spin', async () => {
    const [one, oneAddress] = await startMaster();
    const [two] = await startMaster();
    one.leadership = { leading: false, message: 'two', leader: { ip: '127.0.0.1', port: two.port } };
    two.leadership = { leading: false, message: 'one', leader: { ip: '127.0.0.1', port: one.port } };
    const agent = startAgent([oneAddress]);
    const startMs = performance.now();
    await until('some time', () => performance.now() - startMs > 200);
    expect(agent.events).toEqual([]);
    one.leadership = LEADING;
    await until('up', () => agent.client.isUp);
  });

  test('a 307 is followed', async () => {
    const [leader] = await startMaster();
    const redirector = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      socket.end(`HTTP/1.1 307 X\r\nLocation: //127.0.0.1:${leader.port}/api\r\nContent-Length: 0\r\n\r\n`);
    });
    others.push(redirector);
    await new Promise<void>((resolve) => redirector.listen(0, '127.0.0.1', resolve));
    const { port } = redirector.address() as { port: number };
    const agent = startAgent([`127.0.0.1:${port}`]);
    await until('up', () => agent.client.isUp);
  });

  test('dead masters are passed over', async () => {
    const [, address] = await startMaster();
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve));
    const { port } = dead.address() as { port: number };
    dead.close();
    const agent = startAgent([`127.0.0.1:${port}`, address]);
    await until('up', () => agent.client.isUp);
  });

  test('wrong path, wrong protocol and foreign host get an HTTP answer', async () => {
    const [master] = await startMaster();
    const wrongPath = rawLink(master.port, [], '/other');
    const wrongProtocol = rawClient(
      master.port,
      'GET /api/mesoctl/link HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const foreign = rawClient(
      master.port,
      `GET /api/mesoctl/link HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: ${LINK_UPGRADE_PROTOCOL}\r\n\r\n`,
    );
    await Promise.all([wrongPath.ended, wrongProtocol.ended, foreign.ended]);
    expect(wrongPath.text()).toMatch(/^HTTP\/1.1 400 /);
    expect(wrongProtocol.text()).toMatch(/^HTTP\/1.1 400 /);
    expect(foreign.text()).toMatch(/^HTTP\/1.1 403 /);
  });
});

describe('broken peers', () => {
  const frame = (over: Partial<link.AgentFrame>): link.LinkRecord => ({
    agent: { channel: 1, sequence: 1, term: 7, pong: {}, ...over },
  });

  test.each([
    ['a frame before Hello', [frame({})], 0],
    ['a gap', [{ hello: HELLO }, frame({}), frame({ sequence: 3 })], 1],
    ['a repeated frame', [{ hello: HELLO }, frame({}), frame({})], 1],
    ['a sequence that does not start at 1', [{ hello: HELLO }, frame({ sequence: 2 })], 0],
    ['a higher term', [{ hello: HELLO }, frame({ term: 8 })], 0],
    ['a record of the other direction', [{ hello: HELLO }, { welcome: welcome(7) }], 0],
  ] as readonly (readonly [string, readonly link.LinkRecord[], number])[])(
    '%s closes the link',
    async (_what, records, delivered) => {
      const [master] = await startMaster();
      const client = rawLink(master.port, records);
      await client.ended;
      expect(master.frames).toHaveLength(delivered);
      expect(master.acceptor.connectionCount).toBe(0);
    },
  );

  test('a frame of a lower term is dropped, the link lives on', async () => {
    const [master] = await startMaster();
    const client = rawLink(master.port, [{ hello: HELLO }, frame({ term: 6 }), frame({ sequence: 2 })]);
    await until('the second frame', () => master.frames.length === 1);
    expect(Number(master.frames[0]?.frame.sequence)).toBe(2);
    expect(master.acceptor.connectionCount).toBe(1);
    client.socket.destroy();
    await until('closed', () => master.closed.length === 1);
  });

  test('garbage, a huge Hello and silence close the link', async () => {
    const [master] = await startMaster({ limits: { helloTimeoutMs: 100, maxHelloBytes: 1000 } });
    const garbage = rawLink(master.port, []);
    garbage.socket.write('not a number\n');
    const huge = rawLink(master.port, []);
    huge.socket.write('2000\n');
    const silent = rawLink(master.port, []);
    await Promise.all([garbage.ended, huge.ended, silent.ended]);
    expect(master.acceptor.connectionCount).toBe(0);
  });

  test('an agent that falls silent is cut by the master', async () => {
    const [master] = await startMaster({ totalPingTimeoutMs: 100 });
    const client = rawLink(master.port, [{ hello: HELLO }, frame({})]);
    await client.ended;
    expect(master.closed).toHaveLength(1);
  });

  test('a master that falls silent is left by the agent', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: mesoctl-link/1\r\n\r\n');
        socket.write(
          encodeRecord(
            encodeProtobuf(link.LinkRecord, { welcome: { ...welcome(7), total_ping_timeout_seconds: 0.1 } }),
          ),
        );
      });
    });
    others.push(silent);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const agent = startAgent([`127.0.0.1:${port}`]);
    await until('lost', () => agent.events.includes('lost idle'));
    const closed = agent.client.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });

  test('a master of a lower term than was seen is not served', async () => {
    const [, address] = await startMaster();
    const agent = new Agent([address]);
    agents.push(agent);
    agent.hello = { highest_term: 9 };
    await until('refused', () => agent.refusals.length > 0);
    expect(agent.refusals[0]?.code).toBe('LOWER_TERM');
    expect(agent.client.isUp).toBe(false);
  });

  test('a queue above its bound closes the link, no frame is skipped', async () => {
    const [master] = await startMaster({ limits: { maxQueuedBytes: 1_000_000 } });
    const client = rawLink(master.port, [{ hello: HELLO }, frame({})]);
    await until('the frame', () => master.frames.length === 1);
    client.socket.pause();
    const connectionId = master.frames[0]?.connectionId ?? 0;
    const message = { shutdown: { message: 'x'.repeat(100_000) } };
    let sent = 0;
    while (master.acceptor.send(connectionId, 1, message)) {
      sent += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeGreaterThan(8);
    expect(master.closed).toEqual([connectionId]);
    client.socket.destroy();
  });
});

function welcome(term: number): link.Welcome {
  return {
    version: 1,
    cluster_id: 'c1',
    term,
    master_info: { id: 'm', ip: 1, port: 5050 },
    total_ping_timeout_seconds: 60,
    reregister_jitter_ms: 0,
  };
}

describe('hearing of leaders', () => {
  async function startLeader(term: number): Promise<[Master, string]> {
    const started = await startMaster();
    started[0].leadership = { ...LEADING, term };
    return started;
  }

  async function startFollower(): Promise<[Master, string]> {
    const started = await startMaster();
    started[0].leadership = { leading: false, message: 'elsewhere' };
    return started;
  }

  test('a leader that says nothing is left for the one that another master names', async () => {
    const [, silent] = await startLeader(3);
    const [follower, followerAt] = await startFollower();
    const [next, nextAt] = await startLeader(4);
    const agent = startAgent([silent, followerAt]);
    await until('it is up', () => agent.events.some((event) => event.startsWith('up 3 ')));
    await until('it watches', () => follower.acceptor.connectionCount === 1);
    follower.acceptor.announceLeader({ term: 4, address: { ip: '127.0.0.1', port: next.port } });
    await until('it moved', () => agent.events.some((event) => event.startsWith('up 4 ')));
    expect(nextAt).toBe(`127.0.0.1:${next.port}`);
    expect(agent.events.map((event) => event.split(' ').slice(0, 2).join(' '))).toEqual([
      'up 3',
      'lost closed',
      'up 4',
    ]);
  });

  test('a master that is watched and comes to lead is watched no more: another one is', async () => {
    const [first, firstAt] = await startLeader(3);
    const [second, secondAt] = await startFollower();
    const agent = startAgent([firstAt, secondAt]);
    await until('it watches', () => second.acceptor.connectionCount === 1);
    second.leadership = { ...LEADING, term: 4 };
    first.leadership = { leading: false, message: 'elsewhere' };
    second.acceptor.announceLeader({ term: 4, address: { ip: '127.0.0.1', port: second.port } });
    await until('it moved', () => agent.events.some((event) => event.startsWith('up 4 ')));
    await until('it watches the other', () => first.acceptor.connectionCount === 1);
    await until('the old watch is gone', () => second.acceptor.connectionCount === 1);
  });

  test('an old notice moves nobody, and who comes late is told the last one', async () => {
    const [, leaderAt] = await startLeader(5);
    const [follower, followerAt] = await startFollower();
    follower.acceptor.announceLeader({ term: 4, address: { ip: '127.0.0.1', port: 1 } });
    const agent = startAgent([leaderAt, followerAt]);
    await until('it watches', () => follower.acceptor.connectionCount === 1);
    const raw = rawLink(follower.port, [{ hello: { min_version: 1, max_version: 1, watch: true } }]);
    await until('it is told', () => recordsOf(raw).some((record) => Number(record.leader?.term) === 4));
    expect(agent.events.map((event) => event.split(' ')[0])).toEqual(['up']);
    raw.socket.destroy();
  });
});
