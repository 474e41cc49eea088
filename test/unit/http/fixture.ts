// A server with the routes a test wants, a raw client that says exactly what it is told, and a wait with a deadline.
import { connect, type Socket } from 'node:net';
import type { Logger } from '../../../src/base/system/logger.js';
import { createHostGuard } from '../../../src/daemon/http/host-guard.js';
import type { HttpLimits } from '../../../src/daemon/http/http-limits.js';
import { type Route, Router } from '../../../src/daemon/http/router.js';
import { HttpServer } from '../../../src/daemon/http/server.js';

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

export interface TestServer {
  readonly server: HttpServer;
  readonly port: number;
  readonly url: string;
}

export async function startServer(
  routes: Readonly<Record<string, Route>>,
  limits: Partial<HttpLimits> = {},
): Promise<TestServer> {
  const router = new Router(['master']);
  for (const [path, route] of Object.entries(routes)) router.add(path, route);
  const server = new HttpServer({ router, hostGuard: createHostGuard([]), logger: silentLogger, limits });
  const { port } = await server.listen({ ip: '127.0.0.1', port: 0 });
  return { server, port, url: `http://127.0.0.1:${port}` };
}

export interface RawClient {
  readonly socket: Socket;
  /** Everything received so far. */
  text(): string;
  /** Data events so far, each as it arrived. */
  readonly ended: Promise<void>;
}

/** Connects and writes `request` (line ends as given); reads until the other side closes. */
export function rawClient(port: number, request: string): RawClient {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.write(request);
  return { socket, text: () => received, ended };
}

export async function until(what: string, condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
