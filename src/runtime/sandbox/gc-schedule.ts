/**
 * Decides when a finished directory is deleted. Pure: time and disk use come from outside.
 *
 * Each path waits its full delay, counted from its modification time; when the disk fills up the allowed age shrinks to
 * nothing and older paths go first (spec pages 08, section 8.7, and 18, section 18.6).
 */

/** Rules of one agent. */
export interface GcRules {
  readonly gcDelayMs: number;
  /** Fraction of the disk that is to stay free; 0.1 by default. */
  readonly gcDiskHeadroom: number;
}

/** How old a finished directory may get at this disk use (0..1). */
export function maxAllowedAgeMs(rules: GcRules, usage: number): number {
  return rules.gcDelayMs * Math.max(0, 1 - rules.gcDiskHeadroom - usage);
}

/** How long a directory last changed at `mtimeMs` still waits; negative: its time is over. */
export function removalDelayMs(gcDelayMs: number, nowUnixMs: number, mtimeMs: number): number {
  return gcDelayMs - (nowUnixMs - mtimeMs);
}

export class GcSchedule {
  /** Path to the monotonic time at which it is due. */
  readonly #dueMs = new Map<string, number>();

  constructor(private readonly rules: GcRules) {}

  get size(): number {
    return this.#dueMs.size;
  }

  /** Replaces an older entry of the same path. */
  schedule(path: string, delayMs: number, nowMs: number): void {
    this.#dueMs.set(path, nowMs + delayMs);
  }

  /** The path is used again. Returns whether it was waiting. */
  unschedule(path: string): boolean {
    return this.#dueMs.delete(path);
  }

  /** When the next path is due; undefined: nothing waits. */
  nextDueMs(): number | undefined {
    let next: number | undefined;
    for (const dueMs of this.#dueMs.values()) if (next === undefined || dueMs < next) next = dueMs;
    return next;
  }

  /** Takes the paths whose time is over, oldest first. */
  takeDue(nowMs: number): readonly string[] {
    return this.#take(nowMs);
  }

  /** Takes the paths that are too old at this disk use, oldest first. */
  takeForUsage(usage: number, nowMs: number): readonly string[] {
    return this.#take(nowMs + this.rules.gcDelayMs - maxAllowedAgeMs(this.rules, usage));
  }

  #take(upToMs: number): readonly string[] {
    const taken = [...this.#dueMs].filter(([, dueMs]) => dueMs <= upToMs).sort(([, a], [, b]) => a - b);
    for (const [path] of taken) this.#dueMs.delete(path);
    return taken.map(([path]) => path);
  }
}
