/**
 * An agent leaves the books: unreachable, gone by an operator, or removed. The registry has agreed first; then its tasks
 * end or are shelved, its offers are rescinded, and every framework hears FAILURE. Source: spec page 07, section 7.5.
 */
import { present } from '../../../../base/assert.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { notifyAll, notifyUpdate } from '../frameworks/notify.js';
import { MAX_LOST_AGENTS } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import { trimOldest } from '../model/bounded-history.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { TaskRecord } from '../model/task.js';
import { reviewQuotas } from '../offers/allocate.js';
import { rescindInverseOffer } from '../offers/inverse-offer-book.js';
import { rescindOffer } from '../offers/offer-book.js';
import { endOperations } from '../operations/book.js';
import { publishAgentRemoved } from '../operators/publish.js';
import { timeInfo } from '../snapshot.js';
import { lossState, masterStatus } from '../tasks/status.js';
import { completeTask, removeExecutor, shelveTask, updateTask } from '../tasks/tasks.js';
import type { LostAgent } from '../view.js';
import { tellAgent, tellAgentRemoved } from '../watchers/tell.js';
import { closeChannel, findChannel, moveAddress, unbindAgent } from './channels.js';
import { agentTurn } from './keys.js';
import { sendToAgent } from './send.js';

/** How the tasks of a leaving agent end. */
interface Ending {
  readonly message: string;
  /** For PARTITION_AWARE frameworks; the others know only TASK_LOST. */
  readonly aware: { readonly state: mesos.TaskState; readonly reason: mesos.TaskStatus_Reason };
  readonly unreachableTime?: mesos.TimeInfo | undefined;
  readonly operations: 'OPERATION_UNREACHABLE' | 'OPERATION_GONE_BY_OPERATOR';
}

/** Silence: the agent may come back, with its tasks. */
export function markUnreachable(context: Context, agent: AgentRecord, why: string): void {
  const { signsOfLife } = agent;
  context.turns.take(agentTurn(agent.id), (done) => {
    if (context.state.agents.get(agent.id) !== agent || agent.signsOfLife !== signsOfLife) {
      agent.awaitsRemoval = false;
      context.counters.add('slave_unreachable_canceled');
      done();
      return;
    }
    const unreachable_time = timeInfo(context.now.unixMs);
    const operation = { mark_agent_unreachable: { agent_id: { value: agent.id }, unreachable_time } };
    context.registry.propose(operation, (result) => {
      agent.awaitsRemoval = false;
      if (result.ok) {
        context.counters.add('slave_unreachable_completed');
        countRemoval(context, 'unhealthy');
        context.outbox.log('warn', 'agent unreachable', { agentId: agent.id, reason: why });
        rememberLost(context, agent.id, unreachable_time, lostFactsOf(agent));
        depart(context, agent, {
          message: why,
          aware: { state: 'TASK_UNREACHABLE', reason: 'REASON_AGENT_REMOVED' },
          unreachableTime: unreachable_time,
          operations: 'OPERATION_UNREACHABLE',
        });
        tellAgent(context, agent.id, 'UNREACHABLE', why);
      } else logRefusal(context, agent.id, result.message);
      done();
    });
  });
}

/** The registry holds it as unreachable; what was known of it stays for those who look. */
export function rememberLost(context: Context, agentId: string, since: mesos.TimeInfo, facts: LostAgent): void {
  const { unreachableAgents, lostAgents } = context.state;
  unreachableAgents.set(agentId, since);
  lostAgents.set(agentId, facts);
  trimOldest(lostAgents, MAX_LOST_AGENTS);
}

function lostFactsOf({ info, version, ip, registeredAtUnixMs, total }: AgentRecord): LostAgent {
  return { info, version, ip, registeredAtUnixMs, total };
}

/** Why an agent leaves for good, but for operators who mark it gone. */
type RemovalCause = 'unregistered' | 'registered' | 'machine-down';

const REMOVALS = {
  unregistered: { message: 'the agent unregistered', told: 'UNREGISTERED' },
  registered: { message: 'a new agent has its address', told: 'REPLACED' },
  'machine-down': { message: 'its machine is down for maintenance', told: 'MACHINE_DOWN' },
} as const;

/** By its own wish, because another took its address, or for maintenance; `then` runs when it is out of the books. */
export function removeAgent(
  context: Context,
  agent: AgentRecord,
  cause: RemovalCause,
  then: () => void = () => undefined,
): void {
  context.turns.take(agentTurn(agent.id), (done) => {
    const end = () => {
      done();
      then();
    };
    if (context.state.agents.get(agent.id) !== agent) {
      end();
      return;
    }
    context.registry.propose({ remove_agent: { agent_id: { value: agent.id } } }, (result) => {
      if (result.ok) {
        countRemoval(context, cause);
        leave(context, agent, cause);
      } else logRefusal(context, agent.id, result.message);
      end();
    });
  });
}

function leave(context: Context, agent: AgentRecord, cause: RemovalCause): void {
  const { message, told } = REMOVALS[cause];
  context.outbox.log('info', 'agent removed', { agentId: agent.id, reason: message });
  const { link } = agent;
  context.state.deactivatedAgents.delete(agent.id);
  depart(context, agent, {
    message,
    aware: { state: 'TASK_LOST', reason: 'REASON_AGENT_REMOVED' },
    operations: 'OPERATION_UNREACHABLE',
  });
  // One that was told to shut down closes it by itself.
  if (link !== undefined && cause !== 'machine-down') closeChannel(context, link);
  publishAgentRemoved(context, agent.id);
  tellAgentRemoved(context, agent.id, told, agent.info);
}

/** The registry holds it as gone: whatever it still runs is to be killed, and it never comes back. */
export function departGone(context: Context, agent: AgentRecord): void {
  sendToAgent(context, agent, { shutdown: { message: 'an operator marked this agent gone' } });
  const channel = agent.link === undefined ? undefined : findChannel(context, agent.link);
  context.counters.add('slave_removals');
  depart(context, agent, {
    message: 'an operator marked the agent gone',
    aware: { state: 'TASK_GONE_BY_OPERATOR', reason: 'REASON_AGENT_REMOVED_BY_OPERATOR' },
    operations: 'OPERATION_GONE_BY_OPERATOR',
  });
  if (channel !== undefined) channel.toldToReregister = true;
  tellAgentRemoved(context, agent.id, 'GONE', agent.info);
}

function depart(context: Context, agent: AgentRecord, ending: Ending): void {
  const { state } = context;
  for (const holding of agent.holdings.values()) {
    const framework = present(state.frameworks.get(holding.frameworkId), 'a holding has a framework');
    for (const task of holding.tasks.values()) endTask(context, framework, task, ending);
    for (const executor of holding.executors.values()) removeExecutor(context, framework, agent, executor);
  }
  for (const offer of agent.offers.values()) rescindOffer(context, offer);
  for (const offer of agent.inverseOffers.values()) rescindInverseOffer(context, offer);
  endOperations(context, agent, ending.operations, ending.message);
  context.allocator.removeAgent(agent.id);
  reviewQuotas(context);
  context.timers.cancel(agent.pingTimer);
  context.timers.cancel(agent.reregisterTimer);
  context.removals.cancel(agent.id);
  unbindAgent(context, agent);
  moveAddress(context, agent, undefined);
  state.agents.delete(agent.id);
  notifyLost(context, agent.id);
}

function endTask(context: Context, framework: FrameworkRecord, task: TaskRecord, ending: Ending): void {
  if (task.isTerminal) {
    completeTask(context, framework, task);
    return;
  }
  const isAware = framework.has('PARTITION_AWARE');
  const status = masterStatus(context, {
    taskId: task.id,
    agentId: task.agentId,
    executorId: task.message.executor_id,
    state: lossState(framework, ending.aware.state),
    reason: isAware ? ending.aware.reason : 'REASON_AGENT_REMOVED',
    message: ending.message,
    unreachableTime: ending.unreachableTime,
  });
  updateTask(context, framework, task, status);
  notifyUpdate(context, framework, status);
  if (ending.unreachableTime === undefined) completeTask(context, framework, task);
  else shelveTask(context, framework, task);
}

/** FAILURE goes to every framework, whether it had anything there or not. */
export function notifyLost(context: Context, agentId: string): void {
  notifyAll(context, { type: 'FAILURE', failure: { agent_id: { value: agentId } } });
}

export function countRemoval(context: Context, cause: 'unhealthy' | RemovalCause): void {
  context.counters.add('slave_removals');
  if (cause === 'machine-down') return;
  context.counters.add(`slave_removals/reason_${cause}`);
}

export function logRefusal(context: Context, agentId: string, reason: string): void {
  context.outbox.log('error', 'registry refused a change of an agent', { agentId, reason });
}
