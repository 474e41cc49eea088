/**
 * The simulation tier: many seeds on all cores of the machine.
 *
 *   npm run test:sim                          500 seeds of 20,000 steps, as CI does
 *   npm run test:sim -- --seed 205            one seed, with its report
 *   npm run test:sim -- --soak 3h             new seeds until the time is over
 *   --first N --seeds N --steps N             other ranges
 *
 * Ends with `N passed, N failed, N skipped`. A seed that met too little is a failure: it would have proved nothing.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseDuration } from '../../src/base/duration.js';
import { isRejection } from '../../src/base/rejection.js';
import { Cluster, type Report } from './cluster.js';

/** What a seed of 20,000 steps has to meet at least. */
const FLOOR = { faults: 20, elections: 3, commits: 100 } as const;
const FLOOR_STEPS = 20_000;
/** Seeds of one order to a worker. */
const CHUNK = 5;

interface Order {
  readonly first: number;
  readonly count: number;
  readonly steps: number;
}

interface Outcome {
  readonly seed: number;
  readonly report?: Report | undefined;
  readonly failure?: string | undefined;
}

function simulate(seed: number, steps: number): Outcome {
  try {
    const report = new Cluster({ seed, steps }).run();
    const weak = (Object.keys(FLOOR) as (keyof typeof FLOOR)[]).filter((name) => report[name] < FLOOR[name]);
    if (steps < FLOOR_STEPS || weak.length === 0) return { seed, report };
    return { seed, report, failure: `too weak: ${weak.map((name) => `${name} ${report[name]} < ${FLOOR[name]}`)}` };
  } catch (error) {
    return { seed, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function work(): void {
  process.on('message', ({ first, count, steps }: Order) => {
    for (let seed = first; seed < first + count; seed++) process.send?.(simulate(seed, steps));
    process.send?.('done');
  });
  process.send?.('done');
}

interface Plan {
  readonly first: number;
  readonly seeds: number;
  readonly steps: number;
  readonly untilMs: number;
}

class Tally {
  passed = 0;
  failed = 0;
  readonly totals = { steps: 0, faults: 0, elections: 0, commits: 0, writes: 0, reads: 0, snapshots: 0 };
  readonly least = {
    faults: Number.POSITIVE_INFINITY,
    elections: Number.POSITIVE_INFINITY,
    commits: Number.POSITIVE_INFINITY,
  };

  add({ seed, report, failure }: Outcome, steps: number): void {
    if (failure === undefined) this.passed += 1;
    else {
      this.failed += 1;
      console.log(`seed ${seed} failed: ${failure}\n  again: npm run test:sim -- --seed ${seed} --steps ${steps}`);
    }
    if (report === undefined) return;
    for (const name of Object.keys(this.totals) as (keyof Tally['totals'])[]) this.totals[name] += report[name];
    for (const name of Object.keys(this.least) as (keyof Tally['least'])[])
      this.least[name] = Math.min(this.least[name], report[name]);
  }
}

async function runAll(plan: Plan): Promise<Tally> {
  const tally = new Tally();
  let next = plan.first;
  const end = plan.first + plan.seeds;
  const isOver = () => next >= end || performance.now() > plan.untilMs;
  const worker = () =>
    new Promise<void>((resolve, reject) => {
      const child = fork(fileURLToPath(import.meta.url), ['--worker'], { execArgv: ['--import', 'tsx'] });
      child.on('error', reject);
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with status ${code}`))));
      child.on('message', (message: Outcome | 'done') => {
        if (message !== 'done') tally.add(message, plan.steps);
        else if (isOver()) child.disconnect();
        else {
          const order: Order = { first: next, count: Math.min(CHUNK, end - next), steps: plan.steps };
          next += order.count;
          child.send(order);
        }
      });
    });
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return tally;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      worker: { type: 'boolean', default: false },
      seed: { type: 'string' },
      first: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '500' },
      steps: { type: 'string', default: String(FLOOR_STEPS) },
      soak: { type: 'string' },
    },
  });
  if (values.worker) {
    work();
    return;
  }
  const steps = Number(values.steps);
  if (values.seed !== undefined) {
    const outcome = simulate(Number(values.seed), steps);
    console.log(outcome.report ?? '', outcome.failure ?? '');
    close(outcome.failure === undefined ? 1 : 0, outcome.failure === undefined ? 0 : 1);
    return;
  }
  const soakMs = values.soak === undefined ? undefined : parseDuration(values.soak);
  if (isRejection(soakMs)) throw new Error(soakMs.message);
  const startedMs = performance.now();
  const first = soakMs === undefined ? Number(values.first) : Math.floor(Math.random() * 2 ** 31);
  const tally = await runAll({
    first,
    seeds: soakMs === undefined ? Number(values.seeds) : Number.POSITIVE_INFINITY,
    steps,
    untilMs: soakMs === undefined ? Number.POSITIVE_INFINITY : startedMs + soakMs,
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`seeds from ${first}: in all ${describe(tally.totals)}; at least ${describe(tally.least)}; ${seconds} s`);
  close(tally.passed, tally.failed);
}

function describe(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function close(passed: number, failed: number): void {
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

await main();
