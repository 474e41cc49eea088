/**
 * DECLINE, SUPPRESS, REVIVE and the answers to inverse offers. Source: spec page 01.
 */
import type * as allocator from '../../../../wire/gen/allocator.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import type { Context } from '../machine/context.js';
import type { FrameworkRecord } from '../model/framework.js';
import { refusedSeconds, refusedUntilMs } from '../offers/filters.js';
import { answerInverseOffer } from '../offers/inverse-offer-book.js';
import { recoverOffered, takeOffer } from '../offers/offer-book.js';
import { tellFramework } from '../watchers/tell.js';
import { touchSums } from '../watchers/usage.js';

/** Unknown offers are ignored, and so are offers of other frameworks: declining those is nobody's business. */
export function declineOffers(
  context: Context,
  framework: FrameworkRecord,
  offerIds: readonly mesos.OfferID[],
  filters: mesos.Filters | undefined,
): void {
  const untilMs = refusedUntilMs(context, filters);
  const ending = { outcome: 'DECLINED', refuseSeconds: refusedSeconds(context, untilMs) } as const;
  for (const { value } of offerIds) {
    const offer = framework.offers.get(value);
    if (offer === undefined) continue;
    framework.count('offers/declined');
    context.happenings.offersDeclined++;
    takeOffer(context, offer, ending);
    recoverOffered(context, offer, untilMs);
  }
}

export function handleDecline(context: Context, framework: FrameworkRecord, decline: scheduler.Call_Decline): void {
  context.counters.add('messages_decline_offers');
  declineOffers(context, framework, decline.offer_ids ?? [], decline.filters);
}

/** One role that is not the framework's spoils the whole call; no roles means all. */
function rolesMeant(
  context: Context,
  framework: FrameworkRecord,
  roles: readonly string[],
): readonly string[] | undefined {
  const foreign = roles.find((role) => !framework.roles.includes(role));
  if (foreign === undefined) return roles.length === 0 ? framework.roles : roles;
  const fields = { frameworkId: framework.id, role: foreign };
  context.outbox.log('warn', 'call ignored: the framework is not subscribed to the role', fields);
  return undefined;
}

export function handleSuppress(context: Context, framework: FrameworkRecord, roles: readonly string[]): void {
  context.counters.add('messages_suppress_offers');
  const meant = rolesMeant(context, framework, roles);
  if (meant === undefined) return;
  framework.setSuppressedRoles(new Set([...framework.suppressedRoles, ...meant]));
  context.allocator.suppressRoles(framework.id, meant);
  tellFramework(context, framework, 'CHANGED');
  touchSums(context);
}

export function handleRevive(context: Context, framework: FrameworkRecord, roles: readonly string[]): void {
  context.counters.add('messages_revive_offers');
  const meant = rolesMeant(context, framework, roles);
  if (meant === undefined) return;
  const revived = new Set(meant);
  framework.setSuppressedRoles(new Set([...framework.suppressedRoles].filter((role) => !revived.has(role))));
  context.allocator.reviveRoles(framework.id, meant);
  tellFramework(context, framework, 'CHANGED');
  touchSums(context);
  context.allocation.requestNow(context.now.monotonicMs, 'all');
}

/** Unknown ones are skipped: they were answered, or taken back meanwhile. */
export function answerInverseOffers(
  context: Context,
  framework: FrameworkRecord,
  answer: scheduler.Call_AcceptInverseOffers | scheduler.Call_DeclineInverseOffers,
  status: Exclude<allocator.InverseOfferStatus_Status, 'UNKNOWN'>,
): void {
  const untilMs = refusedUntilMs(context, answer.filters);
  for (const { value } of answer.inverse_offer_ids ?? []) {
    const offer = framework.inverseOffers.get(value);
    if (offer !== undefined) answerInverseOffer(context, offer, status, untilMs);
  }
}
