/**
 * Runs the allocator when the schedule says so and turns its decisions into OFFERS events, never more than
 * MAX_OFFERS_PER_EVENT offers in one. A long run is cut in slices; `allocate` is called again with the same arguments.
 */
import { present } from '../../../../base/assert.js';
import type { OfferDecision } from '../../../../offers/allocator/allocator.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { notify } from '../frameworks/notify.js';
import { ALLOCATION_BUDGET, MAX_OFFERS_PER_EVENT } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { FrameworkRecord } from '../model/framework.js';
import { touchSums } from '../watchers/usage.js';
import { watchHeldOffer } from './held-offers.js';
import { sendInverseOffers } from './inverse-offer-book.js';
import { makeOffer } from './offer-book.js';

/** One slice; returns whether more is to be done now. */
export function allocateSlice(context: Context): boolean {
  const run = context.allocation.currentRun();
  if (run === undefined) return false;
  const { allocator, now } = context;
  const { offers, inverseOffers, more } = allocator.allocate(run.agentIds, now.monotonicMs, ALLOCATION_BUDGET);
  sendOffers(context, offers);
  sendInverseOffers(context, inverseOffers);
  touchSums(context);
  if (!more) {
    context.allocation.endRun();
    if (run.agentIds !== undefined) reviewQuotas(context);
  }
  return !context.allocation.isIdle;
}

/**
 * With quotas what happens on one agent matters to all: a task that ends leaves room below a limit, a guarantee that is met frees
 * what was kept for it, wherever that lies. So a run of some agents is followed by one of all, at the interval.
 */
export function reviewQuotas(context: Context): void {
  if (context.state.quotas.size > 0) context.allocation.requestAtInterval(context.now.monotonicMs);
}

function sendOffers(context: Context, decisions: readonly OfferDecision[]): void {
  const byFramework = new Map<FrameworkRecord, mesos.Offer[]>();
  for (const decision of decisions) {
    const framework = present(context.state.frameworks.get(decision.frameworkId), 'offers go to known frameworks');
    const agent = present(context.state.agents.get(decision.agentId), 'offers are of known agents');
    const offer = makeOffer(context, framework, agent, decision);
    watchHeldOffer(context, offer);
    const offers = byFramework.get(framework);
    if (offers === undefined) byFramework.set(framework, [offer.message]);
    else offers.push(offer.message);
  }
  // An offer that was not all of an agent leaves something for the next run.
  if (decisions.length > 0 && context.config.maxOfferFraction !== undefined)
    context.allocation.requestAtInterval(context.now.monotonicMs);
  for (const [framework, offers] of byFramework) {
    framework.count('offers/sent', offers.length);
    for (let from = 0; from < offers.length; from += MAX_OFFERS_PER_EVENT)
      notify(context, framework, {
        type: 'OFFERS',
        offers: { offers: offers.slice(from, from + MAX_OFFERS_PER_EVENT) },
      });
  }
}
