/**
 * Scalar quantities in thousandths as dense vectors: the books of the allocator add and compare these instead of
 * `Resources`. Index i of every vector means the same name, given by the one `ScalarNames` of the allocator.
 * Names are interned in the order they appear and never forgotten (their number is the number of distinct scalar names
 * that agents announce, a handful).
 */
import { STANDARD_NAMES, STANDARD_SCALARS } from '../resources/resource-kind.js';
import type { Resources } from '../resources/resources.js';

export class ScalarNames {
  readonly #indexOfName = new Map<string, number>();
  readonly names: string[] = [];
  /** 1: does not count in fair sharing. */
  readonly excluded: number[] = [];
  readonly #excludedNames: ReadonlySet<string>;

  constructor(excludedNames: ReadonlySet<string>) {
    this.#excludedNames = excludedNames;
    // First, so that their index is their place among the standard names.
    for (const name of STANDARD_NAMES.slice(0, STANDARD_SCALARS)) this.indexOf(name);
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

  /** A loop, because `fill` costs more on a handful of values. */
  clear(): void {
    const { values } = this;
    for (let i = 0; i < values.length; i++) values[i] = 0;
  }

  /** Overwrites everything. */
  setStandard(cpus: number, mem: number, disk: number, gpus: number): void {
    const { values } = this;
    values[0] = cpus;
    values[1] = mem;
    values[2] = disk;
    values[3] = gpus;
    for (let i = STANDARD_SCALARS; i < values.length; i++) values[i] = 0;
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
  /** Nothing is reserved or revocable: those two are 0. */
  readonly isPlain: boolean;
}

/** Scratch for amounts that are used at once and not kept. */
export class Measure implements Amounts {
  readonly all = new Quantities();
  readonly reserved = new Quantities();
  readonly firm = new Quantities();
  readonly revocable = new Quantities();
  isPlain = true;

  constructor(private readonly names: ScalarNames) {}

  /** Overwrites the former measure. */
  take(resources: Resources): this {
    const standard = resources.standardMilli;
    if (standard === undefined) return this.#takeEach(resources);
    return this.takeStandard(standard[0] ?? 0, standard[1] ?? 0, standard[2] ?? 0, standard[3] ?? 0);
  }

  /** Of nothing but plain standard resources; by their place in `STANDARD_NAMES`. */
  takeStandard(cpus: number, mem: number, disk: number, gpus: number): this {
    this.all.setStandard(cpus, mem, disk, gpus);
    this.firm.setStandard(cpus, mem, disk, gpus);
    if (!this.isPlain) {
      this.reserved.clear();
      this.revocable.clear();
      this.isPlain = true;
    }
    return this;
  }

  /** `this -= other`. */
  subtract(other: Measure): this {
    this.all.addAll(other.all, -1);
    this.firm.addAll(other.firm, -1);
    this.reserved.addAll(other.reserved, -1);
    this.revocable.addAll(other.revocable, -1);
    this.isPlain &&= other.isPlain;
    return this;
  }

  #takeEach(resources: Resources): this {
    this.isPlain = false;
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

/** Amounts of standard resources by a slot, next to one another: what is gone through slot by slot is near in memory. */
export class StandardRows {
  /** NaN first: the amounts are not standard. */
  #values = new Float64Array(64 * STANDARD_SCALARS);

  /** undefined: not to be kept. */
  set(slot: number, resources: Resources | undefined): void {
    const base = slot * STANDARD_SCALARS;
    if (base >= this.#values.length) {
      const grown = new Float64Array((base + STANDARD_SCALARS) * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    const standard = resources?.standardMilli;
    for (let i = 0; i < STANDARD_SCALARS; i++) this.#values[base + i] = standard?.[i] ?? Number.NaN;
  }

  /** Reads them into `measure`; false: they are not known. */
  take(slot: number, measure: Measure): boolean {
    const base = slot * STANDARD_SCALARS;
    const cpus = this.#values[base] ?? Number.NaN;
    if (Number.isNaN(cpus)) return false;
    measure.takeStandard(cpus, this.#values[base + 1] ?? 0, this.#values[base + 2] ?? 0, this.#values[base + 3] ?? 0);
    return true;
  }
}

const NO_QUANTITIES: Readonly<Quantities> = Object.freeze(new Quantities());

/** Of resources that are all unreserved, not revocable and not shared; to keep. */
export function plainAmounts(resources: Resources, names: ScalarNames): Amounts {
  const all = new Quantities();
  const standard = resources.standardMilli;
  if (standard !== undefined) all.setStandard(standard[0] ?? 0, standard[1] ?? 0, standard[2] ?? 0, standard[3] ?? 0);
  else
    for (const { kind, milli } of resources.entries)
      if (kind.type === 'SCALAR') all.add(names.indexOf(kind.name), milli);
  return {
    all,
    firm: all,
    reserved: NO_QUANTITIES as Quantities,
    revocable: NO_QUANTITIES as Quantities,
    isPlain: true,
  };
}

/** Totals of the cluster: the denominators of dominant shares. `version` moves with every change. */
export class ClusterTotals {
  readonly all = new Quantities();
  readonly revocable = new Quantities();
  version = 0;

  change(measure: Amounts, sign: 1 | -1): void {
    this.all.addAll(measure.all, sign);
    if (!measure.isPlain) this.revocable.addAll(measure.revocable, sign);
    this.version++;
  }
}
