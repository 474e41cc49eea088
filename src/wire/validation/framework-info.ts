/**
 * What SUBSCRIBE and UPDATE_FRAMEWORK say of a framework, as far as no state and no flag of the master is needed: roles by capability, id,
 * failover timeout, offer filters, suppressed roles, offer constraints. Source: spec page 01, SUBSCRIBE.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import { excerpt } from '../fault.js';
import type * as mesos from '../gen/mesos.js';
import type * as scheduler from '../gen/scheduler.js';
import { validateId } from './ids.js';
import { DEFAULT_REGEX_LIMITS, type RegexLimits, validateOfferConstraints } from './offer-constraints.js';
import { DEFAULT_ROLE, validateRole } from './roles.js';

/** Largest duration in whole seconds that 64 bits of nanoseconds hold. */
const MAX_DURATION_SECONDS = 9_223_372_036;
/** Below this a double loses digits. */
const MIN_NORMAL = 2.2250738585072014e-308;

/** All that a subscription says about a framework. */
export interface FrameworkSubscription {
  readonly info: mesos.FrameworkInfo;
  readonly suppressedRoles?: readonly string[] | undefined;
  readonly offerConstraints?: scheduler.OfferConstraints | undefined;
  readonly regexLimits?: RegexLimits | undefined;
}

/** First complaint about a subscription; undefined when there is none. */
export function validateSubscription(subscription: FrameworkSubscription): Rejection | undefined {
  const { info, suppressedRoles = [], offerConstraints } = subscription;
  const invalid = validateFrameworkInfo(info);
  if (invalid !== undefined) return invalid;
  const own = new Set(rolesOfFramework(info));
  const suppressed = suppressedRoles.find((role) => !own.has(role));
  if (suppressed !== undefined)
    return reject('invalid', `Suppressed role ${excerpt(suppressed)} is not a role of the framework`);
  if (offerConstraints === undefined) return undefined;
  const foreign = Object.keys(offerConstraints.role_constraints ?? {}).find((role) => !own.has(role));
  if (foreign !== undefined)
    return reject('invalid', `Offer constraints name role ${excerpt(foreign)}, which is not a role of the framework`);
  return validateOfferConstraints(offerConstraints, subscription.regexLimits ?? DEFAULT_REGEX_LIMITS);
}

/** First complaint about a FrameworkInfo by itself; undefined when there is none. */
export function validateFrameworkInfo(info: mesos.FrameworkInfo): Rejection | undefined {
  return rolesComplaint(info) ?? idComplaint(info) ?? failoverComplaint(info) ?? offerFiltersComplaint(info);
}

/** The roles of a framework: `roles` with the capability MULTI_ROLE, else the one `role`, `*` when unset. */
export function rolesOfFramework(info: mesos.FrameworkInfo): readonly string[] {
  return isMultiRole(info) ? (info.roles ?? []) : [info.role ?? DEFAULT_ROLE];
}

function isMultiRole(info: mesos.FrameworkInfo): boolean {
  return info.capabilities?.some((capability) => capability.type === 'MULTI_ROLE') === true;
}

function rolesComplaint(info: mesos.FrameworkInfo): Rejection | undefined {
  const roles = info.roles ?? [];
  if (isMultiRole(info)) {
    if (info.role !== undefined) return reject('invalid', "A MULTI_ROLE framework must set 'roles', not 'role'");
    if (new Set(roles).size !== roles.length) return reject('invalid', "'roles' holds a role twice");
  } else if (roles.length > 0) {
    return reject('invalid', "A framework without the capability MULTI_ROLE must set 'role', not 'roles'");
  }
  for (const role of rolesOfFramework(info)) {
    const invalid = validateRole(role);
    if (invalid !== undefined) return invalid;
  }
  return undefined;
}

/** An empty id counts as none: the master assigns one. */
function idComplaint(info: mesos.FrameworkInfo): Rejection | undefined {
  const id = info.id?.value ?? '';
  return id === '' ? undefined : validateId(id, 'Framework id');
}

function failoverComplaint(info: mesos.FrameworkInfo): Rejection | undefined {
  const seconds = info.failover_timeout ?? 0;
  if (Math.abs(seconds) <= MAX_DURATION_SECONDS) return undefined;
  return reject(
    'invalid',
    `'failover_timeout' of ${seconds} seconds is not a duration: at most ${MAX_DURATION_SECONDS}`,
  );
}

function offerFiltersComplaint(info: mesos.FrameworkInfo): Rejection | undefined {
  for (const [role, filters] of Object.entries(info.offer_filters ?? {})) {
    for (const { quantities = {} } of filters.min_allocatable_resources?.quantities ?? []) {
      const complaint = quantitiesComplaint(quantities);
      if (complaint !== undefined)
        return reject('invalid', `Offer filter of role ${excerpt(role)} is invalid: ${complaint}`);
    }
  }
  return undefined;
}

function quantitiesComplaint(quantities: Readonly<Record<string, mesos.Value_Scalar>>): string | undefined {
  const entries = Object.entries(quantities);
  if (entries.length === 0) return 'it has an entry without quantities';
  for (const [name, { value }] of entries) {
    const isFine = value === 0 || (Number.isFinite(value) && value >= MIN_NORMAL);
    if (!isFine) return `the quantity of ${excerpt(name)} must be a finite number that is not negative`;
  }
  return undefined;
}
