/**
 * Whether a client may be offered something of an agent, and what it would see of it, before quota (spec page 06, 6.4 steps
 * 1 to 5 and 9). One place for the allocation run and for `explain`, so that the two cannot disagree.
 */

import type { ResourceKind } from '../resources/resource-kind.js';
import type { ResourceEntry, Resources } from '../resources/resources.js';
import { isAllocatableToRole } from '../resources/roles.js';
import { type AgentState, type Client, DEMANDS_GPU, DEMANDS_REGION, type OfferTraits } from './allocator-state.js';
import { isAllocatable, type MinAllocatable } from './min-allocatable.js';
import type { ScalarNames } from './quantities.js';
import type { RefuseFilters } from './refuse-filters.js';

/** Why a client gets nothing of an agent. */
export type Obstacle = 'capability' | 'region' | 'constraints' | 'too-small' | 'filtered';

/** The first thing about the pair itself, whatever is free on the agent, that is in the way. */
export function pairObstacle(agent: AgentState, client: Client): 'capability' | 'region' | 'constraints' | undefined {
  const missing = agent.demands & ~client.can;
  if ((client.needs & ~agent.can) !== 0 || (missing & DEMANDS_GPU) !== 0) return 'capability';
  if ((missing & DEMANDS_REGION) !== 0) return 'region';
  return client.accepts(agent) ? undefined : 'constraints';
}

/** The part of what is available that the client may see. `offeredShared`: volumes already offered in this run. */
export function visibleTo(
  agent: AgentState,
  client: Client,
  traits: OfferTraits,
  offeredShared: Resources | undefined,
): Resources {
  if (traits.isPlain) return agent.available;
  return agent.available.filter((entry) => maySee(client, entry) && !holdsVolume(offeredShared, entry));
}

/** Whether the client could be offered such a resource, were it free. */
export function maySee(client: Client, { kind }: ResourceEntry): boolean {
  return isAllocatableToRole(kind.reservationRole, client.role.path) && withheldFor(client, kind) === undefined;
}

/** The capability without which the client is not offered resources of that kind. */
export function withheldFor(
  client: Client,
  kind: ResourceKind,
): 'REVOCABLE_RESOURCES' | 'RESERVATION_REFINEMENT' | 'SHARED_RESOURCES' | undefined {
  if (kind.revocable && !client.takesRevocable) return 'REVOCABLE_RESOURCES';
  if (kind.reservations.length > 1 && !client.takesRefined) return 'RESERVATION_REFINEMENT';
  return kind.shared && !client.takesShared ? 'SHARED_RESOURCES' : undefined;
}

function holdsVolume(resources: Resources | undefined, volume: ResourceEntry): boolean {
  return volume.kind.shared && resources?.entries.some(({ kind }) => kind.key === volume.kind.key) === true;
}

/** Unreserved, not revocable, scalar: what quota is about. */
export function isFirmScalar({ kind }: ResourceEntry): boolean {
  return kind.type === 'SCALAR' && kind.reservations.length === 0 && !kind.revocable;
}

export interface OfferContext {
  /** Default of the cluster. */
  readonly minimum: MinAllocatable;
  readonly filters: RefuseFilters;
  readonly names: ScalarNames;
}

/** What is in the way of offering `offer` (plain) as it is. */
export function offerObstacle(
  agent: AgentState,
  client: Client,
  offer: Resources,
  context: OfferContext,
): 'too-small' | 'filtered' | undefined {
  const isDefault = client.minAllocatable === undefined && offer === agent.available;
  const isLargeEnough = isDefault
    ? agent.traits(context.minimum, context.names).meetsDefault
    : isAllocatable(offer, client.minAllocatable ?? context.minimum);
  if (!isLargeEnough) return 'too-small';
  return context.filters.blocks(client.slot, agent.slot, offer) ? 'filtered' : undefined;
}
