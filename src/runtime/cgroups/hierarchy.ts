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

/** Reads /proc/self/mountinfo text: the mount points of cgroup2, in the order of mounting, octal escapes undone. */
export function parseCgroupMounts(mountinfo: string): readonly string[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [left, right] = line.split(' - ');
    const mountPoint = left?.split(' ')[4];
    if (mountPoint === undefined || right?.startsWith('cgroup2 ') !== true) return [];
    return [
      mountPoint.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    ];
  });
}

/** Reads cgroup.controllers or cgroup.subtree_control. */
export function parseControllers(text: string): readonly string[] {
  return text.split(/\s+/).filter((name) => name !== '');
}

/** `mountOverride` as in LinuxContainerizerOptions.cgroupMount. Of several mounts the newest that is not covered. */
export async function findCgroupHierarchy(mountOverride?: string | null): Promise<CgroupHierarchy | undefined> {
  if (mountOverride === null) return undefined;
  const mounts =
    mountOverride === undefined ? parseCgroupMounts(await readFile('/proc/self/mountinfo', 'utf8')) : [mountOverride];
  for (const mount of [...mounts].reverse()) {
    const controllers = await readFile(join(mount, 'cgroup.controllers'), 'utf8').catch(() => undefined);
    if (controllers !== undefined) return { mount, controllers: parseControllers(controllers) };
  }
  return undefined;
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
