/**
 * HTTP exchanges that wait for the core's answer. The core answers every request exactly once, so an entry always leaves;
 * whether the client is still there shows only then.
 */
import { present } from '../../base/assert.js';
import type { MessageFormat } from '../../wire/media-type.js';
import type { Exchange } from '../http/exchange.js';
import type { RequestId } from './core/protocol.js';

export interface PendingExchange {
  readonly exchange: Exchange;
  /** How a body or stream is written. */
  readonly format: MessageFormat;
  /** What becomes of it when it is accepted. */
  readonly purpose:
    | { readonly kind: 'call' | 'operator-stream' | 'watch-stream' }
    | { readonly kind: 'scheduler-stream'; readonly streamId: string };
}

export class PendingExchanges {
  readonly #pending = new Map<RequestId, PendingExchange>();
  #lastId = 0;

  get size(): number {
    return this.#pending.size;
  }

  /** Registers an exchange and returns its id. */
  add(pending: PendingExchange): RequestId {
    this.#lastId += 1;
    const requestId = this.#lastId;
    this.#pending.set(requestId, pending);
    return requestId;
  }

  /** Takes the exchange out. */
  take(requestId: RequestId): PendingExchange {
    const pending = present(this.#pending.get(requestId), 'the core answers each request once');
    this.#pending.delete(requestId);
    return pending;
  }

  /** Takes all of them out, to answer them otherwise. */
  takeAll(): readonly PendingExchange[] {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    return all;
  }
}
