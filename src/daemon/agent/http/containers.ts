/** Containers with their status and statistics, a bounded number looked at at once. Source: spec page 03, 3.3 and 3.4. */
import type * as agent from '../../../wire/gen/agent.js';
import type { AgentView, TaskView } from '../core/view.js';
import { commandExecutor } from './command-executor.js';
import type { AgentSite } from './site.js';
import { runningTasks } from './snapshot.js';

const LOOKED_AT_ONCE = 16;

export type DescribedContainer = agent.Response_GetContainers_Container & { readonly source: string };

/** Containers that end meanwhile are described without status. */
export async function describeContainers(site: AgentSite, view: AgentView): Promise<readonly DescribedContainer[]> {
  const tasks = runningTasks(view);
  const described: DescribedContainer[] = [];
  for (let from = 0; from < tasks.length; from += LOOKED_AT_ONCE)
    described.push(
      ...(await Promise.all(tasks.slice(from, from + LOOKED_AT_ONCE).map((task) => describeContainer(site, task)))),
    );
  return described;
}

async function describeContainer(site: AgentSite, task: TaskView): Promise<DescribedContainer> {
  const { containerId } = task;
  const [status, statistics] = await Promise.all([site.status(containerId), site.usage(containerId)]);
  const latest = task.statuses.at(-1)?.container_status;
  return {
    framework_id: { value: task.frameworkId },
    executor_id: { value: task.taskId },
    executor_name: commandExecutor(task).name,
    container_id: { value: containerId },
    container_status: { ...latest, ...status },
    resource_statistics: statistics,
    source: task.taskId,
  };
}
