/**
 * `/weights`: GET shows the weights of roles, PUT changes those it names; the body of both is a list of role and weight. The
 * same as GET_WEIGHTS and UPDATE_WEIGHTS, for clients from before the v1 API. Source: spec page 03, 3.4.
 */
import { isRejection, type Rejection, reject } from '../../../base/rejection.js';
import * as mesos from '../../../wire/gen/mesos.js';
import { decodeJsonValue, encodeJson, parseJsonText } from '../../../wire/json.js';
import { validateWeights } from '../../../wire/validation/weights.js';
import type { Exchange } from '../../http/exchange.js';
import { leadsOrAnswers, passesBarrier } from './leader-only.js';
import type { MasterSite } from './site.js';
import { weightInfos } from './weight-infos.js';

export function handleWeights(site: MasterSite, exchange: Exchange): Promise<void> {
  return exchange.method === 'PUT' ? putWeights(site, exchange) : sendWeights(site, exchange);
}

async function sendWeights(site: MasterSite, exchange: Exchange): Promise<void> {
  if (!(await passesBarrier(site, exchange))) return;
  exchange.sendJson(
    `[${weightInfos(site)
      .map((info) => encodeJson(mesos.WeightInfo, info))
      .join(',')}]`,
  );
}

async function putWeights(site: MasterSite, exchange: Exchange): Promise<void> {
  const body = await exchange.readBody();
  const infos = isRejection(body) ? body : parseWeights(body.toString('utf8'));
  if (isRejection(infos)) {
    exchange.reject(infos);
    return;
  }
  // Again: leadership may have ended while the body came.
  if (!leadsOrAnswers(site, exchange)) return;
  const requestId = site.pending.add({ exchange, format: 'json', purpose: { kind: 'call' } });
  const update_weights = { weight_infos: [...infos] };
  site.post({ kind: 'operator-call', requestId, call: { type: 'UPDATE_WEIGHTS', update_weights } });
}

function parseWeights(text: string): readonly mesos.WeightInfo[] | Rejection {
  const list = parseJsonText(text);
  if (isRejection(list)) return list;
  if (!Array.isArray(list)) return reject('malformed', 'Expecting a JSON array of objects with role and weight');
  const infos: mesos.WeightInfo[] = [];
  for (const item of list) {
    const info = decodeJsonValue(mesos.WeightInfo, item);
    if (isRejection(info)) return info;
    infos.push(info);
  }
  return validateWeights(infos, 'weights') ?? infos;
}
