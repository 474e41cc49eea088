/**
 * What the Linux containerizer is told at agent start. Data only; `createLinuxContainerizer` (linux-containerizer.ts)
 * takes it. Source: architecture, section 6; spec pages 08b and 09.
 */
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/system/logger.js';
import type { ContainerizerEvents } from './containerizer.js';

export interface LinuxContainerizerOptions {
  /**
   * Directory of container records and exit statuses, absolute, local file system, mode 0700; made if missing.
   * Each agent needs its own; it must survive the agent, it need not survive a reboot.
   */
  readonly runtimeDir: string;
  /** Names as in --isolation; undefined: the default, which is an error where the machine cannot enforce it. */
  readonly isolation?: readonly string[] | undefined;
  /** Directory of this agent's cgroups, below the cgroup v2 mount ("mesos"); each agent needs its own. */
  readonly cgroupsRoot: string;
  /** Where cgroup v2 is mounted; undefined: found in /proc/self/mountinfo; null: do as if there were none. */
  readonly cgroupMount?: string | null | undefined;
  /** --cgroups-enable-cfs: the cpu request is a hard limit when no limit is given. */
  readonly enableCfs: boolean;
  /** pids.max of each container. */
  readonly pidsLimit: number;
  /** Run tasks as `ContainerSpec.user`; false: always as the agent's own user. */
  readonly switchUser: boolean;
  /** Size at which stdout and stderr are rotated (bytes), and how many old files stay. */
  readonly maxLogSizeBytes: number;
  readonly maxLogFiles: number;
  /**
   * Directories that tasks must not see, such as the agent's checkpoint; `runtimeDir` always is one. Hidden where
   * namespaces/mnt is on. None may hold a sandbox.
   */
  readonly maskedDirs?: readonly string[] | undefined;
  /** The compiled supervisor; undefined: the one that `npm run build` made. */
  readonly supervisorPath?: string | undefined;
  readonly events: ContainerizerEvents;
  readonly clock: Clock;
  readonly logger: Logger;
}
