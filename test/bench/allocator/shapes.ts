/**
 * The clusters of Mesos' own allocator benchmarks: agents with cpus:24;mem:4096;disk:4096 and ports in 16 fragments, and
 * frameworks that can do MULTI_ROLE. Every agent registers objects of its own, as on a real master.
 */
import { isRejection } from '../../../src/base/rejection.js';
import type { Allocator, OfferDecision } from '../../../src/offers/allocator/allocator.js';
import { createAllocator } from '../../../src/offers/allocator/hierarchical-allocator.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

export type Sorter = 'drf' | 'random';

export const AGENT_COUNTS = [1_000, 5_000, 10_000, 20_000, 30_000, 50_000];
export const FRAMEWORK_COUNTS = [1, 50, 100, 200, 500, 1_000, 3_000, 6_000];

/** Longer than any run of a benchmark: a filter until then never ends. */
export const NEVER_MS = 1e12;

export function parsed(text: string): Resources {
  const resources = Resources.parse(text);
  if (isRejection(resources)) throw new Error(resources.message);
  return resources;
}

const fragments = Array.from({ length: 16 }, (_, i) => `${31_000 + i * 62}-${31_000 + i * 62 + 60}`);
export const AGENT_TOTAL = parsed(`cpus:24;mem:4096;disk:4096;ports:[${fragments.join(',')}]`);
const USED = parsed('cpus:16;mem:2014;disk:1024');

export function newAllocator(sorter: Sorter = 'drf'): Allocator {
  return createAllocator({
    seed: 42,
    minAllocatable: [parsed('cpus:0.01'), parsed('mem:32')],
    roleSorter: sorter,
    frameworkSorter: sorter,
    excludedResourceNames: new Set(),
    filterGpuResources: true,
  });
}

export function addFrameworks(allocator: Allocator, count: number, roleOf: (i: number) => string = () => '*'): void {
  for (let i = 0; i < count; i++)
    allocator.addFramework(
      {
        id: `framework-${i}`,
        info: { user: 'user', name: `framework-${i}`, roles: [roleOf(i)], capabilities: [{ type: 'MULTI_ROLE' }] },
        suppressedRoles: new Set(),
        active: true,
      },
      new Map(),
    );
}

export interface AgentShape {
  /** Default: `AGENT_TOTAL`. */
  readonly total?: Resources;
  /** Which framework has the usual part of agent `i` in use, under role `*`; default: none. */
  readonly usedBy?: (i: number) => string;
}

const CAPABILITIES: ReadonlySet<mesos.AgentInfo_Capability_Type> = new Set([
  'MULTI_ROLE',
  'HIERARCHICAL_ROLE',
  'RESERVATION_REFINEMENT',
]);

export function addAgent(allocator: Allocator, id: string, total: Resources = AGENT_TOTAL, usedBy?: string): void {
  allocator.addAgent({
    id,
    info: { hostname: `host-of-${id}` },
    capabilities: CAPABILITIES,
    total: Resources.of(total.toWire()),
    used: usedBy === undefined ? new Map() : new Map([[usedBy, Resources.of(USED.allocatedTo('*').toWire())]]),
  });
}

/** Agents `agent-0` to `agent-{count - 1}`. */
export function addAgents(allocator: Allocator, count: number, { total, usedBy }: AgentShape = {}): void {
  for (let i = 0; i < count; i++) addAgent(allocator, `agent-${i}`, total, usedBy?.(i));
}

/** All offers come back; with `untilMs` each leaves a filter. */
export function giveBack(allocator: Allocator, offers: readonly OfferDecision[], untilMs?: number): void {
  for (const { frameworkId, agentId, resources } of offers)
    allocator.recoverResources({
      frameworkId,
      agentId,
      resources,
      allocated: false,
      refuse: untilMs === undefined ? undefined : { untilMs },
    });
}
