/** OPERATION_ERROR for operations whose framework asked to be told, by giving them an id. Source: spec page 01. */
import type * as mesos from '../../../../wire/gen/mesos.js';
import { notify } from '../frameworks/notify.js';
import type { Context } from '../machine/context.js';
import type { FrameworkRecord } from '../model/framework.js';

export function refuseOperation(
  context: Context,
  framework: FrameworkRecord,
  operation: mesos.Offer_Operation,
  message: string,
): void {
  context.counters.add('operations/error');
  context.outbox.log('warn', 'operation refused', {
    frameworkId: framework.id,
    operation: operation.type,
    reason: message,
  });
  if (operation.id === undefined) return;
  const status: mesos.OperationStatus = { operation_id: operation.id, state: 'OPERATION_ERROR', message };
  notify(context, framework, { type: 'UPDATE_OPERATION_STATUS', update_operation_status: { status } });
}
