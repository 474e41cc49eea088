/**
 * Role names (spec page 05, 5.5): paths of components joined by `/`; `*` is the default role and never nests.
 * A resource reserved to role R may be allocated to R and to every strict subrole of R.
 */
import { type Rejection, reject } from '../base/rejection.js';

export const DEFAULT_ROLE = '*';

// Tab, LF, VT, FF, CR, space and DEL.
const FORBIDDEN = /[\t-\r \x7f]/;

/** Returns why `role` is no valid role name; undefined when it is one. */
export function validateRole(role: string): Rejection | undefined {
  const complaint = roleComplaint(role);
  return complaint === undefined ? undefined : reject('invalid', complaint);
}

function roleComplaint(role: string): string | undefined {
  if (role === DEFAULT_ROLE) return undefined;
  if (role === '') return 'Empty role name is invalid';
  if (role.startsWith('/')) return `Role '${role}' cannot start with a slash`;
  if (role.endsWith('/')) return `Role '${role}' cannot end with a slash`;
  for (const component of role.split('/')) {
    if (component === '') return `Role '${role}' cannot contain two adjacent slashes`;
    if (component === '.' || component === '..') return `Role '${role}' cannot include '${component}' as a component`;
    if (component === DEFAULT_ROLE) return `Role '${role}' cannot include '*' as a component`;
    if (component.startsWith('-')) return `Role component '${component}' is invalid because it begins with a dash`;
    if (FORBIDDEN.test(component))
      return `Role component '${component}' is invalid because it contains whitespace or a control character`;
  }
  return undefined;
}

/** True for `eng/web` under `eng`; false for equal roles. */
export function isStrictSubroleOf(role: string, ancestor: string): boolean {
  return role.length > ancestor.length && role.charCodeAt(ancestor.length) === 0x2f && role.startsWith(ancestor);
}

/** Whether a resource reserved to `reservationRole` (`*`: unreserved) may be allocated to `role`. */
export function isAllocatableToRole(reservationRole: string, role: string): boolean {
  return reservationRole === DEFAULT_ROLE || reservationRole === role || isStrictSubroleOf(role, reservationRole);
}

/** Parent path of `eng/web` is `eng`; undefined at the top level. */
export function parentRole(role: string): string | undefined {
  const slash = role.lastIndexOf('/');
  return slash < 0 ? undefined : role.slice(0, slash);
}
