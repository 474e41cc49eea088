// The log worker's disk: entries of 256 bytes per second at 1, 64 and 1000 per transaction, with applying and compaction, and the
// latency of a single entry beside that of a bare fdatasync (see the header).
// node --import tsx test/bench/log-store.ts [--seconds 3] [--dir DIR]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Entry } from '../../src/raft/core/protocol.js';
import { LogStore } from '../../src/raft/sqlite/log-store.js';
import { createRaftTables } from '../../src/raft/sqlite/raft-tables.js';
import { printHeader, printRuns, printSamples } from './report.js';

const ENTRY_BYTES = 256;
const RUNS = 3;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '3' }, dir: { type: 'string', default: tmpdir() } },
});
const seconds = Number(values.seconds);
const answer = Buffer.from('ok');

function openStore(directory: string): LogStore {
  let ids = 0;
  const store = LogStore.open({
    file: join(directory, 'log.sqlite'),
    migrations: [createRaftTables],
    createStateMachine: () => ({
      features: 1,
      apply: () => answer,
      encodeState: () => answer,
      encodeNotice: () => undefined,
      check: () => undefined,
    }),
    newId: () => `id-${++ids}`,
    nowMs: () => performance.now(),
  });
  store.keepStanding({ kind: 'member', clusterId: 'c' }, { members: [], voters: [], outgoing: [], learners: [] });
  store.commit();
  return store;
}

interface Result {
  readonly perSecond: number;
  /** Of this process, per entry: what the entry costs besides waiting for the disk. */
  readonly cpuUs: number;
  readonly latenciesMs: readonly number[];
}

/** Persists and commits batches of `count`, then applies them, for the given time. */
function run(count: number): Result {
  const directory = mkdtempSync(join(values.dir, 'mesoctl-bench-log-'));
  try {
    const store = openStore(directory);
    const body = { kind: 'data', data: Buffer.alloc(ENTRY_BYTES, 7) } as const;
    const latenciesMs: number[] = [];
    const cpu = process.cpuUsage();
    const started = performance.now();
    let [index, batch] = [0, 0];
    while (performance.now() - started < seconds * 1000) {
      const entries: Entry[] = [];
      for (let i = 0; i < count; i++) entries.push({ index: ++index, term: 1, body });
      const before = performance.now();
      const hardState = { term: 1, vote: 'id-1', commit: index };
      store.persist({ type: 'persist', kind: 'batch', batch: ++batch, hardState, entries });
      store.commit();
      latenciesMs.push(performance.now() - before);
      while (store.applied < index) store.apply(index);
    }
    const elapsedMs = performance.now() - started;
    const { user, system } = process.cpuUsage(cpu);
    store.close();
    return { perSecond: (index / elapsedMs) * 1000, cpuUs: (user + system) / index, latenciesMs };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

printHeader(`log store, entries of ${ENTRY_BYTES} bytes, ${RUNS} runs of ${seconds} s each`);
for (const count of [1, 64, 1000]) {
  const runs = Array.from({ length: RUNS }, () => run(count));
  const name = `${count} per transaction`;
  printRuns(
    name,
    runs.map(({ perSecond }) => perSecond),
    'entries/s',
  );
  printRuns(
    `${name}, processor`,
    runs.map(({ cpuUs }) => cpuUs),
    'us per entry',
  );
  printSamples(
    `${name}, persist and commit`,
    runs.flatMap(({ latenciesMs }) => latenciesMs),
    'ms',
  );
}
