/**
 * Which cgroup hierarchies a machine has, for display and for advice (cgroups(7)). Decides nothing for the isolators:
 * they probe what they need themselves.
 */
import { readFile } from 'node:fs/promises';
import { type CgroupHierarchy, findCgroupHierarchy } from '../cgroups/hierarchy.js';

export interface CgroupFacts {
  /** unified: v2 alone; hybrid: v2 beside v1 hierarchies that hold controllers; legacy: v1 alone. */
  readonly layout: 'unified' | 'hybrid' | 'legacy' | 'none';
  /** Where the v2 tree is mounted. */
  readonly v2Mount?: string | undefined;
  /** Controllers of the v2 tree's root. */
  readonly v2Controllers: readonly string[];
  /** Controllers that a v1 hierarchy holds. */
  readonly v1Controllers: readonly string[];
  /** Of this process, below the v2 mount. */
  readonly ownV2Path?: string | undefined;
}

/** What the facts are made of; a file that is missing is the empty text. */
export interface CgroupSources {
  /** The v2 tree, if there is one. */
  readonly hierarchy?: CgroupHierarchy | undefined;
  /** /proc/self/mountinfo */
  readonly mountinfo: string;
  /** /proc/cgroups */
  readonly cgroups: string;
  /** /proc/self/cgroup */
  readonly ownCgroup: string;
}

export async function readCgroupFacts(): Promise<CgroupFacts> {
  const [hierarchy, mountinfo, cgroups, ownCgroup] = await Promise.all([
    findCgroupHierarchy().catch(() => undefined),
    readOrEmpty('/proc/self/mountinfo'),
    readOrEmpty('/proc/cgroups'),
    readOrEmpty('/proc/self/cgroup'),
  ]);
  return describeCgroups({ hierarchy, mountinfo, cgroups, ownCgroup });
}

/** Pure part of `readCgroupFacts`. */
export function describeCgroups({ hierarchy, mountinfo, cgroups, ownCgroup }: CgroupSources): CgroupFacts {
  const v1Controllers = heldByV1(cgroups);
  const hasV1 = mountinfo.split('\n').some((line) => fileSystemType(line) === 'cgroup');
  const v2Only = v1Controllers.length === 0 ? 'unified' : 'hybrid';
  const withoutV2 = hasV1 ? 'legacy' : 'none';
  return {
    layout: hierarchy === undefined ? withoutV2 : v2Only,
    v2Mount: hierarchy?.mount,
    v2Controllers: hierarchy?.controllers ?? [],
    v1Controllers,
    ownV2Path: /^0::(.*)$/m.exec(ownCgroup)?.[1],
  };
}

/** The field after the lone dash. */
function fileSystemType(line: string): string | undefined {
  const fields = line.split(' ');
  const dash = fields.indexOf('-', 6);
  return dash < 0 ? undefined : fields[dash + 1];
}

/** Lines of /proc/cgroups are name, hierarchy (0: the unified one), number of cgroups, enabled. */
function heldByV1(cgroups: string): readonly string[] {
  return cgroups
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/))
    .filter(([, hierarchy, , enabled]) => hierarchy !== '0' && enabled === '1')
    .map(([name]) => name ?? '');
}

async function readOrEmpty(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
