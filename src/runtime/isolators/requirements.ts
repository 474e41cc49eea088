/**
 * What each isolator needs of the machine, found by trying (supervisor/probe.c) and by looking at the cgroup v2 tree.
 * The agent refuses to start by these findings and `mesoctl doctor` prints the same ones. An isolator is never weakened
 * silently: it is there, or it is a finding with a remedy. Source: architecture, section 6.
 */
import { join } from 'node:path';
import { MesoError } from '../../base/error.js';
import { type Controller, findCgroupHierarchy, findWritableAncestor } from '../cgroups/hierarchy.js';
import { describeErrno } from '../launcher/failure.js';
import { runCommand } from '../process/run-command.js';
import { getSupervisorPath } from '../supervisor-path.js';
import { DEFAULT_ISOLATION, ISOLATORS, type IsolatorName } from './names.js';

export interface IsolatorFinding {
  /** "tracking" is not an isolator: it is how a container is told from the rest, by cgroup v2. */
  readonly isolator: IsolatorName | 'tracking';
  readonly ok: boolean;
  /** What the machine lacks. */
  readonly missing?: string | undefined;
  readonly remedy?: string | undefined;
}

export interface ProbeOptions {
  /** As in LinuxContainerizerOptions. */
  readonly supervisorPath?: string | undefined;
  readonly cgroupMount?: string | null | undefined;
  readonly cgroupsRoot?: string | undefined;
}

/** What was found by looking; findings are made of it. */
export interface MachineFacts {
  readonly isRoot: boolean;
  /** errno by namespace name; 0 works. */
  readonly namespaces: ReadonlyMap<string, number>;
  /** undefined: no cgroup v2 mounted. */
  readonly cgroupMount?: string | undefined;
  readonly controllers: readonly string[];
  /** errno of making a process in a new cgroup, 0 works; undefined: no place for cgroups. */
  readonly trackingErrno?: number | undefined;
}

const PROBE_TIMEOUT_MS = 10_000;
const CONTROLLER_OF: Readonly<Partial<Record<IsolatorName, Controller>>> = {
  'cgroups/cpu': 'cpu',
  'cgroups/mem': 'memory',
  'cgroups/pids': 'pids',
};

/** The controllers that must be on for these isolators. */
export function controllersOf(isolation: readonly IsolatorName[]): readonly Controller[] {
  return isolation.flatMap((name) => CONTROLLER_OF[name] ?? []);
}

const USER_NAMESPACE_REMEDY =
  'run the agent as root, or allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)';
const PURE_V2_REMEDY =
  'boot with systemd.unified_cgroup_hierarchy=1 (cgroup v2 only), or run without limits: --isolation=posix/cpu,posix/mem and namespaces/*';
const TRACKING_REMEDY =
  'Linux 5.14 or later with cgroup v2 mounted, and root or a delegated cgroup as --cgroups-root; without it namespaces/pid tracks containers';

/** Reads the lines of `mesoctl-supervisor --probe`. */
export function parseProbe(text: string): ReadonlyMap<string, number> {
  return new Map(
    text.split('\n').flatMap((line): [string, number][] => {
      const match = /^(\w+) (\d+)$/.exec(line);
      return match?.[1] === undefined ? [] : [[match[1], Number(match[2])]];
    }),
  );
}

export async function readMachineFacts(options: ProbeOptions = {}): Promise<MachineFacts> {
  const hierarchy = await findCgroupHierarchy(options.cgroupMount);
  const place =
    hierarchy === undefined ? undefined : await findWritableAncestor(join(hierarchy.mount, options.cgroupsRoot ?? ''));
  const args = ['--probe', ...(place === undefined ? [] : [place])];
  const result = await runCommand(options.supervisorPath ?? getSupervisorPath(), args, { timeoutMs: PROBE_TIMEOUT_MS });
  const namespaces = parseProbe(result.stdout);
  return {
    isRoot: process.geteuid?.() === 0,
    namespaces,
    cgroupMount: hierarchy?.mount,
    controllers: hierarchy?.controllers ?? [],
    trackingErrno: namespaces.get('tracking'),
  };
}

function controllerFinding(isolator: IsolatorName, controller: Controller, facts: MachineFacts): IsolatorFinding {
  if (facts.cgroupMount === undefined)
    return { isolator, ok: false, missing: 'cgroup v2 is not mounted', remedy: PURE_V2_REMEDY };
  if (!facts.controllers.includes(controller))
    return {
      isolator,
      ok: false,
      missing: `the ${controller} controller is not on the cgroup v2 tree at ${facts.cgroupMount} (cgroup v1 holds it, or the kernel lacks it)`,
      remedy: PURE_V2_REMEDY,
    };
  if (facts.trackingErrno !== 0)
    return { isolator, ok: false, missing: 'no cgroup can be made for containers', remedy: TRACKING_REMEDY };
  return { isolator, ok: true };
}

function namespaceFinding(isolator: IsolatorName, facts: MachineFacts): IsolatorFinding {
  const name = isolator.slice('namespaces/'.length);
  const errno = facts.namespaces.get(name);
  if (isolator === 'namespaces/cgroup' && facts.cgroupMount === undefined)
    return { isolator, ok: false, missing: 'cgroup v2 is not mounted', remedy: TRACKING_REMEDY };
  if (errno === 0) return { isolator, ok: true };
  return {
    isolator,
    ok: false,
    missing: `a ${name} namespace cannot be made: ${errno === undefined ? 'the probe did not answer' : describeErrno(errno)}`,
    remedy: facts.isRoot ? `a kernel with ${name} namespaces, and the capabilities of root` : USER_NAMESPACE_REMEDY,
  };
}

/** One finding for each isolator, then "tracking". Pure. */
export function judgeIsolators(facts: MachineFacts): readonly IsolatorFinding[] {
  const findings = ISOLATORS.map((isolator): IsolatorFinding => {
    const controller = CONTROLLER_OF[isolator];
    if (controller !== undefined) return controllerFinding(isolator, controller, facts);
    return isolator.startsWith('namespaces/') ? namespaceFinding(isolator, facts) : { isolator, ok: true };
  });
  const tracking: IsolatorFinding =
    facts.trackingErrno === 0
      ? { isolator: 'tracking', ok: true }
      : {
          isolator: 'tracking',
          ok: false,
          missing:
            facts.trackingErrno === undefined
              ? 'no cgroup v2 tree that this user may write to'
              : `a process cannot be made in a cgroup: ${describeErrno(facts.trackingErrno)}`,
          remedy: TRACKING_REMEDY,
        };
  return [...findings, tracking];
}

export interface StrongestIsolation {
  /** For --isolation; empty where nothing can track a container. */
  readonly isolation: readonly IsolatorName[];
  /** What the default has and this does not. */
  readonly reduced: readonly { readonly isolator: IsolatorName; readonly why: string }[];
}

const FALLBACK_OF: Readonly<Partial<Record<IsolatorName, IsolatorName>>> = {
  'cgroups/cpu': 'posix/cpu',
  'cgroups/mem': 'posix/mem',
};

/** The default, less what does not work here; without root all of it inside a user namespace. Pure. */
export function strongestIsolation(facts: MachineFacts): StrongestIsolation {
  const findings = new Map(judgeIsolators(facts).map((finding) => [finding.isolator, finding]));
  const works = (name: IsolatorName): boolean => {
    if (findings.get(name)?.ok !== true) return false;
    if (!name.startsWith('namespaces/') || name === 'namespaces/mnt') return true;
    return findings.get('namespaces/mnt')?.ok === true;
  };
  // Its own cgroup is what a cgroup namespace shows; without one there is nothing to show.
  const useful = (name: IsolatorName): boolean => name !== 'namespaces/cgroup' || facts.trackingErrno === 0;
  const isolation = new Set<IsolatorName>();
  const reduced: { isolator: IsolatorName; why: string }[] = [];
  for (const name of DEFAULT_ISOLATION) {
    if (works(name) && useful(name)) {
      isolation.add(name);
      continue;
    }
    const fallback = FALLBACK_OF[name];
    if (fallback !== undefined) isolation.add(fallback);
    reduced.push({ isolator: name, why: findings.get(name)?.missing ?? 'containers have no cgroup of their own here' });
  }
  if (!facts.isRoot && [...isolation].some((name) => name.startsWith('namespaces/'))) isolation.add('namespaces/user');
  const tracked = facts.trackingErrno === 0 || isolation.has('namespaces/pid');
  return { isolation: tracked ? ISOLATORS.filter((name) => isolation.has(name)) : [], reduced };
}

/** The same for this machine, as `mesoctl dev` uses and prints it. */
export async function findStrongestIsolation(options: ProbeOptions = {}): Promise<StrongestIsolation> {
  return strongestIsolation(await readMachineFacts(options));
}

/** Throws ISOLATION_MISSING, naming each missing feature and the flag to pass instead. Pure. */
export function requireIsolation(isolation: readonly IsolatorName[], facts: MachineFacts): void {
  const problems = judgeIsolators(facts)
    .filter((finding) => !finding.ok && isolation.some((name) => name === finding.isolator))
    .map((finding) => `${finding.isolator}: ${finding.missing}. Remedy: ${finding.remedy}`);
  const namespaces = isolation.filter((name) => name.startsWith('namespaces/') && name !== 'namespaces/user');
  if (!facts.isRoot && namespaces.length > 0 && !isolation.includes('namespaces/user'))
    problems.push(`${namespaces.join(', ')}: without root these need namespaces/user as well`);
  if (facts.trackingErrno !== 0 && !isolation.includes('namespaces/pid'))
    problems.push(`containers cannot be tracked: ${TRACKING_REMEDY}`);
  if (problems.length === 0) return;
  const possible = strongestIsolation(facts).isolation;
  throw new MesoError('ISOLATION_MISSING', `this machine cannot isolate tasks as asked:\n  ${problems.join('\n  ')}`, {
    details: { isolation, problems },
    suggestions: possible.length === 0 ? ['mesoctl doctor'] : [`--isolation=${possible.join(',')}`, 'mesoctl doctor'],
  });
}
