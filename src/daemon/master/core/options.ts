/**
 * What a master core is made of. Every limit of the core is here or a constant in limits.ts; nothing is read from
 * anywhere else.
 */
import type { Instant } from '../../../base/clock.js';
import type { Core } from '../../../base/core.js';
import type { Random } from '../../../base/random.js';
import type { Allocator } from '../../../offers/allocator/allocator.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { MasterConfig } from '../../config/master-config.js';
import type { MasterEffect, MasterEvent } from './protocol.js';
import type { MasterView } from './view.js';

/** The settings the core decides by; a whole `MasterConfig` will do. */
export type MasterCoreConfig = Pick<
  MasterConfig,
  | 'allocationIntervalMs'
  | 'offerTimeoutMs'
  | 'rescindHeldOffersAfterMs'
  | 'maxOfferFraction'
  | 'offerConstraintsRe2MaxMem'
  | 'offerConstraintsRe2MaxProgramSize'
  | 'agentPingTimeoutMs'
  | 'maxAgentPingTimeouts'
  | 'agentReregisterTimeoutMs'
  | 'requireAgentDomain'
  | 'allocatorAgentRecoveryFactor'
  | 'allocatorRecoveryTimeoutMs'
  | 'roles'
  | 'weights'
  | 'rootSubmissions'
  | 'maxCompletedFrameworks'
  | 'maxCompletedTasksPerFramework'
  | 'maxUnreachableTasksPerFramework'
  | 'maxOperatorEventStreamSubscribers'
  | 'agentRemovalRateLimit'
  | 'recoveryAgentRemovalLimitPercent'
  | 'registryGcIntervalMs'
  | 'registryMaxAgentAgeMs'
  | 'registryMaxAgentCount'
>;

export interface MasterCoreOptions {
  readonly config: MasterCoreConfig;
  /** `id` is the prefix of every framework, agent and offer id; `domain` is the master's fault domain. */
  readonly masterInfo: mesos.MasterInfo;
  /** Owned by the core from here on: between steps others may ask `explain` and `snapshot`, and change nothing. */
  readonly allocator: Allocator;
  readonly random: Random;
  readonly startedAt: Instant;
  /**
   * How much sliced work one step may do, in units of 2 to 10 microseconds (one task, one message); default 500. Results
   * do not depend on it.
   */
  readonly stepBudget?: number | undefined;
}

/** The decision machine of a master. The first event must be `elected`. */
export interface MasterCore extends Core<MasterEvent, MasterEffect> {
  /** Valid between two steps. */
  readonly view: MasterView;
}
