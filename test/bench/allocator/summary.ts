/** The results as markdown, to be pasted into test/bench/README.md. */
import { quantile } from '../report.js';
import type { Curve } from './growth.js';
import type { PlacementResult } from './placements.js';
import { medianMs, type Row, type Sample } from './samples.js';
import type { StallResult } from './stall.js';

/** One table of medians for each case that was measured over several sizes, one line for every other. */
export function summaryOf(rows: readonly Row[]): string[] {
  const byName = new Map<string, Row[]>();
  for (const row of rows) byName.set(row.name, [...(byName.get(row.name) ?? []), row]);
  const grids = [...byName].filter(([, ofName]) => ofName.length > 1);
  const single = [...byName.values()].flatMap((ofName) => (ofName.length === 1 ? ofName : []));
  return [...grids.flatMap(([name, ofName]) => gridTable(name, ofName)), ...singleTable(single)];
}

function gridTable(name: string, rows: readonly Row[]): string[] {
  const agents = ascending(rows.map((row) => row.agents));
  const frameworks = ascending(rows.map((row) => row.frameworks));
  const worst = Math.max(...rows.flatMap(({ samples }) => samples.map(({ ms }) => ms)));
  const cell = (a: number, f: number) => {
    const row = rows.find((one) => one.agents === a && one.frameworks === f);
    return row === undefined ? '' : medianMs(row).toFixed(1);
  };
  return [
    `${name}, median ms of a cycle (slowest of all: ${worst.toFixed(1)}):`,
    '',
    `| agents \\ frameworks | ${frameworks.join(' | ')} |`,
    `|---|${frameworks.map(() => '---|').join('')}`,
    ...agents.map((a) => `| ${a} | ${frameworks.map((f) => cell(a, f)).join(' | ')} |`),
    '',
  ];
}

function singleTable(rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  return [
    '| row | case | median (min to max), ms | processor time, ms |',
    '|---|---|---|---|',
    ...rows.map((row) => {
      const times = row.samples.map(({ ms }) => ms);
      const [low, high] = [quantile(times, 0), quantile(times, 1)].map((ms) => ms.toFixed(1));
      const cpu = quantile(
        row.samples.map(({ cpuMs }) => cpuMs),
        0.5,
      );
      const size = `${row.agents} agents, ${row.frameworks} frameworks`;
      return `| ${row.goal} | ${row.name}, ${size} | ${medianMs(row).toFixed(1)} (${low} to ${high}) | ${cpu.toFixed(1)} |`;
    }),
    '',
  ];
}

export function growthTable(curves: readonly Curve[]): string[] {
  const out: string[] = [];
  for (const dimension of new Set(curves.map((curve) => curve.dimension))) {
    const ofDimension = curves.filter((curve) => curve.dimension === dimension);
    const sizes = ofDimension[0]?.sizes ?? [];
    const [first] = sizes;
    const fixed = Object.entries(first ?? {}).filter(([name]) => name !== dimension);
    out.push(
      `One event against the number of ${dimension} (${fixed.map(([name, value]) => `${value} ${name}`).join(', ')}), median us:`,
      '',
      `| event | ${sizes.map((size) => size[dimension]).join(' | ')} | exponent |`,
      `|---|${sizes.map(() => '---|').join('')}---|`,
      ...ofDimension.map(
        ({ event, us, exponent }) =>
          `| ${event} | ${us.map((one) => one.toFixed(1)).join(' | ')} | ${exponent.toFixed(2)} |`,
      ),
      '',
    );
  }
  return out;
}

export function stallLine({ agents, frameworks, offers, steps, longestDelayMs, p99DelayMs }: StallResult): string {
  const figures = (of: (step: Sample) => number) =>
    [0.5, 0.99, 1].map((q) => quantile(steps.map(of), q).toFixed(1)).join(', ');
  return (
    `Stall, ${agents} agents and ${frameworks} frameworks, ${offers} offers in ${steps.length} steps: a step p50, p99, longest ` +
    `${figures(({ ms }) => ms)} ms by the clock, ${figures(({ cpuMs }) => cpuMs)} ms of processor time; delay of the event ` +
    `loop p99 ${p99DelayMs.toFixed(1)}, longest ${longestDelayMs.toFixed(1)} ms`
  );
}

export function placementLines({ tasks, placing, running, longestStepMs, rounds }: PlacementResult): string[] {
  return [
    `B1, ${tasks} tasks in ${rounds} rounds: ${rates(tasks, placing)} placements committed; then reported running and ` +
      `acknowledged: ${rates(tasks, running)}; longest step ${longestStepMs.toFixed(1)} ms`,
  ];
}

/** The same as rows of the table: a line each for a size and event, the stall, placing and running. */
export function growthRows(curves: readonly Curve[]): Row[] {
  return curves.flatMap(({ dimension, event, sizes, times, exponent }) =>
    sizes.map(({ agents, frameworks, roles }, i): Row => {
      const samples = (times[i] ?? []).map((us) => ({ ms: us / 1_000, cpuMs: Number.NaN }));
      const note = `roles=${roles}; exponent by ${dimension}=${exponent.toFixed(2)}`;
      return { goal: 'growth', name: `${event} (${dimension} grow)`, agents, frameworks, samples, note };
    }),
  );
}

export function stallRow({ agents, frameworks, offers, steps, longestDelayMs, p99DelayMs }: StallResult): Row {
  const note = `offers=${offers}; delay of the event loop p99=${p99DelayMs.toFixed(1)} longest=${longestDelayMs.toFixed(1)}`;
  return { goal: 'stall', name: 'one step of the master', agents, frameworks, samples: steps, note };
}

export function placementRows({ agents, jobs, tasks, placing, running, rounds }: PlacementResult): Row[] {
  const row = (name: string, sample: Sample): Row => {
    const note = `tasks=${tasks}; rounds=${rounds}; ${rates(tasks, sample).replaceAll(',', '')}`;
    return { goal: 'B1', name, agents, frameworks: jobs, samples: [sample], note };
  };
  return [row('all placed', placing), row('all reported running and acknowledged', running)];
}

function rates(tasks: number, { ms, cpuMs }: Sample): string {
  return `${perSecond(tasks, ms)}/s by the clock, ${perSecond(tasks, cpuMs)}/s of processor time`;
}

function perSecond(tasks: number, ms: number): string {
  return Math.round((tasks * 1_000) / ms).toLocaleString('en-GB');
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
