/**
 * What must hold for any allocator, whatever it decides: checked on the offers of a run against the plain facts that the
 * reference keeps, as they were before the run. None of these looks at how the allocator arrives at an offer.
 */
import type {
  AllocatorAgent,
  AllocatorFramework,
  AllocatorSnapshot,
  OfferDecision,
} from '../../src/offers/allocator/allocator.js';
import { Resources } from '../../src/offers/resources/resources.js';
import type { Holding as MasterHolding } from '../golden/allocator/interpreter.js';
import type { Holding, ReferenceAllocator } from './reference-allocator.js';
import {
  type Amounts,
  can,
  fits,
  isAncestor,
  isFirm,
  isLargeEnough,
  largestParts,
  lineage,
  maySee,
  parentOf,
  rolesOf,
} from './rules.js';

/** Broken laws, each as a sentence. */
export type Complaints = readonly string[];

/** Offers of one run, or of one slice of it, over `agentIds` at `nowMs`. */
export function judgeOffers(
  before: ReferenceAllocator,
  offers: readonly OfferDecision[],
  agentIds: ReadonlySet<string> | undefined,
  nowMs: number,
): Complaints {
  const each = offers.flatMap((offer) => judgeOffer(before, offer, agentIds, nowMs));
  return [
    ...each,
    ...judgeDoubles(offers),
    ...judgeFreeness(before, offers),
    ...judgeLimits(before, offers),
    ...judgeBound(before, offers),
    ...judgeParts(before, offers),
  ];
}

function judgeOffer(
  before: ReferenceAllocator,
  offer: OfferDecision,
  agentIds: ReadonlySet<string> | undefined,
  nowMs: number,
): Complaints {
  const { frameworkId, agentId, role } = offer;
  const complaint = (text: string): Complaints => [`${agentId} -> ${frameworkId} (${role}): ${text}`];
  const agent = before.agents.get(agentId);
  const framework = before.frameworks.get(frameworkId);
  if (agent === undefined || framework === undefined) return complaint('there is no such agent or framework');
  if (agentIds !== undefined && !agentIds.has(agentId)) return complaint('the run is not about this agent');
  if (!before.isUsable(agent)) return complaint('the agent is deactivated or not on the whitelist');
  if (!before.isTakingPart(frameworkId, role)) return complaint('the framework takes no part under this role');
  if (!fits(agent, framework, role, before.options)) return complaint('capability, region or constraint is against it');
  const resources = offer.resources.unallocated();
  if (offer.resources.entries.some(({ allocationRole }) => allocationRole !== role))
    return complaint('the resources are tagged with another role');
  const unfit = resources.entries.find((entry) => !maySee(framework, role, entry));
  if (unfit !== undefined) return complaint(`it may not have ${resources.filter((entry) => entry === unfit)}`);
  if (!isLargeEnough(resources, framework, role, before.options)) return complaint('less than the minimum');
  const filter = before.filters.find(
    (f) =>
      f.frameworkId === frameworkId &&
      f.role === role &&
      f.agentId === agentId &&
      f.untilMs > nowMs &&
      f.refused.contains(resources),
  );
  return filter === undefined ? [] : complaint(`refused until ${filter.untilMs}, and it is ${nowMs}`);
}

/** `--max-offer-fraction`. */
function judgeParts(before: ReferenceAllocator, offers: readonly OfferDecision[]): Complaints {
  return offers.flatMap(({ agentId, frameworkId, role, resources }) => {
    const agent = before.agents.get(agentId);
    const framework = before.frameworks.get(frameworkId);
    if (agent === undefined || framework === undefined) return [];
    const parts = largestParts(agent, framework, role, before.options);
    const firm = resources.filter(isFirm);
    return [...(parts ?? [])].flatMap(([name, most]) =>
      firm.scalarMilli(name) <= most
        ? []
        : [`${agentId} -> ${frameworkId} (${role}): ${firm} is more than the part of one offer, ${most} milli ${name}`],
    );
  });
}

export function judgeDoubles(offers: readonly OfferDecision[]): Complaints {
  const seen = new Set<string>();
  return offers.flatMap(({ agentId, frameworkId, role }) => {
    const key = `${agentId} -> ${frameworkId} (${role})`;
    const isDouble = seen.has(key);
    seen.add(key);
    return isDouble ? [`${key}: offered twice in one run`] : [];
  });
}

function judgeFreeness(before: ReferenceAllocator, offers: readonly OfferDecision[]): Complaints {
  return [...before.agents.keys()].flatMap((agentId) => {
    const made = offers.filter((offer) => offer.agentId === agentId).map(({ resources }) => resources.unallocated());
    const free = before.free(agentId);
    const volumes = made.flatMap((resources) => resources.shared().entries.map(({ kind }) => kind.key));
    const isTwice = new Set(volumes).size < volumes.length;
    const fitsIn = free.nonShared().contains(Resources.sum(made).nonShared());
    const areThere = made.every((resources) => free.contains(resources.shared()));
    if (!fitsIn || !areThere) return [`${agentId}: ${Resources.sum(made)} is offered, but only ${free} is free`];
    return isTwice ? [`${agentId}: a shared volume is offered twice in one run`] : [];
  });
}

/** A limit below what is consumed already takes nothing away, but nothing may be added beyond it. */
function judgeLimits(before: ReferenceAllocator, offers: readonly OfferDecision[]): Complaints {
  return [...before.quotas].flatMap(([role, { limits }]) => {
    const given = Resources.sum(
      offers
        .filter((o) => o.role === role || isAncestor(role, o.role))
        .map(({ resources }) => resources.filter(isFirm)),
    );
    return [...limits].flatMap(([name, limit]) => {
      const consumed = before.consumed(role, name);
      const added = given.scalarMilli(name);
      return added === 0 || consumed + added <= limit
        ? []
        : [`${role} had ${consumed} milli ${name}, got ${added}, and its limit is ${limit}`];
    });
  });
}

function judgeBound(
  { frameworks, offers: outstanding, options }: ReferenceAllocator,
  offers: readonly OfferDecision[],
) {
  const { maxOffersPerFramework = Number.POSITIVE_INFINITY } = options;
  return [...frameworks.keys()].flatMap((id) => {
    const made = offers.filter(({ frameworkId }) => frameworkId === id).length;
    const all = made + (outstanding.get(id) ?? 0);
    return made === 0 || all <= maxOffersPerFramework ? [] : [`${id} has ${all} offers of ${maxOffersPerFramework}`];
  });
}

/**
 * Guarantees come first, in whatever order the roles are served. After a run nobody is left who is short of a guarantee and
 * could be given of it what is free; and what was given beyond the guarantees left enough for all that are open. Where
 * guarantees are nested, a run serves the lower first and may leave the upper to the next, and one gift may count for several.
 */
export function judgeGuarantees(
  before: { readonly required: Amounts; readonly available: Amounts },
  after: ReferenceAllocator,
  run: { readonly agentIds: ReadonlySet<string> | undefined; readonly offers: readonly OfferDecision[] },
): Complaints {
  const open = leftOver(after, run, ({ agent, framework, role, firm }) => {
    const lowest = lineage(role).find((at) => (after.quotas.get(at)?.guarantees.size ?? 0) > 0);
    const missing = lowest === undefined ? undefined : after.missing(lowest);
    if (missing === undefined) return undefined;
    const limits = after.remainingLimits(role);
    const most = (name: string): number => Math.min(missing.get(name) ?? 0, limits.get(name) ?? Number.MAX_VALUE);
    const due = shrunk(firm, most);
    const isDue = !due.isEmpty && isLargeEnough(due, framework, role, after.options);
    if (!isDue || after.isFiltered(framework.id, role, agent.id, due)) return undefined;
    return `${framework.id} (${role}) is short of a guarantee, and ${agent.id} has ${due} free`;
  });
  const guaranteed = [...after.quotas].filter(([, { guarantees }]) => guarantees.size > 0).map(([role]) => role);
  if (guaranteed.some((role) => guaranteed.some((other) => isAncestor(role, other)))) return open;
  const available = after.availableHeadroom();
  const gone = [...after.requiredHeadroom()].flatMap(([name, needed]) => {
    const left = available.get(name) ?? 0;
    const given = (before.available.get(name) ?? 0) - left;
    const served = (before.required.get(name) ?? 0) - needed;
    if (given <= served || left >= needed) return [];
    return [`${given} milli ${name} went, ${served} to guarantees, which need ${needed} of ${left} more`];
  });
  return [...open, ...gone];
}

/**
 * A run leaves nothing that somebody could have had. What is free afterwards was free when the agent was visited, so whoever could
 * be offered it now could be offered it then. `required`: what guarantees needed before the run; they need no more since.
 */
export function judgeLeftovers(
  required: Amounts,
  after: ReferenceAllocator,
  run: { readonly agentIds: ReadonlySet<string> | undefined; readonly offers: readonly OfferDecision[] },
): Complaints {
  const headroom = after.availableHeadroom();
  const spare = (name: string): number =>
    required.size === 0 ? Number.MAX_VALUE : (headroom.get(name) ?? 0) - (required.get(name) ?? 0);
  return leftOver(after, run, ({ agent, framework, role, firm, others }) => {
    const limits = after.remainingLimits(role);
    const offer = others.add(shrunk(firm, (name) => Math.min(limits.get(name) ?? Number.MAX_VALUE, spare(name))));
    const isDue = isLargeEnough(offer, framework, role, after.options);
    if (!isDue || after.isFiltered(framework.id, role, agent.id, offer)) return undefined;
    return `${agent.id} has ${offer} left, which ${framework.id} (${role}) was not offered`;
  });
}

/** A framework that takes part, and what it may see on an agent of the run. Shared volumes may have been offered already. */
interface Candidate {
  readonly agent: AllocatorAgent;
  readonly framework: AllocatorFramework;
  readonly role: string;
  readonly firm: Resources;
  readonly others: Resources;
}

function leftOver(
  after: ReferenceAllocator,
  {
    agentIds,
    offers,
  }: { readonly agentIds: ReadonlySet<string> | undefined; readonly offers: readonly OfferDecision[] },
  complain: (candidate: Candidate) => string | undefined,
): Complaints {
  return [...after.agents.values()].flatMap((agent) => {
    if (!after.isUsable(agent) || agentIds?.has(agent.id) === false) return [];
    const free = after.free(agent.id).nonShared();
    if (free.isEmpty) return [];
    return takingPart(after).flatMap(({ frameworkId, role }) => {
      const framework = after.frameworks.get(frameworkId);
      const isServed = offers.some((o) => o.agentId === agent.id && o.frameworkId === frameworkId && o.role === role);
      // One offer holds a part of the agent only: who had one waits for the next run.
      if (isServed && after.options.maxOfferFraction !== undefined) return [];
      if (framework === undefined || after.isAtBound(frameworkId)) return [];
      if (!fits(agent, framework, role, after.options)) return [];
      const seen = free.filter((entry) => maySee(framework, role, entry));
      const parts = largestParts(agent, framework, role, after.options);
      const firm = shrunk(
        seen.filter(isFirm),
        (name) => parts?.get(name) ?? (parts === undefined ? Number.MAX_VALUE : 0),
      );
      const others = seen.filter((entry) => !isFirm(entry));
      return complain({ agent, framework, role, firm, others }) ?? [];
    });
  });
}

function shrunk(scalars: Resources, most: (name: string) => number): Resources {
  return scalars.shrinkEach((entry) => ({
    ...entry,
    milli: Math.min(entry.milli, Math.max(0, most(entry.kind.name))),
  }));
}

/**
 * What the master gave away and what the books call free make up each agent, after every event. While a run is open, the books may
 * hold more than the master knows of: what was decided and not said yet.
 */
export function judgeBooks(
  snapshot: AllocatorSnapshot,
  holdings: readonly Readonly<MasterHolding>[],
  { agents, isRunOpen }: { readonly agents: ReferenceAllocator['agents']; readonly isRunOpen: boolean },
): Complaints {
  const complaints: string[] = [];
  if (snapshot.agents.size !== agents.size)
    complaints.push(`${snapshot.agents.size} agents are known of ${agents.size}`);
  for (const [id, { total }] of agents) {
    const books = snapshot.agents.get(id);
    if (books === undefined) {
      complaints.push(`${id} is not known`);
      continue;
    }
    const ofAgent = holdings.filter(({ agentId }) => agentId === id);
    const known = Resources.sum(ofAgent.flatMap(({ offered, launched }) => [offered, launched]));
    const held = isRunOpen ? books.offeredOrAllocated : known;
    const plain = held.unallocated().nonShared();
    if (!books.total.equals(total)) complaints.push(`${id} has ${total}, not ${books.total}`);
    if (!books.offeredOrAllocated.equals(known) && !(isRunOpen && held.contains(known)))
      complaints.push(`${id}: ${known} is out, but the books say ${books.offeredOrAllocated}`);
    // A total that was lowered below what is out leaves nothing free of it, and nothing to make up.
    const isCovered = total.nonShared().contains(plain);
    const sum = books.available.nonShared().add(plain);
    if (isCovered ? !sum.equals(total.nonShared()) : !books.available.equals(total.subtract(plain)))
      complaints.push(`${id}: ${plain} out and ${books.available} free do not make ${total}`);
  }
  return complaints;
}

/**
 * Fair sharing is off by one offer at most: whoever got something was the lowest of its siblings just before its last offer.
 * Holds where everybody may have everything; says nothing elsewhere. `after`: the books with the offers in them.
 */
export function judgeFairness(after: ReferenceAllocator, offers: readonly OfferDecision[]): Complaints {
  if (!isPlain(after)) return [];
  const complaints: string[] = [];
  for (const group of siblingGroups(after))
    for (const one of group) {
      const got = offers.filter((offer) => one.owns(offer));
      if (got.length === 0) continue;
      const largest = Math.max(...got.map((offer) => after.share([offer]) / one.weight));
      const own = after.share(after.holdings.filter(one.owns)) / one.weight;
      for (const other of group) {
        const others = after.share(after.holdings.filter(other.owns)) / other.weight;
        if (own - largest > others + 1e-9)
          complaints.push(
            `${one.name} has a share of ${own}, its largest offer is ${largest}, and ${other.name} has ${others}`,
          );
      }
    }
  return complaints;
}

interface Sibling {
  readonly name: string;
  readonly weight: number;
  owns(holding: Pick<Holding, 'frameworkId' | 'role'>): boolean;
}

/** Whoever competes with one another, of those that take part. */
function siblingGroups(reference: ReferenceAllocator): Sibling[][] {
  const taking = takingPart(reference);
  const leaves = [...new Set(taking.map(({ role }) => role))];
  const nodes = [...new Set(leaves.flatMap(lineage))];
  const byParent = [undefined, ...nodes].map((parent): Sibling[] => {
    const children = nodes
      .filter((role) => parentOf(role) === parent)
      .map((role) => ({
        name: role,
        weight: reference.weights.get(role) ?? 1,
        owns: (held: { role: string }) => held.role === role || isAncestor(role, held.role),
      }));
    const hasOwn = parent !== undefined && leaves.includes(parent);
    return hasOwn
      ? [...children, { name: `${parent} itself`, weight: 1, owns: (held) => held.role === parent }]
      : children;
  });
  const byRole = leaves.map((leaf): Sibling[] =>
    taking
      .filter(({ role }) => role === leaf)
      .map(({ frameworkId }) => ({
        name: `${frameworkId} under ${leaf}`,
        weight: 1,
        owns: (held) => held.frameworkId === frameworkId && held.role === leaf,
      })),
  );
  return [...byParent, ...byRole];
}

function takingPart(reference: ReferenceAllocator): readonly { readonly frameworkId: string; readonly role: string }[] {
  return [...reference.frameworks.values()].flatMap((framework) =>
    rolesOf(framework)
      .filter((role) => reference.isTakingPart(framework.id, role))
      .map((role) => ({ frameworkId: framework.id, role })),
  );
}

/** Nothing but shares decides who is offered what. */
function isPlain(reference: ReferenceAllocator): boolean {
  const { agents, frameworks, quotas, filters, whitelist, inactiveAgents, options } = reference;
  if (options.roleSorter !== 'drf' || options.frameworkSorter !== 'drf') return false;
  if (options.maxOffersPerFramework !== undefined) return false;
  if (options.maxOfferFraction !== undefined) return false;
  const isOrdinary = [...agents.values()].every(
    ({ total, capabilities }) =>
      capabilities.size > 0 && total.entries.every((entry) => isFirm(entry) && entry.kind.name !== 'gpus'),
  );
  const areUndemanding = [...frameworks.values()].every(
    (framework) =>
      framework.offerConstraints === undefined &&
      framework.info.offer_filters === undefined &&
      (can(framework, 'REGION_AWARE') || [...agents.values()].every(({ info }) => info.domain === undefined)),
  );
  const isOpen = quotas.size === 0 && filters.length === 0 && whitelist === null && inactiveAgents.size === 0;
  return isOrdinary && areUndemanding && isOpen;
}
