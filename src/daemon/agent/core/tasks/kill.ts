/**
 * Killing one task: SIGTERM, a grace period, then the container is destroyed (spec page 14, section 14.2). The intent is
 * recorded before the first signal, so that an agent that restarts in between goes on where it stopped.
 *
 * container that does not end after it was destroyed is destroyed again.
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import { isTerminal } from '../../../../wire/task-state.js';
import { DEFAULT_KILL_GRACE_MS, DESTROY_RETRY_MS, SHUTDOWN_GRACE_MARGIN_MS } from '../limits.js';
import type { Machine } from '../machine.js';
import { hasCapability } from '../model/framework.js';
import type { KillIntent, TaskRun } from '../model/task-run.js';
import { durationMs } from './durations.js';
import { outcomeOfFailedLaunch } from './ending.js';
import { endRun } from './finish.js';
import { report } from './report.js';

export interface KillRequest {
  readonly cause: KillIntent['cause'];
  readonly graceMs: number;
}

/** Grace of a KILL call: the call's own policy, else the task's, else 3 s. */
export function killGraceMs(run: TaskRun, policy: mesos.KillPolicy | undefined): number {
  return durationMs(policy?.grace_period) ?? durationMs(run.info.kill_policy?.grace_period) ?? DEFAULT_KILL_GRACE_MS;
}

/** Grace when executor, framework or agent are told to shut down: the task's policy, else what the flag leaves. */
export function shutdownGraceMs({ options }: Machine, run: TaskRun): number {
  const flagMs = options.config.executorShutdownGracePeriodMs - SHUTDOWN_GRACE_MARGIN_MS;
  return durationMs(run.info.kill_policy?.grace_period) ?? Math.max(0, flagMs);
}

export function killRun(machine: Machine, run: TaskRun, request: KillRequest): void {
  if (run.phase === 'over' || isTerminal(run.state)) return;
  if (run.kill !== undefined) {
    hastenKill(machine, run, request);
    return;
  }
  const { now, out, timers } = machine;
  run.kill = { cause: request.cause, startedAtMs: now.unixMs, deadlineAtMs: now.unixMs + request.graceMs };
  timers.cancel(run.completionTimer);
  out.saveTask(run, 'process');
  if (run.waits) {
    run.waits = false;
    endRun(machine, run, outcomeOfFailedLaunch('', run.kill));
  } else if (run.phase === 'launching') out.emit({ type: 'now', kind: 'abort-launch', containerId: run.containerId });
  else beginKill(machine, run);
}

/** A running container of a task with a kill intent: the first signal, or the one after a restart of the agent. */
export function beginKill(machine: Machine, run: TaskRun): void {
  const { kill } = run;
  if (kill === undefined) return;
  const framework = machine.state.frameworks.get(run.frameworkId);
  const announces = framework !== undefined && hasCapability(framework.info, 'TASK_KILLING_STATE');
  if (announces && kill.cause !== 'MAX_COMPLETION_TIME' && run.state !== 'TASK_KILLING')
    report(machine, run, { state: 'TASK_KILLING', source: 'SOURCE_EXECUTOR' });
  if (remainingMs(machine, kill) > 0)
    machine.out.emit({ type: 'afterPersist', kind: 'terminate-container', containerId: run.containerId });
  armDeadline(machine, run);
}

/** The grace is over, or a destroyed container still has not ended. */
export function onKillDeadline(machine: Machine, run: TaskRun): void {
  if (run.phase !== 'running') return;
  machine.out.emit({ type: 'afterPersist', kind: 'destroy-container', containerId: run.containerId });
  run.killTimer = machine.timers.arm(machine.now.monotonicMs + DESTROY_RETRY_MS, { kind: 'kill-deadline', run });
}

function hastenKill(machine: Machine, run: TaskRun, request: KillRequest): void {
  const { kill } = run;
  if (kill === undefined) return;
  const deadlineAtMs = Math.min(kill.deadlineAtMs, kill.startedAtMs + request.graceMs);
  // A framework that goes takes its tasks with it, whoever was first to want them dead.
  const cause = request.cause === 'FRAMEWORK_REMOVED' ? request.cause : kill.cause;
  if (deadlineAtMs === kill.deadlineAtMs && cause === kill.cause) return;
  const isSooner = deadlineAtMs < kill.deadlineAtMs;
  run.kill = { ...kill, cause, deadlineAtMs };
  machine.out.saveTask(run, 'process');
  if (run.phase === 'running' && isSooner) armDeadline(machine, run);
}

function armDeadline(machine: Machine, run: TaskRun): void {
  const { kill } = run;
  if (kill === undefined) return;
  machine.timers.cancel(run.killTimer);
  const waitMs = remainingMs(machine, kill);
  if (waitMs === 0) onKillDeadline(machine, run);
  else run.killTimer = machine.timers.arm(machine.now.monotonicMs + waitMs, { kind: 'kill-deadline', run });
}

/** By the wall clock, because it must survive a restart; a clock that was set back never lengthens the grace. */
function remainingMs({ now }: Machine, kill: KillIntent): number {
  return Math.min(Math.max(0, kill.deadlineAtMs - now.unixMs), kill.deadlineAtMs - kill.startedAtMs);
}
