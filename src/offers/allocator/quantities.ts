/**
 * Scalar quantities in thousandths as dense vectors: the books of the allocator add and compare these instead of
 * `Resources`. Index i of every vector means the same name, given by the one `ScalarNames` of the allocator.
 * Names are interned in the order they appear and never forgotten (their number is the number of distinct scalar names
 * that agents announce, a handful).
 */
import type { Resources } from '../resources/resources.js';

export class ScalarNames {
  readonly #indexOfName = new Map<string, number>();
  readonly names: string[] = [];
  /** 1: does not count in fair sharing. */
  readonly excluded: number[] = [];
  readonly #excludedNames: ReadonlySet<string>;

  constructor(excludedNames: ReadonlySet<string>) {
    this.#excludedNames = excludedNames;
    for (const name of ['cpus', 'mem', 'disk', 'gpus']) this.indexOf(name);
  }

  get size(): number {
    return this.names.length;
  }

  /** Interns `name`. */
  indexOf(name: string): number {
    const known = this.#indexOfName.get(name);
    if (known !== undefined) return known;
    const index = this.names.length;
    this.names.push(name);
    this.excluded.push(this.#excludedNames.has(name) ? 1 : 0);
    this.#indexOfName.set(name, index);
    return index;
  }
}

/** A vector of thousandths; indexes beyond its length read as 0. */
export class Quantities {
  values = new Float64Array(4);

  get(index: number): number {
    return this.values[index] ?? 0;
  }

  set(index: number, milli: number): void {
    this.#reserve(index + 1);
    this.values[index] = milli;
  }

  add(index: number, milli: number): void {
    this.#reserve(index + 1);
    this.values[index] = (this.values[index] ?? 0) + milli;
  }

  /** `this += sign * delta`. */
  addAll(delta: Quantities, sign: 1 | -1): void {
    const from = delta.values;
    this.#reserve(from.length);
    const to = this.values;
    for (let i = 0; i < from.length; i++) to[i] = (to[i] ?? 0) + sign * (from[i] ?? 0);
  }

  /** `this = other`. */
  copy(other: Quantities): void {
    this.clear();
    this.addAll(other, 1);
  }

  /** `this = max(0, this - delta)` in every component. */
  subtractClamped(delta: Quantities): void {
    const to = this.values;
    for (let i = 0; i < to.length; i++) to[i] = Math.max(0, (to[i] ?? 0) - delta.get(i));
  }

  clear(): void {
    this.values.fill(0);
  }

  /** Nothing above zero. */
  get isEmpty(): boolean {
    return this.values.every((milli) => milli <= 0);
  }

  get isZero(): boolean {
    return this.values.every((milli) => milli === 0);
  }

  #reserve(size: number): void {
    if (size <= this.values.length) return;
    const grown = new Float64Array(size + 4);
    grown.set(this.values);
    this.values = grown;
  }
}

/** The scalars of a `Resources`, split the way the books need them. A shared volume counts once. */
export interface Amounts {
  readonly all: Quantities;
  readonly reserved: Quantities;
  /** Unreserved and not revocable: what quota counts. */
  readonly firm: Quantities;
  readonly revocable: Quantities;
}

/** Scratch for amounts that are used at once and not kept. */
export class Measure implements Amounts {
  readonly all = new Quantities();
  readonly reserved = new Quantities();
  readonly firm = new Quantities();
  readonly revocable = new Quantities();

  constructor(private readonly names: ScalarNames) {}

  /** Overwrites the former measure. */
  take(resources: Resources): this {
    this.all.clear();
    this.reserved.clear();
    this.firm.clear();
    this.revocable.clear();
    for (const { kind, milli } of resources.entries) {
      if (kind.type !== 'SCALAR') continue;
      const index = this.names.indexOf(kind.name);
      this.all.add(index, milli);
      if (kind.reservations.length > 0) this.reserved.add(index, milli);
      else if (!kind.revocable) this.firm.add(index, milli);
      if (kind.revocable) this.revocable.add(index, milli);
    }
    return this;
  }
}

const NO_QUANTITIES: Readonly<Quantities> = Object.freeze(new Quantities());

/** Of resources that are all unreserved, not revocable and not shared; to keep. */
export function plainAmounts(resources: Resources, names: ScalarNames): Amounts {
  const all = new Quantities();
  for (const { kind, milli } of resources.entries) if (kind.type === 'SCALAR') all.add(names.indexOf(kind.name), milli);
  return { all, firm: all, reserved: NO_QUANTITIES as Quantities, revocable: NO_QUANTITIES as Quantities };
}

/** Totals of the cluster: the denominators of dominant shares. `version` moves with every change. */
export class ClusterTotals {
  readonly all = new Quantities();
  readonly revocable = new Quantities();
  version = 0;

  change(measure: Amounts, sign: 1 | -1): void {
    this.all.addAll(measure.all, sign);
    this.revocable.addAll(measure.revocable, sign);
    this.version++;
  }
}
