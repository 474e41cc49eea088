/**
 * `/weights`: GET shows the weights of roles, PUT changes those it names; the body of both is a list of role and weight. The
 * same as GET_WEIGHTS and UPDATE_WEIGHTS, for clients from before the v1 API. Source: spec page 03, 3.4.
 */
import { isRejection } from '../../../base/rejection.js';
import * as mesos from '../../../wire/gen/mesos.js';
import { encodeJson } from '../../../wire/json.js';
import { validateWeights } from '../../../wire/validation/weights.js';
import type { Exchange } from '../../http/exchange.js';
import { passesBarrier } from './leader-only.js';
import { postCall, readList } from './legacy-call.js';
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

function putWeights(site: MasterSite, exchange: Exchange): Promise<void> {
  return postCall(site, exchange, (body) => {
    const weight_infos = readList(mesos.WeightInfo, body, 'objects with role and weight');
    if (isRejection(weight_infos)) return weight_infos;
    return validateWeights(weight_infos, 'weights') ?? { type: 'UPDATE_WEIGHTS', update_weights: { weight_infos } };
  });
}
