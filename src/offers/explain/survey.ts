/**
 * Who and what a question is about, and what stands between them: one look an agent (or, where one agent is asked about, a framework).
 * The work is bounded by MAX_PAIRS however large the cluster is: beyond it an agent is judged by one framework alone, and who is
 * served before is not looked for any more. It may be cut into slices, between which the books change: then `renewed` says what
 * holds in the end. Changes nothing. Pure.
 */
import { DEFAULT_ROLE } from '../../wire/validation/roles.js';
import { type AgentState, Client } from '../allocator/allocator-state.js';
import { Resources } from '../resources/resources.js';
import { isStrictSubroleOf } from '../resources/roles.js';
import type { AbsentAgent, Code, Detail } from './answer.js';
import { type Inquiry, type Pair, wishOf } from './context.js';
import { detailOf } from './detail.js';
import { obstaclesOf, visibleIn } from './obstacles.js';
import { ServingOrder } from './serving-order.js';
import { fitOf } from './wish.js';

const DEFAULT_LISTED = 20;
/** Some 100 ms. */
const MAX_PAIRS = 100_000;
const MAX_AHEAD = 5;
/** Those that are known to gain nothing are passed over at about this part of the cost. */
const SKIPS_PER_PAIR = 64;
/** Of what is looked at again in the last slice: some 5 ms. */
const MAX_RENEWED_PAIRS = 5_000;
/** Each round looks again at what the answer would tell of; after so many, at everybody. */
const MAX_ROUNDS = 8;

/** What keeps a framework from every offer: most important first. */
export const CLIENT_CODES: readonly Code[] = ['NOT_SUBSCRIBED', 'BACKPRESSURE', 'OFFER_LIMIT', 'SUPPRESSED'];

/** How far away an offer is behind such an obstacle: what passes by itself is near, what has to be changed by people is far. */
const DISTANCE: Readonly<Record<Code, number>> = {
  AVAILABLE: 0,
  DRF_ORDER: 1,
  FILTERED: 2,
  OFFERED: 3,
  PAUSED: 3,
  OFFER_LIMIT: 3,
  BACKPRESSURE: 4,
  SUPPRESSED: 4,
  IN_USE: 5,
  BELOW_MINIMUM: 5,
  HEADROOM: 8,
  QUOTA_LIMIT: 9,
  NOT_SUBSCRIBED: 9,
  MAINTENANCE: 10,
  DRAINING: 10,
  DEACTIVATED: 10,
  INACTIVE: 10,
  WHITELIST: 10,
  UNREACHABLE: 12,
  CONSTRAINT: 20,
  RESERVED: 20,
  CAPABILITY: 30,
  OFFER_FRACTION: 40,
  REGION: 30,
  TOO_SMALL: 100,
  NO_AGENTS: 200,
};

/** One agent as the client that gets furthest there sees it; `pair` undefined: the allocator does not have the agent. */
export interface Look {
  readonly pair: Pair | undefined;
  /** Of the allocator, where nobody is there who could be looked at. */
  readonly agent?: AgentState | undefined;
  readonly absent?: AbsentAgent | undefined;
  readonly codes: readonly Code[];
  readonly distance: number;
  /** The work was used up: who is served before was not looked for. */
  readonly isCoarse?: boolean | undefined;
}

const ALL_CAPABILITIES = (
  [
    'MULTI_ROLE',
    'GPU_RESOURCES',
    'REGION_AWARE',
    'SHARED_RESOURCES',
    'REVOCABLE_RESOURCES',
    'RESERVATION_REFINEMENT',
  ] as const
).map((type) => ({ type }));

export class Survey {
  /** Those that are asked about, whether or not they take part. */
  readonly clients: readonly Client[];
  looks: Look[] = [];
  /** One agent is asked about, and nobody in particular: what is counted are frameworks. */
  readonly byFramework: boolean;
  readonly #inquiry: Inquiry;
  /** The same for those that are served before: they may want any offer. */
  readonly #ofOthers: Inquiry;
  readonly #order: ServingOrder;
  /** Of looks that may be the best of their code. */
  #worths = new Map<Look, number>();
  readonly #leastDistance = new Map<Code, number>();
  #pairsLeft = MAX_PAIRS;

  /** Nobody is looked at yet; see `visit`. */
  constructor(inquiry: Inquiry) {
    const { frameworkId, role, agentId } = inquiry.question;
    this.#inquiry = inquiry;
    this.#ofOthers = { ...inquiry, constraints: undefined, question: { wanted: Resources.empty } };
    this.#order = new ServingOrder(inquiry);
    this.byFramework = agentId !== undefined && frameworkId === undefined && role === undefined;
    this.clients = this.#clientsMeant();
  }

  /** Looks at everybody, a few pairs or one absent agent between two yields. */
  *visit(): Generator<undefined, void> {
    const considered = this.#considered();
    for (const agent of this.#agents()) {
      if (!this.byFramework) this.#add(yield* this.#visitAgent(considered, agent));
      else for (const client of considered) this.#add(yield* this.#visitAgent([client], agent));
    }
    const { facts, question } = this.#inquiry;
    for (const absent of facts.absentAgents()) {
      if (question.agentId === undefined || question.agentId === absent.id)
        this.#add({ pair: undefined, absent, codes: [absent.code], distance: DISTANCE[absent.code] });
      yield;
    }
  }

  /** As `visit`, in one go. */
  visitAll(): this {
    for (const _ of this.visit());
    return this;
  }

  /**
   * The same survey by the books as they are now, after others changed them between two pieces of it. Every look that the answer
   * tells of is taken again, until those that it tells of then are all new; who is gone does not count. The others count as they
   * were when they were looked at. When its own work is used up, it stays with the framework that got furthest before.
   */
  renewed(inquiry: Inquiry): Survey {
    const next = new Survey(inquiry);
    next.#pairsLeft = MAX_RENEWED_PAIRS;
    next.#takeOver(this);
    // The one agent that is asked about left: it may be among the absent ones.
    if (next.looks.length === 0 && inquiry.question.agentId !== undefined) return next.visitAll();
    next.#lookAgain();
    return next;
  }

  /** Those of agents that are still there; where only the framework is gone, another one may be the nearest now. */
  #takeOver(former: Survey): void {
    const { ledger } = this.#inquiry;
    const considered = this.#considered();
    this.#worths = former.#worths;
    for (const look of former.looks) {
      const { pair, absent, agent = pair?.agent } = look;
      const isGone =
        absent === undefined
          ? agent === undefined || ledger.agents[agent.slot] !== agent
          : ledger.agentOfId.has(absent.id);
      if (isGone) continue;
      const isWhole =
        agent === undefined ||
        (pair !== undefined && (pair.client.slot < 0 || ledger.clients[pair.client.slot] === pair.client));
      if (isWhole) this.looks.push(look);
      else if (!this.byFramework) this.looks.push(this.#look(considered, agent));
    }
  }

  #lookAgain(): void {
    const considered = this.#considered();
    const fresh = new Set<Look>();
    for (let round = 0; ; round++) {
      const told = round < MAX_ROUNDS ? this.#told() : this.looks;
      const stale = new Set(told.filter((look) => !fresh.has(look)));
      if (stale.size === 0) return;
      this.looks = this.looks.map((look) => {
        if (!stale.has(look)) return look;
        const again = this.#again(look, considered);
        fresh.add(again);
        return again;
      });
    }
  }

  #again(look: Look, considered: readonly Client[]): Look {
    const { pair, agent = pair?.agent } = look;
    if (agent === undefined) return look;
    const staysWithOne = pair !== undefined && (this.byFramework || look.isCoarse === true || this.#pairsLeft <= 0);
    const again = this.#look(staysWithOne ? [pair.client] : considered, agent, look.isCoarse);
    // Whether somebody is served before cannot be found out any more: it was so a moment ago.
    const isUnsure = again.codes[0] === 'AVAILABLE' && again.isCoarse === true && look.isCoarse !== true;
    return isUnsure && look.codes[0] === 'DRF_ORDER' ? { ...again, codes: look.codes, distance: look.distance } : again;
  }

  /** What an answer tells more of than that it counts. */
  #told(): readonly Look[] {
    const bests = new Map<Code, Look>();
    for (const look of this.looks) {
      const code = look.codes[0] ?? 'AVAILABLE';
      const best = bests.get(code);
      if (best === undefined || this.#isBetter(look, best)) bests.set(code, look);
    }
    return [...this.nearest(), ...bests.values()];
  }

  /** By the first thing in the way. */
  groups(): Map<Code, Look[]> {
    const groups = new Map<Code, Look[]>();
    for (const look of this.looks) {
      const code = look.codes[0] ?? 'AVAILABLE';
      const group = groups.get(code);
      if (group === undefined) groups.set(code, [look]);
      else group.push(look);
    }
    return groups;
  }

  /** As many as are to be listed, the nearest to an offer first. Distances are few: this is faster than to sort them all. */
  nearest(): readonly Look[] {
    const wanted = this.#inquiry.question.listed ?? DEFAULT_LISTED;
    const byDistance = new Map<number, Look[]>();
    for (const look of this.looks) {
      const equals = byDistance.get(look.distance);
      if (equals === undefined) byDistance.set(look.distance, [look]);
      else if (equals.length < wanted) equals.push(look);
    }
    const distances = [...byDistance.keys()].sort((a, b) => a - b);
    return distances.flatMap((distance) => byDistance.get(distance) ?? []).slice(0, wanted);
  }

  #add(look: Look): void {
    this.looks.push(look);
    const [code = 'AVAILABLE'] = look.codes;
    if (look.distance > (this.#leastDistance.get(code) ?? Number.POSITIVE_INFINITY)) return;
    this.#leastDistance.set(code, look.distance);
    this.#worth(look);
  }

  /** Those that may be offered something, or take part at least; all of them when none does. */
  #considered(): readonly Client[] {
    const open = this.clients.filter((client) => this.isOpen(client));
    const active = open.length > 0 ? open : this.clients.filter((client) => client.active);
    const considered = active.length > 0 ? active : this.clients;
    return this.byFramework && considered.length === 0 ? [this.#newcomer(DEFAULT_ROLE)] : considered;
  }

  /** Those that are meant; for a wanted task that no framework asks for, one that would come for it. */
  #clientsMeant(): readonly Client[] {
    const { ledger, question } = this.#inquiry;
    const { frameworkId, role, agentId, wanted } = question;
    const isMeant = (client: Client): boolean =>
      (frameworkId === undefined || client.frameworkId === frameworkId) &&
      (role === undefined || client.role.path === role || isStrictSubroleOf(client.role.path, role)) &&
      ledger.frameworks.get(client.frameworkId)?.roles.has(client.role.path) === true;
    const isForAnybody = frameworkId === undefined && !wanted.isEmpty;
    if (isForAnybody || (role === undefined && frameworkId === undefined && agentId === undefined)) {
      const ofRole = role === undefined ? [] : this.#known().filter((client) => isMeant(client) && client.active);
      return ofRole.length > 0 ? ofRole : [this.#newcomer(role ?? DEFAULT_ROLE)];
    }
    return this.#known().filter(isMeant);
  }

  #known(): readonly Client[] {
    return this.#inquiry.ledger.clients.filter((client): client is Client => client !== undefined);
  }

  /** A framework that has nothing yet, and can do whatever an agent may demand. */
  #newcomer(role: string): Client {
    const client = new Client(-1, '', this.#inquiry.ledger.tree.imagine(role));
    client.describe({
      id: '',
      info: { user: '', name: '', roles: [role], capabilities: ALL_CAPABILITIES },
      roles: new Set([role]),
      suppressedRoles: new Set(),
      offerConstraints: undefined,
      active: true,
      backPressure: false,
      offers: 0,
    });
    client.active = true;
    return client;
  }

  #agents(): readonly AgentState[] {
    const { ledger, question } = this.#inquiry;
    if (question.agentId !== undefined) {
      const agent = ledger.agentOfId.get(question.agentId);
      return agent === undefined ? [] : [agent];
    }
    return ledger.agents.filter((agent): agent is AgentState => agent !== undefined);
  }

  /** In one go. */
  #look(clients: readonly Client[], agent: AgentState, isCoarse = false): Look {
    const pairsLeft = this.#pairsLeft;
    if (isCoarse) this.#pairsLeft = 0;
    const visit = this.#visitAgent(clients, agent);
    let next = visit.next();
    while (next.done !== true) next = visit.next();
    if (isCoarse) this.#pairsLeft = pairsLeft;
    return next.value;
  }

  /** Of the client that gets furthest; when the work is used up, of the first one. */
  *#visitAgent(clients: readonly Client[], agent: AgentState): Generator<undefined, Look> {
    let nearest: Look | undefined;
    for (const client of clients) {
      yield;
      if (nearest !== undefined && this.#pairsLeft <= 0) break;
      if (client.slot >= 0 && this.#inquiry.ledger.clients[client.slot] !== client) continue;
      this.#pairsLeft--;
      const pair = { agent, client };
      const codes = this.#codesOf(pair);
      const distance = codes.reduce((sum, code) => sum + DISTANCE[code], 0);
      const isCoarse = this.#pairsLeft <= 0;
      if (nearest === undefined || distance < nearest.distance) nearest = { pair, codes, distance, isCoarse };
      if (distance === 0) break;
    }
    return nearest ?? { pair: undefined, agent, codes: ['NOT_SUBSCRIBED'], distance: DISTANCE.NOT_SUBSCRIBED };
  }

  #codesOf(pair: Pair): readonly Code[] {
    const codes = obstaclesOf(this.#inquiry, pair, wishOf(this.#inquiry, pair.client));
    if (codes.length > 0) return codes;
    const ofClient = this.clientObstacle(pair.client);
    if (ofClient !== undefined) return [ofClient];
    if (this.#inquiry.isPaused) return ['PAUSED'];
    return this.#rivals(pair, 1).length > 0 ? ['DRF_ORDER'] : ['AVAILABLE'];
  }

  /** Whether it may be offered something. */
  isOpen({ slot, active }: Client): boolean {
    return slot < 0 ? active : this.#inquiry.ledger.isOpen(slot);
  }

  /** What keeps it from every offer. */
  clientObstacle({ frameworkId, role, active, slot }: Client): Code | undefined {
    if (slot < 0) return this.byFramework ? 'NOT_SUBSCRIBED' : undefined;
    if (active) return this.#inquiry.ledger.isOpen(slot) ? undefined : 'OFFER_LIMIT';
    const framework = this.#inquiry.ledger.frameworks.get(frameworkId);
    if (framework?.active !== true) return 'NOT_SUBSCRIBED';
    if (framework.backPressure) return 'BACKPRESSURE';
    return framework.suppressedRoles.has(role.path) ? 'SUPPRESSED' : 'NOT_SUBSCRIBED';
  }

  /** Those that are served before and would take what is free on the agent, at most `limit`. */
  #rivals({ agent, client }: Pair, limit: number): readonly Client[] {
    const rivals: Client[] = [];
    const { order, count } = this.#order.before(client);
    for (let at = 0; at < count; at++) {
      const other = order[at] as Client;
      if (rivals.length >= limit || this.#pairsLeft <= 0) break;
      this.#pairsLeft -= 1 / SKIPS_PER_PAIR;
      // The order may be of an earlier slice.
      if (!other.active || agent.isSettled(other.slot) || !this.isOpen(other)) continue;
      this.#pairsLeft--;
      const inquiry = this.#ofOthers;
      if (obstaclesOf(inquiry, { agent, client: other }, wishOf(inquiry, other)).length === 0) rivals.push(other);
    }
    return rivals;
  }

  // What is told of it.

  clientDetail(code: Code, { frameworkId, role, slot }: Client): Detail {
    if (slot < 0) return { code };
    if (code === 'OFFER_LIMIT') return this.#limitDetail(frameworkId, role.path);
    const state = code === 'NOT_SUBSCRIBED' ? this.#inquiry.facts.findFrameworkState(frameworkId) : undefined;
    return {
      code,
      role: role.path,
      state: code === 'NOT_SUBSCRIBED' ? (state?.state ?? 'DISCONNECTED') : undefined,
      sinceUnixMs: state?.sinceUnixMs,
    };
  }

  #limitDetail(frameworkId: string, role: string): Detail {
    const { ledger, facts } = this.#inquiry;
    return {
      code: 'OFFER_LIMIT',
      role,
      outstanding: ledger.frameworks.get(frameworkId)?.offers,
      maxOffers: ledger.maxOffers,
      sinceUnixMs: facts.findOldestOffer(frameworkId),
    };
  }

  /** The nearest to an offer; of equals, the one that could give most of what is wanted. */
  bestOf(group: readonly Look[]): Look {
    let best = group[0] as Look;
    for (const look of group) if (this.#isBetter(look, best)) best = look;
    return best;
  }

  #isBetter(look: Look, best: Look): boolean {
    if (look.distance !== best.distance) return look.distance < best.distance;
    return look !== best && this.#worth(look) > this.#worth(best);
  }

  /** What tells equally near looks apart; found out once. Of filters, the one that ends first is worth most. */
  #worth(look: Look): number {
    const known = this.#worths.get(look);
    if (known !== undefined) return known;
    const worth = this.#findWorth(look);
    this.#worths.set(look, worth);
    return worth;
  }

  #findWorth(look: Look): number {
    const { pair, codes } = look;
    if (pair === undefined) return -1;
    if (codes[0] === 'FILTERED') return -(this.detailOf('FILTERED', look).untilUnixMs ?? Number.POSITIVE_INFINITY);
    const wish = wishOf(this.#inquiry, pair.client);
    return fitOf(wish, codes[0] === 'TOO_SMALL' ? pair.agent.total : visibleIn(this.#inquiry, pair));
  }

  detailOf(code: Code, look: Look): Detail {
    if (look.absent !== undefined) return look.absent;
    const { pair } = look;
    if (pair === undefined) return { code };
    if (code === 'DRF_ORDER') return this.#orderDetail(pair);
    if (CLIENT_CODES.includes(code)) return this.clientDetail(code, pair.client);
    return detailOf(this.#inquiry, code, pair);
  }

  #orderDetail(pair: Pair): Detail {
    const rivals = this.#rivals(pair, MAX_AHEAD);
    const compared = rivals.map((rival) => this.#order.compared(pair.client, rival));
    return {
      code: 'DRF_ORDER',
      ahead: compared.map(({ other }) => other),
      own: compared[0]?.own,
      ...(this.#order.isDrawn ? { isDrawn: true } : {}),
    };
  }
}
