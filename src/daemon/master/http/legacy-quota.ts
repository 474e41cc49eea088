/**
 * `/quota`: GET shows what GET_QUOTA does, POST sets one as SET_QUOTA, DELETE of `/quota/ROLE` removes it. Deprecated with those.
 * Source: spec page 03, 3.4.
 */
import { isRejection, reject } from '../../../base/rejection.js';
import * as quota from '../../../wire/gen/quota.js';
import { decodeJson, encodeJson } from '../../../wire/json.js';
import type { Exchange } from '../../http/exchange.js';
import { passesBarrier } from './leader-only.js';
import { postCall } from './legacy-call.js';
import { quotaStatus } from './registry-reads.js';
import type { MasterSite } from './site.js';

export async function handleQuota(site: MasterSite, exchange: Exchange): Promise<void> {
  if (exchange.method === 'POST')
    await postCall(site, exchange, (body) => {
      const quota_request = decodeJson(quota.QuotaRequest, body);
      return isRejection(quota_request) ? quota_request : { type: 'SET_QUOTA', set_quota: { quota_request } };
    });
  else if (exchange.method === 'DELETE')
    await postCall(site, exchange, () => {
      const role = roleOf(exchange.path);
      return role === ''
        ? reject('invalid', "Expecting the role in the path, as in '/master/quota/ROLE'")
        : { type: 'REMOVE_QUOTA', remove_quota: { role } };
    });
  else if (await passesBarrier(site, exchange))
    exchange.sendJson(encodeJson(quota.QuotaStatus, quotaStatus(site.view())));
}

/** What follows `/quota`: roles have slashes themselves. */
function roleOf(path: string): string {
  return path.replace(/^(\/master)?\/quota\/*/, '').replace(/\/+$/, '');
}
