/**
 * The two ends of a task: its container is over (`endRun`), and its scheduler knows (`completeRun`). Between the two the
 * task stays, because the update must be delivered; a task of a framework that was ordered to end has nobody to tell.
 */

import { isTerminal } from '../../../../wire/task-state.js';
import type { Machine } from '../machine.js';
import { rememberCompleted, retireFramework } from '../model/framework.js';
import type { TaskRun } from '../model/task-run.js';
import type { Outcome } from './ending.js';
import { report } from './report.js';

/** The container is gone. A task ends once: later ends of the same one change nothing. */
export function endRun(machine: Machine, run: TaskRun, outcome: Outcome): void {
  if (run.phase === 'over') return;
  if (!isTerminal(run.state)) report(machine, run, outcome);
  settleRun(machine, run);
  if (machine.state.frameworks.get(run.frameworkId)?.terminating === true) completeRun(machine, run);
}

/** No container any more: nothing to signal, nothing to wait for. */
export function settleRun({ out, state, timers }: Machine, run: TaskRun): void {
  run.phase = 'over';
  run.pid = undefined;
  timers.cancel(run.killTimer);
  timers.cancel(run.completionTimer);
  state.liveByContainer.delete(run.containerId);
  out.persist({ kind: 'remove-container', containerId: run.containerId }, 'process');
}

/** Forgets the task; with its last task the agent forgets the framework, too. */
export function completeRun(machine: Machine, run: TaskRun): void {
  const { out, state, streams } = machine;
  const framework = state.frameworks.get(run.frameworkId);
  if (framework === undefined || framework.tasks.get(run.taskId) !== run) return;
  streams.close(run.frameworkId, run.taskId);
  framework.tasks.delete(run.taskId);
  rememberCompleted(framework, run);
  out.removeTask(run);
  const frameworkIsOver = framework.tasks.size === 0;
  out.emit({
    type: 'now',
    kind: 'retire-sandbox',
    frameworkId: run.frameworkId,
    executorId: run.taskId,
    containerId: run.containerId,
    frameworkIsOver,
  });
  if (!frameworkIsOver) return;
  state.frameworks.delete(framework.id);
  framework.terminating = false;
  retireFramework(state.completedFrameworks, framework);
  out.persist({ kind: 'remove-framework', frameworkId: framework.id }, 'process');
}
