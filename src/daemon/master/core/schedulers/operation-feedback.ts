/**
 * What a framework hears of its operations, if it gave them an id, and what it acknowledges. An operation that never reached an
 * agent is OPERATION_ERROR without uuid: there is nothing to acknowledge. Source: spec page 01, "Operation feedback".
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import type { Context } from '../machine/context.js';
import { sameBytes } from '../model/equality.js';
import type { FrameworkRecord } from '../model/framework.js';
import { acknowledgeOperation, countEnding, notifyOperation } from '../operations/book.js';

export function refuseOperation(
  context: Context,
  framework: FrameworkRecord,
  operation: mesos.Offer_Operation,
  message: string,
): void {
  countEnding(context, operation, 'OPERATION_ERROR');
  context.outbox.log('warn', 'operation refused', {
    frameworkId: framework.id,
    operation: operation.type,
    reason: message,
  });
  if (operation.id === undefined) return;
  notifyOperation(context, framework, { operation_id: operation.id, state: 'OPERATION_ERROR', message });
}

/** Of the status that was sent last, while the agent is there to hear of it: else the agent repeats it, and so may the scheduler. */
export function handleAcknowledgeOperation(
  context: Context,
  framework: FrameworkRecord,
  { operation_id, uuid }: scheduler.Call_AcknowledgeOperationStatus,
): void {
  context.counters.add('messages_operation_status_update_acknowledgement');
  const record = framework.operations.get(operation_id.value);
  const agent = record === undefined ? undefined : context.state.agents.get(record.agentId);
  if (record === undefined || agent?.link === undefined || !sameBytes(record.status.uuid?.value, uuid)) {
    context.counters.add('invalid_operation_status_update_acknowledgements');
    const fields = { frameworkId: framework.id, operationId: operation_id.value };
    context.outbox.log('warn', 'acknowledgement of an operation dropped', fields);
    return;
  }
  context.counters.add('valid_operation_status_update_acknowledgements');
  acknowledgeOperation(context, agent, record);
}
