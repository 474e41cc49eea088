/**
 * The tasks of a framework that are over: the last so many, oldest first. Frameworks may use a task id again, so several of
 * them can have one id; the newest of each is found by it.
 */
import { BoundedHistory } from './bounded-history.js';
import type { TaskRecord } from './task.js';

export class CompletedTasks implements Iterable<TaskRecord> {
  readonly #tasks: BoundedHistory<TaskRecord>;
  readonly #newest = new Map<string, TaskRecord>();

  constructor(capacity: number) {
    this.#tasks = new BoundedHistory(capacity);
  }

  get size(): number {
    return this.#tasks.size;
  }

  /** Returns the task that is forgotten for it: the oldest, or, without any room, `task` itself. */
  push(task: TaskRecord): TaskRecord | undefined {
    const forgotten = this.#tasks.push(task);
    if (forgotten !== task) this.#newest.set(task.id, task);
    if (forgotten !== undefined && this.#newest.get(forgotten.id) === forgotten) this.#newest.delete(forgotten.id);
    return forgotten;
  }

  /** The newest of that id. */
  find(taskId: string): TaskRecord | undefined {
    return this.#newest.get(taskId);
  }

  [Symbol.iterator](): IterableIterator<TaskRecord> {
    return this.#tasks[Symbol.iterator]();
  }
}
