/**
 * `POST /api/mesoctl/v1`: what Mesos' own API has no place for (architecture, section 1). Questions are answered from the view in
 * the turn they arrive, but for WHY (why.ts); MEMBERS by every master, the rest by the leader; SUBSCRIBE, KILL_TASK and CHECK go to the core. docs/extension-api.md describes it for users.
 */
import { isRejection, type Rejection, reject } from '../../../base/rejection.js';
import * as api from '../../../wire/gen/mesoctl-api.js';
import { type MessageFormat, negotiateFormat } from '../../../wire/media-type.js';
import { validateExtensionCall } from '../../../wire/validation/extension-call.js';
import { readCall, sendMessage } from '../../http/api-call.js';
import type { Exchange } from '../../http/exchange.js';
import { findThings } from '../core/find.js';
import { leadsOrAnswers } from './leader-only.js';
import { answerMembers, changeMembers, isMembershipCall } from './members.js';
import type { MasterHandler, MasterSite } from './site.js';
import { createWhyDesk, type WhyDesk } from './why.js';

const METHODS = ['POST'] as const;
/** Raised with every addition to the API. */
const API_VERSION = 5;

/** The handler of one master. */
export function createExtensionApi(): MasterHandler {
  const why = createWhyDesk();
  return (site, exchange) => handleExtensionCall(site, exchange, why);
}

async function handleExtensionCall(site: MasterSite, exchange: Exchange, why: WhyDesk): Promise<void> {
  if (exchange.method !== 'POST') {
    exchange.refuseMethod(METHODS);
    return;
  }
  const call = await readCall(exchange, api.Call);
  const rejection = isRejection(call) ? call : validateExtensionCall(call);
  const format = negotiateFormat(exchange.header('accept'));
  if (isRejection(call) || rejection !== undefined) exchange.reject(rejection ?? reject('invalid', 'no call'));
  else if (isRejection(format)) exchange.reject(format);
  else if (call.type === 'MEMBERS') await answerMembers(site, exchange, format);
  // The body of the call took its time: the leader may be another one by now, and is told apart here only.
  else if (!leadsOrAnswers(site, exchange)) return;
  else if (isMembershipCall(call)) await changeMembers(site, exchange, format, call);
  else if (call.type === 'WHY')
    answerWhy(site, exchange, format, await why(site, call.why ?? {}, () => exchange.isClosed));
  else answer(site, exchange, format, call);
}

/** The leader may have changed while the question was worked on. */
function answerWhy(
  site: MasterSite,
  exchange: Exchange,
  format: MessageFormat,
  why: api.Response_Why | Rejection,
): void {
  if (!leadsOrAnswers(site, exchange)) return;
  if (isRejection(why)) exchange.reject(why);
  else sendMessage(exchange, format, api.Response, { type: 'WHY', why });
}

function answer(site: MasterSite, exchange: Exchange, format: MessageFormat, call: api.Call): void {
  if (call.type === 'SUBSCRIBE') {
    const connectionId = site.nextConnectionId();
    const requestId = site.pending.add({ exchange, format, purpose: { kind: 'watch-stream' } });
    const { subscribe = {} } = call;
    site.post({ kind: 'watch', requestId, connectionId, subscribe, info: describeCluster(site) });
    return;
  }
  if (call.type === 'KILL_TASK' || call.type === 'CHECK') {
    const requestId = site.pending.add({ exchange, format, purpose: { kind: 'call' } });
    site.post({ kind: 'extension-call', requestId, call });
    return;
  }
  const response = read(site, call);
  if (isRejection(response)) exchange.reject(response);
  else sendMessage(exchange, format, api.Response, response);
}

/** The calls that only read. */
function read(site: MasterSite, call: api.Call): api.Response | Rejection {
  switch (call.type) {
    case 'GET_INFO':
      return { type: 'GET_INFO', info: describeCluster(site) };
    case 'FIND':
      return call.find === undefined
        ? reject('invalid', 'no question')
        : { type: 'FIND', find: findThings(site.view(), call.find) };
    default:
      return reject('unimplemented', 'This master does not know that call: it may be older than the client');
  }
}

function describeCluster(site: MasterSite): api.Response_Info {
  const state = site.leader();
  const { startedAtUnixMs, electedAtUnixMs } = site.view();
  return {
    cluster_id: state.kind === 'leading' ? state.clusterId : '',
    term: site.view().term,
    master_info: site.masterInfo,
    api_version: API_VERSION,
    cluster_name: site.config.cluster,
    version: site.productVersion,
    started_at: startedAtUnixMs / 1000,
    elected_at: electedAtUnixMs === undefined ? undefined : electedAtUnixMs / 1000,
  };
}
