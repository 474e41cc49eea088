import type { LogLevel } from '../../base/system/logger.js';
import type * as mesos from '../../wire/gen/mesos.js';

/** Validated settings of an agent; one field per flag (spec page 09, section 9.2). */
export interface AgentConfig {
  /** HOST:PORT of the masters, at least one. */
  readonly masters: readonly string[];
  readonly ip: string;
  /** 0: any free port. */
  readonly port: number;
  readonly insecure: boolean;
  readonly readyFile?: string | undefined;
  readonly hostname?: string | undefined;
  readonly advertiseIp?: string | undefined;
  readonly advertisePort?: number | undefined;
  readonly workDir: string;
  /** Mesos text format or a JSON array; undefined: all detected. */
  readonly resources?: string | undefined;
  readonly attributes?: string | undefined;
  readonly defaultRole: string;
  /** undefined: the default for this machine (spec page 08b, 8b.2). */
  readonly isolation?: readonly string[] | undefined;
  /** Directory below the cgroup v2 mount. */
  readonly cgroupsRoot: string;
  readonly cgroupsEnableCfs: boolean;
  readonly pidsLimit: number;
  readonly domain?: mesos.DomainInfo | undefined;
  readonly switchUser: boolean;
  readonly executorEnvironmentVariables: Readonly<Record<string, string>>;
  readonly executorShutdownGracePeriodMs: number;
  readonly recoveryTimeoutMs: number;
  readonly executorReregistrationTimeoutMs: number;
  readonly registrationBackoffFactorMs: number;
  /** What may differ from the agent's last start: nothing, or additions; undefined: `equal` (spec page 08, section 8.2). */
  readonly reconfigurationPolicy?: 'equal' | 'additive' | undefined;
  readonly gcDelayMs: number;
  readonly gcDiskHeadroom: number;
  readonly diskWatchIntervalMs: number;
  /** Size at which stdout and stderr are rotated, bytes, and how many old files stay. */
  readonly maxLogSizeBytes: number;
  readonly maxLogFiles: number;
  readonly logLevel: LogLevel;
  readonly flags: Readonly<Record<string, string>>;
}
