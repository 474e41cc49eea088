/**
 * namespaces/cgroup: a task sees its own cgroup as the root, and at the usual place, so that run-times which size
 * themselves by /sys/fs/cgroup find the limits of the container and not those of the machine.
 */
import { CLONE_NEWCGROUP, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from './clone-flags.js';
import { type Isolator, isolator } from './isolator.js';

export function namespacesCgroup(options: { readonly cgroupMount: string }): Isolator {
  const mounts = [
    {
      source: 'cgroup2',
      target: options.cgroupMount,
      type: 'cgroup2',
      flags: MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
      data: '',
    },
  ];
  return isolator('namespaces/cgroup', {
    prepare: () => Promise.resolve({ cloneFlags: CLONE_NEWCGROUP, mounts }),
  });
}
