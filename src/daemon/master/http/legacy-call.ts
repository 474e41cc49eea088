/** Endpoints from before the v1 API that change something: a JSON body becomes an operator call. Source: spec page 03, 3.4. */
import { isRejection, type Rejection, reject } from '../../../base/rejection.js';
import type * as master from '../../../wire/gen/master.js';
import { decodeJsonValue, parseJsonText } from '../../../wire/json.js';
import type { MessageType } from '../../../wire/schema.js';
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

/** A JSON array of messages; `expected` says of what, as in "machines with hostname and ip". */
export function readList<T extends object>(type: MessageType<T>, text: string, expected: string): T[] | Rejection {
  const list = parseJsonText(text);
  if (isRejection(list)) return list;
  if (!Array.isArray(list)) return reject('malformed', `Expecting a JSON array of ${expected}`);
  const messages: T[] = [];
  for (const item of list) {
    const message = decodeJsonValue(type, item);
    if (isRejection(message)) return message;
    messages.push(message);
  }
  return messages;
}
