/**
 * Roles as a tree (spec page 05, 5.5): a resource reserved to role R may be allocated to R and to every strict subrole of
 * R. What a role name is, wire/validation/roles.ts says.
 */
import { DEFAULT_ROLE } from '../../wire/validation/roles.js';

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
