/**
 * The directory below which one agent keeps its cgroups:
 *   <mount>/<cgroups root>/supervisors     the launcher and the supervisors
 *   <mount>/<cgroups root>/<container id>  one per container, processes and limits
 * Opening it enables the needed controllers in every ancestor; it never touches a cgroup outside that chain.
 */
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../base/clock.js';
import { MesoError } from '../../base/error.js';
import { Cgroup } from './cgroup.js';
import { type CgroupHierarchy, type Controller, parseControllers } from './hierarchy.js';

const REMOVE_POLL_MS = 10;
const SUPERVISORS = 'supervisors';
/** Only such names are ever taken for containers: the directory may be one that others use as well. */
const CONTAINER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether `text` can name a container: a UUID. */
export function isContainerId(text: string): boolean {
  return CONTAINER_ID.test(text);
}

/** Throws BAD_INPUT for a --cgroups-root that is not a plain relative path: it must never be the whole tree. */
export function checkCgroupsRoot(name: string): void {
  if (name.split('/').every((part) => part !== '' && !part.startsWith('.'))) return;
  throw new MesoError(
    'BAD_INPUT',
    `"${name}" is no cgroups root: write the name of a directory below the cgroup mount`,
    {
      suggestions: ['--cgroups-root=mesos'],
    },
  );
}

export class CgroupRoot {
  private constructor(
    readonly cgroup: Cgroup,
    readonly mount: string,
  ) {}

  /** Makes the directories; `name` has been checked. Throws ISOLATION_MISSING when a controller cannot be enabled on the way down. */
  static async open(hierarchy: CgroupHierarchy, name: string, controllers: readonly Controller[]): Promise<CgroupRoot> {
    const root = new Cgroup(join(hierarchy.mount, name));
    await root.make();
    for (const ancestor of ancestors(hierarchy.mount, root.path)) await enable(new Cgroup(ancestor), controllers);
    const opened = new CgroupRoot(root, hierarchy.mount);
    await opened.supervisors.make();
    return opened;
  }

  get supervisors(): Cgroup {
    return this.cgroup.child(SUPERVISORS);
  }

  container(containerId: string): Cgroup {
    return this.cgroup.child(containerId);
  }

  /** Ids of the containers that have a cgroup. */
  async containers(): Promise<readonly string[]> {
    return (await this.cgroup.children()).filter(isContainerId);
  }

  /** Removes the directories once the last supervisor has left, or not: those of running containers stay in it. */
  async removeWhenEmpty(clock: Clock, timeoutMs: number): Promise<void> {
    const deadlineMs = clock.now().monotonicMs + timeoutMs;
    while (!(await this.supervisors.removeIfEmpty())) {
      if (clock.now().monotonicMs >= deadlineMs) return;
      await delay(REMOVE_POLL_MS);
    }
    await this.cgroup.removeIfEmpty();
  }
}

/** From the mount down to `path`, both included. */
function ancestors(mount: string, path: string): readonly string[] {
  const chain = [path];
  for (let at = path; relative(mount, at) !== ''; ) {
    at = dirname(at);
    chain.unshift(at);
  }
  return chain;
}

async function enable(cgroup: Cgroup, controllers: readonly Controller[]): Promise<void> {
  const enabled = parseControllers((await cgroup.find('cgroup.subtree_control')) ?? '');
  const missing = controllers.filter((name) => !enabled.includes(name));
  if (missing.length === 0) return;
  try {
    await cgroup.write({ file: 'cgroup.subtree_control', value: missing.map((name) => `+${name}`).join(' ') });
  } catch (error) {
    throw new MesoError(
      'ISOLATION_MISSING',
      `the controllers ${missing.join(', ')} cannot be turned on below ${cgroup.path}: either v1 holds them or processes live in that cgroup itself`,
      {
        cause: error,
        suggestions: [
          '--cgroups-root=DIR  a cgroup whose ancestors hold no processes of their own',
          '--isolation=posix/cpu,posix/mem,namespaces/pid,namespaces/mnt  run without limits',
        ],
      },
    );
  }
}
