/**
 * Who holds what on one agent: a few clients, looked up on every offer. One short array of a few places a holder beats a Map
 * here: no hashing, and one object to fetch instead of a table; the usual agent has one or two holders. The amounts of standard
 * resources lie beside them, so that an agent leaves the sums without anybody reading its resources.
 */
import type { Resources } from '../resources/resources.js';
import type { Measure } from './quantities.js';

/** Client slot, resources, then the standard scalars; `NOT_STANDARD` in place of the first when there is something else. */
const WIDTH = 6;
const NOT_STANDARD = -1;

export class Holdings {
  readonly #places: (number | Resources)[] = [];

  /** What the client with that slot holds, tagged; undefined: nothing. */
  get(clientSlot: number): Resources | undefined {
    const place = this.#find(clientSlot);
    return place < 0 ? undefined : this.#resourcesAt(place);
  }

  has(clientSlot: number): boolean {
    return this.#find(clientSlot) >= 0;
  }

  set(clientSlot: number, resources: Resources): void {
    const found = this.#find(clientSlot);
    const place = found < 0 ? this.#places.length : found;
    const standard = resources.standardMilli;
    // In order, so that the array grows by pushing.
    this.#places[place] = clientSlot;
    this.#places[place + 1] = resources;
    this.#places[place + 2] = standard === undefined ? NOT_STANDARD : (standard[0] ?? 0);
    for (let i = 1; i < WIDTH - 2; i++) this.#places[place + 2 + i] = standard?.[i] ?? 0;
  }

  delete(clientSlot: number): void {
    const place = this.#find(clientSlot);
    if (place < 0) return;
    const last = this.#places.length - WIDTH;
    for (let i = 0; i < WIDTH; i++) this.#places[place + i] = this.#places[last + i] as number | Resources;
    this.#dropLast();
  }

  /** Slot of the client that `pop` takes out; -1: there is none. */
  get lastClient(): number {
    const last = this.#places.length - WIDTH;
    return last < 0 ? -1 : (this.#places[last] as number);
  }

  /** Takes the last one out: into `measure`, or, where the amounts are not known, what it holds is answered. */
  pop(measure: Measure): Resources | undefined {
    const last = this.#places.length - WIDTH;
    const resources = this.#resourcesAt(last);
    const isStandard = this.#places[last + 2] !== NOT_STANDARD;
    if (isStandard)
      measure.takeStandard(
        this.#places[last + 2] as number,
        this.#places[last + 3] as number,
        this.#places[last + 4] as number,
        this.#places[last + 5] as number,
      );
    this.#dropLast();
    return isStandard ? undefined : resources;
  }

  /** A copy: holders may be removed while it is read. */
  entries(): (readonly [clientSlot: number, resources: Resources])[] {
    const out: (readonly [number, Resources])[] = [];
    for (let place = 0; place < this.#places.length; place += WIDTH)
      out.push([this.#places[place] as number, this.#resourcesAt(place)]);
    return out;
  }

  values(): Resources[] {
    return this.entries().map(([, resources]) => resources);
  }

  #resourcesAt(place: number): Resources {
    return this.#places[place + 1] as Resources;
  }

  /** Place by place: to set the length costs several times as much. */
  #dropLast(): void {
    for (let i = 0; i < WIDTH; i++) this.#places.pop();
  }

  #find(clientSlot: number): number {
    for (let place = 0; place < this.#places.length; place += WIDTH)
      if (this.#places[place] === clientSlot) return place;
    return -1;
  }
}
