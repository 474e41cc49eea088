/**
 * What the agent asks of the machine. The agent's core decides when; a containerizer does it and reports.
 * One implementation for Linux (launcher + isolators + supervisor); fakes in tests. Source: architecture, section 6;
 * spec pages 08b, 14, 15.
 */
import type * as mesos from '../wire/gen/mesos.js';

/** A directory of the host that a container sees in its sandbox. */
export interface ContainerVolume {
  readonly source: string;
  /** Below the sandbox; components without `.` and `..`. */
  readonly containerPath: string;
  readonly readOnly: boolean;
}

/** Everything needed to start one container. All paths absolute, on the host. */
export interface ContainerSpec {
  /** A UUID; no dot, no slash. */
  readonly containerId: string;
  /** Program and arguments of the task as the kernel gets them (a shell command is already ["sh", "-c", value]). */
  readonly argv: readonly string[];
  /** The file to run where it is not argv[0] (multi-call programs); looked up in PATH alike. */
  readonly program?: string | undefined;
  /** The complete environment of the task. */
  readonly environment: Readonly<Record<string, string>>;
  /** Working directory and home of stdout and stderr; exists and belongs to `user` when launch returns. */
  readonly sandboxDir: string;
  /** None lies in another. */
  readonly volumes?: readonly ContainerVolume[] | undefined;
  /** User name or number; undefined: as the agent. */
  readonly user?: string | undefined;
  /** Requests: cores, MB, MB. */
  readonly requests: { readonly cpus: number; readonly memMb: number; readonly diskMb: number };
  /** TaskInfo.limits: Infinity is no limit; undefined is not given. */
  readonly limits: { readonly cpus?: number | undefined; readonly memMb?: number | undefined };
  readonly hostname?: string | undefined;
  readonly containerInfo?: mesos.ContainerInfo | undefined;
}

export interface ContainerProcess {
  readonly containerId: string;
  /** Pid of the container's init in the agent's pid namespace (what ContainerStatus.executor_pid shows). */
  readonly pid: number;
  /** Absolute path of its cgroup, if it has one. */
  readonly cgroup?: string | undefined;
  /** To be checkpointed by the agent: what `recover` needs. */
  readonly checkpoint: ContainerCheckpoint;
}

/** Matches checkpoint.proto `Container`. */
export interface ContainerCheckpoint {
  readonly containerId: string;
  readonly supervisorPid: number;
  readonly supervisorStartTicks: number;
  readonly bootId: string;
  readonly initPid?: number | undefined;
  readonly cgroup?: string | undefined;
  readonly runtimeDir: string;
  readonly sandboxDir: string;
}

/** How a container ended. */
export interface ContainerTermination {
  readonly containerId: string;
  /** Raw wait(2) status of the task's process; undefined when it can no longer be known. */
  readonly waitStatus?: number | undefined;
  /** Set when an isolator ended it. */
  readonly limitation?:
    | {
        readonly reason:
          | 'REASON_CONTAINER_LIMITATION_MEMORY'
          | 'REASON_CONTAINER_LIMITATION_DISK'
          | 'REASON_CONTAINER_LIMITATION';
        /** With the numbers, for people. */
        readonly message: string;
        readonly resources: readonly mesos.Resource[];
      }
    | undefined;
  /** undefined although `finishedAtMs` is set: the task's first instruction never ran. */
  readonly startedAtMs?: number | undefined;
  readonly finishedAtMs?: number | undefined;
  readonly maxRssKb?: number | undefined;
  readonly cpuTimeMs?: number | undefined;
}

export type RecoveredContainer =
  | { readonly state: 'running'; readonly process: ContainerProcess }
  | { readonly state: 'ended'; readonly termination: ContainerTermination };

export interface ContainerizerEvents {
  /**
   * Exactly once for every container that launched or was recovered as running. Its cgroup is empty and gone.
   * The exit status stays on disk until the returned promise settles, and some seconds longer: return one that settles
   * once the end of the container is durable, so that a crash in between loses nothing.
   */
  onTerminated(termination: ContainerTermination): void | Promise<void>;
}

export interface Containerizer {
  /** Names of the isolators in force, as in --isolation. */
  readonly isolation: readonly string[];
  /**
   * Starts a container. `starting` is called with the checkpoint before the task's first instruction and awaited, so
   * that a crash of the agent between the two loses nothing. Throws MesoError LAUNCH_FAILED with what was tried;
   * nothing is left behind then.
   */
  launch(spec: ContainerSpec, starting: (checkpoint: ContainerCheckpoint) => Promise<void>): Promise<ContainerProcess>;
  /** Finds containers of an earlier agent process. Containers on the machine that are not in the list are destroyed. */
  recover(
    checkpoints: readonly ContainerCheckpoint[],
  ): Promise<readonly (RecoveredContainer & { readonly containerId: string })[]>;
  /** Sends a signal to every process of the task (not to init). Unknown containers are ignored. */
  signal(containerId: string, signalNumber: number): Promise<void>;
  /** Kills everything in the container and cleans up; `onTerminated` follows. Unknown containers are ignored. */
  destroy(containerId: string): Promise<void>;
  /** undefined: not running. */
  usage(containerId: string): Promise<mesos.ResourceStatistics | undefined>;
  status(containerId: string): Promise<mesos.ContainerStatus | undefined>;
  /** Stops watching; containers keep running. */
  close(): Promise<void>;
}
