/**
 * A master that is nothing but the extension API over a generated cluster: SUBSCRIBE, FIND, KILL_TASK, WHY, GET_INFO. Several
 * may subscribe; all hear the same. For what shows a cluster, at sizes that no test could run for real.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { isRejection } from '../../src/base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../src/wire/codec.js';
import * as api from '../../src/wire/gen/mesoctl-api.js';
import { encodeRecord } from '../../src/wire/recordio.js';
import { ClusterStream, type ClusterStreamOptions } from '../bench/cluster-stream.js';

const STEP_MS = 50;

export class StreamMaster {
  readonly stream: ClusterStream;
  /** Calls other than SUBSCRIBE, as they came. */
  readonly calls: api.Call[] = [];
  /** Says when an event was written, by its serial number. */
  onEvent: ((event: api.Event) => void) | undefined;
  subscriptions = 0;
  readonly #subscribers = new Set<ServerResponse>();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => void this.#onRequest(request, response));
  #timer: NodeJS.Timeout | undefined;
  #lastBeatMs = 0;

  private constructor(options: ClusterStreamOptions) {
    this.stream = new ClusterStream(options);
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** `port` 0: any free one. */
  static async start(options: Partial<ClusterStreamOptions> = {}, port = 0): Promise<StreamMaster> {
    const master = new StreamMaster({
      seed: 1,
      agents: 20,
      tasks: 200,
      frameworks: 5,
      eventsPerSecond: 20,
      startUnixMs: Date.now(),
      ...options,
    });
    await master.listen(port);
    return master;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    this.#timer = setInterval(() => this.#step(), STEP_MS);
  }

  /** One event to everybody, out of turn. */
  publish(event: api.Event): void {
    const record = encodeRecord(encodeProtobuf(api.Event, event));
    for (const response of this.#subscribers) response.write(record);
    this.onEvent?.(event);
    this.#lastBeatMs = Date.now();
  }

  /** As kill -9 looks from outside: every connection is gone, nobody listens. */
  async die(): Promise<number> {
    const { port } = this;
    clearInterval(this.#timer);
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#subscribers.clear();
    return port;
  }

  #step(): void {
    for (const event of this.stream.advance(Date.now())) this.publish(event);
    if (Date.now() - this.#lastBeatMs >= 1000) this.publish(this.stream.heartbeat());
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const call = decodeProtobuf(api.Call, Buffer.concat(chunks));
    if (request.url !== '/api/mesoctl/v1' || isRejection(call)) {
      response.writeHead(404).end('Not Found');
      return;
    }
    if (call.type === 'SUBSCRIBE') {
      this.#subscribe(call.subscribe ?? {}, response);
      return;
    }
    this.calls.push(call);
    const answer = this.#answer(call);
    if (typeof answer === 'string') response.writeHead(404).end(answer);
    else
      response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end(encodeProtobuf(api.Response, answer));
  }

  #subscribe({ snapshot_only }: api.Call_Subscribe, response: ServerResponse): void {
    this.subscriptions += 1;
    response.writeHead(200, { 'Content-Type': 'application/x-protobuf' });
    // What happened before is in the snapshot.
    for (const event of this.stream.advance(Date.now())) this.publish(event);
    for (const event of this.stream.subscribe()) response.write(encodeRecord(encodeProtobuf(api.Event, event)));
    if (snapshot_only === true) {
      response.end();
      return;
    }
    this.#subscribers.add(response);
    response.once('close', () => this.#subscribers.delete(response));
  }

  #answer(call: api.Call): api.Response | string {
    switch (call.type) {
      case 'GET_INFO':
        return { type: 'GET_INFO', info: this.stream.info() };
      case 'FIND': {
        const { framework_id, reference } = call.find ?? { reference: '' };
        const task = this.stream.findTask(framework_id?.value ?? '', reference);
        return { type: 'FIND', find: task === undefined ? { total: 0 } : { total: 1, matches: [{ task }] } };
      }
      case 'KILL_TASK': {
        const { framework_id, task_id } = call.kill_task ?? { task_id: { value: '' } };
        const task = this.stream.findTask(framework_id?.value ?? '', task_id.value);
        if (task === undefined || !this.stream.kill(framework_id?.value ?? '', task_id.value)) return 'no such task';
        return { type: 'KILL_TASK', kill_task: { task } };
      }
      case 'WHY':
        return { type: 'WHY', why: { summary: 'Of 20 agents: 12 have too little memory free (largest 6.1G)' } };
      default:
        return 'no such call';
    }
  }
}
