/**
 * Collects the effects of one step. A task that changed several times in a step is written once, as it is at the end.
 *
 * Invariant: in the list of changes a row's removal stands where it was asked for, and its last write after it.
 */

import type { TaskRun } from './model/task-run.js';
import { toCheckpointTask } from './model/task-run.js';
import type { AgentEffect, CheckpointChange, Durability } from './protocol.js';

type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export class Outbox {
  #effects: AgentEffect[] = [];
  readonly #dirty = new Map<TaskRun, Durability>();

  /** Any effect but a persist. */
  emit(effect: Exclude<AgentEffect, { readonly type: 'persist' }>): void {
    this.#effects.push(effect);
  }

  persist(change: CheckpointChange, durability: Durability): void {
    // What is to be forgotten must not be written after it.
    if (change.kind === 'clear') this.#dirty.clear();
    this.#effects.push({ type: 'persist', kind: 'change', change, durability });
  }

  /** Writes the task's row at the end of the step. */
  saveTask(run: TaskRun, durability: Durability): void {
    this.#dirty.set(run, this.#dirty.get(run) === 'machine' ? 'machine' : durability);
  }

  removeTask(run: TaskRun): void {
    this.#dirty.delete(run);
    this.persist({ kind: 'remove-task', frameworkId: run.frameworkId, taskId: run.taskId }, 'process');
  }

  log(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#effects.push({ type: 'now', kind: 'log', level, message, fields });
  }

  /** The effects since the last call. */
  take(): readonly AgentEffect[] {
    for (const [run, durability] of this.#dirty)
      this.persist({ kind: 'put-task', task: toCheckpointTask(run) }, durability);
    this.#dirty.clear();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
