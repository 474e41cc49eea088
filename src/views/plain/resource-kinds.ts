/** The four resources that every overview shows, in their order, and how each is written. */
import type { Amounts } from '../model/cluster-model.js';
import { formatScalar, formatSize } from '../text/numbers.js';

export interface ResourceKind {
  readonly heading: string;
  readonly name: string;
  readonly of: (amounts: Amounts) => number;
  readonly format: (value: number) => string;
}

export const RESOURCE_KINDS: readonly ResourceKind[] = [
  { heading: 'CPU', name: 'cpus', of: ({ cpus }) => cpus, format: formatScalar },
  { heading: 'MEM', name: 'memory', of: ({ memMb }) => memMb, format: formatSize },
  { heading: 'DISK', name: 'disk', of: ({ diskMb }) => diskMb, format: formatSize },
  { heading: 'GPU', name: 'gpus', of: ({ gpus }) => gpus, format: formatScalar },
];

/** `unreachable` for TASK_UNREACHABLE and UNREACHABLE. */
export function stateWord(state: string): string {
  return state
    .replace(/^TASK_/, '')
    .toLowerCase()
    .replaceAll('_', ' ');
}

/** States that anything is in, the most frequent first: `running 97,882`. */
export function stateCounts(counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...counts]
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([state, count]) => [stateWord(state), count] as const);
}
