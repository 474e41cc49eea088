/** A scheduler's side of the conversation: it records what it hears and knows its stream. */
import { present } from '../../../../src/base/assert.js';
import type { ConnectionId, HttpOutcome, RequestId } from '../../../../src/daemon/master/core/protocol.js';
import type * as mesos from '../../../../src/wire/gen/mesos.js';
import type * as scheduler from '../../../../src/wire/gen/scheduler.js';
import { cpusMem, type Harness } from './harness.js';

export class FakeScheduler {
  info: mesos.FrameworkInfo;
  connectionId: ConnectionId | undefined;
  streamId = '';
  /** Of the present stream. */
  events: scheduler.Event[] = [];
  /** Of all streams. */
  readonly history: scheduler.Event[] = [];
  isClosed = true;
  readonly #harness: Harness;

  constructor(harness: Harness, info: mesos.FrameworkInfo) {
    this.#harness = harness;
    this.info = info;
  }

  get id(): string {
    return present(this.info.id, 'the scheduler has subscribed').value;
  }

  subscribe(extra: Partial<scheduler.Call_Subscribe> & { readonly principal?: string } = {}): HttpOutcome | undefined {
    const { principal, ...subscribe } = extra;
    const requestId = this.#harness.newId();
    this.connectionId = this.#harness.newId();
    this.streamId = `stream-${this.connectionId}`;
    this.events = [];
    this.isClosed = false;
    const call: scheduler.Call = {
      type: 'SUBSCRIBE',
      framework_id: this.info.id,
      subscribe: { framework_info: this.info, ...subscribe },
    };
    const { connectionId, streamId } = this;
    this.#harness.send({ kind: 'scheduler-subscribe', requestId, connectionId, streamId, principal, call });
    return this.#harness.outcome(requestId);
  }

  deliver(connectionId: ConnectionId, event: scheduler.Event): void {
    if (connectionId !== this.connectionId) return;
    this.events.push(event);
    this.history.push(event);
    if (event.subscribed !== undefined) this.info = { ...this.info, id: event.subscribed.framework_id };
  }

  /** The master closed the stream; the shell reports its end. */
  closed(connectionId: ConnectionId): void {
    if (connectionId !== this.connectionId || this.isClosed) return;
    this.isClosed = true;
  }

  disconnect(overflow?: boolean): void {
    const connectionId = present(this.connectionId, 'the scheduler has a stream');
    this.isClosed = true;
    this.#harness.send({ kind: 'scheduler-closed', connectionId, overflow });
  }

  /** Returns the exchange's id; see `Harness.outcome`. */
  post(call: Omit<scheduler.Call, 'framework_id'>, headers: { streamId?: string | undefined } = this): RequestId {
    const requestId = this.#harness.newId();
    this.#harness.send({
      kind: 'scheduler-call',
      requestId,
      streamId: headers.streamId,
      call: { framework_id: this.info.id, ...call },
    });
    return requestId;
  }

  call(call: Omit<scheduler.Call, 'framework_id'>): HttpOutcome | undefined {
    return this.#harness.outcome(this.post(call));
  }

  accept(offers: readonly mesos.Offer[], operations: mesos.Offer_Operation[], filters?: mesos.Filters): void {
    this.call({ type: 'ACCEPT', accept: { offer_ids: offers.map(({ id }) => id), operations, filters } });
  }

  launch(offer: mesos.Offer, ...tasks: mesos.TaskInfo[]): void {
    this.accept([offer], [{ type: 'LAUNCH', launch: { task_infos: tasks } }]);
  }

  decline(offers: readonly mesos.Offer[], refuseSeconds?: number): void {
    const filters = refuseSeconds === undefined ? undefined : { refuse_seconds: refuseSeconds };
    this.call({ type: 'DECLINE', decline: { offer_ids: offers.map(({ id }) => id), filters } });
  }

  kill(taskId: string, agentId?: string, kill_policy?: mesos.KillPolicy): void {
    const agent_id = agentId === undefined ? undefined : { value: agentId };
    this.call({ type: 'KILL', kill: { task_id: { value: taskId }, agent_id, kill_policy } });
  }

  /** Acknowledges an update that has a uuid. */
  acknowledge(status: mesos.TaskStatus): void {
    const uuid = present(status.uuid, 'the update is to be acknowledged');
    const agent_id = present(status.agent_id, 'updates name their agent');
    this.call({ type: 'ACKNOWLEDGE', acknowledge: { agent_id, task_id: status.task_id, uuid } });
  }

  reconcile(...tasks: { readonly taskId: string; readonly agentId?: string }[]): void {
    const asked = tasks.map(({ taskId, agentId }) => ({
      task_id: { value: taskId },
      agent_id: agentId === undefined ? undefined : { value: agentId },
    }));
    this.call({ type: 'RECONCILE', reconcile: { tasks: asked } });
  }

  /** Offers of the present stream that were neither rescinded nor given out of hand by `takeOffers`. */
  get offers(): mesos.Offer[] {
    const offers = new Map<string, mesos.Offer>();
    for (const event of this.events) {
      for (const offer of event.offers?.offers ?? []) offers.set(offer.id.value, offer);
      if (event.rescind !== undefined) offers.delete(event.rescind.offer_id.value);
    }
    return [...offers.values()];
  }

  takeOffers(): mesos.Offer[] {
    const { offers } = this;
    this.events = this.events.filter(({ type }) => type !== 'OFFERS');
    return offers;
  }

  /** Inverse offers that were neither taken back nor given out of hand here. */
  takeInverseOffers(): mesos.InverseOffer[] {
    const offers = new Map<string, mesos.InverseOffer>();
    for (const { inverse_offers, rescind_inverse_offer } of this.events) {
      for (const offer of inverse_offers?.inverse_offers ?? []) offers.set(offer.id.value, offer);
      if (rescind_inverse_offer !== undefined) offers.delete(rescind_inverse_offer.inverse_offer_id.value);
    }
    this.events = this.events.filter(({ type }) => type !== 'INVERSE_OFFERS');
    return [...offers.values()];
  }

  /** The one outstanding offer. */
  takeOffer(): mesos.Offer {
    const offers = this.takeOffers();
    if (offers.length !== 1) throw new Error(`${offers.length} offers instead of one`);
    return present(offers[0], 'there is an offer');
  }

  get updates(): mesos.TaskStatus[] {
    return this.events.flatMap(({ update }) => (update === undefined ? [] : [update.status]));
  }

  get lastUpdate(): mesos.TaskStatus {
    return present(this.updates.at(-1), 'there is an update');
  }

  types(): string[] {
    return this.events.map(({ type }) => type ?? '');
  }
}

export function taskInfo(
  offer: Pick<mesos.Offer, 'agent_id'>,
  id: string,
  more: Partial<mesos.TaskInfo> = {},
): mesos.TaskInfo {
  return {
    name: id,
    task_id: { value: id },
    agent_id: offer.agent_id,
    resources: cpusMem(1, 128),
    command: { value: 'true' },
    ...more,
  };
}
