/** Which task states end a task (spec page 07, section 7.6). */
import type * as mesos from '../../../../wire/gen/mesos.js';

const TERMINAL: ReadonlySet<mesos.TaskState> = new Set<mesos.TaskState>([
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_LOST',
  'TASK_ERROR',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
]);

export function isTerminal(state: mesos.TaskState): boolean {
  return TERMINAL.has(state);
}
