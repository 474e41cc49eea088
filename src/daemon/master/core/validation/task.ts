/**
 * Whether a task may be launched here and now: the rules that need the state of the master beside the message itself.
 * First failure wins. Source: spec page 01, "Task validation".
 */
import { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { validateTaskInfo } from '../../../../wire/validation/task.js';
import type { AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';
import { executorComplaint, isRunning } from './executor.js';
import type { PreparedTask } from './preparation.js';
import { overlapComplaint } from './resources.js';

/** Where a launch is to happen and what is left to pay for it. */
export interface LaunchSite {
  readonly framework: FrameworkRecord;
  readonly agent: AgentRecord;
  readonly offered: Resources;
  readonly remaining: Resources;
}

/** A prepared task of a LAUNCH. */
export function launchComplaint(site: LaunchSite, prepared: PreparedTask): string | undefined {
  const task = prepared.info;
  return (
    taskComplaint(site, prepared) ??
    formComplaint(site, task) ??
    overlapComplaint([task.resources ?? [], task.executor?.resources ?? []]) ??
    affordComplaint(site, [prepared], task.executor) ??
    (sharesCgroups(task) ? undefined : 'share_cgroups=false is for task groups only')
  );
}

/** Rules 1 to 11: the same for tasks of groups. */
export function taskComplaint(site: LaunchSite, prepared: PreparedTask): string | undefined {
  const { framework, agent } = site;
  const { info: task, resources } = prepared;
  if (framework.tasks.has(task.task_id.value) || framework.unreachableTasks.has(task.task_id.value))
    return `task id '${task.task_id.value}' is in use by another task`;
  if (task.agent_id.value !== agent.id)
    return `the task is for agent '${task.agent_id.value}', the offers are of agent '${agent.id}'`;
  if (resources.isEmpty) return 'the task uses no resources';
  return (
    validateTaskInfo(task)?.message ??
    prepared.resourcesComplaint ??
    limitsComplaint(agent, task.limits ?? {}, resources)
  );
}

/** Limits are compared in thousandths, as all amounts are. */
function limitsComplaint(
  agent: AgentRecord,
  given: NonNullable<mesos.TaskInfo['limits']>,
  requests: Resources,
): string | undefined {
  const limits = Object.entries(given);
  if (limits.length === 0) return undefined;
  if (!agent.capabilitySet.has('TASK_RESOURCE_LIMITS')) return 'the agent does not support resource limits of tasks';
  for (const [name, { value }] of limits) {
    const request = requests.scalarMilli(name);
    if (request === 0) return `there is a limit of '${name}' but no request for it`;
    if (!(value * 1000 >= request - 0.5)) return `the limit of '${name}' is below the request for it`;
  }
  return undefined;
}

/** Rule 12: a command or an executor, and what either implies. */
function formComplaint(site: LaunchSite, task: mesos.TaskInfo): string | undefined {
  const { executor } = task;
  if ((executor === undefined) === (task.command === undefined))
    return "a task needs either 'command' or 'executor', and not both";
  if (executor === undefined) return undefined;
  if (executor.type !== undefined && executor.type !== 'CUSTOM')
    return `a LAUNCH takes executors of type CUSTOM, not ${executor.type}`;
  if (executor.command === undefined) return "a CUSTOM executor needs 'command'";
  if ((executor.resources ?? []).some(({ shared }) => shared !== undefined))
    return 'an executor cannot use shared resources';
  if (executor.container?.linux_info?.share_cgroups === true)
    return 'an executor cannot have share_cgroups set to true';
  return executorComplaint(site, executor);
}

/** Rule 14: everything new fits in what the offers still hold; shared volumes count against all of the offers. */
export function affordComplaint(
  site: LaunchSite,
  tasks: readonly PreparedTask[],
  executor: mesos.ExecutorInfo | undefined,
): string | undefined {
  const parts = tasks.map((task) => task.resources);
  const isNew = executor !== undefined && !isRunning(site, executor.executor_id.value);
  if (isNew) parts.push(Resources.of(executor.resources ?? []));
  const needed = Resources.sum(parts);
  if (site.remaining.contains(needed.nonShared()) && holdsShared(site.offered, parts)) return undefined;
  const users = isNew ? 'tasks and a new executor' : 'tasks';
  return `the ${users} need ${needed.toString()} but the offers have ${site.remaining.toString()} left`;
}

function holdsShared(offered: Resources, parts: readonly Resources[]): boolean {
  return parts.every((part) => offered.contains(part.shared()));
}

/** Absent means true. */
export function sharesCgroups(task: mesos.TaskInfo): boolean {
  return task.container?.linux_info?.share_cgroups !== false;
}
