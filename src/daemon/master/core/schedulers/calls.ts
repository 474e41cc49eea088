/**
 * Every scheduler call but SUBSCRIBE: whose is it, is it on its stream, then the call itself. The status is decided
 * here; what goes wrong later is an event. Source: spec page 01, section 1.1, steps 9 and 10.
 */
import { type Rejection, type RejectionCode, reject } from '../../../../base/rejection.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import { removeFramework } from '../frameworks/removal.js';
import type { Context } from '../machine/context.js';
import { CALL_COUNTS } from '../metrics/framework-counts.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { MasterEvent, RequestId } from '../protocol.js';
import { handleAccept } from './accept.js';
import { answerInverseOffers, handleDecline, handleRevive, handleSuppress } from './offer-calls.js';
import { handleAcknowledgeOperation } from './operation-feedback.js';
import { handleReconcile, handleReconcileOperations, mayReconcile } from './reconcile.js';
import { handleAcknowledge, handleKill, handleMessage, handleShutdownExecutor } from './task-calls.js';
import { handleUpdateFramework } from './update-framework.js';

type CallEvent = Extract<MasterEvent, { kind: 'scheduler-call' }>;

interface Refusal {
  readonly status: 400 | 403;
  readonly rejection: Rejection;
}

export function handleSchedulerCall(context: Context, event: CallEvent): void {
  const { requestId, call } = event;
  const framework = context.state.frameworks.get(call.framework_id?.value ?? '');
  if (framework === undefined) {
    context.outbox.refuse(requestId, 400, reject('invalid', 'Framework cannot be found'));
    return;
  }
  const refusal = refusalOf(framework, event);
  if (refusal !== undefined) {
    context.outbox.refuse(requestId, refusal.status, refusal.rejection);
    return;
  }
  framework.count('calls');
  if (call.type !== undefined) framework.count(CALL_COUNTS.get(call.type));
  dispatch(context, framework, requestId, call);
}

function refusalOf(framework: FrameworkRecord, { principal, streamId }: CallEvent): Refusal | undefined {
  if (principal !== undefined && principal !== framework.info.principal)
    return refusal(400, 'invalid', `principal '${principal}' is not that of framework '${framework.id}'`);
  if (framework.stream === undefined || framework.removing)
    return refusal(403, 'forbidden', 'Framework is not subscribed');
  if (streamId === undefined)
    return refusal(400, 'invalid', "the 'Mesos-Stream-Id' header is missing: every call but SUBSCRIBE carries it");
  if (streamId !== framework.stream.streamId)
    return refusal(400, 'invalid', `stream id '${streamId}' is not the one of the present subscription`);
  return undefined;
}

function refusal(status: 400 | 403, code: RejectionCode, message: string): Refusal {
  return { status, rejection: reject(code, message) };
}

function dispatch(context: Context, framework: FrameworkRecord, requestId: RequestId, call: scheduler.Call): void {
  if (call.type === 'UPDATE_FRAMEWORK' && call.update_framework !== undefined) {
    handleUpdateFramework(context, framework, requestId, call.update_framework);
    return;
  }
  const handle = handlerOf(context, framework, call);
  if (handle === 'unknown') {
    const rejection = reject('unimplemented', `calls of type ${call.type ?? 'UNKNOWN'} are not known`);
    context.outbox.refuse(requestId, 501, rejection);
    return;
  }
  if (handle === 'incomplete') {
    const rejection = reject('invalid', `a call of type ${call.type} needs its message`);
    context.outbox.refuse(requestId, 400, rejection);
    return;
  }
  const isReconciliation = call.type === 'RECONCILE' || call.type === 'RECONCILE_OPERATIONS';
  if (isReconciliation && !mayReconcile(framework)) {
    context.outbox.refuseUnavailable(requestId, 'too many reconciliations are under way: try again later');
    return;
  }
  context.outbox.respond(requestId, 202);
  handle();
}

type Handler = (() => void) | 'unknown' | 'incomplete';

/** Each call needs the member named after it; validation has seen to that before, so 'incomplete' is a safety net. */
function handlerOf(context: Context, framework: FrameworkRecord, call: scheduler.Call): Handler {
  const given = <T>(message: T | undefined, handle: (message: T) => void): Handler =>
    message === undefined ? 'incomplete' : () => handle(message);
  switch (call.type) {
    case 'TEARDOWN':
      return () => teardown(context, framework);
    case 'ACCEPT':
      return given(call.accept, (accept) => handleAccept(context, framework, accept));
    case 'DECLINE':
      return given(call.decline, (decline) => handleDecline(context, framework, decline));
    case 'REVIVE':
      return () => handleRevive(context, framework, call.revive?.roles ?? []);
    case 'SUPPRESS':
      return () => handleSuppress(context, framework, call.suppress?.roles ?? []);
    case 'KILL':
      return given(call.kill, (kill) => handleKill(context, framework, kill));
    case 'SHUTDOWN':
      return given(call.shutdown, (shutdown) => handleShutdownExecutor(context, framework, shutdown));
    case 'ACKNOWLEDGE':
      return given(call.acknowledge, (acknowledge) => handleAcknowledge(context, framework, acknowledge));
    case 'RECONCILE':
      return given(call.reconcile, (reconcile) => handleReconcile(context, framework, reconcile));
    case 'MESSAGE':
      return given(call.message, (message) => handleMessage(context, framework, message));
    case 'REQUEST':
      // Taken and left alone, as by the hierarchical allocator of Mesos.
      return given(call.request, () => context.counters.add('messages_resource_request'));
    case 'ACCEPT_INVERSE_OFFERS':
      return given(call.accept_inverse_offers, (answer) => answerInverseOffers(context, framework, answer, 'ACCEPT'));
    case 'DECLINE_INVERSE_OFFERS':
      return given(call.decline_inverse_offers, (answer) => answerInverseOffers(context, framework, answer, 'DECLINE'));
    case 'ACKNOWLEDGE_OPERATION_STATUS':
      return given(call.acknowledge_operation_status, (acknowledged) =>
        handleAcknowledgeOperation(context, framework, acknowledged),
      );
    case 'RECONCILE_OPERATIONS':
      return given(call.reconcile_operations, (asked) => handleReconcileOperations(context, framework, asked));
    case 'UPDATE_FRAMEWORK':
      return 'incomplete';
    case 'SUBSCRIBE':
    case 'UNKNOWN':
    case undefined:
      return 'unknown';
  }
}

function teardown(context: Context, framework: FrameworkRecord): void {
  context.counters.add('messages_unregister_framework');
  removeFramework(context, framework, 'teardown', () => undefined);
}
