/** Rules of task groups beyond those of their tasks. Source: spec page 01, "Task group extra rules". */
import { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { sameMessage } from '../model/equality.js';
import { executorComplaint } from './executor.js';
import type { PreparedTask } from './preparation.js';
import { overlapComplaint } from './resources.js';
import { affordComplaint, type LaunchSite, sharesCgroups, taskComplaint } from './task.js';

const MIN_EXECUTOR_CPUS_MILLI = 10;
const MIN_EXECUTOR_MEM_MILLI = 32_000;

/** Prepared tasks and their prepared executor. */
export function groupComplaint(
  site: LaunchSite,
  prepared: readonly PreparedTask[],
  executor: mesos.ExecutorInfo,
): string | undefined {
  const tasks = prepared.map(({ info }) => info);
  if (tasks.length === 0) return 'the task group is empty';
  for (const task of prepared) {
    const complaint = taskComplaint(site, task) ?? memberComplaint(task.info, executor);
    if (complaint !== undefined) return `task '${task.info.task_id.value}' is invalid: ${complaint}`;
  }
  return (
    duplicateComplaint(tasks) ??
    groupExecutorComplaint(executor) ??
    executorComplaint(site, executor) ??
    overlapComplaint([...tasks.map((task) => task.resources ?? []), executor.resources ?? []]) ??
    sharingComplaint(site, tasks, executor) ??
    affordComplaint(site, prepared, executor)
  );
}

function memberComplaint(task: mesos.TaskInfo, executor: mesos.ExecutorInfo): string | undefined {
  if (!sameMessage(task.executor, executor)) return 'its executor is not that of the group';
  if (task.container?.type === 'DOCKER') return 'a Docker container cannot be part of a group';
  const hasNetwork = (task.container?.network_infos ?? []).length > 0;
  const checkType = task.health_check?.type;
  if (hasNetwork && (checkType === 'HTTP' || checkType === 'TCP'))
    return `a ${checkType} health check needs the network of the group, the task has its own`;
  const isLimited = Object.keys(task.limits ?? {}).length > 0;
  return isLimited && sharesCgroups(task) ? 'limits need share_cgroups=false' : undefined;
}

function duplicateComplaint(tasks: readonly mesos.TaskInfo[]): string | undefined {
  const seen = new Set<string>();
  for (const { task_id } of tasks) {
    if (seen.has(task_id.value)) return `task id '${task_id.value}' is used twice in the group`;
    seen.add(task_id.value);
  }
  return undefined;
}

function groupExecutorComplaint(executor: mesos.ExecutorInfo): string | undefined {
  if (executor.type === undefined || executor.type === 'UNKNOWN') return 'the type of the executor must be set';
  if (executor.container?.type === 'DOCKER') return 'the executor of a group cannot be in a Docker container';
  if (executor.container?.linux_info?.share_cgroups === true)
    return 'an executor cannot have share_cgroups set to true';
  const resources = Resources.of(executor.resources ?? []);
  if (resources.scalarMilli('cpus') < MIN_EXECUTOR_CPUS_MILLI) return 'the executor needs at least 0.01 cpus';
  if (resources.scalarMilli('mem') < MIN_EXECUTOR_MEM_MILLI) return 'the executor needs at least 32 MB of mem';
  return resources.scalarMilli('disk') > 0 ? undefined : 'the executor needs some disk';
}

/** All tasks under one executor either share its cgroup or have their own. */
function sharingComplaint(
  { framework, agent }: LaunchSite,
  tasks: readonly mesos.TaskInfo[],
  executor: mesos.ExecutorInfo,
): string | undefined {
  const wanted = new Set(tasks.map(sharesCgroups));
  if (wanted.size > 1) return 'share_cgroups must be the same for all tasks of the group';
  for (const { message } of agent.holdings.get(framework.id)?.tasks.values() ?? []) {
    if (message.executor_id?.value !== executor.executor_id.value) continue;
    const shares = message.container?.linux_info?.share_cgroups !== false;
    if (!wanted.has(shares)) return 'share_cgroups must be the same as for the tasks that run under the executor';
  }
  return undefined;
}
