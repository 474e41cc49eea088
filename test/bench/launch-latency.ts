/**
 * G3 and G4 with real processes on one real agent. G3: scheduler call LAUNCH to TASK_RUNNING read, one task at a time, idle
 * machine. G4: short tasks a second, with a bounded number in flight.
 * Run: node --import tsx test/bench/launch-latency.ts [LAUNCHES] [SHORT_TASKS] [IN_FLIGHT]
 */
import { Agent } from 'node:http';
import { type Json, scalars, TERMINAL_STATES, TestScheduler } from '../harness/api.mjs';
import { type Cluster, startCluster, testIsolation } from '../harness/cluster.mjs';
import { printHeader, printSamples } from './report.js';

const launches = Number(process.argv[2] ?? 1000);
const shortTasks = Number(process.argv[3] ?? 20_000);
const inFlight = Number(process.argv[4] ?? 64);

/** A scheduler that holds offers, launches `width` tasks at a time and calls back on every status. */
async function run(
  cluster: Cluster,
  options: { readonly name: string; readonly count: number; readonly width: number },
  onStatus: (status: Json, launchedAt: number) => void,
): Promise<number> {
  const scheduler = await TestScheduler.subscribe(cluster.master.url, { user: 'root', name: options.name });
  scheduler.callAgent = new Agent({ keepAlive: true, maxSockets: 8 });
  const launchedAt = new Map<string, number>();
  let started = 0;
  let ended = 0;
  const began = performance.now();
  const launch = (offer: Json) => {
    const cpus = offer.resources.find((one: Json) => one.name === 'cpus')?.scalar.value ?? 0;
    const room = Math.min(Math.floor(cpus / 0.1 + 1e-6), options.width - (started - ended), options.count - started);
    const infos = Array.from({ length: room }, () => {
      const taskId = `${options.name}-${started++}`;
      launchedAt.set(taskId, performance.now());
      return {
        name: taskId,
        task_id: { value: taskId },
        resources: scalars({ cpus: 0.1, mem: 32 }),
        command: { shell: false, value: '/bin/true', arguments: ['true'] },
      };
    });
    return scheduler.launch(offer, infos, { refuse_seconds: 0 });
  };
  await new Promise<void>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`${ended} of ${options.count} tasks in time`)), 600_000);
    scheduler.onEvent = (event) => {
      if (event.type === 'OFFERS') for (const offer of event.offers.offers) void launch(offer).catch(reject);
      if (event.type !== 'UPDATE') return;
      const { status } = event.update;
      onStatus(status, launchedAt.get(status.task_id.value) ?? Number.NaN);
      void scheduler.acknowledge(status)?.catch(reject);
      if (!TERMINAL_STATES.has(status.state)) return;
      launchedAt.delete(status.task_id.value);
      if (++ended < options.count) return;
      clearTimeout(limit);
      resolve();
    };
    for (const event of [...scheduler.events]) scheduler.onEvent?.(event);
  });
  const elapsedMs = performance.now() - began;
  await scheduler.call({ type: 'TEARDOWN' });
  scheduler.callAgent.destroy();
  return elapsedMs;
}

const cluster = await startCluster({ agents: 1, agent: { resources: 'cpus:6.4;mem:65536;disk:1024' } });
try {
  printHeader(`G3, G4 real tasks on one agent, isolation ${testIsolation() ?? 'default'}`);
  const latencies: number[] = [];
  await run(cluster, { name: 'g3', count: launches, width: 1 }, (status, launchedAt) => {
    if (status.state === 'TASK_RUNNING') latencies.push(performance.now() - launchedAt);
  });
  printSamples('G3 LAUNCH to TASK_RUNNING (goal: p50 <= 15, p99 <= 40)', latencies, 'ms');
  const failures: Json[] = [];
  const elapsedMs = await run(cluster, { name: 'g4', count: shortTasks, width: inFlight }, (status) => {
    if (TERMINAL_STATES.has(status.state) && status.state !== 'TASK_FINISHED') failures.push(status);
  });
  console.log(
    `G4 short tasks: ${((shortTasks * 1000) / elapsedMs).toFixed(0)} a second (${shortTasks} tasks, ${inFlight} in flight, ${failures.length} not finished; goal: >= 500)`,
  );
  if (failures.length > 0) console.log(JSON.stringify(failures[0]));
} finally {
  await cluster.stop();
}
