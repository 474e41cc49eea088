/**
 * `mesoctl task kill`: ends a task that `task launch --detach` left behind. The public API knows no way to kill another
 * framework's task, so this takes the framework of the task over, kills, waits for the end and tears the framework down.
 *
 * Invariant: only frameworks of `task launch` that nobody is connected to are taken over; anybody else's would lose its
 * scheduler by that.
 */
import { MesoError } from '../base/error.js';
import type { Address } from '../client/address.js';
import { pause } from '../client/back-off.js';
import { OperatorClient } from '../client/operator-client.js';
import { SchedulerClient } from '../client/scheduler-client.js';
import type * as master from '../wire/gen/master.js';
import type * as mesos from '../wire/gen/mesos.js';
import { isTerminal } from '../wire/task-state.js';
import { LAUNCH_LABEL } from './task/task-run.js';

export interface KillOptions {
  readonly masters: readonly Address[];
  /** Id of the task, or an unambiguous beginning of it. */
  readonly task: string;
  readonly timeoutMs: number;
}

export interface KilledTask {
  readonly taskId: string;
  readonly state: mesos.TaskState;
}

interface Target {
  readonly task: mesos.Task;
  readonly framework: mesos.FrameworkInfo;
}

/** Throws NOT_FOUND, AMBIGUOUS, REFUSED (not detached, not ours) or TIMEOUT. */
export async function killTask(options: KillOptions): Promise<KilledTask> {
  const operator = new OperatorClient({ masters: options.masters });
  try {
    const { get_tasks = {}, get_frameworks = {} } = await operator.getState();
    return await endTask(findTarget(options.task, get_tasks, get_frameworks), options);
  } finally {
    operator.close();
  }
}

/** Pure. */
export function findTarget(
  wanted: string,
  { tasks = [] }: master.Response_GetTasks,
  { frameworks = [] }: master.Response_GetFrameworks,
): Target {
  const exact = tasks.filter(({ task_id }) => task_id.value === wanted);
  const found = exact.length > 0 ? exact : tasks.filter(({ task_id }) => task_id.value.startsWith(wanted));
  const [task, ...others] = found;
  if (task === undefined)
    throw new MesoError('NOT_FOUND', `no task "${wanted}"`, {
      suggestions: ['the id that task launch --detach printed'],
    });
  if (others.length > 0)
    throw new MesoError(
      'AMBIGUOUS',
      `"${wanted}" matches ${found.length} tasks: ${found
        .slice(0, 10)
        .map(({ task_id }) => task_id.value)
        .join(' · ')}`,
      {
        suggestions: ['the full id'],
      },
    );
  const framework = frameworks.find(({ framework_info }) => framework_info.id?.value === task.framework_id.value);
  if (framework === undefined || !isLaunchedByUs(framework.framework_info))
    throw new MesoError(
      'REFUSED',
      `task ${task.task_id.value} belongs to another framework, ${framework?.framework_info.name ?? task.framework_id.value}`,
      {
        suggestions: ['ask that framework to kill it'],
      },
    );
  if (framework.connected)
    throw new MesoError('REFUSED', `task ${task.task_id.value} has a "mesoctl task launch" that waits for it`, {
      suggestions: ['Ctrl-C there'],
    });
  return { task, framework: framework.framework_info };
}

function isLaunchedByUs({ labels }: mesos.FrameworkInfo): boolean {
  return (labels?.labels ?? []).some(({ key }) => key === LAUNCH_LABEL);
}

async function endTask({ task, framework }: Target, { masters, timeoutMs }: KillOptions): Promise<KilledTask> {
  const taskId = task.task_id.value;
  const done = new AbortController();
  const suppressedRoles = framework.roles ?? [];
  const client = new SchedulerClient({ masters, framework, suppressedRoles });
  const late = pause(timeoutMs, done.signal).then(() => client.close());
  try {
    for await (const event of client.events()) {
      // A task that ended already answers with its last state.
      if (event.type === 'SUBSCRIBED') await client.kill(task.task_id, { agentId: task.agent_id });
      if (event.type === 'OFFERS') await client.decline(event.offers.map(({ id }) => id));
      if (event.type !== 'UPDATE' || event.status.task_id.value !== taskId) continue;
      await client.acknowledge(event.status);
      const { state } = event.status;
      if (!isTerminal(state) && state !== 'TASK_UNKNOWN') continue;
      await client.teardown();
      return { taskId, state };
    }
  } finally {
    done.abort();
    client.close();
    await late;
  }
  throw new MesoError('TIMEOUT', `task ${taskId} has not ended within ${timeoutMs / 1000}s; it has been told to`, {
    suggestions: ['the same again'],
  });
}
