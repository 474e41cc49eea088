/**
 * Parts that the JSON of several commands shares. Our own shapes: names like those on the wire, times as RFC 3339, amounts
 * with their unit in the name, what is not known as null, so that every field is always there (docs/schemas). Pure.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';
import type { Int64 } from '../../wire/int64.js';

export interface AmountsRecord {
  readonly cpus: number;
  readonly gpus: number;
  readonly mem_mb: number;
  readonly disk_mb: number;
}

/** Anything that holds amounts, in the wire's names. */
export function amountsRecord(amounts: api.Amounts | undefined): AmountsRecord {
  const { cpus = 0, gpus = 0, mem_mb = 0, disk_mb = 0 } = amounts ?? {};
  return { cpus: exact(cpus), gpus: exact(gpus), mem_mb: exact(mem_mb), disk_mb: exact(disk_mb) };
}

/** null: not known, or none. */
export function amountsOrNull(amounts: api.Amounts | undefined): AmountsRecord | null {
  return amounts === undefined ? null : amountsRecord(amounts);
}

/** What is left of `total`; never below 0. */
export function freeRecord(total: api.Amounts, ...taken: readonly (api.Amounts | undefined)[]): AmountsRecord {
  const left = (name: keyof AmountsRecord) =>
    Math.max(
      0,
      taken.reduce((rest, amounts) => rest - (amounts?.[name] ?? 0), total[name] ?? 0),
    );
  return amountsRecord({ cpus: left('cpus'), gpus: left('gpus'), mem_mb: left('mem_mb'), disk_mb: left('disk_mb') });
}

/** Unix seconds as RFC 3339; null for a time that is unset or 0. */
export function timeRecord(at: number | undefined): string | null {
  return at === undefined || at <= 0 || !Number.isFinite(at) ? null : new Date(at * 1000).toISOString();
}

/** Counters are below 2^53 for any cluster. */
export function countRecord(count: Int64 | undefined): number {
  return Number(count ?? 0);
}

/** Mesos counts in thousandths; sums of them have no other digits. */
function exact(value: number): number {
  return Number(value.toFixed(3));
}
