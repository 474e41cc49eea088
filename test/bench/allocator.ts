/**
 * The allocator's benchmarks (performance goals A1 to A4 and B1), its growth curves, and how long the event loop stands
 * still while it runs. Prints the conditions, CSV rows as they come, then a summary in markdown for README.md.
 *
 *   node --max-old-space-size=8192 --import tsx test/bench/allocator.ts [PART...] [--csv FILE] [--quick]
 *     [--cells 10000/1000,20000/2000] [--rounds 5]
 *
 * PART: cycles, quota, sorter, placements, growth, stall; default: all of them. `--cells` (agents/frameworks) replaces the
 * grid of 48 cells, `--quick` takes small cells of everything. The whole takes seven to
 * twelve minutes.
 */
import { parseArgs } from 'node:util';
import { type Cell, measureCycles } from './allocator/cycles.js';
import { measureGrowth } from './allocator/growth.js';
import { measurePlacements } from './allocator/placements.js';
import { measureQuota } from './allocator/quota.js';
import { Table } from './allocator/samples.js';
import { AGENT_COUNTS, FRAMEWORK_COUNTS } from './allocator/shapes.js';
import { measureSorter } from './allocator/sorter.js';
import { measureStall } from './allocator/stall.js';
import {
  growthRows,
  growthTable,
  placementLines,
  placementRows,
  stallLine,
  stallRow,
  summaryOf,
} from './allocator/summary.js';
import { printHeader } from './report.js';

const PARTS = ['cycles', 'quota', 'sorter', 'placements', 'growth', 'stall'] as const;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    csv: { type: 'string' },
    quick: { type: 'boolean', default: false },
    cells: { type: 'string' },
    rounds: { type: 'string', default: '5' },
  },
});

const unknown = positionals.find((word) => !PARTS.some((part) => part === word));
if (unknown !== undefined) throw new Error(`${unknown} is none of ${PARTS.join(', ')}`);
const wanted = (part: (typeof PARTS)[number]) => positionals.length === 0 || positionals.includes(part);
const { quick } = flags;
const rounds = Number(flags.rounds);
if (!(rounds >= 5)) throw new Error('--rounds is at least 5');

/** The grid, largest cells last; A2 names one beside it. */
function cellsOf(): Cell[] {
  const named = flags.cells ?? (quick ? '1000/50,5000/500' : undefined);
  if (named === undefined)
    return [
      ...AGENT_COUNTS.flatMap((agents) => FRAMEWORK_COUNTS.map((frameworks) => ({ agents, frameworks, rounds }))),
      { agents: 20_000, frameworks: 2_000, rounds },
    ];
  return named.split(',').map((cell) => {
    const [agents = Number.NaN, frameworks = Number.NaN] = cell.split('/').map(Number);
    if (!(agents > 0 && frameworks > 0)) throw new Error(`a cell is AGENTS/FRAMEWORKS, not ${cell}`);
    return { agents, frameworks, rounds };
  });
}

printHeader('allocator: cycles, quota, sorter, placements, growth, stall');
const startedMs = performance.now();
const table = new Table();
const summary: string[] = [];

if (wanted('cycles')) for (const cell of cellsOf()) measureCycles(table, cell);
if (wanted('quota')) measureQuota(table, 5);
if (wanted('sorter')) measureSorter(table, quick ? 5_000 : 50_000, quick ? 100 : 1_000, 5);
if (table.rows.length > 0) summary.push(...summaryOf(table.rows));
if (wanted('growth')) {
  const curves = measureGrowth(quick ? 100 : 400, quick ? 0.6 : 1);
  for (const row of growthRows(curves)) table.add(row);
  summary.push(...growthTable(curves));
}
if (wanted('stall')) {
  const result = quick ? await measureStall(2_000, 100, 3) : await measureStall(50_000, 6_000, 5);
  table.add(stallRow(result));
  summary.push(stallLine(result));
}
if (wanted('placements')) {
  const jobs = quick ? 100 : 1_000;
  const result = measurePlacements({ agents: quick ? 500 : 5_000, jobs, tasksPerJob: jobs });
  for (const row of placementRows(result)) table.add(row);
  summary.push(...placementLines(result));
}

if (flags.csv !== undefined) table.write(flags.csv);
console.log(`\n${summary.join('\n')}\n`);
console.log(`# ${((performance.now() - startedMs) / 1000).toFixed(0)} s in all`);
