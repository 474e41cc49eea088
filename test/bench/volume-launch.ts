/**
 * What a persistent volume costs a launch: LAUNCH to TASK_RUNNING read and LAUNCH to TASK_FINISHED, one task at a time on one
 * real agent, with a volume and without in turns, so that both see the same machine.
 * Run: node --import tsx test/bench/volume-launch.ts [PAIRS]
 */
import { scalars, TERMINAL_STATES, TestScheduler } from '../harness/api.mjs';
import { startCluster, testIsolation } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { printHeader, printSamples } from './report.js';

const pairs = Number(process.argv[2] ?? 300);
const ROLE = 'bench';

const disk = { ...scalars({ disk: 64 })[0], reservations: [{ type: 'DYNAMIC', role: ROLE }] };
const volume = { ...disk, disk: { persistence: { id: 'v' }, volume: { container_path: 'data', mode: 'RW' } } };

const cluster = await startCluster({ agents: 1, agent: { resources: 'cpus:4;mem:4096;disk:1024' } });
try {
  printHeader(`launch with a persistent volume and without, isolation ${testIsolation() ?? 'default'}`);
  const scheduler = await TestScheduler.subscribe(cluster.master.url, {
    user: 'root',
    name: 'volume-launch',
    roles: [ROLE],
    capabilities: [{ type: 'MULTI_ROLE' }, { type: 'RESERVATION_REFINEMENT' }],
  });
  const answered = new Set<string>();
  const takeOffer = (needsVolume: boolean) =>
    until('an offer', () =>
      scheduler.offers().find(({ id, resources }) => {
        const holds = resources.some((resource: typeof volume) => resource.disk?.persistence !== undefined);
        if (answered.has(id.value) || (needsVolume && !holds)) return false;
        answered.add(id.value);
        return true;
      }),
    );
  const accept = (offer: { readonly id: object }, operations: readonly object[]) =>
    scheduler.call({ type: 'ACCEPT', accept: { offer_ids: [offer.id], operations, filters: { refuse_seconds: 0 } } });

  await accept(await takeOffer(false), [
    { type: 'RESERVE', reserve: { resources: [disk] } },
    { type: 'CREATE', create: { volumes: [volume] } },
  ]);
  const running = { plain: [] as number[], volume: [] as number[] };
  const finished = { plain: [] as number[], volume: [] as number[] };
  for (let i = 0; i < 2 * (pairs + 5); i++) {
    const kind = i % 2 === 0 ? 'plain' : 'volume';
    const offer = await takeOffer(true);
    const id = `${kind}-${i}`;
    const info = {
      name: id,
      task_id: { value: id },
      agent_id: offer.agent_id,
      resources: [...scalars({ cpus: 0.1, mem: 32 }), ...(kind === 'volume' ? [volume] : [])],
      command: { shell: false, value: '/bin/true', arguments: ['true'] },
    };
    const launchedAt = performance.now();
    const ended = new Promise<void>((resolve) => {
      scheduler.onEvent = (event) => {
        (scheduler.events as unknown[]).push(event);
        const status = event.update?.status;
        if (status?.task_id.value !== id) return;
        void scheduler.acknowledge(status);
        const isWarm = i >= 10;
        if (status.state === 'TASK_RUNNING' && isWarm) running[kind].push(performance.now() - launchedAt);
        if (!TERMINAL_STATES.has(status.state)) return;
        if (status.state !== 'TASK_FINISHED') throw new Error(JSON.stringify(status));
        if (isWarm) finished[kind].push(performance.now() - launchedAt);
        resolve();
      };
    });
    await accept(offer, [{ type: 'LAUNCH', launch: { task_infos: [info] } }]);
    await ended;
  }
  for (const [what, samples] of [
    ['LAUNCH to TASK_RUNNING', running],
    ['LAUNCH to TASK_FINISHED', finished],
  ] as const) {
    printSamples(`${what}, no volume`, samples.plain, 'ms');
    printSamples(`${what}, one volume`, samples.volume, 'ms');
  }
  const differences = running.volume.map((value, i) => value - (running.plain[i] ?? Number.NaN));
  printSamples('LAUNCH to TASK_RUNNING, what the volume adds, pair by pair', differences, 'ms');
} finally {
  await cluster.stop();
}
