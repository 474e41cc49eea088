/** The numbers of one reason, for one agent and one framework under one role. Made only of what is told. Pure. */
import { maySee, withheldFor } from '../allocator/eligibility.js';
import type { RoleNode } from '../allocator/role-tree.js';
import { fromMilli } from '../resources/resource-value.js';
import { Resources } from '../resources/resources.js';
import { isAllocatableToRole, isStrictSubroleOf } from '../resources/roles.js';
import type { Code, Detail, Holder, Shortage } from './answer.js';
import { failedConstraint } from './constraint-text.js';
import { type Inquiry, type Pair, wishOf } from './context.js';
import { missingCapability, splitOf, visibleIn, withinRoom } from './obstacles.js';
import { isMet, shortagesOf } from './wish.js';

/** More of them are left out. */
const MAX_HOLDERS = 5;

export function detailOf(inquiry: Inquiry, code: Code, pair: Pair): Detail {
  switch (code) {
    case 'UNREACHABLE':
    case 'DEACTIVATED':
    case 'DRAINING':
    case 'MAINTENANCE':
      return { ...inquiry.facts.findAgentTrouble(pair.agent.id), code };
    case 'CAPABILITY':
      return capabilityDetail(inquiry, pair);
    case 'REGION': {
      const region = pair.agent.info.domain?.fault_domain?.region.name;
      return { code, region, masterRegion: inquiry.region };
    }
    case 'CONSTRAINT':
      return { code, constraint: constraintOf(inquiry, pair) };
    case 'TOO_SMALL':
      return { code, shortages: shortagesOf(wishOf(inquiry, pair.client), pair.agent.total) };
    case 'RESERVED':
      return reservedDetail(inquiry, pair);
    case 'OFFER_FRACTION':
      return fractionDetail(inquiry, pair);
    case 'IN_USE':
    case 'OFFERED':
      return heldDetail(inquiry, code, pair);
    case 'QUOTA_LIMIT':
      return limitDetail(inquiry, pair);
    case 'HEADROOM':
      return headroomDetail(inquiry, pair);
    case 'BELOW_MINIMUM': {
      const minimum = wishOf({ ...inquiry, question: { wanted: Resources.empty } }, pair.client);
      return { code, shortages: shortagesOf(minimum, visibleIn(inquiry, pair)) };
    }
    case 'FILTERED':
      return filterDetail(inquiry, pair);
    default:
      return { code };
  }
}

function capabilityDetail(inquiry: Inquiry, pair: Pair): Detail {
  const { agent, client } = pair;
  const missing = missingCapability(inquiry, pair);
  if (missing !== undefined) return { code: 'CAPABILITY', ...missing };
  const withheld = agent.total.entries.find(
    ({ kind }) =>
      isAllocatableToRole(kind.reservationRole, client.role.path) && withheldFor(client, kind) !== undefined,
  );
  const capability = withheld === undefined ? undefined : withheldFor(client, withheld.kind);
  return { code: 'CAPABILITY', capability, lackedBy: 'framework' };
}

function constraintOf({ question, ledger }: Inquiry, { agent, client }: Pair): string | undefined {
  const ofFramework = ledger.frameworks.get(client.frameworkId)?.offerConstraints?.role_constraints;
  const constraints = question.constraints ?? ofFramework?.[client.role.path];
  return constraints === undefined ? undefined : failedConstraint(constraints, agent.info);
}

/** For whom what is missing is reserved. */
function reservedDetail(inquiry: Inquiry, pair: Pair): Detail {
  const { agent, client } = pair;
  const open = agent.total.filter((entry) => maySee(client, entry));
  const shortages = shortagesOf(wishOf(inquiry, client), open);
  const names = new Set(shortages.map(({ name }) => name));
  const ofRole = new Map<string, Resources>();
  for (const role of new Set(agent.total.reserved().entries.map(({ kind }) => kind.reservationRole))) {
    if (isAllocatableToRole(role, client.role.path)) continue;
    const part = agent.total.reservedTo(role).filter(({ kind }) => names.size === 0 || names.has(kind.name));
    if (!part.isEmpty) ofRole.set(role, part);
  }
  return { code: 'RESERVED', shortages, holders: Array.from(ofRole, ([role, resources]) => ({ role, resources })) };
}

/** How much of what is wanted the largest offer of the agent could hold. */
function fractionDetail(inquiry: Inquiry, pair: Pair): Detail {
  const { agent, client } = pair;
  const wish = wishOf(inquiry, client);
  const ofWhole = splitOf(
    inquiry,
    pair,
    agent.total.filter((entry) => maySee(client, entry)),
  );
  const ofFree = splitOf(inquiry, pair, visibleIn(inquiry, pair));
  const offer = isMet(wish, ofWhole) ? ofFree : ofWhole;
  return { code: 'OFFER_FRACTION', shortages: shortagesOf(wish, offer), fraction: inquiry.maxOfferFraction };
}

/** Who uses what is missing, or was offered it. */
function heldDetail(inquiry: Inquiry, code: 'IN_USE' | 'OFFERED', pair: Pair): Detail {
  const { agent, client } = pair;
  const shortages = shortagesOf(wishOf(inquiry, client), visibleIn(inquiry, pair));
  const holders = code === 'OFFERED' ? offerHolders(inquiry, pair) : taskHolders(inquiry, pair);
  const sinceUnixMs = earliest(holders);
  const isOwn =
    code === 'OFFERED' && holders.some(({ frameworkId, role }) => isAsked(inquiry, pair, frameworkId, role));
  const names = new Set(shortages.map(({ name }) => name));
  const missing = (holder: Holder) =>
    holder.resources.filter(({ kind }) => names.size === 0 || names.has(kind.name) || agent.available.isEmpty);
  const told = holders.filter((holder) => !missing(holder).isEmpty).slice(0, MAX_HOLDERS);
  return { code, shortages, holders: told, sinceUnixMs, ...(isOwn ? { isOwn } : {}) };
}

function isAsked({ question }: Inquiry, { client }: Pair, frameworkId: string | undefined, role: string): boolean {
  return question.frameworkId !== undefined && frameworkId === client.frameworkId && role === client.role.path;
}

function earliest(holders: readonly Holder[]): number | undefined {
  const times = holders.flatMap(({ sinceUnixMs }) => (sinceUnixMs === undefined ? [] : [sinceUnixMs]));
  return times.length === 0 ? undefined : Math.min(...times);
}

function offerHolders({ facts, ledger }: Inquiry, { agent }: Pair): readonly Holder[] {
  const known = Array.from(facts.offersOn(agent.id), (offer) => ({
    frameworkId: offer.frameworkId,
    frameworkName: facts.findFrameworkName(offer.frameworkId),
    role: offer.role,
    resources: offer.resources.unallocated(),
    offerId: offer.id,
    sinceUnixMs: offer.madeAtUnixMs,
    untilUnixMs: offer.expiresAtUnixMs,
    heldUntilUnixMs: offer.holdCheckAtUnixMs,
  }));
  if (known.length > 0) return known.sort((a, b) => a.sinceUnixMs - b.sinceUnixMs);
  return holdersOf(facts, agent, ledger.clients, (held, used) => held.subtract(used));
}

function taskHolders({ facts, ledger }: Inquiry, { agent }: Pair): readonly Holder[] {
  const offers = Array.from(facts.offersOn(agent.id));
  if (offers.length === 0)
    return holdersOf(facts, agent, ledger.clients, (held, used) => held.subtract(held.subtract(used)));
  const offeredTo = (holder: Holder) =>
    Resources.sum(
      offers
        .filter(({ frameworkId, role }) => frameworkId === holder.frameworkId && role === holder.role)
        .map(({ resources }) => resources.unallocated()),
    );
  return holdersOf(facts, agent, ledger.clients, (held) => held)
    .map((holder) => ({ ...holder, resources: holder.resources.subtract(offeredTo(holder)) }))
    .filter(({ resources }) => !resources.isEmpty);
}

/** By what each has: the most cpus first. `part` takes from what it holds, given what its role uses. */
function holdersOf(
  facts: Inquiry['facts'],
  agent: Pair['agent'],
  clients: Inquiry['ledger']['clients'],
  part: (held: Resources, used: Resources) => Resources,
): readonly Holder[] {
  const usedBy = agent.allocated.byAllocationRole();
  const holders: Holder[] = [];
  for (const [slot, held] of agent.allocations.entries()) {
    const client = clients[slot];
    if (client === undefined) continue;
    const role = client.role.path;
    const resources = part(held, usedBy.get(role) ?? Resources.empty).unallocated();
    const { frameworkId } = client;
    if (!resources.isEmpty)
      holders.push({ frameworkId, frameworkName: facts.findFrameworkName(frameworkId), role, resources });
  }
  return holders.sort((a, b) => b.resources.scalarMilli('cpus') - a.resources.scalarMilli('cpus'));
}

/** Of the ancestor, or the role itself, whose limit leaves least of what is missing. */
function limitDetail(inquiry: Inquiry, pair: Pair): Detail {
  const { quota, ledger } = inquiry;
  const { client, agent } = pair;
  const free = agent.total.filter((entry) => maySee(client, entry));
  const code = 'QUOTA_LIMIT';
  if (quota === undefined) return { code };
  const limits = quota.remainingLimits(client.role);
  const shortages = roomShortages(inquiry, pair, free, limits);
  const [first] = shortages;
  if (first === undefined) return { code };
  const index = ledger.names.indexOf(first.name);
  const owner = limitOwner(client.role, index, limits[index] ?? 0);
  const limited = shortages.map((shortage): Shortage => {
    const at = ledger.names.indexOf(shortage.name);
    const limit = owner?.quota?.limits.get(at);
    return limit === undefined
      ? shortage
      : { ...shortage, limit: fromMilli(limit), consumed: fromMilli(owner?.consumed(at) ?? 0) };
  });
  return { code, role: owner?.path, shortages: limited };
}

function limitOwner(role: RoleNode, index: number, left: number): RoleNode | undefined {
  for (let at: RoleNode | undefined = role; at !== undefined; at = at.parent) {
    const limit = at.quota?.limits.get(index);
    if (limit !== undefined && Math.max(0, limit - at.consumed(index)) <= left) return at;
  }
  return undefined;
}

/** Roles whose guarantee is not met yet, and what they miss of what is wanted. */
function headroomDetail(inquiry: Inquiry, pair: Pair): Detail {
  const { quota, ledger } = inquiry;
  const code = 'HEADROOM';
  if (quota === undefined) return { code };
  const { client, agent } = pair;
  const free = agent.total.filter((entry) => maySee(client, entry));
  const spare = quota.boundByHeadroom(quota.remainingLimits(client.role));
  const shortages = roomShortages(inquiry, pair, free, spare);
  const names = new Set(shortages.map(({ name }) => name));
  const holders: Holder[] = [];
  for (const role of ledger.tree.all()) {
    const servesClient = role === client.role || isStrictSubroleOf(client.role.path, role.path);
    const missing = servesClient ? undefined : quota.findUnsatisfied(role);
    if (missing === undefined) continue;
    const parts = [...names].flatMap((name) => {
      const milli = missing[ledger.names.indexOf(name)] ?? 0;
      return milli > 0 ? [{ name, type: 'SCALAR' as const, scalar: { value: fromMilli(milli) } }] : [];
    });
    if (parts.length > 0) holders.push({ role: role.path, resources: Resources.of(parts) });
  }
  return { code, shortages, holders: holders.slice(0, MAX_HOLDERS) };
}

/** Of the wish, where at most `room` may be taken of what is neither reserved nor revocable. */
function roomShortages(inquiry: Inquiry, { client }: Pair, free: Resources, room: Float64Array): readonly Shortage[] {
  const { names } = inquiry.ledger;
  const wish = wishOf(inquiry, client);
  const wanted = shortagesOf(wish, Resources.empty);
  return wanted.flatMap(({ name, wanted: amount }) => {
    const index = names.names.indexOf(name);
    const left = index < 0 ? Number.POSITIVE_INFINITY : (room[index] ?? Number.POSITIVE_INFINITY);
    const bound = free.filter(
      ({ kind }) => kind.reservations.length === 0 && !kind.revocable && kind.type === 'SCALAR',
    );
    const has = fromMilli(
      free.quantityMilli(name) - bound.quantityMilli(name) + Math.min(left, bound.quantityMilli(name)),
    );
    return has >= amount ? [] : [{ name, wanted: amount, has, lacks: Number((amount - has).toFixed(3)) }];
  });
}

function filterDetail(inquiry: Inquiry, pair: Pair): Detail {
  const { ledger, facts, now } = inquiry;
  const offer = withinRoom(inquiry, pair, visibleIn(inquiry, pair));
  const filter = ledger.filters.findBlocking(pair.client.slot, pair.agent.slot, offer, now.monotonicMs);
  if (filter === undefined) return { code: 'FILTERED' };
  const { decline } = filter;
  const unixMsOf = (monotonicMs: number) => now.unixMs + monotonicMs - now.monotonicMs;
  return {
    code: 'FILTERED',
    untilUnixMs: unixMsOf(filter.untilMs),
    sinceUnixMs: decline === undefined ? undefined : unixMsOf(decline.atMs),
    offerId: decline === undefined ? undefined : facts.offerIdOf(decline.offer),
  };
}
