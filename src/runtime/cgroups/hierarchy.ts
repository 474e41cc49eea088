/**
 * Where this machine's cgroup v2 tree is and what it can limit. On hybrid machines the v2 tree sits beside v1 mounts
 * and has few controllers or none; it still tracks and kills. Never looks at v1. Source: architecture, section 6.
 */
import { access, constants, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The controllers that our isolators use. */
export type Controller = 'cpu' | 'memory' | 'pids';

export interface CgroupHierarchy {
  /** Mount point of cgroup v2. */
  readonly mount: string;
  /** Controllers that the v2 tree offers here; v1 holds the rest. */
  readonly controllers: readonly string[];
}

/** Reads /proc/self/mountinfo text; the mount point of the first cgroup2, octal escapes undone. */
export function parseCgroupMount(mountinfo: string): string | undefined {
  for (const line of mountinfo.split('\n')) {
    const [left, right] = line.split(' - ');
    const mountPoint = left?.split(' ')[4];
    if (right?.startsWith('cgroup2 ') && mountPoint !== undefined)
      return mountPoint.replace(/\\([0-7]{3})/g, (_, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 8)),
      );
  }
  return undefined;
}

/** Reads cgroup.controllers or cgroup.subtree_control. */
export function parseControllers(text: string): readonly string[] {
  return text.split(/\s+/).filter((name) => name !== '');
}

/** `mountOverride` as in LinuxContainerizerOptions.cgroupMount. */
export async function findCgroupHierarchy(mountOverride?: string | null): Promise<CgroupHierarchy | undefined> {
  if (mountOverride === null) return undefined;
  const mount = mountOverride ?? parseCgroupMount(await readFile('/proc/self/mountinfo', 'utf8'));
  if (mount === undefined) return undefined;
  try {
    return { mount, controllers: parseControllers(await readFile(join(mount, 'cgroup.controllers'), 'utf8')) };
  } catch {
    return undefined;
  }
}

/** The nearest directory at or above `path` that exists, if this process may make directories in it. */
export async function findWritableAncestor(path: string): Promise<string | undefined> {
  for (let at = path; ; at = dirname(at)) {
    try {
      await access(at, constants.F_OK);
    } catch {
      if (at === dirname(at)) return undefined;
      continue;
    }
    try {
      await access(at, constants.W_OK | constants.X_OK);
      return at;
    } catch {
      return undefined;
    }
  }
}
