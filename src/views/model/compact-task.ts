/**
 * A task as the model keeps it: there may be a hundred thousand of them, and most of what a decoder makes for one is the same for
 * many. Ids of frameworks and agents, texts and amounts are held once, lists at their size. Says the same as what it was made from. Pure.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';
import { sameValue } from './same-value.js';

/** Beyond so many different values, what repeats is no longer worth finding. */
const MOST_KEPT = 20_000;

export class TaskCompactor {
  readonly #ids = new Map<string, { readonly value: string }>();
  readonly #texts = new Map<string, string>();
  readonly #known = new Map<string, api.Amounts>();

  /** `old`: what is known of the same task; what did not change is taken from there. */
  compact(task: api.Task, old: api.Task | undefined): api.Task {
    const { task_id, executor_id, name } = task;
    const id = old?.task_id ?? task_id;
    return {
      framework_id: old?.framework_id ?? this.#id(task.framework_id),
      task_id: id,
      state: task.state,
      place: task.place,
      since: task.since,
      // Of a task that was just launched: one number for both.
      launched_at: task.launched_at === task.since ? task.since : task.launched_at,
      agent_id:
        task.agent_id?.value === old?.agent_id?.value ? old?.agent_id : task.agent_id && this.#id(task.agent_id),
      executor_id: executor_id?.value === id.value ? id : executor_id,
      name: name === id.value ? id.value : name,
      role: task.role === old?.role ? old?.role : task.role && this.#text(task.role),
      resources: this.#amounts(task.resources, old?.resources),
      limits: this.#amounts(task.limits, old?.limits),
      reason: task.reason,
      source: task.source,
      message: task.message && this.#text(task.message),
      healthy: task.healthy,
      ip: task.ip === old?.ip ? old?.ip : task.ip && this.#text(task.ip),
      ports: task.ports?.slice(),
    };
  }

  #id({ value }: { readonly value: string }): { readonly value: string } {
    return kept(this.#ids, value, () => ({ value }));
  }

  #text(text: string): string {
    return kept(this.#texts, text, () => text);
  }

  #amounts(amounts: api.Amounts | undefined, old: api.Amounts | undefined): api.Amounts | undefined {
    if (amounts === undefined || sameValue(amounts, old)) return amounts && old;
    const { cpus, gpus, mem_mb, disk_mb } = amounts;
    return kept(this.#known, `${cpus} ${gpus} ${mem_mb} ${disk_mb}`, () => ({ cpus, gpus, mem_mb, disk_mb }));
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
