import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Route } from '../../../src/daemon/http/router.js';
import type { StreamCloseReason, StreamLimits, StreamWriter } from '../../../src/daemon/http/stream-writer.js';
import { encodeRecord } from '../../../src/wire/recordio.js';
import { rawClient, startServer, type TestServer, until } from './fixture.js';

const LIMITS: StreamLimits = {
  backlogBytes: 400_000,
  maxQueuedBytes: 30_000_000,
  stallMs: 60_000,
  endDeadlineMs: 60_000,
};
const REQUEST = 'GET /stream HTTP/1.1\r\nHost: 1.2.3.4\r\nAccept-Encoding: gzip\r\n\r\n';

interface Stream {
  readonly writer: StreamWriter;
  readonly closed: StreamCloseReason[];
  readonly backlog: boolean[];
}

const servers: TestServer[] = [];

async function start(limits: Partial<StreamLimits> = {}): Promise<TestServer & { readonly streams: Stream[] }> {
  const streams: Stream[] = [];
  const route: Route = {
    methods: ['GET'],
    handle(exchange) {
      const closed: StreamCloseReason[] = [];
      const backlog: boolean[] = [];
      const writer = exchange.openStream({
        contentType: 'application/json',
        headers: { 'Mesos-Stream-Id': 'abc' },
        limits: { ...LIMITS, ...limits },
        observer: { onBacklog: (high) => backlog.push(high), onClosed: (reason) => closed.push(reason) },
      });
      if (writer !== undefined) streams.push({ writer, closed, backlog });
    },
  };
  const started = await startServer({ '/stream': route });
  servers.push(started);
  return { ...started, streams };
}

async function first(streams: readonly Stream[]): Promise<Stream> {
  await until('the stream is open', () => streams.length > 0);
  return streams[0] as Stream;
}

afterEach(async () => {
  for (const { server } of servers.splice(0)) await server.close(0);
});

describe('stream writer', () => {
  test('headers leave at once, chunked, uncompressed, with the exact content type', async () => {
    const { port, streams } = await start();
    const client = rawClient(port, REQUEST);
    await first(streams);
    await until('headers', () => client.text().includes('\r\n\r\n'));
    expect(client.text()).toMatch(/^HTTP\/1.1 200 /);
    expect(client.text()).toContain('Content-Type: application/json\r\n');
    expect(client.text()).toContain('Mesos-Stream-Id: abc\r\n');
    expect(client.text()).toContain('Transfer-Encoding: chunked\r\n');
    expect(client.text()).not.toMatch(/Content-(Length|Encoding)/);
    client.socket.destroy();
  });

  test('one record is one chunk, length line and payload together, also when several are written in a turn', async () => {
    const { port, streams } = await start();
    const client = rawClient(port, REQUEST);
    const { writer } = await first(streams);
    const payloads = ['{"type":"SUBSCRIBED"}', '{"type":"HEARTBEAT"}', `{"x":"${'y'.repeat(3000)}"}`];
    for (const payload of payloads) writer.write(encodeRecord(payload));
    writer.end();
    await until('the last chunk', () => client.text().endsWith('0\r\n\r\n'));
    const body = client.text().slice(client.text().indexOf('\r\n\r\n') + 4);
    const expected = payloads.map((payload) => {
      const record = `${payload.length}\n${payload}`;
      return `${record.length.toString(16)}\r\n${record}\r\n`;
    });
    expect(body).toBe(`${expected.join('')}0\r\n\r\n`);
  });

  test('end reports once that everything was written', async () => {
    const { port, streams } = await start();
    const client = rawClient(port, REQUEST);
    const stream = await first(streams);
    stream.writer.write(encodeRecord('x'));
    stream.writer.end();
    expect(stream.writer.write(encodeRecord('y'))).toBe(false);
    await until('closed', () => stream.closed.length > 0);
    stream.writer.destroy();
    expect(stream.closed).toEqual(['ended']);
    client.socket.destroy();
  });

  test.each(['destroy', 'end'] as const)('a client that goes away by %s is noticed without a write', async (how) => {
    const { port, streams } = await start();
    const client = rawClient(port, REQUEST);
    const stream = await first(streams);
    client.socket[how]();
    await until('closed', () => stream.closed.length > 0);
    expect(stream.closed).toEqual(['client-closed']);
    expect(stream.writer.write(encodeRecord('x'))).toBe(false);
  });

  test('a reader that stops raises the backlog, then is cut; the queue is bounded', async () => {
    const { port, streams, server } = await start();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(REQUEST);
    const stream = await first(streams);
    const record = encodeRecord('x'.repeat(200_000));
    while (stream.writer.write(record)) await new Promise((resolve) => setImmediate(resolve));
    expect(stream.backlog[0]).toBe(true);
    expect(stream.closed).toEqual(['queue-full']);
    expect(stream.writer.queuedBytes).toBeLessThan(LIMITS.maxQueuedBytes + 2 * record.length);
    await until('the connection is gone', () => server.connectionCount === 0);
    socket.destroy();
  });

  test('a reader that goes on in time lowers the backlog again', async () => {
    const { port, streams } = await start();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(REQUEST);
    const stream = await first(streams);
    while (stream.backlog.length === 0) stream.writer.write(encodeRecord('x'.repeat(200_000)));
    socket.resume();
    await until('the backlog is gone', () => stream.backlog.length === 2);
    expect(stream.backlog).toEqual([true, false]);
    expect(stream.closed).toEqual([]);
    socket.destroy();
  });

  test('a snapshot larger than the bound does not cut its reader, what follows it does', async () => {
    const { port, streams } = await start({ maxQueuedBytes: 1_000_000 });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(REQUEST);
    const stream = await first(streams);
    expect(stream.writer.writeSnapshot(encodeRecord('x'.repeat(20_000_000)))).toBe(true);
    expect(stream.backlog).toEqual([true]);
    expect(stream.writer.write(encodeRecord('x'.repeat(500_000)))).toBe(true);
    expect(stream.writer.write(encodeRecord('x'.repeat(600_000)))).toBe(false);
    expect(stream.closed).toEqual(['queue-full']);
    socket.destroy();
  });

  test('no progress for the stall time cuts the stream', async () => {
    const { port, streams } = await start({ stallMs: 200 });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(REQUEST);
    const stream = await first(streams);
    stream.writer.write(encodeRecord('x'.repeat(20_000_000)));
    // Records that only queue up behind it are no progress.
    const heartbeat = setInterval(() => stream.writer.write(encodeRecord('x')), 50);
    await until('closed', () => stream.closed.length > 0);
    clearInterval(heartbeat);
    expect(stream.closed).toEqual(['stalled']);
    socket.destroy();
  });

  test('an idle stream with nothing queued is left alone', async () => {
    const { port, streams } = await start({ stallMs: 50 });
    const client = rawClient(port, REQUEST);
    const stream = await first(streams);
    stream.writer.write(encodeRecord('one'));
    await until('taken', () => client.text().includes('one'));
    const startMs = performance.now();
    await until('several stall times', () => performance.now() - startMs > 250);
    expect(stream.closed).toEqual([]);
    stream.writer.write(encodeRecord('two'));
    await until('still alive', () => client.text().includes('two'));
    client.socket.destroy();
  });

  test('a reader that does not take the rest after end is cut', async () => {
    const { port, streams } = await start({ endDeadlineMs: 100 });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(REQUEST);
    const stream = await first(streams);
    stream.writer.write(encodeRecord('x'.repeat(20_000_000)));
    stream.writer.end();
    await until('closed', () => stream.closed.length > 0);
    expect(stream.closed).toEqual(['stalled']);
    socket.destroy();
  });
});
