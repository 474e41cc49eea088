/**
 * What roles have and what they may expect, for views (spec page 06, 6.3). Fair shares go down the tree: a role's part is its
 * parent's, divided by weight among the children that take part in allocation; frameworks of the parent itself compete with
 * them as one child of weight 1. Reads the books, changes nothing.
 */

import { fromMilli } from '../resources/resource-value.js';
import type { RoleUse } from './allocator.js';
import type { Ledger } from './ledger.js';
import type { RoleNode, RoleQuota } from './role-tree.js';

/** The weight of a role's own frameworks among its children. */
const OWN_WEIGHT = 1;

type Amounts = ReadonlyMap<string, number>;

export function describeRoles(ledger: Ledger): RoleUse[] {
  const fairShareOf = fairShares(ledger);
  return Array.from(ledger.tree.all(), (node) => ({
    name: node.path,
    weight: node.weight,
    frameworks: node.clients.size,
    allocated: amounts(ledger, (index) => node.allocated.get(index)),
    offered: amounts(ledger, (index) => ledger.tree.chargedOf(node, index) - node.allocated.get(index)),
    reserved: amounts(ledger, (index) => node.reservations.get(index)),
    consumed: amounts(ledger, (index) => node.allocatedFirm.get(index) + node.reservations.get(index)),
    offeredFirm: amounts(ledger, (index) => node.chargedFirm.get(index) - node.allocatedFirm.get(index)),
    dominantShare: dominantShare(ledger, node),
    fairShare: fairShareOf.get(node),
    ...describeQuota(ledger, node.quota),
  }));
}

export function describeTotals(ledger: Ledger): Amounts {
  return amounts(ledger, (index) => ledger.totals.all.get(index));
}

/** Only what is above zero. */
function amounts({ names }: Ledger, milliOf: (index: number) => number): Amounts {
  const out = new Map<string, number>();
  for (const [index, name] of names.names.entries()) {
    const milli = milliOf(index);
    if (milli > 0) out.set(name, fromMilli(milli));
  }
  return out;
}

function dominantShare({ names, totals }: Ledger, node: RoleNode): number {
  let dominant = 0;
  for (const [index, excluded] of names.excluded.entries()) {
    const total = totals.all.get(index);
    if (total > 0 && excluded === 0) dominant = Math.max(dominant, node.allocated.get(index) / total);
  }
  return dominant;
}

/** Of the roles that take part in allocation. O(roles). */
function fairShares({ tree }: Ledger): ReadonlyMap<RoleNode, number> {
  const shares = new Map<RoleNode, number>([[tree.root, 1]]);
  const weightOfChildren = new Map<RoleNode, number>();
  for (const node of tree.all()) {
    const { parent } = node;
    const ofParent = parent === undefined ? undefined : shares.get(parent);
    if (parent === undefined || ofParent === undefined || !node.isActive) continue;
    const siblings = weightOfChildren.get(parent) ?? weightOfActive(parent);
    weightOfChildren.set(parent, siblings);
    shares.set(node, (ofParent * node.weight) / siblings);
  }
  return shares;
}

function weightOfActive(parent: RoleNode): number {
  let weight = parent.activeClients > 0 ? OWN_WEIGHT : 0;
  for (const child of parent.children.values()) if (child.isActive) weight += child.weight;
  return weight;
}

function describeQuota(ledger: Ledger, quota: RoleQuota | undefined): Pick<RoleUse, 'guarantee' | 'limit'> {
  const named = (byIndex: ReadonlyMap<number, number> | undefined): Amounts | undefined =>
    byIndex === undefined || byIndex.size === 0
      ? undefined
      : new Map(Array.from(byIndex, ([index, milli]) => [ledger.names.names[index] ?? '', fromMilli(milli)]));
  return { guarantee: named(quota?.guarantees), limit: named(quota?.limits) };
}
