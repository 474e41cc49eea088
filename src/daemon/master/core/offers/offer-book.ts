/**
 * Outstanding offers: made, taken back (RESCIND), or dropped without a word. An offer is in four books at once (state,
 * framework, agent, allocator) and leaves them together; whoever takes it out says what happens to its resources.
 * Source: spec page 06, section 6.7.
 */
import { assert, present } from '../../../../base/assert.js';
import type { OfferDecision } from '../../../../offers/allocator.js';
import { notify } from '../frameworks/notify.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';
import { OfferRecord } from '../model/offer.js';
import { formatOffer } from './offer-format.js';

export function makeOffer(
  context: Context,
  framework: FrameworkRecord,
  agent: AgentRecord,
  decision: OfferDecision,
): OfferRecord {
  const id = context.state.newOfferId();
  const message = formatOffer(id, framework, agent, decision);
  const offer = new OfferRecord(id, framework.id, agent.id, decision.role, decision.resources, message);
  context.state.offers.set(id, offer);
  framework.offers.set(id, offer);
  agent.offers.set(id, offer);
  const { offerTimeoutMs } = context.config;
  if (offerTimeoutMs !== undefined) offer.timeout = context.after(offerTimeoutMs, () => rescindOffer(context, offer));
  return offer;
}

/** Out of the books of the master; the allocator still counts its resources as offered. */
export function takeOffer(context: Context, offer: OfferRecord): void {
  const framework = present(context.state.frameworks.get(offer.frameworkId), 'an offer has a framework');
  const agent = present(context.state.agents.get(offer.agentId), 'an offer has an agent');
  assert(context.state.offers.delete(offer.id), 'the offer is outstanding');
  framework.offers.delete(offer.id);
  agent.offers.delete(offer.id);
  context.timers.cancel(offer.timeout);
}

/** Gives offered resources back; they are offered again at the next interval (architecture, section 1). */
export function recoverOffered(
  context: Context,
  offered: Pick<OfferRecord, 'frameworkId' | 'agentId' | 'resources'>,
  refuseUntilMs?: number,
): void {
  const { frameworkId, agentId, resources } = offered;
  if (resources.isEmpty) return;
  const refuse = refuseUntilMs === undefined ? undefined : { untilMs: refuseUntilMs };
  context.allocator.recoverResources({ frameworkId, agentId, resources, allocated: false, refuse });
  context.allocation.requestAtInterval(context.now.monotonicMs);
  if (refuseUntilMs !== undefined) context.allocation.requestAtInterval(context.now.monotonicMs, refuseUntilMs);
}

/** Without telling the framework: it knows, or it is not there. */
export function discardOffer(context: Context, offer: OfferRecord): void {
  takeOffer(context, offer);
  recoverOffered(context, offer);
}

export function rescindOffer(context: Context, offer: OfferRecord): void {
  const framework = present(context.state.frameworks.get(offer.frameworkId), 'an offer has a framework');
  discardOffer(context, offer);
  framework.count('offers/rescinded');
  notify(context, framework, { type: 'RESCIND', rescind: { offer_id: { value: offer.id } } });
}
