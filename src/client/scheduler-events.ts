/** The events of the scheduler API as a union: what TypeScript can check a `switch` against. Spec page 01, section 1.3. */
import type { Rejection } from '../base/rejection.js';
import { reject } from '../base/rejection.js';
import type * as mesos from '../wire/gen/mesos.js';
import type * as scheduler from '../wire/gen/scheduler.js';
import type { Disconnected } from './subscription.js';

export type SchedulerEvent =
  /** First event of each connection; `framework_id` is ours from now on. */
  | { readonly type: 'SUBSCRIBED'; readonly subscribed: scheduler.Event_Subscribed }
  | { readonly type: 'OFFERS'; readonly offers: readonly mesos.Offer[] }
  | { readonly type: 'RESCIND'; readonly offerId: mesos.OfferID }
  | { readonly type: 'INVERSE_OFFERS'; readonly inverseOffers: readonly mesos.InverseOffer[] }
  | { readonly type: 'RESCIND_INVERSE_OFFER'; readonly inverseOfferId: mesos.OfferID }
  /** To be acknowledged if it has a uuid (`SchedulerClient.acknowledge` knows). May come more than once. */
  | { readonly type: 'UPDATE'; readonly status: mesos.TaskStatus }
  | { readonly type: 'UPDATE_OPERATION_STATUS'; readonly status: mesos.OperationStatus }
  | { readonly type: 'MESSAGE'; readonly message: scheduler.Event_Message }
  /** An agent is gone, or an executor ended (`executor_id`, raw wait `status`). */
  | { readonly type: 'FAILURE'; readonly failure: scheduler.Event_Failure }
  | { readonly type: 'HEARTBEAT' }
  /** Of a newer server. */
  | { readonly type: 'UNKNOWN' }
  /** Ours, not the server's: the connection is gone, the next attempt is on its way. All offers are void. */
  | Disconnected;

/** What an ERROR event says is thrown, not delivered: nothing can follow it. */
export type WireSchedulerEvent =
  | Exclude<SchedulerEvent, Disconnected>
  | { readonly type: 'ERROR'; readonly message: string };

export function toSchedulerEvent(event: scheduler.Event): WireSchedulerEvent | Rejection {
  switch (event.type) {
    case 'SUBSCRIBED':
      return event.subscribed === undefined ? incomplete(event) : { type: 'SUBSCRIBED', subscribed: event.subscribed };
    case 'OFFERS':
      return { type: 'OFFERS', offers: event.offers?.offers ?? [] };
    case 'RESCIND':
      return event.rescind === undefined ? incomplete(event) : { type: 'RESCIND', offerId: event.rescind.offer_id };
    case 'INVERSE_OFFERS':
      return { type: 'INVERSE_OFFERS', inverseOffers: event.inverse_offers?.inverse_offers ?? [] };
    case 'RESCIND_INVERSE_OFFER':
      return event.rescind_inverse_offer === undefined
        ? incomplete(event)
        : { type: 'RESCIND_INVERSE_OFFER', inverseOfferId: event.rescind_inverse_offer.inverse_offer_id };
    case 'UPDATE':
      return event.update === undefined ? incomplete(event) : { type: 'UPDATE', status: event.update.status };
    case 'UPDATE_OPERATION_STATUS':
      return event.update_operation_status === undefined
        ? incomplete(event)
        : { type: 'UPDATE_OPERATION_STATUS', status: event.update_operation_status.status };
    case 'MESSAGE':
      return event.message === undefined ? incomplete(event) : { type: 'MESSAGE', message: event.message };
    case 'FAILURE':
      return { type: 'FAILURE', failure: event.failure ?? {} };
    case 'ERROR':
      return { type: 'ERROR', message: event.error?.message ?? 'no reason given' };
    case 'HEARTBEAT':
      return { type: 'HEARTBEAT' };
    default:
      return { type: 'UNKNOWN' };
  }
}

function incomplete(event: scheduler.Event): Rejection {
  return reject('malformed', `an event of type ${event.type} without its body`);
}
