/**
 * The shape of an executor call: what can be said without knowing any executor. Source: spec page 02, 2.2.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import type * as executor from '../gen/executor.js';
import type * as mesos from '../gen/mesos.js';
import { expecting, failedCall, type PayloadTable, validateCallShape, validateUuid } from './call-shape.js';

const PAYLOADS: PayloadTable<executor.Call_Type, executor.Call> = {
  UNKNOWN: null,
  SUBSCRIBE: 'subscribe',
  UPDATE: 'update',
  MESSAGE: 'message',
  HEARTBEAT: null,
};

/**
 * Why `call` cannot be a call, as `Failed to validate executor::Call: ...`; undefined when it can. Whether framework and executor exist
 * is for the agent to say.
 */
export function validateExecutorCall(call: executor.Call): Rejection | undefined {
  return failedCall('executor', validateCallShape(call, PAYLOADS) ?? updateComplaint(call));
}

function updateComplaint(call: executor.Call): Rejection | undefined {
  if (call.type !== 'UPDATE' || call.update === undefined) return undefined;
  const { status } = call.update;
  if (status.uuid === undefined) return expecting('update.status.uuid');
  return (
    validateUuid(status.uuid, 'update.status.uuid') ??
    originComplaint(status, call.executor_id) ??
    checkComplaint(status.check_status)
  );
}

function originComplaint(status: mesos.TaskStatus, sender: mesos.ExecutorID): Rejection | undefined {
  if (status.executor_id !== undefined && status.executor_id.value !== sender.value) {
    return reject('invalid', "'update.status.executor_id' differs from 'executor_id'");
  }
  if (status.source !== 'SOURCE_EXECUTOR')
    return reject('invalid', "Expecting 'update.status.source' to be SOURCE_EXECUTOR");
  return status.state === 'TASK_STAGING'
    ? reject('invalid', "'update.status.state' must not be TASK_STAGING")
    : undefined;
}

function checkComplaint(check: mesos.CheckStatusInfo | undefined): Rejection | undefined {
  if (check === undefined) return undefined;
  const path = 'update.status.check_status';
  switch (check.type) {
    case undefined:
      return expecting(`${path}.type`);
    case 'UNKNOWN':
      return reject('invalid', `'${path}.type' must not be UNKNOWN`);
    case 'COMMAND':
      return check.command === undefined ? expecting(`${path}.command`) : undefined;
    case 'HTTP':
      return check.http === undefined ? expecting(`${path}.http`) : undefined;
    case 'TCP':
      return check.tcp === undefined ? expecting(`${path}.tcp`) : undefined;
  }
}
