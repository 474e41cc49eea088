/**
 * Takes offers back from frameworks that sit on them (--rescind-held-offers-after; off by default, since some frameworks hold
 * offers on purpose; Mesos has nothing like it). Age alone takes nothing back: a framework that has no offer must wait, and be one
 * that would be offered what is taken back; the allocator knows. The holder is refused the same for as long again, so that the
 * one who waits is served first. Never looks at tasks.
 */
import type { Context } from '../machine/context.js';
import type { OfferRecord } from '../model/offer.js';
import { rescindOffer } from './offer-book.js';

/** To be called once for each offer made; `takeOffer` ends it. */
export function watchHeldOffer(context: Context, offer: OfferRecord): void {
  const afterMs = context.config.rescindHeldOffersAfterMs;
  if (afterMs === undefined) return;
  offer.holdCheckAtUnixMs = context.now.unixMs + afterMs;
  offer.holdCheck = context.after(afterMs, () => {
    if (context.allocator.isAwaited(offer, context.now.monotonicMs))
      rescindOffer(context, offer, { outcome: 'RESCINDED' }, context.now.monotonicMs + afterMs);
    else watchHeldOffer(context, offer);
  });
}
