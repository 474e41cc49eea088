/**
 * Which cgroup hierarchies a machine has, for display and for advice (cgroups(7)). Decides nothing for the isolators:
 * they probe what they need themselves.
 */
import { readFile } from 'node:fs/promises';

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

/** Texts of the kernel's files; a file that is missing is the empty text. */
export interface CgroupTexts {
  /** /proc/self/mountinfo */
  readonly mountinfo: string;
  /** /proc/cgroups */
  readonly cgroups: string;
  /** /proc/self/cgroup */
  readonly ownCgroup: string;
  /** cgroup.controllers of the v2 mount that `findCgroup2Mount` finds. */
  readonly controllers: string;
}

export async function readCgroupFacts(): Promise<CgroupFacts> {
  const [mountinfo, cgroups, ownCgroup] = await Promise.all(
    ['/proc/self/mountinfo', '/proc/cgroups', '/proc/self/cgroup'].map(readOrEmpty),
  );
  const v2Mount = findCgroup2Mount(mountinfo ?? '');
  const controllers = v2Mount === undefined ? '' : await readOrEmpty(`${v2Mount}/cgroup.controllers`);
  return describeCgroups({
    mountinfo: mountinfo ?? '',
    cgroups: cgroups ?? '',
    ownCgroup: ownCgroup ?? '',
    controllers,
  });
}

/** Pure part of `readCgroupFacts`. */
export function describeCgroups(texts: CgroupTexts): CgroupFacts {
  const v2Mount = findCgroup2Mount(texts.mountinfo);
  const v1Controllers = heldByV1(texts.cgroups);
  const hasV1 = texts.mountinfo.split('\n').some((line) => fileSystemType(line) === 'cgroup');
  const v2Only = v1Controllers.length === 0 ? 'unified' : 'hybrid';
  const withoutV2 = hasV1 ? 'legacy' : 'none';
  return {
    layout: v2Mount === undefined ? withoutV2 : v2Only,
    v2Mount,
    v2Controllers: texts.controllers.trim().split(/\s+/).filter(Boolean),
    v1Controllers,
    ownV2Path: /^0::(.*)$/m.exec(texts.ownCgroup)?.[1],
  };
}

/** The usual place first, any other after that. */
export function findCgroup2Mount(mountinfo: string): string | undefined {
  const mounts = mountinfo
    .split('\n')
    .filter((line) => fileSystemType(line) === 'cgroup2')
    .map((line) => line.split(' ')[4])
    .filter((mount) => mount !== undefined);
  return mounts.find((mount) => mount === '/sys/fs/cgroup') ?? mounts[0];
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
