/**
 * The log as a member sees it: which term every index has, the newest entries themselves, how much of it is durable, and the
 * configurations in it. Older entries are on the disk only.
 *
 * Indexes, in order:
 *   base          everything up to here is in the state machine and gone from the log
 *   recentFrom    from here to `lastIndex` the entries are in memory
 *   stable        up to here the log is durable: what this member may acknowledge
 *   handed        up to here it was given to the disk
 *   lastIndex
 * base <= stable <= handed <= lastIndex. An entry that is not durable is always in memory.
 *
 * Invariant: a batch that was asked for before a truncation never makes anything behind the truncation durable: what it
 * wrote there is overwritten by a later batch, and what counts is what is on the disk after a crash between the two.
 */
import { assert, present } from '../../base/assert.js';
import { type Configuration, sameConfiguration } from './configuration.js';
import type { Entry, SnapshotInfo, StoredState } from './protocol.js';

/** What an entry weighs beside its data: header, index and message overhead. Bytes. */
const ENTRY_OVERHEAD_BYTES = 32;

interface TermRun {
  readonly term: number;
  readonly firstIndex: number;
}

interface ConfigurationAt {
  readonly index: number;
  readonly configuration: Configuration;
}

export function sizeOfEntry({ body }: Entry): number {
  if (body.kind === 'data') return ENTRY_OVERHEAD_BYTES + body.data.length;
  return body.kind === 'no-op' ? ENTRY_OVERHEAD_BYTES : ENTRY_OVERHEAD_BYTES + 64 * body.configuration.members.length;
}

export class EntryLog {
  #baseIndex: number;
  #baseTerm: number;
  #lastIndex: number;
  #stable: number;
  #handed: number;
  readonly #terms: TermRun[];
  #recent: Entry[];
  #recentBytes: number;
  /** Newest last; the first is that of the base. */
  #configurations: ConfigurationAt[];
  readonly #batches: { readonly batch: number; lastIndex: number }[] = [];
  readonly #maxRecentBytes: number;

  constructor(stored: StoredState, maxRecentBytes: number) {
    const { base, terms, lastIndex, recent, configurations } = stored;
    this.#baseIndex = base.index;
    this.#baseTerm = base.term;
    this.#lastIndex = lastIndex;
    this.#stable = lastIndex;
    this.#handed = lastIndex;
    this.#terms = [...terms];
    this.#recent = [...recent];
    this.#recentBytes = recent.reduce((sum, entry) => sum + sizeOfEntry(entry), 0);
    this.#configurations = [{ index: base.index, configuration: base.configuration }, ...configurations];
    this.#maxRecentBytes = maxRecentBytes;
    assert(lastIndex >= base.index, 'a log does not end before it begins');
    assert(recent.length === 0 || recent.at(-1)?.index === lastIndex, 'recent entries are the last ones');
  }

  get baseIndex(): number {
    return this.#baseIndex;
  }
  get baseTerm(): number {
    return this.#baseTerm;
  }
  get lastIndex(): number {
    return this.#lastIndex;
  }
  get lastTerm(): number {
    return this.#terms.at(-1)?.term ?? this.#baseTerm;
  }
  get stable(): number {
    return this.#stable;
  }
  get length(): number {
    return this.#lastIndex - this.#baseIndex;
  }

  /** A member uses the newest configuration in its log, committed or not (thesis, 4.1). */
  get configuration(): Configuration {
    return present(this.#configurations.at(-1), 'a log has a configuration').configuration;
  }
  get configurationIndex(): number {
    return present(this.#configurations.at(-1), 'a log has a configuration').index;
  }

  /** The newest configuration at or before `index`. */
  configurationAt(index: number): Configuration {
    const at = this.#configurations.findLast((known) => known.index <= index);
    return present(at ?? this.#configurations[0], 'a log has a configuration').configuration;
  }

  /** undefined: before the base, or not in the log yet. */
  termAt(index: number): number | undefined {
    if (index === this.#baseIndex) return this.#baseTerm;
    if (index < this.#baseIndex || index > this.#lastIndex) return undefined;
    return present(this.#terms[this.#runOf(index)], 'every index has a term').term;
  }

  matches(index: number, term: number): boolean {
    return this.termAt(index) === term;
  }

  /** Whether a log that ends like this holds everything that was committed here (thesis, 3.6.1). */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.#lastIndex);
  }

  /**
   * The newest index, at most `index`, whose term here is at most `term`: the first place worth trying after the other side
   * said that its log ends like that (thesis, 3.5). Never before the base.
   */
  newestNotAfter(index: number, term: number): number {
    let at = Math.min(index, this.#lastIndex);
    while (at > this.#baseIndex) {
      const run = present(this.#terms[this.#runOf(at)], 'every index has a term');
      if (run.term <= term) return at;
      at = run.firstIndex - 1;
    }
    return Math.max(at, this.#baseIndex);
  }

  /** Directly behind the last one. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.#lastIndex + 1, 'entries are appended in order');
      assert(entry.term >= this.lastTerm, 'terms never go back in a log');
      if (this.#terms.length === 0 || entry.term > this.lastTerm)
        this.#terms.push({ term: entry.term, firstIndex: entry.index });
      this.#recent.push(entry);
      this.#recentBytes += sizeOfEntry(entry);
      this.#lastIndex = entry.index;
      if (entry.body.kind === 'configuration')
        this.#configurations.push({ index: entry.index, configuration: entry.body.configuration });
    }
    this.#trimRecent();
  }

  /** Forgets `index` and what follows: a leader says otherwise. */
  truncateFrom(index: number): void {
    assert(index > this.#baseIndex && index <= this.#lastIndex, 'only what is in the log is taken from it');
    const kept = Math.max(0, index - this.#recentFrom);
    for (const entry of this.#recent.splice(kept)) this.#recentBytes -= sizeOfEntry(entry);
    this.#lastIndex = index - 1;
    while ((this.#terms.at(-1)?.firstIndex ?? 0) >= index) this.#terms.pop();
    while (this.#configurations.length > 1 && this.configurationIndex >= index) this.#configurations.pop();
    this.#handed = Math.min(this.#handed, index - 1);
    this.#stable = Math.min(this.#stable, index - 1);
    for (const asked of this.#batches) asked.lastIndex = Math.min(asked.lastIndex, index - 1);
  }

  /**
   * Entries from `from` on, about `maxBytes`, at least one if there is one. `on-disk`: they are in the log and not in memory.
   * `compacted`: they are no more.
   */
  entriesFrom(from: number, maxBytes: number): readonly Entry[] | 'on-disk' | 'compacted' {
    if (from <= this.#baseIndex) return 'compacted';
    if (from > this.#lastIndex) return [];
    if (from < this.#recentFrom) return 'on-disk';
    const entries: Entry[] = [];
    let bytes = 0;
    for (let at = from - this.#recentFrom; at < this.#recent.length; at++) {
      const entry = this.#recent[at] as Entry;
      bytes += sizeOfEntry(entry);
      if (entries.length > 0 && bytes > maxBytes) break;
      entries.push(entry);
    }
    return entries;
  }

  /** What was not given to the disk yet; it counts as given from here on. */
  takeUnhanded(): readonly Entry[] {
    const entries = this.#recent.slice(this.#handed + 1 - this.#recentFrom);
    this.#handed = this.#lastIndex;
    return entries;
  }

  /** `batch` carries everything that was handed so far. */
  onBatch(batch: number): void {
    this.#batches.push({ batch, lastIndex: this.#handed });
  }

  /** `batch` and all before it are durable. */
  onPersisted(batch: number): void {
    while (this.#batches.length > 0 && (this.#batches[0]?.batch ?? 0) <= batch) {
      const asked = present(this.#batches.shift(), 'there is a batch');
      this.#stable = Math.max(this.#stable, asked.lastIndex);
    }
    this.#trimRecent();
  }

  /** The disk dropped everything up to `index`. */
  compactTo(index: number): void {
    if (index <= this.#baseIndex) return;
    assert(index <= this.#stable, 'only what is durable is compacted');
    const term = present(this.termAt(index), 'a compacted entry was in the log');
    const configuration = this.configurationAt(index);
    this.#terms.splice(0, this.#runOf(index));
    const first = this.#terms[0];
    if (index === this.#lastIndex) this.#terms.length = 0;
    else if (first !== undefined && first.firstIndex <= index)
      this.#terms[0] = { term: first.term, firstIndex: index + 1 };
    if ((this.#terms[1]?.firstIndex ?? 0) === index + 1) this.#terms.shift();
    this.#dropRecent(Math.max(0, index + 1 - this.#recentFrom));
    this.#baseIndex = index;
    this.#baseTerm = term;
    this.#configurations = [{ index, configuration }, ...this.#configurations.filter((known) => known.index > index)];
  }

  /** A snapshot takes the place of the whole log. */
  resetTo({ index, term, configuration }: SnapshotInfo): void {
    this.#baseIndex = index;
    this.#baseTerm = term;
    this.#lastIndex = index;
    this.#handed = index;
    this.#stable = index;
    this.#terms.length = 0;
    this.#recent = [];
    this.#recentBytes = 0;
    this.#configurations = [{ index, configuration }];
    for (const asked of this.#batches) asked.lastIndex = 0;
  }

  isConfiguredAs(configuration: Configuration): boolean {
    return sameConfiguration(this.configuration, configuration);
  }

  get #recentFrom(): number {
    return this.#lastIndex + 1 - this.#recent.length;
  }

  /** Position of the run of terms that holds `index`, which is in the log. */
  #runOf(index: number): number {
    let low = 0;
    let high = this.#terms.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#terms[middle] as TermRun).firstIndex <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #trimRecent(): void {
    if (this.#recentBytes <= this.#maxRecentBytes) return;
    const droppable = this.#stable + 1 - this.#recentFrom;
    // Down to three quarters, so that the cost of moving the rest is spread over many entries.
    const target = (this.#maxRecentBytes * 3) / 4;
    let count = 0;
    let bytes = this.#recentBytes;
    while (count < droppable && bytes > target) bytes -= sizeOfEntry(this.#recent[count++] as Entry);
    this.#dropRecent(count);
  }

  #dropRecent(count: number): void {
    const dropped = Math.min(count, this.#recent.length);
    for (let i = 0; i < dropped; i++) this.#recentBytes -= sizeOfEntry(this.#recent[i] as Entry);
    this.#recent = this.#recent.slice(dropped);
  }
}
