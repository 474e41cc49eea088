/**
 * From the leader's kill -9 under load to the first acknowledged write (performance row C2): ours, etcd and ZooKeeper, three
 * members each on this machine, one after the other. Run: node --import tsx test/bench/failover.ts [KILLS] [SYSTEM,...];
 * SYSTEM: mesoctl, etcd, etcd-tuned, zookeeper. Needs a built dist/, etcd-server, zookeeper, default-jre-headless, python3-kazoo.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sweep } from '../harness/process.mjs';
import type { Group } from './peers/group.js';
import { systemsOf } from './peers/systems.js';
import { printHeader, printSamples } from './report.js';

const kills = Number(process.argv[2] ?? 50);
const systems = systemsOf(process.argv[3]);
/** Between a member's return and the next kill: it must have caught up. Ms. */
const SETTLE_MS = 1_500;
const WRITES_IN_FLIGHT = 4;
const FIRST_WRITE_DEADLINE_MS = 30_000;

/** Keeps writing; tells when a write that began after `sinceMs` was acknowledged. */
class Load {
  #isOver = false;
  #waiting: { readonly sinceMs: number; readonly resolve: (atMs: number) => void } | undefined;

  constructor(private readonly group: Group) {}

  async run(): Promise<void> {
    while (!this.#isOver) {
      const begunMs = performance.now();
      const isWritten = await this.group.write();
      const waiting = this.#waiting;
      if (isWritten && waiting !== undefined && begunMs >= waiting.sinceMs) {
        this.#waiting = undefined;
        waiting.resolve(performance.now());
      }
      if (!isWritten) await pause(2);
    }
  }

  firstWriteAfter(sinceMs: number): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting = { sinceMs, resolve };
    });
  }

  stop(): void {
    this.#isOver = true;
  }
}

async function firstWrite(loads: readonly Load[], sinceMs: number): Promise<number> {
  const late = pause(FIRST_WRITE_DEADLINE_MS, Number.POSITIVE_INFINITY, { ref: false });
  return Promise.race([late, ...loads.map((load) => load.firstWriteAfter(sinceMs))]);
}

async function measure(name: string, start: (directory: string) => Promise<Group>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mesoctl-bench-'));
  const group = await start(directory);
  const loads = Array.from({ length: WRITES_IN_FLIGHT }, () => new Load(group));
  const running = loads.map((load) => load.run());
  const samples: number[] = [];
  try {
    await firstWrite(loads, performance.now());
    for (let kill = 0; kill < kills; kill++) {
      await pause(SETTLE_MS);
      const killed = await group.killLeader();
      samples.push((await firstWrite(loads, killed.at)) - killed.at);
      await killed.exited;
      group.restart(killed.index);
    }
  } finally {
    for (const load of loads) load.stop();
    await Promise.all(running);
    await group.stop();
    await sweep(directory);
  }
  printSamples(`${name}: kill -9 of the leader to the first acknowledged write`, samples, 'ms');
}

printHeader(`failover under load, ${kills} kills each`);
for (const [name, start] of systems) await measure(name, start);
