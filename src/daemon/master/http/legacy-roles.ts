/**
 * `GET /roles`: every role that a framework subscribes to, that has a weight or a quota or that something is reserved to, with all
 * its ancestors; amounts are those of the whole subtree. Source: spec page 03, 3.4.
 */
import { Resources } from '../../../offers/resources/resources.js';
import type * as quota from '../../../wire/gen/quota.js';
import { describeResources, type JsonObject } from '../../http/legacy-resources.js';
import type { MasterView } from '../core/view.js';

interface RoleTotals {
  readonly frameworkIds: string[];
  readonly allocated: Resources[];
  readonly offered: Resources[];
  readonly reserved: Resources[];
}

export function describeRoles(view: MasterView): JsonObject {
  const totals = collect(view);
  const consumed = new Map(view.roles().map((role) => [role.name, Object.fromEntries(role.consumed)]));
  const names = [...totals.keys()].sort();
  return {
    roles: names.map((name) => ({
      ...describeRole(name, view.weights.get(name) ?? 1, subtree(totals, name)),
      quota: describeQuota(name, view.quotas.get(name), consumed.get(name)),
    })),
  };
}

function collect(view: MasterView): Map<string, RoleTotals> {
  const totals = new Map<string, RoleTotals>();
  const of = (role: string): RoleTotals => {
    const known = totals.get(role);
    if (known !== undefined) return known;
    const parent = role.lastIndexOf('/');
    if (parent > 0) of(role.slice(0, parent));
    const made: RoleTotals = { frameworkIds: [], allocated: [], offered: [], reserved: [] };
    totals.set(role, made);
    return made;
  };
  for (const role of view.weights.keys()) of(role);
  for (const role of view.quotas.keys()) of(role);
  for (const framework of view.frameworks.values()) {
    for (const role of framework.roles) of(role).frameworkIds.push(framework.id);
    for (const [role, part] of framework.allocated().byAllocationRole()) of(role).allocated.push(part);
    for (const offer of framework.offers.values()) of(offer.role).offered.push(offer.resources);
  }
  for (const agent of view.agents.values())
    for (const entry of agent.total.reserved().entries) {
      const role = entry.kind.reservationRole;
      of(role).reserved.push(agent.total.filter((other) => other === entry));
    }
  return totals;
}

/** A role together with everything below it. */
function subtree(totals: ReadonlyMap<string, RoleTotals>, name: string): RoleTotals {
  const parts = [...totals].flatMap(([role, part]) => (role === name || role.startsWith(`${name}/`) ? part : []));
  return {
    frameworkIds: totals.get(name)?.frameworkIds ?? [],
    allocated: parts.flatMap((part) => part.allocated),
    offered: parts.flatMap((part) => part.offered),
    reserved: parts.flatMap((part) => part.reserved),
  };
}

function describeRole(name: string, weight: number, totals: RoleTotals): JsonObject {
  const allocated = Resources.sum(totals.allocated);
  const offered = Resources.sum(totals.offered);
  const reserved = Resources.sum(totals.reserved);
  return {
    name,
    weight,
    frameworks: totals.frameworkIds,
    resources: describeResources(allocated.add(offered)),
    allocated: quantities(allocated),
    offered: quantities(offered),
    reserved: quantities(reserved),
  };
}

function describeQuota(role: string, config: quota.QuotaConfig | undefined, consumed: JsonObject = {}): JsonObject {
  return { role, guarantee: scalars(config?.guarantees), limit: scalars(config?.limits), consumed };
}

function scalars(values: quota.QuotaConfig['limits'] = {}): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value]));
}

function quantities(resources: Resources): JsonObject {
  return Object.fromEntries(resources.quantities());
}
