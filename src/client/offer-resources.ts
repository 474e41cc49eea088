/** Choosing from an offer what a task needs, in the form in which the offer has it. Pure. */
import type * as mesos from '../wire/gen/mesos.js';

/** Amounts by name: cores, MB. */
export interface ScalarRequest {
  readonly cpus?: number | undefined;
  readonly mem?: number | undefined;
  readonly disk?: number | undefined;
}

/** Mesos counts in thousandths. */
const MILLI = 1000;

/**
 * Resources for a task out of an offer: what is reserved to a role first, then what is not; never revocable or shared ones,
 * never volumes. undefined: the offer is too small.
 */
export function takeScalars(offered: readonly mesos.Resource[], request: ScalarRequest): mesos.Resource[] | undefined {
  const taken: mesos.Resource[] = [];
  for (const [name, amount] of Object.entries(request) as [string, number | undefined][]) {
    let missing = Math.round((amount ?? 0) * MILLI);
    for (const resource of candidates(offered, name)) {
      if (missing <= 0) break;
      const part = Math.min(missing, Math.floor((resource.scalar?.value ?? 0) * MILLI + 1e-6));
      if (part <= 0) continue;
      taken.push({ ...resource, scalar: { value: part / MILLI } });
      missing -= part;
    }
    if (missing > 0) return undefined;
  }
  return taken;
}

/** How much of `name` an offer has for `takeScalars`. */
export function availableScalar(offered: readonly mesos.Resource[], name: string): number {
  const milli = candidates(offered, name).reduce(
    (sum, { scalar }) => sum + Math.floor((scalar?.value ?? 0) * MILLI + 1e-6),
    0,
  );
  return milli / MILLI;
}

function candidates(offered: readonly mesos.Resource[], name: string): mesos.Resource[] {
  return offered
    .filter((resource) => resource.name === name && resource.type === 'SCALAR' && isPlain(resource))
    .sort((left, right) => Number(isReserved(right)) - Number(isReserved(left)));
}

function isPlain({ disk, revocable, shared }: mesos.Resource): boolean {
  return disk === undefined && revocable === undefined && shared === undefined;
}

function isReserved({ reservations, role }: mesos.Resource): boolean {
  return (reservations?.length ?? 0) > 0 || (role !== undefined && role !== '*');
}
