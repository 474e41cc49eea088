/**
 * RECONCILE and RECONCILE_OPERATIONS: one answer per task, one task per unit of sliced work, so that a million tasks
 * neither block the master nor make one giant message. States are those of the moment of the answer.
 * Source: spec page 01, RECONCILE.
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import { agentTurn } from '../agents/keys.js';
import { notifyUpdate } from '../frameworks/notify.js';
import { MAX_RECONCILIATIONS } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { FrameworkRecord } from '../model/framework.js';
import { notifyOperation } from '../operations/book.js';
import { lossState, masterStatus, presentStatus } from '../tasks/status.js';

export function handleReconcile(context: Context, framework: FrameworkRecord, call: scheduler.Call_Reconcile): void {
  context.counters.add('messages_reconcile_tasks');
  const asked = call.tasks ?? [];
  const work = asked.length === 0 ? reconcileAll(context, framework) : reconcileEach(context, framework, asked);
  begin(context, framework, work);
}

/** Whether one more may be begun: a scheduler cannot pile up work without end. */
export function mayReconcile(framework: FrameworkRecord): boolean {
  return framework.reconciliations < MAX_RECONCILIATIONS;
}

function begin(context: Context, framework: FrameworkRecord, work: Generator<void, void>): void {
  framework.reconciliations++;
  context.jobs.add(counted(framework, work));
}

function* counted(framework: FrameworkRecord, work: Generator<void, void>): Generator<void, void> {
  yield* work;
  framework.reconciliations--;
}

function* reconcileAll(context: Context, framework: FrameworkRecord): Generator<void, void> {
  const { stream } = framework;
  for (const task of framework.tasks.values()) {
    if (framework.stream !== stream) return;
    notifyUpdate(context, framework, presentStatus(context, task, 'REASON_RECONCILIATION'));
    yield;
  }
}

function* reconcileEach(
  context: Context,
  framework: FrameworkRecord,
  asked: readonly scheduler.Call_Reconcile_Task[],
): Generator<void, void> {
  const { stream } = framework;
  for (const { task_id, agent_id } of asked) {
    if (framework.stream !== stream) return;
    reconcileTask(context, framework, task_id.value, agent_id?.value);
    yield;
  }
}

/** Answers for one task; says nothing while the answer may still change by itself. */
export function reconcileTask(
  context: Context,
  framework: FrameworkRecord,
  taskId: string,
  askedAgentId: string | undefined,
): void {
  const task = framework.tasks.get(taskId);
  if (task !== undefined) {
    notifyUpdate(context, framework, presentStatus(context, task, 'REASON_RECONCILIATION'));
    return;
  }
  const agentId = askedAgentId ?? framework.unreachableTasks.get(taskId)?.agentId;
  if (isUndecided(context, agentId)) return;
  const state = stateOfUnknownTask(context, agentId);
  const status = masterStatus(context, {
    taskId,
    agentId,
    state: lossState(framework, state),
    reason: 'REASON_RECONCILIATION',
    message: MESSAGE_OF_STATE[state],
    unreachableTime: agentId === undefined ? undefined : context.state.unreachableAgents.get(agentId),
  });
  notifyUpdate(context, framework, status);
}

/** Agents that have not been heard of since the election, or whose fate is with the registry, may still report it. */
function isUndecided(context: Context, agentId: string | undefined): boolean {
  const { recoveredAgents } = context.state;
  if (agentId === undefined) return recoveredAgents.size > 0;
  return recoveredAgents.has(agentId) || context.turns.isBusy(agentTurn(agentId));
}

type UnknownTaskState = 'TASK_GONE' | 'TASK_UNREACHABLE' | 'TASK_GONE_BY_OPERATOR' | 'TASK_UNKNOWN';

const MESSAGE_OF_STATE: Readonly<Record<UnknownTaskState, string>> = {
  TASK_GONE: 'the agent is registered and does not run this task',
  TASK_UNREACHABLE: 'the agent is unreachable',
  TASK_GONE_BY_OPERATOR: 'an operator marked the agent gone',
  TASK_UNKNOWN: 'neither the task nor its agent is known',
};

function stateOfUnknownTask(context: Context, agentId: string | undefined): UnknownTaskState {
  const { agents, unreachableAgents, goneAgents } = context.state;
  if (agentId === undefined) return 'TASK_UNKNOWN';
  if (agents.has(agentId)) return 'TASK_GONE';
  if (unreachableAgents.has(agentId)) return 'TASK_UNREACHABLE';
  return goneAgents.has(agentId) ? 'TASK_GONE_BY_OPERATOR' : 'TASK_UNKNOWN';
}

/** None named: all that are known. */
export function handleReconcileOperations(
  context: Context,
  framework: FrameworkRecord,
  call: scheduler.Call_ReconcileOperations,
): void {
  context.counters.add('messages_reconcile_operations');
  const asked = call.operations ?? [];
  const all = Array.from(framework.operations.keys(), (value) => ({ operation_id: { value } }));
  begin(
    context,
    framework,
    reconcileOperations(context, framework, asked.length === 0 ? all : asked, asked.length > 0),
  );
}

/** `isAsked`: the scheduler named them, so that unknown ones are answered too. */
function* reconcileOperations(
  context: Context,
  framework: FrameworkRecord,
  operations: readonly scheduler.Call_ReconcileOperations_Operation[],
  isAsked: boolean,
): Generator<void, void> {
  const { stream } = framework;
  for (const operation of operations) {
    if (framework.stream !== stream) return;
    const known = framework.operations.get(operation.operation_id.value);
    if (known !== undefined) notifyOperation(context, framework, { ...known.status, uuid: undefined });
    else if (isAsked) notifyOperation(context, framework, statusOfUnknownOperation(context, operation));
    yield;
  }
}

/** Judged by where it would be. */
function statusOfUnknownOperation(
  context: Context,
  { operation_id, agent_id, resource_provider_id }: scheduler.Call_ReconcileOperations_Operation,
): mesos.OperationStatus {
  return {
    operation_id,
    state: stateOfUnknownOperation(context, agent_id?.value),
    message: 'reconciliation: the operation is not known to the master',
    agent_id,
    resource_provider_id,
  };
}

function stateOfUnknownOperation(context: Context, agentId: string | undefined): mesos.OperationState {
  const { recoveredAgents, unreachableAgents, goneAgents } = context.state;
  if (agentId === undefined) return 'OPERATION_UNKNOWN';
  if (recoveredAgents.has(agentId)) return 'OPERATION_RECOVERING';
  if (unreachableAgents.has(agentId)) return 'OPERATION_UNREACHABLE';
  return goneAgents.has(agentId) ? 'OPERATION_GONE_BY_OPERATOR' : 'OPERATION_UNKNOWN';
}
