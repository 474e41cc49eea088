/**
 * Durable writes of some 256 bytes through the public interface of three members on this machine (performance rows D1 and D2):
 * ours by HTTP, etcd by its HTTP gateway, ZooKeeper by kazoo, in turn, so that all have the same neighbours. The client is one
 * process and shares the two cores. Run: node --import tsx test/bench/peer-commits.ts [SECONDS] [RUNS] [SYSTEM,...]; see
 * failover.ts for what it needs.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sweep } from '../harness/process.mjs';
import type { Group } from './peers/group.js';
import { systemsOf } from './peers/systems.js';
import { printHeader, printRuns, quantile } from './report.js';

const seconds = Number(process.argv[2] ?? 5);
const runs = Number(process.argv[3] ?? 5);
const systems = systemsOf(process.argv[4] ?? 'mesoctl,etcd,zookeeper');
const CLIENTS = [1, 100, 1000];

interface Figures {
  readonly rates: number[];
  readonly medians: number[];
  readonly p99s: number[];
}

async function measure(group: Group, clients: number, { rates, medians, p99s }: Figures): Promise<void> {
  const { elapsedMs, latenciesMs, failed } = await group.load(clients, seconds);
  if (failed > 0) console.log(`${group.name}, ${clients} clients: ${failed} writes failed`);
  rates.push((latenciesMs.length / elapsedMs) * 1000);
  medians.push(quantile(latenciesMs, 0.5));
  p99s.push(quantile(latenciesMs, 0.99));
}

printHeader(`writes over the wire, ${seconds} s a run`);
const figures = new Map<string, Figures>();
for (let run = 0; run < runs; run++)
  for (const [name, start] of systems) {
    const directory = mkdtempSync(join(tmpdir(), 'mesoctl-bench-'));
    const group = await start(directory);
    try {
      await group.load(CLIENTS[1] ?? 1, 2);
      for (const clients of CLIENTS) {
        const key = `${name}, ${clients} clients`;
        const own = figures.get(key) ?? { rates: [], medians: [], p99s: [] };
        figures.set(key, own);
        await measure(group, clients, own);
      }
    } finally {
      await group.stop();
      await sweep(directory);
    }
  }
for (const [what, { rates, medians, p99s }] of figures) {
  printRuns(`${what}: writes`, rates, '/s');
  printRuns(`${what}: p50`, medians, 'ms');
  printRuns(`${what}: p99`, p99s, 'ms');
}
