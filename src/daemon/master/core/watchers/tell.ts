/**
 * What the parts of the core tell watchers, each where the books have just changed. With nobody watching the kind, a call costs
 * a look-up and builds nothing. Source: mesoctl/api.proto, `Event`.
 */
import type * as api from '../../../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Context } from '../machine/context.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { OfferRecord } from '../model/offer.js';
import type { TaskRecord } from '../model/task.js';
import { agentPicture, frameworkPicture, offerPicture, taskPicture } from '../pictures.js';
import { isWatched, join, sendEvent, type Topic } from './broadcast.js';
import { touchAllFrameworks } from './usage.js';

// Tasks.

const TASKS_UPDATED: Topic<TaskRecord> = {
  key: 'TASKS_UPDATED',
  to: 'TASKS',
  build: (_context, tasks) => ({ type: 'TASKS_UPDATED', tasks_updated: tasks.map(taskPicture) }),
};

const TASKS_REMOVED: Topic<TaskRecord> = {
  key: 'TASKS_REMOVED',
  to: 'TASKS',
  build: (_context, tasks) => ({
    type: 'TASKS_REMOVED',
    tasks_removed: tasks.map(({ message: { framework_id, task_id } }) => ({ framework_id, task_id })),
  }),
};

/** The task is new, or changed, or moved. */
export function tellTask(context: Context, task: TaskRecord): void {
  join(context, TASKS_UPDATED, task);
}

/** Of a framework that is forgotten with it. */
export function tellTaskRemoved(context: Context, task: TaskRecord): void {
  join(context, TASKS_REMOVED, task);
}

/** The task is in no book any more. Another of its id may be: then that one is what there is. */
export function tellTaskForgotten(context: Context, framework: FrameworkRecord, task: TaskRecord): void {
  if (!isWatched(context, 'TASKS')) return;
  const { tasks, unreachableTasks, completedTasks } = framework;
  const namesake = tasks.get(task.id) ?? unreachableTasks.get(task.id) ?? completedTasks.find(task.id);
  if (namesake === undefined) join(context, TASKS_REMOVED, task);
  else join(context, TASKS_UPDATED, namesake);
}

// Offers.

const OFFERS_MADE: Topic<OfferRecord> = {
  key: 'OFFERS_MADE',
  to: 'OFFERS',
  build: (_context, offers) => ({ type: 'OFFERS_MADE', offers_made: offers.map(offerPicture) }),
};

const OFFERS_ENDED: Topic<api.Event_OfferEnded> = {
  key: 'OFFERS_ENDED',
  to: 'OFFERS',
  build: (_context, ended) => ({ type: 'OFFERS_ENDED', offers_ended: [...ended] }),
};

export function tellOfferMade(context: Context, offer: OfferRecord): void {
  join(context, OFFERS_MADE, offer);
}

export interface OfferEnding {
  readonly outcome: Exclude<api.Event_OfferEnded_Outcome, 'UNKNOWN'>;
  readonly refuseSeconds?: number | undefined;
}

export function tellOfferEnded(context: Context, offer: OfferRecord, ending: OfferEnding): void {
  if (!isWatched(context, 'OFFERS')) return;
  join(context, OFFERS_ENDED, {
    offer_id: { value: offer.id },
    framework_id: { value: offer.frameworkId },
    agent_id: { value: offer.agentId },
    outcome: ending.outcome,
    refuse_seconds: ending.refuseSeconds,
  });
}

// Agents.

type AgentReason = Exclude<api.Event_AgentsUpdated_Reason, 'UNKNOWN'>;
type AgentRemoval = Exclude<api.Event_AgentRemoved_Reason, 'UNKNOWN'>;

/** The agent came, changed, or its connection did. Shares of frameworks and roles are parts of what all agents have. */
export function tellAgent(context: Context, agentId: string, reason: AgentReason, message?: string): void {
  touchAllFrameworks(context);
  if (!isWatched(context, 'AGENTS')) return;
  const topic: Topic<string> = {
    key: `AGENTS_UPDATED ${reason} ${message ?? ''}`,
    to: 'AGENTS',
    build: (_, ids) => agentsUpdated(context, ids, reason, message),
  };
  join(context, topic, agentId);
}

function agentsUpdated(
  context: Context,
  ids: readonly string[],
  reason: AgentReason,
  message: string | undefined,
): { type: 'AGENTS_UPDATED'; agents_updated: api.Event_AgentsUpdated } | undefined {
  const agents = ids.map((id) => agentPicture(context.view, id)).filter((agent) => agent !== undefined);
  return agents.length === 0 ? undefined : { type: 'AGENTS_UPDATED', agents_updated: { reason, agents, message } };
}

export function tellAgentRemoved(
  context: Context,
  agentId: string,
  reason: AgentRemoval,
  info: mesos.AgentInfo | undefined,
): void {
  touchAllFrameworks(context);
  if (!isWatched(context, 'AGENTS')) return;
  const agent_removed = { agent_id: { value: agentId }, reason, hostname: info?.hostname };
  sendEvent(context, 'AGENTS', { type: 'AGENT_REMOVED', agent_removed });
}

// Frameworks.

type FrameworkReason = Exclude<api.Event_FrameworksUpdated_Reason, 'UNKNOWN'>;
type FrameworkRemoval = Exclude<api.Event_FrameworkRemoved_Reason, 'UNKNOWN'>;

/** Pictures, not records: one that ends within the step was in its last state first. */
function frameworksUpdated(reason: FrameworkReason): Topic<api.Framework> {
  return {
    key: `FRAMEWORKS_UPDATED ${reason}`,
    to: 'FRAMEWORKS',
    build: (_context, frameworks) => ({
      type: 'FRAMEWORKS_UPDATED',
      frameworks_updated: { reason, frameworks: [...frameworks] },
    }),
  };
}

const FRAMEWORKS_UPDATED: Readonly<Record<FrameworkReason, Topic<api.Framework>>> = {
  SUBSCRIBED: frameworksUpdated('SUBSCRIBED'),
  RESUBSCRIBED: frameworksUpdated('RESUBSCRIBED'),
  DISCONNECTED: frameworksUpdated('DISCONNECTED'),
  CHANGED: frameworksUpdated('CHANGED'),
  RECOVERED: frameworksUpdated('RECOVERED'),
};

/** To be called wherever its state may have changed: it also settles since when it has it. */
export function tellFramework(context: Context, framework: FrameworkRecord, reason: FrameworkReason): void {
  framework.settleState(context.now.unixMs);
  if (!isWatched(context, 'FRAMEWORKS')) return;
  join(context, FRAMEWORKS_UPDATED[reason], frameworkPicture(context.view, framework));
}

export function tellFrameworkRemoved(context: Context, framework: FrameworkRecord, reason: FrameworkRemoval): void {
  framework.settleState(context.now.unixMs);
  if (!isWatched(context, 'FRAMEWORKS')) return;
  const framework_removed = { framework_id: { value: framework.id }, reason, name: framework.info.name };
  sendEvent(context, 'FRAMEWORKS', { type: 'FRAMEWORK_REMOVED', framework_removed });
}
