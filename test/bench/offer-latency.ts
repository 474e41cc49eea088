/**
 * B4: from a freed resource to the OFFERS event at the scheduler, idle cluster. A real master process, one emulated
 * agent in this process, one scheduler in this process: the time is from before the terminal update is encoded to
 * after the event is decoded. Run: node --import tsx test/bench/offer-latency.ts [ROUNDS]
 */
import { Agent } from 'node:http';
import { type Json, scalars, TestScheduler } from '../harness/api.mjs';
import { startMaster } from '../harness/cluster.mjs';
import { sweep } from '../harness/process.mjs';
import { Emulator, scalar } from './emulator.js';
import { printHeader, printSamples } from './report.js';

const rounds = Number(process.argv[2] ?? 1000);
printHeader(`B4 offer latency, ${rounds} rounds (goal: p50 <= 2 ms, p99 <= 10 ms)`);

let finishedAt: number | undefined;
const master = await startMaster();
const emulator = new Emulator({
  master: master.address,
  agents: 1,
  agentsPerConnection: 1,
  resources: [scalar('cpus', 1), scalar('mem', 1024)],
  taskLengthMs: 20,
  onFinished: () => {
    finishedAt = performance.now();
  },
});

/** Takes every offer, launches one task on it, and measures until the next one. */
async function measure(): Promise<number[]> {
  const samples: number[] = [];
  const scheduler = await TestScheduler.subscribe(master.url, { user: 'root', name: 'bench' });
  scheduler.callAgent = new Agent({ keepAlive: true, maxSockets: 8 });
  const launch = (offer: Json, taskId: string) =>
    scheduler.launch(offer, [
      { name: taskId, task_id: { value: taskId }, resources: scalars({ cpus: 1, mem: 1024 }), command: { value: ':' } },
    ]);
  await new Promise<void>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`only ${samples.length} rounds in time`)), rounds * 200 + 20_000);
    scheduler.onEvent = (event) => {
      if (event.type === 'UPDATE') void scheduler.acknowledge(event.update.status)?.catch(reject);
      if (event.type !== 'OFFERS') return;
      if (finishedAt !== undefined) samples.push(performance.now() - finishedAt);
      finishedAt = undefined;
      if (samples.length < rounds) void launch(event.offers.offers[0], `task-${samples.length}`).catch(reject);
      else {
        clearTimeout(limit);
        resolve();
      }
    };
    emulator.start();
  });
  scheduler.close();
  scheduler.callAgent.destroy();
  return samples;
}

try {
  printSamples('freed resource to OFFERS', await measure(), 'ms');
} finally {
  emulator.close();
  await master.stop();
  await sweep(master.scratchDir);
}
