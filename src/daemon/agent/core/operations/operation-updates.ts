/**
 * The outcomes of operations on their way to the master: each is sent until it is acknowledged, with growing pauses,
 * and at once when the agent is registered anew. Unlike those of a task they do not depend on each other.
 *
 * Invariant: an outcome leaves after it is durable, together with what it says about the agent's resources.
 */
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import { type AgentTimer, type Context, sendWhenDurable } from '../context.js';
import { UPDATE_RETRY_MAX_MS, UPDATE_RETRY_MIN_MS } from '../limits.js';
import { frameworkOf, isPending, type OperationRecord, operationKey } from './operation-record.js';

export class OperationUpdates {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Sends the outcome of an operation, if it has one, and starts its pauses anew. */
  send(operation: OperationRecord): void {
    operation.intervalMs = UPDATE_RETRY_MIN_MS;
    this.#send(operation);
  }

  resume(): void {
    for (const operation of this.#context.state.operations.values()) this.send(operation);
  }

  pause(): void {
    for (const { retryTimer } of this.#context.state.operations.values()) this.#context.timers.cancel(retryTimer);
  }

  onRetry({ key }: Extract<AgentTimer, { readonly kind: 'retry-operation' }>): void {
    const operation = this.#context.state.operations.get(key);
    if (operation === undefined) return;
    operation.intervalMs = Math.min(UPDATE_RETRY_MAX_MS, operation.intervalMs * 2);
    this.#send(operation);
  }

  /** The operation is over and may be forgotten. */
  acknowledge(message: link.AcknowledgeOperation): void {
    const { out, state, timers } = this.#context;
    const key = operationKey(message.operation_uuid);
    const operation = state.operations.get(key);
    if (operation === undefined || !isSameUuid(operation.status.uuid?.value, message.status_uuid)) {
      out.log('debug', 'acknowledgement of no pending outcome of an operation', { operation: key });
      return;
    }
    timers.cancel(operation.retryTimer);
    state.operations.delete(key);
    if (operation.durable) out.persist({ kind: 'remove-operation', uuid: operation.uuid }, 'process');
  }

  #send(operation: OperationRecord): void {
    const { now, state, timers } = this.#context;
    timers.cancel(operation.retryTimer);
    if (isPending(operation) || !state.registered) return;
    sendWhenDurable(this.#context, {
      operation_update: {
        ...frameworkOf(operation.frameworkId),
        uuid: operation.uuid,
        status: operation.status,
        total_resources: state.total.toWire(),
      },
    });
    operation.retryTimer = timers.arm(now.monotonicMs + operation.intervalMs, {
      kind: 'retry-operation',
      key: operation.key,
    });
  }
}

function isSameUuid(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && operationKey(left) === operationKey(right);
}
