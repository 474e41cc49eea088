/**
 * Sends requests that only the leader can answer to the leader: 307 with a protocol-relative Location that always carries
 * the port (clients cut it at the last colon), 503 while nobody leads or the registry is being read.
 * Source: spec pages 01 (1.1) and 13 (13.1).
 */
import { messageOf } from '../../../base/error.js';
import { reject } from '../../../base/rejection.js';
import type { Exchange } from '../../http/exchange.js';
import { formatHost } from '../identity.js';
import type { MasterHandler, MasterSite } from './site.js';

/** Returns whether this master leads; if not, the exchange is answered. */
export function leadsOrAnswers(site: MasterSite, exchange: Exchange): boolean {
  const state = site.leader();
  switch (state.kind) {
    case 'leading':
      return true;
    case 'recovering':
      exchange.reject(reject('unavailable', 'Master has not finished recovery'));
      return false;
    case 'no-leader':
      exchange.reject(reject('unavailable', 'No leader elected'));
      return false;
    case 'following':
      exchange.redirect(`//${formatHost(state.leader.hostname)}:${state.leader.port}${exchange.originalTarget}`);
      return false;
  }
}

/**
 * Waits until what this master shows of the registry is at least as new as everything that any leader had acknowledged when
 * the request came. Returns whether that is so and it still leads; if not, the exchange is answered.
 */
export async function passesBarrier(site: MasterSite, exchange: Exchange): Promise<boolean> {
  const term = leadingTerm(site);
  try {
    await site.registry.readBarrier();
  } catch (error) {
    if (leadsOrAnswers(site, exchange)) exchange.reject(reject('unavailable', messageOf(error)));
    return false;
  }
  // The core takes in, in a turn that is asked for already, the results that came before.
  await new Promise((resolve) => setImmediate(resolve));
  if (!leadsOrAnswers(site, exchange)) return false;
  if (leadingTerm(site) === term) return true;
  exchange.reject(reject('unavailable', 'The leader changed meanwhile: ask again'));
  return false;
}

function leadingTerm(site: MasterSite): number | undefined {
  const state = site.leader();
  return state.kind === 'leading' ? state.term : undefined;
}

/** The handler, for the leader only. */
export function leaderOnly(handler: MasterHandler): MasterHandler {
  return (site, exchange) => (leadsOrAnswers(site, exchange) ? handler(site, exchange) : undefined);
}

/** `GET /redirect`: 307 to the leader, also when that is this very master; some clients ask it first. */
export function handleRedirect(site: MasterSite, exchange: Exchange): void {
  const state = site.leader();
  const leader =
    state.kind === 'following'
      ? state.leader
      : { hostname: site.masterInfo.hostname ?? '', port: site.masterInfo.port };
  if (state.kind === 'no-leader') exchange.reject(reject('unavailable', 'No leader elected'));
  else exchange.redirect(`//${formatHost(leader.hostname)}:${leader.port}`);
}
