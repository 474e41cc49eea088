/**
 * ACCEPT: consumes offers of one agent and one role and carries out operations on their sum, in order. An operation that
 * fails leaves the others alone; what is left over goes back with the call's filter. The HTTP answer is already given:
 * everything wrong is an event. Source: spec page 01, ACCEPT.
 */
import { present } from '../../../../base/assert.js';
import { isRejection, type Rejection, reject } from '../../../../base/rejection.js';
import { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import { notifyUpdate } from '../frameworks/notify.js';
import type { Context } from '../machine/context.js';
import { OPERATION_COUNTS } from '../metrics/framework-counts.js';
import { countTaskEnding } from '../metrics/task-metrics.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { OfferRecord } from '../model/offer.js';
import { refusedSeconds, refusedUntilMs } from '../offers/filters.js';
import { discardOffer, recoverOffered, takeOffer } from '../offers/offer-book.js';
import { lossState, masterStatus } from '../tasks/status.js';
import { TaskPreparation } from '../validation/preparation.js';
import { type AcceptScope, settleLaunches } from './accept-scope.js';
import { convertOffered } from './convert.js';
import { launchTasks } from './launch.js';
import { launchGroup } from './launch-group.js';
import { declineOffers } from './offer-calls.js';
import { refuseOperation } from './operation-feedback.js';

export function handleAccept(context: Context, framework: FrameworkRecord, accept: scheduler.Call_Accept): void {
  const operations = accept.operations ?? [];
  const offerIds = accept.offer_ids ?? [];
  if (operations.some(({ type }) => type === 'LAUNCH' || type === 'LAUNCH_GROUP'))
    context.counters.add('messages_launch_tasks');
  if (operations.length === 0) context.counters.add('messages_decline_offers');
  const offers = offersMeant(context, framework, offerIds);
  if (isRejection(offers)) {
    refuse(context, framework, accept, offers);
    return;
  }
  if (operations.length === 0) {
    declineOffers(context, framework, offerIds, accept.filters);
    return;
  }
  const untilMs = refusedUntilMs(context, accept.filters);
  const ending = { outcome: 'ACCEPTED', refuseSeconds: refusedSeconds(context, untilMs) } as const;
  for (const offer of offers) takeOffer(context, offer, ending);
  giveBack(carryOut(context, framework, offers, operations), offers, untilMs);
}

/** What operations made is offered again at once; what was offered and not used is declined. */
function giveBack(
  scope: AcceptScope,
  offers: readonly [OfferRecord, ...OfferRecord[]],
  untilMs: number | undefined,
): void {
  const { context, framework, agent } = scope;
  const left = scope.remaining.add(scope.withheld);
  const made = left.subtract(Resources.sum(offers.map(({ resources }) => resources)));
  const of = { id: offers[0].id, frameworkId: framework.id, agentId: agent.id };
  recoverOffered(context, { ...of, resources: left.subtract(made) }, untilMs);
  if (made.isEmpty) return;
  recoverOffered(context, { ...of, resources: made });
  context.allocation.requestNow(context.now.monotonicMs, agent.id);
}

/** All of them outstanding, each once, this framework's, of one agent and one role. */
function offersMeant(
  context: Context,
  framework: FrameworkRecord,
  offerIds: readonly mesos.OfferID[],
): readonly [OfferRecord, ...OfferRecord[]] | Rejection {
  const offers: OfferRecord[] = [];
  const seen = new Set<string>();
  for (const { value } of offerIds) {
    if (seen.has(value)) return reject('invalid', `offer ${value} is given twice`);
    seen.add(value);
    const offer = context.state.offers.get(value);
    if (offer === undefined) return reject('invalid', `offer ${value} is no longer valid`);
    if (offer.frameworkId !== framework.id) return reject('invalid', `offer ${value} is not of this framework`);
    offers.push(offer);
  }
  const [first, ...others] = offers;
  if (first === undefined) return reject('invalid', 'no offers are given');
  if (others.some((offer) => offer.agentId !== first.agentId))
    return reject('invalid', 'the offers are of different agents');
  if (others.some((offer) => offer.role !== first.role)) return reject('invalid', 'the offers are for different roles');
  return [first, ...others];
}

function refuse(
  context: Context,
  framework: FrameworkRecord,
  accept: scheduler.Call_Accept,
  { message }: Rejection,
): void {
  for (const { value } of accept.offer_ids ?? []) {
    const offer = framework.offers.get(value);
    if (offer !== undefined) discardOffer(context, offer, { outcome: 'RETURNED' });
  }
  context.outbox.log('warn', 'accept refused', { frameworkId: framework.id, reason: message });
  for (const operation of accept.operations ?? []) {
    const tasks = operation.launch?.task_infos ?? operation.launch_group?.task_group.tasks;
    if (tasks === undefined) refuseOperation(context, framework, operation, message);
    else for (const task of tasks) drop(context, framework, task, message);
  }
}

function drop(context: Context, framework: FrameworkRecord, task: mesos.TaskInfo, message: string): void {
  const status = masterStatus(context, {
    taskId: task.task_id.value,
    agentId: task.agent_id.value,
    executorId: task.executor?.executor_id,
    state: lossState(framework, 'TASK_DROPPED'),
    reason: 'REASON_INVALID_OFFERS',
    message: `task launched with invalid offers: ${message}`,
  });
  countTaskEnding(context, status);
  framework.refusedLaunches++;
  notifyUpdate(context, framework, status);
}

/** Of offers that were taken. */
function carryOut(
  context: Context,
  framework: FrameworkRecord,
  offers: readonly [OfferRecord, ...OfferRecord[]],
  operations: readonly mesos.Offer_Operation[],
): AcceptScope {
  const [{ agentId, role }] = offers;
  // The offers of an agent that leaves or disconnects are rescinded in the same step, so it is there and connected.
  const agent = present(context.state.agents.get(agentId), 'an offer has an agent');
  framework.count('offers/accepted', offers.length);
  context.happenings.offersAccepted += offers.length;
  const offered = Resources.sum(offers.map((offer) => offer.resources));
  const scope: AcceptScope = {
    context,
    framework,
    agent,
    role,
    offered,
    remaining: offered,
    withheld: Resources.empty,
    preparation: new TaskPreparation(framework.id, role),
    paid: [],
    used: [],
  };
  for (const operation of operations) {
    framework.count('operations');
    if (operation.type !== undefined) framework.count(OPERATION_COUNTS.get(operation.type));
    carryOutOne(scope, operation);
  }
  settleLaunches(scope);
  return scope;
}

function carryOutOne(scope: AcceptScope, operation: mesos.Offer_Operation): void {
  switch (operation.type) {
    case 'LAUNCH':
      launchTasks(scope, operation);
      return;
    case 'LAUNCH_GROUP':
      launchGroup(scope, operation);
      return;
    default:
      settleLaunches(scope);
      convertOffered(scope, operation);
  }
}
