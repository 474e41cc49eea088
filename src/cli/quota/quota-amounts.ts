/** Amounts of quota as people write and read them: `cpus=4,mem=8G`, `cpus 4, mem 8G`. Pure. */
import { MesoError } from '../../base/error.js';
import { isRejection, type Rejection } from '../../base/rejection.js';
import { formatScalar, formatSize } from '../../views/text/numbers.js';
import { sanitize } from '../../views/text/width.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type * as quota from '../../wire/gen/quota.js';
import { parseAmount, parseMegabytes } from '../task/task-request.js';

/** By name of the resource; mem and disk in MB. */
export type Amounts = Readonly<Record<string, number>>;

export interface Quota {
  readonly guarantees: Amounts;
  readonly limits: Amounts;
}

/** null: taken away. */
export type AmountChanges = Readonly<Record<string, number | null>>;

const SIZES: ReadonlySet<string> = new Set(['mem', 'disk']);
const NONE = 'none';

/** `cpus=4,mem=8G,disk=none`; Mesos' own `cpus:4;mem:8192` as well. Throws BAD_INPUT naming the flag. */
export function parseAmounts(flag: string, texts: readonly string[] = []): AmountChanges {
  const changes: Record<string, number | null> = {};
  for (const part of texts.flatMap((text) => text.split(/[,;]/)).map((text) => text.trim())) {
    if (part === '') continue;
    const [, name = '', value = ''] = /^([^=:]*)[=:](.*)$/s.exec(part) ?? [];
    if (name.trim() === '' || value.trim() === '') throw refuse(flag, `"${part}" is not NAME=AMOUNT`);
    const key = name.trim();
    if (Object.hasOwn(changes, key)) throw refuse(flag, `${key} is named twice`);
    const parsed = parseOne(key, value.trim());
    if (isRejection(parsed)) throw refuse(flag, `${key}: ${parsed.message}`);
    changes[key] = parsed;
  }
  return changes;
}

function parseOne(name: string, text: string): number | null | Rejection {
  if (text === NONE) return null;
  return SIZES.has(name) ? parseMegabytes(text) : parseAmount(text, 0);
}

function refuse(flag: string, message: string): MesoError {
  return new MesoError('BAD_INPUT', `${flag}: ${message}`, {
    details: { flag },
    suggestions: [`${flag} cpus=4,mem=8G`],
  });
}

export function withChanges(amounts: Amounts, changes: AmountChanges): Amounts {
  const merged: Record<string, number> = { ...amounts };
  for (const [name, amount] of Object.entries(changes))
    if (amount === null) delete merged[name];
    else merged[name] = amount;
  return merged;
}

export function amountsOf(scalars: Readonly<Record<string, mesos.Value_Scalar>> = {}): Amounts {
  return Object.fromEntries(Object.entries(scalars).map(([name, { value }]) => [name, Number(value.toFixed(3))]));
}

/** As the wire carries them, by role. */
export function configsOf(quotas: ReadonlyMap<string, Quota>): quota.QuotaConfig[] {
  return Array.from(quotas, ([role, { guarantees, limits }]) => ({
    role,
    guarantees: scalarsOf(guarantees),
    limits: scalarsOf(limits),
  }));
}

function scalarsOf(amounts: Amounts): Record<string, mesos.Value_Scalar> {
  return Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, { value }]));
}

/** `4`, `8G` */
export function amountText(name: string, amount: number): string {
  return SIZES.has(name) ? formatSize(amount) : formatScalar(amount);
}

/** `cpus 4, mem 8G`; `none` of nothing. */
export function amountsText(amounts: Amounts): string {
  const parts = Object.entries(amounts).map(([name, amount]) => `${sanitize(name)} ${amountText(name, amount)}`);
  return parts.length === 0 ? NONE : parts.join(', ');
}
