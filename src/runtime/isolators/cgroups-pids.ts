/** cgroups/pids: a ceiling on processes and threads of a container (--pids-limit). */
import { pidsWrites } from '../cgroups/pids.js';
import { type Isolator, isolator } from './isolator.js';

export function cgroupsPids(options: { readonly pidsLimit: number }): Isolator {
  return isolator('cgroups/pids', {
    prepare: () => Promise.resolve({ cgroupWrites: pidsWrites(options.pidsLimit) }),
    async usage({ cgroup }) {
      const threads = await cgroup?.find('pids.current');
      return {
        processes: (await cgroup?.pids())?.length,
        threads: threads === undefined ? undefined : Number(threads),
      };
    },
  });
}
