/** What an explanation is made of: the allocator's books, which it only reads, and what the caller knows besides. */
import type { Instant } from '../../base/clock.js';
import type { AgentState, Client } from '../allocator/allocator-state.js';
import type { Ledger } from '../allocator/ledger.js';
import type { MinAllocatable } from '../allocator/min-allocatable.js';
import type { AgentPredicate } from '../allocator/offer-constraints.js';
import type { QuotaRun } from '../allocator/quota-run.js';
import type { ClusterFacts, Question } from './answer.js';
import { type Wish, wishFor } from './wish.js';

export interface ExplainContext {
  readonly ledger: Ledger;
  /** Default of the cluster. */
  readonly minimum: MinAllocatable;
  /** undefined: no role has quota. */
  readonly quota: QuotaRun | undefined;
  /** undefined: an offer may hold all of an agent. */
  readonly maxOfferFraction: number | undefined;
  readonly isPaused: boolean;
  readonly roleSorter: 'drf' | 'random';
  readonly frameworkSorter: 'drf' | 'random';
  /** Of the master. */
  readonly region: string | undefined;
  readonly now: Instant;
  readonly facts: ClusterFacts;
}

/** One question to the books; `constraints` are those of the question, compiled. */
export interface Inquiry extends ExplainContext {
  readonly question: Question;
  readonly constraints: AgentPredicate | undefined;
}

export function wishOf({ question, minimum }: Inquiry, client: Client): Wish {
  return wishFor(question.wanted, client.minAllocatable ?? minimum);
}

/** What stands between one framework under one role and one agent. */
export interface Pair {
  readonly agent: AgentState;
  readonly client: Client;
}
