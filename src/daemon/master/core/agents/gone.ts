/**
 * An agent is marked gone, by an operator or because it was drained to that end: the registry first, then whatever is known of
 * it ends. It never comes back. Source: spec page 07, section 7.5.
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import { notifyUpdate } from '../frameworks/notify.js';
import type { Context } from '../machine/context.js';
import type { TaskRecord } from '../model/task.js';
import type { RegistryResult } from '../protocol.js';
import { timeInfo } from '../snapshot.js';
import { lossState, masterStatus } from '../tasks/status.js';
import { retireTask, unshelveTask } from '../tasks/tasks.js';
import { tellAgentRemoved } from '../watchers/tell.js';
import { departGone, notifyLost } from './departure.js';
import { agentTurn } from './keys.js';

/** `then` gets the registry's answer. */
export function markGone(context: Context, agentId: string, then: (result: RegistryResult) => void): void {
  const { markingGone } = context.state;
  context.turns.take(agentTurn(agentId), (done) => {
    const gone_time = timeInfo(context.now.unixMs);
    markingGone.add(agentId);
    context.registry.propose({ mark_agent_gone: { agent_id: { value: agentId }, gone_time } }, (result) => {
      markingGone.delete(agentId);
      if (result.ok) applyGone(context, agentId, gone_time);
      then(result);
      done();
    });
  });
}

function applyGone(context: Context, agentId: string, goneTime: mesos.TimeInfo): void {
  const { state } = context;
  context.outbox.log('info', 'agent marked gone', { agentId });
  state.goneAgents.set(agentId, goneTime);
  state.deactivatedAgents.delete(agentId);
  const agent = state.agents.get(agentId);
  if (agent !== undefined) {
    departGone(context, agent);
    return;
  }
  const info = state.recoveredAgents.get(agentId) ?? state.lostAgents.get(agentId)?.info;
  if (state.recoveredAgents.delete(agentId)) notifyLost(context, agentId);
  state.unreachableAgents.delete(agentId);
  state.lostAgents.delete(agentId);
  for (const task of state.shelved.get(agentId) ?? []) endShelved(context, task);
  tellAgentRemoved(context, agentId, 'GONE', info);
}

/** What was unreachable is gone now. */
function endShelved(context: Context, task: TaskRecord): void {
  const framework = context.state.frameworks.get(task.frameworkId);
  if (framework === undefined) return;
  unshelveTask(context, framework, task.id);
  if (task.isTerminal) {
    retireTask(context, framework, task);
    return;
  }
  const status = masterStatus(context, {
    taskId: task.id,
    agentId: task.agentId,
    executorId: task.message.executor_id,
    state: lossState(framework, 'TASK_GONE_BY_OPERATOR'),
    reason: 'REASON_AGENT_REMOVED_BY_OPERATOR',
    message: 'an operator marked the agent gone',
  });
  task.setState(status.state, context.now.unixMs);
  task.recordStatus(status);
  retireTask(context, framework, task);
  notifyUpdate(context, framework, status);
}
