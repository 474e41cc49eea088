/**
 * Outstanding inverse offers: made of the allocator's decisions, answered by their framework, or taken back. One is in four books
 * at once (state, framework, agent, allocator) and leaves them together. Source: spec page 06, section 6.6.
 */
import { assert, present } from '../../../../base/assert.js';
import type { InverseOfferDecision } from '../../../../offers/allocator/allocator.js';
import type * as allocator from '../../../../wire/gen/allocator.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { notify } from '../frameworks/notify.js';
import { MAX_OFFERS_PER_EVENT } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';
import { InverseOfferRecord } from '../model/inverse-offer.js';
import { timeInfo } from '../snapshot.js';
import { agentUrl } from './offer-format.js';

export function sendInverseOffers(context: Context, decisions: readonly InverseOfferDecision[]): void {
  const byFramework = new Map<FrameworkRecord, mesos.InverseOffer[]>();
  for (const decision of decisions) {
    const framework = present(context.state.frameworks.get(decision.frameworkId), 'holders are known frameworks');
    const agent = present(context.state.agents.get(decision.agentId), 'agents under maintenance are known');
    const { message } = make(context, framework, agent, decision.unavailability);
    const messages = byFramework.get(framework);
    if (messages === undefined) byFramework.set(framework, [message]);
    else messages.push(message);
  }
  for (const [framework, messages] of byFramework)
    for (let from = 0; from < messages.length; from += MAX_OFFERS_PER_EVENT)
      notify(context, framework, {
        type: 'INVERSE_OFFERS',
        inverse_offers: { inverse_offers: messages.slice(from, from + MAX_OFFERS_PER_EVENT) },
      });
}

function make(
  context: Context,
  framework: FrameworkRecord,
  agent: AgentRecord,
  unavailability: mesos.Unavailability,
): InverseOfferRecord {
  const id = context.state.newOfferId();
  const offer = new InverseOfferRecord(id, framework.id, agent.id, {
    id: { value: id },
    url: agentUrl(agent),
    framework_id: { value: framework.id },
    agent_id: { value: agent.id },
    unavailability,
  });
  context.state.inverseOffers.set(id, offer);
  framework.inverseOffers.set(id, offer);
  agent.inverseOffers.set(id, offer);
  const { offerTimeoutMs } = context.config;
  if (offerTimeoutMs !== undefined)
    offer.timeout = context.after(offerTimeoutMs, () => {
      rescindInverseOffer(context, offer);
      context.allocation.requestAtInterval(context.now.monotonicMs);
    });
  return offer;
}

/** The framework answered; with `untilMs` it is not asked again before. */
export function answerInverseOffer(
  context: Context,
  offer: InverseOfferRecord,
  status: allocator.InverseOfferStatus_Status,
  untilMs: number | undefined,
): void {
  take(context, offer);
  const framework_id = { value: offer.frameworkId };
  const timestamp = timeInfo(context.now.unixMs);
  const answer = { status: { status, framework_id, timestamp }, untilMs };
  context.allocator.updateInverseOffer(offer.frameworkId, offer.agentId, answer);
  context.allocation.requestAtInterval(context.now.monotonicMs, untilMs);
}

/** Without telling the framework: it is not there, or begins anew. */
export function discardInverseOffer(context: Context, offer: InverseOfferRecord): void {
  take(context, offer);
  context.allocator.updateInverseOffer(offer.frameworkId, offer.agentId);
}

export function rescindInverseOffer(context: Context, offer: InverseOfferRecord): void {
  discardInverseOffer(context, offer);
  const framework = present(context.state.frameworks.get(offer.frameworkId), 'an inverse offer has a framework');
  notify(context, framework, {
    type: 'RESCIND_INVERSE_OFFER',
    rescind_inverse_offer: { inverse_offer_id: { value: offer.id } },
  });
}

/** Out of the books of the master. */
function take(context: Context, offer: InverseOfferRecord): void {
  assert(context.state.inverseOffers.delete(offer.id), 'the inverse offer is outstanding');
  context.state.frameworks.get(offer.frameworkId)?.inverseOffers.delete(offer.id);
  context.state.agents.get(offer.agentId)?.inverseOffers.delete(offer.id);
  context.timers.cancel(offer.timeout);
}
