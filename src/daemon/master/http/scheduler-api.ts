/**
 * `POST /api/v1/scheduler`: everything about a scheduler call that can be said without knowing any framework. The order
 * of the checks is what clients see when several things are wrong at once, so it is fixed. What depends on frameworks
 * (steps 9 of spec page 01, 1.1) is the core's. Errors of what a call asks for never show here: they are events.
 */
import { isRejection, type Rejection, reject } from '../../../base/rejection.js';
import { randomUuid } from '../../../base/system/random.js';
import * as scheduler from '../../../wire/gen/scheduler.js';
import { negotiateFormat } from '../../../wire/media-type.js';
import { validateSchedulerCall } from '../../../wire/validation/scheduler-call.js';
import { readCall } from '../../http/api-call.js';
import type { Exchange } from '../../http/exchange.js';
import { leadsOrAnswers } from './leader-only.js';
import type { MasterSite } from './site.js';

const METHODS = ['POST'] as const;

export async function handleSchedulerCall(site: MasterSite, exchange: Exchange): Promise<void> {
  if (!leadsOrAnswers(site, exchange)) return;
  if (exchange.method !== 'POST') {
    exchange.refuseMethod(METHODS);
    return;
  }
  const call = await readCall(exchange, scheduler.Call);
  if (isRejection(call)) {
    exchange.reject(call);
    return;
  }
  const invalid = validateSchedulerCall(call);
  if (invalid !== undefined) site.onInvalidSchedulerCall();
  const rejection = invalid ?? refuseHeaders(exchange, call);
  if (rejection !== undefined) exchange.reject(rejection);
  // Again: leadership may have ended while the body came.
  else if (!leadsOrAnswers(site, exchange)) return;
  else if (call.type === 'SUBSCRIBE') subscribe(site, exchange, call);
  else {
    const purpose = { kind: 'call' } as const;
    const requestId = site.pending.add({ exchange, format: 'json', purpose });
    site.post({ kind: 'scheduler-call', requestId, streamId: exchange.header('mesos-stream-id'), call });
  }
}

function subscribe(site: MasterSite, exchange: Exchange, call: scheduler.Call): void {
  const format = negotiateFormat(exchange.header('accept'));
  if (isRejection(format)) {
    exchange.reject(format);
    return;
  }
  const streamId = randomUuid();
  const connectionId = site.nextConnectionId();
  const requestId = site.pending.add({ exchange, format, purpose: { kind: 'scheduler-stream', streamId } });
  site.post({ kind: 'scheduler-subscribe', requestId, connectionId, streamId, call });
}

function refuseHeaders(exchange: Exchange, call: scheduler.Call): Rejection | undefined {
  if (call.type === 'SUBSCRIBE' || call.type === 'RECONCILE_OPERATIONS') {
    const format = negotiateFormat(exchange.header('accept'));
    if (isRejection(format)) return format;
  }
  if (call.type === 'SUBSCRIBE' && exchange.header('mesos-stream-id') !== undefined)
    return reject('invalid', "Subscribe calls should not include the 'Mesos-Stream-Id' header");
  return undefined;
}
