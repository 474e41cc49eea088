/**
 * A member of the bench and, in the leader's process, its proposers: `clients` loops that each propose one value and wait for
 * its commit. Values that wait together become one entry. Arguments: settings as JSON, the database file. Driven over IPC.
 */
import { openWorker } from '../../../src/base/system/worker.js';
import { RaftMember } from '../../../src/raft/node/raft-member.js';
import type { RaftSettings } from '../../../src/raft/node/settings.js';

export interface Load {
  readonly clients: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Stops after so many commits, if that comes first. */
  readonly count?: number | undefined;
  /** Values say which commit they are: `mark 17.`, padded. */
  readonly isMarked?: boolean | undefined;
}

export interface LoadResult {
  readonly commits: number;
  readonly elapsedMs: number;
  /** Of up to 100,000 commits, evenly taken. */
  readonly latenciesMs: readonly number[];
  /** When they began, on the wall clock, as many. Unix ms with a fraction. */
  readonly begunUnixMs: readonly number[];
}

const MAX_SAMPLES = 100_000;
/** Entries on their way at a time, and values of one entry. */
const PIPELINE = 4;
const MAX_VALUES = 2_048;

const [settings = '{}', file = ''] = process.argv.slice(2);
const member = new RaftMember({
  settings: JSON.parse(settings) as RaftSettings,
  openLogWorker: (port) =>
    openWorker(import.meta.url, 'blob-log-worker', { name: 'log', workerData: { port, file }, transferList: [port] }),
  observer: {
    onLeadership: ({ role, isReady }) =>
      process.send?.({ kind: 'leadership', isLeading: role === 'leader' && isReady }),
    onLog: () => undefined,
    onEnded: (error) => {
      if (error !== undefined) console.error(error.message);
      process.exit(1);
    },
  },
});

/** Joins values that wait into entries. */
class Batcher {
  #waiting: { readonly value: Uint8Array; readonly resolve: () => void }[] = [];
  #inFlight = 0;
  #isAsked = false;

  commit(value: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ value, resolve });
      if (this.#isAsked || this.#inFlight >= PIPELINE) return;
      this.#isAsked = true;
      setImmediate(() => this.#send());
    });
  }

  #send(): void {
    this.#isAsked = false;
    while (this.#waiting.length > 0 && this.#inFlight < PIPELINE) {
      const lot = this.#waiting.splice(0, MAX_VALUES);
      this.#inFlight += 1;
      void member.propose(Buffer.concat(lot.map(({ value }) => value)), 1).then(() => {
        this.#inFlight -= 1;
        for (const { resolve } of lot) resolve();
        if (this.#waiting.length > 0) this.#send();
      });
    }
  }
}

async function run({
  clients,
  bytes,
  seconds,
  count = Number.POSITIVE_INFINITY,
  isMarked = false,
}: Load): Promise<LoadResult> {
  const batcher = new Batcher();
  const latenciesMs: number[] = [];
  const begunUnixMs: number[] = [];
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1000;
  let commits = 0;
  let begun = 0;
  const every = Math.max(1, Math.round(clients / 50));
  const client = async (at: number) => {
    const plain = Buffer.alloc(bytes, at % 256);
    while (performance.now() < untilMs && begun < count) {
      begun += 1;
      const value = isMarked ? Buffer.from(`mark ${begun}.`.padEnd(bytes, ' ')) : plain;
      const begunMs = performance.now();
      await batcher.commit(value);
      commits += 1;
      if (at % every !== 0 || latenciesMs.length >= MAX_SAMPLES) continue;
      latenciesMs.push(performance.now() - begunMs);
      begunUnixMs.push(performance.timeOrigin + begunMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, at) => client(at)));
  return { commits, elapsedMs: performance.now() - startedMs, latenciesMs, begunUnixMs };
}

process.on('message', (load: Load) => {
  void run(load).then((result) => process.send?.({ kind: 'result', result }));
});
process.on('disconnect', () => process.exit(0));
await member.opened();
