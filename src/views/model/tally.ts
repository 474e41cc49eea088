/** How many there are of each kind. Kinds of which there are none are not in `counts`. Pure. */
export class Tally<Kind> {
  readonly #counts = new Map<Kind, number>();

  /** A copy: it does not change any more. */
  get counts(): ReadonlyMap<Kind, number> {
    return new Map(this.#counts);
  }

  has(kind: Kind): boolean {
    return this.#counts.has(kind);
  }

  add(kind: Kind, by: 1 | -1): void {
    const count = (this.#counts.get(kind) ?? 0) + by;
    if (count === 0) this.#counts.delete(kind);
    else this.#counts.set(kind, count);
  }

  sum(): number {
    let sum = 0;
    for (const count of this.#counts.values()) sum += count;
    return sum;
  }
}
