/** Adapter over src/wire/validation: the rules that need nothing but the message, as text or undefined. */
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
export function idComplaint(id: string): string | undefined {
  return id === '' ? 'empty' : undefined;
}
export function taskMessageComplaint(task: mesos.TaskInfo): string | undefined {
  return idComplaint(task.task_id.value);
}
export function executorMessageComplaint(executor: mesos.ExecutorInfo): string | undefined {
  return idComplaint(executor.executor_id.value);
}
export function frameworkMessageComplaint(
  _info: mesos.FrameworkInfo,
  _c: scheduler.OfferConstraints | undefined,
): string | undefined {
  return undefined;
}
