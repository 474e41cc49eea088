/** Stores over temp directories, entries and batches, for tests of the log. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { MesoError } from '../../../src/base/error.js';
import type { Configuration } from '../../../src/raft/core/configuration.js';
import type { Entry, PersistBatch } from '../../../src/raft/core/protocol.js';
import { LogStore, type LogStoreOptions } from '../../../src/raft/sqlite/log-store.js';
import { KV_MIGRATIONS, KvMachine } from './kv-machine.js';

export const CLUSTER = 'cluster-1';

export function configurationOf(...ids: string[]): Configuration {
  const members = ids.map((id) => ({ id, name: `name-${id}`, address: `${id}:5060` }));
  return { members, voters: ids, outgoing: [], learners: [] };
}

export function data(index: number, term: number, text: string): Entry {
  return { index, term, body: { kind: 'data', data: Buffer.from(text) } };
}

let batches = 0;

export function batch(entries: readonly Entry[], more: Partial<PersistBatch> = {}): PersistBatch {
  batches += 1;
  const term = entries.at(-1)?.term ?? 1;
  return {
    type: 'persist',
    kind: 'batch',
    batch: batches,
    hardState: { term, vote: 'a', commit: 0 },
    entries,
    ...more,
  };
}

export class LogFixture {
  readonly root = mkdtempSync(join(tmpdir(), 'mesoctl-log-'));
  readonly #stores: LogStore[] = [];
  #ids = 0;
  #directories = 0;
  nowMs = 0;

  get file(): string {
    return join(this.root, 'log', 'log.sqlite');
  }

  options(more: Partial<LogStoreOptions> = {}): LogStoreOptions {
    return {
      file: this.file,
      migrations: KV_MIGRATIONS,
      createStateMachine: (options) => new KvMachine(options),
      newId: () => `id-${++this.#ids}`,
      nowMs: () => this.nowMs,
      ...more,
    };
  }

  open(more: Partial<LogStoreOptions> = {}): LogStore {
    const store = LogStore.open(this.options(more));
    this.#stores.push(store);
    return store;
  }

  /** A member of a cluster of `a`. */
  openMember(more: Partial<LogStoreOptions> = {}): LogStore {
    const store = this.open(more);
    store.keepStanding({ kind: 'member', clusterId: CLUSTER }, configurationOf('a'));
    store.commit();
    return store;
  }

  /** What a crash at this moment would leave on the disk: the files as they are, in a new directory. */
  crashCopy(store: LogStore): string {
    this.#directories += 1;
    const directory = join(this.root, `copy-${this.#directories}`);
    mkdirSync(directory);
    const copy = join(directory, basename(store.file));
    // Only the write-ahead log and files beside it change between these copies: nothing writes meanwhile.
    for (const suffix of ['', '-wal'])
      if (existsSync(`${store.file}${suffix}`)) copyFileSync(`${store.file}${suffix}`, `${copy}${suffix}`);
    return copy;
  }

  newFile(): string {
    this.#directories += 1;
    return join(this.root, `new-${this.#directories}`, 'log.sqlite');
  }

  dispose(): void {
    for (const store of this.#stores) store.abandon();
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function failureOf(action: () => unknown): MesoError {
  try {
    action();
  } catch (error) {
    if (error instanceof MesoError) return error;
    throw error;
  }
  throw new Error('it worked');
}

export function stateOf(store: LogStore): Record<string, string> {
  return JSON.parse(Buffer.from(store.readState().state).toString()) as Record<string, string>;
}

/** Applies everything up to `index`, in as many parts as it takes. */
export function applyAll(store: LogStore, index: number): void {
  while (store.applied < index) store.apply(index);
}

export function directoryOf(store: LogStore): string {
  return dirname(store.file);
}
