/** What an agent core is made of; nothing is read from anywhere else. */
import type { Instant } from '../../../base/clock.js';
import type { Core } from '../../../base/core.js';
import type { Random } from '../../../base/random.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { AgentConfig } from '../../config/agent-config.js';
import type { AgentEffect, AgentEvent } from './protocol.js';
import type { AgentView } from './view.js';

export interface AgentCoreOptions {
  readonly config: Pick<AgentConfig, 'executorShutdownGracePeriodMs' | 'registrationBackoffFactorMs'>;
  /** Without id: that comes from the checkpoint or from the master. */
  readonly agentInfo: mesos.AgentInfo;
  /** Of this program, as the master wants it: digits and dots. */
  readonly version: string;
  /** Where others reach the agent's HTTP server; also the address of its tasks, which use the host's network. */
  readonly ip: string;
  /** Differs after every boot of the machine. */
  readonly bootId: string;
  /** Differs with every process: by it a master knows who asks again. */
  readonly instance?: string | undefined;
  /** Of uuids and jitter; unpredictable in production. */
  readonly random: Random;
  readonly startedAt: Instant;
}

/** The decision machine of an agent. The first event must be `recovered`. */
export interface AgentCore extends Core<AgentEvent, AgentEffect> {
  /** Valid between two steps. */
  readonly view: AgentView;
}
