/**
 * The shape of a call of the master's operator API: a type and its payload. Source: spec page 03, 3.1. Whether agents and
 * frameworks exist, and what the cluster has and schedules, is judged by the master, which knows.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import { excerpt } from '../fault.js';
import type * as master from '../gen/master.js';
import { expecting, failedCall, type PayloadTable, validateCallShape } from './call-shape.js';
import { validateQuotaConfigs, validateQuotaRequest, validateQuotaRole } from './quota.js';
import { validateWeights } from './weights.js';

const PAYLOADS: PayloadTable<master.Call_Type, master.Call> = {
  UNKNOWN: null,
  GET_HEALTH: null,
  GET_FLAGS: null,
  GET_VERSION: null,
  GET_METRICS: 'get_metrics',
  GET_LOGGING_LEVEL: null,
  SET_LOGGING_LEVEL: 'set_logging_level',
  LIST_FILES: 'list_files',
  READ_FILE: 'read_file',
  GET_STATE: null,
  GET_AGENTS: null,
  GET_FRAMEWORKS: null,
  GET_EXECUTORS: null,
  GET_OPERATIONS: null,
  GET_TASKS: null,
  GET_ROLES: null,
  GET_WEIGHTS: null,
  UPDATE_WEIGHTS: 'update_weights',
  GET_MASTER: null,
  SUBSCRIBE: null,
  RESERVE_RESOURCES: 'reserve_resources',
  UNRESERVE_RESOURCES: 'unreserve_resources',
  CREATE_VOLUMES: 'create_volumes',
  DESTROY_VOLUMES: 'destroy_volumes',
  GROW_VOLUME: 'grow_volume',
  SHRINK_VOLUME: 'shrink_volume',
  GET_MAINTENANCE_STATUS: null,
  GET_MAINTENANCE_SCHEDULE: null,
  UPDATE_MAINTENANCE_SCHEDULE: 'update_maintenance_schedule',
  START_MAINTENANCE: 'start_maintenance',
  STOP_MAINTENANCE: 'stop_maintenance',
  DRAIN_AGENT: 'drain_agent',
  DEACTIVATE_AGENT: 'deactivate_agent',
  REACTIVATE_AGENT: 'reactivate_agent',
  GET_QUOTA: null,
  UPDATE_QUOTA: 'update_quota',
  SET_QUOTA: 'set_quota',
  REMOVE_QUOTA: 'remove_quota',
  TEARDOWN: 'teardown',
  MARK_AGENT_GONE: 'mark_agent_gone',
};

/** 64-bit nanoseconds hold so many. */
const MAX_DURATION_SECONDS = 9_223_372_035;

/** Why `call` cannot be a call, as `Failed to validate master::Call: ...`; undefined when it can. UNKNOWN passes (501). */
export function validateMasterCall(call: master.Call): Rejection | undefined {
  const weights = call.update_weights?.weight_infos ?? [];
  const complaint =
    validateCallShape(call, PAYLOADS) ??
    resizeComplaint(call) ??
    validateWeights(weights, 'update_weights.weight_infos') ??
    quotaComplaint(call) ??
    scheduleComplaint(call) ??
    graceComplaint(call.drain_agent?.max_grace_period);
  return failedCall('master', complaint);
}

/** The proto leaves the agent open for resource providers that live outside agents; there are none. */
function resizeComplaint(call: master.Call): Rejection | undefined {
  if (call.type === 'GROW_VOLUME' && call.grow_volume?.agent_id === undefined) return expecting('grow_volume.agent_id');
  if (call.type === 'SHRINK_VOLUME' && call.shrink_volume?.agent_id === undefined)
    return expecting('shrink_volume.agent_id');
  return undefined;
}

function quotaComplaint(call: master.Call): Rejection | undefined {
  if (call.type === 'UPDATE_QUOTA') return validateQuotaConfigs(call.update_quota?.quota_configs ?? []);
  if (call.type === 'SET_QUOTA' && call.set_quota !== undefined)
    return validateQuotaRequest(call.set_quota.quota_request);
  if (call.type === 'REMOVE_QUOTA' && call.remove_quota !== undefined) return validateQuotaRole(call.remove_quota.role);
  return undefined;
}

/** A machine with an ip that is none would be nobody's: its agents would be offered on. */
function scheduleComplaint({ update_maintenance_schedule: update }: master.Call): Rejection | undefined {
  for (const { machine_ids = [] } of update?.schedule.windows ?? [])
    for (const { ip = '' } of machine_ids)
      if (ip !== '' && !isAddress(ip))
        return reject('invalid', `Machine ip ${excerpt(ip)} of the schedule is not an IP address`);
  return undefined;
}

/** IPv4 in full; of IPv6 only the characters. */
function isAddress(ip: string): boolean {
  const isByte = (part: string) => /^\d{1,3}$/.test(part) && Number(part) <= 255;
  const parts = ip.split('.');
  return (parts.length === 4 && parts.every(isByte)) || (ip.includes(':') && /^[0-9a-f:.]+$/i.test(ip));
}

/** A google.protobuf.Duration: both parts have the sign of the whole; it has to fit into 64-bit nanoseconds. */
function graceComplaint(grace: NonNullable<master.Call['drain_agent']>['max_grace_period']): Rejection | undefined {
  if (grace === undefined) return undefined;
  const { seconds = 0, nanos = 0 } = grace;
  if (seconds < 0 || nanos < 0) return reject('invalid', "'drain_agent.max_grace_period' must not be negative");
  return nanos >= 1e9 || seconds > MAX_DURATION_SECONDS
    ? reject('invalid', `'drain_agent.max_grace_period' must be a duration of at most ${MAX_DURATION_SECONDS} s`)
    : undefined;
}
