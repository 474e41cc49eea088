/** Which task states end a task (spec page 07, section 7.6). TASK_UNREACHABLE and TASK_UNKNOWN do not: it may come back. */
import type * as mesos from './gen/mesos.js';

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

/** Nothing follows such a state. */
export function isTerminal(state: mesos.TaskState): boolean {
  return TERMINAL.has(state);
}
