/**
 * What explaining costs: recording declines for it, on and off with one seed in one process (issue 5: less than 5 % of an
 * allocation cycle), and single answers on large clusters.
 *
 *   node --max-old-space-size=8192 --expose-gc --import tsx test/bench/explain.ts [recording] [--cells 1000/50,5000/200]
 *     [--rounds 10] [--seconds 60]
 *
 * A cycle is one allocation and the declines of all its offers, which is where recording happens. A sample is the processor time of some
 * rounds on a new allocator. Samples come in blocks on, off, off, on, so that a drift of the machine falls on both sides; each block gives
 * one ratio, and what is told is the median of the ratios with its 95 % confidence interval (order statistics, so nothing is
 * assumed of the noise). Two cells of a minute each by default; `recording` leaves the answers out.
 */
import { parseArgs } from 'node:util';
import type { Instant } from '../../src/base/clock.js';
import type { Allocator, OfferDecision } from '../../src/offers/allocator/allocator.js';
import type { Explanation } from '../../src/offers/explain/answer.js';
import { Resources } from '../../src/offers/resources/resources.js';
import { cpuMs, timed } from './allocator/samples.js';
import { addAgents, addFrameworks, NEVER_MS, newAllocator, parsed } from './allocator/shapes.js';
import { printHeader, quantile } from './report.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cells: { type: 'string', default: '1000/50,5000/200' },
    rounds: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '60' },
  },
});
const rounds = Number(flags.rounds);
const seconds = Number(flags.seconds);
const MIN_BLOCKS = 9;
const WARM_UP_BLOCKS = 2;

/** Processor time of all rounds, ms; the first one apart, which fills the books of a new master. */
function declineAll(agents: number, frameworks: number, isRecorded: boolean): number {
  const allocator = newAllocator();
  addFrameworks(allocator, frameworks);
  addAgents(allocator, agents, { usedBy: (i) => `framework-${i % frameworks}` });
  let offered = 0;
  const decline = (offers: readonly OfferDecision[], atMs: number) => {
    for (const { frameworkId, agentId, resources } of offers) {
      const given = isRecorded ? { atMs, offer: offered++ } : undefined;
      const refuse = { untilMs: NEVER_MS, decline: given };
      allocator.recoverResources({ frameworkId, agentId, resources, allocated: false, refuse });
    }
  };
  let sumMs = 0;
  for (let round = 0; round < rounds; round++)
    sumMs += timed(() => decline(allocator.allocate(undefined, round * 1000).offers, round * 1000)).cpuMs;
  return sumMs;
}

function measureRecording(agents: number, frameworks: number): void {
  const ratios: number[] = [];
  const offMs: number[] = [];
  const sample = (isRecorded: boolean) => {
    globalThis.gc?.();
    return declineAll(agents, frameworks, isRecorded) / rounds;
  };
  for (let i = 0; i < WARM_UP_BLOCKS; i++) for (const isRecorded of [true, false]) sample(isRecorded);
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs || ratios.length < MIN_BLOCKS) {
    const on = sample(true);
    const off = sample(false) + sample(false);
    ratios.push((on + sample(true)) / off);
    offMs.push(off / 2);
  }
  const percent = (ratio: number) => `${(100 * (ratio - 1)).toFixed(1)}%`;
  const [low, high] = medianInterval(ratios);
  const figures = [quantile(offMs, 0.5).toFixed(2), percent(quantile(ratios, 0.5)), percent(low), percent(high)];
  console.log(`recording,${agents},${frameworks},${figures.join(',')},${ratios.length}`);
}

/** 95 % confidence interval of the median: samples whose ranks lie 0.98 times the root of their number from the middle. */
function medianInterval(samples: readonly number[]): readonly [low: number, high: number] {
  const sorted = [...samples].sort((a, b) => a - b);
  const reach = 0.98 * Math.sqrt(sorted.length);
  const at = (rank: number) => sorted[Math.min(sorted.length - 1, Math.max(0, rank))] ?? Number.NaN;
  return [at(Math.floor(sorted.length / 2 - reach)), at(Math.ceil(sorted.length / 2 + reach))];
}

function measureAnswers(agents: number, frameworks: number): void {
  const allocator: Allocator = newAllocator();
  addFrameworks(allocator, frameworks);
  addAgents(allocator, agents, { usedBy: (i) => `framework-${i % frameworks}` });
  for (let round = 0; round < 3; round++)
    for (const offer of allocator.allocate(undefined, 0).offers)
      allocator.recoverResources({
        ...offer,
        allocated: false,
        refuse: { untilMs: NEVER_MS, decline: { atMs: 0, offer: round } },
      });
  const now = { monotonicMs: 0, unixMs: 0 };
  const questions = {
    framework: { frameworkId: 'framework-0', wanted: Resources.empty },
    role: { role: '*', wanted: Resources.empty },
    task: { wanted: parsed('cpus:4;mem:1024') },
    agent: { agentId: 'agent-0', wanted: Resources.empty },
  };
  for (const [kind, question] of Object.entries(questions)) {
    const samples = Array.from({ length: 7 }, () => timed(() => allocator.explain(question, now)));
    const code = samples[0]?.result.reasons[0]?.code ?? '';
    const median = (of: 'ms' | 'cpuMs') =>
      quantile(
        samples.map((sample) => sample[of]),
        0.5,
      ).toFixed(1);
    const longest = quantile(
      Array.from({ length: 5 }, () => longestSlice(allocator.explainInSlices(question, now), now)),
      0.5,
    ).toFixed(1);
    console.log(`answer/${kind},${agents},${frameworks},${median('ms')},${median('cpuMs')},${longest},${code}`);
  }
}

/** Processor time, ms, as the master slices an answer while the cluster changes. */
function longestSlice(work: Explanation, now: Instant): number {
  let longest = 0;
  let isDone = false;
  for (let resumedAt: Instant | undefined; !isDone; resumedAt = now) {
    const startedMs = cpuMs();
    let next = work.next(resumedAt);
    for (let pieces = 1; next.done !== true; pieces++) {
      if (pieces % 32 === 0 && cpuMs() - startedMs >= 4) break;
      next = work.next(undefined);
    }
    isDone = next.done === true;
    longest = Math.max(longest, cpuMs() - startedMs);
  }
  return longest;
}

printHeader('explain: recording on and off, and answers');
const cells = flags.cells.split(',').map((cell) => cell.split('/').map(Number));
console.log('case,agents,frameworks,off_cpu_ms_a_cycle,median_of_ratios,low,high,blocks');
for (const [agents = 0, frameworks = 0] of cells) measureRecording(agents, frameworks);
if (!positionals.includes('recording')) {
  console.log('case,agents,frameworks,ms,cpu_ms,longest_slice_cpu_ms,code');
  for (const [agents = 0, frameworks = 0] of [...cells, [10_000, 1_000], [50_000, 1_000], [50_000, 6_000]])
    measureAnswers(agents, frameworks);
}
