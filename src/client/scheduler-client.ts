/**
 * A framework's side of the v1 scheduler API: one subscription that outlives masters and connections, and the calls.
 *
 * Life: made, `events()` iterated (once), calls while subscribed, then `teardown()` (the framework and its tasks end) or
 * `close()` (they stay for `failover_timeout`). Calls leave in the order in which they are made, one after the other.
 *
 * Invariants: the stream id of the current subscription goes with every call and dies with it; after a reconnection the
 * framework id, the framework info and the suppressed roles are those of the moment, not of the beginning.
 * Source: spec page 01; page 13, sections 13.1 and 13.2.
 */
import { setMaxListeners } from 'node:events';
import { Agent } from 'node:http';
import { MesoError } from '../base/error.js';
import { isRejection, type Rejection } from '../base/rejection.js';
import type * as mesos from '../wire/gen/mesos.js';
import * as scheduler from '../wire/gen/scheduler.js';
import { type Address, parseAddresses } from './address.js';
import type { BackOffOptions } from './back-off.js';
import { type HttpResponse, sendRequest } from './http-request.js';
import { LeaderRoute, type LeaderRouteOptions } from './leader-route.js';
import { decodeMessage, encodeMessage, type MessageFormat, mediaHeaders } from './message-codec.js';
import { errorOfFailure, errorOfResponse } from './response-error.js';
import { type SchedulerEvent, toSchedulerEvent, type WireSchedulerEvent } from './scheduler-events.js';
import { subscribe } from './subscription.js';

export interface SchedulerClientOptions extends Omit<LeaderRouteOptions, 'masters'> {
  /** `HOST:PORT[,HOST:PORT...]`, or parsed. */
  readonly masters: string | readonly Address[];
  /** With `id`: takes that framework over. */
  readonly framework: mesos.FrameworkInfo;
  readonly suppressedRoles?: readonly string[] | undefined;
  readonly offerConstraints?: scheduler.OfferConstraints | undefined;
  /** Default protobuf. */
  readonly format?: MessageFormat | undefined;
  readonly backOff?: BackOffOptions | undefined;
  /** Start although no master answers yet, and go on trying; default false: the first failure is thrown. */
  readonly waitForMaster?: boolean | undefined;
  /** Aborting it is `close()`. */
  readonly signal?: AbortSignal | undefined;
}

export interface KillOptions {
  readonly agentId?: mesos.AgentID | undefined;
  readonly killPolicy?: mesos.KillPolicy | undefined;
}

/** Where calls go while a subscription stands. */
interface Stream {
  readonly id: string;
  readonly address: Address;
}

const PATH = '/api/v1/scheduler';
const RESPONSE_TIMEOUT_MS = 15_000;
/** Doing these twice is doing them once. */
const REPEATABLE: ReadonlySet<scheduler.Call_Type> = new Set([
  'DECLINE',
  'REVIVE',
  'SUPPRESS',
  'KILL',
  'ACKNOWLEDGE',
  'ACKNOWLEDGE_OPERATION_STATUS',
  'RECONCILE',
  'RECONCILE_OPERATIONS',
  'TEARDOWN',
  'SHUTDOWN',
]);

export class SchedulerClient {
  readonly #route: LeaderRoute;
  readonly #format: MessageFormat;
  readonly #options: SchedulerClientOptions;
  // One connection for all calls: they arrive in the order in which they were made.
  readonly #connection = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #closing = new AbortController();
  readonly #suppressed: Set<string>;
  #framework: mesos.FrameworkInfo;
  #constraints: scheduler.OfferConstraints | undefined;
  #stream: Stream | undefined;
  #isIterated = false;

  /** Throws BAD_INPUT for addresses that are none. */
  constructor(options: SchedulerClientOptions) {
    const masters = typeof options.masters === 'string' ? parseAddresses(options.masters) : options.masters;
    if (isRejection(masters)) throw new MesoError('BAD_INPUT', masters.message);
    this.#options = options;
    this.#route = new LeaderRoute({ ...options, masters });
    this.#format = options.format ?? 'protobuf';
    this.#framework = options.framework;
    this.#constraints = options.offerConstraints;
    this.#suppressed = new Set(options.suppressedRoles ?? []);
    // Every call under way listens to it; how many there are is the caller's business.
    setMaxListeners(0, this.#closing.signal);
    if (options.signal?.aborted === true) this.close();
    options.signal?.addEventListener('abort', () => this.close(), { once: true });
  }

  /** Given by the first SUBSCRIBED; undefined before, unless the framework came with one. */
  get frameworkId(): mesos.FrameworkID | undefined {
    return this.#framework.id;
  }

  get isSubscribed(): boolean {
    return this.#stream !== undefined;
  }

  /** The master that leads as far as we know. */
  get master(): Address | undefined {
    return this.#stream?.address ?? this.#route.leader;
  }

  /**
   * Subscribes and delivers events until `close()`, `teardown()` or the signal; reconnects by itself. Iterate it once.
   * Throws REFUSED when the master ends the subscription (ERROR: failed over, removed, invalid framework), BAD_INPUT or
   * NOT_ALLOWED when it refuses it, and NO_MASTER or NO_LEADER when the first attempt finds none.
   */
  async *events(): AsyncGenerator<SchedulerEvent, void> {
    if (this.#isIterated) throw new MesoError('REFUSED', 'the events of this client are being iterated already');
    this.#isIterated = true;
    const source = {
      open: (signal: AbortSignal) => this.#open(signal),
      decode: (record: Buffer) => this.#decode(record),
      onEvent: (event: WireSchedulerEvent, response: HttpResponse) => this.#onEvent(event, response),
      onClosed: () => {
        this.#stream = undefined;
      },
    };
    const { backOff, waitForMaster } = this.#options;
    for await (const event of subscribe(source, { signal: this.#closing.signal, backOff, waitForMaster })) {
      if (event.type === 'ERROR')
        throw new MesoError('REFUSED', `the master ended the subscription: ${event.message}`, {
          details: { frameworkId: this.frameworkId?.value },
        });
      yield event;
    }
  }

  /** Uses offers of one agent and role; what the operations leave goes back with `filters` (default: 5 s). */
  async accept(
    offerIds: readonly mesos.OfferID[],
    operations: readonly mesos.Offer_Operation[],
    filters?: mesos.Filters,
  ): Promise<void> {
    await this.call({ type: 'ACCEPT', accept: { offer_ids: [...offerIds], operations: [...operations], filters } });
  }

  /** ACCEPT with one LAUNCH. */
  launch(offerIds: readonly mesos.OfferID[], tasks: readonly mesos.TaskInfo[], filters?: mesos.Filters): Promise<void> {
    return this.accept(offerIds, [{ type: 'LAUNCH', launch: { task_infos: [...tasks] } }], filters);
  }

  async decline(offerIds: readonly mesos.OfferID[], filters?: mesos.Filters): Promise<void> {
    await this.call({ type: 'DECLINE', decline: { offer_ids: [...offerIds], filters } });
  }

  async acceptInverseOffers(inverseOfferIds: readonly mesos.OfferID[], filters?: mesos.Filters): Promise<void> {
    await this.call({
      type: 'ACCEPT_INVERSE_OFFERS',
      accept_inverse_offers: { inverse_offer_ids: [...inverseOfferIds], filters },
    });
  }

  async declineInverseOffers(inverseOfferIds: readonly mesos.OfferID[], filters?: mesos.Filters): Promise<void> {
    await this.call({
      type: 'DECLINE_INVERSE_OFFERS',
      decline_inverse_offers: { inverse_offer_ids: [...inverseOfferIds], filters },
    });
  }

  /** Offers again, filters forgotten; no roles: all of the framework's. */
  async revive(roles: readonly string[] = []): Promise<void> {
    if (roles.length === 0) this.#suppressed.clear();
    for (const role of roles) this.#suppressed.delete(role);
    await this.call({ type: 'REVIVE', revive: { roles: [...roles] } });
  }

  /** No more offers; no roles: all of the framework's. Kept over reconnections. */
  async suppress(roles: readonly string[] = []): Promise<void> {
    for (const role of roles.length === 0 ? rolesOf(this.#framework) : roles) this.#suppressed.add(role);
    await this.call({ type: 'SUPPRESS', suppress: { roles: [...roles] } });
  }

  /** The task's end comes as an UPDATE. */
  async kill(taskId: mesos.TaskID, options: KillOptions = {}): Promise<void> {
    await this.call({
      type: 'KILL',
      kill: { task_id: taskId, agent_id: options.agentId, kill_policy: options.killPolicy },
    });
  }

  async shutdownExecutor(executorId: mesos.ExecutorID, agentId: mesos.AgentID): Promise<void> {
    await this.call({ type: 'SHUTDOWN', shutdown: { executor_id: executorId, agent_id: agentId } });
  }

  /**
   * To be called for every UPDATE once it is safe with the framework; does nothing for updates that need no
   * acknowledgement. The next update of the task comes after it.
   */
  async acknowledge(status: mesos.TaskStatus): Promise<void> {
    const { uuid, agent_id, task_id } = status;
    if (uuid === undefined || uuid.length === 0 || agent_id === undefined) return;
    await this.call({ type: 'ACKNOWLEDGE', acknowledge: { agent_id, task_id, uuid } });
  }

  async acknowledgeOperation(status: mesos.OperationStatus): Promise<void> {
    const { uuid, agent_id, resource_provider_id, operation_id } = status;
    if (uuid === undefined || operation_id === undefined) return;
    await this.call({
      type: 'ACKNOWLEDGE_OPERATION_STATUS',
      acknowledge_operation_status: { agent_id, resource_provider_id, operation_id, uuid: uuid.value },
    });
  }

  /** Asks for the state of tasks; none: of all that the master knows. Answers come as UPDATEs. */
  async reconcile(tasks: readonly scheduler.Call_Reconcile_Task[] = []): Promise<void> {
    await this.call({ type: 'RECONCILE', reconcile: { tasks: [...tasks] } });
  }

  async reconcileOperations(operations: readonly scheduler.Call_ReconcileOperations_Operation[] = []): Promise<void> {
    await this.call({ type: 'RECONCILE_OPERATIONS', reconcile_operations: { operations: [...operations] } });
  }

  /** Best effort: no answer, no guarantee. */
  async message(agentId: mesos.AgentID, executorId: mesos.ExecutorID, data: Uint8Array): Promise<void> {
    await this.call({ type: 'MESSAGE', message: { agent_id: agentId, executor_id: executorId, data } });
  }

  /** Hints; the hierarchical allocator ignores them. */
  async request(requests: readonly mesos.Request[]): Promise<void> {
    await this.call({ type: 'REQUEST', request: { requests: [...requests] } });
  }

  /** All or nothing; used for reconnections from then on. */
  async updateFramework(update: scheduler.Call_UpdateFramework): Promise<void> {
    const framework_info = { ...update.framework_info, id: this.#framework.id };
    await this.call({ type: 'UPDATE_FRAMEWORK', update_framework: { ...update, framework_info } });
    this.#framework = framework_info;
    this.#constraints = update.offer_constraints;
    this.#suppressed.clear();
    for (const role of update.suppressed_roles ?? []) this.#suppressed.add(role);
  }

  /** Ends the framework: the master kills its tasks. Then `close()`. */
  async teardown(): Promise<void> {
    await this.call({ type: 'TEARDOWN' });
    this.close();
  }

  /** Ends the subscription; the framework stays for its `failover_timeout`. Calls under way fail. */
  close(): void {
    this.#closing.abort(new MesoError('REFUSED', 'this client is closed'));
    this.#connection.destroy();
  }

  /**
   * Any call but SUBSCRIBE, as it is on the wire; `framework_id` is added. Throws CONNECTION_LOST without a subscription,
   * OUTCOME_UNKNOWN when the master went away in between, BAD_INPUT, NOT_ALLOWED or NOT_LEADER as the master answers.
   */
  async call(call: scheduler.Call): Promise<void> {
    const what = call.type ?? 'UNKNOWN';
    const stream = this.#stream;
    if (stream === undefined) throw new MesoError('CONNECTION_LOST', `${what}: not subscribed to a master now`);
    const isRepeatable = call.type !== undefined && REPEATABLE.has(call.type);
    const response = await this.#post(call, stream, what, isRepeatable);
    if (response.status === 202 || response.status === 200) {
      response.body.resume();
      return;
    }
    throw await errorOfResponse(response, what);
  }

  async #post(call: scheduler.Call, stream: Stream, what: string, isRepeatable: boolean): Promise<HttpResponse> {
    try {
      return await sendRequest({
        address: stream.address,
        path: PATH,
        headers: { ...mediaHeaders(this.#format), 'Mesos-Stream-Id': stream.id },
        body: encodeMessage(scheduler.Call, { ...call, framework_id: this.#framework.id }, this.#format),
        connectTimeoutMs: this.#route.connectTimeoutMs,
        responseTimeoutMs: RESPONSE_TIMEOUT_MS,
        signal: this.#closing.signal,
        agent: this.#connection,
      });
    } catch (error) {
      throw errorOfFailure(error, what, isRepeatable);
    }
  }

  async #open(signal: AbortSignal): Promise<HttpResponse> {
    const call: scheduler.Call = {
      type: 'SUBSCRIBE',
      framework_id: this.#framework.id,
      subscribe: {
        framework_info: this.#framework,
        suppressed_roles: [...this.#suppressed],
        offer_constraints: this.#constraints,
      },
    };
    const response = await this.#route.send({
      what: 'SUBSCRIBE',
      path: PATH,
      headers: mediaHeaders(this.#format),
      body: encodeMessage(scheduler.Call, call, this.#format),
      responseTimeoutMs: RESPONSE_TIMEOUT_MS,
      // A subscription that nobody reads ends with its connection.
      isRepeatable: true,
      signal,
    });
    if (response.status === 200) return response;
    throw await errorOfResponse(response, 'SUBSCRIBE');
  }

  #decode(record: Buffer): WireSchedulerEvent | Rejection {
    const event = decodeMessage(scheduler.Event, record, this.#format);
    return isRejection(event) ? event : toSchedulerEvent(event);
  }

  #onEvent(event: WireSchedulerEvent, response: HttpResponse): number | undefined {
    if (event.type !== 'SUBSCRIBED') return undefined;
    const { framework_id, heartbeat_interval_seconds } = event.subscribed;
    this.#framework = { ...this.#framework, id: framework_id };
    const id = response.headers['mesos-stream-id'];
    if (typeof id !== 'string') throw new MesoError('PROTOCOL', 'the answer to SUBSCRIBE has no Mesos-Stream-Id');
    this.#stream = { id, address: response.address };
    return heartbeat_interval_seconds === undefined ? undefined : heartbeat_interval_seconds * 1000;
  }
}

function rolesOf({ roles, role }: mesos.FrameworkInfo): readonly string[] {
  return roles !== undefined && roles.length > 0 ? roles : [role ?? '*'];
}
