/**
 * RunTasks: takes each task, or answers at once why not. A taken task is durable before its first instruction runs, but
 * its container is begun before that, so that making it and writing the checkpoint overlap (DESIGN.md).
 */
import { isRejection } from '../../../../base/rejection.js';
import { checkpointedOf } from '../../../../offers/resources/checkpointed.js';
import { Resources } from '../../../../offers/resources/resources.js';
import { upgradeResource } from '../../../../offers/resources/validation.js';
import { volumeUsesOf } from '../../../../runtime/volumes/volume.js';
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { freshContainerId } from '../context.js';
import type { Machine } from '../machine.js';
import { createFramework, type FrameworkRecord, hasCapability } from '../model/framework.js';
import { createTaskRun, type TaskRun } from '../model/task-run.js';
import { durationMs } from './durations.js';
import { droppedState, type Outcome, outcomeOfFailedLaunch } from './ending.js';
import { endRun } from './finish.js';
import { answerUnknownTask } from './orders.js';
import { report } from './report.js';
import { findUnsupported } from './unsupported.js';

export function runTasks(machine: Machine, message: link.RunTasks): void {
  const { out, state } = machine;
  const frameworkId = message.framework_info.id?.value;
  if (frameworkId === undefined || state.ending !== undefined) {
    out.log('warn', 'tasks ignored', { frameworkId, ending: state.ending?.why });
    return;
  }
  if (state.frameworks.get(frameworkId)?.terminating === true) {
    out.log('warn', 'tasks of a framework that is shutting down ignored', { frameworkId });
    return;
  }
  if (state.drain !== undefined) {
    for (const info of message.tasks ?? []) refuseWhileDraining(machine, message.framework_info, info);
    return;
  }
  for (const info of message.tasks ?? []) takeTask(machine, message, { frameworkId, info });
}

interface OfferedTask {
  readonly frameworkId: string;
  readonly info: mesos.TaskInfo;
}

function takeTask(machine: Machine, message: link.RunTasks, { frameworkId, info }: OfferedTask): void {
  const { now, out, state } = machine;
  const framework = admitFramework(machine, frameworkId, message.framework_info);
  if (framework.tasks.has(info.task_id.value)) {
    out.log('warn', 'task that is already here ignored', { frameworkId, taskId: info.task_id.value });
    return;
  }
  const run = createTaskRun({
    frameworkId,
    info,
    containerId: freshContainerId(machine),
    launchedAtMs: now.unixMs,
  });
  framework.tasks.set(run.taskId, run);
  // An answer about this id from before it was a task here: the master knows better by now.
  machine.streams.close(frameworkId, run.taskId);
  const refusal = refusalOf(message, info);
  if (refusal !== undefined) {
    run.phase = 'over';
    report(machine, run, refusal);
    return;
  }
  state.liveByContainer.set(run.containerId, run);
  out.saveTask(run, 'machine');
  launchInTurn(machine, framework, run);
}

function refuseWhileDraining(machine: Machine, framework: mesos.FrameworkInfo, info: mesos.TaskInfo): void {
  answerUnknownTask(machine, {
    frameworkId: framework.id?.value ?? '',
    taskId: info.task_id.value,
    partitionAware: hasCapability(framework, 'PARTITION_AWARE'),
    reason: 'REASON_AGENT_DRAINING',
    message: 'The agent is draining: it takes no tasks',
  });
}

/** What a task has been given may still be in the making: a volume of an operation that came before the task. */
function launchInTurn(machine: Machine, framework: FrameworkRecord, run: TaskRun): void {
  const needed = checkpointedOf(Resources.of(run.info.resources ?? []).unallocated());
  if (needed.isEmpty || !machine.operations.isBusy) {
    startLaunch(machine, framework, run, needed);
    return;
  }
  run.waits = true;
  machine.operations.afterwards(() => {
    if (!run.waits) return;
    run.waits = false;
    startLaunch(machine, framework, run, needed);
  });
}

function startLaunch(machine: Machine, framework: FrameworkRecord, run: TaskRun, needed: Resources): void {
  const { total } = machine.state;
  if (!total.contains(needed)) {
    endRun(machine, run, {
      state: droppedState(hasCapability(framework.info, 'PARTITION_AWARE')),
      source: 'SOURCE_AGENT',
      reason: 'REASON_RESOURCES_UNKNOWN',
      message: `The agent does not have ${needed}; reserved or created here are ${checkpointedOf(total)}`,
    });
    return;
  }
  if (run.state === 'TASK_STAGING') report(machine, run, { state: 'TASK_STARTING', source: 'SOURCE_EXECUTOR' });
  beginLaunch(machine, framework, run);
}

/** Asks for the container. The task's time to complete counts from its launch, also across a restart of the agent. */
function beginLaunch(machine: Machine, framework: FrameworkRecord, run: TaskRun): void {
  armCompletion(machine, run);
  machine.out.emit({
    type: 'now',
    kind: 'launch',
    launch: {
      containerId: run.containerId,
      agentId: machine.state.agentInfo.id?.value ?? '',
      framework: framework.info,
      task: run.info,
    },
  });
}

/**
 * For a task whose first instruction provably never ran: nothing is lost by starting over, under a new container id, as
 * what is left of the old container is destroyed as an orphan. A task that was to be killed meanwhile ends instead.
 */
export function launchAgain(machine: Machine, run: TaskRun): void {
  const { out, state } = machine;
  const framework = state.frameworks.get(run.frameworkId);
  if (run.kill !== undefined || framework === undefined) {
    endRun(machine, run, outcomeOfFailedLaunch('', run.kill));
    return;
  }
  state.liveByContainer.delete(run.containerId);
  out.persist({ kind: 'remove-container', containerId: run.containerId }, 'process');
  run.containerId = freshContainerId(machine);
  run.phase = 'launching';
  run.released = false;
  run.pid = undefined;
  state.liveByContainer.set(run.containerId, run);
  out.saveTask(run, 'machine');
  out.log('info', 'launching a task again that had not begun', { taskId: run.taskId });
  launchInTurn(machine, framework, run);
}

export function armCompletion({ now, timers }: Machine, run: TaskRun): void {
  const limitMs = durationMs(run.info.max_completion_time);
  if (limitMs === undefined || run.kill !== undefined) return;
  timers.cancel(run.completionTimer);
  const elapsedMs = Math.max(0, now.unixMs - run.launchedAtMs);
  const waitMs = Math.max(0, limitMs - elapsedMs);
  run.completionTimer = timers.arm(now.monotonicMs + waitMs, { kind: 'completion', run });
}

function admitFramework({ out, state }: Machine, id: string, info: mesos.FrameworkInfo): FrameworkRecord {
  const known = state.frameworks.get(id);
  if (known !== undefined) return known;
  const framework = state.completedFrameworks.get(id) ?? createFramework(id, info);
  framework.info = info;
  state.completedFrameworks.delete(id);
  state.frameworks.set(id, framework);
  out.persist({ kind: 'put-framework', framework: { framework_info: info } }, 'machine');
  return framework;
}

function refusalOf(message: link.RunTasks, info: mesos.TaskInfo): Outcome | undefined {
  if (message.group) return unsupported('task groups (LAUNCH_GROUP)');
  const field = message.executor === undefined ? findUnsupported(info) : 'executor';
  if (field !== undefined) return unsupported(field);
  const volumes = volumeUsesOf((info.resources ?? []).map(upgradeResource));
  if (isRejection(volumes)) return failed(volumes.message);
  if (info.command === undefined) return failed('the task has no command');
  if (info.command.value === undefined || info.command.value === '') return failed('command.value is missing');
  // `launch_executor` is about executors: a command task always brings its own.
  return undefined;
}

function unsupported(field: string): Outcome {
  return failed(`this agent does not support ${field}`);
}

function failed(why: string): Outcome {
  return {
    state: 'TASK_FAILED',
    source: 'SOURCE_AGENT',
    reason: 'REASON_CONTAINER_LAUNCH_FAILED',
    message: `Failed to launch container: ${why}`,
  };
}
