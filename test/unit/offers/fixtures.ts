/** Short ways to say agents, frameworks and resources in the allocator's tests. */
import { isRejection } from '../../../src/base/rejection.js';
import type {
  Allocator,
  AllocatorAgent,
  AllocatorFramework,
  AllocatorOptions,
} from '../../../src/offers/allocator/allocator.js';
import { createAllocator } from '../../../src/offers/allocator/hierarchical-allocator.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import type * as scheduler from '../../../src/wire/gen/scheduler.js';

export function res(text: string): Resources {
  const parsed = Resources.parse(text);
  if (isRejection(parsed)) throw new Error(`${text}: ${parsed.message}`);
  return parsed;
}

export const DEFAULT_OPTIONS: AllocatorOptions = {
  seed: 1,
  minAllocatable: [res('cpus:0.01'), res('mem:32')],
  roleSorter: 'drf',
  frameworkSorter: 'drf',
  excludedResourceNames: new Set(),
  filterGpuResources: true,
};

export function newAllocator(options: Partial<AllocatorOptions> = {}): Allocator {
  return createAllocator({ ...DEFAULT_OPTIONS, ...options });
}

export const AGENT_CAPABILITIES: ReadonlySet<mesos.AgentInfo_Capability_Type> = new Set([
  'MULTI_ROLE',
  'HIERARCHICAL_ROLE',
  'RESERVATION_REFINEMENT',
]);

export function agent(
  id: string,
  resources: string | Resources,
  more: Partial<AllocatorAgent> & { readonly attributes?: mesos.Attribute[]; readonly region?: string } = {},
): AllocatorAgent {
  const info: mesos.AgentInfo = { hostname: `${id}.example`, attributes: more.attributes };
  if (more.region !== undefined) info.domain = { fault_domain: { region: { name: more.region }, zone: { name: 'z' } } };
  return {
    id,
    info,
    capabilities: AGENT_CAPABILITIES,
    total: typeof resources === 'string' ? res(resources) : resources,
    used: new Map(),
    ...more,
  };
}

export interface FrameworkOptions {
  readonly capabilities?: readonly mesos.FrameworkInfo_Capability_Type[];
  readonly suppressed?: readonly string[];
  readonly constraints?: scheduler.OfferConstraints;
  readonly offerFilters?: mesos.FrameworkInfo['offer_filters'];
  readonly active?: boolean;
}

export function framework(
  id: string,
  roles: readonly string[] = ['*'],
  more: FrameworkOptions = {},
): AllocatorFramework {
  const capabilities = [...(more.capabilities ?? []), 'MULTI_ROLE' as const].map((type) => ({ type }));
  return {
    id,
    info: { user: 'nobody', name: id, roles: [...roles], capabilities, offer_filters: more.offerFilters },
    suppressedRoles: new Set(more.suppressed ?? []),
    offerConstraints: more.constraints,
    active: more.active ?? true,
  };
}

export const NO_USE: ReadonlyMap<string, Resources> = new Map();

/** One line an offer, in the order given: `f1 <- a1 (role): cpus:1; mem:2`. */
export function lines(offers: readonly { frameworkId: string; agentId: string; role: string; resources: Resources }[]) {
  return offers.map(
    (offer) => `${offer.frameworkId} <- ${offer.agentId} (${offer.role}): ${offer.resources.unallocated()}`,
  );
}
