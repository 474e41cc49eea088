/**
 * LAUNCH: each task on its own. A valid one is in the books, paid for and on its way to the agent; an invalid one is
 * TASK_ERROR and uses nothing. Source: spec page 01, ACCEPT and "Task validation".
 */
import { isRejection } from '../../../../base/rejection.js';
import { type ResourceEntry, Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { sendToAgent } from '../agents/send.js';
import { notifyUpdate } from '../frameworks/notify.js';
import { countTaskEnding } from '../metrics/task-metrics.js';
import { ExecutorRecord } from '../model/holding.js';
import { TaskRecord, taskOf } from '../model/task.js';
import { masterStatus } from '../tasks/status.js';
import { addExecutor, enterTask } from '../tasks/tasks.js';
import type { PreparedTask } from '../validation/preparation.js';
import { launchComplaint } from '../validation/task.js';
import { touchSums } from '../watchers/usage.js';
import type { AcceptScope } from './accept-scope.js';

export function launchTasks(scope: AcceptScope, operation: mesos.Offer_Operation): void {
  const tasks = operation.launch?.task_infos ?? [];
  if (operation.id !== undefined) {
    for (const task of tasks) refuseTask(scope, task, 'REASON_TASK_INVALID', 'operation ids are not for LAUNCH');
    return;
  }
  const prepared = tasks.map((task) => scope.preparation.prepare(task));
  const invalid = prepared.find(isRejection);
  if (invalid !== undefined) {
    for (const task of tasks) refuseTask(scope, task, 'REASON_TASK_INVALID', invalid.message);
    return;
  }
  for (const task of prepared) if (!isRejection(task)) launchTask(scope, task);
}

function launchTask(scope: AcceptScope, prepared: PreparedTask): void {
  const { context, framework, agent } = scope;
  const task = prepared.info;
  const complaint = launchComplaint(scope, prepared);
  if (complaint !== undefined) {
    refuseTask(scope, task, 'REASON_TASK_INVALID', complaint);
    return;
  }
  const launchExecutor = task.executor !== undefined && admitExecutor(scope, task.executor);
  admitTask(scope, prepared);
  sendToAgent(context, agent, {
    run_tasks: {
      framework_info: framework.info,
      tasks: [task],
      executor: task.executor,
      group: false,
      launch_executor: launchExecutor,
    },
  });
}

/** Pays for the task and enters it; its use is entered by `settleLaunches`. */
export function admitTask(scope: AcceptScope, { info, resources }: PreparedTask): void {
  const { context, framework, agent } = scope;
  const record = new TaskRecord(taskOf(info, framework.wireId), resources, context.now.unixMs);
  pay(scope, resources);
  context.happenings.tasksLaunched++;
  enterTask(context, framework, agent, record);
  scope.used.push(resources);
}

/** Pays for the executor and enters it, unless it runs already; returns whether the agent has to start it. */
export function admitExecutor(scope: AcceptScope, info: mesos.ExecutorInfo): boolean {
  const { context, framework, agent } = scope;
  if (agent.holdings.get(framework.id)?.executors.has(info.executor_id.value) === true) return false;
  const record = new ExecutorRecord(framework.id, agent.id, info, Resources.of(info.resources ?? []));
  pay(scope, record.resources);
  addExecutor(context, framework, agent, record);
  return true;
}

/** A shared volume was offered once however many tasks use it: whoever comes after the first holds it beside the offer. */
function pay(scope: AcceptScope, resources: Resources): void {
  if (resources.isEmpty) return;
  const { context, framework, agent, remaining } = scope;
  const beside = resources.shared().filter((entry) => !holds(remaining, entry));
  const paid = beside.isEmpty ? resources : resources.subtract(beside);
  scope.remaining = remaining.subtract(paid);
  if (!paid.isEmpty) scope.paid.push(paid);
  if (!beside.isEmpty) context.allocator.addAllocated(framework.id, agent.id, beside);
}

function holds(remaining: Resources, { kind, count, allocationRole }: ResourceEntry): boolean {
  return remaining.entries.some(
    (held) => held.kind.key === kind.key && held.allocationRole === allocationRole && held.count >= count,
  );
}

export function refuseTask(
  { context, framework }: AcceptScope,
  task: mesos.TaskInfo,
  reason: 'REASON_TASK_INVALID' | 'REASON_TASK_GROUP_INVALID',
  message: string,
): void {
  const status = masterStatus(context, {
    taskId: task.task_id.value,
    agentId: task.agent_id.value,
    executorId: task.executor?.executor_id,
    state: 'TASK_ERROR',
    reason,
    message,
  });
  countTaskEnding(context, status);
  framework.refusedLaunches++;
  touchSums(context);
  notifyUpdate(context, framework, status);
}
