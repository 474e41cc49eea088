/** The series of a simulation as CSV (RFC 4180): a line for each sample time, a column for each resource and framework. Pure. */
import type { SimulationResult } from '../../simulator/result.js';

export function simulationCsv({ timesMs, resources, frameworks, fairness }: SimulationResult): string {
  const columns: readonly (readonly [name: string, series: readonly number[]])[] = [
    ['time_seconds', timesMs.map((ms) => ms / 1000)],
    ...resources.map(({ name, series }) => [`used_${name}`, series] as const),
    ['fairness_error', fairness.series],
    ...frameworks.map(({ name, shares }) => [`share_${name}`, shares] as const),
    ...frameworks.map(({ name, idealShares }) => [`ideal_share_${name}`, idealShares] as const),
  ];
  const head = columns.map(([name]) => name).join(',');
  const lines = timesMs.map((_, row) => columns.map(([, series]) => Number((series[row] ?? 0).toFixed(6))).join(','));
  return [head, ...lines, ''].join('\n');
}
