/**
 * Long work in small units, so that no step holds up the loop (architecture, section 2): each `next` of a job is one
 * unit. Jobs run in the order they came, one at a time; events between two slices see a consistent state, and a job
 * looks at the state anew in every unit.
 */
export type Job = Iterator<void, void>;

export class Jobs {
  #queue: Job[] = [];

  get isIdle(): boolean {
    return this.#queue.length === 0;
  }

  add(job: Job): void {
    this.#queue.push(job);
  }

  /** Runs at most `budget` units; returns whether work remains. */
  run(budget: number): boolean {
    let left = budget;
    let ended = 0;
    for (const job of this.#queue) {
      while (left > 0 && job.next().done !== true) left--;
      if (left === 0) break;
      ended++;
    }
    if (ended > 0) this.#queue = this.#queue.slice(ended);
    return this.#queue.length > 0;
  }
}
