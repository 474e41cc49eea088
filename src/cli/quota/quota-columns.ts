/** The table of quotas. */
import { type Column, foreign } from '../../views/columns/column.js';
import { formatPercent } from '../../views/text/numbers.js';
import { amountText } from './quota-amounts.js';
import type { QuotaRow } from './quota-rows.js';

export const QUOTA_COLUMNS: readonly Column<QuotaRow>[] = [
  {
    key: 'role',
    heading: 'ROLE',
    align: 'left',
    priority: 1,
    isFlexible: true,
    width: 8,
    text: ({ role }) => foreign(role),
  },
  {
    key: 'resource',
    heading: 'RESOURCE',
    align: 'left',
    priority: 1,
    width: 8,
    maxWidth: 24,
    text: ({ resource }) => foreign(resource),
  },
  amountColumn('used', 'USED', 4),
  amountColumn('offered', 'OFFERED', 6),
  amountColumn('guarantee', 'GUARANTEE', 3),
  {
    key: 'met',
    heading: 'MET',
    align: 'right',
    priority: 2,
    isState: true,
    width: 4,
    text: ({ met }) => (met === undefined ? '-' : formatPercent(met)),
  },
  amountColumn('limit', 'LIMIT', 5),
  {
    key: 'note',
    heading: 'NOTE',
    align: 'left',
    priority: 7,
    isState: true,
    isProse: true,
    width: 4,
    text: ({ limit, used, resource }) =>
      limit !== undefined && used > limit ? `${amountText(resource, used - limit)} above the limit` : '-',
  },
];

function amountColumn(key: 'used' | 'offered' | 'guarantee' | 'limit', heading: string, priority: number) {
  return {
    key,
    heading,
    align: 'right',
    priority,
    width: heading.length,
    text: (row: QuotaRow) => {
      const amount = row[key];
      return amount === undefined ? '-' : amountText(row.resource, amount);
    },
  } as const;
}
