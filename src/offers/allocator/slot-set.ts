/**
 * A set of small integers, read in ascending order: bits, and above them bits that say which words are not empty. Reading it
 * costs what is in it, not what could be: of 50,000 agents with three free ones, three.
 *
 * Invariant: a bit of the upper level is set exactly when the word below it is not 0.
 */
export class SlotSet {
  #words = new Uint32Array(32);
  #upper = new Uint32Array(1);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(slot: number): boolean {
    return ((this.#words[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0;
  }

  set(slot: number, isMember: boolean): void {
    if (this.has(slot) === isMember) return;
    const word = slot >>> 5;
    if (word >= this.#words.length) this.#grow(word + 1);
    const bits = (this.#words[word] ?? 0) ^ (1 << (slot & 31));
    this.#words[word] = bits;
    this.#size += isMember ? 1 : -1;
    const upperBit = 1 << (word & 31);
    const upper = this.#upper[word >>> 5] ?? 0;
    this.#upper[word >>> 5] = bits !== 0 ? upper | upperBit : upper & ~upperBit;
  }

  /** Writes the members to `out`, which has room for `size` of them, in ascending order. */
  copyTo(out: Int32Array): void {
    let count = 0;
    for (let at = 0; at < this.#upper.length; at++)
      for (let upper = this.#upper[at] ?? 0; upper !== 0; upper &= upper - 1) {
        const word = (at << 5) + lowestBit(upper);
        for (let bits = this.#words[word] ?? 0; bits !== 0; bits &= bits - 1)
          out[count++] = (word << 5) + lowestBit(bits);
      }
  }

  #grow(words: number): void {
    const upperLength = Math.ceil((words * 2) / 32);
    const grownWords = new Uint32Array(upperLength * 32);
    grownWords.set(this.#words);
    this.#words = grownWords;
    const grownUpper = new Uint32Array(upperLength);
    grownUpper.set(this.#upper);
    this.#upper = grownUpper;
  }
}

/** Number of the lowest bit that is set. */
function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
