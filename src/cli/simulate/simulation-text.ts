/**
 * A simulation as people read it: how full the cluster was, who had how much against the ideal, how long tasks waited. Tables
 * are as wide as the terminal at most; names give way first. Pure.
 */
import type { ComparedGroup, ComparedResource, Comparison } from '../../simulator/partitions.js';
import type { Outcome, Quantiles, ResourceUse, SimulationResult } from '../../simulator/result.js';
import { sparkline } from '../../views/text/bars.js';
import { formatCount, formatScalar, formatShare, formatSize } from '../../views/text/numbers.js';
import { formatAge } from '../../views/text/times.js';
import { cutEnd, cutMiddle, padEndTo, sanitize, widthOf } from '../../views/text/width.js';
import { formatTable, type TableHead } from '../table.js';
import { areaChart } from './area-chart.js';

export interface TextOptions {
  /** Cells of a line. */
  readonly width: number;
  readonly unicode: boolean;
  readonly description: string | undefined;
}

const CHART_ROWS = 6;
/** More frameworks or roles than this are told of in a line. */
const MAX_ROWS = 20;
const NAME_WIDTH = 18;
const MIN_SPARK = 8;
const MAX_SPARK = 40;
const SIZES = new Set(['mem', 'disk']);

export function formatSimulation(
  result: SimulationResult,
  comparison: Comparison | undefined,
  options: TextOptions,
): string {
  const named = result.frameworks.map((framework) => ({ ...framework, kind: 'FRAMEWORK' }));
  const roles = result.roles.some(({ frameworks }) => frameworks > 1)
    ? result.roles.map((role) => ({ ...role, kind: 'ROLE', role: '' }))
    : [];
  const sections = [
    headLines(result, options),
    utilisation(result, options),
    resourceTable(result.resources, options),
    shareTable(named, options),
    workTable(named, options),
    ...(roles.length === 0 ? [] : [shareTable(roles, options), workTable(roles, options)]),
    summary(result),
    ...(comparison === undefined ? [] : [comparedResources(comparison.resources), comparedGroups(comparison.groups)]),
  ];
  const lines = sections.filter((lines) => lines.length > 0).flatMap((lines) => [...lines, '']);
  return `${lines
    .slice(0, -1)
    .map((line) => cutEnd(line, options.width))
    .join('\n')}\n`;
}

type Named = Outcome & { readonly kind: string; readonly name: string; readonly role: string };

function headLines(result: SimulationResult, { description }: TextOptions): readonly string[] {
  const { name, agents, frameworks, durationMs, seed } = result;
  const parts = [
    `${formatCount(agents)} ${agents === 1 ? 'agent' : 'agents'}`,
    `${formatCount(frameworks.length)} ${frameworks.length === 1 ? 'framework' : 'frameworks'}`,
    `${formatSpan(durationMs)} of virtual time`,
    `seed ${seed}`,
  ];
  const about = (description ?? '').trim().replaceAll(/\s+/g, ' ');
  return [`${sanitize(name)}: ${parts.join(', ')}`, ...(about === '' ? [] : [sanitize(about)])];
}

/** Of the resource that was used most. */
function utilisation({ resources, durationMs }: SimulationResult, { width, unicode }: TextOptions): readonly string[] {
  const [first, ...others] = resources;
  if (first === undefined || first.series.length < 2) return [];
  const fullest = others.reduce((most, other) => (other.mean > most.mean ? other : most), first);
  const chart = { width, rows: CHART_ROWS, unicode, from: '0s', to: formatSpan(durationMs) };
  return [`USED ${fullest.name}`, ...areaChart(fullest.series, chart)];
}

function resourceTable(resources: readonly ResourceUse[], options: TextOptions): readonly string[] {
  return withSparks(
    ['RESOURCE', right('TOTAL'), right('USED'), right('PEAK'), right('IN OFFERS')],
    resources.map(({ name, total, mean, max, meanOffered, series }) => ({
      cells: [name, amountText(name, total), formatShare(mean), formatShare(max), formatShare(meanOffered)],
      series,
      top: 1,
    })),
    options,
  );
}

function shareTable(rows: readonly Named[], options: TextOptions): readonly string[] {
  const [first] = rows;
  if (first === undefined) return [];
  const top = Math.max(...rows.map(({ shares }) => shares.reduce((most, share) => Math.max(most, share), 0)));
  const isFramework = first.kind === 'FRAMEWORK';
  const heads = [first.kind, ...(isFramework ? ['ROLE'] : []), right('SHARE'), right('IDEAL'), right('ERROR')];
  const lines = withSparks(
    heads,
    rows.slice(0, MAX_ROWS).map(({ name, role, meanShare, meanIdealShare, meanError, shares }) => ({
      cells: [
        nameText(name),
        ...(isFramework ? [nameText(role)] : []),
        formatShare(meanShare),
        formatShare(meanIdealShare),
        formatShare(meanError),
      ],
      series: shares,
      top,
    })),
    options,
  );
  return [...lines, ...restLine(rows)];
}

function workTable(rows: readonly Named[], { width }: TextOptions): readonly string[] {
  const [first] = rows;
  if (first === undefined) return [];
  const shown = rows.slice(0, MAX_ROWS);
  const columns: readonly WorkColumn[] = [
    { head: first.kind, cellOf: ({ name }) => nameText(name), rank: 0 },
    { head: right('LAUNCHED'), cellOf: ({ launched }) => formatCount(launched), rank: 0 },
    { head: right('ENDED'), cellOf: ({ ended }) => formatCount(ended), rank: 4 },
    { head: right('WAITING'), cellOf: waitingText, rank: 0 },
    { head: right('WAIT P50'), cellOf: ({ waits }) => spanOrNothing(waits?.p50), rank: 0 },
    { head: right('P90'), cellOf: ({ waits }) => spanOrNothing(waits?.p90), rank: 3 },
    { head: right('P99'), cellOf: ({ waits }) => spanOrNothing(waits?.p99), rank: 0 },
    { head: right('MAX'), cellOf: ({ waits }) => spanOrNothing(waits?.max), rank: 1 },
    ...(shown.some(({ jobTimes }) => jobTimes !== undefined) ? JOB_COLUMNS : []),
    ...(shown.some(({ locality }) => locality !== undefined) ? LOCALITY_COLUMNS : []),
  ];
  return [...fittingTable(columns, shown, width), ...restLine(rows)];
}

interface WorkColumn {
  readonly head: string | TableHead;
  readonly cellOf: (row: Named) => string;
  /** Where there is no room the highest goes first; 0 stays. */
  readonly rank: number;
}

const JOB_COLUMNS: readonly WorkColumn[] = [
  { head: right('JOBS'), cellOf: ({ jobsDone }) => formatCount(jobsDone), rank: 5 },
  { head: right('JOB TIME'), cellOf: ({ jobTimes }) => spanOrNothing(jobTimes?.mean), rank: 2 },
];
const LOCALITY_COLUMNS: readonly WorkColumn[] = [
  { head: right('LOCAL'), cellOf: ({ locality }) => (locality === undefined ? '' : formatShare(locality)), rank: 0 },
];

function fittingTable(columns: readonly WorkColumn[], rows: readonly Named[], width: number): readonly string[] {
  const table = formatTable(
    columns.map(({ head }) => head),
    rows.map((row) => columns.map(({ cellOf }) => cellOf(row))),
  );
  const least = Math.max(...columns.map(({ rank }) => rank));
  if (least === 0 || table.every((line) => widthOf(line) <= width)) return table;
  return fittingTable(
    columns.filter(({ rank }) => rank < least),
    rows,
    width,
  );
}

function summary(result: SimulationResult): readonly string[] {
  const { fairness, launched, ended, offers, waits, locality, meanTaskMs } = result;
  const settled = `one mean task length (${formatSpan(meanTaskMs)}) after a framework came or stopped`;
  return [
    `Launched ${formatCount(launched)} tasks out of ${formatCount(offers)} offers; ${formatCount(ended)} ended.`,
    ...(waits === undefined ? [] : [`Waits: ${waitText(waits)}.`]),
    ...(locality === undefined ? [] : [`${formatShare(locality)} of the tasks ran where their input lies.`]),
    `Distance from ideal DRF: ${formatShare(fairness.mean)} on average, at most ${formatShare(fairness.max)}.`,
    ...(fairness.settledMax === undefined ? [] : [`At most ${formatShare(fairness.settledMax)} ${settled}.`]),
  ];
}

function comparedResources(resources: readonly ComparedResource[]): readonly string[] {
  const points = (part: number) => `${part < 0 ? '-' : '+'}${(100 * Math.abs(part)).toFixed(1)}`;
  return formatTable(
    ['SHARED OR CUT UP', right('SHARED'), right('CUT UP'), right('POINTS')],
    resources.map(({ name, shared, partitioned }) => [
      name,
      formatShare(shared),
      formatShare(partitioned),
      points(shared - partitioned),
    ]),
  );
}

function comparedGroups(groups: readonly ComparedGroup[]): readonly string[] {
  return formatTable(
    ['FRAMEWORK', ...['JOBS SHARED', 'CUT UP', 'JOB TIME', 'CUT UP', 'SPEED-UP'].map(right)],
    groups.map(({ name, jobsDone, jobMs, speedUp }) => [
      nameText(name),
      formatCount(jobsDone.shared),
      formatCount(jobsDone.partitioned),
      spanOrNothing(jobMs.shared),
      spanOrNothing(jobMs.partitioned),
      speedUp === undefined ? '' : `${speedUp.toFixed(2)}x`,
    ]),
  );
}

interface SparkRow {
  readonly cells: readonly string[];
  readonly series: readonly number[];
  readonly top: number;
}

/** The table, and behind it what there is room for of each series. */
function withSparks(
  heads: Parameters<typeof formatTable>[0],
  rows: readonly SparkRow[],
  { width, unicode }: TextOptions,
): readonly string[] {
  const table = formatTable(
    heads,
    rows.map(({ cells }) => cells),
  );
  const used = table.reduce((widest, line) => Math.max(widest, widthOf(line)), 0);
  const cells = Math.min(MAX_SPARK, width - used - 2);
  if (cells < MIN_SPARK) return table;
  return table.map((line, i) => {
    const row = rows[i - 1];
    const text = row === undefined ? 'OVER TIME' : sparkline(row.series, { cells, unicode, top: row.top });
    return `${padEndTo(line, used)}  ${text}`;
  });
}

function restLine(rows: readonly Named[]): readonly string[] {
  const rest = rows.length - MAX_ROWS;
  return rest > 0 ? [`and ${formatCount(rest)} more; --json has all`] : [];
}

function waitingText({ waiting }: Outcome): string {
  return waiting === undefined ? 'always' : formatCount(waiting);
}

function waitText({ p50, p90, p99, max }: Quantiles): string {
  return `p50 ${formatSpan(p50)}, p90 ${formatSpan(p90)}, p99 ${formatSpan(p99)}, max ${formatSpan(max)}`;
}

function spanOrNothing(ms: number | undefined): string {
  return ms === undefined ? '' : formatSpan(ms);
}

/** `0s`, `2ms`, `1.2s`, `14s`, `12m` */
function formatSpan(ms: number): string {
  if (ms <= 0) return '0s';
  if (ms < 1000) return `${Math.max(1, Math.round(ms))}ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : formatAge(ms / 1000);
}

function amountText(name: string, total: number): string {
  return SIZES.has(name) ? formatSize(total) : formatScalar(total);
}

function nameText(name: string): string {
  return cutMiddle(sanitize(name), NAME_WIDTH);
}

function right(head: string) {
  return { head, align: 'right' as const };
}
