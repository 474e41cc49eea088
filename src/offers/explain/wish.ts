/**
 * What one offer must hold to be of use, and by how much something falls short of it. Amounts are thousandths inside, natural units in
 * what is told. A wish is a list of alternatives; one of them has to be met in full. Pure.
 */
import type { MinAllocatable } from '../allocator/min-allocatable.js';
import { countRanges, fromMilli, type ItemList, type RangeList, subtractRanges } from '../resources/resource-value.js';
import { entryQuantityMilli, type Resources } from '../resources/resources.js';
import type { Shortage } from './answer.js';

interface Need {
  readonly name: string;
  readonly milli: number;
  /** These very integers or items; undefined: any of them. */
  readonly ranges?: RangeList | undefined;
  readonly items?: ItemList | undefined;
}

/** No alternatives: anything that is not nothing. */
export type Wish = readonly (readonly Need[])[];

export function wishFor(wanted: Resources, minimum: MinAllocatable): Wish {
  if (wanted.isEmpty) return minimum.map((all) => all.map(([name, milli]) => ({ name, milli })));
  const needs = new Map<string, Need>();
  for (const entry of wanted.entries) {
    const { name, type } = entry.kind;
    const key = `${type} ${name}`;
    if (type === 'RANGES') {
      const ranges = wanted.ranges(name);
      needs.set(key, { name, milli: countRanges(ranges) * 1000, ranges });
    } else {
      const before = needs.get(key);
      const items = type === 'SET' ? [...(before?.items ?? []), ...entry.items] : undefined;
      needs.set(key, { name, milli: (before?.milli ?? 0) + entryQuantityMilli(entry), items });
    }
  }
  return [[...needs.values()]];
}

export function isMet(wish: Wish, available: Resources): boolean {
  if (wish.length === 0) return !available.isEmpty;
  for (const all of wish) if (all.every((need) => hasMilli(available, need) >= need.milli)) return true;
  return false;
}

/** Of the alternative that comes nearest. Empty: it is met. */
export function shortagesOf(wish: Wish, available: Resources): readonly Shortage[] {
  let nearest: readonly Need[] = [];
  let best = -1;
  for (const all of wish) {
    const fraction = metFraction(all, available);
    if (fraction > best) {
      best = fraction;
      nearest = all;
    }
  }
  return nearest.flatMap((need) => {
    const has = hasMilli(available, need);
    if (has >= need.milli) return [];
    const { name, milli } = need;
    return [{ name, wanted: fromMilli(milli), has: fromMilli(has), lacks: fromMilli(milli - has) }];
  });
}

/** 0 to 1: the smallest part of what one alternative needs that is there. */
export function fitOf(wish: Wish, available: Resources): number {
  if (wish.length === 0) return available.isEmpty ? 0 : 1;
  return Math.max(...wish.map((all) => metFraction(all, available)));
}

function metFraction(all: readonly Need[], available: Resources): number {
  let fraction = 1;
  for (const need of all) fraction = Math.min(fraction, hasMilli(available, need) / Math.max(1, need.milli));
  return fraction;
}

function hasMilli(available: Resources, { name, milli, ranges, items }: Need): number {
  if (ranges !== undefined) return milli - countRanges(subtractRanges(ranges, available.ranges(name))) * 1000;
  if (items !== undefined) {
    const held = new Set(available.entries.filter(({ kind }) => kind.name === name).flatMap((entry) => entry.items));
    return items.filter((item) => held.has(item)).length * 1000;
  }
  return available.quantityMilli(name);
}
