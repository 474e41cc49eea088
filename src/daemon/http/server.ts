/**
 * The HTTP server of both daemons: node:http with the checks that every request passes before a handler sees it (Host,
 * target, route, method) and the deadlines that keep one client from holding the server up. It knows nothing of Mesos.
 *
 * Invariants: every request gets exactly one answer or loses its connection; a handler that throws costs a 500 and a log
 * line, never the process; `close` leaves no socket and no timer. Node's own `requestTimeout` stays off, because it
 * would cut streaming requests; bodies that are read whole have their own deadline (http-limits.ts).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { assert } from '../../base/assert.js';
import { MesoError, messageOf } from '../../base/error.js';
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import type { Logger } from '../../base/system/logger.js';
import { BodyBudget } from './body.js';
import { Exchange, type Target, TEXT_PLAIN } from './exchange.js';
import type { HostGuard } from './host-guard.js';
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from './http-limits.js';
import { describeListener } from './listener-owner.js';
import type { Router } from './router.js';

/** Takes over the socket of an `Upgrade` request, or returns why not. `head`: bytes already received after the request. */
export type UpgradeHandler = (request: IncomingMessage, socket: Socket, head: Buffer) => UpgradeRefusal | undefined;

/** An answer to an `Upgrade` request that was not taken; the connection closes after it. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface HttpServerOptions {
  readonly router: Router;
  readonly hostGuard: HostGuard;
  readonly logger: Logger;
  readonly limits?: Partial<HttpLimits> | undefined;
  /** By lower-case protocol, for example `mesoctl-link/1`. */
  readonly upgrades?: ReadonlyMap<string, UpgradeHandler> | undefined;
}

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #limits: HttpLimits;
  readonly #bodies: BodyBudget;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_HTTP_LIMITS, ...options.limits };
    this.#bodies = new BodyBudget(this.#limits.maxBodyBytesInFlight);
    this.#server = createServer(
      {
        connectionsCheckingInterval: this.#limits.connectionCheckIntervalMs,
        headersTimeout: this.#limits.headersTimeoutMs,
        keepAliveTimeout: this.#limits.keepAliveTimeoutMs,
        maxHeaderSize: this.#limits.maxHeaderBytes,
        requestTimeout: 0,
        noDelay: true,
      },
      (request, response) => this.#onRequest(request, response, false),
    );
    this.#server.on('checkContinue', (request, response) => this.#onRequest(request, response, true));
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
    this.#server.on('clientError', (error, socket) => this.#onClientError(error, socket));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Open connections, upgraded ones included. */
  get connectionCount(): number {
    return this.#sockets.size;
  }

  /** Bytes of request bodies being read now. */
  get bodyBytesInFlight(): number {
    return this.#bodies.heldBytes;
  }

  /** Binds; resolves with the address in use. Rejects with PORT_IN_USE (naming the owner, if it can be seen) or BAD_INPUT. */
  listen(options: { readonly ip: string; readonly port: number }): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException) => reject(listenError(error, options));
      this.#server.once('error', onError);
      this.#server.listen({ host: options.ip, port: options.port, backlog: 4096 }, () => {
        this.#server.removeListener('error', onError);
        this.#server.on('error', (error) =>
          this.#options.logger.error({ error: messageOf(error) }, 'accepting connections failed'),
        );
        const address = this.#server.address();
        assert(address !== null && typeof address === 'object', 'a listening TCP server has an address');
        resolve(address);
      });
    });
  }

  /** No new connections; idle ones close now, the others get `graceMs` to finish and are then cut. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
    // Upgraded sockets are no longer the server's to wait for.
    for (const socket of this.#sockets) socket.destroy();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const target = parseTarget(request.url ?? '/');
    const exchange = new Exchange(request, response, {
      target: isRejection(target) ? { path: '/', query: new URLSearchParams() } : target,
      limits: this.#limits,
      bodies: this.#bodies,
      expectsContinue,
    });
    if (!this.#options.hostGuard.allows(request.headers.host)) {
      exchange.reject(foreignHost(request.headers.host));
      return;
    }
    if (isRejection(target)) exchange.reject(target);
    else this.#dispatch(exchange);
  }

  #dispatch(exchange: Exchange): void {
    const found = this.#options.router.find(exchange.path);
    if (found === undefined) {
      exchange.reject(reject('not-found', `There is nothing at ${printable(exchange.path)}`));
      return;
    }
    const { route } = found;
    const method = exchange.method === 'HEAD' ? 'GET' : exchange.method;
    if (route.methodCheck !== 'handler' && !(route.methods as readonly string[]).includes(method)) {
      exchange.refuseMethod(route.methods);
      return;
    }
    try {
      route.handle(exchange)?.catch((error: unknown) => this.#onHandlerError(exchange, error));
    } catch (error) {
      this.#onHandlerError(exchange, error);
    }
  }

  #onHandlerError(exchange: Exchange, error: unknown): void {
    const { method, path } = exchange;
    const stack = error instanceof Error ? error.stack : undefined;
    this.#options.logger.error({ method, path, error: messageOf(error), stack }, 'a request handler failed');
    if (exchange.isAnswered) exchange.request.socket.destroy();
    else
      exchange.send({
        status: 500,
        contentType: TEXT_PLAIN,
        body: 'Internal error; the log of the server says more',
      });
  }

  #onUpgrade(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
    // http.Server hands out the net.Socket it accepted.
    const socket = duplex as Socket;
    socket.on('error', () => socket.destroy());
    const handler = this.#options.upgrades?.get((request.headers.upgrade ?? '').toLowerCase());
    let refusal: UpgradeRefusal | undefined;
    if (!this.#options.hostGuard.allows(request.headers.host))
      refusal = { status: 403, message: foreignHost(request.headers.host).message };
    else if (handler === undefined) refusal = { status: 400, message: 'This server does not speak that protocol' };
    else refusal = handler(request, socket, head);
    if (refusal !== undefined) endWith(socket, refusal);
  }

  // What Node's parser refused before there was a request: broken syntax, too long headers, too slow headers.
  #onClientError(error: NodeJS.ErrnoException, duplex: Duplex): void {
    const socket = duplex as Socket;
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
      endWith(socket, { status: 408, message: 'The request came too slowly' });
    else if (error.code === 'HPE_HEADER_OVERFLOW')
      endWith(socket, { status: 431, message: `The headers are larger than ${this.#limits.maxHeaderBytes} bytes` });
    else endWith(socket, { status: 400, message: 'This is not a valid HTTP request' });
  }
}

function foreignHost(header: string | undefined): Rejection {
  return reject(
    'forbidden',
    `The Host header '${printable(header ?? '')}' is not a name of this server: use its IP address, or set --hostname`,
  );
}

/** Path and query of a request target in origin or absolute form. */
function parseTarget(url: string): Target | Rejection {
  const origin = /^https?:\/\/[^/?#]*/i.exec(url)?.[0] ?? '';
  const rest = url.slice(origin.length);
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  if (!path.startsWith('/') && path !== '') return reject('malformed', 'The request target is not an absolute path');
  try {
    return {
      path: decodeURIComponent(path === '' ? '/' : path),
      query: new URLSearchParams(mark < 0 ? '' : rest.slice(mark + 1)),
    };
  } catch {
    return reject('malformed', 'The path is not valid percent-encoded UTF-8');
  }
}

function printable(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > 200 ? `${clean.slice(0, 200)}...` : clean;
}

function endWith(socket: Socket, refusal: UpgradeRefusal): void {
  const body = refusal.message;
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Error'}`,
    'Connection: close',
    `Content-Type: ${TEXT_PLAIN}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(refusal.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function listenError(error: NodeJS.ErrnoException, at: { readonly ip: string; readonly port: number }): MesoError {
  const where = `${at.ip}:${at.port}`;
  if (error.code === 'EADDRINUSE') {
    const owner = describeListener(at.port);
    return new MesoError('PORT_IN_USE', `${where} is in use${owner === undefined ? '' : ` by ${owner.text}`}`, {
      cause: error,
      details: { ip: at.ip, port: at.port, pid: owner?.pid },
      suggestions: ['choose another port with --port, or --port 0 for any free one'],
    });
  }
  if (error.code === 'EADDRNOTAVAIL')
    return new MesoError('BAD_INPUT', `${at.ip} is not an address of this machine`, { cause: error });
  if (error.code === 'EACCES')
    return new MesoError('NOT_ALLOWED', `binding ${where} needs more rights: ports below 1024 are reserved`, {
      cause: error,
    });
  return new MesoError('INTERNAL', `cannot listen on ${where}: ${messageOf(error)}`, { cause: error });
}
