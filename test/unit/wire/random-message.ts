// Messages of any type, made from the tables and a seed: every field kind, extremes and awkward text included.

import { canonicalInt64 } from '../../../src/wire/int64.js';
import type { Field, ScalarName } from '../../../src/wire/schema.js';
import type { AnyMessageType } from './all-types.js';

/** A small generator of its own (mulberry32), so that a seed means the same everywhere. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number in [0, below). */
  roll(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.roll(items.length)] as T;
  }

  chance(oneIn: number): boolean {
    return this.roll(oneIn) === 0;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.roll(256));
  }
}

const TEXTS = [
  '',
  'cpus',
  'a "quoted" \\ path/with/slashes',
  'line\nbreak\ttab\u0000nul\u007f',
  'grüße 漢字 🚀',
  '\u2028\u2029',
  'x'.repeat(300),
  'é'.repeat(200),
];
const KEYS = ['cpus', 'eng/web', '', '__proto__', 'constructor', 'toString', 'ключ', 'a"b'];
const DOUBLES = [
  0,
  -0,
  1,
  15,
  0.1,
  -2.5,
  1e21,
  1e-7,
  1.7976931348623157e308,
  5e-324,
  2 ** 53,
  Infinity,
  -Infinity,
  NaN,
  123456.789,
];

const SCALARS: Readonly<Record<ScalarName, (dice: Dice) => unknown>> = {
  double: (dice) => (dice.chance(3) ? dice.pick(DOUBLES) : dice.roll(2_000_000) / 1000 - 1000),
  float: (dice) => Math.fround(dice.pick(DOUBLES)),
  int32: (dice) => (dice.chance(3) ? dice.pick([-2147483648, 2147483647, -1, 0]) : dice.roll(100_000)),
  sint32: (dice) => (dice.chance(3) ? dice.pick([-2147483648, 2147483647, -1, 0]) : dice.roll(100_000)),
  uint32: (dice) =>
    dice.chance(3) ? dice.pick([0, 1, 127, 128, 16383, 16384, 2 ** 28, 4294967295]) : dice.roll(100_000),
  int64: (dice) => signed64(dice),
  sint64: (dice) => signed64(dice),
  uint64: (dice) => canonicalInt64(BigInt.asUintN(1 + dice.roll(64), random64(dice))),
  bool: (dice) => dice.chance(2),
  string: (dice) => (dice.chance(2) ? dice.pick(TEXTS) : `id-${dice.roll(1000)}`),
  bytes: (dice) => dice.bytes(dice.pick([0, 1, 2, 3, 16, 100])),
};

function random64(dice: Dice): bigint {
  return (BigInt(dice.roll(2 ** 32)) << 32n) | BigInt(dice.roll(2 ** 32));
}

function signed64(dice: Dice): unknown {
  return canonicalInt64(BigInt.asIntN(1 + dice.roll(64), random64(dice)));
}

export interface RandomOptions {
  readonly maxDepth?: number;
  readonly keys?: readonly string[];
}

/** A valid message: required fields set, at most one member of a oneof, enum names that exist. */
export function randomMessage(
  type: AnyMessageType,
  dice: Dice,
  options: RandomOptions = {},
  depth = 0,
): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const oneofs = new Set<string>();
  for (const field of type.fields) {
    const isDeep = depth >= (options.maxDepth ?? 4);
    const wanted = field.label === 'required' || (!dice.chance(3) && !(isDeep && field.kind === 'message'));
    if (!wanted || (depth > 1 && field.label !== 'required' && dice.chance(2))) continue;
    if (field.oneof !== undefined && oneofs.has(field.oneof)) continue;
    if (field.oneof !== undefined) oneofs.add(field.oneof);
    message[field.name] = randomField(field, dice, options, depth);
  }
  return message;
}

function randomField(field: Field, dice: Dice, options: RandomOptions, depth: number): unknown {
  if (field.label === 'repeated')
    return Array.from({ length: 1 + dice.roll(3) }, () => randomValue(field, dice, options, depth));
  if (field.label !== 'map') return randomValue(field, dice, options, depth);
  const map: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (let count = dice.roll(3); count >= 0; count -= 1)
    map[dice.pick(options.keys ?? KEYS)] = randomValue(field, dice, options, depth);
  return map;
}

function randomValue(field: Field, dice: Dice, options: RandomOptions, depth: number): unknown {
  if (field.kind === 'scalar') return SCALARS[field.scalar](dice);
  if (field.kind === 'enum') return dice.pick([...field.enum.numberOf.keys()]);
  return randomMessage(field.message as AnyMessageType, dice, options, depth + 1);
}
