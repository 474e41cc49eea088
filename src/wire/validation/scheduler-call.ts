/**
 * The shape of a scheduler call: what can be said without knowing any framework. Source: spec page 01, 1.1 (call-shape validation).
 * Contents of FrameworkInfo are checked after the stream is open (framework-info.ts), tasks per offer operation (task.ts).
 */
import { type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../gen/mesos.js';
import type * as scheduler from '../gen/scheduler.js';
import { expecting, failedCall, type PayloadTable, validatePayload, validateUuid } from './call-shape.js';

const PAYLOADS: PayloadTable<scheduler.Call_Type, scheduler.Call> = {
  UNKNOWN: null,
  SUBSCRIBE: 'subscribe',
  TEARDOWN: null,
  ACCEPT: 'accept',
  DECLINE: 'decline',
  ACCEPT_INVERSE_OFFERS: 'accept_inverse_offers',
  DECLINE_INVERSE_OFFERS: 'decline_inverse_offers',
  REVIVE: null,
  KILL: 'kill',
  SHUTDOWN: 'shutdown',
  ACKNOWLEDGE: 'acknowledge',
  ACKNOWLEDGE_OPERATION_STATUS: 'acknowledge_operation_status',
  RECONCILE: 'reconcile',
  RECONCILE_OPERATIONS: 'reconcile_operations',
  MESSAGE: 'message',
  REQUEST: 'request',
  SUPPRESS: null,
  UPDATE_FRAMEWORK: 'update_framework',
};

/**
 * Why `call` cannot be a call, as `Failed to validate scheduler::Call: ...`; undefined when it can. `principal` is the authenticated
 * one, if any. A call of type UNKNOWN passes: the endpoint answers it with 501.
 */
export function validateSchedulerCall(call: scheduler.Call, principal?: string): Rejection | undefined {
  return failedCall('scheduler', complaint(call, principal));
}

function complaint(call: scheduler.Call, principal: string | undefined): Rejection | undefined {
  if (call.type === undefined) return expecting('type');
  if (call.type === 'SUBSCRIBE') return subscribeComplaint(call, principal);
  if (call.framework_id === undefined) return expecting('framework_id');
  return validatePayload(call, call.type, PAYLOADS) ?? payloadComplaint(call, call.framework_id);
}

function subscribeComplaint(call: scheduler.Call, principal: string | undefined): Rejection | undefined {
  if (call.subscribe === undefined) return expecting('subscribe');
  const info = call.subscribe.framework_info;
  // Some clients send an empty id where they have none yet.
  if ((call.framework_id?.value ?? '') !== (info.id?.value ?? '')) {
    return reject('invalid', "'framework_id' differs from 'subscribe.framework_info.id'");
  }
  if (principal !== undefined && info.principal !== undefined && info.principal !== principal) {
    return reject(
      'invalid',
      `Authenticated principal '${principal}' does not match '${info.principal}' of FrameworkInfo`,
    );
  }
  return undefined;
}

function payloadComplaint(call: scheduler.Call, frameworkId: mesos.FrameworkID): Rejection | undefined {
  switch (call.type) {
    case 'ACKNOWLEDGE':
      return call.acknowledge && validateUuid(call.acknowledge.uuid, 'acknowledge.uuid');
    case 'ACKNOWLEDGE_OPERATION_STATUS':
      return call.acknowledge_operation_status && operationAcknowledgement(call.acknowledge_operation_status);
    case 'UPDATE_FRAMEWORK':
      return call.update_framework?.framework_info.id?.value === frameworkId.value
        ? undefined
        : reject('invalid', "'framework_id' differs from 'update_framework.framework_info.id'");
    default:
      return undefined;
  }
}

function operationAcknowledgement(payload: scheduler.Call_AcknowledgeOperationStatus): Rejection | undefined {
  const invalid = validateUuid(payload.uuid, 'acknowledge_operation_status.uuid');
  if (invalid !== undefined) return invalid;
  return payload.agent_id === undefined ? expecting('acknowledge_operation_status.agent_id') : undefined;
}
