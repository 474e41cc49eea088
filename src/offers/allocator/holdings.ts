/**
 * Who holds what on one agent: a few clients, looked up on every offer. One short array of (client, resources) in turn beats
 * a Map here: no hashing, and one object to fetch instead of a table; the usual agent has one or two holders.
 */
import type { Resources } from '../resources/resources.js';

export class Holdings {
  /** Client slot at 2i, its resources at 2i + 1. */
  readonly #pairs: (number | Resources)[] = [];

  /** What the client with that slot holds, tagged; undefined: nothing. */
  get(clientSlot: number): Resources | undefined {
    const place = this.#find(clientSlot);
    return place < 0 ? undefined : (this.#pairs[place + 1] as Resources);
  }

  has(clientSlot: number): boolean {
    return this.#find(clientSlot) >= 0;
  }

  set(clientSlot: number, resources: Resources): void {
    const place = this.#find(clientSlot);
    if (place >= 0) this.#pairs[place + 1] = resources;
    else this.#pairs.push(clientSlot, resources);
  }

  delete(clientSlot: number): void {
    const place = this.#find(clientSlot);
    if (place < 0) return;
    const lastResources = this.#pairs.pop() as Resources;
    const lastClient = this.#pairs.pop() as number;
    if (place === this.#pairs.length) return;
    this.#pairs[place] = lastClient;
    this.#pairs[place + 1] = lastResources;
  }

  /** A copy: holders may be removed while it is read. */
  entries(): (readonly [clientSlot: number, resources: Resources])[] {
    const out: (readonly [number, Resources])[] = [];
    for (let place = 0; place < this.#pairs.length; place += 2)
      out.push([this.#pairs[place] as number, this.#pairs[place + 1] as Resources]);
    return out;
  }

  values(): Resources[] {
    return this.#pairs.filter((item): item is Resources => typeof item !== 'number');
  }

  #find(clientSlot: number): number {
    for (let place = 0; place < this.#pairs.length; place += 2) if (this.#pairs[place] === clientSlot) return place;
    return -1;
  }
}
