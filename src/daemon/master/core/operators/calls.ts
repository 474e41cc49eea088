/**
 * Operator calls that change something: TEARDOWN, MARK_AGENT_GONE, UPDATE_WEIGHTS. Answered when the registry has the change.
 * Source: spec page 03, section 3.1.
 */
import { reject } from '../../../../base/rejection.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { departGone, notifyLost } from '../agents/departure.js';
import { agentTurn } from '../agents/keys.js';
import { notifyUpdate } from '../frameworks/notify.js';
import { removeFramework } from '../frameworks/removal.js';
import type { Context } from '../machine/context.js';
import type { TaskRecord } from '../model/task.js';
import type { MasterEvent, RequestId } from '../protocol.js';
import { updateWeights } from '../registry/weights.js';
import { timeInfo } from '../snapshot.js';
import { lossState, masterStatus } from '../tasks/status.js';
import { retireTask, unshelveTask } from '../tasks/tasks.js';
import { tellAgentRemoved } from '../watchers/tell.js';

type CallEvent = Extract<MasterEvent, { kind: 'operator-call' }>;

export function handleOperatorCall(context: Context, { requestId, call }: CallEvent): void {
  if (call.type === 'TEARDOWN' && call.teardown !== undefined) {
    teardown(context, requestId, call.teardown.framework_id.value);
  } else if (call.type === 'MARK_AGENT_GONE' && call.mark_agent_gone !== undefined) {
    markGone(context, requestId, call.mark_agent_gone.agent_id.value);
  } else if (call.type === 'UPDATE_WEIGHTS' && call.update_weights !== undefined) {
    updateWeights(context, requestId, call.update_weights.weight_infos ?? []);
  } else {
    const rejection = reject('unimplemented', `calls of type ${call.type ?? 'UNKNOWN'} are not taken here`);
    context.outbox.refuse(requestId, 501, rejection);
  }
}

function teardown(context: Context, requestId: RequestId, frameworkId: string): void {
  const framework = context.state.frameworks.get(frameworkId);
  if (framework === undefined) {
    context.outbox.refuse(requestId, 400, reject('invalid', `framework '${frameworkId}' is not known`));
    return;
  }
  removeFramework(context, framework, 'teardown', (removed) => {
    if (removed) context.outbox.respond(requestId, 200);
    else context.outbox.refuse(requestId, 400, reject('invalid', `framework '${frameworkId}' was removed meanwhile`));
  });
}

function markGone(context: Context, requestId: RequestId, agentId: string): void {
  const { agents, recoveredAgents, unreachableAgents, goneAgents } = context.state;
  if (goneAgents.has(agentId)) {
    context.outbox.respond(requestId, 200);
    return;
  }
  if (!agents.has(agentId) && !recoveredAgents.has(agentId) && !unreachableAgents.has(agentId)) {
    context.outbox.refuse(requestId, 404, reject('not-found', `agent '${agentId}' is not known`));
    return;
  }
  if (context.turns.isBusy(agentTurn(agentId))) {
    const message = `another change of agent '${agentId}' is under way: try again`;
    context.outbox.refuseUnavailable(requestId, message);
    return;
  }
  context.turns.take(agentTurn(agentId), (done) => {
    const gone_time = timeInfo(context.now.unixMs);
    context.registry.propose({ mark_agent_gone: { agent_id: { value: agentId }, gone_time } }, (result) => {
      if (result.ok) {
        applyGone(context, agentId, gone_time);
        context.outbox.respond(requestId, 200);
      } else context.outbox.refuse(requestId, 409, reject('conflict', `the registry refused: ${result.message}`));
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
