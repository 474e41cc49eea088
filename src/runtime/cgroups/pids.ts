/** The pids controller: a ceiling on processes and threads, so that a fork bomb hurts only its own container. Pure. */
import type { CgroupWrite } from './cgroup.js';

/** `limit` counts the container's init too. */
export function pidsWrites(limit: number): readonly CgroupWrite[] {
  return [{ file: 'pids.max', value: String(limit) }];
}
