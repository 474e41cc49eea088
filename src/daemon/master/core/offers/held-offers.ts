/**
 * Takes offers back from frameworks that sit on them (--rescind-held-offers-after; off by default, since some frameworks hold
 * offers on purpose; Mesos has nothing like it). Age alone takes nothing back: a framework that has no offer must wait. The
 * holder is refused the same for as long again, so that the one who waits is served first. Never looks at tasks.
 */
import { present } from '../../../../base/assert.js';
import type { Context } from '../machine/context.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { OfferRecord } from '../model/offer.js';
import { rescindOffer } from './offer-book.js';

/** To be called once for each offer made; `takeOffer` ends it. */
export function watchHeldOffer(context: Context, offer: OfferRecord): void {
  const afterMs = context.config.rescindHeldOffersAfterMs;
  if (afterMs === undefined) return;
  offer.holdCheck = context.after(afterMs, () => {
    const holder = present(context.state.frameworks.get(offer.frameworkId), 'an offer has a framework');
    if (somebodyElseWaits(context, holder))
      rescindOffer(context, offer, { outcome: 'RESCINDED' }, context.now.monotonicMs + afterMs);
    else watchHeldOffer(context, offer);
  });
}

/** O(frameworks), once for each offer and time. */
function somebodyElseWaits(context: Context, holder: FrameworkRecord): boolean {
  for (const framework of context.state.frameworks.values()) if (framework !== holder && waits(framework)) return true;
  return false;
}

function waits(framework: FrameworkRecord): boolean {
  const { active, offers, roles, suppressedRoles } = framework;
  return active && offers.size === 0 && roles.some((role) => !suppressedRoles.has(role));
}
