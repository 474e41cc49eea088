/**
 * Chopping scalars to a target (spec page 06, 6.4, "shrink"): entries of one name share its target, in random order where
 * there are several; disks that only go as a whole are taken whole or skipped.
 */
import { type Random, shuffle } from '../../base/random.js';
import type { ResourceEntry, Resources } from '../resources/resources.js';
import { isFirmScalar } from './eligibility.js';
import type { ScalarNames } from './quantities.js';

/** @param target thousandths by name index; absent: 0, Infinity: no limit. Not changed. */
export function shrinkScalars(scalars: Resources, target: Float64Array, names: ScalarNames, random: Random): Resources {
  const left = target.slice();
  const takenOf = new Map<ResourceEntry, number>();
  for (const entry of inFairOrder(scalars.entries, random)) {
    const index = names.indexOf(entry.kind.name);
    const room = left[index] ?? 0;
    const taken = entry.kind.whole && entry.milli > room ? 0 : Math.min(entry.milli, Math.max(0, room));
    takenOf.set(entry, taken);
    if (index < left.length) left[index] = room - taken;
  }
  return scalars.shrinkEach((entry) => {
    const taken = takenOf.get(entry) ?? 0;
    return taken === entry.milli ? entry : { ...entry, milli: taken };
  });
}

/** Where the order of several disks of one name is of no matter. */
export const ANY_ORDER: Random = { next: () => 0 };

/** The same for what of `resources` quota is about; everything else stays. */
export function shrinkFirm(
  resources: Resources,
  target: Float64Array,
  names: ScalarNames,
  random: Random = ANY_ORDER,
): Resources {
  const firm = resources.filter(isFirmScalar);
  const kept = shrinkScalars(firm, target, names, random);
  return kept === firm ? resources : resources.filter((entry) => !isFirmScalar(entry)).add(kept);
}

function inFairOrder(entries: readonly ResourceEntry[], random: Random): readonly ResourceEntry[] {
  const isAmbiguous = new Set(entries.map((entry) => entry.kind.name)).size < entries.length;
  return isAmbiguous ? shuffle([...entries], random) : entries;
}
