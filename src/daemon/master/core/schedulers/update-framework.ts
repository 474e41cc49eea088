/**
 * UPDATE_FRAMEWORK: all or nothing, answered only when the registry has it. Source: spec page 01, UPDATE_FRAMEWORK.
 */
import { isRejection, type Rejection, reject } from '../../../../base/rejection.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import { updateFramework } from '../frameworks/lifecycle.js';
import { frameworkTurn, recordFramework } from '../frameworks/registration.js';
import type { Context } from '../machine/context.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { RequestId } from '../protocol.js';
import { checkedFacts } from '../validation/framework.js';

export function handleUpdateFramework(
  context: Context,
  framework: FrameworkRecord,
  requestId: RequestId,
  update: scheduler.Call_UpdateFramework,
): void {
  const info: mesos.FrameworkInfo = { ...update.framework_info, id: { value: framework.id } };
  if (info.principal === undefined) info.principal = framework.info.principal;
  const checked =
    fixedFieldsRejection(framework.info, info) ??
    checkedFacts(context.config, info, update.suppressed_roles, update.offer_constraints);
  if (isRejection(checked)) {
    context.outbox.refuse(requestId, 400, checked);
    return;
  }
  const turn = frameworkTurn(framework.id);
  if (context.turns.isFull(turn)) {
    context.outbox.refuseUnavailable(requestId, 'too many changes of this framework are waiting: try again later');
    return;
  }
  context.turns.take(turn, (done) => {
    if (context.state.frameworks.get(framework.id) !== framework || framework.removing) {
      context.outbox.refuse(requestId, 409, reject('conflict', 'the framework was removed meanwhile'));
      done();
      return;
    }
    recordFramework(context, framework.id, info, (objection) => {
      if (objection === undefined) {
        context.outbox.respond(requestId, 200);
        updateFramework(context, framework, checked);
      } else context.outbox.refuse(requestId, 409, reject('conflict', `the registry refused: ${objection}`));
      done();
    });
  });
}

function fixedFieldsRejection(before: mesos.FrameworkInfo, after: mesos.FrameworkInfo): Rejection | undefined {
  const changed = (field: string) => reject('invalid', `'${field}' of a framework cannot change`);
  if ((before.principal ?? '') !== (after.principal ?? '')) return changed('principal');
  if (before.user !== after.user) return changed('user');
  if ((before.checkpoint ?? false) !== (after.checkpoint ?? false)) return changed('checkpoint');
  return undefined;
}
