/**
 * The v1 operator API of masters: calls, the event stream, and our extension API. Calls that change something are not sent
 * twice: a lost answer is OUTCOME_UNKNOWN. Spec page 03, sections 3.1 and 3.2; architecture, section 1.
 */
import { Agent, type IncomingMessage } from 'node:http';
import { MesoError, type MesoErrorCode } from '../base/error.js';
import { isRejection, type Rejection } from '../base/rejection.js';
import * as master from '../wire/gen/master.js';
import * as extension from '../wire/gen/mesoctl-api.js';
import type * as mesos from '../wire/gen/mesos.js';
import type { MessageType } from '../wire/schema.js';
import { type Address, formatAddress, parseAddresses } from './address.js';
import { type HttpResponse, readBody } from './http-request.js';
import { LeaderRoute, type LeaderRouteOptions, type RoutedRequest } from './leader-route.js';
import { decodeMessage, encodeMessage, type MessageFormat, mediaHeaders } from './message-codec.js';
import { errorOfExtension, errorOfFailure, errorOfResponse } from './response-error.js';
import { type Disconnected, type HeartbeatOptions, subscribe, subscribeInBatches } from './subscription.js';

export interface OperatorClientOptions extends Omit<LeaderRouteOptions, 'masters'> {
  /** `HOST:PORT[,HOST:PORT...]`, or parsed. */
  readonly masters: string | readonly Address[];
  /** Default protobuf. */
  readonly format?: MessageFormat | undefined;
  /** For the whole of one call; default 30 s. */
  readonly timeoutMs?: number | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ChangeOptions extends CallOptions {
  /** How long the answer may take; default: that of the client. */
  readonly timeoutMs?: number | undefined;
}

/** The masters of a cluster, as one of them sees them. */
export interface SeenMembers {
  readonly members: extension.Response_Members;
  /** Who was asked. */
  readonly master: Address;
  /** It leads: only a leader knows how far the others are. */
  readonly isLeader: boolean;
}

/** A snapshot of the registry on its way. */
export interface SnapshotDownload {
  /** The file itself; must be read to its end or destroyed. */
  readonly body: IncomingMessage;
  readonly sizeBytes: number;
}

export interface WatchOptions {
  /** Go on trying although the first attempt found no master; default false. */
  readonly waitForMaster?: boolean | undefined;
}

const API_PATH = '/api/v1';
const EXTENSION_PATH = '/api/mesoctl/v1';
const SNAPSHOT_PATH = '/api/mesoctl/v1/snapshot';
const DEFAULT_TIMEOUT_MS = 30_000;
/** The master writes at least once a second; a view should show a lost leader within three. */
const WATCH_HEARTBEATS: HeartbeatOptions = { initialMs: 1_000, maxMissed: 2.5 };
/** A master that takes so long to accept a stream is as good as lost: another may lead. */
const WATCH_RESPONSE_TIMEOUT_MS = 5_000;
/** What is looked up in memory is answered at once, or by another master: a wedged one must not hold up the user. */
const LOOKUP_TIMEOUT_MS = 5_000;
const LOOKUPS: ReadonlySet<string> = new Set(['FIND', 'WHY', 'GET_INFO', 'MEMBERS', 'CHECK']);
/** Changes of the masters: when one fails, the leader's own words say why, and asking again at once would not help. */
const MEMBERSHIP_CHANGES: ReadonlySet<string> = new Set(['ADD_MEMBER', 'REMOVE_MEMBER', 'TRANSFER_LEADERSHIP']);
/** The state of a cluster of 100,000 tasks is some 100 MB as JSON. */
const MAX_RESPONSE_BYTES = 1024 ** 3;

/** What is sent where, and what comes back. */
interface Exchange<Call extends object, Response extends object> {
  readonly path: string;
  readonly callType: MessageType<Call>;
  readonly responseType: MessageType<Response>;
}

interface ExchangeOptions extends ChangeOptions {
  readonly what: string;
  /** Whom to ask; default: the leader. */
  readonly route?: LeaderRoute | undefined;
}

/** Of a master that cannot be asked. */
const AWAY: ReadonlySet<MesoErrorCode> = new Set<MesoErrorCode>(['NO_MASTER', 'NO_LEADER', 'CONNECTION_LOST']);

const MASTER_API: Exchange<master.Call, master.Response> = {
  path: API_PATH,
  callType: master.Call,
  responseType: master.Response,
};
const EXTENSION_API: Exchange<extension.Call, extension.Response> = {
  path: EXTENSION_PATH,
  callType: extension.Call,
  responseType: extension.Response,
};

export class OperatorClient {
  readonly #options: LeaderRouteOptions;
  readonly #route: LeaderRoute;
  readonly #format: MessageFormat;
  readonly #timeoutMs: number;
  readonly #connections = new Agent({ keepAlive: true, maxSockets: 8 });

  /** Throws BAD_INPUT for addresses that are none. */
  constructor(options: OperatorClientOptions) {
    const masters = typeof options.masters === 'string' ? parseAddresses(options.masters) : options.masters;
    if (isRejection(masters)) throw new MesoError('BAD_INPUT', masters.message);
    this.#options = { ...options, masters };
    this.#route = new LeaderRoute(this.#options);
    this.#format = options.format ?? 'protobuf';
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** The master that answered last. */
  get master(): Address | undefined {
    return this.#route.leader;
  }

  /** Any call that is answered at once, as it is on the wire. An empty answer is `{}`. */
  call(call: master.Call, options: CallOptions = {}): Promise<master.Response> {
    return this.#exchange(MASTER_API, call, { what: call.type ?? 'UNKNOWN', signal: options.signal });
  }

  async getState(options: CallOptions = {}): Promise<master.Response_GetState> {
    return (await this.call({ type: 'GET_STATE' }, options)).get_state ?? {};
  }

  async getAgents(options: CallOptions = {}): Promise<readonly master.Response_GetAgents_Agent[]> {
    return (await this.call({ type: 'GET_AGENTS' }, options)).get_agents?.agents ?? [];
  }

  async getFrameworks(options: CallOptions = {}): Promise<master.Response_GetFrameworks> {
    return (await this.call({ type: 'GET_FRAMEWORKS' }, options)).get_frameworks ?? {};
  }

  async getTasks(options: CallOptions = {}): Promise<master.Response_GetTasks> {
    return (await this.call({ type: 'GET_TASKS' }, options)).get_tasks ?? {};
  }

  /** Ends a framework and its tasks. */
  async teardown(frameworkId: mesos.FrameworkID, options: CallOptions = {}): Promise<void> {
    await this.call({ type: 'TEARDOWN', teardown: { framework_id: frameworkId } }, options);
  }

  /**
   * Resolves when a call that changes quota, maintenance or drains an agent would be carried out now, and rejects as the call would;
   * changes nothing; an extension of mesoctl.
   */
  async check(call: master.Call, options: CallOptions = {}): Promise<void> {
    await this.#exchange(EXTENSION_API, { type: 'CHECK', check: call }, { what: 'CHECK', signal: options.signal });
  }

  /** Why a request of this shape gets no offer now; an extension of mesoctl. */
  async why(request: extension.Call_Why, options: CallOptions = {}): Promise<extension.Response_Why> {
    const answer = await this.#exchange(
      EXTENSION_API,
      { type: 'WHY', why: request },
      { what: 'WHY', signal: options.signal },
    );
    return answer.why ?? { summary: '' };
  }

  /** Cluster id, leader and version; an extension of mesoctl. */
  async getInfo(options: CallOptions = {}): Promise<extension.Response_Info> {
    const answer = await this.#exchange(
      EXTENSION_API,
      { type: 'GET_INFO' },
      { what: 'GET_INFO', signal: options.signal },
    );
    if (answer.info === undefined) throw new MesoError('PROTOCOL', 'the master answered GET_INFO without info');
    return answer.info;
  }

  /**
   * What a reference that a person typed may mean, in the order of the schema's comment on `Find`; an extension of mesoctl.
   */
  async find(request: extension.Call_Find, options: CallOptions = {}): Promise<extension.Response_Find> {
    const answer = await this.#exchange(
      EXTENSION_API,
      { type: 'FIND', find: request },
      { what: 'FIND', signal: options.signal },
    );
    return answer.find ?? { total: 0 };
  }

  /**
   * Kills a task of any framework; an extension of mesoctl. Resolves when the kill is on its way, the end of the task follows
   * as status updates. NOT_FOUND: no such task; REFUSED: it has ended, is unreachable, or several frameworks have one of
   * this id.
   */
  async killTask(request: extension.Call_KillTask, options: CallOptions = {}): Promise<extension.Response_KillTask> {
    const answer = await this.#exchange(
      EXTENSION_API,
      { type: 'KILL_TASK', kill_task: request },
      { what: 'KILL_TASK', signal: options.signal },
    );
    if (answer.kill_task === undefined)
      throw new MesoError('PROTOCOL', 'the master answered KILL_TASK without kill_task');
    return answer.kill_task;
  }

  /**
   * The masters of the cluster: as their leader sees them, or as another one does where the leader does not answer or nobody
   * leads; an extension of mesoctl.
   */
  async members(options: CallOptions = {}): Promise<SeenMembers> {
    const seen = await this.#membersBy(this.#route, options);
    const leader = addressOfLeader(seen.members);
    if (seen.isLeader) return seen;
    // One that was removed, or is cut off, knows no leader although there is one.
    const others = leader === undefined ? this.#options.masters : [leader];
    for (const master of others) {
      if (formatAddress(master) === formatAddress(seen.master)) continue;
      const other = await this.#membersAt(master, options);
      if (other?.isLeader === true) return other;
    }
    return seen;
  }

  /** A change of the masters; resolves with them when it is done. Not sent twice; an extension of mesoctl. */
  async changeMembers(call: extension.Call, options: ChangeOptions = {}): Promise<extension.Response_Members> {
    const what = call.type ?? 'UNKNOWN';
    const { members } = await this.#exchange(EXTENSION_API, call, { what, ...options });
    if (members === undefined) throw new MesoError('PROTOCOL', `the master answered ${what} without members`);
    return members;
  }

  /** The registry as the leader has it, as the file that `mesoctl master snapshot restore` takes; an extension of mesoctl. */
  async openSnapshot(options: ChangeOptions = {}): Promise<SnapshotDownload> {
    // Finds the leader, also through an election; what it then says to the request itself is its own answer.
    await this.getInfo({ signal: options.signal });
    const what = 'GET snapshot';
    const response = await this.#route.send({
      what,
      path: SNAPSHOT_PATH,
      headers: {},
      responseTimeoutMs: options.timeoutMs ?? this.#timeoutMs,
      isRepeatable: true,
      takesUnavailable: true,
      signal: options.signal,
    });
    if (response.status !== 200) throw await errorOfResponse(response, what);
    const sizeBytes = wholeNumber(response.headers['content-length']);
    if (sizeBytes === undefined) {
      response.body.destroy();
      throw new MesoError('PROTOCOL', `${formatAddress(response.address)} sends a snapshot without its size`);
    }
    return { body: response.body, sizeBytes };
  }

  /**
   * The extension's event stream; reconnects by itself and follows the leader. SUBSCRIBED comes first and after each
   * reconnection, then the whole state in parts up to SNAPSHOT_END: events are not replayed. With `snapshot_only` it ends
   * there. Two and a half seconds of silence count as a loss.
   */
  async *watch(
    request: extension.Call_Subscribe,
    signal: AbortSignal,
    options: WatchOptions = {},
  ): AsyncGenerator<extension.Event | Disconnected, void> {
    for await (const events of this.watchInBatches(request, signal, options))
      for (const event of events) {
        yield event;
        if (request.snapshot_only === true && event.type === 'SNAPSHOT_END') return;
      }
  }

  /** The same for who follows a large cluster: several events at once, as they arrived; it does not end by itself. */
  watchInBatches(
    request: extension.Call_Subscribe,
    signal: AbortSignal,
    options: WatchOptions = {},
  ): AsyncGenerator<readonly (extension.Event | Disconnected)[], void> {
    return subscribeInBatches<extension.Event>(
      {
        open: (opened) => this.#openWatch(request, opened),
        decode: (record): extension.Event | Rejection => decodeMessage(extension.Event, record, this.#format),
        onEvent: (event) => {
          const seconds = event.subscribed?.heartbeat_interval_seconds;
          return seconds === undefined ? undefined : seconds * 1000;
        },
        onClosed: () => undefined,
      },
      { signal, waitForMaster: options.waitForMaster, heartbeats: WATCH_HEARTBEATS },
    );
  }

  /**
   * The event stream; reconnects by itself. SUBSCRIBED comes first and after each reconnection, with the whole state: events
   * are not replayed.
   */
  events(signal: AbortSignal): AsyncGenerator<master.Event | Disconnected, void> {
    return subscribe<master.Event>(
      {
        open: (opened) => this.#open(opened),
        decode: (record): master.Event | Rejection => decodeMessage(master.Event, record, this.#format),
        onEvent: (event) => {
          const seconds = event.subscribed?.heartbeat_interval_seconds;
          return seconds === undefined ? undefined : seconds * 1000;
        },
        onClosed: () => undefined,
      },
      { signal },
    );
  }

  /** Closes idle connections. */
  close(): void {
    this.#connections.destroy();
  }

  #open(signal: AbortSignal): Promise<HttpResponse> {
    const body = encodeMessage(master.Call, { type: 'SUBSCRIBE' }, this.#format);
    return this.#openStream({ path: API_PATH, body, responseTimeoutMs: this.#timeoutMs, signal });
  }

  #openWatch(request: extension.Call_Subscribe, signal: AbortSignal): Promise<HttpResponse> {
    const body = encodeMessage(extension.Call, { type: 'SUBSCRIBE', subscribe: request }, this.#format);
    const responseTimeoutMs = Math.min(this.#timeoutMs, WATCH_RESPONSE_TIMEOUT_MS);
    return this.#openStream({ path: EXTENSION_PATH, body, responseTimeoutMs, signal });
  }

  async #openStream(
    request: Pick<RoutedRequest, 'path' | 'body' | 'responseTimeoutMs' | 'signal'>,
  ): Promise<HttpResponse> {
    const response = await this.#route.send({
      ...request,
      what: 'SUBSCRIBE',
      headers: mediaHeaders(this.#format),
      isRepeatable: true,
    });
    if (response.status === 200) return response;
    throw await refusalOf(response, request.path, 'SUBSCRIBE');
  }

  /** undefined: it does not answer. */
  async #membersAt(master: Address, options: CallOptions): Promise<SeenMembers | undefined> {
    try {
      return await this.#membersBy(
        new LeaderRoute({ ...this.#options, masters: [master], leaderTimeoutMs: 0 }),
        options,
      );
    } catch (error) {
      if (error instanceof MesoError && AWAY.has(error.code)) return undefined;
      throw error;
    }
  }

  async #membersBy(route: LeaderRoute, { signal }: CallOptions): Promise<SeenMembers> {
    const { members } = await this.#exchange(EXTENSION_API, { type: 'MEMBERS' }, { what: 'MEMBERS', signal, route });
    const master = route.leader;
    if (members === undefined || master === undefined)
      throw new MesoError('PROTOCOL', 'the master answered MEMBERS without members');
    const isLeader = (members.members ?? []).some(({ self, leader }) => self && leader);
    return { members, master, isLeader };
  }

  async #exchange<Call extends object, Response extends object>(
    { path, callType, responseType }: Exchange<Call, Response>,
    call: Call,
    { what, signal, timeoutMs = this.#timeoutMs, route = this.#route }: ExchangeOptions,
  ): Promise<Response> {
    const isLookup = LOOKUPS.has(what);
    const isRepeatable = isLookup || what.startsWith('GET_') || what.endsWith('_FILE') || what.endsWith('_FILES');
    const response = await route.send({
      what,
      path,
      headers: mediaHeaders(this.#format),
      body: encodeMessage(callType, call, this.#format),
      responseTimeoutMs: isLookup ? Math.min(LOOKUP_TIMEOUT_MS, timeoutMs) : timeoutMs,
      isRepeatable,
      takesUnavailable: MEMBERSHIP_CHANGES.has(what),
      signal,
      agent: this.#connections,
    });
    if (response.status !== 200 && response.status !== 202) throw await refusalOf(response, path, what);
    try {
      const body = await readBody(response, { maxBytes: MAX_RESPONSE_BYTES, timeoutMs: this.#timeoutMs });
      // A call without a result has an empty body; no response type of these APIs has a field that must be there then.
      if (body.length === 0) return {} as Response;
      const decoded = decodeMessage(responseType, body, this.#format);
      if (isRejection(decoded))
        throw new MesoError('PROTOCOL', `the answer to ${what} cannot be read: ${decoded.message}`);
      return decoded;
    } catch (error) {
      throw errorOfFailure(error, what, isRepeatable);
    }
  }
}

async function refusalOf(response: HttpResponse, path: string, what: string): Promise<MesoError> {
  const error = await errorOfResponse(response, what);
  return path === EXTENSION_PATH ? errorOfExtension(error) : error;
}

/** Where whoever leads says that it is, by the name that redirects use too. */
function addressOfLeader({ leader }: extension.Response_Members): Address | undefined {
  const host = leader?.address?.hostname ?? leader?.hostname ?? leader?.address?.ip;
  const port = leader?.address?.port ?? leader?.port;
  return host === undefined || port === undefined ? undefined : { host, port };
}

function wholeNumber(text: string | readonly string[] | undefined): number | undefined {
  const value = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
