/**
 * What stands between an agent and a framework under one role, in the order in which the allocation run looks (spec page 06, 6.4). It
 * asks the very functions of the run (eligibility.ts, quota-run.ts, shrink.ts), so that the two cannot disagree, and goes on where the
 * run would stop: what is behind the first obstacle tells how far away an offer is. Whoever is served before is not looked at here.
 */
import { DEMANDS_GPU, DEMANDS_REGION } from '../allocator/allocator-state.js';
import { maySee, visibleTo } from '../allocator/eligibility.js';
import { isAllocatable } from '../allocator/min-allocatable.js';
import { withinFraction } from '../allocator/offer-fraction.js';
import type { QuotaRun } from '../allocator/quota-run.js';
import type { RoleNode } from '../allocator/role-tree.js';
import { ANY_ORDER, shrinkFirm } from '../allocator/shrink.js';
import { Resources } from '../resources/resources.js';
import { isAllocatableToRole } from '../resources/roles.js';
import type { Code } from './answer.js';
import type { Inquiry, Pair } from './context.js';
import { isMet, type Wish } from './wish.js';

/** First the one that the allocator stops at. Empty: nothing is in the way. O(1) but for what the pair has. */
export function obstaclesOf(inquiry: Inquiry, pair: Pair, wish: Wish): readonly Code[] {
  const codes: Code[] = [];
  addAgentObstacles(codes, inquiry, pair);
  addPairObstacles(codes, inquiry, pair);
  addAmountObstacles(codes, inquiry, pair, wish);
  return codes;
}

function addAgentObstacles(codes: Code[], { facts }: Inquiry, { agent }: Pair): void {
  if (!agent.active) codes.push(facts.findAgentTrouble(agent.id)?.code ?? 'INACTIVE');
  if (!agent.whitelisted) codes.push('WHITELIST');
}

function addPairObstacles(codes: Code[], inquiry: Inquiry, { agent, client }: Pair): void {
  const missing = agent.demands & ~client.can;
  if (missingCapability(inquiry, { agent, client }) !== undefined) codes.push('CAPABILITY');
  if ((missing & DEMANDS_REGION) !== 0) codes.push('REGION');
  const accepts = inquiry.constraints?.matches(agent.info) ?? client.accepts(agent);
  if (!accepts) codes.push('CONSTRAINT');
}

/** What the agent or the framework would have to be able to do, whatever is free. */
export function missingCapability(
  { question, facts }: Inquiry,
  { agent, client }: Pair,
): { readonly capability: string; readonly lackedBy: 'framework' | 'agent' } | undefined {
  const unable = client.needs & ~agent.can;
  if (unable !== 0) return { capability: AGENT_CAPABILITIES[unable] ?? 'HIERARCHICAL_ROLE', lackedBy: 'agent' };
  if ((agent.demands & ~client.can & DEMANDS_GPU) !== 0) return { capability: 'GPU_RESOURCES', lackedBy: 'framework' };
  if (question.hasLimits === true && !facts.canHoldLimits(agent.id))
    return { capability: 'TASK_RESOURCE_LIMITS', lackedBy: 'agent' };
  return undefined;
}

/** By the bits of NEEDS_MULTI_ROLE and NEEDS_HIERARCHICAL_ROLE. */
const AGENT_CAPABILITIES: readonly (string | undefined)[] = [
  undefined,
  'MULTI_ROLE',
  'HIERARCHICAL_ROLE',
  'MULTI_ROLE',
];

function addAmountObstacles(codes: Code[], inquiry: Inquiry, pair: Pair, wish: Wish): void {
  const { agent, client } = pair;
  const visible = visibleIn(inquiry, pair);
  const held = heldObstacle(inquiry, pair, visible, wish);
  const isByOthers = held === 'OFFERED' || held === 'IN_USE';
  // Waiting for others does not help who could never have it.
  if (isByOthers && isBeyondLimits(inquiry, pair, wish)) codes.push('QUOTA_LIMIT');
  if (held !== undefined) codes.push(held);
  // Quota is judged by what could be free, so that it is told also where nothing is.
  const free = held === undefined ? visible : agent.total.filter((entry) => maySee(client, entry));
  const isByAgent = held === 'TOO_SMALL' || held === 'RESERVED' || held === 'OFFER_FRACTION';
  const byQuota = isByAgent ? undefined : quotaObstacle(inquiry, pair, free, wish);
  if (byQuota !== undefined && !codes.includes(byQuota)) codes.push(byQuota);
  if (held !== undefined || byQuota !== undefined) return;
  const offer = withinRoom(inquiry, pair, visible);
  if (!isAllocatable(offer, client.minAllocatable ?? inquiry.minimum)) codes.push('BELOW_MINIMUM');
  const { filters } = inquiry.ledger;
  if (filters.findBlocking(client.slot, agent.slot, offer, inquiry.now.monotonicMs) !== undefined)
    codes.push('FILTERED');
}

/** What of the agent is free and may be seen. */
export function visibleIn({ minimum, ledger }: Inquiry, { agent, client }: Pair): Resources {
  return visibleTo(agent, client, agent.traits(minimum, ledger.names), undefined);
}

function heldObstacle(inquiry: Inquiry, pair: Pair, visible: Resources, wish: Wish): Code | undefined {
  const { agent, client } = pair;
  if (isMet(wish, visible)) return isMet(wish, splitOf(inquiry, pair, visible)) ? undefined : 'OFFER_FRACTION';
  if (!isMet(wish, agent.total)) return 'TOO_SMALL';
  if (
    !isMet(
      wish,
      agent.total.filter((entry) => maySee(client, entry)),
    )
  ) {
    const role = client.role.path;
    const isOfRole = isMet(
      wish,
      agent.total.filter(({ kind }) => isAllocatableToRole(kind.reservationRole, role)),
    );
    return isOfRole ? 'CAPABILITY' : 'RESERVED';
  }
  const whole = agent.total.filter((entry) => maySee(client, entry));
  if (!isMet(wish, splitOf(inquiry, pair, whole))) return 'OFFER_FRACTION';
  const offered = inquiry.ledger.chargedOn(agent).subtract(agent.allocated).unallocated().nonShared();
  const withOffered = agent.available.add(offered).filter((entry) => maySee(client, entry));
  return isMet(wish, withOffered) ? 'OFFERED' : 'IN_USE';
}

/** Whether the limits forbid it even to a role that uses nothing yet. */
function isBeyondLimits({ quota, ledger }: Inquiry, { agent, client }: Pair, wish: Wish): boolean {
  if (quota === undefined) return false;
  const whole = agent.total.filter((entry) => maySee(client, entry));
  return !isMet(wish, shrinkFirm(whole, quota.limitsOf(client.role), ledger.names));
}

function quotaObstacle(
  { quota, ledger }: Inquiry,
  { client }: Pair,
  free: Resources,
  wish: Wish,
): 'QUOTA_LIMIT' | 'HEADROOM' | undefined {
  if (quota === undefined || !isMet(wish, free)) return undefined;
  const shrunk = (target: Float64Array) => shrinkFirm(free, target, ledger.names);
  if (!isMet(wish, shrunk(quota.remainingLimits(client.role)))) return 'QUOTA_LIMIT';
  return isMet(wish, shrunk(roomOf(quota, client.role))) ? undefined : 'HEADROOM';
}

/** What would be offered of `visible`. */
export function withinRoom(inquiry: Inquiry, pair: Pair, visible: Resources): Resources {
  const { quota, ledger } = inquiry;
  const part = splitOf(inquiry, pair, visible);
  return quota === undefined ? part : shrinkFirm(part, roomOf(quota, pair.client.role), ledger.names);
}

/** What one offer may hold of it. */
export function splitOf({ maxOfferFraction, minimum, ledger }: Inquiry, pair: Pair, visible: Resources): Resources {
  const context = { maxOfferFraction, minimum, names: ledger.names, random: ANY_ORDER };
  return withinFraction(context, pair, visible, Resources.empty);
}

/** By name index: what limits leave, and of that what is missing to an own guarantee and what no guarantee needs. */
export function roomOf(quota: QuotaRun, role: RoleNode): Float64Array {
  const limits = quota.remainingLimits(role);
  const spare = quota.boundByHeadroom(limits.slice());
  const missing = quota.findMissing(role);
  return spare.map((milli, index) => Math.min(limits[index] ?? 0, milli + (missing?.[index] ?? 0)));
}
