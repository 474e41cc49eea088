/**
 * The rows of tasks: who they belong to, how bad they are, and all that is counted about them. Completed ones are kept up to a bound, the
 * oldest go first. A task that does not start is looked at again when that becomes a problem, not before. Pure.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';
import { TaskCompactor } from './compact-task.js';
import { DueQueue } from './due-queue.js';
import { isBadEnd, isStarting, judgeTask } from './health.js';
import type { ModelState } from './model-state.js';
import type { NameIndex } from './name-index.js';
import { type TaskRow, taskKeyOf } from './rows.js';
import { sameValue } from './same-value.js';

export const MOST_COMPLETED = 10_000;

export class TaskKeeper {
  /** Completed tasks by when they ended. */
  readonly #completed = new DueQueue();
  /** Tasks on their way by when that takes too long. */
  readonly #starting = new DueQueue();

  readonly #compactor = new TaskCompactor();

  constructor(private readonly state: ModelState) {}

  put(task: api.Task): void {
    const { tables, generation } = this.state;
    const old = tables.tasks.get(taskKeyOf(task.framework_id.value, task.task_id.value));
    const row = this.#rowOf(
      old !== undefined && sameValue(old.task, task) ? old.task : this.#compactor.compact(task, old?.task),
      old,
    );
    if (row === old) {
      tables.tasks.put(row, generation);
      return;
    }
    this.#track(old, row);
    tables.tasks.put(row, generation);
    if (isBadEnd(task.state) && old?.task.state !== task.state) this.state.problems.onFailure(row);
  }

  remove(key: string): void {
    const old = this.state.tables.tasks.remove(key);
    if (old !== undefined) this.#track(old, undefined);
  }

  /** What its row says of others changed: the name of its framework, its host. */
  refresh(key: string): void {
    const old = this.state.tables.tasks.get(key);
    if (old === undefined) return;
    const row = this.#rowOf(old.task, old);
    if (row === old) return;
    this.#track(old, row);
    this.state.tables.tasks.replace(row);
  }

  /** Returns whether any row changed. */
  tick(): boolean {
    const { now } = this.state.clock;
    let changed = false;
    for (let key = this.#starting.popDue(now); key !== undefined; key = this.#starting.popDue(now)) {
      this.refresh(key);
      changed = true;
    }
    return changed;
  }

  /** Drops the oldest completed ones beyond `most`. */
  bound(most: number): void {
    while (this.#completed.size > most) this.remove(this.#completed.first?.key ?? '');
  }

  /** The row of `task` as of now; `old` itself if that says the same. */
  #rowOf(task: api.Task, old: TaskRow | undefined): TaskRow {
    const { severity, note } = judgeTask(task, this.state.clock.now);
    const frameworkName = this.state.frameworkName(task.framework_id.value);
    const hostname = this.state.agentNames.nameOf(task.agent_id?.value ?? '');
    const isSame =
      old?.task === task &&
      old.severity === severity &&
      old.note === note &&
      old.frameworkName === frameworkName &&
      old.hostname === hostname;
    if (isSame) return old;
    const key = old?.key ?? taskKeyOf(task.framework_id.value, task.task_id.value);
    return { key, severity, note, task, frameworkName, hostname };
  }

  /** All books, from one row to the next; undefined: none. */
  #track(old: TaskRow | undefined, row: TaskRow | undefined): void {
    const key = (row ?? old)?.key ?? '';
    if (old !== undefined) this.state.totals.addTask(old, -1);
    if (row !== undefined) this.state.totals.addTask(row, 1);
    this.#trackReference(this.state.agentNames, key, old?.task, row?.task, agentOf);
    this.#trackReference(this.state.frameworkNames, key, old?.task, row?.task, frameworkOf);
    this.#trackQueues(key, row);
    this.#trackGroups(key, old, row);
  }

  #trackReference(
    names: NameIndex,
    key: string,
    old: api.Task | undefined,
    task: api.Task | undefined,
    idOf: (task: api.Task) => string | undefined,
  ): void {
    const before = old === undefined ? undefined : idOf(old);
    const after = task === undefined ? undefined : idOf(task);
    const [wasLive, isLive] = [old?.place !== 'COMPLETED', task?.place !== 'COMPLETED'];
    if (before === after) {
      if (after !== undefined && wasLive !== isLive) names.changeLive(after, isLive ? 1 : -1);
      return;
    }
    if (before !== undefined) names.removeTask(before, key, wasLive);
    if (after !== undefined) names.addTask(after, key, isLive);
  }

  #trackQueues(key: string, row: TaskRow | undefined): void {
    if (row?.task.place === 'COMPLETED') this.#completed.set(key, row.task.since ?? 0);
    else this.#completed.delete(key);
    const isOnItsWay = row !== undefined && isStarting(row.task.state);
    const dueAt = isOnItsWay ? judgeTask(row.task, this.state.clock.now).dueAt : undefined;
    if (dueAt === undefined) this.#starting.delete(key);
    else this.#starting.set(key, dueAt);
  }

  #trackGroups(key: string, old: TaskRow | undefined, row: TaskRow | undefined): void {
    const { problems } = this.state;
    const groups = groupOf(row);
    const frameworkId = (row ?? old)?.task.framework_id.value ?? '';
    for (const group of ['not-started', 'unhealthy'] as const)
      if (groups === group) problems.join(group, frameworkId, key, row?.task.since ?? 0);
      else if (groupOf(old) === group) problems.leave(group, frameworkId, key);
  }
}

function agentOf(task: api.Task): string | undefined {
  return task.agent_id?.value;
}

function frameworkOf(task: api.Task): string {
  return task.framework_id.value;
}

function groupOf(row: TaskRow | undefined): 'not-started' | 'unhealthy' | undefined {
  if (row === undefined) return undefined;
  if (row.severity === 'waiting' && isStarting(row.task.state)) return 'not-started';
  return row.severity === 'bad' && row.task.state === 'TASK_RUNNING' ? 'unhealthy' : undefined;
}
