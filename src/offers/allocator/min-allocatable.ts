/**
 * The least an offer must hold (spec page 06, 6.5): one of several sets of quantities. A framework may set its own per
 * role; present but empty means that anything goes.
 */
import type * as mesos from '../../wire/gen/mesos.js';
import { toMilli } from '../resources/resource-value.js';
import type { Resources } from '../resources/resources.js';

/** Alternatives; each is a list of [resource name, thousandths], all of which must be there. Empty: anything goes. */
export type MinAllocatable = readonly (readonly (readonly [name: string, milli: number])[])[];

export function minAllocatableOf(alternatives: readonly Resources[]): MinAllocatable {
  return alternatives.map((resources) =>
    [...resources.quantities()].map(([name, quantity]) => [name, toMilli(quantity)] as const),
  );
}

/** What the framework set for `role`; undefined: the default of the cluster holds. */
export function frameworkMinAllocatable(info: mesos.FrameworkInfo, role: string): MinAllocatable | undefined {
  const filters = info.offer_filters;
  if (filters === undefined || !Object.hasOwn(filters, role)) return undefined;
  const minimum = filters[role]?.min_allocatable_resources;
  if (minimum === undefined) return undefined;
  return (minimum.quantities ?? []).map(({ quantities }) =>
    Object.entries(quantities ?? {}).map(([name, scalar]) => [name, toMilli(scalar.value)] as const),
  );
}

export function isAllocatable(resources: Resources, minimum: MinAllocatable): boolean {
  if (resources.isEmpty) return false;
  if (minimum.length === 0) return true;
  for (const alternative of minimum) if (holdsAll(resources, alternative)) return true;
  return false;
}

function holdsAll(resources: Resources, quantities: MinAllocatable[number]): boolean {
  for (const [name, milli] of quantities) if (resources.quantityMilli(name) < milli) return false;
  return true;
}
