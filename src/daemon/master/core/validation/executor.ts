/** Executors of tasks and groups. Source: spec page 01, "Executor validation". */
import type * as mesos from '../../../../wire/gen/mesos.js';
import { validateExecutorInfo } from '../../../../wire/validation/task.js';
import { sameMessage } from '../model/equality.js';
import { resourcesComplaint } from './resources.js';
import type { LaunchSite } from './task.js';

type Site = Pick<LaunchSite, 'agent' | 'framework'>;

export function isRunning({ agent, framework }: Site, executorId: string): boolean {
  return agent.holdings.get(framework.id)?.executors.has(executorId) === true;
}

/** A prepared executor. One that runs already must be told apart by its id alone: the rest has to be identical. */
export function executorComplaint(site: Site, executor: mesos.ExecutorInfo): string | undefined {
  const { framework, agent } = site;
  if (executor.framework_id?.value !== framework.id)
    return `the executor is of framework '${executor.framework_id?.value}', the task of '${framework.id}'`;
  const complaint = validateExecutorInfo(executor)?.message ?? resourcesComplaint(executor.resources ?? []);
  if (complaint !== undefined) return complaint;
  const running = agent.holdings.get(framework.id)?.executors.get(executor.executor_id.value);
  if (running === undefined || sameMessage(running.info, executor)) return undefined;
  return `executor '${executor.executor_id.value}' runs on the agent already, with a different ExecutorInfo`;
}
