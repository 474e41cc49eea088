/** posix/cpu: accounting only. By the cgroup where there is one (dead children included), else over the living processes. */
import { cpuStatistics } from '../cgroups/cpu.js';
import { processTree, readProcessTimes } from '../process-tree.js';
import { type Isolator, isolator } from './isolator.js';

export function posixCpu(): Isolator {
  return isolator('posix/cpu', {
    async usage({ cgroup, initPid }) {
      const cpuStat = await cgroup?.find('cpu.stat');
      if (cpuStat !== undefined) return cpuStatistics(cpuStat);
      const times = await Promise.all((await processTree(initPid)).map(readProcessTimes));
      return {
        cpus_user_time_secs: times.reduce((sum, each) => sum + each.userSecs, 0),
        cpus_system_time_secs: times.reduce((sum, each) => sum + each.systemSecs, 0),
      };
    },
  });
}
