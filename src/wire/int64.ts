/**
 * A 64-bit integer as it lives in memory: a `number` when it is a safe integer, else a `bigint`.
 * Decoders always return this canonical form, so `===` on two decoded values is equality of integers.
 */
export type Int64 = number | bigint;

/** The canonical form of `value`. */
export function canonicalInt64(value: bigint): Int64 {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** Nearest double; exact below 2^53. For durations and times where the last nanoseconds do not matter. */
export function int64ToNumber(value: Int64): number {
  return Number(value);
}
