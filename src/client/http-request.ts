/**
 * One HTTP request over node:http, with what the Mesos APIs need and fetch does not give: a deadline for connecting, the
 * knowledge whether a failed request can have been seen by the server, and a response that stays open for ever.
 *
 * Invariants: every request ends, by an answer, by a failure or by its signal; a body that nobody reads is destroyed.
 */
import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { messageOf } from '../base/error.js';
import { type Address, formatAddress } from './address.js';

export interface HttpRequest {
  readonly address: Address;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A POST with this body; undefined: a GET. */
  readonly body?: Uint8Array | string | undefined;
  readonly connectTimeoutMs: number;
  /** From the end of the request to the head of the answer. */
  readonly responseTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Connections to reuse; undefined: a connection of its own. */
  readonly agent?: Agent | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read to its end or destroyed. */
  readonly body: IncomingMessage;
  readonly address: Address;
}

/** No answer came. Internal to the SDK, which turns it into a MesoError. */
export class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure';

  constructor(
    readonly address: Address,
    /** For people: "refused", "no answer within 3000 ms". */
    readonly reason: string,
    /** False: the server cannot have seen the request, so repeating it is safe. */
    readonly maybeSeen: boolean,
    cause?: unknown,
  ) {
    super(`${formatAddress(address)}: ${reason}`, { cause });
  }
}

const REASON_OF_ERRNO: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be resolved now',
  ETIMEDOUT: 'timeout',
};

/** Resolves with the head of the answer; rejects with a ConnectionFailure, or with the signal's reason. */
export function sendRequest(options: HttpRequest): Promise<HttpResponse> {
  const { address, body, signal } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const call = request({
      host: address.host,
      port: address.port,
      path: options.path,
      method: body === undefined ? 'GET' : 'POST',
      agent: options.agent ?? false,
      headers: {
        ...options.headers,
        Host: formatAddress(address),
        ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
      },
    });
    const watch = new RequestWatch(options, (failure) => call.destroy(failure));
    const onAbort = () => call.destroy();
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = () => {
      watch.close();
      signal?.removeEventListener('abort', onAbort);
    };
    call.on('socket', (socket) => watch.onSocket(socket));
    call.once('finish', () => watch.onSent());
    call.once('response', (message) => {
      settle();
      resolve({ status: message.statusCode ?? 0, headers: message.headers, body: message, address });
    });
    call.on('error', (error) => {
      settle();
      reject(signal?.aborted === true ? signal.reason : watch.failureOf(error, call.reusedSocket));
    });
    call.end(body);
  });
}

/** The deadlines of one request and what is known about how far it came. */
class RequestWatch {
  readonly #options: HttpRequest;
  readonly #onExpired: (failure: ConnectionFailure) => void;
  #isConnected = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HttpRequest, onExpired: (failure: ConnectionFailure) => void) {
    this.#options = options;
    this.#onExpired = onExpired;
    // Covers the wait for a free connection and the look-up of the name as well.
    this.#arm(options.connectTimeoutMs + options.responseTimeoutMs, false);
  }

  onSocket(socket: Socket): void {
    if (!socket.connecting) {
      this.#isConnected = true;
      return;
    }
    this.#arm(this.#options.connectTimeoutMs, false);
    socket.once('connect', () => {
      this.#isConnected = true;
      this.#arm(this.#options.responseTimeoutMs, true);
    });
  }

  onSent(): void {
    if (this.#isConnected) this.#arm(this.#options.responseTimeoutMs, true);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  failureOf(error: Error, wasReused: boolean): ConnectionFailure {
    if (error instanceof ConnectionFailure) return error;
    const { code } = error as NodeJS.ErrnoException;
    // A server may close an idle connection at the moment it is used again: then it has read nothing of the request.
    const wasIdle = wasReused && code === 'ECONNRESET';
    const reason = (code === undefined ? undefined : REASON_OF_ERRNO[code]) ?? messageOf(error);
    return new ConnectionFailure(this.#options.address, reason, this.#isConnected && !wasIdle, error);
  }

  #arm(ms: number, maybeSeen: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#onExpired(new ConnectionFailure(this.#options.address, `no answer within ${ms} ms`, maybeSeen)),
      ms,
    );
  }
}

/** Reads a whole body; rejects with a ConnectionFailure when it is cut off, too large, or too slow. */
export async function readBody(
  { body, address }: HttpResponse,
  options: { readonly maxBytes: number; readonly timeoutMs: number },
): Promise<Buffer> {
  const fail = (reason: string) => body.destroy(new ConnectionFailure(address, reason, true));
  const timer = setTimeout(() => fail(`the answer did not end within ${options.timeoutMs} ms`), options.timeoutMs);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > options.maxBytes) fail(`the answer is larger than ${options.maxBytes} bytes`);
      else chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    throw error instanceof ConnectionFailure
      ? error
      : new ConnectionFailure(address, 'the answer was cut off', true, error);
  } finally {
    clearTimeout(timer);
  }
}
