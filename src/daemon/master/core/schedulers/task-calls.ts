/**
 * KILL, ACKNOWLEDGE, SHUTDOWN, MESSAGE: what a scheduler says about its running tasks and executors, passed on to the
 * agent. Source: spec page 01.
 */
import { present } from '../../../../base/assert.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import { isTerminal } from '../../../../wire/task-state.js';
import { sendToAgent } from '../agents/send.js';
import type { Context } from '../machine/context.js';
import { sameBytes } from '../model/equality.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { TaskRecord } from '../model/task.js';
import { completeTask } from '../tasks/tasks.js';
import { reconcileTask } from './reconcile.js';

/** A known task's kill is remembered until it is seen dead; an unknown one is reconciled instead. */
export function handleKill(context: Context, framework: FrameworkRecord, kill: scheduler.Call_Kill): void {
  context.counters.add('messages_kill_task');
  const task = framework.tasks.get(kill.task_id.value);
  if (task === undefined) {
    reconcileTask(context, framework, kill.task_id.value, kill.agent_id?.value);
    return;
  }
  const fields = { frameworkId: framework.id, taskId: task.id, agentId: task.agentId };
  if (kill.agent_id !== undefined && kill.agent_id.value !== task.agentId) {
    context.outbox.log('warn', 'kill ignored: the task is on another agent', fields);
    return;
  }
  killLiveTask(context, task, kill.kill_policy);
}

/** Remembered until it is seen dead: an agent that is away is told when it returns. */
export function killLiveTask(context: Context, task: TaskRecord, kill_policy: mesos.KillPolicy | undefined): void {
  const { frameworkId } = task;
  const agent = present(context.state.agents.get(task.agentId), 'a live task has an agent');
  if (!task.isTerminal) {
    const kills = agent.pendingKills.get(frameworkId) ?? new Map();
    agent.pendingKills.set(frameworkId, kills.set(task.id, kill_policy));
  }
  const { framework_id, task_id } = task.message;
  if (sendToAgent(context, agent, { kill_task: { framework_id, task_id, kill_policy } })) return;
  const fields = { frameworkId, taskId: task.id, agentId: task.agentId };
  context.outbox.log('info', 'kill waits for the agent to re-register', fields);
}

/** Only what was forwarded can be acknowledged; the acknowledged terminal state ends the task in the books. */
export function handleAcknowledge(
  context: Context,
  framework: FrameworkRecord,
  { agent_id, task_id, uuid }: scheduler.Call_Acknowledge,
): void {
  context.counters.add('messages_status_update_acknowledgement');
  const agent = context.state.agents.get(agent_id.value);
  const task = framework.tasks.get(task_id.value);
  const isForwarded = task?.agentId !== agent_id.value || task.message.status_update_uuid !== undefined;
  if (agent?.link === undefined || !isForwarded) {
    context.counters.add('invalid_status_update_acknowledgements');
    const fields = { frameworkId: framework.id, taskId: task_id.value, agentId: agent_id.value };
    context.outbox.log('warn', 'acknowledgement dropped', fields);
    return;
  }
  context.counters.add('valid_status_update_acknowledgements');
  sendToAgent(context, agent, {
    acknowledge_update: { framework_id: framework.wireId, task_id, uuid },
  });
  if (task === undefined || task.agentId !== agent.id) return;
  const { status_update_state, status_update_uuid } = task.message;
  const isLast = status_update_state !== undefined && isTerminal(status_update_state);
  if (isLast && sameBytes(status_update_uuid, uuid)) completeTask(context, framework, task);
}

export function handleShutdownExecutor(
  context: Context,
  framework: FrameworkRecord,
  { agent_id, executor_id }: scheduler.Call_Shutdown,
): void {
  const agent = context.state.agents.get(agent_id.value);
  const message = { shutdown_executor: { framework_id: { value: framework.id }, executor_id } };
  if (agent === undefined || !sendToAgent(context, agent, message)) {
    const fields = { frameworkId: framework.id, executorId: executor_id.value, agentId: agent_id.value };
    context.outbox.log('warn', 'executor shutdown dropped: the agent is not there', fields);
  }
}

/** Best effort by contract. */
export function handleMessage(
  context: Context,
  framework: FrameworkRecord,
  { agent_id, executor_id, data }: scheduler.Call_Message,
): void {
  context.counters.add('messages_framework_to_executor');
  const agent = context.state.agents.get(agent_id.value);
  const message = { framework_message: { framework_id: { value: framework.id }, executor_id, data } };
  const isSent = agent !== undefined && sendToAgent(context, agent, message);
  context.counters.add(isSent ? 'valid_framework_to_executor_messages' : 'invalid_framework_to_executor_messages');
}
