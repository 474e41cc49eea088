/**
 * `POST /api/v1`: the operator API. Reads are answered from the view in the same turn, so they never see half a step;
 * calls that change something and subscriptions go to the core. Source: spec page 03, 3.1 and 3.2.
 */
import { isRejection, type Rejection, reject } from '../../../base/rejection.js';
import * as master from '../../../wire/gen/master.js';
import { type MessageFormat, negotiateFormat } from '../../../wire/media-type.js';
import { validateMasterCall } from '../../../wire/validation/master-call.js';
import { readCall, sendMessage } from '../../http/api-call.js';
import type { Exchange } from '../../http/exchange.js';
import { versionInfo } from '../../http/version.js';
import {
  getAgents,
  getExecutors,
  getFrameworks,
  getOperations,
  getRoles,
  getState,
  getTasks,
} from '../core/snapshot.js';
import { leadsOrAnswers, passesBarrier } from './leader-only.js';
import { maintenanceSchedule, maintenanceStatus, quotaStatus } from './registry-reads.js';
import type { MasterSite } from './site.js';
import { weightInfos } from './weight-infos.js';

const METHODS = ['POST'] as const;

/** Calls that the core takes. */
const CHANGES: ReadonlySet<master.Call_Type> = new Set<master.Call_Type>([
  'TEARDOWN',
  'MARK_AGENT_GONE',
  'DRAIN_AGENT',
  'DEACTIVATE_AGENT',
  'REACTIVATE_AGENT',
  'UPDATE_WEIGHTS',
  'UPDATE_QUOTA',
  'SET_QUOTA',
  'REMOVE_QUOTA',
  'UPDATE_MAINTENANCE_SCHEDULE',
  'START_MAINTENANCE',
  'STOP_MAINTENANCE',
  'RESERVE_RESOURCES',
  'UNRESERVE_RESOURCES',
  'CREATE_VOLUMES',
  'DESTROY_VOLUMES',
  'GROW_VOLUME',
  'SHRINK_VOLUME',
]);

/**
 * Reads of the registry. It is linearizable, also for readers: a leader that was deposed and does not know it must not answer from
 * what it remembers, so a quorum is asked first (thesis, 6.4).
 */
const REGISTRY_READS: Readonly<Partial<Record<master.Call_Type, (site: MasterSite) => master.Response>>> = {
  GET_WEIGHTS: (site) => ({ type: 'GET_WEIGHTS', get_weights: { weight_infos: weightInfos(site) } }),
  GET_QUOTA: (site) => ({ type: 'GET_QUOTA', get_quota: { status: quotaStatus(site.view()) } }),
  GET_MAINTENANCE_SCHEDULE: (site) => ({
    type: 'GET_MAINTENANCE_SCHEDULE',
    get_maintenance_schedule: { schedule: maintenanceSchedule(site.view()) },
  }),
  GET_MAINTENANCE_STATUS: (site) => ({
    type: 'GET_MAINTENANCE_STATUS',
    get_maintenance_status: { status: maintenanceStatus(site.view()) },
  }),
};

export async function handleOperatorCall(site: MasterSite, exchange: Exchange): Promise<void> {
  if (!leadsOrAnswers(site, exchange)) return;
  if (exchange.method !== 'POST') {
    exchange.refuseMethod(METHODS);
    return;
  }
  const call = await readCall(exchange, master.Call);
  const rejection = isRejection(call) ? call : validateMasterCall(call);
  const format = negotiateFormat(exchange.header('accept'));
  if (isRejection(call) || rejection !== undefined) exchange.reject(rejection ?? reject('invalid', 'no call'));
  else if (isRejection(format)) exchange.reject(format);
  // Again: leadership may have ended while the body came.
  else if (leadsOrAnswers(site, exchange)) await answer(site, exchange, format, call);
}

async function answer(site: MasterSite, exchange: Exchange, format: MessageFormat, call: master.Call): Promise<void> {
  if (call.type === 'SUBSCRIBE') {
    const connectionId = site.nextConnectionId();
    const requestId = site.pending.add({ exchange, format, purpose: { kind: 'operator-stream' } });
    site.post({ kind: 'operator-subscribe', requestId, connectionId });
    return;
  }
  const readRegistry = REGISTRY_READS[call.type ?? 'UNKNOWN'];
  if (readRegistry !== undefined) {
    if (await passesBarrier(site, exchange)) sendMessage(exchange, format, master.Response, readRegistry(site));
    return;
  }
  if (CHANGES.has(call.type ?? 'UNKNOWN')) {
    const requestId = site.pending.add({ exchange, format, purpose: { kind: 'call' } });
    site.post({ kind: 'operator-call', requestId, call });
    return;
  }
  const response = read(site, call);
  if (isRejection(response)) exchange.reject(response);
  else sendMessage(exchange, format, master.Response, response);
}

/** The calls that only read. */
function read(site: MasterSite, call: master.Call): master.Response | Rejection {
  switch (call.type) {
    case 'GET_HEALTH':
      return { type: 'GET_HEALTH', get_health: { healthy: true } };
    case 'GET_FLAGS':
      return { type: 'GET_FLAGS', get_flags: { flags: flags(site) } };
    case 'GET_VERSION':
      return { type: 'GET_VERSION', get_version: { version_info: versionInfo(site.productVersion) } };
    case 'GET_METRICS':
      return { type: 'GET_METRICS', get_metrics: { metrics: Array.from(site.metrics(), toMetric) } };
    case 'GET_MASTER':
      return { type: 'GET_MASTER', get_master: describeMaster(site) };
    case 'GET_STATE':
      return { type: 'GET_STATE', get_state: getState(site.view()) };
    case 'GET_AGENTS':
      return { type: 'GET_AGENTS', get_agents: getAgents(site.view()) };
    case 'GET_FRAMEWORKS':
      return { type: 'GET_FRAMEWORKS', get_frameworks: getFrameworks(site.view()) };
    case 'GET_EXECUTORS':
      return { type: 'GET_EXECUTORS', get_executors: getExecutors(site.view()) };
    case 'GET_TASKS':
      return { type: 'GET_TASKS', get_tasks: getTasks(site.view()) };
    case 'GET_OPERATIONS':
      return { type: 'GET_OPERATIONS', get_operations: getOperations(site.view()) };
    case 'GET_ROLES':
      return { type: 'GET_ROLES', get_roles: getRoles(site.view()) };
    default:
      return reject('unimplemented', `This master does not support the call ${call.type ?? 'UNKNOWN'} yet`);
  }
}

function flags(site: MasterSite): { readonly name: string; readonly value: string }[] {
  return Object.entries(site.config.flags).map(([name, value]) => ({ name, value }));
}

function toMetric([name, value]: readonly [string, number]): { readonly name: string; readonly value: number } {
  return { name, value };
}

function describeMaster(site: MasterSite): master.Response_GetMaster {
  const { masterInfo, startedAtUnixMs, electedAtUnixMs } = site.view();
  return {
    master_info: masterInfo,
    start_time: startedAtUnixMs / 1000,
    elected_time: electedAtUnixMs === undefined ? undefined : electedAtUnixMs / 1000,
  };
}
