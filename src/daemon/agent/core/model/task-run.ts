/**
 * One task on this agent, from its RunTasks to the acknowledgement of its terminal update, and what of it is durable.
 * Plain data; tasks/ decides what happens to it.
 */
import type { TimerHandle } from '../../../../base/timers.js';
import type * as checkpoint from '../../../../wire/gen/mesoctl-checkpoint.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { TaskView } from '../view.js';

/** Why a task is being killed, and until when it may go by itself. */
export interface KillIntent {
  readonly cause: Exclude<checkpoint.KillIntent_Cause, 'UNKNOWN' | 'LIMITATION_MEMORY'>;
  /** Wall clock, Unix ms. */
  readonly startedAtMs: number;
  deadlineAtMs: number;
}

export interface TaskRun extends TaskView {
  /** Changes only when a task that never started is launched again after a restart of the agent. */
  containerId: string;
  phase: TaskView['phase'];
  state: mesos.TaskState;
  statuses: mesos.TaskStatus[];
  pid: number | undefined;
  /** For operations that came before it: nothing of its container is being made yet. */
  waits: boolean;
  /** The task's first instruction may have run. */
  released: boolean;
  kill: KillIntent | undefined;
  killTimer: TimerHandle | undefined;
  completionTimer: TimerHandle | undefined;
}

export interface NewTaskRun {
  readonly frameworkId: string;
  readonly info: mesos.TaskInfo;
  readonly containerId: string;
  readonly launchedAtMs: number;
}

export function createTaskRun({ frameworkId, info, containerId, launchedAtMs }: NewTaskRun): TaskRun {
  return {
    frameworkId,
    taskId: info.task_id.value,
    info,
    containerId,
    launchedAtMs,
    phase: 'launching',
    state: 'TASK_STAGING',
    statuses: [],
    pid: undefined,
    waits: false,
    released: false,
    kill: undefined,
    killTimer: undefined,
    completionTimer: undefined,
  };
}

export function toCheckpointTask(run: TaskRun): checkpoint.Task {
  return {
    framework_id: { value: run.frameworkId },
    task_info: run.info,
    container_id: { value: run.containerId },
    state: run.state,
    launched_at_ms: Math.round(run.launchedAtMs),
    statuses: run.statuses,
    container_started: run.released,
    ...(run.kill === undefined
      ? {}
      : {
          kill_intent: {
            cause: run.kill.cause,
            started_at_ms: Math.round(run.kill.startedAtMs),
            deadline_at_ms: Math.round(run.kill.deadlineAtMs),
          },
        }),
  };
}

/** `phase` and timers are the caller's to set: they depend on what became of the container. */
export function fromCheckpointTask(task: checkpoint.Task): TaskRun {
  const run = createTaskRun({
    frameworkId: task.framework_id.value,
    info: task.task_info,
    containerId: task.container_id.value,
    launchedAtMs: Number(task.launched_at_ms),
  });
  run.state = task.state;
  run.statuses = [...(task.statuses ?? [])];
  run.released = task.container_started === true;
  const intent = task.kill_intent;
  if (intent !== undefined)
    run.kill = {
      cause: intent.cause === 'UNKNOWN' || intent.cause === 'LIMITATION_MEMORY' ? 'SCHEDULER' : intent.cause,
      startedAtMs: Number(intent.started_at_ms),
      deadlineAtMs: Number(intent.deadline_at_ms),
    };
  return run;
}
