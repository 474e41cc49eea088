/**
 * Role names: paths of components joined by `/`; `*` is the default role and never nests. Here because calls and offers both need them.
 * Source: spec page 05, 5.5.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import { excerpt } from '../fault.js';

export const DEFAULT_ROLE = '*';

// Tab, LF, VT, FF, CR, space and DEL.
const FORBIDDEN = /[\t-\r \x7f]/;

/** Why `role` is no role name; undefined when it is one. */
export function validateRole(role: string): Rejection | undefined {
  const complaint = roleComplaint(role);
  return complaint === undefined ? undefined : reject('invalid', complaint);
}

function roleComplaint(role: string): string | undefined {
  if (role === DEFAULT_ROLE) return undefined;
  if (role === '') return 'A role name must not be empty';
  const name = excerpt(role);
  if (role.startsWith('/') || role.endsWith('/')) return `Role ${name} must not start or end with a slash`;
  for (const component of role.split('/')) {
    if (component === '') return `Role ${name} must not contain two slashes in a row`;
    if (component === '.' || component === '..' || component === DEFAULT_ROLE) {
      return `Role ${name} must not have '${component}' as a component`;
    }
    if (component.startsWith('-')) return `Role ${name} must not have a component that starts with a dash`;
    if (FORBIDDEN.test(component)) return `Role ${name} must not contain blanks or control characters`;
  }
  return undefined;
}
