/**
 * Whether somebody who has nothing waits for what lies in an offer to another: asked before an offer is taken from a framework that
 * sits on it (--rescind-held-offers-after). It asks the functions of the allocation run, of the agent as it would be with the
 * offer given back. What is kept for guarantees is left out: whoever they are for is one of those that wait. Pure.
 */
import { Resources } from '../resources/resources.js';
import type { AgentState, Client } from './allocator-state.js';
import { isFirmScalar, maySee, pairObstacle } from './eligibility.js';
import type { Ledger } from './ledger.js';
import { isAllocatable, type MinAllocatable } from './min-allocatable.js';
import { withinFraction } from './offer-fraction.js';
import { leastLimits } from './quota-run.js';
import { ANY_ORDER, shrinkFirm } from './shrink.js';

export interface AwaitedContext {
  readonly ledger: Ledger;
  /** Default of the cluster. */
  readonly minimum: MinAllocatable;
  readonly maxOfferFraction: number | undefined;
  readonly nowMs: number;
}

interface HeldOffer {
  readonly frameworkId: string;
  readonly agent: AgentState;
  /** Tagged. */
  readonly resources: Resources;
}

/** O(frameworks without offers that take part). */
export function isAwaited(context: AwaitedContext, offer: HeldOffer): boolean {
  const { agent } = offer;
  if (!agent.active || !agent.whitelisted) return false;
  for (const client of context.ledger.waitingClients)
    if (client.frameworkId !== offer.frameworkId && wouldTake(context, client, offer)) return true;
  return false;
}

function wouldTake(context: AwaitedContext, client: Client, { agent, resources }: HeldOffer): boolean {
  const { ledger, minimum, maxOfferFraction, nowMs } = context;
  if (pairObstacle(agent, client) !== undefined) return false;
  const given = resources.unallocated();
  if (!given.entries.some((entry) => maySee(client, entry))) return false;
  const visible = agent.available.add(given.nonShared()).filter((entry) => maySee(client, entry));
  const { filters, names } = ledger;
  const split = { maxOfferFraction, minimum, names, random: ANY_ORDER };
  const part = withinFraction(split, { agent, client }, visible, Resources.empty);
  const offer = withinLimits(context, client, part, resources);
  if (!isAllocatable(offer, client.minAllocatable ?? minimum)) return false;
  // The run asks for all that is visible, and for what it offers of it: more is refused only with less.
  return filters.findBlocking(client.slot, agent.slot, offer, nowMs) === undefined;
}

/** Limits of the role and all its ancestors, where `given` no longer counts. */
function withinLimits({ ledger }: AwaitedContext, client: Client, visible: Resources, given: Resources): Resources {
  const { names, tree } = ledger;
  const role = given.allocationRole;
  const holder = role === undefined ? undefined : tree.find(role);
  const firm = given.filter(isFirmScalar);
  const left = leastLimits(client.role, names.size, (at, index, milli) => {
    const returned = holder?.isWithin(at) === true ? firm.quantityMilli(names.names[index] ?? '') : 0;
    return Math.max(0, milli - at.consumed(index) + returned);
  });
  return shrinkFirm(visible, left, names);
}
