/**
 * The failover tier (issue 4, rows a, b and d): three real masters in network namespaces of their own, three agents with a
 * hundred tasks, a scheduler on mesos-go, registry writers and register clients; leaders are killed, stopped and cut off, and after
 * every fault everything acknowledged must be there. Run: node --import tsx test/failover/run.ts [--full]; --full is 30 kills,
 * 10 stops and 10 cuts, otherwise 5, 2 and 2; and ten minutes of load, otherwise one. Needs root, iproute2, Go and mesos-go, a built dist/.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Tier } from '../harness/tier.mjs';
import { Network } from './network.js';
import { NODES, Suite } from './suite.js';

const INSIDE = 'MESOCTL_FAILOVER_NETWORK';
const isFull = process.argv.includes('--full');
const COUNTS = isFull ? { kill: 30, stop: 10, cut: 10 } : { kill: 5, stop: 2, cut: 2 };
const LOAD_SECONDS = isFull ? 600 : 60;
const DEADLINE_MS = isFull ? 60 * 60_000 : 12 * 60_000;

/** Why it cannot run here; undefined: it can. */
function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  for (const [command, argument, what] of [
    ['ip', '-V', 'iproute2'],
    ['tc', '-V', 'iproute2'],
    ['go', 'version', 'golang-go'],
  ] as const)
    if (spawnSync(command, [argument]).status !== 0) return `no ${command}: apt-get install ${what}`;
  return existsSync('/usr/share/gocode/src/github.com/mesos/mesos-go/api/v1/lib')
    ? undefined
    : 'no mesos-go: apt-get install golang-github-mesos-mesos-go-dev';
}

/** Makes the network and runs the suite at the node of the clients: loopback of the machine has no way to the others. */
async function runOutside(): Promise<void> {
  const name = `mfo${process.pid}`;
  const network = Network.create(name);
  try {
    for (const node of NODES) network.add(node);
    const [command = '', ...args] = network.launcherOf('clients');
    const self = fileURLToPath(import.meta.url);
    const child = spawn(command, [...args, process.execPath, '--import', 'tsx', self, ...process.argv.slice(2)], {
      stdio: 'inherit',
      env: { ...process.env, [INSIDE]: name },
    });
    process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  } finally {
    network.remove();
  }
}

async function runInside(name: string): Promise<void> {
  const tier = new Tier('failover', undefined);
  const suite = new Suite(Network.attach(name, NODES));
  tier.add(`${LOAD_SECONDS} s of full load on both cores elect nobody`, () => suite.runUnderLoad(LOAD_SECONDS), {
    deadlineMs: DEADLINE_MS,
  });
  const title = `${COUNTS.kill} kills, ${COUNTS.stop} stops and ${COUNTS.cut} cuts of the leader lose nothing`;
  tier.add(title, () => suite.run(COUNTS), { deadlineMs: DEADLINE_MS });
  tier.add('what register clients saw meanwhile is linearizable', () => suite.checkRegisters());
  await tier.run(() => suite.stop());
}

const reason = missing();
const network = process.env[INSIDE];
if (network !== undefined) await runInside(network);
else if (reason === undefined) await runOutside();
else {
  const tier = new Tier('failover', undefined);
  tier.add('faults of the leader lose nothing', () => Promise.resolve(undefined), { skip: reason });
  await tier.run();
}
