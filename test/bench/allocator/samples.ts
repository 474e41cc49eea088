/**
 * How the allocator's benchmarks measure and what a row of them holds. A sample has wall clock and processor time (all
 * threads of this process, collector included): on a busy machine only the second says much. Rows are collected, written
 * as CSV and summed up as markdown; nothing here decides a test.
 */
import { writeFileSync } from 'node:fs';
import { quantile } from '../report.js';

export interface Sample {
  readonly ms: number;
  /** NaN where it is too short to be told. */
  readonly cpuMs: number;
}

/** Processor time of this process so far. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Times `work` and hands its answer on. */
export function timed<T>(work: () => T): Sample & { readonly result: T } {
  const startedCpuMs = cpuMs();
  const startedMs = performance.now();
  const result = work();
  const ms = performance.now() - startedMs;
  return { ms, cpuMs: cpuMs() - startedCpuMs, result };
}

export interface Row {
  /** The row of the goals: A1 to A4, B1, growth, stall. */
  readonly goal: string;
  readonly name: string;
  readonly agents: number;
  readonly frameworks: number;
  readonly samples: readonly Sample[];
  readonly note: string;
}

const HEADER = 'goal,case,agents,frameworks,median_ms,min_ms,max_ms,p99_ms,cpu_median_ms,rounds,note';

export class Table {
  readonly rows: Row[] = [];

  constructor() {
    console.log(HEADER);
  }

  add(row: Row): void {
    this.rows.push(row);
    console.log(csvLine(row));
  }

  write(path: string): void {
    writeFileSync(path, `${[HEADER, ...this.rows.map(csvLine)].join('\n')}\n`);
  }
}

export function medianMs({ samples }: Row): number {
  return quantile(
    samples.map(({ ms }) => ms),
    0.5,
  );
}

function csvLine({ goal, name, agents, frameworks, samples, note }: Row): string {
  const times = samples.map(({ ms }) => ms);
  const cpu = samples.map((sample) => sample.cpuMs);
  const figures = [0.5, 0, 1, 0.99].map((q) => quantile(times, q).toFixed(4));
  const cpuMedian = quantile(cpu, 0.5);
  const cpuText = Number.isNaN(cpuMedian) ? '' : cpuMedian.toFixed(4);
  return [goal, name, agents, frameworks, ...figures, cpuText, samples.length, note].join(',');
}
