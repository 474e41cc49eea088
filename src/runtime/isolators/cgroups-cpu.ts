/** cgroups/cpu: a share of the cores by request, a ceiling by limit. Source: spec page 08b, section 8b.3. */
import { cpuStatistics, cpuWrites, parseCpuLimit } from '../cgroups/cpu.js';
import { type ContainerResources, type Isolator, isolator } from './isolator.js';

export function cgroupsCpu(options: { readonly enableCfs: boolean }): Isolator {
  const writes = ({ requests, limits }: ContainerResources) =>
    cpuWrites({ requestCpus: requests.cpus, limitCpus: limits.cpus, enableCfs: options.enableCfs });
  return isolator('cgroups/cpu', {
    prepare: (spec) => Promise.resolve({ cgroupWrites: writes(spec) }),
    async update({ cgroup }, resources) {
      for (const write of writes(resources)) await cgroup?.write(write);
    },
    async usage({ cgroup }) {
      const limit = parseCpuLimit((await cgroup?.find('cpu.max')) ?? '');
      return {
        ...cpuStatistics((await cgroup?.find('cpu.stat')) ?? ''),
        ...(limit === undefined ? {} : { cpus_limit: limit }),
      };
    },
  });
}
