/** namespaces/uts: a host name of the task's own; the machine's until it asks for another. */
import { MesoError } from '../../base/error.js';
import { hostnameOf } from '../build-plan.js';
import { CLONE_NEWUTS } from './clone-flags.js';
import { type Isolator, isolator } from './isolator.js';

const MAX_HOSTNAME_BYTES = 64;

export function namespacesUts(): Isolator {
  return isolator('namespaces/uts', {
    prepare(spec) {
      const hostname = hostnameOf(spec);
      if (hostname !== undefined && Buffer.byteLength(hostname) > MAX_HOSTNAME_BYTES)
        return Promise.reject(
          new MesoError('LAUNCH_FAILED', `the host name is longer than ${MAX_HOSTNAME_BYTES} bytes: ${hostname}`),
        );
      return Promise.resolve({ cloneFlags: CLONE_NEWUTS, hostname });
    },
  });
}
