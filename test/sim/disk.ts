/**
 * A member's disk: transactions become durable in order and after a while; a crash loses some or all of those that are not,
 * from the last one backwards (a torn one is rolled back, as SQLite does). The state machine's checkpoints lie here too.
 */
import { assert, present } from '../../src/base/assert.js';
import type { Random } from '../../src/base/random.js';
import type { Standing } from '../../src/raft/core/bootstrap/protocol.js';
import { type Configuration, EMPTY_CONFIGURATION } from '../../src/raft/core/configuration.js';
import type { Entry, HardState, PersistBatch, SnapshotInfo, StoredState } from '../../src/raft/core/protocol.js';

/** What the state machine holds. */
export interface MachineState {
  readonly applied: number;
  readonly term: number;
  readonly values: ReadonlyMap<string, string>;
}

interface Contents {
  standing: Standing;
  hardState: HardState;
  base: { index: number; term: number; configuration: Configuration };
  /** Entries after the base. */
  entries: Entry[];
  /** The newest durable picture of the state machine; never older than the base. */
  machine: MachineState;
  chunk: { id: string; parts: Uint8Array[]; bytes: number } | undefined;
}

const NOTHING: MachineState = { applied: 0, term: 0, values: new Map() };

export class Disk {
  /** What a crash leaves. */
  #durable: Contents;
  /** Asked for, not durable yet. */
  #pending: PersistBatch[] = [];
  /** All entries that were given to it: what the member believes its log to be. */
  #entries: Entry[];
  #base: Contents['base'];
  #pendingStanding: { readonly standing: Standing; readonly configuration: Configuration | undefined } | undefined;
  lostBatches = 0;

  constructor(configuration: Configuration = EMPTY_CONFIGURATION) {
    this.#base = { index: 0, term: 0, configuration };
    this.#durable = {
      standing: { kind: 'empty' },
      hardState: { term: 0, vote: undefined, commit: 0 },
      base: this.#base,
      entries: [],
      machine: NOTHING,
      chunk: undefined,
    };
    this.#entries = [];
  }

  get baseIndex(): number {
    return this.#base.index;
  }
  get lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }
  get machine(): MachineState {
    return this.#durable.machine;
  }
  get hardState(): HardState {
    return this.#durable.hardState;
  }
  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  get standing(): Standing {
    return this.#durable.standing;
  }

  submitStanding(standing: Standing, configuration: Configuration | undefined): void {
    this.#pendingStanding = { standing, configuration };
  }

  syncStanding(): void {
    const { standing, configuration } = present(this.#pendingStanding, 'a standing is pending');
    this.#pendingStanding = undefined;
    this.#durable.standing = standing;
    if (configuration === undefined) return;
    this.#base = { index: 0, term: 0, configuration };
    this.#durable.base = this.#base;
  }

  /** Of the log as the member sees it. */
  entryAt(index: number): Entry | undefined {
    return this.#entries[index - this.#base.index - 1];
  }

  termAt(index: number): number | undefined {
    return index === this.#base.index ? this.#base.term : this.entryAt(index)?.term;
  }

  /** Of the log that a crash would leave. */
  durableTermAt(index: number): number | undefined {
    const { base, entries } = this.#durable;
    return index === base.index ? base.term : entries[index - base.index - 1]?.term;
  }

  submit(batch: PersistBatch): void {
    this.#pending.push(batch);
    if (batch.install !== undefined) {
      const { index, term, configuration } = batch.install;
      this.#base = { index, term, configuration };
      this.#entries = [];
    }
    this.#entries = replaced(this.#entries, this.#base.index, batch.entries);
  }

  /** The oldest pending batch is durable; returns what it installed. */
  sync(): { readonly batch: PersistBatch; readonly installed: MachineState | undefined } {
    const batch = present(this.#pending.shift(), 'a batch is pending');
    return { batch, installed: this.#write(batch) };
  }

  /** Power fails: of the pending batches a random number, the oldest first, had made it. */
  crash(random: Random): void {
    const kept = Math.floor(random.next() * (this.#pending.length + 1));
    for (const batch of this.#pending.splice(0, kept)) this.#write(batch);
    if (this.#pendingStanding !== undefined && random.next() < 0.5) this.syncStanding();
    this.#pendingStanding = undefined;
    this.lostBatches += this.#pending.length;
    this.#pending = [];
    this.#base = this.#durable.base;
    this.#entries = [...this.#durable.entries];
    this.#durable.chunk = undefined;
  }

  /** A durable picture of the state machine, and maybe the end of what it makes superfluous. */
  checkpoint(machine: MachineState): void {
    assert(machine.applied >= this.#durable.machine.applied, 'checkpoints go forward');
    if (this.durableTermAt(machine.applied) === machine.term) this.#durable.machine = machine;
  }

  /** Drops the log up to `index`; returns whether it did. */
  compact(index: number): boolean {
    const durable = this.#durable;
    if (index <= this.#base.index || index > durable.machine.applied || this.#pending.length > 0) return false;
    const term = present(this.termAt(index), 'it is in the log');
    const base = { index, term, configuration: this.#configurationAt(index) };
    this.#entries = this.#entries.slice(index - this.#base.index);
    durable.entries = durable.entries.slice(index - durable.base.index);
    durable.base = base;
    this.#base = base;
    return true;
  }

  stored(): StoredState {
    const { hardState, base, entries, machine } = this.#durable;
    const terms: { term: number; firstIndex: number }[] = [];
    for (const { index, term } of entries) if (terms.at(-1)?.term !== term) terms.push({ term, firstIndex: index });
    return {
      hardState,
      base,
      terms,
      lastIndex: base.index + entries.length,
      configurations: entries.flatMap(({ index, body }) =>
        body.kind === 'configuration' ? [{ index, configuration: body.configuration }] : [],
      ),
      recent: [...entries],
      applied: machine.applied,
    };
  }

  /** The newest that it is known to be in, and those that may take its place. */
  configurations(): readonly Configuration[] {
    const inLog = (entries: readonly Entry[]) =>
      entries.flatMap(({ body }) => (body.kind === 'configuration' ? [body.configuration] : []));
    const [first = this.#base.configuration, ...rest] = inLog(this.#entries).slice(-3);
    return [first, ...rest, ...inLog(this.#durable.entries).slice(-1)];
  }

  snapshot(id: string): { readonly info: SnapshotInfo; readonly data: Uint8Array } | undefined {
    const { machine } = this.#durable;
    if (machine.applied === 0 || machine.applied < this.#base.index) return undefined;
    const data = new TextEncoder().encode(JSON.stringify([...machine.values]));
    const configuration = this.#configurationAt(machine.applied);
    const { applied: index, term } = machine;
    return { info: { id, index, term, configuration, sizeBytes: data.length }, data };
  }

  #configurationAt(index: number): Configuration {
    const at = this.#entries.findLast((entry) => entry.index <= index && entry.body.kind === 'configuration');
    return at?.body.kind === 'configuration' ? at.body.configuration : this.#base.configuration;
  }

  #write(batch: PersistBatch): MachineState | undefined {
    const durable = this.#durable;
    if (batch.hardState !== undefined) durable.hardState = batch.hardState;
    if (batch.chunk !== undefined) {
      const { snapshot, offset, data } = batch.chunk;
      if (offset === 0) durable.chunk = { id: snapshot.id, parts: [], bytes: 0 };
      const { chunk } = durable;
      assert(chunk?.id === snapshot.id && chunk.bytes === offset, 'chunks of one snapshot follow each other');
      chunk.parts.push(data);
      chunk.bytes += data.length;
    }
    let installed: MachineState | undefined;
    if (batch.install !== undefined) installed = this.#install(batch.install);
    durable.entries = replaced(durable.entries, durable.base.index, batch.entries);
    return installed;
  }

  #install({ id, index, term, configuration, sizeBytes }: SnapshotInfo): MachineState {
    const durable = this.#durable;
    const chunk = present(durable.chunk, 'a snapshot was received');
    assert(chunk.id === id && chunk.bytes === sizeBytes, 'a snapshot is whole when it is installed');
    const text = Buffer.concat(chunk.parts).toString();
    const machine = { applied: index, term, values: new Map(JSON.parse(text) as [string, string][]) };
    durable.base = { index, term, configuration };
    durable.entries = [];
    durable.machine = machine;
    durable.chunk = undefined;
    return machine;
  }
}

function replaced(entries: Entry[], baseIndex: number, by: readonly Entry[]): Entry[] {
  const first = by[0];
  if (first === undefined) return entries;
  const kept = first.index - baseIndex - 1;
  assert(kept >= 0 && kept <= entries.length, 'the log has no gaps');
  if (kept < entries.length) entries.length = kept;
  for (const entry of by) entries.push(entry);
  return entries;
}
