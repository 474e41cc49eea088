/**
 * namespaces/pid: a task sees and signals only its own processes, through a /proc of its own; and when the first
 * process dies the kernel kills the rest.
 */
import { CLONE_NEWPID, MS_NODEV, MS_NOEXEC, MS_NOSUID } from './clone-flags.js';
import { type Isolator, isolator } from './isolator.js';

export function namespacesPid(): Isolator {
  const mounts = [{ source: 'proc', target: '/proc', type: 'proc', flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data: '' }];
  return isolator('namespaces/pid', {
    prepare: () => Promise.resolve({ cloneFlags: CLONE_NEWPID, mounts }),
  });
}
