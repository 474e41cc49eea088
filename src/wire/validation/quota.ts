/**
 * Quota of roles as it comes over the wire, whatever the cluster has and uses. Source: spec page 03, 3.1 (UPDATE_QUOTA, SET_QUOTA).
 * Beyond Mesos a quota may be set at any level of the tree of roles.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import { excerpt } from '../fault.js';
import type * as mesos from '../gen/mesos.js';
import type * as quota from '../gen/quota.js';
import { expecting } from './call-shape.js';
import { DEFAULT_ROLE, validateRole } from './roles.js';

/** 1 EiB in MB: of mem and disk. */
const MAX_MEGABYTES = 2 ** 40;
const MAX_OTHER = 1e12;

/** All or nothing: why one of them is none. */
export function validateQuotaConfigs(configs: readonly quota.QuotaConfig[]): Rejection | undefined {
  const roles = new Set<string>();
  for (const { role, guarantees = {}, limits = {} } of configs) {
    const complaint =
      validateQuotaRole(role) ??
      amountsComplaint(role, 'guarantee', guarantees) ??
      amountsComplaint(role, 'limit', limits) ??
      withinComplaint(role, guarantees, limits);
    if (complaint !== undefined) return complaint;
    if (roles.has(role)) return invalid(role, 'the role is named twice');
    roles.add(role);
  }
  return undefined;
}

export function validateQuotaRequest({ role, guarantee = [] }: quota.QuotaRequest): Rejection | undefined {
  if (role === undefined) return expecting('quota_request.role');
  const complaint = validateQuotaRole(role);
  if (complaint !== undefined) return complaint;
  if (guarantee.length === 0) return expecting('quota_request.guarantee');
  const names = new Set<string>();
  for (const resource of guarantee) {
    const wrong = guaranteeComplaint(resource);
    if (wrong !== undefined) return invalid(role, `resource ${excerpt(resource.name)} ${wrong}`);
    if (names.has(resource.name)) return invalid(role, `resource ${excerpt(resource.name)} is named twice`);
    names.add(resource.name);
  }
  return amountsComplaint(role, 'guarantee', guaranteesOf(guarantee));
}

/** A guarantee of the deprecated calls by names; each is a scalar, once. */
export function guaranteesOf(guarantee: readonly mesos.Resource[]): Record<string, mesos.Value_Scalar> {
  return Object.fromEntries(guarantee.map(({ name, scalar }) => [name, scalar ?? { value: 0 }]));
}

export function validateQuotaRole(role: string): Rejection | undefined {
  if (role === DEFAULT_ROLE) return invalid(role, 'the default role cannot have one');
  return validateRole(role);
}

function guaranteeComplaint(resource: mesos.Resource): string | undefined {
  if (resource.type !== 'SCALAR' || resource.scalar === undefined) return 'is not a scalar';
  const isReserved =
    (resource.reservations ?? []).length > 0 ||
    resource.reservation !== undefined ||
    (resource.role ?? DEFAULT_ROLE) !== DEFAULT_ROLE;
  if (isReserved) return 'is reserved';
  if (resource.disk !== undefined) return 'has a disk';
  return resource.revocable === undefined && resource.shared === undefined ? undefined : 'is revocable or shared';
}

function amountsComplaint(
  role: string,
  what: 'guarantee' | 'limit',
  amounts: Readonly<Record<string, mesos.Value_Scalar>>,
): Rejection | undefined {
  for (const [name, { value }] of Object.entries(amounts)) {
    if (name === '') return invalid(role, `a ${what} has no name`);
    const most = name === 'mem' || name === 'disk' ? MAX_MEGABYTES : MAX_OTHER;
    if (!Number.isFinite(value)) return invalid(role, `the ${what} of ${excerpt(name)} is not a finite number`);
    if (value < 0) return invalid(role, `the ${what} of ${excerpt(name)} is negative`);
    if (value > most) return invalid(role, `the ${what} of ${excerpt(name)} is above ${most}`);
  }
  return undefined;
}

function withinComplaint(
  role: string,
  guarantees: Readonly<Record<string, mesos.Value_Scalar>>,
  limits: Readonly<Record<string, mesos.Value_Scalar>>,
): Rejection | undefined {
  for (const [name, { value }] of Object.entries(guarantees)) {
    const limit = limits[name]?.value;
    if (limit !== undefined && value > limit)
      return invalid(role, `the guarantee of ${value} ${name} is above the limit of ${limit}`);
  }
  return undefined;
}

function invalid(role: string, message: string): Rejection {
  return reject('invalid', `Invalid quota of role ${excerpt(role)}: ${message}`);
}
