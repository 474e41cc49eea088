/** The master's orders about tasks other than running them. None of them may fail; what makes no sense is ignored. */
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Machine } from '../machine.js';
import { type FrameworkRecord, hasCapability } from '../model/framework.js';
import { droppedState } from './ending.js';
import { completeRun } from './finish.js';
import { killGraceMs, killRun, shutdownGraceMs } from './kill.js';
import { bareStatus } from './report.js';

export function killTask(machine: Machine, message: link.KillTask): void {
  const frameworkId = message.framework_id.value;
  const taskId = message.task_id.value;
  const framework = machine.state.frameworks.get(frameworkId);
  if (framework === undefined) {
    machine.out.log('warn', 'kill for an unknown framework ignored', { frameworkId, taskId });
    return;
  }
  const run = framework.tasks.get(taskId);
  if (run !== undefined) killRun(machine, run, { cause: 'SCHEDULER', graceMs: killGraceMs(run, message.kill_policy) });
  else
    answerUnknownTask(machine, {
      frameworkId,
      taskId,
      partitionAware: hasCapability(framework.info, 'PARTITION_AWARE'),
      reason: 'REASON_EXECUTOR_TERMINATED',
      message: 'Cannot find executor',
    });
}

export function acknowledgeUpdate(machine: Machine, message: link.AcknowledgeUpdate): void {
  const frameworkId = message.framework_id.value;
  const taskId = message.task_id.value;
  const outcome = machine.streams.acknowledge(frameworkId, taskId, message.uuid);
  const run = machine.state.frameworks.get(frameworkId)?.tasks.get(taskId);
  if (outcome === 'ignored') machine.out.log('debug', 'acknowledgement of no pending update', { frameworkId, taskId });
  else if (outcome === 'finished' && run !== undefined) completeRun(machine, run);
}

export function reconcileTasks(machine: Machine, message: link.ReconcileTasks): void {
  for (const task of message.tasks ?? []) {
    const frameworkId = task.framework_id.value;
    const taskId = task.task_id.value;
    if (machine.state.frameworks.get(frameworkId)?.tasks.has(taskId) === true) continue;
    answerUnknownTask(machine, {
      frameworkId,
      taskId,
      partitionAware: task.partition_aware === true,
      reason: 'REASON_RECONCILIATION',
      message: 'Reconciliation: task unknown to the agent',
    });
  }
}

/** Its tasks die and nobody is told: the master has removed the framework. */
export function shutdownFramework(machine: Machine, frameworkId: string): void {
  const framework = machine.state.frameworks.get(frameworkId);
  machine.streams.closeFramework(frameworkId);
  if (framework === undefined) return;
  framework.terminating = true;
  endTasksOf(machine, framework);
}

/** For a framework that was ordered to end: kills what runs, forgets what is over. */
export function endTasksOf(machine: Machine, framework: FrameworkRecord): void {
  for (const run of [...framework.tasks.values()])
    if (run.phase === 'over') completeRun(machine, run);
    else killRun(machine, run, { cause: 'FRAMEWORK_REMOVED', graceMs: shutdownGraceMs(machine, run) });
}

/** A command task's executor id is its task id. */
export function shutdownExecutor(machine: Machine, message: link.ShutdownExecutor): void {
  const frameworkId = message.framework_id.value;
  const executorId = message.executor_id.value;
  const run = machine.state.frameworks.get(frameworkId)?.tasks.get(executorId);
  if (run === undefined)
    machine.out.log('warn', 'shutdown of an unknown executor ignored', { frameworkId, executorId });
  else killRun(machine, run, { cause: 'SCHEDULER', graceMs: shutdownGraceMs(machine, run) });
}

/** Its scheduler is there (again): what waits for it is sent at once. */
export function updateFramework(machine: Machine, info: mesos.FrameworkInfo): void {
  const framework = machine.state.frameworks.get(info.id?.value ?? '');
  if (framework === undefined) return;
  framework.info = info;
  machine.out.persist({ kind: 'put-framework', framework: { framework_info: info } }, 'machine');
  machine.streams.resume(framework.id);
}

/** No executor of a command task listens (spec page 14, section 14.1). */
export function dropFrameworkMessage(machine: Machine, message: link.FrameworkMessage): void {
  machine.state.ignoredMessages += 1;
  machine.out.log('debug', 'message to an executor that takes none ignored', {
    frameworkId: message.framework_id.value,
    executorId: message.executor_id.value,
  });
}

export interface UnknownTask {
  readonly frameworkId: string;
  readonly taskId: string;
  readonly partitionAware: boolean;
  readonly reason: mesos.TaskStatus_Reason;
  readonly message: string;
}

/** About a task that has no record here. */
export function answerUnknownTask(machine: Machine, unknown: UnknownTask): void {
  const { frameworkId, taskId, reason, message } = unknown;
  // Asked again before the first answer was acknowledged: that one is still being sent.
  if (machine.streams.has(frameworkId, taskId)) return;
  const status = bareStatus(machine, taskId, {
    state: droppedState(unknown.partitionAware),
    source: 'SOURCE_AGENT',
    reason,
    message,
  });
  machine.streams.add({ frameworkId, status, durable: false });
}
