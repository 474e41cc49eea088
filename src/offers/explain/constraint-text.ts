/** Which offer constraint an agent fails, in words: what was asked for and what the agent has. Pure. */

import type * as mesos from '../../wire/gen/mesos.js';
import type * as scheduler from '../../wire/gen/scheduler.js';
import { compileOne, selectorOf } from '../allocator/offer-constraints.js';

const MAX_GROUPS = 3;

/** The first constraint that fails in each group: one group would be enough. undefined: the agent fits. */
export function failedConstraint(
  { groups = [] }: scheduler.OfferConstraints_RoleConstraints,
  agent: mesos.AgentInfo,
): string | undefined {
  const failures: string[] = [];
  for (const { attribute_constraints: all = [] } of groups) {
    const failed = all.find((constraint) => !compileOne(constraint)(agent));
    if (failed === undefined) return undefined;
    failures.push(`${describe(failed)} (it has ${attributeOf(failed, agent)})`);
  }
  if (failures.length === 0) return 'none of no groups';
  const more = failures.length > MAX_GROUPS ? ` or ${failures.length - MAX_GROUPS} more` : '';
  return `${failures.slice(0, MAX_GROUPS).join(' or ')}${more}`;
}

/** `rack = b2`, `hostname matches node-.*` */
function describe({ selector, predicate }: scheduler.AttributeConstraint): string {
  const name = selector.attribute_name ?? (selector.pseudoattribute_type ?? 'UNKNOWN').toLowerCase();
  const { text_equals, text_not_equals, text_matches, text_not_matches } = predicate;
  if (predicate.exists !== undefined) return `${name} is there`;
  if (predicate.not_exists !== undefined) return `${name} is not there`;
  if (text_equals !== undefined) return `${name} = ${text_equals.value}`;
  if (text_not_equals !== undefined) return `${name} != ${text_not_equals.value}`;
  if (text_matches !== undefined) return `${name} matches ${text_matches.regex}`;
  if (text_not_matches !== undefined) return `${name} does not match ${text_not_matches.regex}`;
  return `${name} of an unknown kind`;
}

function attributeOf({ selector }: scheduler.AttributeConstraint, agent: mesos.AgentInfo): string {
  const value = selectorOf(selector)(agent);
  if (value === undefined) return 'none';
  return typeof value === 'string' ? value : 'one that is no text';
}
