/**
 * A registered agent reports what it runs; the books may say otherwise. Tasks it does not report are asked for, never
 * declared lost here: the launch may not have reached it, and only the agent knows. Tasks nobody knew are entered, so
 * that what they use is counted. Source: spec page 07, section 7.4.
 */
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import { MAX_TASKS_PER_RECONCILE } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { TaskRecord } from '../model/task.js';
import { addExecutor, addTask, removeExecutor, retireTask, unshelveTask } from '../tasks/tasks.js';
import { adoptFrameworks, livingFramework } from './admission.js';
import { reportedExecutor, reportedTask } from './report.js';
import { sendToAgent } from './send.js';

export function reconcileAgent(context: Context, agent: AgentRecord, report: link.Reregister): void {
  adoptFrameworks(context, report);
  const reported = new Set<string>();
  for (const { framework_id, task_id } of report.tasks ?? []) reported.add(key(framework_id.value, task_id.value));
  askForMissing(context, agent, reported);
  enterUnknown(context, agent, report);
  dropMissingExecutors(context, agent, report);
  resendKills(context, agent, reported);
}

function key(frameworkId: string, id: string): string {
  return `${frameworkId}\n${id}`;
}

function askForMissing(context: Context, agent: AgentRecord, reported: ReadonlySet<string>): void {
  const missing: TaskRecord[] = [];
  for (const task of agent.tasks) if (!reported.has(key(task.frameworkId, task.id))) missing.push(task);
  askForTasks(context, agent, missing);
}

/**
 * A returned agent did not bring back all it had when it fell silent: the rest ended, or never reached it. The agent
 * is asked, and its answer goes to the scheduler; here they are history.
 */
export function askForShelved(context: Context, agent: AgentRecord): void {
  const shelved = [...(context.state.shelved.get(agent.id) ?? [])];
  for (const task of shelved) {
    const framework = context.state.frameworks.get(task.frameworkId);
    if (framework === undefined) continue;
    unshelveTask(context, framework, task.id);
    retireTask(context, framework, task);
  }
  askForTasks(context, agent, shelved);
}

function askForTasks(context: Context, agent: AgentRecord, asked: readonly TaskRecord[]): void {
  const missing: link.ReconcileTasks_Task[] = asked.map(({ frameworkId, message: { framework_id, task_id } }) => {
    const partition_aware = context.state.frameworks.get(frameworkId)?.has('PARTITION_AWARE') ?? false;
    return { framework_id, task_id, partition_aware };
  });
  for (let from = 0; from < missing.length; from += MAX_TASKS_PER_RECONCILE)
    sendToAgent(context, agent, { reconcile_tasks: { tasks: missing.slice(from, from + MAX_TASKS_PER_RECONCILE) } });
}

function enterUnknown(context: Context, agent: AgentRecord, report: link.Reregister): void {
  for (const info of report.executor_infos ?? []) {
    const framework = livingFramework(context, info.framework_id?.value);
    if (framework === undefined) continue;
    const executor = reportedExecutor(info, framework.id, agent.id);
    if (executor === undefined || agent.holdings.get(framework.id)?.executors.has(executor.id) === true) continue;
    context.allocator.addAllocated(framework.id, agent.id, executor.resources);
    addExecutor(context, framework, agent, executor);
  }
  for (const message of report.tasks ?? []) {
    const framework = livingFramework(context, message.framework_id.value);
    if (framework !== undefined) enterTask(context, agent, framework, message);
  }
}

/** One that ended is left to its status update, which the agent repeats until it is acknowledged. */
function enterTask(
  context: Context,
  agent: AgentRecord,
  framework: FrameworkRecord,
  message: Parameters<typeof reportedTask>[0],
): void {
  const task = reportedTask(message);
  if (task === undefined || task.isTerminal) return;
  const known = framework.tasks.get(task.id);
  if (known === undefined) {
    unshelveTask(context, framework, task.id);
    context.allocator.addAllocated(framework.id, agent.id, task.resources);
    addTask(context, framework, agent, task);
  } else if (known.agentId !== agent.id) {
    const { framework_id, task_id } = message;
    context.outbox.log('error', 'reported task is live on another agent', { taskId: task.id, agentId: agent.id });
    sendToAgent(context, agent, { kill_task: { framework_id, task_id } });
  }
}

function dropMissingExecutors(context: Context, agent: AgentRecord, report: link.Reregister): void {
  const reported = new Set<string>();
  for (const { framework_id, executor_id } of report.executor_infos ?? [])
    reported.add(key(framework_id?.value ?? '', executor_id.value));
  for (const executor of agent.executors) {
    const framework = context.state.frameworks.get(executor.frameworkId);
    if (framework === undefined || reported.has(key(executor.frameworkId, executor.id))) continue;
    removeExecutor(context, framework, agent, executor);
  }
}

function resendKills(context: Context, agent: AgentRecord, reported: ReadonlySet<string>): void {
  for (const [frameworkId, kills] of agent.pendingKills)
    for (const [taskId, kill_policy] of kills) {
      if (!reported.has(key(frameworkId, taskId))) continue;
      const framework_id = { value: frameworkId };
      sendToAgent(context, agent, { kill_task: { framework_id, task_id: { value: taskId }, kill_policy } });
    }
}
