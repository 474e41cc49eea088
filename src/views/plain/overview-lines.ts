/**
 * The overview as plain text: the same facts as the first screen of `top`, once, without bars or control sequences, in 80
 * columns. Without rates: they need a while of watching, and a snapshot has seen none. Pure. Source: design/ux, section 3, "Behaviour".
 */
import type { ClusterModel, SortedView } from '../model/cluster-model.js';
import type { FrameworkRow, RoleRow } from '../model/rows.js';
import { formatCount, formatPercent, formatScalar, formatShare, formatSize } from '../text/numbers.js';
import { formatAgeOf, formatTime } from '../text/times.js';
import { cutEnd, cutMiddle, padEndTo, padStartTo, sanitize } from '../text/width.js';
import { RESOURCE_KINDS, stateCounts } from './resource-kinds.js';

const WIDTH = 80;
const NAME_WIDTH = 24;
const MAX_PROBLEMS = 20;
const MAX_ROWS = 10;

/** No line is wider than 80 cells. */
export function overviewLines(model: ClusterModel, nowUnixMs: number): readonly string[] {
  const now = model.masterTime(nowUnixMs);
  const sections = [
    identityLines(model, now),
    problemLines(model, now),
    resourceLines(model),
    countLines(model, now),
    roleLines(model),
    frameworkLines(model, now),
  ];
  return sections
    .flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]))
    .map((line) => cutEnd(line, WIDTH).trimEnd());
}

function identityLines({ cluster }: ClusterModel, now: number): readonly string[] {
  const { name, leader, term, info } = cluster;
  const facts = [sanitize(name), `leader ${leader}`, `term ${term}`];
  if (info?.started_at !== undefined) facts.push(`up ${formatAgeOf(info.started_at, now)}`);
  if (info?.version !== undefined) facts.push(`version ${info.version}`);
  return [facts.join('  '), `as of ${formatTime(now)}`];
}

function problemLines(model: ClusterModel, now: number): readonly string[] {
  const { total, first } = model.problems(MAX_PROBLEMS);
  if (total === 0) return ['no problems'];
  const lines = first.map(({ text, since }) => `! ${sanitize(text)} ${formatAgeOf(since, now)}`);
  const head = `${formatCount(total)} ${total === 1 ? 'problem' : 'problems'}`;
  return [head, ...lines, ...more(total - first.length)];
}

function resourceLines({ totals }: ClusterModel): readonly string[] {
  const parts = [totals.allocated, totals.offered, totals.free];
  const headings = ['ALLOCATED', 'OFFERED', 'FREE'].map((text) => padStartTo(text, 15)).join('');
  const rows = RESOURCE_KINDS.map(({ heading, of, format }) => {
    const total = of(totals.total);
    const cells = parts.map((part) => padStartTo(format(of(part)), 9) + padStartTo(formatPercent(of(part), total), 6));
    return padEndTo(heading, 8) + cells.join('') + padStartTo(format(total), 12);
  });
  return [padEndTo('', 8) + headings + padStartTo('TOTAL', 12), ...rows];
}

function countLines({ totals }: ClusterModel, now: number): readonly string[] {
  return [
    countLine('AGENTS', totals.agentCount, states(totals.agents)),
    countLine('TASKS', totals.taskCount, states(totals.tasks)),
    countLine('OFFERS', totals.offerCount, offerFacts(totals, now)),
  ];
}

function countLine(heading: string, count: number, facts: string): string {
  return `${padEndTo(heading, 8)}${padStartTo(formatCount(count), 10)}  ${facts}`;
}

function states(counts: ReadonlyMap<string, number>): string {
  return stateCounts(counts)
    .map(([state, count]) => `${state} ${formatCount(count)}`)
    .join('  ');
}

function offerFacts({ oldestOffer }: ClusterModel['totals'], now: number): string {
  if (oldestOffer === undefined) return '';
  return `oldest ${formatAgeOf(oldestOffer.madeAt, now)} (${cutMiddle(sanitize(oldestOffer.frameworkName), 16)})`;
}

function roleLines(model: ClusterModel): readonly string[] {
  const { first, rest } = largest(model.tables.roles.open(), ({ role }: RoleRow) => role.dominant_share ?? 0);
  if (first.length === 0) return ['no roles'];
  const lines = first.map(({ role, note }) =>
    [
      nameCell(role.name),
      padStartTo(formatShare(role.dominant_share ?? 0), 6),
      padStartTo(formatScalar(role.allocated?.cpus ?? 0), 8),
      padStartTo(formatSize(role.allocated?.mem_mb ?? 0), 7),
      padStartTo(formatCount(role.frameworks ?? 0), 10),
      sanitize(note),
    ].join('  '),
  );
  const head = `${padEndTo('ROLE', NAME_WIDTH)}   SHARE       CPU      MEM  FRAMEWORKS  NOTE`;
  return [head, ...lines, ...more(rest)];
}

function frameworkLines(model: ClusterModel, now: number): readonly string[] {
  const { first, rest } = largest(
    model.tables.frameworks.open(),
    ({ usage }: FrameworkRow) => usage.dominant_share ?? 0,
  );
  if (first.length === 0) return ['no frameworks'];
  const lines = first.map(({ framework, usage, oldestOfferAt }) =>
    [
      nameCell(framework.name ?? framework.framework_id.value),
      padEndTo(framework.state, 12),
      padStartTo(formatCount(usage.tasks ?? 0), 8),
      padStartTo(formatShare(usage.dominant_share ?? 0), 6),
      padStartTo(formatCount(usage.offers ?? 0), 6),
      padStartTo(formatAgeOf(oldestOfferAt, now), 6),
    ].join('  '),
  );
  const head = `${padEndTo('FRAMEWORK', NAME_WIDTH)}  ${padEndTo('STATE', 12)}     TASKS   SHARE  OFFERS  OLDEST`;
  return [head, ...lines, ...more(rest)];
}

function nameCell(name: string): string {
  return padEndTo(cutMiddle(sanitize(name), NAME_WIDTH), NAME_WIDTH);
}

function more(rest: number): readonly string[] {
  return rest > 0 ? [`and ${formatCount(rest)} more`] : [];
}

/** The largest by `weight`. A snapshot is made once, so looking at every row is fine here. */
function largest<R>(
  view: SortedView<R>,
  weight: (row: R) => number,
): { readonly first: readonly R[]; readonly rest: number } {
  const rows = [...view.window(0, view.size)].sort((a, b) => weight(b) - weight(a));
  view.close();
  return { first: rows.slice(0, MAX_ROWS), rest: Math.max(0, rows.length - MAX_ROWS) };
}
