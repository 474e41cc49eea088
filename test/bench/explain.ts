/**
 * What explaining costs: recording declines for it, on and off with one seed in one process (issue 5: less than 5 % of an
 * allocation cycle), and single answers on large clusters.
 *
 *   node --max-old-space-size=8192 --import tsx test/bench/explain.ts [--cells 1000/50,5000/200] [--rounds 20] [--repetitions 51]
 *
 * A cycle is one allocation and the declines of all its offers, which is where recording happens. The two sides take turns; who
 * begins changes with every repetition.
 */
import { parseArgs } from 'node:util';
import type { Allocator, OfferDecision } from '../../src/offers/allocator/allocator.js';
import { Resources } from '../../src/offers/resources/resources.js';
import { timed } from './allocator/samples.js';
import { addAgents, addFrameworks, NEVER_MS, newAllocator, parsed } from './allocator/shapes.js';
import { printHeader, quantile } from './report.js';

const { values: flags } = parseArgs({
  options: {
    cells: { type: 'string', default: '1000/50,5000/200' },
    rounds: { type: 'string', default: '20' },
    repetitions: { type: 'string', default: '51' },
  },
});
const rounds = Number(flags.rounds);
const repetitions = Number(flags.repetitions);

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
  let cpuMs = 0;
  for (let round = 0; round < rounds; round++)
    cpuMs += timed(() => decline(allocator.allocate(undefined, round * 1000).offers, round * 1000)).cpuMs;
  return cpuMs;
}

function measureRecording(agents: number, frameworks: number): void {
  const times = { on: [] as number[], off: [] as number[] };
  declineAll(agents, frameworks, true);
  declineAll(agents, frameworks, false);
  for (let repetition = 0; repetition < repetitions; repetition++)
    for (const side of repetition % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const))
      times[side].push(declineAll(agents, frameworks, side === 'on') / rounds);
  const [on, off] = [quantile(times.on, 0.5), quantile(times.off, 0.5)];
  const least = { on: Math.min(...times.on), off: Math.min(...times.off) };
  const percent = (a: number, b: number) => (100 * (a / b - 1)).toFixed(1);
  console.log(
    `recording,${agents},${frameworks},${on.toFixed(2)},${off.toFixed(2)},${percent(on, off)}%,${percent(least.on, least.off)}%`,
  );
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
    console.log(`answer/${kind},${agents},${frameworks},${median('ms')},${median('cpuMs')},${code}`);
  }
}

printHeader('explain: recording on and off, and answers');
const cells = flags.cells.split(',').map((cell) => cell.split('/').map(Number));
console.log('case,agents,frameworks,on_cpu_ms_a_cycle,off_cpu_ms_a_cycle,difference_of_medians,difference_of_minima');
for (const [agents = 0, frameworks = 0] of cells) measureRecording(agents, frameworks);
console.log('case,agents,frameworks,ms,cpu_ms,code');
for (const [agents = 0, frameworks = 0] of [...cells, [10_000, 1_000], [50_000, 1_000]])
  measureAnswers(agents, frameworks);
