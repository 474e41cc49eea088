/**
 * The rules of tasks and executors that look at the message only: 1, 4 to 7, 9, 10 and the values of 11 of spec page 01, "Task validation", and
 * "Executor validation". The rules about offers, agents, resources and other tasks belong to the master core.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import { excerpt } from '../fault.js';
import type * as mesos from '../gen/mesos.js';
import { validateCheck, validateHealthCheck } from './checks.js';
import { validateCommandInfo } from './command.js';
import { validateContainerInfo } from './container.js';
import { validateId } from './ids.js';

/** First complaint in the order of the rules; undefined when there is none. */
export function validateTaskInfo(task: mesos.TaskInfo): Rejection | undefined {
  return (
    validateId(task.task_id.value, 'task_id') ??
    (task.kill_policy && validateKillPolicy(task.kill_policy)) ??
    durationComplaint(task.max_completion_time, 'max_completion_time') ??
    (task.check && validateCheck(task.check)) ??
    (task.health_check && validateHealthCheck(task.health_check)) ??
    (task.command && validateCommandInfo(task.command)) ??
    (task.container && validateContainerInfo(task.container)) ??
    limitsComplaint(task.limits)
  );
}

export function validateKillPolicy(policy: mesos.KillPolicy): Rejection | undefined {
  return durationComplaint(policy.grace_period, 'kill_policy.grace_period');
}

/** First complaint about an executor; undefined when there is none. */
export function validateExecutorInfo(executor: mesos.ExecutorInfo): Rejection | undefined {
  return (
    typeComplaint(executor) ??
    validateId(executor.executor_id.value, 'executor_id') ??
    durationComplaint(executor.shutdown_grace_period, 'shutdown_grace_period') ??
    (executor.command && validateCommandInfo(executor.command)) ??
    (executor.container && validateContainerInfo(executor.container))
  );
}

function typeComplaint(executor: mesos.ExecutorInfo): Rejection | undefined {
  if (executor.type === 'CUSTOM' && executor.command === undefined) {
    return reject('invalid', "An executor of type CUSTOM must have 'command'");
  }
  if (executor.type !== 'DEFAULT') return undefined;
  if (executor.command !== undefined) return reject('invalid', "An executor of type DEFAULT must not have 'command'");
  const { container } = executor;
  if (container === undefined) return undefined;
  if (container.type !== 'MESOS')
    return reject('invalid', 'The container of an executor of type DEFAULT must be of type MESOS');
  return container.mesos?.image === undefined
    ? undefined
    : reject('invalid', 'The container of an executor of type DEFAULT must not have an image');
}

function durationComplaint(duration: mesos.DurationInfo | undefined, path: string): Rejection | undefined {
  return duration === undefined || duration.nanoseconds >= 0
    ? undefined
    : reject('invalid', `'${path}' must not be negative`);
}

const LIMITABLE: ReadonlySet<string> = new Set(['cpus', 'mem']);

/** Infinity is a limit (none at all), NaN and negative numbers are not. */
function limitsComplaint(limits: mesos.TaskInfo['limits']): Rejection | undefined {
  for (const [name, limit] of Object.entries(limits ?? {})) {
    if (!LIMITABLE.has(name))
      return reject('invalid', `Limit ${excerpt(name)} is not supported: only cpus and mem can be limited`);
    if (!(limit.value >= 0)) return reject('invalid', `The limit of ${name} must be a number that is not negative`);
  }
  return undefined;
}
