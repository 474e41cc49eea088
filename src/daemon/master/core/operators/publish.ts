/** Tells every subscriber of the operator stream; with none, events are not even built. Source: spec page 03, 3.2. */
import type * as master from '../../../../wire/gen/master.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { TaskRecord } from '../model/task.js';
import { describeAgent, describeFramework } from '../snapshot.js';

function publish(context: Context, build: () => master.Event): void {
  const { operators } = context.state;
  if (operators.size === 0) return;
  const connectionIds = [...operators.keys()];
  context.outbox.push({ type: 'now', kind: 'operator-event', connectionIds, event: build() });
}

/** A copy: the record changes on, an event must not. */
export function snapshotOfTask(message: mesos.Task): mesos.Task {
  const { statuses } = message;
  return { ...message, statuses: statuses === undefined ? undefined : [...statuses] };
}

export function publishTaskAdded(context: Context, task: TaskRecord): void {
  publish(context, () => ({ type: 'TASK_ADDED', task_added: { task: snapshotOfTask(task.message) } }));
}

export function publishTaskUpdated(context: Context, task: TaskRecord, status: mesos.TaskStatus): void {
  publish(context, () => ({
    type: 'TASK_UPDATED',
    task_updated: {
      framework_id: task.message.framework_id,
      status: { ...status, data: undefined },
      state: task.state,
    },
  }));
}

export function publishAgentAdded(context: Context, agent: AgentRecord): void {
  publish(context, () => ({ type: 'AGENT_ADDED', agent_added: { agent: describeAgent(agent) } }));
}

export function publishAgentRemoved(context: Context, agentId: string): void {
  publish(context, () => ({ type: 'AGENT_REMOVED', agent_removed: { agent_id: { value: agentId } } }));
}

export function publishFrameworkAdded(context: Context, framework: FrameworkRecord): void {
  publish(context, () => ({
    type: 'FRAMEWORK_ADDED',
    framework_added: { framework: describeFramework(framework) },
  }));
}

export function publishFrameworkUpdated(context: Context, framework: FrameworkRecord): void {
  publish(context, () => ({
    type: 'FRAMEWORK_UPDATED',
    framework_updated: { framework: describeFramework(framework) },
  }));
}

export function publishFrameworkRemoved(context: Context, framework: FrameworkRecord): void {
  publish(context, () => ({
    type: 'FRAMEWORK_REMOVED',
    framework_removed: { framework_info: framework.info },
  }));
}
