/** What the cluster has, by what holds it: allocated, offered, free; always named, and always adding up. */
import type { Amounts, ClusterModel, Totals } from '../../model/cluster-model.js';
import { allocationBar, sparkline } from '../../text/bars.js';
import { formatPercent, formatScalar, formatSize } from '../../text/numbers.js';
import { padEndTo, padStartTo, widthOf } from '../../text/width.js';
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

const RIGHT_MARGIN = 3;
const WIDE_FROM = 100;
const SPARK_CELLS = 12;
const MOST_BAR_CELLS = 60;
/** Shorter bars say nothing. */
const LEAST_BAR_CELLS = 8;

/** The heading, then a line for each resource that the cluster has. */
export function resourceTable(model: ClusterModel, theme: Theme, columns: number): readonly Line[] {
  const shown = shownResources(model.totals);
  const numbers = numberColumns(model.totals, shown);
  const numbersWidth = widthOf(numbers[0] ?? '');
  const hasSpark = columns >= WIDE_FROM;
  const room = columns - numbersWidth - RIGHT_MARGIN - (hasSpark ? SPARK_CELLS + RIGHT_MARGIN : 0);
  const cells = Math.max(0, Math.min(MOST_BAR_CELLS, room));
  const legend = theme.unicode ? '█ alloc  ▒ offered  · free' : '# alloc  = offered  . free';
  const heading = `${numbers[0] ?? ''}${cells < legend.length ? '' : legend}`;
  return [
    hasSpark ? `${padEndTo(heading, numbersWidth + cells + RIGHT_MARGIN)}last 10 min` : heading.trimEnd(),
    ...shown.map(({ name, series }, index): Line => {
      const bar = cells < LEAST_BAR_CELLS ? '' : barOf(model.totals, name, cells, theme.unicode);
      const line = [numbers[index + 1] ?? '', span(bar, 'accent')];
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

type Share = 'allocated' | 'offered' | 'free';

const SHARES: readonly { readonly share: Share; readonly heading: string; readonly width: number }[] = [
  { share: 'allocated', heading: 'ALLOCATED', width: 7 },
  { share: 'offered', heading: 'OFFERED', width: 6 },
  { share: 'free', heading: 'FREE', width: 6 },
];

const TOTAL_WIDTH = 8;
const PERCENT_WIDTH = 5;

/** The heading and a line for each resource, all as wide: `CPU   4,812  75%   890  14%   698  11%   6,400   ` */
function numberColumns(totals: Totals, resources: ReturnType<typeof shownResources>): readonly string[] {
  const lines = ['', ...resources.map(({ label }) => label)].map((label) => padEndTo(label, 4));
  const append = (cells: readonly string[], least: number) => {
    const width = Math.max(least, ...cells.slice(1).map((cell) => widthOf(cell) + 1));
    cells.forEach((cell, index) => {
      lines[index] += padStartTo(cell, width);
    });
  };
  for (const { share, heading, width } of SHARES) {
    const amounts = resources.map(({ name }) => amount(name, totals[share][name]));
    const most = Math.max(width, ...amounts.map((text) => text.length + 1));
    const pairs = resources.map(
      ({ name }, index) =>
        padStartTo(amounts[index] ?? '', most) +
        padStartTo(formatPercent(totals[share][name], totals.total[name]), PERCENT_WIDTH),
    );
    append([heading, ...pairs.map((pair) => pair.slice(1))], most + PERCENT_WIDTH);
  }
  append(['TOTAL', ...resources.map(({ name }) => amount(name, totals.total[name]))], TOTAL_WIDTH);
  return lines.map((line) => `${line}   `);
}

function barOf(totals: Totals, name: Resource, cells: number, unicode: boolean): string {
  const total = totals.total[name];
  const part = (of: Amounts) => (total <= 0 ? 0 : of[name] / total);
  return allocationBar({ allocated: part(totals.allocated), offered: part(totals.offered), cells, unicode });
}

function amount(name: Resource, value: number): string {
  return name === 'cpus' || name === 'gpus' ? formatScalar(value) : formatSize(value);
}
