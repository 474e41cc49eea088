/** Numbers that are collected one by one and asked for their quantiles at the end. Exact: all of them are kept. */
export class Samples {
  #values = new Float64Array(64);
  #size = 0;
  #isSorted = true;
  #sum = 0;

  get size(): number {
    return this.#size;
  }

  get mean(): number {
    return this.#size === 0 ? 0 : this.#sum / this.#size;
  }

  push(value: number): void {
    if (this.#size === this.#values.length) {
      const grown = new Float64Array(this.#size * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#size++] = value;
    this.#sum += value;
    this.#isSorted = false;
  }

  addAll(other: Samples): void {
    for (let i = 0; i < other.#size; i++) this.push(other.#values[i] ?? 0);
  }

  /** The smallest value that at least `part` of all do not exceed; 0 of none. */
  quantile(part: number): number {
    if (!this.#isSorted) this.#values.subarray(0, this.#size).sort();
    this.#isSorted = true;
    return this.#values[Math.max(0, Math.ceil(part * this.#size) - 1)] ?? 0;
  }
}
