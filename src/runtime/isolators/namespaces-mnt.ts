/**
 * namespaces/mnt: mounts of a task stay its own, and directories of the agent are hidden behind empty read-only ones,
 * so that a task which is not root can neither read nor write them. Persistent volumes are mounted in the sandbox.
 */
import { MesoError } from '../../base/error.js';
import type { ContainerSpec } from '../containerizer.js';
import type { MountStep } from '../launcher/launch-plan.js';
import { isBelow } from '../path-below.js';
import { CLONE_NEWNS, MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_REMOUNT } from './clone-flags.js';
import { type Isolator, isolator } from './isolator.js';

const MASK_FLAGS = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

export function namespacesMnt(options: { readonly maskedDirs: readonly string[] }): Isolator {
  const mounts = options.maskedDirs.map((target) => ({
    source: 'mask',
    target,
    type: 'tmpfs',
    flags: MASK_FLAGS,
    data: 'size=4k,mode=755',
  }));
  return isolator('namespaces/mnt', {
    prepare(spec) {
      const hiding = options.maskedDirs.find((dir) => isBelow(spec.sandboxDir, dir));
      if (hiding !== undefined)
        return Promise.reject(
          new MesoError('LAUNCH_FAILED', `the sandbox ${spec.sandboxDir} is in ${hiding}, which is hidden from tasks`),
        );
      return Promise.resolve({ cloneFlags: CLONE_NEWNS, mounts: [...volumeMounts(spec), ...mounts] });
    },
  });
}

/**
 * Read-only takes a second step: the kernel ignores the flag while it binds. It reaches the volume's own mount only, so
 * what may be mounted below that is left out.
 */
function volumeMounts({ sandboxDir, volumes }: ContainerSpec): readonly MountStep[] {
  return (volumes ?? []).flatMap(({ source, containerPath, readOnly }) => {
    const step = { source, target: `${sandboxDir}/${containerPath}`, type: '', data: '' };
    if (!readOnly) return [{ ...step, flags: MS_BIND | MS_REC }];
    return [
      { ...step, flags: MS_BIND },
      { ...step, flags: MS_BIND | MS_REMOUNT | MS_RDONLY },
    ];
  });
}
