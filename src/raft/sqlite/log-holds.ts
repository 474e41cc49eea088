/**
 * Which part of the log stays because somebody is being sent a snapshot that the log must continue: while it is written
 * and read, and for a while after, until the receiver has asked for what follows it. Bounded by its caller.
 */
export class LogHolds {
  /** The newest begun snapshot's index, and until when what follows it stays. */
  #held: { readonly index: number; readonly untilMs: number } | undefined;

  constructor(
    private readonly holdMs: number,
    private readonly nowMs: () => number,
  ) {}

  /** A snapshot of everything up to `index` is written. */
  begin(index: number): void {
    this.#held = { index: Math.min(index, this.#living ?? index), untilMs: this.nowMs() + this.holdMs };
  }

  /** Nobody reads it any more. */
  release(index: number): void {
    this.begin(index);
  }

  /** The oldest index that the log must continue, `reading` included. */
  oldest(reading: number | undefined): number | undefined {
    const living = this.#living;
    if (living === undefined || reading === undefined) return living ?? reading;
    return Math.min(living, reading);
  }

  get #living(): number | undefined {
    return this.#held !== undefined && this.nowMs() < this.#held.untilMs ? this.#held.index : undefined;
  }
}
