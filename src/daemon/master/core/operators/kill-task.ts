/**
 * KILL_TASK of the extension API: an operator kills a task of any framework, as its scheduler's KILL would. It is judged first and
 * refused with the reason where there is nothing to kill; a dry run stops there. Source: mesoctl/api.proto, `KillTask`.
 */
import { isRejection, type Rejection, reject } from '../../../../base/rejection.js';
import type * as api from '../../../../wire/gen/mesoctl-api.js';
import type { Context } from '../machine/context.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { TaskRecord } from '../model/task.js';
import { taskPicture } from '../pictures.js';
import type { MasterEvent } from '../protocol.js';
import { killLiveTask } from '../schedulers/task-calls.js';

type CallEvent = Extract<MasterEvent, { kind: 'extension-call' }>;

export function handleExtensionCall(context: Context, event: CallEvent): void {
  const { requestId, call } = event;
  if (call.type !== 'KILL_TASK' || call.kill_task === undefined) {
    const rejection = reject('unimplemented', `calls of type ${call.type} are not taken here`);
    context.outbox.refuse(requestId, 501, rejection);
    return;
  }
  const task = findTaskToKill(context, call.kill_task);
  if (isRejection(task)) {
    context.outbox.refuse(requestId, task.code === 'not-found' ? 404 : 409, task);
    return;
  }
  const isAway = context.state.agents.get(task.agentId)?.connected !== true;
  if (call.kill_task.dry_run !== true) kill(context, event, task, call.kill_task);
  const kill_task: api.Response_KillTask = { task: taskPicture(task), waits_for_agent: isAway ? true : undefined };
  context.outbox.respondExtension(requestId, { type: 'KILL_TASK', kill_task });
}

function kill(context: Context, { principal }: CallEvent, task: TaskRecord, { kill_policy }: api.Call_KillTask): void {
  const fields = { frameworkId: task.frameworkId, taskId: task.id, agentId: task.agentId, principal };
  context.outbox.log('info', 'operator kills task', fields);
  killLiveTask(context, task, kill_policy);
}

function findTaskToKill(context: Context, { task_id, framework_id }: api.Call_KillTask): TaskRecord | Rejection {
  const { frameworks, completedFrameworks } = context.state;
  const taskId = task_id.value;
  if (framework_id !== undefined) {
    const framework = frameworks.get(framework_id.value) ?? completedFrameworks.get(framework_id.value);
    if (framework === undefined) return reject('not-found', `framework '${framework_id.value}' is not known`);
    return liveTaskOf(framework, taskId) ?? whyNot([framework], taskId);
  }
  const live = [...frameworks.values()].filter((framework) => liveTaskOf(framework, taskId) !== undefined);
  const [only, ...others] = live;
  if (only === undefined) return whyNot([...frameworks.values(), ...completedFrameworks.values()], taskId);
  if (others.length > 0) return severalFrameworks(live, taskId);
  return liveTaskOf(only, taskId) ?? whyNot([only], taskId);
}

/** One that has not ended, of a framework that is not being removed with its tasks. */
function liveTaskOf(framework: FrameworkRecord, taskId: string): TaskRecord | undefined {
  const task = framework.tasks.get(taskId);
  return task === undefined || task.isTerminal || framework.removing ? undefined : task;
}

function severalFrameworks(frameworks: readonly FrameworkRecord[], taskId: string): Rejection {
  const names = frameworks.slice(0, 10).map(({ id, info }) => `'${info.name}' (${id})`);
  const more = frameworks.length > names.length ? ` and ${frameworks.length - names.length} more` : '';
  return reject(
    'conflict',
    `task '${taskId}' runs in ${frameworks.length} frameworks: ${names.join(', ')}${more}. Give a framework_id`,
  );
}

/** Nothing of that id can be killed: because it is over, out of reach, or was never there. */
function whyNot(frameworks: readonly FrameworkRecord[], taskId: string): Rejection {
  for (const framework of frameworks) {
    const lost = framework.unreachableTasks.get(taskId);
    const task = lost ?? framework.tasks.get(taskId);
    if (task === undefined) continue;
    if (framework.removing) return reject('conflict', `framework '${framework.id}' is being removed with its tasks`);
    return lost === undefined ? ended(task) : outOfReach(lost);
  }
  for (const framework of frameworks) {
    const task = framework.completedTasks.find(taskId);
    if (task !== undefined) return ended(task);
  }
  return reject('not-found', `task '${taskId}' is not known`);
}

/** Whatever state its framework was told: it may run on. */
function outOfReach(task: TaskRecord): Rejection {
  return reject(
    'conflict',
    `task '${task.id}' is on agent '${task.agentId}', which is unreachable: it can be killed when the agent returns`,
  );
}

function ended(task: TaskRecord): Rejection {
  return reject('conflict', `task '${task.id}' has ended already: it is ${task.state}`);
}
