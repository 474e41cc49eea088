import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { messageOf } from '../../../src/base/error.js';
import { isRejection } from '../../../src/base/rejection.js';
import { createHostGuard } from '../../../src/daemon/http/host-guard.js';
import type { HttpLimits } from '../../../src/daemon/http/http-limits.js';
import { type Route, Router } from '../../../src/daemon/http/router.js';
import { HttpServer } from '../../../src/daemon/http/server.js';
import { rawClient, silentLogger, startServer, type TestServer, until } from './fixture.js';

const servers: TestServer[] = [];

async function start(routes: Readonly<Record<string, Route>>, limits: Partial<HttpLimits> = {}): Promise<TestServer> {
  const started = await startServer(routes, limits);
  servers.push(started);
  return started;
}

afterEach(async () => {
  for (const { server } of servers.splice(0)) await server.close(100);
});

const echo: Route = {
  methods: ['POST'],
  async handle(exchange) {
    const body = await exchange.readBody();
    if (isRejection(body)) exchange.reject(body);
    else exchange.send({ status: 200, contentType: 'application/json', body });
  },
};
const document: Route = { methods: ['GET', 'POST'], handle: (exchange) => exchange.sendJson('{"a":1}') };
const large: Route = { methods: ['GET'], handle: (exchange) => exchange.sendJson(`"${'x'.repeat(5000)}"`) };
const accepted: Route = { methods: ['POST'], handle: (exchange) => exchange.send({ status: 202 }) };

describe('answers', () => {
  test('content types are exact, lengths present, an empty answer has no content type', async () => {
    const { url } = await start({ '/doc': document, '/call': accepted });
    const read = await fetch(`${url}/doc`);
    expect(read.headers.get('content-type')).toBe('application/json');
    expect(read.headers.get('content-length')).toBe('7');
    const call = await fetch(`${url}/call`, { method: 'POST' });
    expect([call.status, await call.text()]).toEqual([202, '']);
    expect(call.headers.get('content-type')).toBeNull();
    expect(call.headers.get('content-length')).toBe('0');
  });

  test('HEAD is GET without the body', async () => {
    const { url } = await start({ '/doc': document });
    const response = await fetch(`${url}/doc`, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '7', '']);
  });

  test('a wrong method names the right ones', async () => {
    const { url } = await start({ '/call': accepted });
    const response = await fetch(`${url}/call`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await response.text()).toBe("Expecting one of { 'POST' }, but received 'GET'");
  });

  test('jsonp wraps reads and refuses what is no function name', async () => {
    const { url } = await start({ '/doc': document });
    const wrapped = await fetch(`${url}/doc?jsonp=app.show`);
    expect([wrapped.headers.get('content-type'), await wrapped.text()]).toEqual([
      'text/javascript',
      'app.show({"a":1});',
    ]);
    expect((await fetch(`${url}/doc?jsonp=alert(1)`)).status).toBe(400);
    const posted = await fetch(`${url}/doc?jsonp=app.show`, { method: 'POST' });
    expect(await posted.text()).toBe('{"a":1}');
  });

  test('gzip only for large bodies and only when asked', async () => {
    const { port } = await start({ '/large': large, '/doc': document });
    const ask = async (path: string, accept: string) => {
      const client = rawClient(port, `GET ${path} HTTP/1.1\r\nHost: 1.2.3.4\r\nConnection: close\r\n${accept}\r\n`);
      await client.ended;
      return Buffer.from(client.text(), 'latin1');
    };
    const zipped = await ask('/large', 'Accept-Encoding: deflate, gzip\r\n');
    expect(zipped.toString('latin1')).toContain('Content-Encoding: gzip');
    const body = zipped.subarray(zipped.indexOf('\r\n\r\n') + 4);
    expect(gunzipSync(body).toString()).toBe(`"${'x'.repeat(5000)}"`);
    expect((await ask('/large', '')).toString()).not.toContain('Content-Encoding');
    expect((await ask('/large', 'Accept-Encoding: gzip;q=0\r\n')).toString()).not.toContain('Content-Encoding');
    expect((await ask('/doc', 'Accept-Encoding: gzip\r\n')).toString()).not.toContain('Content-Encoding');
  });

  test('a handler that throws costs a 500 and nothing else', async () => {
    const { url } = await start({
      '/sync': {
        methods: ['GET'],
        handle() {
          throw new Error('secret');
        },
      },
      '/async': { methods: ['GET'], handle: () => Promise.reject(new Error('secret')) },
      '/doc': document,
    });
    for (const path of ['/sync', '/async']) {
      const response = await fetch(url + path);
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain('secret');
    }
    expect((await fetch(`${url}/doc`)).status).toBe(200);
  });

  test('an unknown path is 404, a broken one 400, a foreign host 403', async () => {
    const { url, port } = await start({ '/doc': document });
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/%ff`)).status).toBe(400);
    const foreign = rawClient(port, 'GET /doc HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    await foreign.ended;
    expect(foreign.text()).toMatch(/^HTTP\/1.1 403 /);
    const absolute = rawClient(
      port,
      'GET http://1.2.3.4/doc?x=1 HTTP/1.1\r\nHost: 1.2.3.4\r\nConnection: close\r\n\r\n',
    );
    await absolute.ended;
    expect(absolute.text()).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe('request bodies', () => {
  test('content length, chunks and gzip are all read', async () => {
    const { url, port } = await start({ '/echo': echo });
    expect(await (await fetch(`${url}/echo`, { method: 'POST', body: 'hello' })).text()).toBe('hello');
    const chunked = rawClient(
      port,
      'POST /echo HTTP/1.1\r\nHost: 1.2.3.4\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    );
    await chunked.ended;
    expect(chunked.text()).toMatch(/abcde$/);
    const gzipped = await fetch(`${url}/echo`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync('packed'),
    });
    expect(await gzipped.text()).toBe('packed');
    const broken = await fetch(`${url}/echo`, { method: 'POST', headers: { 'content-encoding': 'gzip' }, body: 'no' });
    expect(broken.status).toBe(400);
    const other = await fetch(`${url}/echo`, { method: 'POST', headers: { 'content-encoding': 'br' }, body: 'no' });
    expect(other.status).toBe(415);
  });

  test.each(['announced', 'chunked', 'compressed'])(
    'a body that is too large (%s) is 413, read to its end',
    async (how) => {
      const { url, server } = await start({ '/echo': echo }, { maxBodyBytes: 100_000 });
      const body = Buffer.alloc(3_000_000, 'x');
      const init: RequestInit =
        how === 'announced'
          ? { method: 'POST', body }
          : how === 'compressed'
            ? { method: 'POST', body: gzipSync(body), headers: { 'content-encoding': 'gzip' } }
            : { method: 'POST', body: new Blob([body]).stream(), duplex: 'half' };
      const response = await fetch(`${url}/echo`, init);
      expect([response.status, await response.text()]).toEqual([413, 'The body is larger than 100000 bytes']);
      expect(server.bodyBytesInFlight).toBe(0);
    },
  );

  test('all bodies together are bounded', async () => {
    const { url, port, server } = await start({ '/echo': echo }, { maxBodyBytesInFlight: 1000 });
    const held = rawClient(
      port,
      `POST /echo HTTP/1.1\r\nHost: 1.2.3.4\r\nContent-Length: 900\r\n\r\n${'x'.repeat(600)}`,
    );
    await until('600 bytes are held', () => server.bodyBytesInFlight === 600);
    expect((await fetch(`${url}/echo`, { method: 'POST', body: 'y'.repeat(500) })).status).toBe(503);
    held.socket.destroy();
    await until('nothing is held', () => server.bodyBytesInFlight === 0);
    expect((await fetch(`${url}/echo`, { method: 'POST', body: 'y'.repeat(500) })).status).toBe(200);
  });

  test('slow headers and slow bodies are 408 and cut', async () => {
    const { port, server } = await start(
      { '/echo': echo },
      { headersTimeoutMs: 150, connectionCheckIntervalMs: 50, bodyTimeoutMs: 150, drainTimeoutMs: 100 },
    );
    const silent = rawClient(port, '');
    const headers = rawClient(port, 'POST /echo HTTP/1.1\r\nHost: 1.2.3.4\r\n');
    const body = rawClient(port, 'POST /echo HTTP/1.1\r\nHost: 1.2.3.4\r\nContent-Length: 5\r\n\r\nab');
    await Promise.all([silent.ended, headers.ended, body.ended]);
    expect(headers.text()).toMatch(/^HTTP\/1.1 408 /);
    expect(body.text()).toMatch(/^HTTP\/1.1 408 /);
    await until('no connection is left', () => server.connectionCount === 0);
  });

  test('100-continue is sent only for a body that may come', async () => {
    const { port } = await start({ '/echo': echo }, { maxBodyBytes: 10, drainTimeoutMs: 50 });
    const head = 'POST /echo HTTP/1.1\r\nHost: 1.2.3.4\r\nConnection: close\r\nExpect: 100-continue\r\n';
    const fits = rawClient(port, `${head}Content-Length: 2\r\n\r\n`);
    await until('continue', () => fits.text().includes('100 Continue'));
    fits.socket.write('ok');
    await fits.ended;
    expect(fits.text()).toMatch(/200 OK[\s\S]*ok$/);
    const huge = rawClient(port, `${head}Content-Length: 11\r\n\r\n`);
    await huge.ended;
    expect(huge.text()).toMatch(/^HTTP\/1.1 413 /);
  });

  test('garbage and long headers are answered, not crashed on', async () => {
    const { port } = await start({ '/echo': echo }, { maxHeaderBytes: 2000 });
    const garbage = rawClient(port, '\x16\x03\x01\x02\x00\x01\r\n\r\n');
    const long = rawClient(port, `GET / HTTP/1.1\r\nHost: 1.2.3.4\r\nX: ${'x'.repeat(5000)}\r\n\r\n`);
    await Promise.all([garbage.ended, long.ended]);
    expect(garbage.text()).toMatch(/^HTTP\/1.1 400 /);
    expect(long.text()).toMatch(/^HTTP\/1.1 431 /);
  });
});

test('a port in use names its owner', async () => {
  const { port } = await start({});
  const server = new HttpServer({ router: new Router([]), hostGuard: createHostGuard([]), logger: silentLogger });
  const error = await server.listen({ ip: '127.0.0.1', port }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'PORT_IN_USE' });
  expect(messageOf(error)).toContain(`(pid ${process.pid})`);
});
