/**
 * Arithmetic on the three kinds of resource values. Scalars are integers of thousandths (spec page 05, 5.1: values
 * compare and add as round(v * 1000)); ranges are flat arrays [begin, end, begin, end, ...] of safe integers, inclusive,
 * sorted, with a gap between neighbours; sets are sorted arrays of unique strings. No function changes its arguments.
 */

/** Flat inclusive pairs; sorted, coalesced. */
export type RangeList = readonly number[];
/** Sorted and unique. */
export type ItemList = readonly string[];

/** Largest scalar that thousandths can hold exactly. */
export const MAX_SCALAR = Math.floor(Number.MAX_SAFE_INTEGER / 1000);

/** Thousandths, rounded half away from zero. */
export function toMilli(value: number): number {
  return value < 0 ? -Math.round(-value * 1000) : Math.round(value * 1000);
}

export function fromMilli(milli: number): number {
  return milli / 1000;
}

/** Sorts pairs and joins those that overlap or touch. */
export function coalesceRanges(pairs: readonly (readonly [number, number])[]): RangeList {
  const sorted = [...pairs].sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [begin, end] of sorted) appendRange(out, begin, end);
  return out;
}

/** `out` ends before `begin` or overlaps it; begins never go down. */
function appendRange(out: number[], begin: number, end: number): void {
  const lastEnd = out.at(-1);
  if (lastEnd === undefined || begin > lastEnd + 1) out.push(begin, end);
  else if (end > lastEnd) out[out.length - 1] = end;
}

export function addRanges(left: RangeList, right: RangeList): RangeList {
  const out: number[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const leftBegin = left[l] ?? Number.POSITIVE_INFINITY;
    const rightBegin = right[r] ?? Number.POSITIVE_INFINITY;
    if (leftBegin <= rightBegin) {
      appendRange(out, leftBegin, left[l + 1] ?? leftBegin);
      l += 2;
    } else {
      appendRange(out, rightBegin, right[r + 1] ?? rightBegin);
      r += 2;
    }
  }
  return out;
}

export function subtractRanges(left: RangeList, right: RangeList): RangeList {
  const out: number[] = [];
  let r = 0;
  for (let l = 0; l + 1 < left.length; l += 2) {
    let begin = left[l] ?? 0;
    const end = left[l + 1] ?? 0;
    while (r + 1 < right.length && (right[r + 1] ?? 0) < begin) r += 2;
    // The cut that reaches past `end` is looked at again for the next range.
    for (let cut = r; cut + 1 < right.length && (right[cut] ?? 0) <= end && begin <= end; cut += 2) {
      const cutBegin = right[cut] ?? 0;
      if (cutBegin > begin) out.push(begin, cutBegin - 1);
      begin = Math.max(begin, (right[cut + 1] ?? 0) + 1);
    }
    if (begin <= end) out.push(begin, end);
  }
  return out;
}

export function containsRanges(left: RangeList, right: RangeList): boolean {
  if (left === right) return true;
  let l = 0;
  for (let r = 0; r + 1 < right.length; r += 2) {
    const begin = right[r] ?? 0;
    while (l + 1 < left.length && (left[l + 1] ?? 0) < begin) l += 2;
    if (l >= left.length || (left[l] ?? 0) > begin || (left[l + 1] ?? 0) < (right[r + 1] ?? 0)) return false;
  }
  return true;
}

/** How many integers the ranges hold. */
export function countRanges(ranges: RangeList): number {
  let count = 0;
  for (let i = 0; i + 1 < ranges.length; i += 2) count += (ranges[i + 1] ?? 0) - (ranges[i] ?? 0) + 1;
  return count;
}

export function addItems(left: ItemList, right: ItemList): ItemList {
  return sortedItems([...left, ...right]);
}

export function subtractItems(left: ItemList, right: ItemList): ItemList {
  const gone = new Set(right);
  return left.filter((item) => !gone.has(item));
}

export function containsItems(left: ItemList, right: ItemList): boolean {
  if (left === right) return true;
  if (right.length > left.length) return false;
  const held = new Set(left);
  return right.every((item) => held.has(item));
}

/** Sorted by code unit, without duplicates. */
export function sortedItems(items: readonly string[]): ItemList {
  return [...new Set(items)].sort();
}

export function sameList<T>(left: readonly T[], right: readonly T[]): boolean {
  return left === right || (left.length === right.length && left.every((item, i) => item === right[i]));
}
