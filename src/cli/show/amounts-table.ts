/** Resources several ways: a line for each kind, a column for each way. Four named amounts, never one sum (design/ux). Pure. */

import { formatScalar, formatSize } from '../../views/text/numbers.js';
import type { Amounts } from '../../wire/gen/mesoctl-api.js';
import { formatTable } from '../table.js';

export interface Way {
  readonly title: string;
  readonly amounts: Amounts | undefined;
}

const KINDS: readonly (readonly [title: string, name: keyof Amounts, format: (value: number) => string])[] = [
  ['CPU', 'cpus', formatScalar],
  ['MEM', 'mem_mb', formatSize],
  ['DISK', 'disk_mb', formatSize],
  ['GPU', 'gpus', formatScalar],
];

/** Kinds that nothing has are left out. */
export function amountsTable(ways: readonly Way[]): readonly string[] {
  const kinds = KINDS.filter(([, name]) => ways.some(({ amounts }) => (amounts?.[name] ?? 0) > 0));
  if (kinds.length === 0) return [];
  return formatTable(
    ['', ...ways.map(({ title }) => ({ head: title, align: 'right' as const }))],
    kinds.map(([title, name, format]) => [
      title,
      ...ways.map(({ amounts }) => (amounts === undefined ? '-' : format(amounts[name] ?? 0))),
    ]),
  );
}
