/**
 * Offer constraints (spec page 06, 6.5): per role an OR over groups of an AND over constraints on an agent's attributes.
 * Regular expressions come from the wire: they run in re2js (linear time), never in RegExp, and match the full value. The
 * calls were validated before; an expression that does not compile all the same matches nothing.
 */
import { RE2JS } from 're2js';
import type * as mesos from '../../wire/gen/mesos.js';
import type * as scheduler from '../../wire/gen/scheduler.js';

/** Compiled constraints of one role; immutable. */
export interface AgentPredicate {
  matches(agent: mesos.AgentInfo): boolean;
}

type Test = (agent: mesos.AgentInfo) => boolean;

/** undefined: the role has no entry, every agent will do. */
export function compileConstraints(
  constraints: scheduler.OfferConstraints | undefined,
  role: string,
): AgentPredicate | undefined {
  const roles = constraints?.role_constraints;
  const ofRole = roles !== undefined && Object.hasOwn(roles, role) ? roles[role] : undefined;
  return ofRole === undefined ? undefined : compileGroups(ofRole);
}

export function compileGroups(constraints: scheduler.OfferConstraints_RoleConstraints): AgentPredicate {
  const groups = (constraints.groups ?? []).map((group) => (group.attribute_constraints ?? []).map(compileOne));
  return { matches: (agent) => groups.some((tests) => tests.every((test) => test(agent))) };
}

/** One constraint alone, for whoever asks which of them fails. */
export function compileOne(constraint: scheduler.AttributeConstraint): Test {
  const select = selectorOf(constraint.selector);
  const { onMissing, onText, onOther } = predicateOf(constraint.predicate);
  return (agent) => {
    const value = select(agent);
    if (value === undefined) return onMissing;
    return value === NOT_TEXT ? onOther : onText(value);
  };
}

/** Stands for an attribute that is there but is no text. */
const NOT_TEXT = Symbol('not text');

type Selected = string | typeof NOT_TEXT | undefined;

export function selectorOf(selector: scheduler.AttributeConstraint_Selector): (agent: mesos.AgentInfo) => Selected {
  const name = selector.attribute_name;
  if (name !== undefined) return (agent) => selectAttribute(agent, name);
  switch (selector.pseudoattribute_type) {
    case 'HOSTNAME':
      return (agent) => agent.hostname;
    case 'REGION':
      return (agent) => agent.domain?.fault_domain?.region.name;
    case 'ZONE':
      return (agent) => agent.domain?.fault_domain?.zone.name;
    case 'UNKNOWN':
    case undefined:
      return () => undefined;
  }
}

function selectAttribute(agent: mesos.AgentInfo, name: string): Selected {
  const attribute = agent.attributes?.find((candidate) => candidate.name === name);
  if (attribute === undefined) return undefined;
  return attribute.type === 'TEXT' ? (attribute.text?.value ?? '') : NOT_TEXT;
}

interface Outcomes {
  readonly onMissing: boolean;
  readonly onText: (value: string) => boolean;
  /** For an attribute that is no text. */
  readonly onOther: boolean;
}

function predicateOf(predicate: scheduler.AttributeConstraint_Predicate): Outcomes {
  const { text_equals: equals, text_not_equals: notEquals, text_matches: matches } = predicate;
  const notMatches = predicate.text_not_matches;
  if (predicate.exists !== undefined) return { onMissing: false, onText: () => true, onOther: true };
  if (predicate.not_exists !== undefined) return { onMissing: true, onText: () => false, onOther: false };
  if (equals !== undefined) return { onMissing: false, onText: (value) => value === equals.value, onOther: true };
  if (notEquals !== undefined) return { onMissing: true, onText: (value) => value !== notEquals.value, onOther: true };
  if (matches !== undefined) return { onMissing: false, onText: fullMatch(matches.regex), onOther: true };
  if (notMatches !== undefined) {
    const isMatch = fullMatch(notMatches.regex);
    return { onMissing: true, onText: (value) => !isMatch(value), onOther: true };
  }
  return { onMissing: false, onText: () => false, onOther: false };
}

function fullMatch(regex: string): (value: string) => boolean {
  try {
    const compiled = RE2JS.compile(regex);
    return (value) => compiled.matches(value);
  } catch {
    return () => false;
  }
}
