// A master in this process, an agent that is only a link, and HTTP clients that say exactly what they are told.
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../../src/base/random.js';
import { isRejection } from '../../src/base/rejection.js';
import { systemClock } from '../../src/base/system/clock.js';
import type { MasterConfig } from '../../src/daemon/config/master-config.js';
import { LinkClient } from '../../src/daemon/link/link-client.js';
import { type MasterHandle, type MasterStartOptions, startMaster } from '../../src/daemon/master/main.js';
import { Resources } from '../../src/offers/resources/resources.js';
import type * as mesos from '../../src/wire/gen/mesos.js';
import { RecordDecoder } from '../../src/wire/recordio.js';
import { silentLogger, until } from '../unit/http/fixture.js';

export function masterConfig(workDir: string): MasterConfig {
  return {
    ip: '127.0.0.1',
    port: 0,
    insecure: false,
    name: 'm1',
    raftIp: '127.0.0.1',
    raftPort: 0,
    raftReads: 'quorum',
    workDir,
    allocationIntervalMs: 50,
    offerConstraintsRe2MaxMem: 4096,
    offerConstraintsRe2MaxProgramSize: 100,
    agentPingTimeoutMs: 15_000,
    maxAgentPingTimeouts: 5,
    agentReregisterTimeoutMs: 600_000,
    requireAgentDomain: false,
    minAllocatableResources: 'cpus:0.01|mem:32',
    roleSorter: 'drf',
    frameworkSorter: 'drf',
    fairSharingExcludedResourceNames: [],
    filterGpuResources: true,
    weights: {},
    rootSubmissions: true,
    maxCompletedFrameworks: 50,
    maxCompletedTasksPerFramework: 1000,
    maxUnreachableTasksPerFramework: 1000,
    maxOperatorEventStreamSubscribers: 1000,
    recoveryAgentRemovalLimitPercent: 100,
    allocatorAgentRecoveryFactor: 0.8,
    allocatorRecoveryTimeoutMs: 600_000,
    registryGcIntervalMs: 900_000,
    registryMaxAgentAgeMs: 1_209_600_000,
    registryMaxAgentCount: 102_400,
    logLevel: 'silent',
    flags: {},
  };
}

export interface TestMaster {
  readonly handle: MasterHandle;
  readonly port: number;
  stop(): Promise<void>;
}

export async function startTestMaster(
  options: MasterStartOptions = {},
  config: Partial<MasterConfig> = {},
): Promise<TestMaster> {
  const workDir = mkdtempSync(join(tmpdir(), 'mesoctl-master-'));
  const handle = await startMaster({ ...masterConfig(workDir), ...config }, silentLogger, options);
  return {
    handle,
    port: handle.address.port,
    async stop() {
      await handle.stop();
      rmSync(workDir, { recursive: true, force: true });
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** One request on its own connection, closed afterwards. A connection that is cut without an answer is status 0. */
export function ask(port: number, options: RequestOptions): Promise<Reply> {
  return new Promise((resolve) => {
    const request = open(port, options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.on('error', () => resolve({ status: 0, headers: {}, body }));
    });
    request.on('error', () => resolve({ status: 0, headers: {}, body: '' }));
    request.end(options.body);
  });
}

export const JSON_TYPE = { 'content-type': 'application/json' } as const;

export function post(port: number, path: string, call: unknown, headers: Readonly<Record<string, string>> = {}) {
  const body = typeof call === 'string' ? call : JSON.stringify(call);
  return ask(port, { path, headers: { ...JSON_TYPE, ...headers }, body });
}

function open(port: number, options: RequestOptions, onResponse: (response: IncomingMessage) => void) {
  const { method = 'POST', path = '/', headers = {} } = options;
  return httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, onResponse);
}

// biome-ignore lint/suspicious/noExplicitAny: events of any shape, as a client in a scripting language sees them.
export type AnyEvent = any;

/** An event stream of either API and the events it brought. */
export class Subscriber {
  readonly events: AnyEvent[] = [];
  streamId = '';
  status = 0;
  isClosed = false;
  readonly #request;

  constructor(port: number, path: string, call: unknown) {
    const decoder = new RecordDecoder({ maxRecordBytes: 100_000_000 });
    this.#request = open(port, { path, headers: JSON_TYPE }, (response) => {
      this.status = response.statusCode ?? 0;
      this.streamId = String(response.headers['mesos-stream-id'] ?? '');
      response.on('data', (chunk: Buffer) => {
        const records = decoder.push(chunk);
        if (isRejection(records)) throw new Error(records.message);
        for (const record of records) this.events.push(JSON.parse(record.toString()));
      });
      response.on('error', () => undefined);
      response.on('close', () => {
        this.isClosed = true;
      });
    });
    this.#request.on('error', () => {
      this.isClosed = true;
    });
    this.#request.end(JSON.stringify(call));
  }

  find(type: string, matches: (event: AnyEvent) => boolean = () => true): AnyEvent {
    return this.events.find((event) => event.type === type && matches(event));
  }

  async waitFor(type: string, matches: (event: AnyEvent) => boolean = () => true): Promise<AnyEvent> {
    await until(`event ${type}`, () => this.find(type, matches) !== undefined);
    return this.find(type, matches);
  }

  /** Leaves without a word. */
  disconnect(): void {
    this.#request.destroy();
  }
}

/** A subscribed framework. */
export class Framework extends Subscriber {
  readonly #port: number;

  constructor(port: number, info: Readonly<Record<string, unknown>> = {}) {
    const framework_info: Readonly<Record<string, unknown>> = { user: 'root', name: 'bad', ...info };
    super(port, '/api/v1/scheduler', {
      type: 'SUBSCRIBE',
      framework_id: framework_info.id,
      subscribe: { framework_info },
    });
    this.#port = port;
  }

  get id(): { readonly value: string } {
    return this.find('SUBSCRIBED').subscribed.framework_id;
  }

  call(call: Readonly<Record<string, unknown>>, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    const own = { 'mesos-stream-id': this.streamId, ...headers };
    return post(this.#port, '/api/v1/scheduler', { framework_id: this.id, ...call }, own);
  }
}

const AGENT_CAPABILITIES: readonly mesos.AgentInfo_Capability_Type[] = [
  'MULTI_ROLE',
  'HIERARCHICAL_ROLE',
  'RESERVATION_REFINEMENT',
  'AGENT_DRAINING',
];

export interface LinkedAgentOptions {
  /** Besides those of every agent here. */
  readonly capabilities?: readonly mesos.AgentInfo_Capability_Type[];
  /** What of its resources was reserved or made a volume before. */
  readonly checkpointed?: mesos.Resource[];
}

/** An agent that registers, answers pings and otherwise only notes what it is told. */
export class LinkedAgent {
  readonly frames: AnyEvent[] = [];
  readonly #client: LinkClient;

  /** `agentPort`: the second agent of an address is refused. */
  constructor(port: number, resources: string, agentPort = 5051, options: LinkedAgentOptions = {}) {
    const parsed = Resources.parse(resources);
    if (isRejection(parsed)) throw new Error(parsed.message);
    this.#client = new LinkClient({
      masters: [`127.0.0.1:${port}`],
      hello: () => ({}),
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      observer: {
        onUp: () =>
          this.#client.send(1, {
            register: {
              agent_info: { hostname: 'agent.example', port: agentPort, resources: parsed.toWire() },
              version: '1.12.0',
              capabilities: [...AGENT_CAPABILITIES, ...(options.capabilities ?? [])].map((type) => ({ type })),
              checkpointed_resources: options.checkpointed,
              ip: '127.0.0.1',
            },
          }),
        onFrame: (channel, frame) => {
          this.frames.push(frame);
          if (frame.ping !== undefined) this.#client.send(channel, { pong: {} });
        },
        onLost: () => undefined,
        onRefused: () => undefined,
      },
    });
    this.#client.start();
  }

  async registered(): Promise<string> {
    await until('the agent is registered', () => this.frames.some((frame) => frame.registered !== undefined));
    return this.frames.find((frame) => frame.registered !== undefined).registered.agent_id.value;
  }

  close(): void {
    void this.#client.close();
  }
}

/** Open handles of this process by kind, as far as they can leak. */
export function openHandles(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = { Timeout: 0, TCPSocketWrap: 0 };
  for (const kind of process.getActiveResourcesInfo()) if (kind in counts) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
