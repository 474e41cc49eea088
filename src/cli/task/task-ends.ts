/**
 * Notices the ends of some tasks in the extension's event stream, over lost connections and new masters: each snapshot tells
 * what is, and a task that a whole snapshot does not hold is no more. Pure.
 */

import type * as api from '../../wire/gen/mesoctl-api.js';
import type { Event } from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { isTerminal } from '../../wire/task-state.js';

export interface TaskKey {
  readonly framework_id: mesos.FrameworkID;
  readonly task_id: mesos.TaskID;
}

export interface TaskEnd {
  readonly key: string;
  /** undefined: the master does not know it any more. */
  readonly task: api.Task | undefined;
}

export function keyOf({ framework_id, task_id }: TaskKey): string {
  return `${framework_id.value}/${task_id.value}`;
}

export class TaskEnds {
  readonly #pending: Set<string>;
  /** Of the snapshot that is coming in. */
  #seen = new Set<string>();

  constructor(tasks: Iterable<TaskKey>) {
    this.#pending = new Set(Array.from(tasks, keyOf));
  }

  /** Keys of tasks that have not ended, in the order given. */
  get pending(): ReadonlySet<string> {
    return this.#pending;
  }

  /** Its end is not waited for any more. */
  drop(key: string): void {
    this.#pending.delete(key);
  }

  /** Which of the tasks have ended by this event, each told once. */
  take(event: Event): readonly TaskEnd[] {
    const ends: TaskEnd[] = [];
    if (event.type === 'SUBSCRIBED') this.#seen = new Set();
    for (const task of [...(event.snapshot?.tasks ?? []), ...(event.tasks_updated ?? [])]) {
      const key = keyOf(task);
      if (!this.#pending.has(key)) continue;
      this.#seen.add(key);
      if (isTerminal(task.state) || task.place === 'COMPLETED') this.#end(key, task, ends);
    }
    for (const removed of event.tasks_removed ?? []) this.#end(keyOf(removed), undefined, ends);
    if (event.type === 'SNAPSHOT_END')
      for (const key of [...this.#pending]) if (!this.#seen.has(key)) this.#end(key, undefined, ends);
    return ends;
  }

  #end(key: string, task: api.Task | undefined, ends: TaskEnd[]): void {
    if (this.#pending.delete(key)) ends.push({ key, task });
  }
}
