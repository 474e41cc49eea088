/** The quotas of a cluster as rows, one for each role and resource, and as records for programs (docs/schemas/quota-list.json). Pure. */
import { STANDARD_NAMES } from '../../offers/resources/resource-kind.js';
import type { Severity } from '../../views/model/rows.js';
import type * as api from '../../wire/gen/mesoctl-api.js';
import { type Amounts, amountsOf } from './quota-amounts.js';

export interface QuotaRow {
  readonly role: string;
  /** Name of the resource. */
  readonly resource: string;
  readonly guarantee: number | undefined;
  readonly limit: number | undefined;
  /** In use, or reserved. */
  readonly used: number;
  /** Held by frameworks of the role as offers. */
  readonly offered: number;
  /** Part of the guarantee that is used or offered, 0 to 1; undefined: nothing is guaranteed. */
  readonly met: number | undefined;
  readonly severity: Severity;
}

export interface QuotaRecord {
  readonly role: string;
  readonly guarantees: Amounts;
  readonly limits: Amounts;
  readonly used: Amounts;
  readonly offered: Amounts;
  /** 0 to 1. */
  readonly met: Amounts;
}

/** In the order of the tree. */
export function quotaRows(roles: readonly api.Role[]): readonly QuotaRow[] {
  return sorted(roles).flatMap((role) => rowsOf(role.name, role.quota));
}

function rowsOf(role: string, quota: api.RoleQuota = {}): readonly QuotaRow[] {
  const { guarantees, limits, consumed, offered } = amountsIn(quota);
  return resourcesOf(quota).map((resource) => {
    const guarantee = guarantees[resource];
    const limit = limits[resource];
    const used = consumed[resource] ?? 0;
    const held = offered[resource] ?? 0;
    const met = guarantee === undefined ? undefined : metOf(guarantee, used + held);
    const severity = limit !== undefined && used > limit ? 'bad' : met !== undefined && met < 1 ? 'waiting' : 'normal';
    return { role, resource, guarantee, limit, used, offered: held, met, severity };
  });
}

export function quotaRecords(roles: readonly api.Role[]): readonly QuotaRecord[] {
  return sorted(roles).map(({ name, quota = {} }) => {
    const { guarantees, limits, consumed, offered } = amountsIn(quota);
    const names = resourcesOf(quota);
    const whole = (amounts: Amounts) => Object.fromEntries(names.map((resource) => [resource, amounts[resource] ?? 0]));
    const met = Object.entries(guarantees).map(([resource, guarantee]) => {
      const part = metOf(guarantee, (consumed[resource] ?? 0) + (offered[resource] ?? 0));
      return [resource, Number(part.toFixed(4))] as const;
    });
    return {
      role: name,
      guarantees,
      limits,
      used: whole(consumed),
      offered: whole(offered),
      met: Object.fromEntries(met),
    };
  });
}

function metOf(guarantee: number, has: number): number {
  return guarantee <= has ? 1 : has / guarantee;
}

function amountsIn({ guarantees, limits, consumed, offered }: api.RoleQuota) {
  return {
    guarantees: amountsOf(guarantees),
    limits: amountsOf(limits),
    consumed: amountsOf(consumed),
    offered: amountsOf(offered),
  };
}

/** Those that the quota is about, the well-known ones first. */
function resourcesOf({ guarantees = {}, limits = {} }: api.RoleQuota): readonly string[] {
  const place = (name: string) =>
    STANDARD_NAMES.includes(name) ? STANDARD_NAMES.indexOf(name) : STANDARD_NAMES.length;
  return [...new Set([...Object.keys(guarantees), ...Object.keys(limits)])].sort(
    (left, right) => place(left) - place(right) || (left < right ? -1 : 1),
  );
}

/** A role stands before those below it. */
function sorted(roles: readonly api.Role[]): readonly api.Role[] {
  const key = ({ name }: api.Role) => name.replaceAll('/', '\0');
  return roles.filter(({ quota }) => quota !== undefined).sort((left, right) => (key(left) < key(right) ? -1 : 1));
}
