/**
 * Inverse offers (spec page 06, 6.6): agents whose machine is scheduled for maintenance, which frameworks were asked to leave
 * them, and what they answered. Beside the books of resources: an inverse offer moves nothing. Cost follows the agents under
 * maintenance, not the cluster.
 *
 * Invariant: a framework has at most one inverse offer outstanding for an agent, and none while its filter lasts.
 */
import type * as allocator from '../../wire/gen/allocator.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type { InverseOfferDecision, InverseOfferStatuses } from './allocator.js';
import type { AgentState, FrameworkState } from './allocator-state.js';
import type { Ledger } from './ledger.js';

interface Maintenance {
  readonly unavailability: mesos.Unavailability;
  /** Frameworks that were asked and have not answered. */
  readonly outstanding: Set<string>;
  /** By framework. */
  readonly statuses: Map<string, allocator.InverseOfferStatus>;
  /** Until when a framework is not asked again, monotonic ms. */
  readonly filters: Map<string, number>;
}

export class InverseOffers {
  readonly #ofAgent = new Map<string, Maintenance>();

  /** undefined: nothing is scheduled for the agent any more. What frameworks said of another time counts no more. */
  update(agentId: string, unavailability: mesos.Unavailability | undefined): void {
    if (unavailability === undefined) this.#ofAgent.delete(agentId);
    else
      this.#ofAgent.set(agentId, {
        unavailability,
        outstanding: new Set(),
        statuses: new Map(),
        filters: new Map(),
      });
  }

  /** Answered, or taken back without an answer. */
  settle(
    frameworkId: string,
    agentId: string,
    answer: { readonly status: allocator.InverseOfferStatus; readonly untilMs: number | undefined } | undefined,
  ): void {
    const maintenance = this.#ofAgent.get(agentId);
    if (maintenance?.outstanding.delete(frameworkId) !== true || answer === undefined) return;
    maintenance.statuses.set(frameworkId, answer.status);
    if (answer.untilMs !== undefined) maintenance.filters.set(frameworkId, answer.untilMs);
  }

  dropFilters(frameworkId: string): void {
    for (const { filters } of this.#ofAgent.values()) filters.delete(frameworkId);
  }

  forgetFramework(frameworkId: string): void {
    for (const { outstanding, statuses, filters } of this.#ofAgent.values()) {
      outstanding.delete(frameworkId);
      statuses.delete(frameworkId);
      filters.delete(frameworkId);
    }
  }

  statuses(): InverseOfferStatuses {
    return new Map(Array.from(this.#ofAgent, ([agentId, { statuses }]) => [agentId, [...statuses.values()]]));
  }

  /** Whom to ask now, of the agents of a run (undefined: all). They count as asked from here on. */
  decide(ledger: Ledger, agentIds: ReadonlySet<string> | undefined, nowMs: number): InverseOfferDecision[] {
    const decisions: InverseOfferDecision[] = [];
    for (const [agentId, maintenance] of this.#ofAgent) {
      const agent = ledger.agentOfId.get(agentId);
      if (agent?.active !== true || agentIds?.has(agentId) === false) continue;
      for (const framework of holdersOn(ledger, agent)) {
        if (!mayBeAsked(framework, maintenance, nowMs)) continue;
        maintenance.outstanding.add(framework.id);
        decisions.push({ frameworkId: framework.id, agentId, unavailability: maintenance.unavailability });
      }
    }
    return decisions;
  }
}

/** Frameworks with something offered or allocated on the agent. */
function holdersOn(ledger: Ledger, agent: AgentState): ReadonlySet<FrameworkState> {
  const holders = new Set<FrameworkState>();
  for (const [clientSlot] of agent.allocations.entries()) {
    const framework = ledger.frameworks.get(ledger.clients[clientSlot]?.frameworkId ?? '');
    if (framework !== undefined) holders.add(framework);
  }
  return holders;
}

function mayBeAsked(
  { id, active, backPressure }: FrameworkState,
  { outstanding, filters }: Maintenance,
  nowMs: number,
): boolean {
  if (!active || backPressure || outstanding.has(id)) return false;
  const untilMs = filters.get(id);
  if (untilMs !== undefined && untilMs > nowMs) return false;
  filters.delete(id);
  return true;
}
