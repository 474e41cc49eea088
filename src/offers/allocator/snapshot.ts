/** What views, metrics and tests see of the allocator's books; copies, safe to keep. */
import type { AllocatorSnapshot } from './allocator.js';
import type { Ledger } from './ledger.js';

export function takeSnapshot(ledger: Ledger, allocationRuns: number): AllocatorSnapshot {
  const agents = new Map<string, Entry<AllocatorSnapshot['agents']>>();
  for (const agent of ledger.agentOfId.values())
    agents.set(agent.id, {
      total: agent.total,
      offeredOrAllocated: ledger.chargedOn(agent),
      available: agent.available,
      active: agent.active,
    });
  const roles = new Map<string, Entry<AllocatorSnapshot['roles']>>();
  for (const role of ledger.tree.all())
    roles.set(role.path, {
      weight: role.weight,
      dominantShare: ledger.tree.shareOf(role),
      frameworkIds: [...role.clients.keys()],
    });
  return { agents, roles, allocationRuns, activeFilters: ledger.filters.size };
}

type Entry<M> = M extends ReadonlyMap<string, infer V> ? V : never;
