/**
 * The words of `explain`: what can be asked, and what an answer holds. Codes are closed and stable; texts may change. The extension
 * API carries the same shapes (mesoctl/api.proto, `Why`). Amounts are in natural units (cores, MB), times Unix milliseconds.
 */
import type { Instant } from '../../base/clock.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type * as scheduler from '../../wire/gen/scheduler.js';
import type { Resources } from '../resources/resources.js';

/** Why something is not offered; in the order in which the allocator looks, whoever is asked about first. */
export type Code =
  // Of the cluster or of whoever asks: no agent would do.
  | 'NO_AGENTS'
  | 'PAUSED'
  | 'NOT_SUBSCRIBED'
  | 'BACKPRESSURE'
  /** It has as many offers outstanding as it may. */
  | 'OFFER_LIMIT'
  | 'SUPPRESSED'
  // Of an agent, whatever is free there.
  | 'UNREACHABLE'
  | 'DEACTIVATED'
  | 'DRAINING'
  | 'MAINTENANCE'
  /** The allocator leaves it out, and nobody says why. */
  | 'INACTIVE'
  | 'WHITELIST'
  // Of an agent and a framework.
  | 'CAPABILITY'
  | 'REGION'
  | 'CONSTRAINT'
  // Of what the agent has.
  | 'TOO_SMALL'
  | 'RESERVED'
  /** One offer may hold only a part of the agent. */
  | 'OFFER_FRACTION'
  | 'IN_USE'
  | 'OFFERED'
  // Of the role.
  | 'QUOTA_LIMIT'
  | 'HEADROOM'
  // Of the offer that would be made.
  | 'BELOW_MINIMUM'
  | 'FILTERED'
  | 'DRF_ORDER'
  /** Nothing: the next run offers it. */
  | 'AVAILABLE';

export interface Question {
  readonly frameworkId?: string | undefined;
  /** This role and everything below it. */
  readonly role?: string | undefined;
  /** This agent alone; without framework and role, all frameworks are asked about. */
  readonly agentId?: string | undefined;
  /**
   * What one offer must hold; empty: any offer at all. A SCALAR by the name of ranges or of a set stands for so many of
   * them, whichever.
   */
  readonly wanted: Resources;
  /** In the place of what the framework subscribed with. */
  readonly constraints?: scheduler.OfferConstraints_RoleConstraints | undefined;
  /** The task has limits beyond its resources: not every agent can hold them. */
  readonly hasLimits?: boolean | undefined;
  /** How many agents (or frameworks) are told of one by one. */
  readonly listed?: number | undefined;
}

/** Of one resource: what is wanted, what there is, and by how much it falls short. */
export interface Shortage {
  readonly name: string;
  readonly wanted: number;
  readonly has: number;
  readonly lacks: number;
  /** QUOTA_LIMIT: the limit, and how much of it is consumed. */
  readonly limit?: number | undefined;
  readonly consumed?: number | undefined;
}

/** Who has, keeps or may have what of it. */
export interface Holder {
  readonly frameworkId?: string | undefined;
  readonly frameworkName?: string | undefined;
  readonly role: string;
  readonly resources: Resources;
  /** Of an offer. */
  readonly offerId?: string | undefined;
  readonly sinceUnixMs?: number | undefined;
  /** When it is taken back, whoever waits. */
  readonly untilUnixMs?: number | undefined;
  /** When it is next looked at whether it is to be taken back for somebody who has no offer. */
  readonly heldUntilUnixMs?: number | undefined;
}

/** A place in the order of fair sharing: the dominant share, offers included, and the weight that divides it. */
export interface Standing {
  /** The role at the level where the order is decided; undefined: between frameworks of one role. */
  readonly role: string | undefined;
  readonly frameworkId: string;
  readonly frameworkName?: string | undefined;
  readonly share: number;
  readonly weight: number;
}

/** The numbers of a reason; which are there follows from the code (docs/extension-api.md has the table). */
export interface Detail {
  readonly code: Code;
  readonly shortages?: readonly Shortage[] | undefined;
  readonly holders?: readonly Holder[] | undefined;
  /** QUOTA_LIMIT: whose limit it is. SUPPRESSED, NOT_SUBSCRIBED, BACKPRESSURE, OFFER_LIMIT: of which role. */
  readonly role?: string | undefined;
  readonly sinceUnixMs?: number | undefined;
  readonly untilUnixMs?: number | undefined;
  /** FILTERED: the offer that was declined. */
  readonly offerId?: string | undefined;
  /** CONSTRAINT: what was asked for and what the agent has. */
  readonly constraint?: string | undefined;
  /** CAPABILITY: its name, and who lacks it. */
  readonly capability?: string | undefined;
  readonly lackedBy?: 'framework' | 'agent' | undefined;
  /** Of an agent that is away, or of a framework that is not subscribed. */
  readonly state?: string | undefined;
  /** REGION: of the agent; `masterRegion`: of the master. */
  readonly region?: string | undefined;
  readonly masterRegion?: string | undefined;
  /** DRF_ORDER: who is served before, first ones first, and where the one that is asked about stands. */
  readonly ahead?: readonly Standing[] | undefined;
  readonly own?: Standing | undefined;
  /** The offer is held by the very framework that is asked about. */
  readonly isOwn?: boolean | undefined;
  /** DRF_ORDER: nobody is first, frameworks are drawn by weight. */
  readonly isDrawn?: boolean | undefined;
  /** OFFER_LIMIT: offers of the framework, in all its roles, and how many it may have; the oldest is of `sinceUnixMs`. */
  readonly outstanding?: number | undefined;
  readonly maxOffers?: number | undefined;
  /** OFFER_FRACTION: the part of an agent that one offer holds at most. */
  readonly fraction?: number | undefined;
}

export interface Reason extends Detail {
  readonly message: string;
  /** How many agents it holds for; of agents that have several, the first. */
  readonly agents: number;
  /** For a question about one agent: how many frameworks, one for each of its roles. */
  readonly frameworks?: number | undefined;
  readonly bestAgentId?: string | undefined;
  readonly bestHostname?: string | undefined;
  /** What of that agent is free for whoever asks. */
  readonly bestAvailable?: Resources | undefined;
  /** What else is in the way on that agent, behind this reason. */
  readonly behind: readonly Code[];
}

/** One agent, or, where one agent is asked about, one framework under one role. */
export interface Finding {
  readonly agentId: string;
  readonly hostname?: string | undefined;
  readonly frameworkId?: string | undefined;
  readonly frameworkName?: string | undefined;
  readonly role?: string | undefined;
  readonly code: Code;
  readonly message: string;
  readonly behind: readonly Code[];
}

export interface Answer {
  /** One sentence with numbers. */
  readonly summary: string;
  /** The one thing to do first, a sentence; and commands for it. */
  readonly firstStep: string;
  readonly commands: readonly string[];
  /** Most important first; never empty. */
  readonly reasons: readonly Reason[];
  /** The nearest to an offer first, at most `listed` of them. */
  readonly findings: readonly Finding[];
  /** How many agents were considered. */
  readonly agents: number;
  /** How many of them nothing keeps from being offered. */
  readonly available: number;
}

/** What keeps an agent from being offered that only the master knows. */
export interface AgentTrouble {
  readonly code: 'UNREACHABLE' | 'DEACTIVATED' | 'DRAINING' | 'MAINTENANCE';
  /** UNREACHABLE: also DISCONNECTED, or RECOVERED: not back since the last election. DRAINING: also DRAINED. */
  readonly state?: string | undefined;
  readonly sinceUnixMs?: number | undefined;
  readonly untilUnixMs?: number | undefined;
}

export interface AbsentAgent extends AgentTrouble {
  readonly id: string;
  readonly hostname: string | undefined;
}

/** What only the master knows. The caller gives it, so that explaining stays pure; O(1) but for the iterables. */
export interface ClusterFacts {
  findFrameworkName(frameworkId: string): string | undefined;
  /** ACTIVE, DISCONNECTED, RECOVERED, REMOVING or COMPLETED; undefined: unknown. */
  findFrameworkState(
    frameworkId: string,
  ): { readonly state: string; readonly sinceUnixMs: number | undefined } | undefined;
  /** undefined: nothing keeps it from being offered. */
  findAgentTrouble(agentId: string): AgentTrouble | undefined;
  canHoldLimits(agentId: string): boolean;
  offersOn(agentId: string): Iterable<{
    readonly id: string;
    readonly frameworkId: string;
    readonly role: string;
    readonly resources: Resources;
    readonly madeAtUnixMs: number;
    /** When it is taken back in any case. */
    readonly expiresAtUnixMs?: number | undefined;
    /** When it is looked at whether its holder sits on it while somebody waits. */
    readonly holdCheckAtUnixMs?: number | undefined;
  }>;
  /** When the oldest outstanding offer of the framework was made. */
  findOldestOffer(frameworkId: string): number | undefined;
  /** Agents that the allocator does not have. */
  absentAgents(): Iterable<AbsentAgent>;
  /** By the number that a filter keeps. */
  offerIdOf(offer: number): string;
  readonly domain?: mesos.DomainInfo | undefined;
}

/**
 * An answer in the making: each `next` does a small piece of the work. Where others may have changed the books since the last one, it is
 * given the time; with undefined, nothing came between.
 */
export type Explanation = Generator<undefined, Answer, Instant | undefined>;

/** Of a cluster whose master says nothing more. */
export const NO_FACTS: ClusterFacts = {
  findFrameworkName: () => undefined,
  findFrameworkState: () => undefined,
  findAgentTrouble: () => undefined,
  canHoldLimits: () => true,
  offersOn: () => [],
  findOldestOffer: () => undefined,
  absentAgents: () => [],
  offerIdOf: (offer) => `O${offer}`,
};
