import type { LogLevel } from '../../base/system/logger.js';
import type { NamedAddress } from '../../raft/node/settings.js';
import type * as mesos from '../../wire/gen/mesos.js';

/** Validated settings of a master; one field per flag (spec page 09, section 9.1). */
export interface MasterConfig {
  readonly ip: string;
  /** 0: any free port. */
  readonly port: number;
  readonly insecure: boolean;
  readonly readyFile?: string | undefined;
  readonly hostname?: string | undefined;
  readonly advertiseIp?: string | undefined;
  readonly advertisePort?: number | undefined;
  /** Of this master among the masters; 1 to 63 letters, digits, dots, dashes, underscores. */
  readonly name: string;
  /** The first masters of a new cluster, this one included. */
  readonly peers?: readonly NamedAddress[] | undefined;
  /** HOST:PORT of a member's Raft port. */
  readonly join?: string | undefined;
  readonly raftIp: string;
  /** 0: any free port. */
  readonly raftPort: number;
  readonly raftAdvertiseIp?: string | undefined;
  readonly raftReads: 'quorum' | 'lease';
  readonly workDir: string;
  readonly cluster?: string | undefined;
  readonly allocationIntervalMs: number;
  /** undefined: offers do not time out. */
  readonly offerTimeoutMs?: number | undefined;
  /** undefined: frameworks may hold offers as long as they like. */
  readonly rescindHeldOffersAfterMs?: number | undefined;
  /** undefined: an offer may hold all of an agent. */
  readonly maxOfferFraction?: number | undefined;
  /** undefined: frameworks may have any number of offers outstanding. */
  readonly maxOffersPerFramework?: number | undefined;
  readonly offerConstraintsRe2MaxMem: number;
  readonly offerConstraintsRe2MaxProgramSize: number;
  readonly agentPingTimeoutMs: number;
  readonly maxAgentPingTimeouts: number;
  readonly agentReregisterTimeoutMs: number;
  /** Path of the whitelist file; undefined: every agent. Re-read every 5 s. */
  readonly whitelist?: string | undefined;
  readonly domain?: mesos.DomainInfo | undefined;
  readonly requireAgentDomain: boolean;
  readonly minAllocatableResources: string;
  readonly roleSorter: 'drf' | 'random';
  readonly frameworkSorter: 'drf' | 'random';
  readonly fairSharingExcludedResourceNames: readonly string[];
  readonly filterGpuResources: boolean;
  /** undefined: any role. */
  readonly roles?: readonly string[] | undefined;
  readonly weights: Readonly<Record<string, number>>;
  readonly rootSubmissions: boolean;
  readonly maxCompletedFrameworks: number;
  readonly maxCompletedTasksPerFramework: number;
  readonly maxUnreachableTasksPerFramework: number;
  readonly maxOperatorEventStreamSubscribers: number;
  /** Removals per second allowed by --agent-removal-rate-limit; undefined: no limit. */
  readonly agentRemovalRateLimit?: { readonly count: number; readonly perMs: number } | undefined;
  readonly recoveryAgentRemovalLimitPercent: number;
  /** 0 to 1. */
  readonly allocatorAgentRecoveryFactor: number;
  readonly allocatorRecoveryTimeoutMs: number;
  readonly registryGcIntervalMs: number;
  readonly registryMaxAgentAgeMs: number;
  readonly registryMaxAgentCount: number;
  readonly logLevel: LogLevel;
  /** As given, for GET_FLAGS and /state: Mesos flag name (underscores) to text. */
  readonly flags: Readonly<Record<string, string>>;
}
