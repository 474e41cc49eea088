/**
 * A task as the model keeps it: there may be a hundred thousand of them, and most of what a decoder makes for one is the same for
 * many. Ids of frameworks and agents, texts and amounts are held once, lists at their size. Says the same as what it was made from. Pure.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';

/** Beyond so many different values, what repeats is no longer worth finding. */
const MOST_KEPT = 20_000;

export class TaskCompactor {
  readonly #ids = new Map<string, { readonly value: string }>();
  readonly #texts = new Map<string, string>();
  readonly #amounts = new Map<string, api.Amounts>();

  compact(task: api.Task): api.Task {
    const { task_id, name, executor_id } = task;
    return {
      framework_id: this.#id(task.framework_id.value),
      task_id,
      state: task.state,
      place: task.place,
      since: task.since,
      // Of a task that still stages: one number for both.
      launched_at: task.launched_at === task.since ? task.since : task.launched_at,
      agent_id: task.agent_id && this.#id(task.agent_id.value),
      executor_id: executor_id?.value === task_id.value ? task_id : executor_id,
      name: name === task_id.value ? task_id.value : name,
      role: task.role && this.#text(task.role),
      resources: task.resources && this.#amountsOf(task.resources),
      limits: task.limits && this.#amountsOf(task.limits),
      reason: task.reason,
      source: task.source,
      message: task.message && this.#text(task.message),
      healthy: task.healthy,
      ip: task.ip && this.#text(task.ip),
      ports: task.ports?.slice(),
    };
  }

  #id(value: string): { readonly value: string } {
    return kept(this.#ids, value, () => ({ value }));
  }

  #text(text: string): string {
    return kept(this.#texts, text, () => text);
  }

  #amountsOf({ cpus, gpus, mem_mb, disk_mb }: api.Amounts): api.Amounts {
    return kept(this.#amounts, `${cpus} ${gpus} ${mem_mb} ${disk_mb}`, () => ({ cpus, gpus, mem_mb, disk_mb }));
  }
}

function kept<T>(values: Map<string, T>, key: string, make: () => T): T {
  const known = values.get(key);
  if (known !== undefined) return known;
  if (values.size >= MOST_KEPT) values.clear();
  const made = make();
  values.set(key, made);
  return made;
}
