/** The state of one agent core and what its parts share. Only the parts of this folder change it, only within a step. */
import type { Instant } from '../../../base/clock.js';
import { formatUuid, randomUuidBytes } from '../../../base/random.js';
import type { Timers } from '../../../base/timers.js';
import type { Resources } from '../../../offers/resources/resources.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { FrameworkRecord } from './model/framework.js';
import type { TaskRun } from './model/task-run.js';
import type { OperationRecord } from './operations/operation-record.js';
import type { AgentCoreOptions } from './options.js';
import type { Outbox } from './outbox.js';
import type { AgentMessage } from './protocol.js';

export type AgentTimer =
  | { readonly kind: 'register' }
  | { readonly kind: 'silence' }
  | { readonly kind: 'retry-update'; readonly streamKey: string }
  | { readonly kind: 'retry-operation'; readonly key: string }
  | { readonly kind: 'kill-deadline'; readonly run: TaskRun }
  | { readonly kind: 'completion'; readonly run: TaskRun }
  | { readonly kind: 'end-patience' };

/** What an operator ordered, until a master registers this agent without asking for it again. */
export interface Drain {
  readonly config: mesos.DrainConfig;
  /** Wall clock, Unix ms. */
  readonly startedAtMs: number;
  /** By the master that counts this agent in now. */
  readonly confirmed: boolean;
}

export interface AgentState {
  recovered: boolean;
  /** The master counts this agent in: updates may flow. False while the link is down. */
  registered: boolean;
  /** With id once admitted. */
  agentInfo: mesos.AgentInfo;
  clusterId: string | undefined;
  highestTerm: number;
  /** Configured resources with what was reserved and created since; not allocated. */
  total: Resources;
  /** By uuid, in the order of their arrival: those that are under way, and those whose outcome is not acknowledged. */
  readonly operations: Map<string, OperationRecord>;
  drain: Drain | undefined;
  readonly frameworks: Map<string, FrameworkRecord>;
  readonly completedFrameworks: Map<string, FrameworkRecord>;
  /** Tasks whose container is being made or runs. */
  readonly liveByContainer: Map<string, TaskRun>;
  /** Set once the agent is to end; no task is accepted from then on. */
  ending: { readonly why: 'unregister' | 'shutdown'; readonly message: string } | undefined;
  readonly endedTasks: Map<string, number>;
  launchErrors: number;
  reportedUpdates: number;
  ignoredMessages: number;
}

export interface Context {
  readonly options: AgentCoreOptions;
  readonly state: AgentState;
  readonly out: Outbox;
  readonly timers: Timers<AgentTimer>;
  /** Of the current step. */
  now: Instant;
}

export function freshUuid(context: Context): Uint8Array {
  return randomUuidBytes(context.options.random);
}

export function freshContainerId(context: Context): string {
  return formatUuid(freshUuid(context));
}

/** Leaves after this step's changes are durable. Nothing is sent while no master counts this agent in. */
export function sendWhenDurable(context: Context, frame: AgentMessage): void {
  context.out.emit({ type: 'afterPersist', kind: 'send', frame });
}

/** Writes what the agent is: id, cluster, term, boot, drain. */
export function saveAgent({ options, out, state }: Context): void {
  out.persist(
    {
      kind: 'put-agent',
      agent: {
        agent_info: state.agentInfo,
        cluster_id: state.clusterId,
        highest_term: state.highestTerm,
        boot_id: options.bootId,
        ...(state.drain === undefined
          ? {}
          : { drain_config: state.drain.config, drain_started_at_ms: Math.round(state.drain.startedAtMs) }),
      },
    },
    'machine',
  );
}
