// Peer transports against each other and against peers that break the rules, over real sockets.
import { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { MesoError } from '../../../../src/base/error.js';
import type { PeerRecord } from '../../../../src/wire/gen/mesoctl-peer.js';
import {
  closeAll,
  dialRaw,
  listenRaw,
  type RawPeer,
  rawHello,
  startMember,
  startPair,
  TestMember,
  until,
} from './fixture.js';

afterEach(closeAll);

describe('delivery', () => {
  test('messages arrive in order, with sender and receiver', async () => {
    const [a, b] = await startPair();
    for (let round = 1; round <= 500; round++) a.heartbeat('b', round);
    await until('all', () => b.messages.length === 500);
    expect(b.rounds()).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    expect(b.messages[0]).toMatchObject({ from: 'a', to: 'b' });
  });

  test('what one turn sends to one peer is one write', async () => {
    const [a, b] = await startPair();
    const writes: number[] = [];
    const write = Socket.prototype.write;
    Socket.prototype.write = function (this: Socket, ...args: Parameters<typeof write>) {
      writes.push((args[0] as unknown as Uint8Array).length);
      return write.apply(this, args);
    } as typeof write;
    try {
      for (let round = 0; round < 200; round++) a.heartbeat('b', round);
      a.append('b', 10_000);
      await until('all', () => b.messages.length === 201);
    } finally {
      Socket.prototype.write = write;
    }
    expect(writes.length).toBe(1);
    expect(writes[0]).toBeGreaterThan(10_000);
  });

  test('large messages travel whole', async () => {
    const [a, b] = await startPair();
    for (const bytes of [3_000_000, 1, 5_000_000]) a.append('b', bytes);
    await until('all', () => b.messages.length === 3);
    const lengths = b.messages.map((message) => {
      const body = message.kind === 'append' ? message.entries[0]?.body : undefined;
      return body?.kind === 'data' ? body.data.length : undefined;
    });
    expect(lengths).toEqual([3_000_000, 1, 5_000_000]);
  });

  test('bootstrap messages come with who sent them', async () => {
    const [a, b] = await startPair();
    a.transport.sendBootstrap('b', { kind: 'admit', clusterId: 'c' });
    await until('it', () => b.bootstrap.length === 1);
    expect(b.bootstrap).toEqual([{ from: a.introduction, message: { kind: 'admit', clusterId: 'c' } }]);
  });

  test('messages to nobody go nowhere', async () => {
    const a = await startMember();
    a.heartbeat('nobody', 1);
    a.transport.sendBootstrap('nobody', { kind: 'admit', clusterId: 'c' });
    expect(a.transport.connected().size).toBe(0);
  });
});

describe('introductions', () => {
  test('each end hears of the other once per connection, and of each change in front of what is sent after', async () => {
    const [a, b] = await startPair();
    await until('both directions', () => a.introductions.length === 2 && b.introductions.length === 2);
    expect(a.introductions).toEqual([b.introduction, b.introduction]);
    b.introduce({ standing: 'promised', clusterId: 'c1' });
    b.transport.sendBootstrap('a', { kind: 'promise', clusterId: 'c1', isGranted: true, promised: 'c1' });
    await until('the promise', () => a.bootstrap.length === 1);
    expect(a.bootstrap[0]?.from).toMatchObject({ standing: 'promised', clusterId: 'c1' });
    await until('the change, on both connections', () => a.introductions.length === 4);
    expect(a.introductions.at(-1)).toEqual(b.introduction);
    expect(a.troubles).toEqual([]);
  });

  test('a change between Hello and its answer is told as well', async () => {
    const a = await startMember();
    const peers: RawPeer[] = [];
    const { address } = await listenRaw((peer) => peers.push(peer));
    a.transport.setAddresses([address]);
    await until('Hello', () => peers[0]?.find('hello') !== undefined);
    a.introduce({ features: 9 });
    peers[0]?.say(rawHello('b'));
    await until('the change', () => peers[0]?.find('introduction') !== undefined);
    expect(peers[0]?.find('introduction')?.features).toBe(9);
  });

  test('a peer that changes its id is cut', async () => {
    const a = await startMember();
    const peer = await dialRaw(a.port);
    peer.say(rawHello('b'), {});
    peer.socket.destroy();
    const second = await dialRaw(a.port);
    second.say(rawHello('b'));
    await until('Hello', () => second.find('hello') !== undefined);
    second.say({ introduction: { member: { id: 'c', name: '', address: '' }, standing: 'EMPTY', features: 1 } });
    await until('the end', () => second.isClosed);
    expect(second.find('refused')?.message).toContain('changed its id');
  });
});

describe('who may not stay', () => {
  const inCluster = (clusterId: string) => ({ introduction: { standing: 'member', clusterId } }) as const;

  test('members of another cluster: both ends say so', async () => {
    const a = await startMember({ id: 'a', ...inCluster('c1') });
    const b = await startMember({ id: 'b', ...inCluster('c2') });
    a.transport.setAddresses([b.address]);
    await until('both know', () => a.troubles.length > 0 && b.troubles.length > 0);
    expect(a.troubles[0]).toMatchObject({ address: b.address, code: 'wrong-cluster' });
    expect(a.troubles[0]?.detail).toMatch(/cluster c[12].*c[12]/);
    expect(b.codes()).toEqual(['wrong-cluster']);
    expect([...a.introductions, ...b.introductions]).toEqual([]);
  });

  test('a promise to another cluster is no reason, membership that comes later is', async () => {
    const [a, b] = await startPair(inCluster('c1'), { introduction: { standing: 'promised', clusterId: 'c2' } });
    b.introduce({ standing: 'member' });
    await until('they part', () => a.disconnected.length > 0 && b.disconnected.length > 0);
    expect(a.disconnected).toEqual(['b']);
    expect(b.disconnected).toEqual(['a']);
    expect(a.codes()).toContain('wrong-cluster');
  });

  test.each([
    ['another credential', 'secret', 'Secret'],
    ['a prefix of it', 'secret', 'secre'],
    ['none', 'secret', undefined],
    ['one where none is asked', undefined, 'secret'],
    ['an empty one where none is asked', undefined, ''],
  ])('peers with %s', async (_what, own, other) => {
    const options = (text: string | undefined) => (text === undefined ? {} : { credential: Buffer.from(text) });
    const a = await startMember({ id: 'a', ...options(own) });
    const b = await startMember({ id: 'b', ...options(other) });
    b.transport.setAddresses([a.address]);
    await until('both know', () => a.troubles.length > 0 && b.troubles.length > 0);
    expect(a.codes()).toEqual(['credential']);
    expect(b.troubles[0]).toMatchObject({ address: a.address, code: 'credential' });
    expect(a.introductions).toEqual([]);
  });

  test('the right credential opens', async () => {
    const credential = Buffer.from('secret');
    const [a] = await startPair({ credential }, { credential });
    expect(a.troubles).toEqual([]);
  });

  test('peers of another version, whatever else their Hello says', async () => {
    const a = await startMember();
    const peer = await dialRaw(a.port);
    peer.say({ hello: { min_version: 2, max_version: 7 } });
    await until('the end', () => peer.isClosed);
    expect(peer.find('refused')).toMatchObject({ code: 1 });
    expect(peer.find('refused')?.message).toContain('2 to 7');
    expect(a.codes()).toEqual(['version']);
  });

  test('a member that is told why it is refused passes it on', async () => {
    const a = await startMember();
    const { address } = await listenRaw((peer) => peer.say({ refused: { code: 1, message: 'too\nold' } }));
    a.transport.setAddresses([address]);
    await until('trouble', () => a.troubles.length > 0);
    expect(a.troubles[0]).toEqual({ address, code: 'version', detail: 'refused: too old' });
  });

  test('a member that dials itself', async () => {
    const a = await startMember();
    a.transport.setAddresses([a.address]);
    await until('trouble', () => a.troubles.length > 0);
    expect(a.troubles).toEqual([{ address: a.address, code: 'self', detail: expect.stringContaining('leads to') }]);
    expect(a.introductions).toEqual([]);
  });

  test('another process with the own id', async () => {
    const a = await startMember({ id: 'a' });
    const copy = await startMember({ id: 'a' });
    copy.transport.setAddresses([a.address]);
    await until('both know', () => a.troubles.length > 0 && copy.troubles.length > 0);
    expect(copy.troubles[0]?.detail).toContain('was its directory copied?');
  });
});

describe('connections that end', () => {
  test('the last one of either direction tells, once', async () => {
    const [a, b] = await startPair();
    b.transport.setAddresses([]);
    await until('the one direction closed', () => !b.transport.connected().has('a'));
    a.heartbeat('b', 1);
    await until('the other still works', () => b.messages.length === 1);
    expect([...a.disconnected, ...b.disconnected]).toEqual([]);
    a.transport.setAddresses([]);
    await until('both know', () => a.disconnected.length > 0 && b.disconnected.length > 0);
    expect([a.disconnected, b.disconnected]).toEqual([['b'], ['a']]);
  });

  test('what is queued still goes out to an address that is let go of', async () => {
    const [a, b] = await startPair();
    for (let round = 1; round <= 50; round++) a.heartbeat('b', round);
    a.append('b', 3_000_000);
    a.transport.setAddresses([]);
    expect(a.transport.connected().size).toBe(0);
    await until('all', () => b.messages.length === 51);
  });

  test('a member that ends is dialled until it is back, as another process', async () => {
    const [a, b] = await startPair();
    const { port } = b;
    await b.transport.close();
    await until('the loss', () => a.disconnected.length === 1);
    await until('trouble', () => a.codes().includes('unreachable'));
    const again = await startMember({ id: 'b', port });
    again.transport.setAddresses([a.address]);
    await until('it is back', () => a.transport.connected().has('b') && again.transport.connected().has('a'));
    a.heartbeat('b', 7);
    await until('it works', () => again.messages.length === 1);
    expect(a.disconnected).toEqual(['b']);
    expect(b.disconnected).toEqual([]);
  });

  test('a process that comes back replaces its earlier connections silently, and the earlier one is refused', async () => {
    const a = await startMember();
    const instance = (fill: number) => ({ instance: new Uint8Array(16).fill(fill) });
    const first = await dialRaw(a.port);
    first.say(rawHello('b', instance(1)));
    await until('Hello', () => first.find('hello') !== undefined);
    const second = await dialRaw(a.port);
    second.say(rawHello('b', instance(2)));
    await until('the first is closed', () => first.isClosed);
    expect(a.disconnected).toEqual([]);
    expect(a.introductions.length).toBe(2);
    const third = await dialRaw(a.port);
    third.say(rawHello('b', instance(1)));
    await until('it is refused', () => third.isClosed);
    expect(third.find('refused')?.message).toContain('two processes');
    expect(a.codes()).toEqual(['protocol']);
    second.socket.destroy();
    await until('the loss', () => a.disconnected.length === 1);
  });

  test('two connections of one process may be open at once', async () => {
    const a = await startMember();
    const first = await dialRaw(a.port);
    const second = await dialRaw(a.port);
    for (const peer of [first, second]) peer.say(rawHello('b'));
    await until('both', () => a.introductions.length === 2);
    first.socket.destroy();
    second.say({ heartbeat: { term: 1, commit: 0, round: 3 } });
    await until('the other works', () => a.messages.length === 1);
    expect(a.disconnected).toEqual([]);
  });
});

describe('slow and silent peers', () => {
  const LIMITS = { maxQueuedBytes: 200_000, maxFrameBytes: 150_000 };

  /** A peer that takes part in the handshake and then reads no more. */
  async function stuckPeer(): Promise<{ address: string; peers: RawPeer[] }> {
    const peers: RawPeer[] = [];
    const { address } = await listenRaw((peer) => {
      peers.push(peer);
      peer.say(rawHello('stuck'));
      peer.socket.once('data', () => peer.socket.pause());
    });
    return { address, peers };
  }

  test('a peer that does not read loses messages, holds a bounded amount, and holds up nobody', async () => {
    const [a, b] = await startPair({ limits: LIMITS });
    const { address } = await stuckPeer();
    a.transport.setAddresses([b.address, address]);
    await until('both', () => a.transport.connected().has('stuck'));
    const statusOf = () => a.transport.status().find((one) => one.address === address);
    const sent = 400;
    for (let i = 0; i < sent; i++) {
      a.append('stuck', 100_000);
      a.heartbeat('b', i);
      expect(statusOf()?.queuedBytes).toBeLessThanOrEqual(LIMITS.maxQueuedBytes);
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until('the other gets all', () => b.messages.length === sent);
    expect(b.rounds()).toEqual(Array.from({ length: sent }, (_, i) => i));
    expect(statusOf()?.droppedMessages).toBeGreaterThan(100);
    expect(a.troubles.filter(({ code }) => code === 'queue-full').length).toBe(1);
    expect(a.disconnected).toEqual([]);
  });

  test('a message that is larger than any may be is dropped and counted', async () => {
    const [a, b] = await startPair({ limits: LIMITS });
    a.append('b', 150_001);
    a.heartbeat('b', 1);
    await until('what follows', () => b.messages.length === 1);
    expect(a.transport.status()).toMatchObject([{ id: 'b', droppedMessages: 1 }]);
  });

  test('a peer that does not read and has to hear of a change is cut', async () => {
    const a = await startMember({ limits: LIMITS });
    const { address } = await stuckPeer();
    a.transport.setAddresses([address]);
    await until('it', () => a.transport.connected().has('stuck'));
    while (a.transport.status()[0]?.droppedMessages === 0) {
      a.append('stuck', 100_000);
      a.append('stuck', 10);
      for (let i = 0; i < 4_000; i++) a.heartbeat('stuck', i);
      await new Promise((resolve) => setImmediate(resolve));
    }
    a.introduce({ features: 2 });
    expect(a.disconnected).toEqual(['stuck']);
  });

  test('connections that carry nothing else are kept alive, in both directions', async () => {
    const limits = { idleTimeoutMs: 120 };
    const [a, b] = await startPair({ limits }, { limits });
    const peer = await dialRaw(a.port);
    peer.say(rawHello('c'));
    const keepAlives = () => peer.records.filter((record) => record.keep_alive !== undefined).length;
    const timer = setInterval(() => peer.say({ keep_alive: {} }), 20);
    try {
      await until('ten', () => keepAlives() >= 10);
    } finally {
      clearInterval(timer);
    }
    expect([...a.disconnected, ...b.disconnected]).toEqual([]);
    expect([...a.troubles, ...b.troubles]).toEqual([]);
  });

  test('a peer that falls silent is given up, whoever dialled', async () => {
    const a = await startMember({ limits: { idleTimeoutMs: 120 } });
    const accepted: RawPeer[] = [];
    const { address } = await listenRaw((peer) => {
      accepted.push(peer);
      peer.say(rawHello('b'));
    });
    a.transport.setAddresses([address]);
    const dialled = await dialRaw(a.port);
    dialled.say(rawHello('c'));
    await until('both are given up', () => a.disconnected.includes('b') && a.disconnected.includes('c'));
    await until('for them as well', () => dialled.isClosed && accepted[0]?.isClosed === true);
    expect(a.troubles.every(({ code, detail }) => code === 'unreachable' && detail.includes('received'))).toBe(true);
  });

  test('a peer that says something and takes nothing is given up as well', async () => {
    const a = await startMember({ limits: { idleTimeoutMs: 120, maxQueuedBytes: 64_000_000 } });
    const peers: RawPeer[] = [];
    const { address } = await listenRaw((peer) => {
      peers.push(peer);
      peer.say(rawHello('b'));
      peer.socket.once('data', () => peer.socket.pause());
    });
    a.transport.setAddresses([address]);
    const timer = setInterval(() => peers[0]?.say({ keep_alive: {} }), 20);
    try {
      await until('it', () => a.transport.connected().has('b'));
      for (let i = 0; i < 6; i++) a.append('b', 8_000_000);
      await until('it is given up', () => a.disconnected.includes('b'));
    } finally {
      clearInterval(timer);
    }
    expect(a.troubles[0]?.detail).toContain('taken');
  });

  test('whoever accepts a connection and says nothing is given up', async () => {
    const a = await startMember({ limits: { helloTimeoutMs: 60 } });
    const { address } = await listenRaw(() => undefined);
    a.transport.setAddresses([address]);
    await until('trouble', () => a.troubles.length > 0);
    expect(a.troubles[0]).toMatchObject({ address, code: 'unreachable', detail: expect.stringContaining('Hello') });
  });
});

describe('strangers', () => {
  test('have little time to say who they are', async () => {
    const a = await startMember({ limits: { helloTimeoutMs: 60 } });
    const peer = await dialRaw(a.port);
    await until('the end', () => peer.isClosed);
    expect(a.codes()).toEqual(['protocol']);
  });

  test('are few: the oldest one makes room', async () => {
    const a = await startMember({ limits: { maxStrangers: 2, helloTimeoutMs: 60_000 } });
    const peers = [await dialRaw(a.port), await dialRaw(a.port), await dialRaw(a.port)];
    await until('the first is cut', () => peers[0]?.isClosed === true);
    peers[2]?.say(rawHello('b'));
    await until('the last gets in', () => a.introductions.length === 1);
    expect(peers[1]?.isClosed).toBe(false);
  });

  test('do not get in when everything is taken', async () => {
    const a = await startMember({ limits: { maxAccepted: 1, helloTimeoutMs: 60_000 } });
    const known = await dialRaw(a.port);
    known.say(rawHello('b'));
    await until('it', () => a.introductions.length === 1);
    const other = await dialRaw(a.port);
    await until('it is cut', () => other.isClosed);
    expect(known.isClosed).toBe(false);
  });

  test.each([
    ['an HTTP request', 'GET / HTTP/1.1\r\n\r\n', 'decimal number'],
    ['a Hello of more than may be', `${17 * 1024}\n`, 'exceeds the limit'],
    ['a length that never ends', '9'.repeat(100), 'digits'],
  ])('that send %s are told what is wrong', async (_what, text, message) => {
    const a = await startMember();
    const peer = await dialRaw(a.port);
    peer.socket.write(text);
    await until('the end', () => peer.isClosed);
    expect(peer.find('refused')?.message).toContain(message);
    expect(a.troubles[0]).toMatchObject({ address: '127.0.0.1', code: 'protocol' });
  });

  test.each<[string, PeerRecord[], string]>([
    ['a message before Hello', [{ heartbeat: { term: 1, commit: 0, round: 1 } }], 'after both Hellos'],
    ['a keep-alive before Hello', [{ keep_alive: {} }], 'must be Hello'],
    ['Hello without an introduction', [{ hello: { min_version: 1, max_version: 1 } }], 'without an introduction'],
    ['two Hellos', [rawHello('b'), rawHello('b')], 'a second Hello'],
    [
      'a control character in its name',
      [
        rawHello('b', {
          introduction: { member: { id: 'b', name: '\u001b[2J', address: '' }, standing: 'EMPTY', features: 1 },
        }),
      ],
      'control characters',
    ],
  ])('are cut for %s', async (_what, records, message) => {
    const a = await startMember();
    const peer = await dialRaw(a.port);
    peer.say(...records);
    await until('the end', () => peer.isClosed);
    expect(peer.find('refused')?.message).toContain(message);
    expect(a.codes()).toEqual(['protocol']);
    expect(a.messages).toEqual([]);
  });
});

describe('known peers that break the rules', () => {
  test.each<[string, PeerRecord | Buffer, string]>([
    ['a message that makes no sense', { heartbeat: { term: 0, commit: 0, round: 1 } }, 'term 0'],
    ['an oversized frame', Buffer.from(`${17 * 1024 * 1024}\n`), 'exceeds the limit'],
    ['bytes that are no record', Buffer.from('4\nabcd'), 'protobuf'],
  ])('%s', async (_what, sent, message) => {
    const a = await startMember();
    const peer = await dialRaw(a.port);
    peer.say(rawHello('b'));
    await until('Hello', () => peer.find('hello') !== undefined);
    if (Buffer.isBuffer(sent)) peer.socket.write(sent);
    else peer.say(sent);
    await until('the end', () => peer.isClosed);
    expect(peer.find('refused')?.message).toContain(message);
    expect(a.disconnected).toEqual(['b']);
    expect(a.codes()).toEqual(['protocol']);
  });

  test('messages from the end that was dialled', async () => {
    const a = await startMember();
    const { address } = await listenRaw((peer) => {
      peer.say(rawHello('b'), { heartbeat: { term: 1, commit: 0, round: 1 } });
    });
    a.transport.setAddresses([address]);
    await until('trouble', () => a.troubles.length > 0);
    expect(a.troubles[0]).toMatchObject({ address, code: 'protocol', detail: expect.stringContaining('that dialled') });
    expect(a.messages).toEqual([]);
  });

  test('others are not touched by it', async () => {
    const [a, b] = await startPair();
    const peer = await dialRaw(a.port);
    peer.say(rawHello('c'), { heartbeat: { term: 0, commit: 0, round: 1 } });
    await until('it is gone', () => peer.isClosed);
    b.heartbeat('a', 5);
    await until('b works', () => a.messages.length === 1);
    expect(a.disconnected).not.toContain('b');
  });
});

describe('addresses', () => {
  test('a port in use says which flag to change', async () => {
    const a = await startMember();
    const other = new TestMember({ id: 'b', port: a.port });
    const error = await other.transport.listen().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MesoError);
    expect(error).toMatchObject({ code: 'PORT_IN_USE', suggestions: [expect.stringContaining('--raft-port')] });
  });

  test.each(['nonsense', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:70000', ':80'])('%s is no address', async (address) => {
    const a = await startMember();
    a.transport.setAddresses([address]);
    expect(a.troubles).toMatchObject([{ address, code: 'unreachable', detail: expect.stringContaining('HOST:PORT') }]);
  });

  test('the same trouble is told once within half a minute', async () => {
    const a = await startMember();
    let attempts = 0;
    const { address } = await listenRaw((peer) => {
      attempts += 1;
      peer.socket.destroy();
    });
    a.transport.setAddresses([address]);
    await until('ten attempts', () => attempts >= 10);
    expect(a.codes()).toEqual(['unreachable']);
  });

  test('a peer that dials in is dialled back at once', async () => {
    const a = await startMember({ id: 'a', limits: { reconnectMinMs: 600_000, reconnectMaxMs: 600_000 } });
    const { address, server } = await listenRaw(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    a.transport.setAddresses([address]);
    await until('the failure', () => a.troubles.length === 1);
    const b = await startMember({ id: 'b', port: Number(address.split(':')[1]) });
    b.transport.setAddresses([a.address]);
    await until('both directions', () => a.transport.connected().has('b'));
  });
});
