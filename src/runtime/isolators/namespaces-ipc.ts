/** namespaces/ipc: System V IPC, POSIX message queues and /dev/shm of a task's own. */

import { existsSync } from 'node:fs';
import { MesoError } from '../../base/error.js';
import { isBelow } from '../path-below.js';
import { CLONE_NEWIPC, MS_NODEV, MS_NOEXEC, MS_NOSUID } from './clone-flags.js';
import { type Isolator, isolator } from './isolator.js';

const SHM = '/dev/shm';
const QUEUES = '/dev/mqueue';
const FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC;

export function namespacesIpc(): Isolator {
  const mounts = [
    { source: 'shm', target: SHM, type: 'tmpfs', flags: FLAGS, data: 'mode=1777' },
    { source: 'mqueue', target: QUEUES, type: 'mqueue', flags: FLAGS, data: '' },
  ].filter(({ target }) => existsSync(target));
  return isolator('namespaces/ipc', {
    prepare(spec) {
      if (isBelow(spec.sandboxDir, SHM))
        return Promise.reject(
          new MesoError(
            'LAUNCH_FAILED',
            `the sandbox is below ${SHM}, which namespaces/ipc replaces: use another work dir`,
          ),
        );
      return Promise.resolve({ cloneFlags: CLONE_NEWIPC, mounts });
    },
  });
}
