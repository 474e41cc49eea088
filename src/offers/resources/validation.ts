/**
 * Which wire resources are well formed, and the three formats they travel in (spec page 05, 5.2 and 5.6): PRE-refinement
 * (`role` + `reservation`), POST-refinement (`reservations` stack only) and ENDPOINT (both, for readers of either).
 * Deviation, on purpose: a zero scalar is accepted (clients send `gpus: 0`, spec page 13) and vanishes in arithmetic.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { DEFAULT_ROLE, validateRole } from '../../wire/validation/roles.js';
import { MAX_SCALAR } from './resource-value.js';
import { isStrictSubroleOf } from './roles.js';

/** Returns the first complaint about `resources`, in either format; undefined when all are well formed. */
export function validateResources(resources: readonly mesos.Resource[]): Rejection | undefined {
  for (const resource of resources) {
    const complaint =
      valueComplaint(resource) ??
      diskComplaint(resource) ??
      reservationComplaint(resource) ??
      sharedComplaint(resource);
    if (complaint !== undefined) return reject('invalid', `Resource '${resource.name}' is invalid: ${complaint}`);
  }
  return undefined;
}

function valueComplaint(resource: mesos.Resource): string | undefined {
  if (resource.name === '') return 'its name is empty';
  const { scalar, ranges, set } = resource;
  switch (resource.type) {
    case 'SCALAR':
      if (scalar === undefined || ranges !== undefined || set !== undefined)
        return 'a SCALAR carries `scalar` and no other value';
      return scalarComplaint(scalar.value);
    case 'RANGES':
      if (ranges === undefined || scalar !== undefined || set !== undefined)
        return 'a RANGES carries `ranges` and no other value';
      return rangesComplaint(ranges);
    case 'SET':
      if (set === undefined || scalar !== undefined || ranges !== undefined)
        return 'a SET carries `set` and no other value';
      return new Set(set.item ?? []).size === (set.item ?? []).length ? undefined : 'the set holds an item twice';
    case 'TEXT':
      return 'TEXT is for attributes only';
  }
}

function scalarComplaint(value: number): string | undefined {
  if (!Number.isFinite(value)) return 'its value is not a finite number';
  if (value < 0) return 'its value is negative';
  if (value > MAX_SCALAR) return `its value is above ${MAX_SCALAR}`;
  return undefined;
}

function rangesComplaint(ranges: mesos.Value_Ranges): string | undefined {
  const pairs: [number, number][] = [];
  for (const { begin, end } of ranges.range ?? []) {
    // A bigint is beyond the safe integers by construction (wire/int64).
    if (typeof begin === 'bigint' || typeof end === 'bigint') return 'a bound is above 2^53 - 1';
    if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0) return 'a bound is no whole number';
    if (begin > end) return `the range ${begin}-${end} begins after its end`;
    pairs.push([begin, end]);
  }
  pairs.sort((a, b) => a[0] - b[0]);
  for (const [i, pair] of pairs.entries()) {
    const previous = pairs[i - 1];
    if (previous !== undefined && previous[1] >= pair[0]) return 'its ranges overlap';
  }
  return undefined;
}

function diskComplaint(resource: mesos.Resource): string | undefined {
  const disk = resource.disk;
  if (disk === undefined) return undefined;
  if (resource.name !== 'disk') return "DiskInfo belongs to the resource named 'disk' only";
  const source = disk.source;
  if (source === undefined) return undefined;
  switch (source.type) {
    case 'PATH':
      return source.mount === undefined ? undefined : 'a PATH disk carries no mount';
    case 'MOUNT':
      return source.path === undefined ? undefined : 'a MOUNT disk carries no path';
    case 'BLOCK':
    case 'RAW':
      return source.path === undefined && source.mount === undefined
        ? undefined
        : `a ${source.type} disk carries neither path nor mount`;
    case 'UNKNOWN':
      return 'the type of its disk source is unknown';
  }
}

function reservationComplaint(resource: mesos.Resource): string | undefined {
  const stack = resource.reservations ?? [];
  if (stack.length > 0) {
    if (resource.role !== undefined) return '`role` and `reservations` exclude each other';
    if (resource.reservation !== undefined) return '`reservation` and `reservations` exclude each other';
    return stackComplaint(stack);
  }
  const role = resource.role ?? DEFAULT_ROLE;
  const complaint = validateRole(role)?.message;
  if (complaint !== undefined) return complaint;
  if (resource.reservation === undefined) return undefined;
  if (resource.reservation.type !== undefined) return '`reservation.type` belongs to the `reservations` format';
  if (resource.reservation.role !== undefined) return '`reservation.role` belongs to the `reservations` format';
  return role === DEFAULT_ROLE ? "role '*' cannot be dynamically reserved" : undefined;
}

function stackComplaint(stack: readonly mesos.Resource_ReservationInfo[]): string | undefined {
  let below: string | undefined;
  for (const { type, role } of stack) {
    if (type === undefined || type === 'UNKNOWN') return 'a reservation has no known type';
    if (role === undefined) return 'a reservation has no role';
    const complaint = validateRole(role)?.message;
    if (complaint !== undefined) return complaint;
    if (role === DEFAULT_ROLE) return "role '*' cannot be reserved to";
    if (below !== undefined && type === 'STATIC') return 'only the first reservation may be STATIC';
    if (below !== undefined && !isStrictSubroleOf(role, below))
      return `the refined reservation to '${role}' is not for a subrole of '${below}'`;
    below = role;
  }
  return undefined;
}

function sharedComplaint(resource: mesos.Resource): string | undefined {
  if (resource.shared === undefined || resource.disk?.persistence !== undefined) return undefined;
  return 'only persistent volumes can be shared';
}

/** POST format of resources in any format. Valid input gives valid output; resources already in POST format are kept. */
export function toPostRefinement(resources: readonly mesos.Resource[]): mesos.Resource[] {
  return resources.map(upgradeResource);
}

/** POST format of one resource. */
export function upgradeResource(resource: mesos.Resource): mesos.Resource {
  if (resource.role === undefined && resource.reservation === undefined) return resource;
  const { role = DEFAULT_ROLE, reservation, ...rest } = resource;
  if ((resource.reservations ?? []).length > 0 || role === DEFAULT_ROLE) return rest;
  return {
    ...rest,
    reservations: [
      reservation === undefined
        ? { type: 'STATIC', role }
        : { type: 'DYNAMIC', role, ...principalAndLabels(reservation) },
    ],
  };
}

/** PRE format. A refined stack cannot be written in it and keeps its POST format: it must not be sent to such readers. */
export function toPreRefinement(resources: readonly mesos.Resource[]): mesos.Resource[] {
  return resources.map(downgradeResource);
}

/** PRE format of one resource; see `toPreRefinement`. */
export function downgradeResource(resource: mesos.Resource): mesos.Resource {
  const { reservations, ...rest } = upgradeResource(resource);
  const [only, refinement] = reservations ?? [];
  if (only === undefined) return { ...rest, role: DEFAULT_ROLE };
  if (refinement !== undefined) return { ...rest, reservations };
  return { ...rest, ...preFieldsOf(only) };
}

/** ENDPOINT format: the stack, and the PRE fields beside it wherever they can say the same. */
export function toEndpointFormat(resources: readonly mesos.Resource[]): mesos.Resource[] {
  return resources.map((resource) => {
    const upgraded = upgradeResource(resource);
    const [only, refinement] = upgraded.reservations ?? [];
    if (only === undefined) return { ...upgraded, role: DEFAULT_ROLE };
    return refinement === undefined ? { ...upgraded, ...preFieldsOf(only) } : upgraded;
  });
}

function preFieldsOf(reservation: mesos.Resource_ReservationInfo): Pick<mesos.Resource, 'role' | 'reservation'> {
  const role = reservation.role ?? DEFAULT_ROLE;
  return reservation.type === 'DYNAMIC' ? { role, reservation: principalAndLabels(reservation) } : { role };
}

function principalAndLabels(from: mesos.Resource_ReservationInfo): mesos.Resource_ReservationInfo {
  const out: mesos.Resource_ReservationInfo = {};
  if (from.principal !== undefined) out.principal = from.principal;
  if (from.labels !== undefined) out.labels = from.labels;
  return out;
}
