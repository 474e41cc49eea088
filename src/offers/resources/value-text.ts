/**
 * The Mesos text grammar of values (spec page 05, 5.1): `[1-10,20-30]` ranges, `{a,b}` set, a number, else text; and how
 * values are printed. Spaces mean nothing and vanish, even inside text: that is the grammar clients know.
 */
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { coalesceRanges, fromMilli, type ItemList, MAX_SCALAR, type RangeList, toMilli } from './resource-value.js';

const SMALLEST_NORMAL = 2.2250738585072014e-308;

/** Reads one value. Negative numbers, infinities and NaN are text by the grammar. Rejection: malformed. */
export function parseValue(text: string): mesos.Value | Rejection {
  const squeezed = text.replaceAll(' ', '');
  if (squeezed === '') return reject('malformed', 'the value is empty');
  if (!hasBalancedBrackets(squeezed)) return reject('malformed', `the brackets of "${text}" do not balance`);
  if (squeezed.startsWith('[')) return parseRanges(squeezed);
  if (squeezed.startsWith('{')) return parseSet(squeezed);
  if (/[[{]/.test(squeezed)) return reject('malformed', `"${text}" has a bracket that does not open it`);
  const number = parseNumber(squeezed);
  if (number !== undefined) return { type: 'SCALAR', scalar: { value: number } };
  return { type: 'TEXT', text: { value: squeezed } };
}

function parseNumber(text: string): number | undefined {
  if (!/^[+]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) && (number === 0 || number >= SMALLEST_NORMAL) ? number : undefined;
}

function hasBalancedBrackets(text: string): boolean {
  const open: string[] = [];
  for (const char of text) {
    if (char === '[' || char === '{') open.push(char);
    else if (char === ']' && open.pop() !== '[') return false;
    else if (char === '}' && open.pop() !== '{') return false;
  }
  return open.length === 0;
}

function parseRanges(text: string): mesos.Value | Rejection {
  const bounds = text.split(/[[\]\-,]+/).filter((token) => token !== '');
  if (bounds.length % 2 !== 0)
    return reject('malformed', `"${text}" is no list of ranges: write for example [31000-32000, 33000-34000]`);
  const pairs: [number, number][] = [];
  for (let i = 0; i < bounds.length; i += 2) {
    const begin = parseBound(bounds[i] ?? '');
    const end = parseBound(bounds[i + 1] ?? '');
    if (isRejection(begin)) return begin;
    if (isRejection(end)) return end;
    if (begin > end) return reject('invalid', `the range ${begin}-${end} begins after its end`);
    pairs.push([begin, end]);
  }
  return { type: 'RANGES', ranges: encodeRanges(coalesceRanges(pairs)) };
}

function parseBound(token: string): number | Rejection {
  const bound = /^\d+$/.test(token) ? Number(token) : Number.NaN;
  return Number.isSafeInteger(bound)
    ? bound
    : reject('malformed', `"${token}" is no bound of a range: whole numbers from 0 to 2^53 - 1`);
}

function parseSet(text: string): mesos.Value | Rejection {
  const items = text.split(/[{},]+/).filter((token) => token !== '');
  return { type: 'SET', set: { item: items } };
}

export function encodeRanges(ranges: RangeList): mesos.Value_Ranges {
  const range: mesos.Value_Range[] = [];
  for (let i = 0; i + 1 < ranges.length; i += 2) range.push({ begin: ranges[i] ?? 0, end: ranges[i + 1] ?? 0 });
  return { range };
}

/** Up to three decimals, no trailing zeros. */
export function formatScalar(value: number): string {
  return Math.abs(value) <= MAX_SCALAR ? String(fromMilli(toMilli(value))) : String(value);
}

/** `[31000-31100, 32000-32000]` */
export function formatRanges(ranges: RangeList): string {
  const parts: string[] = [];
  for (let i = 0; i + 1 < ranges.length; i += 2) parts.push(`${ranges[i]}-${ranges[i + 1]}`);
  return `[${parts.join(', ')}]`;
}

/** `{a, b}` */
export function formatItems(items: ItemList): string {
  return `{${items.join(', ')}}`;
}
