/** An HTTP server that answers as told: a master or an agent for the clients under test. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { decodeProtobuf } from '../../../src/wire/codec.js';
import * as extension from '../../../src/wire/gen/mesoctl-api.js';
import * as scheduler from '../../../src/wire/gen/scheduler.js';
import { encodeJson } from '../../../src/wire/json.js';
import { encodeRecord } from '../../../src/wire/recordio.js';

export interface Seen {
  readonly call: Record<string, unknown>;
  readonly headers: IncomingMessage['headers'];
  readonly path: string;
}

export type Handler = (seen: Seen, response: ServerResponse) => void | Promise<void>;

/** Takes JSON, and calls of the scheduler and extension APIs as protobuf; records every request; `close` cuts all connections. */
export class FakeMaster {
  readonly seen: Seen[] = [];
  readonly sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => void this.#onRequest(request, response));

  private constructor(public handler: Handler) {
    this.#server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  static async start(handler: Handler): Promise<FakeMaster> {
    const master = new FakeMaster(handler);
    await new Promise<void>((resolve) => master.#server.listen(0, '127.0.0.1', resolve));
    return master;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Types of the calls that came, in order. */
  get types(): unknown[] {
    return this.seen.map(({ call }) => call.type);
  }

  cutConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const seen = {
      call: callOf(body, request),
      headers: request.headers,
      path: request.url ?? '',
    };
    this.seen.push(seen);
    await this.handler(seen, response);
  }
}

/** Protobuf is taken for a call of the extension API at its path, elsewhere for one of the scheduler API. */
function callOf(body: Buffer, { headers, url }: IncomingMessage): Record<string, unknown> {
  if (headers['content-type'] === 'application/x-protobuf')
    return {
      ...(url === '/api/mesoctl/v1' ? decodeProtobuf(extension.Call, body) : decodeProtobuf(scheduler.Call, body)),
    };
  return body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
}

export function schedulerRecord(event: scheduler.Event): Buffer {
  return encodeRecord(encodeJson(scheduler.Event, event));
}

export function subscribedRecord(options: { readonly id?: string; readonly heartbeatSeconds?: number } = {}): Buffer {
  return schedulerRecord({
    type: 'SUBSCRIBED',
    subscribed: {
      framework_id: { value: options.id ?? 'fw-1' },
      heartbeat_interval_seconds: options.heartbeatSeconds ?? 15,
    },
  });
}

/** Head of the answer to SUBSCRIBE. */
export function openStream(response: ServerResponse, streamId = 'stream-1'): void {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Mesos-Stream-Id': streamId });
  response.flushHeaders();
}
