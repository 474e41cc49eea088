/** What the cluster has, by what holds it: allocated, offered, free; always named, and always adding up. */
import type { Amounts, ClusterModel, Totals } from '../../model/cluster-model.js';
import { allocationBar, sparkline } from '../../text/bars.js';
import { formatPercent, formatScalar, formatSize } from '../../text/numbers.js';
import { padEndTo, padStartTo } from '../../text/width.js';
import type { Theme } from '../ui.js';
import { type Line, span } from './paint.js';

type Resource = 'cpus' | 'memMb' | 'diskMb' | 'gpus';

const RESOURCES: readonly {
  readonly name: Resource;
  readonly label: string;
  readonly series: 'cpus' | 'mem' | 'disk' | 'gpus';
}[] = [
  { name: 'cpus', label: 'CPU', series: 'cpus' },
  { name: 'memMb', label: 'MEM', series: 'mem' },
  { name: 'diskMb', label: 'DISK', series: 'disk' },
  { name: 'gpus', label: 'GPU', series: 'gpus' },
];

const NUMBERS_WIDTH = 50;
const RIGHT_MARGIN = 3;
const WIDE_FROM = 100;
const SPARK_CELLS = 12;
const MOST_BAR_CELLS = 60;

/** The heading, then a line for each resource that the cluster has. */
export function resourceTable(model: ClusterModel, theme: Theme, columns: number): readonly Line[] {
  const hasSpark = columns >= WIDE_FROM;
  const room = columns - NUMBERS_WIDTH - RIGHT_MARGIN - (hasSpark ? SPARK_CELLS + RIGHT_MARGIN : 0);
  const cells = Math.max(0, Math.min(MOST_BAR_CELLS, room));
  const legend = theme.unicode ? '█ alloc  ▒ offered  · free' : '# alloc  = offered  . free';
  const heading = `       ALLOCATED    OFFERED       FREE   TOTAL   ${cells === 0 ? '' : legend}`;
  const spark = hasSpark ? 'last 10 min' : '';
  return [
    hasSpark ? `${padEndTo(heading, NUMBERS_WIDTH + cells + RIGHT_MARGIN - 1)} ${spark}` : heading.trimEnd(),
    ...shownResources(model.totals).map(({ name, label, series }): Line => {
      const numbers = numbersOf(model.totals, name, label);
      const bar = cells === 0 ? '' : barOf(model.totals, name, cells, theme.unicode);
      const line = [numbers, span(bar, 'accent')];
      if (!hasSpark) return line;
      const points = sparkline(model.history[series], { cells: SPARK_CELLS, unicode: theme.unicode, top: 1 });
      return [...line, ' '.repeat(RIGHT_MARGIN), span(points, 'accent')];
    }),
  ];
}

/** One line for each resource, for narrow terminals. */
export function resourceFacts(totals: Totals): readonly Line[] {
  return shownResources(totals).map(({ name, label }): Line => {
    const total = totals.total[name];
    const part = (of: Amounts) => formatPercent(of[name], total);
    return `${label.toLowerCase()}: ${part(totals.allocated)} alloc, ${part(totals.offered)} offered of ${amount(name, total)}`;
  });
}

/** GPUs are shown where there are some. */
function shownResources(totals: Totals) {
  return RESOURCES.filter(({ name }) => name !== 'gpus' || totals.total.gpus > 0);
}

/** `CPU   4,812  75%   890  14%   698  11%   6,400   ` */
function numbersOf(totals: Totals, name: Resource, label: string): string {
  const total = totals.total[name];
  const pair = (of: Amounts, width: number) =>
    padStartTo(amount(name, of[name]), width) + padStartTo(formatPercent(of[name], total), 5);
  return [
    padEndTo(label, 4),
    pair(totals.allocated, 7),
    pair(totals.offered, 6),
    pair(totals.free, 6),
    padStartTo(amount(name, total), 8),
    '   ',
  ].join('');
}

function barOf(totals: Totals, name: Resource, cells: number, unicode: boolean): string {
  const total = totals.total[name];
  const part = (of: Amounts) => (total <= 0 ? 0 : of[name] / total);
  return allocationBar({ allocated: part(totals.allocated), offered: part(totals.offered), cells, unicode });
}

function amount(name: Resource, value: number): string {
  return name === 'cpus' || name === 'gpus' ? formatScalar(value) : formatSize(value);
}
