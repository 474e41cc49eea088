/** How many things happened lately, in buckets of 10 s: however many there are, it stays small. Pure. */
interface Bucket {
  /** Unix seconds of its beginning. */
  readonly from: number;
  count: number;
}

const BUCKET_SECONDS = 10;

export class RecentCount {
  /** Oldest first. */
  readonly #buckets: Bucket[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(at: number): void {
    const from = Math.floor(at / BUCKET_SECONDS) * BUCKET_SECONDS;
    this.#count++;
    let position = this.#buckets.length;
    while (position > 0 && (this.#buckets[position - 1] as Bucket).from > from) position--;
    const bucket = this.#buckets[position - 1];
    if (bucket?.from === from) bucket.count++;
    else this.#buckets.splice(position, 0, { from, count: 1 });
  }

  /** Drops buckets that ended at or before `time`; returns whether there were any. */
  forgetUntil(time: number): boolean {
    const before = this.#count;
    while (this.#buckets[0] !== undefined && this.#buckets[0].from + BUCKET_SECONDS <= time)
      this.#count -= (this.#buckets.shift() as Bucket).count;
    return this.#count !== before;
  }
}
