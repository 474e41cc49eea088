/**
 * Outstanding offers: made, taken back (RESCIND), or dropped without a word. An offer is in four books at once (state,
 * framework, agent, allocator) and leaves them together; whoever takes it out says what happens to its resources.
 * Source: spec page 06, section 6.7.
 */
import { assert, present } from '../../../../base/assert.js';
import type { OfferDecision } from '../../../../offers/allocator/allocator.js';
import { notify } from '../frameworks/notify.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';
import { OfferRecord } from '../model/offer.js';
import { type OfferEnding, tellOfferEnded, tellOfferMade } from '../watchers/tell.js';
import { touchUsage } from '../watchers/usage.js';
import { formatOffer } from './offer-format.js';

export function makeOffer(
  context: Context,
  framework: FrameworkRecord,
  agent: AgentRecord,
  decision: OfferDecision,
): OfferRecord {
  const id = context.state.newOfferId();
  const message = formatOffer(id, framework, agent, decision);
  const { offerTimeoutMs } = context.config;
  const { unixMs } = context.now;
  const offer = new OfferRecord(
    { id, frameworkId: framework.id, agentId: agent.id, role: decision.role, resources: decision.resources, message },
    unixMs,
    offerTimeoutMs === undefined ? undefined : unixMs + offerTimeoutMs,
  );
  context.state.offers.set(id, offer);
  framework.offers.set(id, offer);
  framework.offeredTally.add(offer.resources);
  agent.offers.set(id, offer);
  if (offerTimeoutMs !== undefined)
    offer.timeout = context.after(offerTimeoutMs, () => rescindOffer(context, offer, { outcome: 'EXPIRED' }));
  context.happenings.offersSent++;
  tellOfferMade(context, offer);
  touchUsage(context, framework.id, agent.id);
  return offer;
}

/**
 * Out of the books of the master; the allocator still counts its resources as offered. A framework that was at its bound of
 * offers (--max-offers-per-framework) is offered something again at the next interval, as what is declined is.
 */
export function takeOffer(context: Context, offer: OfferRecord, ending: OfferEnding): void {
  const framework = present(context.state.frameworks.get(offer.frameworkId), 'an offer has a framework');
  const agent = present(context.state.agents.get(offer.agentId), 'an offer has an agent');
  assert(context.state.offers.delete(offer.id), 'the offer is outstanding');
  framework.offers.delete(offer.id);
  framework.offeredTally.subtract(offer.resources);
  agent.offers.delete(offer.id);
  context.timers.cancel(offer.timeout);
  context.timers.cancel(offer.holdCheck);
  if (context.allocator.offerEnded(framework.id)) context.allocation.requestAtInterval(context.now.monotonicMs);
  tellOfferEnded(context, offer, ending);
  touchUsage(context, framework.id, agent.id);
}

/**
 * Gives offered resources back; they are offered again at the next interval (architecture, section 1). `id`: of the offer that
 * was declined with them, which is what `why` names.
 */
export function recoverOffered(
  context: Context,
  offered: Pick<OfferRecord, 'id' | 'frameworkId' | 'agentId' | 'resources'>,
  refuseUntilMs?: number,
): void {
  const { id, frameworkId, agentId, resources } = offered;
  if (resources.isEmpty) return;
  const decline = { atMs: context.now.monotonicMs, offer: context.state.offerNumberOf(id) };
  const refuse = refuseUntilMs === undefined ? undefined : { untilMs: refuseUntilMs, decline };
  context.allocator.recoverResources({ frameworkId, agentId, resources, allocated: false, refuse });
  context.allocation.requestAtInterval(context.now.monotonicMs);
  if (refuseUntilMs !== undefined) context.allocation.requestAtInterval(context.now.monotonicMs, refuseUntilMs);
}

/** Without telling the framework: it knows, or it is not there. */
export function discardOffer(context: Context, offer: OfferRecord, ending: OfferEnding, refuseUntilMs?: number): void {
  takeOffer(context, offer, ending);
  recoverOffered(context, offer, refuseUntilMs);
}

export function rescindOffer(
  context: Context,
  offer: OfferRecord,
  ending: OfferEnding = { outcome: 'RESCINDED' },
  refuseUntilMs?: number,
): void {
  const framework = present(context.state.frameworks.get(offer.frameworkId), 'an offer has a framework');
  discardOffer(context, offer, ending, refuseUntilMs);
  framework.count('offers/rescinded');
  if (ending.outcome !== 'RETURNED') context.happenings.offersRescinded++;
  notify(context, framework, { type: 'RESCIND', rescind: { offer_id: { value: offer.id } } });
}
