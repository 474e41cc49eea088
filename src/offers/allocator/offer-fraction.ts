/**
 * Split offers (--max-offer-fraction; Mesos has nothing like it): at most a part of an agent's total of what can be divided, that is of
 * unreserved scalars that are not revocable and no whole disks; never less than the smallest offer. One place for the allocation
 * run and for `explain`. Pure but for the order in which several disks of one name are taken.
 */
import type { Random } from '../../base/random.js';
import type { ResourceEntry, Resources } from '../resources/resources.js';
import type { AgentState, Client } from './allocator-state.js';
import { isFirmScalar } from './eligibility.js';
import type { MinAllocatable } from './min-allocatable.js';
import { Measure, type ScalarNames } from './quantities.js';
import { shrinkScalars } from './shrink.js';

export interface FractionContext {
  /** undefined: an offer may hold all of an agent. */
  readonly maxOfferFraction?: number | undefined;
  /** Default of the cluster. */
  readonly minimum: MinAllocatable;
  readonly names: ScalarNames;
  readonly random: Random;
}

/** What one offer may hold of `visible`, where it holds `held` already. */
export function withinFraction(
  context: FractionContext,
  { agent, client }: { readonly agent: AgentState; readonly client: Client },
  visible: Resources,
  held: Resources,
): Resources {
  const { maxOfferFraction, names, random } = context;
  if (maxOfferFraction === undefined) return visible;
  const target = largestParts(context, agent, client, maxOfferFraction);
  const { firm } = new Measure(names).take(held);
  for (let i = 0; i < target.length; i++) target[i] = Math.max(0, Math.floor(target[i] ?? 0) - firm.get(i));
  const divisible = visible.filter(isDivisible);
  const kept = shrinkScalars(divisible, target, names, random);
  return kept === divisible ? visible : visible.subtract(divisible).add(kept);
}

function largestParts(
  { minimum, names }: FractionContext,
  agent: AgentState,
  client: Client,
  fraction: number,
): Float64Array {
  const alternatives = client.minAllocatable ?? minimum;
  const least = alternatives.flatMap((all) => all.map(([name, milli]) => [names.indexOf(name), milli] as const));
  const target = new Float64Array(names.size);
  for (const { kind, milli } of agent.total.entries) {
    if (kind.type !== 'SCALAR') continue;
    const index = names.indexOf(kind.name);
    target[index] = (target[index] ?? 0) + milli * fraction;
  }
  for (const [index, milli] of least) target[index] = Math.max(target[index] ?? 0, milli);
  return target;
}

function isDivisible(entry: ResourceEntry): boolean {
  return isFirmScalar(entry) && !entry.kind.whole;
}
