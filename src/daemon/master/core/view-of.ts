/** The view of a core: its own books, read-only by type. */

import type { Context } from './machine/context.js';
import { gauges } from './metrics/gauges.js';
import type { MasterCoreOptions } from './options.js';
import type { MasterView } from './view.js';

export function viewOf(context: Context, options: MasterCoreOptions): MasterView {
  const { state } = context;
  const startedAtUnixMs = options.startedAt.unixMs;
  return {
    masterInfo: options.masterInfo,
    startedAtUnixMs,
    get electedAtUnixMs() {
      return state.electedAtUnixMs;
    },
    get term() {
      return state.term;
    },
    agents: state.agents,
    recoveredAgents: state.recoveredAgents,
    unreachableAgents: state.unreachableAgents,
    lostAgents: state.lostAgents,
    goneAgents: state.goneAgents,
    frameworks: state.frameworks,
    completedFrameworks: state.completedFrameworks,
    offers: state.offers,
    inverseOffers: state.inverseOffers,
    get operatorSubscribers() {
      return state.operators.size;
    },
    get watchers() {
      return context.watchers.size;
    },
    weights: state.weights,
    deactivatedAgents: state.deactivatedAgents,
    machines: state.machines,
    get maintenanceSchedule() {
      return state.maintenanceSchedule;
    },
    quotas: state.quotas,
    get counters() {
      return context.counters.all;
    },
    gauges: (nowUnixMs) => gauges(context, nowUnixMs, startedAtUnixMs),
    happenings: context.happenings,
    offerIdOf: (offer) => state.offerIdOf(offer),
    inverseOfferStatuses: () => context.allocator.inverseOfferStatuses(),
    allocator: () => context.allocator.snapshot(),
    roles: () => context.allocator.roles(),
    totals: () => context.allocator.totals(),
    get allocationRuns() {
      return context.allocator.allocationRuns;
    },
  };
}
