/**
 * Offer constraints as they come over the wire: complete, known, and with regular expressions that are cheap to run. Expressions go to re2js
 * (linear time), never to RegExp, and their size is bounded as --offer_constraints_re2_max_program_size does. Source: spec page 01, SUBSCRIBE.
 */
import { RE2JS } from 're2js';
import { type Rejection, reject } from '../../base/rejection.js';
import { excerpt } from '../fault.js';
import type * as scheduler from '../gen/scheduler.js';

/** Bounds on one regular expression. */
export interface RegexLimits {
  /** Length of the expression's text; stands in for RE2's memory budget, which re2js does not have. */
  readonly maxTextBytes: number;
  /** Instructions of the compiled program. */
  readonly maxProgramSize: number;
}

/** The figures Mesos starts with. */
export const DEFAULT_REGEX_LIMITS: RegexLimits = { maxTextBytes: 4096, maxProgramSize: 100 };

/** First complaint about `constraints`; undefined when there is none. Whether roles are the framework's is not looked at. */
export function validateOfferConstraints(
  constraints: scheduler.OfferConstraints,
  limits: RegexLimits = DEFAULT_REGEX_LIMITS,
): Rejection | undefined {
  for (const [role, { groups = [] }] of Object.entries(constraints.role_constraints ?? {})) {
    const complaint = groups.length === 0 ? 'it has no groups' : firstComplaint(groups, limits);
    if (complaint !== undefined)
      return reject('invalid', `Offer constraints of role ${excerpt(role)} are invalid: ${complaint}`);
  }
  return undefined;
}

function firstComplaint(
  groups: readonly scheduler.OfferConstraints_RoleConstraints_Group[],
  limits: RegexLimits,
): string | undefined {
  for (const { attribute_constraints: constraints = [] } of groups) {
    if (constraints.length === 0) return 'a group has no constraints';
    for (const { selector, predicate } of constraints) {
      const complaint = selectorComplaint(selector) ?? predicateComplaint(predicate, limits);
      if (complaint !== undefined) return complaint;
    }
  }
  return undefined;
}

function selectorComplaint(selector: scheduler.AttributeConstraint_Selector): string | undefined {
  if (selector.attribute_name !== undefined) return undefined;
  return selector.pseudoattribute_type === undefined || selector.pseudoattribute_type === 'UNKNOWN'
    ? 'a selector is not set or not known'
    : undefined;
}

function predicateComplaint(
  predicate: scheduler.AttributeConstraint_Predicate,
  limits: RegexLimits,
): string | undefined {
  const regex = predicate.text_matches?.regex ?? predicate.text_not_matches?.regex;
  if (regex !== undefined) return regexComplaint(regex, limits);
  const { exists, not_exists, text_equals, text_not_equals } = predicate;
  return (exists ?? not_exists ?? text_equals ?? text_not_equals) === undefined
    ? 'a predicate is not set or not known'
    : undefined;
}

function regexComplaint(regex: string, limits: RegexLimits): string | undefined {
  if (Buffer.byteLength(regex) > limits.maxTextBytes)
    return `a regular expression is longer than ${limits.maxTextBytes} bytes`;
  let size: number;
  try {
    size = RE2JS.compile(regex).programSize();
  } catch {
    return `${excerpt(regex)} is not a regular expression that RE2 understands`;
  }
  return size <= limits.maxProgramSize
    ? undefined
    : `regular expression ${excerpt(regex)} is too complex: ${size} instructions, at most ${limits.maxProgramSize}`;
}
