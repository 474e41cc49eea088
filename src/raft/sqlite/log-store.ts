/**
 * A member's log and state machine in one SQLite database, synchronous: runs in the log worker, never where an fsync would
 * delay a heartbeat. Carries out what the Raft core asks for (core/protocol.ts) in the order in which it is called.
 *
 * Invariants: entries are base + 1 to `lastIndex` without a gap; base <= applied <= lastIndex; log, vote, tables of the state
 * machine and the applied index change in the same transactions. Nothing of a `persist` may be acknowledged before
 * `commit` has returned. What was applied may be told at once: after a crash it is applied again from the log.
 * After the first error nothing works any more, and what was not committed is gone.
 */
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert, present } from '../../base/assert.js';
import { MesoError } from '../../base/error.js';
import type { Standing } from '../core/bootstrap/protocol.js';
import { type Configuration, EMPTY_CONFIGURATION } from '../core/configuration.js';
import type { Entry, PersistBatch, SnapshotInfo, StoredState } from '../core/protocol.js';
import { type LoadedLog, loadLog } from './load-log.js';
import { type LogDatabase, type Migration, openLogDatabase } from './log-database.js';
import { fileError } from './log-error.js';
import { LogHolds } from './log-holds.js';
import type { Identity, Notice, StateMachine, StateMachineOptions } from './protocol.js';
import { publishFile, syncDirectory } from './publish-file.js';
import { type Applied, type Base, putFirstRows, sizeOnDisk } from './raft-tables.js';
import { replaceStateTables, SnapshotReception } from './snapshot-reception.js';
import { SnapshotShelf } from './snapshot-shelf.js';
import { writeSnapshot } from './snapshot-writer.js';
import { UnappliedTail } from './unapplied-tail.js';

const MIB = 1024 * 1024;
/** Time of one part of applying, between which persists come in, and what is read at once for it: not much more than it can take in. */
const APPLY_SLICE_MS = 5;
const APPLY_READ_BYTES = 64 * 1024;
/** Entries between two looks at the clock. */
const ENTRIES_PER_LOOK = 32;
/** Entries that are deleted together. */
const COMPACT_LOT = 2_000;
const MAX_LOTS_PER_SLICE = 4;

export interface LogStoreLimits {
  /** What stays in the log behind the applied index, for members that lag a little: whichever is less. */
  readonly keepEntries: number;
  readonly keepBytes: number;
  /** The end of the log that `load` returns with its entries. Bytes. */
  readonly recentBytes: number;
  /** Behind a snapshot that somebody is being sent, so that the log continues it: at most so many times more is kept. */
  readonly holdFactor: number;
  /** How long it is kept after the snapshot was read. Ms. */
  readonly holdMs: number;
  /** While a snapshot is written, what is written meanwhile waits: beyond this the snapshot is given up. Bytes. */
  readonly maxSnapshotWalBytes: number;
}

const DEFAULT_LIMITS: LogStoreLimits = {
  keepEntries: 100_000,
  keepBytes: 64 * MIB,
  recentBytes: 8 * MIB,
  holdFactor: 4,
  holdMs: 60_000,
  maxSnapshotWalBytes: 512 * MIB,
};

export interface LogStoreOptions {
  readonly file: string;
  readonly migrations: readonly Migration[];
  createStateMachine(options: StateMachineOptions): StateMachine;
  /** Random, never the same twice: names members and snapshots. */
  newId(): string;
  /** Monotonic. */
  nowMs(): number;
  readonly limits?: Partial<LogStoreLimits> | undefined;
}

export interface AppliedPart {
  readonly index: number;
  readonly results: readonly { readonly index: number; readonly term: number; readonly result: Uint8Array }[];
  /** Set when it changed. */
  readonly notice: Notice;
  /** Set when the log became shorter. */
  readonly compacted: number | undefined;
}

export class LogStore {
  readonly #opened: LogDatabase;
  readonly #options: LogStoreOptions;
  readonly #limits: LogStoreLimits;
  readonly #shelf: SnapshotShelf;
  readonly #reception: SnapshotReception;
  readonly #tail = new UnappliedTail();
  readonly #holds: LogHolds;
  #machine: StateMachine;
  #identity: Identity;
  #base: Base;
  #applied: Applied;
  #lastIndex: number;
  #bytes: number;
  /** Of the log, in order; not that of the base. */
  #configurations: { readonly index: number; readonly configuration: Configuration }[];
  #notice: Notice;
  #loaded: LoadedLog | undefined;
  #writing: Promise<SnapshotInfo | undefined> | undefined;
  #failure: Error | undefined;
  #isClosed = false;

  private constructor(opened: LogDatabase, options: LogStoreOptions) {
    this.#opened = opened;
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    const directory = dirname(opened.file);
    this.#shelf = new SnapshotShelf(directory);
    this.#reception = new SnapshotReception(directory);
    this.#holds = new LogHolds(this.#limits.holdMs, options.nowMs);
    const { database, tables, file } = opened;
    if (tables.isUntouched()) putNewMember(opened, options.newId());
    this.#identity = tables.getIdentity();
    const loaded = loadLog(database, tables, file, this.#limits.recentBytes);
    this.#loaded = loaded;
    this.#base = loaded.stored.base;
    this.#applied = loaded.applied;
    this.#lastIndex = loaded.stored.lastIndex;
    this.#bytes = loaded.bytes;
    this.#configurations = [...loaded.stored.configurations];
    this.#machine = this.#createMachine();
    this.#notice = this.#encodeNotice();
  }

  /** Throws WORK_DIR_LOCKED, WORK_DIR_CORRUPT, WORK_DIR_NEWER, NOT_ALLOWED or DISK. */
  static open(options: LogStoreOptions): LogStore {
    const opened = openLogDatabase(options);
    try {
      removeLeftovers(dirname(opened.file));
      return new LogStore(opened, options);
    } catch (error) {
      opened.close();
      throw fileError(opened.file, error);
    }
  }

  get file(): string {
    return this.#opened.file;
  }
  get applied(): number {
    return this.#applied.index;
  }
  get lastIndex(): number {
    return this.#lastIndex;
  }
  get baseIndex(): number {
    return this.#base.index;
  }
  /** What everybody may know now. */
  get notice(): Notice {
    return this.#notice;
  }
  /** Whether something waits for `commit`. */
  get isOpen(): boolean {
    return this.#failure === undefined && !this.#isClosed && this.#opened.database.inTransaction;
  }

  /** What it held when it was opened; once. */
  load(): { readonly identity: Identity; readonly stored: StoredState; readonly notice: Notice } {
    const { stored } = present(this.#loaded, 'what was found is taken once');
    this.#loaded = undefined;
    return { identity: this.#identity, stored, notice: this.#notice };
  }

  /** Durable when `commit` has returned. Returns the index that a received snapshot took this member to, and commits then itself. */
  persist(batch: PersistBatch): number | undefined {
    return this.#guard(() => {
      if (batch.chunk !== undefined) this.#reception.write(batch.chunk);
      if (batch.install !== undefined) return this.#install(batch, batch.install);
      this.#begin();
      this.#write(batch);
      return undefined;
    });
  }

  commit(): void {
    this.#guard(() => {
      if (this.#opened.database.inTransaction) this.#opened.database.exec('COMMIT');
    });
  }

  /** Everything up to `index` is agreed on: takes in some of it, at least one entry. Results are told from `resultsFrom` on. */
  apply(index: number, resultsFrom = 0): AppliedPart {
    return this.#guard(() => {
      assert(index <= this.#lastIndex, 'what is agreed on is in the log');
      if (index <= this.applied) return { index: this.applied, results: [], notice: undefined, compacted: undefined };
      this.#begin();
      const results = this.#applySlice(index, resultsFrom);
      this.#tail.forgetTo(this.applied);
      const notice = this.#maybeNotice();
      this.#opened.tables.putApplied(this.#applied);
      return { index: this.applied, results, notice, compacted: this.#maybeCompact() };
    });
  }

  /** About `maxBytes`, at least one entry; none if `fromIndex` is not in the log. */
  readLog(fromIndex: number, toIndex: number, maxBytes: number): readonly Entry[] {
    return this.#guard(() => {
      const to = Math.min(toIndex, this.#lastIndex);
      if (fromIndex <= this.#base.index || fromIndex > to) return [];
      return this.#opened.tables.readEntries(fromIndex, to, maxBytes);
    });
  }

  /** Durable when `commit` has returned. A new member's log begins with `configuration`. */
  keepStanding(standing: Standing, configuration: Configuration | undefined): void {
    this.#guard(() => {
      this.#begin();
      this.#identity = { ...this.#identity, standing };
      this.#opened.tables.putIdentity(this.#identity);
      if (configuration === undefined) return;
      assert(this.#lastIndex === 0, 'only an empty log gets its first configuration');
      this.#base = { index: 0, term: 0, configuration };
      this.#opened.tables.putBase(this.#base);
    });
  }

  keepName(name: string): void {
    this.#guard(() => {
      this.#begin();
      this.#identity = { ...this.#identity, name };
      this.#opened.tables.putIdentity(this.#identity);
    });
  }

  readState(): { readonly index: number; readonly state: Uint8Array } {
    return this.#guard(() => ({ index: this.applied, state: this.#machine.encodeState() }));
  }

  /** Of everything applied, or a little older; undefined: it failed, and may be tried again. One is written at a time. */
  openSnapshot(): Promise<SnapshotInfo | undefined> {
    const known = this.#shelf.reuse(this.#base.index);
    if (known !== undefined) return Promise.resolve(known);
    if (this.#writing !== undefined) return this.#writing.then(() => this.#shelf.reuse(this.#base.index));
    if (this.applied === 0 || this.#identity.standing.kind !== 'member') return Promise.resolve(undefined);
    this.#writing = this.#shelve().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** undefined: it is not open. */
  readSnapshot(id: string, offset: number, maxBytes: number): Uint8Array | undefined {
    return this.#guard(() => this.#shelf.read(id, offset, maxBytes));
  }

  closeSnapshot(id: string): void {
    this.#guard(() => {
      const index = this.#shelf.release(id);
      if (index !== undefined) this.#holds.release(index);
    });
  }

  /**
   * Of everything applied, to a new file; durable when it resolves. Rejects with REFUSED, DISK or NOT_ALLOWED, and leaves
   * nothing at `path` then; the store goes on.
   */
  async saveSnapshot(path: string): Promise<SnapshotInfo> {
    const id = this.#options.newId();
    const part = `${path}.${id}.part`;
    const info = await this.#writeSnapshot(id, part, true);
    publishFile(part, path);
    return info;
  }

  /** Commits what is open, and ends. */
  close(): void {
    if (this.#isClosed) return;
    try {
      this.commit();
    } finally {
      this.#end();
    }
  }

  /** Ends without committing what is open, as a crash would. */
  abandon(): void {
    if (!this.#isClosed) this.#end();
  }

  /* ---------------------------------------------------------------- inside */

  #begin(): void {
    if (!this.#opened.database.inTransaction) this.#opened.database.exec('BEGIN IMMEDIATE');
  }

  #guard<T>(action: () => T): T {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosed) throw new MesoError('DISK', `${this.file} is closed`);
    try {
      return action();
    } catch (error) {
      this.#failure = fileError(this.file, error);
      this.#end();
      throw this.#failure;
    }
  }

  #end(): void {
    this.#isClosed = true;
    this.#shelf.close();
    this.#reception.discard();
    // What is still open is rolled back.
    this.#opened.close();
  }

  #createMachine(): StateMachine {
    const { database, file } = this.#opened;
    const machine = this.#options.createStateMachine({ database, file });
    machine.check();
    return machine;
  }

  #write({ hardState, entries }: PersistBatch): void {
    if (hardState !== undefined) this.#opened.tables.putHardState(hardState);
    const first = entries[0];
    if (first === undefined) return;
    if (first.index <= this.#lastIndex) this.#truncateFrom(first.index);
    for (const entry of entries) {
      assert(entry.index === this.#lastIndex + 1, 'the log has no gaps');
      this.#lastIndex = entry.index;
      this.#bytes += sizeOnDisk(entry);
      if (entry.body.kind === 'configuration')
        this.#configurations.push({ index: entry.index, configuration: entry.body.configuration });
    }
    this.#opened.tables.putEntries(entries);
    this.#tail.append(entries);
  }

  #truncateFrom(index: number): void {
    const { tables } = this.#opened;
    assert(index > this.applied, 'what is agreed on stays');
    this.#bytes -= tables.bytesBetween(index, this.#lastIndex);
    tables.deleteFrom(index);
    this.#tail.truncateFrom(index);
    this.#configurations = this.#configurations.filter((known) => known.index < index);
    this.#lastIndex = index - 1;
  }

  #applySlice(index: number, resultsFrom: number): AppliedPart['results'] {
    const results: { index: number; term: number; result: Uint8Array }[] = [];
    const untilMs = this.#options.nowMs() + APPLY_SLICE_MS;
    // One term only: the slice's notice is of that term then.
    let term: number | undefined;
    let seen = 0;
    while (this.applied < index) {
      for (const entry of this.#unapplied(index)) {
        term ??= entry.term;
        if (entry.term !== term) return results;
        if (entry.body.kind === 'data') {
          const result = this.#machine.apply({ index: entry.index, term, data: entry.body.data });
          if (entry.index >= resultsFrom) results.push({ index: entry.index, term, result });
        }
        this.#applied = { ...this.#applied, index: entry.index, term };
        seen += 1;
        if (seen % ENTRIES_PER_LOOK === 0 && this.#options.nowMs() >= untilMs) return results;
      }
      if (this.#options.nowMs() >= untilMs) return results;
    }
    return results;
  }

  /** Entries from the first that is not applied, to at most `index`. */
  #unapplied(index: number): Iterable<Entry> {
    const from = this.applied + 1;
    return this.#tail.take(from, index) ?? this.#opened.tables.readEntries(from, index, APPLY_READ_BYTES);
  }

  #encodeNotice(): Notice {
    const data = this.#machine.encodeNotice();
    return data === undefined ? undefined : { term: this.#applied.noticeTerm, data };
  }

  #maybeNotice(): Notice {
    const data = this.#machine.encodeNotice();
    if (data === undefined) return undefined;
    if (this.#notice !== undefined && Buffer.compare(data, this.#notice.data) === 0) return undefined;
    this.#applied = { ...this.#applied, noticeTerm: this.#applied.term };
    this.#notice = { term: this.#applied.term, data };
    return this.#notice;
  }

  #configurationAt(index: number): Configuration {
    return this.#configurations.findLast((known) => known.index <= index)?.configuration ?? this.#base.configuration;
  }

  /* ---------------------------------------------------------------- compaction */

  #maybeCompact(): number | undefined {
    const before = this.#base.index;
    for (let lot = 0; lot < MAX_LOTS_PER_SLICE; lot++) {
      const to = this.#compactable();
      if (to <= this.#base.index) break;
      this.#compactTo(to);
    }
    return this.#base.index > before ? this.#base.index : undefined;
  }

  /** Up to where the log may go now. What continues a snapshot stays, unless the log grows far beyond what it should be. */
  #compactable(): number {
    const held = this.#holds.oldest(this.#shelf.oldestIndex) ?? this.applied;
    return Math.max(
      this.#findCut(Math.min(held, this.applied), 1),
      this.#findCut(this.applied, this.#limits.holdFactor),
    );
  }

  /** At most up to `limit`, of a log that may be `factor` times as long as usual: a whole lot, or what there is too much of. */
  #findCut(limit: number, factor: number): number {
    const { keepEntries, keepBytes } = this.#limits;
    const base = this.#base.index;
    const to = Math.min(limit, base + COMPACT_LOT);
    if (this.applied - base >= keepEntries * factor + COMPACT_LOT) return to;
    const surplus = this.#bytes - keepBytes * factor;
    // An eighth more, so that not every slice has something to delete.
    return surplus <= 0 ? base : this.#opened.tables.findCut(base + 1, to, surplus + keepBytes / 8);
  }

  #compactTo(index: number): void {
    const { tables } = this.#opened;
    const [entry] = tables.readEntries(index, index, 1);
    const { term } = present(entry, 'what goes from the log was in it');
    this.#bytes -= tables.bytesBetween(this.#base.index + 1, index);
    this.#base = { index, term, configuration: this.#configurationAt(index) };
    this.#configurations = this.#configurations.filter((known) => known.index > index);
    tables.deleteTo(index);
    tables.putBase(this.#base);
  }

  /* ---------------------------------------------------------------- snapshots */

  async #shelve(): Promise<SnapshotInfo | undefined> {
    const id = this.#options.newId();
    try {
      // Before the first wait, so that the log stays from here on.
      this.#holds.begin(this.applied);
      const info = await this.#writeSnapshot(id, this.#shelf.pathOf(id), false);
      return this.#guard(() => {
        this.#shelf.add(info);
        return info;
      });
    } catch {
      return undefined;
    }
  }

  async #writeSnapshot(id: string, path: string, isDurable: boolean): Promise<SnapshotInfo> {
    const { standing } = this.#identity;
    if (standing.kind !== 'member') throw new MesoError('REFUSED', 'this master belongs to no cluster yet');
    this.commit();
    const { index, term, noticeTerm } = this.#applied;
    const configuration = this.#configurationAt(index);
    const { format } = this.#opened;
    const { sizeBytes } = await writeSnapshot({
      sourceFile: this.file,
      path,
      info: { clusterId: standing.clusterId, index, term, configuration, format, noticeTerm },
      isDurable,
      maxWalBytes: this.#limits.maxSnapshotWalBytes,
      nowMs: () => this.#options.nowMs(),
      isAbandoned: () => this.#isClosed,
    });
    return { id, index, term, configuration, sizeBytes };
  }

  /** One transaction: the tables of the state machine, the log and the vote change together. */
  #install(batch: PersistBatch, snapshot: SnapshotInfo): number {
    const { standing } = this.#identity;
    assert(standing.kind === 'member', 'only members receive snapshots');
    assert(snapshot.index > this.applied, 'a snapshot brings news');
    this.commit();
    const { index, term, configuration } = snapshot;
    const { noticeTerm } = this.#reception.finish(snapshot, standing.clusterId, this.#options.migrations);
    const { database, tables } = this.#opened;
    database.prepare('ATTACH ? AS received').run(this.#reception.path);
    this.#begin();
    replaceStateTables(database, 'received', this.#reception.path);
    tables.deleteTo(this.#lastIndex);
    this.#base = { index, term, configuration };
    this.#applied = { index, term, noticeTerm };
    tables.putBase(this.#base);
    tables.putApplied(this.#applied);
    this.#lastIndex = index;
    this.#bytes = 0;
    this.#configurations = [];
    this.#tail.clear();
    this.#write(batch);
    database.exec('COMMIT');
    database.exec('DETACH received');
    this.#reception.discard();
    this.#machine = this.#createMachine();
    this.#notice = this.#encodeNotice();
    return index;
  }
}

function putNewMember({ database, tables }: LogDatabase, memberId: string): void {
  database.transaction(() =>
    putFirstRows(tables, {
      identity: { memberId, name: '', standing: { kind: 'empty' } },
      hardState: { term: 0, vote: undefined, commit: 0 },
      base: { index: 0, term: 0, configuration: EMPTY_CONFIGURATION },
      applied: { index: 0, term: 0, noticeTerm: 0 },
    }),
  )();
}

/** Files of a process that did not end in peace. */
function removeLeftovers(directory: string): void {
  const names = readdirSync(directory).filter(
    (name) => SnapshotShelf.isLeftover(name) || SnapshotReception.isLeftover(name),
  );
  for (const name of names) rmSync(join(directory, name), { force: true });
  if (names.length > 0) syncDirectory(directory);
}
