/**
 * Collects the effects of one step in the order they were decided. Answering an exchange twice is a bug of the core and
 * asserts at once.
 */
import { assert } from '../../../../base/assert.js';
import { type Rejection, reject } from '../../../../base/rejection.js';
import type * as master from '../../../../wire/gen/master.js';
import type * as extension from '../../../../wire/gen/mesoctl-api.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import type { AgentLink } from '../model/agent.js';
import type { AgentMessage, ConnectionId, HttpOutcome, MasterEffect, RequestId } from '../protocol.js';

type ErrorStatus = Extract<HttpOutcome, { rejection: Rejection }>['status'];

export class Outbox {
  #effects: MasterEffect[] = [];
  /** Exchanges that wait for their answer. */
  readonly #open = new Set<RequestId>();

  /** The effects since the last call. */
  take(): MasterEffect[] {
    const taken = this.#effects;
    this.#effects = [];
    return taken;
  }

  /** Every exchange is opened once, before it is answered. */
  openExchange(requestId: RequestId): void {
    assert(!this.#open.has(requestId), 'a request id is used once');
    this.#open.add(requestId);
  }

  push(effect: MasterEffect): void {
    this.#effects.push(effect);
  }

  respond(requestId: RequestId, status: 200 | 202, response?: master.Response): void {
    this.#close(requestId);
    this.push({ type: 'now', kind: 'respond', requestId, outcome: { status, response } });
  }

  respondExtension(requestId: RequestId, response: extension.Response): void {
    this.#close(requestId);
    this.push({ type: 'now', kind: 'respond', requestId, outcome: { status: 200, extension: response } });
  }

  refuse(requestId: RequestId, status: ErrorStatus, rejection: Rejection): void {
    this.#close(requestId);
    this.push({ type: 'now', kind: 'respond', requestId, outcome: { status, rejection } });
  }

  /** 503: too many changes of the same thing are waiting, or the master is not ready. */
  refuseUnavailable(requestId: RequestId, message: string): void {
    this.refuse(requestId, 503, reject('unavailable', message));
  }

  acceptStream(requestId: RequestId, connectionId: ConnectionId): void {
    this.#close(requestId);
    this.push({ type: 'now', kind: 'accept-stream', requestId, connectionId });
  }

  schedulerEvent(connectionId: ConnectionId, event: scheduler.Event): void {
    this.push({ type: 'now', kind: 'scheduler-event', connectionId, event });
  }

  closeStream(connectionId: ConnectionId): void {
    this.push({ type: 'now', kind: 'close-stream', connectionId });
  }

  agentMessage(link: AgentLink, message: AgentMessage): void {
    const { connectionId, channel } = link;
    this.push({ type: 'now', kind: 'agent-message', connectionId, channel, message });
  }

  closeChannel({ connectionId, channel }: AgentLink): void {
    this.push({ type: 'now', kind: 'close-channel', connectionId, channel });
  }

  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>): void {
    this.push({ type: 'now', kind: 'log', level, message, fields });
  }

  #close(requestId: RequestId): void {
    assert(this.#open.delete(requestId), 'every request is answered exactly once');
  }
}
