/**
 * SUBSCRIBE: register, re-register or take over. Everything wrong is said after the 200, as one ERROR event before the
 * stream closes; the registry has the framework before SUBSCRIBED is sent. Source: spec page 01, SUBSCRIBE and
 * "Disconnection and failover"; architecture, section 4.
 */
import { isRejection } from '../../../../base/rejection.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { addFramework, disconnectFramework, reconnectFramework } from '../frameworks/lifecycle.js';
import { frameworkTurn, recordDisconnection, recordFramework } from '../frameworks/registration.js';
import { awaitReturn, failoverTimeoutMs } from '../frameworks/removal.js';
import { MIN_GRACE_MS } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { FrameworkFacts, FrameworkRecord } from '../model/framework.js';
import type { ConnectionId, MasterEvent, RequestId } from '../protocol.js';
import { checkedFacts } from '../validation/framework.js';
import { tellFramework } from '../watchers/tell.js';
import { touchSums } from '../watchers/usage.js';

type SubscribeEvent = Extract<MasterEvent, { kind: 'scheduler-subscribe' }>;

interface Subscription {
  readonly requestId: RequestId;
  readonly connectionId: ConnectionId;
  readonly streamId: string;
  readonly frameworkId: string;
  readonly facts: FrameworkFacts;
}

export function handleSubscribe(context: Context, event: SubscribeEvent): void {
  const { requestId, connectionId, streamId, call } = event;
  const subscribe = call.subscribe;
  const given = subscribe?.framework_info.id?.value ?? '';
  context.counters.add(given === '' ? 'messages_register_framework' : 'messages_reregister_framework');
  if (subscribe === undefined) {
    fail(context, event, 'subscribe is missing');
    return;
  }
  const wanted = withPrincipal(subscribe.framework_info, event.principal);
  const facts = checkedFacts(context.config, wanted, subscribe.suppressed_roles, subscribe.offer_constraints);
  if (isRejection(facts)) {
    fail(context, event, facts.message);
    return;
  }
  const frameworkId = given === '' ? context.state.newFrameworkId() : given;
  if (context.turns.isFull(frameworkTurn(frameworkId))) {
    context.outbox.refuseUnavailable(requestId, 'too many changes of this framework are waiting: try again later');
    return;
  }
  context.state.waitingStreams.add(connectionId);
  context.turns.take(frameworkTurn(frameworkId), (done) =>
    subscribeInTurn(context, { requestId, connectionId, streamId, frameworkId, facts }, done),
  );
}

function withPrincipal(info: mesos.FrameworkInfo, principal: string | undefined): mesos.FrameworkInfo {
  return info.principal === undefined && principal !== undefined ? { ...info, principal } : info;
}

function subscribeInTurn(context: Context, subscription: Subscription, done: () => void): void {
  const { state } = context;
  const { frameworkId } = subscription;
  const objection = state.tombstones.has(frameworkId)
    ? 'Framework has been removed'
    : objectionOfKnown(state.frameworks.get(frameworkId), subscription.facts.info);
  if (objection !== undefined) {
    failInTurn(context, subscription, objection);
    done();
    return;
  }
  const facts = keepFixed(state.frameworks.get(frameworkId), frameworkId, subscription.facts);
  recordFramework(context, frameworkId, facts.info, (refused) => {
    if (refused === undefined) accept(context, { ...subscription, facts });
    else failInTurn(context, subscription, `the registry refused the framework: ${refused}`);
    done();
  });
}

function objectionOfKnown(known: FrameworkRecord | undefined, info: mesos.FrameworkInfo): string | undefined {
  if (known === undefined || (known.info.principal ?? '') === (info.principal ?? '')) return undefined;
  return `the principal of a framework cannot change: it is '${known.info.principal ?? ''}', not '${info.principal ?? ''}'`;
}

/** `user` and `checkpoint` stay as they were at the first subscription, whatever a later one says. */
function keepFixed(known: FrameworkRecord | undefined, frameworkId: string, facts: FrameworkFacts): FrameworkFacts {
  const { user, checkpoint } = known?.info ?? facts.info;
  return { ...facts, info: { ...facts.info, id: { value: frameworkId }, user, checkpoint } };
}

function accept(context: Context, { requestId, connectionId, streamId, frameworkId, facts }: Subscription): void {
  context.outbox.acceptStream(requestId, connectionId);
  const known = context.state.frameworks.get(frameworkId);
  const stream = { connectionId, streamId };
  if (known === undefined) addFramework(context, facts, frameworkId, stream);
  else reconnectFramework(context, known, facts, stream);
  context.outbox.log('info', known === undefined ? 'framework subscribed' : 'framework re-subscribed', {
    frameworkId,
    name: facts.info.name,
    roles: context.state.frameworks.get(frameworkId)?.roles,
  });
  const overflow = endWaiting(context, connectionId);
  if (overflow !== undefined) handleClosed(context, connectionId, overflow);
}

/** Returns the `overflow` of a stream that closed while it waited; undefined: it is open. */
function endWaiting(context: Context, connectionId: ConnectionId): boolean | undefined {
  const { waitingStreams, closedWhileWaiting } = context.state;
  waitingStreams.delete(connectionId);
  const overflow = closedWhileWaiting.get(connectionId);
  closedWhileWaiting.delete(connectionId);
  return overflow;
}

function failInTurn(context: Context, subscription: Subscription, message: string): void {
  fail(context, subscription, message);
  endWaiting(context, subscription.connectionId);
}

function fail(context: Context, where: Pick<Subscription, 'requestId' | 'connectionId'>, message: string): void {
  context.outbox.acceptStream(where.requestId, where.connectionId);
  context.outbox.schedulerEvent(where.connectionId, { type: 'ERROR', error: { message } });
  context.outbox.closeStream(where.connectionId);
  context.outbox.log('warn', 'subscription refused', { reason: message });
}

/** The stream of a scheduler ended, from either side. */
export function handleClosed(context: Context, connectionId: ConnectionId, overflow: boolean): void {
  const framework = context.state.frameworksByStream.get(connectionId);
  if (framework === undefined) {
    if (context.state.waitingStreams.has(connectionId)) context.state.closedWhileWaiting.set(connectionId, overflow);
    return;
  }
  disconnectFramework(context, framework);
  const graceMs = Math.max(failoverTimeoutMs(framework), overflow ? MIN_GRACE_MS : 0);
  context.outbox.log('info', 'framework disconnected', { frameworkId: framework.id, graceMs, overflow });
  awaitReturn(context, framework, graceMs);
  tellFramework(context, framework, 'DISCONNECTED');
  touchSums(context);
  if (graceMs > 0) recordDisconnection(context, framework);
}

export function handleBacklog(context: Context, connectionId: ConnectionId, high: boolean): void {
  const framework = context.state.frameworksByStream.get(connectionId);
  if (framework === undefined || framework.backPressured === high) return;
  framework.backPressured = high;
  context.allocator.setBackPressure(framework.id, high);
  tellFramework(context, framework, 'CHANGED');
  touchSums(context);
  if (!high) context.allocation.requestNow(context.now.monotonicMs, 'all');
}
