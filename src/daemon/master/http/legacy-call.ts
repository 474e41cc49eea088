/** Endpoints from before the v1 API that change something: a JSON body becomes an operator call. Source: spec page 03, 3.4. */
import { isRejection, type Rejection } from '../../../base/rejection.js';
import type * as master from '../../../wire/gen/master.js';
import { validateMasterCall } from '../../../wire/validation/master-call.js';
import type { Exchange } from '../../http/exchange.js';
import { leadsOrAnswers } from './leader-only.js';
import type { MasterSite } from './site.js';

/** `read` makes the call of the body, or says what is wrong with it. */
export async function postCall(
  site: MasterSite,
  exchange: Exchange,
  read: (body: string) => master.Call | Rejection,
): Promise<void> {
  const body = await exchange.readBody();
  const call = isRejection(body) ? body : read(body.toString('utf8'));
  const complaint = isRejection(call) ? call : validateMasterCall(call);
  if (isRejection(call) || complaint !== undefined) {
    if (complaint !== undefined) exchange.reject(complaint);
    return;
  }
  // Again: leadership may have ended while the body came.
  if (!leadsOrAnswers(site, exchange)) return;
  const requestId = site.pending.add({ exchange, format: 'json', purpose: { kind: 'call' } });
  site.post({ kind: 'operator-call', requestId, call });
}
