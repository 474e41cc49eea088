/**
 * How many files and sockets this process may open. Node raises its soft limit to the hard limit when it starts; what is
 * left to do is to say clearly when that is not enough.
 */
import { readFileSync } from 'node:fs';
import type { Logger } from '../../base/system/logger.js';

/** The soft limit of open files; undefined where /proc does not tell. */
export function findOpenFileLimit(): number | undefined {
  try {
    const line = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    if (line === 'unlimited') return Number.POSITIVE_INFINITY;
    return line === undefined ? undefined : Number(line);
  } catch {
    return undefined;
  }
}

/** Warns when fewer than `wanted` can be open; each agent, scheduler and subscriber takes one. */
export function warnAboutOpenFiles(wanted: number, logger: Logger): void {
  const limit = findOpenFileLimit();
  if (limit !== undefined && limit < wanted)
    logger.warn(
      { limit, wanted, remedy: 'raise the hard limit: LimitNOFILE= of the service, or ulimit -Hn' },
      'this process may open few files: more agents and schedulers than that cannot connect',
    );
}
