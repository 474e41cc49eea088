/**
 * namespaces/user: a task has no privilege outside its container, and an agent without root may make the other
 * namespaces. User ids are the same inside and outside: root maps them all, anyone else only the own one.
 */
import { CLONE_NEWUSER } from './clone-flags.js';
import { type Isolator, isolator } from './isolator.js';

export function namespacesUser(): Isolator {
  return isolator('namespaces/user', { prepare: () => Promise.resolve({ cloneFlags: CLONE_NEWUSER }) });
}
