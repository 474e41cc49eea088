/**
 * Who and what a question is about, and what stands between them: one look an agent (or, where one agent is asked about, a framework).
 * The work is bounded by MAX_PAIRS however large the cluster is: beyond it an agent is judged by one framework alone, and who is
 * served before is not looked for any more. Changes nothing. Pure.
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

/** Some 100 ms. */
const MAX_PAIRS = 100_000;
const MAX_AHEAD = 5;
/** Those that are known to gain nothing are passed over at about this part of the cost. */
const SKIPS_PER_PAIR = 64;

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
  readonly looks: readonly Look[];
  /** One agent is asked about, and nobody in particular: what is counted are frameworks. */
  readonly byFramework: boolean;
  readonly #inquiry: Inquiry;
  /** The same for those that are served before: they may want any offer. */
  readonly #ofOthers: Inquiry;
  readonly #order: ServingOrder;
  #pairsLeft = MAX_PAIRS;

  constructor(inquiry: Inquiry) {
    const { frameworkId, role, agentId } = inquiry.question;
    this.#inquiry = inquiry;
    this.#ofOthers = { ...inquiry, constraints: undefined, question: { wanted: Resources.empty } };
    this.#order = new ServingOrder(inquiry);
    this.byFramework = agentId !== undefined && frameworkId === undefined && role === undefined;
    this.clients = this.#clientsMeant();
    this.looks = [...this.#presentLooks(), ...this.#absentLooks()];
  }

  #presentLooks(): readonly Look[] {
    const open = this.clients.filter((client) => this.isOpen(client));
    const active = open.length > 0 ? open : this.clients.filter((client) => client.active);
    const considered = active.length > 0 ? active : this.clients;
    const agents = this.#agents();
    if (!this.byFramework) return agents.map((agent) => this.#look(considered, agent));
    const all = considered.length > 0 ? considered : [this.#newcomer(DEFAULT_ROLE)];
    return agents.flatMap((agent) => all.map((client) => this.#look([client], agent)));
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

  #absentLooks(): readonly Look[] {
    const { facts, question } = this.#inquiry;
    const looks: Look[] = [];
    for (const absent of facts.absentAgents())
      if (question.agentId === undefined || question.agentId === absent.id)
        looks.push({ pair: undefined, absent, codes: [absent.code], distance: DISTANCE[absent.code] });
    return looks;
  }

  /** Of the client that gets furthest; when the work is used up, of the first one. */
  #look(clients: readonly Client[], agent: AgentState): Look {
    let nearest: Look | undefined;
    for (const client of clients) {
      if (nearest !== undefined && this.#pairsLeft <= 0) break;
      this.#pairsLeft--;
      const pair = { agent, client };
      const codes = this.#codesOf(pair);
      const distance = codes.reduce((sum, code) => sum + DISTANCE[code], 0);
      if (nearest === undefined || distance < nearest.distance) nearest = { pair, codes, distance };
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
    for (const other of this.#order.before(client)) {
      if (rivals.length >= limit || this.#pairsLeft <= 0) break;
      this.#pairsLeft -= 1 / SKIPS_PER_PAIR;
      if (agent.isSettled(other.slot) || !this.isOpen(other)) continue;
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
    const worth = ({ pair, codes }: Look): number => {
      if (pair === undefined) return -1;
      const wish = wishOf(this.#inquiry, pair.client);
      return fitOf(wish, codes[0] === 'TOO_SMALL' ? pair.agent.total : visibleIn(this.#inquiry, pair));
    };
    let best = group[0] as Look;
    let bestWorth = worth(best);
    for (const look of group.slice(1)) {
      if (look.distance > best.distance) continue;
      const own = worth(look);
      if (look.distance === best.distance && !this.#isBetter(look, own, best, bestWorth)) continue;
      best = look;
      bestWorth = own;
    }
    return best;
  }

  /** Of filters, the one that ends first. */
  #isBetter(look: Look, worth: number, best: Look, bestWorth: number): boolean {
    if (look.codes[0] !== 'FILTERED') return worth > bestWorth;
    const untilOf = (of: Look) => this.detailOf('FILTERED', of).untilUnixMs ?? Number.POSITIVE_INFINITY;
    return untilOf(look) < untilOf(best);
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
