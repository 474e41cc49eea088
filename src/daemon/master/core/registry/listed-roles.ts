/** Roles that operators may configure where `--roles` lists them; `*` is always among them. */
import { type Rejection, reject } from '../../../../base/rejection.js';
import type { Context } from '../machine/context.js';

/** Why the first role that is not listed cannot be configured. */
export function unlistedComplaint(
  { config: { roles: listed } }: Context,
  roles: Iterable<string>,
): Rejection | undefined {
  if (listed === undefined) return undefined;
  for (const role of roles)
    if (role !== '*' && !listed.includes(role))
      return reject('invalid', `role '${role}' is not among the roles of this master (--roles)`);
  return undefined;
}
