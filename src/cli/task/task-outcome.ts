/** How the end of a task becomes the end of the command that ran it: exit status and, where it needs one, an error. Pure. */
import { findProcessEnd } from '../../client/task-end.js';
import type * as mesos from '../../wire/gen/mesos.js';

export interface TaskOutcome {
  /** The task's own status, 128 plus the signal that ended it, or 125 when it could not be run. */
  readonly exitStatus: number;
  /** What the exit status alone does not tell; undefined: nothing to say. */
  readonly problem?: string | undefined;
}

const COULD_NOT_RUN = 125;
const SIGKILL_STATUS = 137;
/** The agent ended the task itself; its process had no say in it. */
const LIMITATIONS: ReadonlySet<mesos.TaskStatus_Reason> = new Set<mesos.TaskStatus_Reason>([
  'REASON_CONTAINER_LIMITATION',
  'REASON_CONTAINER_LIMITATION_DISK',
  'REASON_CONTAINER_LIMITATION_MEMORY',
  'REASON_MAX_COMPLETION_TIME_REACHED',
]);

export function outcomeOf(status: mesos.TaskStatus): TaskOutcome {
  if (status.state === 'TASK_FINISHED') return { exitStatus: 0 };
  const problem = describe(status);
  if (status.reason !== undefined && LIMITATIONS.has(status.reason)) return { exitStatus: SIGKILL_STATUS, problem };
  if (status.state !== 'TASK_FAILED' && status.state !== 'TASK_KILLED') return { exitStatus: COULD_NOT_RUN, problem };
  const end = findProcessEnd(status);
  if (end === undefined)
    return { exitStatus: status.state === 'TASK_KILLED' ? SIGKILL_STATUS : COULD_NOT_RUN, problem };
  const exitStatus = end.kind === 'signaled' ? 128 + end.signal : end.exitStatus;
  // A task that was killed and ended with 0 has still not done what it was launched for.
  return status.state === 'TASK_KILLED'
    ? { exitStatus: exitStatus === 0 ? SIGKILL_STATUS : exitStatus, problem }
    : { exitStatus };
}

function describe({ state, task_id, message, reason }: mesos.TaskStatus): string {
  const word = state.replace('TASK_', '');
  const why = message ?? reason?.replace('REASON_', '').toLowerCase().replaceAll('_', ' ');
  return `task ${task_id.value} ${word}${why === undefined ? '' : `: ${why}`}`;
}
