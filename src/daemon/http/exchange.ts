/**
 * One request and its one answer. Wraps Node's pair so that handlers cannot get the protocol wrong: exact content types
 * without parameters, Content-Length on everything that is not a stream, gzip only for whole bodies, one answer only.
 * Source: spec page 13, 13.1 and 13.2; spec page 03, 3.4 (jsonp).
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { assert } from '../../base/assert.js';
import { HTTP_STATUS_OF_REJECTION, type Rejection, reject } from '../../base/rejection.js';
import { type BodyBudget, readBody } from './body.js';
import type { HttpLimits } from './http-limits.js';
import { type StreamLimits, type StreamObserver, StreamWriter } from './stream-writer.js';

const compress = promisify(gzip);

/** Below this the original does not compress either. */
const MIN_GZIP_BYTES = 1024;

/** Of error messages; the one content type with a parameter, as in the original. */
export const TEXT_PLAIN = 'text/plain; charset=utf-8';

export interface Answer {
  readonly status: number;
  /** Sent exactly as given; left out when there is no body. */
  readonly contentType?: string | undefined;
  readonly body?: string | Buffer | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Request target after parsing. */
export interface Target {
  /** Percent-decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface ExchangeOptions {
  readonly target: Target;
  readonly limits: HttpLimits;
  readonly bodies: BodyBudget;
  /** The client waits for 100 Continue before it sends the body. */
  readonly expectsContinue: boolean;
}

export class Exchange {
  readonly request: IncomingMessage;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Address of the peer, without the prefix of mapped IPv4 addresses. */
  readonly remoteIp: string;
  readonly #response: ServerResponse;
  readonly #options: ExchangeOptions;
  #answered = false;

  constructor(request: IncomingMessage, response: ServerResponse, options: ExchangeOptions) {
    this.request = request;
    this.method = request.method ?? 'GET';
    this.path = options.target.path;
    this.query = options.target.query;
    this.remoteIp = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    this.#response = response;
    this.#options = options;
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers;
  }

  /** True once an answer or a stream was started. */
  get isAnswered(): boolean {
    return this.#answered;
  }

  /** True when the client is gone; an answer would go nowhere. */
  get isClosed(): boolean {
    return this.#response.destroyed || this.request.socket.destroyed;
  }

  /** Path and query as the client sent them, for a redirect to the same place. */
  get originalTarget(): string {
    const url = this.request.url ?? '/';
    return url.startsWith('/') ? url : '/';
  }

  /** A header by lower-case name; repeated ones are joined by a comma. */
  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /**
   * The whole body, decompressed, within the limits of size and time. A Rejection is to be answered with `reject`; it
   * is `too-large`, `malformed` (broken compression, client gave up or was too slow) or `unavailable`.
   */
  readBody(): Promise<Buffer | Rejection> {
    const { limits, bodies, expectsContinue } = this.#options;
    const onAccepted = () => {
      if (expectsContinue) this.#response.writeContinue();
    };
    return readBody(this.request, { limits, bodies, onAccepted });
  }

  /** Sends the answer. Does nothing when the client is gone. Must be called once at most, and not after `openStream`. */
  send(answer: Answer): void {
    assert(!this.#answered, 'an exchange is answered once');
    this.#answered = true;
    if (this.isClosed) return;
    const body = typeof answer.body === 'string' ? Buffer.from(answer.body, 'utf8') : answer.body;
    if (body === undefined || body.length < MIN_GZIP_BYTES || !this.#acceptsGzip()) {
      this.#finish(answer, body, {});
      return;
    }
    compress(body, { level: constants.Z_BEST_SPEED }).then(
      (compressed) => this.#finish(answer, compressed, { 'Content-Encoding': 'gzip' }),
      () => this.#response.destroy(),
    );
  }

  /** 200 with a JSON document; `?jsonp=name` of a GET wraps it into a call of that function. */
  sendJson(json: string): void {
    const callback = this.method === 'GET' ? this.query.get('jsonp') : null;
    if (callback === null) this.send({ status: 200, contentType: 'application/json', body: json });
    else if (!/^[A-Za-z_$][\w$.]{0,127}$/.test(callback))
      this.reject(reject('invalid', 'The jsonp parameter must be the name of a function'));
    else this.send({ status: 200, contentType: 'text/javascript', body: `${callback}(${json});` });
  }

  /** Status by the one table, the message as text. */
  reject(rejection: Rejection, headers: Readonly<Record<string, string>> = {}): void {
    this.send({
      status: HTTP_STATUS_OF_REJECTION[rejection.code],
      contentType: TEXT_PLAIN,
      body: rejection.message,
      headers,
    });
  }

  /** 405 with the methods that would do. */
  refuseMethod(allowed: readonly string[]): void {
    const list = allowed.map((method) => `'${method}'`).join(', ');
    this.reject(reject('method-not-allowed', `Expecting one of { ${list} }, but received '${this.method}'`), {
      Allow: allowed.join(', '),
    });
  }

  /** 307 to `location`, which must carry a port (spec page 13, 13.1). */
  redirect(location: string): void {
    this.send({ status: 307, headers: { Location: location } });
  }

  /** Answers 200 and goes on as a stream of `contentType`; the headers leave at once. Undefined: the client is gone. */
  openStream(options: {
    readonly contentType: string;
    readonly headers?: Readonly<Record<string, string>> | undefined;
    readonly limits: StreamLimits;
    readonly observer: StreamObserver;
  }): StreamWriter | undefined {
    assert(!this.#answered, 'an exchange is answered once');
    this.#answered = true;
    if (this.isClosed) return undefined;
    const response = this.#response;
    response.statusCode = 200;
    response.setHeader('Content-Type', options.contentType);
    for (const [name, value] of Object.entries(options.headers ?? {})) response.setHeader(name, value);
    return new StreamWriter(response, { limits: options.limits, observer: options.observer });
  }

  /** Calls back once when the client went away before the exchange was over. Not for streams: they have an observer. */
  onAbandoned(callback: () => void): void {
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) callback();
    });
  }

  #acceptsGzip(): boolean {
    const accepted = this.header('accept-encoding');
    return (
      accepted !== undefined &&
      /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)/i.test(accepted)
    );
  }

  #finish(answer: Answer, body: Buffer | undefined, extra: Readonly<Record<string, string>>): void {
    const response = this.#response;
    if (this.isClosed) return;
    response.statusCode = answer.status;
    for (const [name, value] of Object.entries({ ...answer.headers, ...extra })) response.setHeader(name, value);
    if (body !== undefined && body.length > 0 && answer.contentType !== undefined)
      response.setHeader('Content-Type', answer.contentType);
    response.setHeader('Content-Length', body?.length ?? 0);
    const { responseStallMs } = this.#options.limits;
    response.setTimeout(responseStallMs, () => response.destroy());
    if (this.request.complete || isBodiless(this.request)) {
      response.end(body);
      return;
    }
    // The body was not read to its end. Closing now would reset the connection and the client would never see the
    // answer: send it, throw the rest away for a while, then close.
    response.setHeader('Connection', 'close');
    if (body === undefined) response.flushHeaders();
    else response.write(body);
    this.#drainThenEnd();
  }

  #drainThenEnd(): void {
    const response = this.#response;
    const end = () => {
      clearTimeout(timer);
      response.end();
    };
    const timer = setTimeout(() => response.destroy(), this.#options.limits.drainTimeoutMs);
    response.once('close', () => clearTimeout(timer));
    this.request.once('end', end);
    this.request.once('error', () => response.destroy());
    this.request.resume();
  }
}

function isBodiless(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) === 0;
}
