/**
 * The life of a container as one isolator sees it. Verbs are called in the order of the interface; `cleanup` in reverse
 * order of the isolators, and it tolerates containers it never saw. An isolator decides nothing about others.
 * Source: architecture, section 6; spec page 15, sections 15.1 and 15.3.
 */
import type * as mesos from '../../wire/gen/mesos.js';
import type { Cgroup, CgroupWrite } from '../cgroups/cgroup.js';
import type { ContainerSpec, ContainerTermination } from '../containerizer.js';
import type { MountStep, Rlimit } from '../launcher/launch-plan.js';
import type { MemoryRecord } from '../records.js';
import type { IsolatorName } from './names.js';

/** What one isolator adds to a launch; the supervisor carries it out. */
export interface LaunchContribution {
  /** CLONE_NEW* bits. */
  readonly cloneFlags?: number | undefined;
  readonly mounts?: readonly MountStep[] | undefined;
  readonly cgroupWrites?: readonly CgroupWrite[] | undefined;
  readonly rlimits?: readonly Rlimit[] | undefined;
  /** Names the host inside its uts namespace. */
  readonly hostname?: string | undefined;
}

/** What is known once nothing of a container lives any more. */
export interface ContainerEnd {
  readonly memory?: MemoryRecord | undefined;
}

export interface IsolatedContainer {
  readonly containerId: string;
  readonly initPid: number;
  /** undefined: tracked by its pid namespace only. */
  readonly cgroup?: Cgroup | undefined;
  /** Settles when nothing of the container lives any more. */
  readonly ended: Promise<ContainerEnd>;
}

export type Limitation = NonNullable<ContainerTermination['limitation']>;
export type ContainerResources = Pick<ContainerSpec, 'requests' | 'limits'>;

export interface Isolator {
  readonly name: IsolatorName;
  /** A container of an earlier agent process that still runs. */
  recover(container: IsolatedContainer): Promise<void>;
  /** Before anything is made. Throws LAUNCH_FAILED to refuse. */
  prepare(spec: ContainerSpec): Promise<LaunchContribution>;
  /** The first process exists and waits. */
  isolate(container: IsolatedContainer): Promise<void>;
  /** Settles with a limitation when the container hit one, with undefined once it ended without. Never rejects. */
  watch(container: IsolatedContainer): Promise<Limitation | undefined>;
  update(container: IsolatedContainer, resources: ContainerResources): Promise<void>;
  usage(container: IsolatedContainer): Promise<Partial<mesos.ResourceStatistics>>;
  status(container: IsolatedContainer): Promise<Partial<mesos.ContainerStatus>>;
  cleanup(containerId: string): Promise<void>;
}

/** An isolator that does nothing in the verbs not given. */
export function isolator(name: IsolatorName, verbs: Partial<Omit<Isolator, 'name'>>): Isolator {
  return {
    name,
    recover: () => Promise.resolve(),
    prepare: () => Promise.resolve({}),
    isolate: () => Promise.resolve(),
    watch: () => Promise.resolve(undefined),
    update: () => Promise.resolve(),
    usage: () => Promise.resolve({}),
    status: () => Promise.resolve({}),
    cleanup: () => Promise.resolve(),
    ...verbs,
  };
}
