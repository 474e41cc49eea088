/**
 * Frames of agents: who speaks, and what about. Whoever speaks on a channel without being registered is told to
 * re-register, once. Source: spec page 07, section 7.4; the link's own contract in mesoctl/link.proto.
 */
import { Resources } from '../../../../offers/resources/resources.js';
import { validateResources } from '../../../../offers/resources/validation.js';
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { isTerminal } from '../../../../wire/task-state.js';
import { notify, notifyUpdate } from '../frameworks/notify.js';
import { endWhatWasDetached } from '../frameworks/removal.js';
import type { Context } from '../machine/context.js';
import type { Channel } from '../machine/state.js';
import type { AgentRecord } from '../model/agent.js';
import { handleOperationUpdate } from '../operations/book.js';
import { settleTotal } from '../operations/totals.js';
import type { MasterEvent } from '../protocol.js';
import { completeTask, forgetKill, removeExecutor, updateTask } from '../tasks/tasks.js';
import { channelOf } from './channels.js';
import { removeAgent } from './departure.js';
import { handleSignOfLife } from './liveness.js';
import { handleRegister } from './registration.js';
import { handleReregister } from './reregistration.js';
import { sendToAgent } from './send.js';

type FrameEvent = Extract<MasterEvent, { kind: 'agent-frame' }>;

export function handleAgentFrame(context: Context, event: FrameEvent): void {
  const { connectionId, frame, remoteIp } = event;
  const channel = channelOf(context, connectionId, event.channel);
  if (channel === undefined) return;
  const agent = channel.agentId === undefined ? undefined : context.state.agents.get(channel.agentId);
  if (frame.register !== undefined) handleRegister(context, channel, frame.register, remoteIp);
  else if (frame.reregister !== undefined) handleReregister(context, channel, frame.reregister, remoteIp);
  else if (agent === undefined) askToReregister(context, channel, frame);
  else handleFrameOf(context, agent, frame);
}

function handleFrameOf(context: Context, agent: AgentRecord, frame: link.AgentFrame): void {
  if (frame.pong !== undefined) handleSignOfLife(context, agent);
  else if (frame.status_update !== undefined) handleStatusUpdate(context, agent, frame.status_update);
  else if (frame.executor_message !== undefined) handleExecutorMessage(context, agent, frame.executor_message);
  else if (frame.executor_exited !== undefined) handleExecutorExited(context, agent, frame.executor_exited);
  else if (frame.operation_update !== undefined) handleOperationUpdate(context, agent, frame.operation_update);
  else if (frame.update_agent !== undefined) handleUpdateAgent(context, agent, frame.update_agent);
  else if (frame.unregister !== undefined) {
    context.counters.add('messages_unregister_slave');
    removeAgent(context, agent, 'unregistered');
  }
}

function askToReregister(context: Context, channel: Channel, frame: link.AgentFrame): void {
  context.counters.add('dropped_messages');
  if (frame.status_update !== undefined) context.counters.add('invalid_status_updates');
  if (channel.registering || channel.toldToReregister) return;
  channel.toldToReregister = true;
  context.outbox.agentMessage(channel.link, { ping: { connected: false } });
}

/** Passed on whatever the books say: the scheduler's acknowledgement is what ends the agent's retries. */
function handleStatusUpdate(context: Context, agent: AgentRecord, update: link.StatusUpdate): void {
  context.counters.add('messages_status_update');
  const { framework_id, latest_state } = update;
  const framework = context.state.frameworks.get(framework_id.value);
  const status = completed(context, agent, update.status);
  if (framework === undefined) {
    context.counters.add('invalid_status_updates');
    // The agent missed that the framework is gone.
    if (context.state.tombstones.has(framework_id.value))
      sendToAgent(context, agent, { shutdown_framework: { framework_id } });
    return;
  }
  const task = framework.tasks.get(status.task_id.value);
  if (task !== undefined && task.agentId !== agent.id) {
    settleForeign(context, agent, update);
    return;
  }
  notifyUpdate(context, framework, status);
  if (task === undefined) {
    context.counters.add('invalid_status_updates');
    return;
  }
  context.counters.add('valid_status_updates');
  updateTask(context, framework, task, status, latest_state);
  if (!task.isTerminal) return;
  forgetKill(agent, task);
  endWhatWasDetached(context, framework);
  const needsAcknowledgement = status.uuid !== undefined || !isTerminal(status.state);
  if (!needsAcknowledgement) completeTask(context, framework, task);
}

type AllOfStatus = { [Member in keyof Required<mesos.TaskStatus>]: mesos.TaskStatus[Member] };

/**
 * With agent and time, which executors may leave out. Member by member (the type sees to all of them): there is one for every update,
 * and a spread costs ten times as much.
 */
function completed(context: Context, agent: AgentRecord, status: mesos.TaskStatus): mesos.TaskStatus {
  if (status.agent_id?.value === agent.id && status.timestamp !== undefined) return status;
  const all: AllOfStatus = {
    task_id: status.task_id,
    state: status.state,
    message: status.message,
    source: status.source,
    reason: status.reason,
    data: status.data,
    agent_id: agent.wireId,
    executor_id: status.executor_id,
    timestamp: status.timestamp ?? context.now.unixMs / 1000,
    uuid: status.uuid,
    healthy: status.healthy,
    check_status: status.check_status,
    labels: status.labels,
    container_status: status.container_status,
    unreachable_time: status.unreachable_time,
    limitation: status.limitation,
  };
  return all;
}

/** The task lives on another agent by now: this one's news of it would be false, so the master takes it in itself. */
function settleForeign(context: Context, agent: AgentRecord, { framework_id, status }: link.StatusUpdate): void {
  context.counters.add('invalid_status_updates');
  const { task_id, uuid } = status;
  if (uuid !== undefined) sendToAgent(context, agent, { acknowledge_update: { framework_id, task_id, uuid } });
}

function handleExecutorMessage(context: Context, agent: AgentRecord, message: link.ExecutorMessage): void {
  context.counters.add('messages_executor_to_framework');
  const { framework_id, executor_id, data } = message;
  const framework = context.state.frameworks.get(framework_id.value);
  if (framework?.connected !== true) {
    context.counters.add('invalid_executor_to_framework_messages');
    return;
  }
  context.counters.add('valid_executor_to_framework_messages');
  notify(context, framework, { type: 'MESSAGE', message: { agent_id: { value: agent.id }, executor_id, data } });
}

function handleExecutorExited(context: Context, agent: AgentRecord, exited: link.ExecutorExited): void {
  context.counters.add('messages_exited_executor');
  const { framework_id, executor_id, status } = exited;
  const framework = context.state.frameworks.get(framework_id.value);
  const executor = agent.holdings.get(framework_id.value)?.executors.get(executor_id.value);
  if (framework === undefined || executor === undefined) return;
  removeExecutor(context, framework, agent, executor);
  notify(context, framework, { type: 'FAILURE', failure: { agent_id: { value: agent.id }, executor_id, status } });
}

function handleUpdateAgent(context: Context, agent: AgentRecord, update: link.UpdateAgent): void {
  context.counters.add('messages_update_slave');
  const given = update.total_resources ?? [];
  const invalid = validateResources(given);
  if (invalid !== undefined) {
    context.outbox.log('warn', 'agent update ignored', { agentId: agent.id, reason: invalid.message });
    return;
  }
  settleTotal(context, agent, Resources.of(given));
}
