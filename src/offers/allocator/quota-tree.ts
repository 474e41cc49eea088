/**
 * Which quotas of roles can hold together, at any level of the tree of roles (beyond Mesos, whose quotas are of top-level roles):
 * a role guarantees at least what the roles below it guarantee together, so that what the top guarantees is all that is
 * guaranteed; and no role may use more than one above it. Pure.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import { toMilli } from '../resources/resource-value.js';
import { parentRole } from '../resources/roles.js';

/** By name of the resource, in natural units; a name that is absent is not guaranteed, or not limited. */
export interface QuotaAmounts {
  readonly guarantees: ReadonlyMap<string, number>;
  readonly limits: ReadonlyMap<string, number>;
}

/** The first contradiction among all quotas; undefined when there is none. */
export function validateQuotaTree(quotas: ReadonlyMap<string, QuotaAmounts>): Rejection | undefined {
  for (const [role, { limits }] of quotas)
    for (const [name, limit] of limits) {
      const complaint = limitComplaint(quotas, role, name, limit);
      if (complaint !== undefined) return reject('invalid', complaint);
    }
  const complaint = guaranteeComplaint(quotas);
  return complaint === undefined ? undefined : reject('invalid', complaint);
}

function limitComplaint(
  quotas: ReadonlyMap<string, QuotaAmounts>,
  role: string,
  name: string,
  limit: number,
): string | undefined {
  for (let above = parentRole(role); above !== undefined; above = parentRole(above)) {
    const most = quotas.get(above)?.limits.get(name);
    if (most !== undefined && toMilli(limit) > toMilli(most))
      return `the limit of ${limit} ${name} of role '${role}' is above the ${most} of role '${above}'`;
  }
  return undefined;
}

function guaranteeComplaint(quotas: ReadonlyMap<string, QuotaAmounts>): string | undefined {
  for (const [parent, sums] of childrenSums(quotas))
    for (const [name, milli] of sums) {
      const own = quotas.get(parent)?.guarantees.get(name) ?? 0;
      if (milli > toMilli(own))
        return `role '${parent}' guarantees ${own} ${name}, less than the ${milli / 1000} of the roles below it: change both in one call`;
    }
  return undefined;
}

/** What the children of each role guarantee together, in thousandths. */
function childrenSums(quotas: ReadonlyMap<string, QuotaAmounts>): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const sums = new Map<string, Map<string, number>>();
  for (const [role, { guarantees }] of quotas) {
    const parent = parentRole(role);
    if (parent === undefined) continue;
    const sum = sums.get(parent) ?? new Map<string, number>();
    sums.set(parent, sum);
    for (const [name, amount] of guarantees) sum.set(name, (sum.get(name) ?? 0) + toMilli(amount));
  }
  return sums;
}
