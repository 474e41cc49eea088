/**
 * The end of the log in memory, from what was written to what was applied: entries are usually agreed on right after they
 * were written, and need not be read back. Bounded: beyond that they come from the disk.
 *
 * Invariant: `entries` is the end of the log without gaps, or empty.
 */
import type { Entry } from '../core/protocol.js';
import { sizeOnDisk } from './raft-tables.js';

const MAX_BYTES = 16 * 1024 * 1024;

export class UnappliedTail {
  #entries: Entry[] = [];
  #bytes = 0;

  /** Directly behind the last ones. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += sizeOnDisk(entry);
    }
    if (this.#bytes > MAX_BYTES) this.clear();
  }

  truncateFrom(index: number): void {
    while ((this.#entries.at(-1)?.index ?? 0) >= index) {
      const dropped = this.#entries.pop();
      if (dropped !== undefined) this.#bytes -= sizeOnDisk(dropped);
    }
  }

  /** From `from` to `to`; they and what is before them leave it. undefined: they are not here. */
  take(from: number, to: number): readonly Entry[] | undefined {
    const first = this.#entries[0]?.index;
    if (first === undefined || first > from) return undefined;
    const taken = this.#entries.slice(from - first, to + 1 - first);
    return taken.length === 0 ? undefined : taken;
  }

  /** Everything up to `index` is not asked for any more. */
  forgetTo(index: number): void {
    const first = this.#entries[0]?.index;
    if (first === undefined || index < first) return;
    const count = index + 1 - first;
    for (let i = 0; i < count; i++) this.#bytes -= sizeOnDisk(this.#entries[i] as Entry);
    this.#entries = this.#entries.slice(count);
  }

  clear(): void {
    this.#entries = [];
    this.#bytes = 0;
  }
}
