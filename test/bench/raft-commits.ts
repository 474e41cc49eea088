/**
 * Durable commits of three members on one machine (performance rows D1 and D2): each member is a process with its own directory,
 * threads and socket, and an fdatasync comes before every acknowledgement. Proposers are in the leader's process; those that
 * wait together share an entry, as the registry does it. Run: node --import tsx test/bench/raft-commits.ts [SECONDS] [RUNS].
 */
import { BenchGroup } from './raft/bench-group.js';
import { printHeader, printRuns, printSamples, quantile } from './report.js';

const seconds = Number(process.argv[2] ?? 5);
const runs = Number(process.argv[3] ?? 5);
const SEQUENTIAL = 10_000;

async function withGroup(use: (group: BenchGroup) => Promise<void>): Promise<void> {
  const group = new BenchGroup();
  try {
    await group.start();
    await use(group);
  } finally {
    await group.stop();
  }
}

async function measureThroughput(clients: number, bytes: number): Promise<void> {
  const rates: number[] = [];
  const p99s: number[] = [];
  await withGroup(async (group) => {
    await group.run({ clients, bytes, seconds: 1 });
    for (let at = 0; at < runs; at++) {
      const { commits, elapsedMs, latenciesMs } = await group.run({ clients, bytes, seconds });
      rates.push((commits / elapsedMs) * 1000);
      p99s.push(quantile(latenciesMs, 0.99));
    }
  });
  const what = `${clients} clients, ${bytes} bytes`;
  printRuns(`${what}: commits`, rates, '/s');
  printRuns(`${what}: p99`, p99s, 'ms');
}

printHeader(`raft commits: three members, ${seconds} s a run`);
await withGroup(async (group) => {
  await group.run({ clients: 1, bytes: 256, seconds: 2 });
  const { latenciesMs } = await group.run({ clients: 1, bytes: 256, seconds: 120, count: SEQUENTIAL });
  printSamples('one client, 256 bytes, one after the other', latenciesMs, 'ms');
});
for (const [clients, bytes] of [
  [100, 256],
  [1000, 256],
  [4000, 256],
  [1000, 1024],
] as const)
  await measureThroughput(clients, bytes);
