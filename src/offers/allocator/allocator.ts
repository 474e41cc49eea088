/**
 * What the allocator decides: which free resources go to which framework under which role, now.
 * Pure and synchronous; owned by the master core and called inside its `step`, so nothing comes between them
 * (architecture, section 2). It never talks to anybody: `allocate` returns what to offer. Source: spec page 06.
 *
 * Units: resource quantities as in `Resources`; times are monotonic milliseconds.
 */
import type { Instant } from '../../base/clock.js';
import type { Rejection } from '../../base/rejection.js';
import type * as wire from '../../wire/gen/allocator.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type * as scheduler from '../../wire/gen/scheduler.js';
import type { Answer, ClusterFacts, Explanation, Question } from '../explain/answer.js';
import type { Resources } from '../resources/resources.js';
import type { Decline } from './refuse-filters.js';

export interface AllocatorOptions {
  /** Drives random sorters and the shuffle of agents. */
  readonly seed: number;
  /** Alternatives; an offer must contain one of them. Default: cpus 0.01 or mem 32 (MB). */
  readonly minAllocatable: readonly Resources[];
  readonly roleSorter: 'drf' | 'random';
  readonly frameworkSorter: 'drf' | 'random';
  readonly excludedResourceNames: ReadonlySet<string>;
  readonly filterGpuResources: boolean;
  /** Largest part of an agent's total that one offer holds of each unreserved scalar; undefined: all of it. */
  readonly maxOfferFraction?: number | undefined;
  /** A framework with so many offers outstanding, in whatever roles, gets no other; undefined: no bound. */
  readonly maxOffersPerFramework?: number | undefined;
  /** Fault domain of the master; agents of another region go to REGION_AWARE frameworks only. */
  readonly domain?: mesos.DomainInfo | undefined;
}

/** What the allocator knows of a framework. `info.capabilities` and `info.roles`/`info.role` are read. */
export interface AllocatorFramework {
  readonly id: string;
  readonly info: mesos.FrameworkInfo;
  readonly suppressedRoles: ReadonlySet<string>;
  readonly offerConstraints?: scheduler.OfferConstraints | undefined;
  /** False while the framework is disconnected. */
  readonly active: boolean;
}

export interface AllocatorAgent {
  readonly id: string;
  readonly info: mesos.AgentInfo;
  readonly capabilities: ReadonlySet<mesos.AgentInfo_Capability_Type>;
  readonly total: Resources;
  /** What is in use already, per framework id, with allocation_info (re-registration). */
  readonly used: ReadonlyMap<string, Resources>;
}

/** One offer to make: everything of one agent for one framework under one role. */
export interface OfferDecision {
  readonly frameworkId: string;
  readonly agentId: string;
  readonly role: string;
  /** Tagged with allocation_info.role. */
  readonly resources: Resources;
}

/** One framework to ask to leave one agent before its maintenance. */
export interface InverseOfferDecision {
  readonly frameworkId: string;
  readonly agentId: string;
  readonly unavailability: mesos.Unavailability;
}

/** What frameworks answered, by agent; every agent under maintenance is there. */
export type InverseOfferStatuses = ReadonlyMap<string, readonly wire.InverseOfferStatus[]>;

export interface AllocationResult {
  readonly offers: readonly OfferDecision[];
  /** With the last slice of a run. */
  readonly inverseOffers: readonly InverseOfferDecision[];
  /** True: the time slice ended first; call `allocate` again with the same arguments. */
  readonly more: boolean;
}

export interface Allocator {
  addFramework(framework: AllocatorFramework, used: ReadonlyMap<string, Resources>): void;
  /** Its offers and allocations must have been recovered before. */
  removeFramework(frameworkId: string): void;
  /** Disconnected: inactive in all sorters, all its filters cleared, allocations kept. */
  deactivateFramework(frameworkId: string): void;
  activateFramework(frameworkId: string): void;
  updateFramework(framework: AllocatorFramework): void;

  addAgent(agent: AllocatorAgent): void;
  removeAgent(agentId: string): void;
  updateAgent(
    agentId: string,
    change: {
      readonly total?: Resources;
      readonly info?: mesos.AgentInfo;
      readonly capabilities?: ReadonlySet<mesos.AgentInfo_Capability_Type>;
    },
  ): void;
  activateAgent(agentId: string): void;
  deactivateAgent(agentId: string): void;
  /**
   * When the machine of the agent is under maintenance; undefined: nothing is scheduled. A change drops what is outstanding,
   * every answer and every filter of inverse offers.
   */
  updateUnavailability(agentId: string, unavailability: mesos.Unavailability | undefined): void;
  /** The inverse offer is not outstanding any more: the framework answered, or (no `answer`) it was taken back. */
  updateInverseOffer(
    frameworkId: string,
    agentId: string,
    answer?: { readonly status: wire.InverseOfferStatus; readonly untilMs: number | undefined },
  ): void;
  inverseOfferStatuses(): InverseOfferStatuses;
  /** null: no whitelist, every agent. */
  updateWhitelist(hostnames: ReadonlySet<string> | null): void;

  /** Offered resources became allocated (a launch was accepted). */
  transitionOfferedToAllocated(agentId: string, resources: Resources): void;
  /** Resources known to run on the agent that no offer paid for (re-registration of tasks). */
  addAllocated(frameworkId: string, agentId: string, resources: Resources): void;
  /** Speculative operations of an ACCEPT: `from` becomes `to` in the framework's allocation and the agent's total. */
  updateAllocation(frameworkId: string, agentId: string, from: Resources, to: Resources): void;
  /**
   * Operations of the operator API: `from` (plain, not offered, not allocated) becomes `to` in the agent's total. Returns a
   * `conflict` when `from` is not all free now; then nothing changed and offers must be rescinded first.
   */
  updateAvailable(agentId: string, from: Resources, to: Resources): Rejection | undefined;
  /**
   * Gives resources back. With `refuse`, a filter keeps offers of nothing more than `resources` from this framework
   * and role on this agent until `refuse.untilMs`; `refuse.decline` is kept for `explain` alone. `allocated` says whether they were allocated (true) or only offered.
   */
  recoverResources(recovered: {
    readonly frameworkId: string;
    readonly agentId: string;
    readonly resources: Resources;
    readonly allocated: boolean;
    readonly refuse?: { readonly untilMs: number; readonly decline?: Decline | undefined } | undefined;
  }): void;

  /**
   * An offer of the framework is not outstanding any more, whatever became of it: once for each `OfferDecision`. Returns whether
   * that frees a framework from its bound: it may be offered something by the next run.
   */
  offerEnded(frameworkId: string): boolean;
  /**
   * Whether a framework that has no offer at all would be offered something of `resources`, which lie in an offer to
   * `frameworkId`, were they free. What guarantees need of them is not considered.
   */
  isAwaited(
    offer: { readonly frameworkId: string; readonly agentId: string; readonly resources: Resources },
    nowMs: number,
  ): boolean;

  /** Empty: all roles of the framework. */
  suppressRoles(frameworkId: string, roles: readonly string[]): void;
  /** Also removes the offer filters of those roles. Empty: all roles. */
  reviveRoles(frameworkId: string, roles: readonly string[]): void;
  /** Frameworks under back-pressure get no new offers (architecture, section 1). */
  setBackPressure(frameworkId: string, on: boolean): void;

  updateWeights(weights: ReadonlyMap<string, number>): void;
  updateQuota(
    role: string,
    quota: { readonly guarantees: ReadonlyMap<string, number>; readonly limits: ReadonlyMap<string, number> },
  ): void;
  pause(): void;
  resume(): void;

  /**
   * One run over `agentIds` (undefined: all). Updates its own books with what it returns. Filters that ended by
   * `nowMs` no longer count. `budget` bounds the (agent, framework) pairs looked at in this call, each offer counted as
   * a few hundred of them, give or take the frameworks of one agent. While a run is unfinished (`more`), every call goes on with it, whatever its arguments.
   */
  allocate(agentIds: ReadonlySet<string> | undefined, nowMs: number, budget?: number): AllocationResult;

  /** Why something is not offered now; `facts` are what only the caller knows. Changes nothing. */
  explain(question: Question, now: Instant, facts?: ClusterFacts): Answer;
  /** The same in small pieces; everything else may be called between two of them. `facts` are those of the time they are asked. */
  explainInSlices(question: Question, now: Instant, facts?: ClusterFacts): Explanation;

  /** For views, metrics and tests. */
  snapshot(): AllocatorSnapshot;
  /** Every role that says something, and its ancestors; parents before children. O(roles). */
  roles(): readonly RoleUse[];
  /** Scalars of all agents together, by name, in natural units. */
  totals(): ReadonlyMap<string, number>;
  /** Runs begun so far. */
  readonly allocationRuns: number;
}

/** What a role and everything below it has; amounts are scalars by name, in natural units. */
export interface RoleUse {
  readonly name: string;
  readonly weight: number;
  /** Subscribed to exactly this role, or holding something under it. */
  readonly frameworks: number;
  readonly allocated: ReadonlyMap<string, number>;
  readonly offered: ReadonlyMap<string, number>;
  /** Of the agents' totals. */
  readonly reserved: ReadonlyMap<string, number>;
  /** Largest part of any scalar of the cluster that is allocated; 0 to 1, the weight left aside. */
  readonly dominantShare: number;
  /** Its part of the cluster, 0 to 1, by weight among the siblings that take part in allocation; undefined: it does not. */
  readonly fairShare: number | undefined;
  /** What quota counts of it: unreserved resources in use and all reservations. */
  readonly consumed: ReadonlyMap<string, number>;
  /** What of `offered` quota counts: neither reserved nor revocable. */
  readonly offeredFirm: ReadonlyMap<string, number>;
  /** undefined: none is set. */
  readonly guarantee: ReadonlyMap<string, number> | undefined;
  readonly limit: ReadonlyMap<string, number> | undefined;
}

export interface AllocatorSnapshot {
  readonly agents: ReadonlyMap<
    string,
    {
      readonly total: Resources;
      readonly offeredOrAllocated: Resources;
      readonly available: Resources;
      readonly active: boolean;
    }
  >;
  readonly roles: ReadonlyMap<
    string,
    { readonly weight: number; readonly dominantShare: number; readonly frameworkIds: readonly string[] }
  >;
  readonly allocationRuns: number;
  readonly activeFilters: number;
}
