/** posix/mem: accounting only, resident pages of the living processes; pages they share are counted for each. */
import { processTree, readResidentBytes } from '../process-tree.js';
import { type Isolator, isolator } from './isolator.js';

export function posixMem(): Isolator {
  return isolator('posix/mem', {
    async usage({ cgroup, initPid }) {
      const pids = cgroup === undefined ? await processTree(initPid) : await cgroup.pids();
      const bytes = (await Promise.all(pids.map(readResidentBytes))).reduce((sum, each) => sum + each, 0);
      return { mem_rss_bytes: bytes, mem_total_bytes: bytes, processes: pids.length };
    },
  });
}
