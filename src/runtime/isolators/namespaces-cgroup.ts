/**
 * namespaces/cgroup: a task sees its own cgroup as the root, and at the usual place, so that run-times which size
 * themselves by /sys/fs/cgroup find the limits of the container and not those of the machine.
 */
import { CLONE_NEWCGROUP, MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REMOUNT } from './clone-flags.js';
import { type Isolator, isolator } from './isolator.js';

export interface CgroupView {
  /** Where cgroup v2 is mounted. */
  readonly mount: string;
  /** Directory of a container's cgroup. */
  path(containerId: string): string;
}

/** `view` is undefined where containers have no cgroup: then there is nothing to show. */
export function namespacesCgroup(view: CgroupView | undefined): Isolator {
  return isolator('namespaces/cgroup', {
    prepare({ containerId }) {
      if (view === undefined) return Promise.resolve({ cloneFlags: CLONE_NEWCGROUP });
      const target = view.mount;
      const flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
      // A bind: the kernel refuses a second cgroup2 over the first one.
      const mounts = [
        { source: view.path(containerId), target, type: '', flags: MS_BIND, data: '' },
        { source: '', target, type: '', flags, data: '' },
      ];
      return Promise.resolve({ cloneFlags: CLONE_NEWCGROUP, mounts });
    },
  });
}
