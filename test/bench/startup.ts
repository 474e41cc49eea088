/**
 * How long the command line takes to answer: `mesoctl --help`, `mesoctl task launch --help`, `mesoctl --version`, a TAB of
 * completion, and the floor, `node -e 0`. In the manner of hyperfine: warm-up runs, then a fixed number of measured ones.
 * Goals: help in under 250 ms, completion in under 300 ms. Run by hand: node --import tsx test/bench/startup.ts [runs]
 */
import { spawnSync } from 'node:child_process';
import { cpus, release } from 'node:os';
import { startMaster } from '../harness/cluster.mjs';
import { mesoctlPath, sweep } from '../harness/process.mjs';

const WARM_UPS = 3;
const runs = Number(process.argv[2] ?? 30);

function measure(args: readonly string[]): number[] {
  const times: number[] = [];
  for (let i = -WARM_UPS; i < runs; i++) {
    const started = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
    if (i >= 0) times.push(performance.now() - started);
  }
  return times.sort((left, right) => left - right);
}

function report(name: string, times: readonly number[]): void {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const at = (part: number) =>
    (times[Math.min(times.length - 1, Math.floor(part * times.length))] ?? 0).toFixed(0).padStart(4);
  console.log(
    `${name.padEnd(28)} mean ${mean.toFixed(0).padStart(4)} ms   p50 ${at(0.5)}   min ${at(0)}   max ${at(1)}`,
  );
}

console.log(
  `${runs} runs each, Node ${process.version}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'cpu'}`,
);
report('node -e 0', measure(['-e', '0']));
report('mesoctl --help', measure([mesoctlPath, '--help']));
report('mesoctl task launch --help', measure([mesoctlPath, 'task', 'launch', '--help']));
report('mesoctl --version', measure([mesoctlPath, '--version']));
report('TAB: task launch --', measure([mesoctlPath, '__complete', 'zsh', 'task', 'launch', '--']));
report(
  'TAB: task kill, no master',
  measure([mesoctlPath, '__complete', 'zsh', 'task', 'kill', '--master', '127.0.0.1:1', '']),
);

const master = await startMaster();
try {
  for (const words of [
    ['task', 'list'],
    ['agent', 'list', '--json'],
    ['master', 'show'],
  ])
    report(`mesoctl ${words.join(' ')}`, measure([mesoctlPath, ...words, '--master', master.address]));
} finally {
  await master.stop();
  await sweep(master.scratchDir);
}
