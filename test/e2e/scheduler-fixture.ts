// What the scheduler API tests share: a client that shows every HTTP chunk as it came, and an agent that only registers
// and then says exactly what it is told. The master they talk to is a real daemon.
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { seededRandom } from '../../src/base/random.js';
import { isRejection } from '../../src/base/rejection.js';
import { systemClock } from '../../src/base/system/clock.js';
import { LinkClient } from '../../src/daemon/link/link-client.js';
import { Resources } from '../../src/offers/resources/resources.js';
import { type Answer, get, type Json, postJson, scalars, TestScheduler } from '../harness/api.mjs';
import { type Cluster, type Daemon, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { silentLogger } from '../unit/http/fixture.js';

/** One response as it is on the wire. */
export class RawResponse {
  /** Status line and headers, as sent. */
  head = '';
  /** Bodies of the HTTP chunks so far. */
  readonly chunks: Buffer[] = [];
  /** Body of a response with Content-Length. */
  body: Buffer = Buffer.alloc(0);
  /** The response is complete, or the connection is gone. */
  done = false;

  get status(): number {
    return Number(this.head.split(' ')[1]);
  }

  /** Values of a header, in order; the name in any case. */
  header(name: string): readonly string[] {
    const lines = this.head.split('\r\n').slice(1);
    return lines.flatMap((line) => {
      const colon = line.indexOf(':');
      return line.slice(0, colon).toLowerCase() === name ? [line.slice(colon + 1).trim()] : [];
    });
  }
}

/** A connection that sends bytes and reads one response after the other. */
export class RawConnection {
  readonly socket: Socket;
  closed = false;
  #received: Buffer = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.closed = true;
    });
  }

  /** Begins to read the next response; it fills while one waits for it. */
  async response(ready: (response: RawResponse) => boolean = (response) => response.done): Promise<RawResponse> {
    const response = new RawResponse();
    await this.fill(response, ready);
    return response;
  }

  /** Goes on reading a response that `response` returned. */
  async fill(response: RawResponse, ready: (response: RawResponse) => boolean): Promise<RawResponse> {
    await until(
      'a response',
      () => {
        this.#parse(response);
        return ready(response);
      },
      { explain: () => `${response.head}\n${response.chunks.length} chunks, done: ${response.done}` },
    );
    return response;
  }

  #parse(response: RawResponse): void {
    if (response.head === '') {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end < 0) return;
      response.head = this.#take(end + 4)
        .toString('latin1')
        .trimEnd();
    }
    if (response.header('transfer-encoding').includes('chunked')) this.#parseChunks(response);
    else this.#parseBody(response);
    if (this.closed) response.done = true;
  }

  #parseChunks(response: RawResponse): void {
    while (!response.done) {
      const end = this.#received.indexOf('\r\n');
      if (end < 0) return;
      const bytes = Number.parseInt(this.#received.subarray(0, end).toString('latin1'), 16);
      if (this.#received.length < end + 2 + bytes + 2) return;
      this.#take(end + 2);
      const chunk = this.#take(bytes);
      this.#take(2);
      if (bytes === 0) response.done = true;
      else response.chunks.push(chunk);
    }
  }

  #parseBody(response: RawResponse): void {
    const bytes = Number(response.header('content-length')[0] ?? 0);
    if (response.done || this.#received.length < bytes) return;
    response.body = this.#take(bytes);
    response.done = true;
  }

  #take(bytes: number): Buffer {
    const taken = Buffer.from(this.#received.subarray(0, bytes));
    this.#received = this.#received.subarray(bytes);
    return taken;
  }

  send(...parts: readonly (string | Uint8Array)[]): this {
    for (const part of parts) this.socket.write(part);
    return this;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A POST with exactly these header lines; Host and Content-Length are added. */
export function rawPost(path: string, headers: readonly string[], body: string | Uint8Array): Buffer {
  const payload = Buffer.from(body as string);
  const lines = [`POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...headers, `Content-Length: ${payload.length}`];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), payload]);
}

/** Splits a chunk that must be one RecordIO record; throws when it is not. */
export function recordOf(chunk: Buffer): Buffer {
  const newline = chunk.indexOf(10);
  const length = chunk.subarray(0, newline).toString('latin1');
  if (!/^[1-9][0-9]*$/.test(length)) throw new Error(`no length line: ${JSON.stringify(chunk.toString('latin1'))}`);
  const record = chunk.subarray(newline + 1);
  if (record.length !== Number(length)) throw new Error(`a record of ${length} bytes in a chunk with ${record.length}`);
  return record;
}

/** An agent that registers, answers pings, notes what it is told and sends what it is asked to. */
export class ScriptedAgent {
  readonly frames: Json[] = [];
  readonly #client: LinkClient;

  constructor(master: string, options: { readonly port: number; readonly resources: string }) {
    const resources = Resources.parse(options.resources);
    if (isRejection(resources)) throw new Error(resources.message);
    const capabilities = ['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT', 'TASK_RESOURCE_LIMITS'] as const;
    this.#client = new LinkClient({
      masters: [master],
      hello: () => ({}),
      clock: systemClock,
      random: seededRandom(options.port),
      logger: silentLogger,
      observer: {
        onUp: () =>
          this.send({
            register: {
              agent_info: { hostname: `agent-${options.port}`, port: options.port, resources: resources.toWire() },
              version: '1.12.0',
              capabilities: capabilities.map((type) => ({ type })),
              ip: '127.0.0.1',
            },
          }),
        onFrame: (_channel, frame) => {
          this.frames.push(frame);
          if (frame.ping !== undefined) this.send({ pong: {} });
        },
        onLost: () => undefined,
        onRefused: () => undefined,
      },
    });
    this.#client.start();
  }

  send(body: Json): void {
    this.#client.send(1, body);
  }

  /** The first frame that has `member`, past or future. */
  async told(member: string, accept: (value: Json) => boolean = () => true): Promise<Json> {
    const find = () => this.frames.find((frame) => frame[member] !== undefined && accept(frame[member]));
    const frame = await until(`frame ${member}`, find, {
      explain: () => this.frames.map((each) => Object.keys(each).at(-1)).join(' '),
    });
    return frame[member];
  }

  async id(): Promise<{ readonly value: string }> {
    return (await this.told('registered')).agent_id;
  }

  /** Sends a status update of a task that this agent was told to run. */
  update(frameworkId: Json, taskId: string, state: string, more: Json = {}): void {
    const uuid = Buffer.alloc(16, state);
    const status = { task_id: { value: taskId }, state, source: 'SOURCE_EXECUTOR', uuid, ...more };
    this.send({ status_update: { framework_id: frameworkId, status, latest_state: state } });
  }

  close(): void {
    void this.#client.close();
  }
}

/** Frameworks of one test, all torn down after it. */
export class Frameworks {
  readonly #made: TestScheduler[] = [];

  async subscribe(url: string, info: Json = {}, subscribe: Json = {}): Promise<TestScheduler> {
    const framework = await TestScheduler.subscribe(url, { user: 'root', name: 'test', ...info }, { subscribe });
    this.#made.push(framework);
    return framework;
  }

  async tearDown(url: string): Promise<void> {
    for (const framework of this.#made.splice(0)) {
      const teardown = { type: 'TEARDOWN', teardown: { framework_id: framework.frameworkId } };
      await postJson(`${url}/api/v1`, teardown);
      framework.close();
    }
  }
}

/** What a test looks at in an answer. */
export function seen({ status, text, headers }: Answer): readonly [number, string, string | undefined] {
  return [status, text, headers['content-type']];
}

export const multiRole = { capabilities: [{ type: 'MULTI_ROLE' }] };

export const SMALL: readonly Json[] = scalars({ cpus: 0.1, mem: 32 });

/** Filters that keep nothing away. */
export const NOW = { refuse_seconds: 0 };

/** The offer of that index among all that were made and not rescinded. */
export const nextOffer = (framework: TestScheduler, index = 0): Promise<Json> =>
  until(`offer ${index}`, () => framework.offers()[index]);

export const taskInfo = (id: string, value = 'sleep 100', more: Json = {}): Json => ({
  name: id,
  task_id: { value: id },
  resources: SMALL,
  command: { value },
  ...more,
});

/** The first status of a task in that state, past or future, for which `accept` is true. */
export async function updateOf(
  framework: TestScheduler,
  id: string,
  state: string,
  accept: (status: Json) => boolean = () => true,
): Promise<Json> {
  const statuses = () => framework.events.flatMap(({ update }) => (update === undefined ? [] : [update.status]));
  const isMeant = (status: Json) => status.task_id.value === id && status.state === state && accept(status);
  return until(`${state} of ${id}`, () => statuses().find(isMeant), {
    explain: () =>
      statuses()
        .map((status) => `${status.task_id.value} ${status.state} ${status.message}`)
        .join('\n'),
  });
}

/** Launches a task, acknowledges, and resolves with its TASK_RUNNING. */
export async function runTask(framework: TestScheduler, info: Json, offer?: Json): Promise<Json> {
  const id = info.task_id.value;
  await framework.launch(offer ?? (await nextOffer(framework)), [info], NOW);
  await framework.acknowledge(await updateOf(framework, id, 'TASK_STARTING'));
  const running = await updateOf(framework, id, 'TASK_RUNNING');
  await framework.acknowledge(running);
  return running;
}

/** Takes one offer or several with these operations. */
export function acceptOffers(framework: TestScheduler, offers: Json, operations: readonly Json[]): Promise<Answer> {
  const offer_ids = [offers].flat().map(({ id }) => id);
  return framework.call({ type: 'ACCEPT', accept: { offer_ids, operations, filters: NOW } });
}

export const capable = (...types: readonly string[]): Json => ({ capabilities: types.map((type) => ({ type })) });

export interface AgentCluster {
  readonly url: string;
  readonly agent: Daemon;
  readonly subscribe: (info?: Json, subscribe?: Json) => Promise<TestScheduler>;
}

/** One master and one agent for all tests of a file; each test finds the agent with nothing used and nothing offered. */
export function agentCluster(resources: string): AgentCluster {
  const frameworks = new Frameworks();
  let cluster: Cluster | undefined;
  const site = {
    url: '',
    get agent(): Daemon {
      const [agent] = cluster?.agents ?? [];
      if (agent === undefined) throw new Error('the cluster is not started');
      return agent;
    },
    subscribe: (info: Json = {}, subscribe: Json = {}) => frameworks.subscribe(site.url, info, subscribe),
  };
  beforeAll(async () => {
    const args = ['--attributes', 'rack:a1;level:[1-3];weight:2.5'];
    const master = { args: ['--allocation-interval', '100ms'] };
    cluster = await startCluster({ agents: 1, master, agent: { resources, args } });
    site.url = cluster.master.url;
  }, 90_000);
  afterEach(async () => {
    await frameworks.tearDown(site.url);
    await until('everything is free', async () => {
      const { slaves } = JSON.parse((await get(`${site.url}/slaves`)).text);
      return slaves[0].used_resources.cpus === 0 && slaves[0].offered_resources.cpus === 0;
    });
  });
  afterAll(() => cluster?.stop());
  return site;
}

/** Spec page 10, 10.1, less what only a later feature fills. */
export const METRICS: readonly { readonly prefix: string; readonly names: string }[] = [
  {
    prefix: 'master/',
    names:
      'elected uptime_secs dropped_messages outstanding_offers recovery_slave_removals slave_registrations ' +
      'slave_reregistrations slave_removals slave_removals/reason_unhealthy slave_removals/reason_unregistered ' +
      'slave_removals/reason_registered event_queue_messages event_queue_dispatches event_queue_http_requests ' +
      'http_cache_hits operator_event_stream_subscribers',
  },
  { prefix: 'master/slaves_', names: 'connected disconnected active inactive unreachable' },
  { prefix: 'master/slave_shutdowns_', names: 'scheduled completed canceled' },
  { prefix: 'master/slave_unreachable_', names: 'scheduled completed canceled' },
  { prefix: 'master/frameworks_', names: 'connected disconnected active inactive' },
  {
    prefix: 'master/tasks_',
    names:
      'staging starting running killing unreachable finished failed killed lost error dropped gone gone_by_operator',
  },
  ...['cpus', 'gpus', 'mem', 'disk'].flatMap((name) => [
    { prefix: `master/${name}_`, names: 'total used percent revocable_total revocable_used revocable_percent' },
    { prefix: `allocator/mesos/resources/${name}/`, names: 'total offered_or_allocated' },
  ]),
  {
    prefix: 'master/messages_',
    names:
      'register_framework reregister_framework unregister_framework deactivate_framework kill_task resource_request ' +
      'status_update_acknowledgement launch_tasks decline_offers revive_offers suppress_offers reconcile_tasks ' +
      'reconcile_operations framework_to_executor operation_status_update_acknowledgement register_slave ' +
      'reregister_slave unregister_slave status_update exited_executor update_slave authenticate ' +
      'executor_to_framework operation_status_update',
  },
  ...['valid', 'invalid'].map((kind) => ({
    prefix: `master/${kind}_`,
    names:
      'status_updates status_update_acknowledgements framework_to_executor_messages executor_to_framework_messages ' +
      'operation_status_updates operation_status_update_acknowledgements',
  })),
  {
    prefix: 'master/operations/',
    names: 'total pending recovering unreachable finished failed error dropped gone_by_operator',
  },
  { prefix: 'registrar/', names: 'queued_operations registry_size_bytes log/recovered log/ensemble_size' },
  ...['state_fetch', 'state_store'].map((name) => ({
    prefix: `registrar/${name}_ms`,
    names: ' /count /min /max /p50 /p9999',
  })),
  { prefix: 'allocator/', names: 'event_queue_dispatches mesos/event_queue_dispatches mesos/allocation_runs' },
  { prefix: 'allocator/mesos/allocation_run_ms', names: ' /count /min /max /p50 /p90 /p95 /p99 /p999 /p9999' },
  { prefix: 'system/', names: 'load_1min load_5min load_15min cpus_total mem_total_bytes mem_free_bytes' },
];
