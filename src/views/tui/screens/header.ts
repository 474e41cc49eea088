/**
 * The first two lines of every screen: which cluster this is, who leads it, how fresh the picture is; then the tabs. What a
 * stale picture says: design/ux, section 3, "Behaviour".
 */
import type { ClusterModel } from '../../model/cluster-model.js';
import { formatCount } from '../../text/numbers.js';
import { formatAge, formatClock } from '../../text/times.js';
import { type Line, type Span, span, spread, widthOfLine } from './paint.js';
import { SCREENS, type ScreenName } from './screen.js';

const WIDE_FROM = 100;
const MS_PER_SECOND = 1000;
/** As of here the age of the newest event has no tenths. */
const TENTHS_BELOW_S = 10;

export interface Identity {
  readonly model: ClusterModel;
  readonly masters: string | undefined;
  /** Leader of the picture before the connection was lost; '' if there was none. */
  readonly earlierLeader: string;
  readonly isPaused: boolean;
}

/** `prod  leader m2  term 14  up 12d              * live 0.4s  14:02:31` */
export function identityLine(identity: Identity, columns: number, nowMs: number): Line {
  const clock = formatClock(nowMs / MS_PER_SECOND);
  const { connection } = identity.model;
  if (connection.kind !== 'live') return spread(troubleLine(identity, nowMs), clock, columns);
  const name = clusterName(identity);
  const chip = [...pauseMark(identity), ...freshness(identity.model, nowMs), `  ${clock}`];
  return spread(facts(identity, name, columns - widthOfLine(chip) - 2, nowMs, columns >= WIDE_FROM), chip, columns);
}

/** `prod > shop > web.11d0                     * live 0.2s  14:02:31` */
export function breadcrumbLine(identity: Identity, path: readonly string[], columns: number, nowMs: number): Line {
  const chip = [...pauseMark(identity), ...freshness(identity.model, nowMs), `  ${formatClock(nowMs / MS_PER_SECOND)}`];
  return spread([span([clusterName(identity), ...path].join(' > '), 'accent')], chip, columns);
}

/** `[1]Overview 2 Agents ...      ? help`; where seven titles do not fit, only the current one: `1 2 3 4 [5]Tasks 6 7`. */
export function tabsLine(current: ScreenName, columns: number): Line {
  const gap = columns >= WIDE_FROM ? '  ' : ' ';
  const tabs = SCREENS.flatMap(({ name, title }, index): Span[] => {
    const before = span(index === 0 ? '' : gap);
    if (name === current) return [before, span(`[${index + 1}]${title}`, 'accent')];
    return [before, span(columns < TITLES_FROM ? `${index + 1}` : `${index + 1} ${title}`)];
  });
  return spread(tabs, '? help', columns);
}

const TITLES_FROM = 80;

/** One line that says all, where there is room for no more. */
export function tinyLine(identity: Identity, nowMs: number): Line {
  const { model } = identity;
  const { total } = model.problems(0);
  return [
    ...freshness(model, nowMs),
    ` ${clusterName(identity)} `,
    total === 0 ? span('no problems') : span(`! ${formatCount(total)} ${total === 1 ? 'problem' : 'problems'}`, 'bad'),
    `  tasks ${formatCount(model.totals.taskCount)}`,
  ];
}

export function clusterName({ model, masters }: Pick<Identity, 'model' | 'masters'>): string {
  return model.cluster.name === '' ? (masters ?? 'mesoctl') : model.cluster.name;
}

function facts(identity: Identity, name: string, room: number, nowMs: number, isWide: boolean): Line {
  const { cluster } = identity.model;
  const started = cluster.info?.started_at;
  const pieces: Span[] = [span(name, 'accent')];
  const words = [
    `leader ${isWide ? cluster.leader : hostOnly(cluster.leader)}`,
    `term ${cluster.term}`,
    ...(started === undefined ? [] : [`up ${formatAge(identity.model.masterTime(nowMs) - started)}`]),
    ...(isWide && cluster.info?.version !== undefined ? [`version ${cluster.info.version}`] : []),
  ];
  for (const word of words) {
    if (widthOfLine(pieces) + 2 + word.length > room) break;
    pieces.push(span(`  ${word}`));
  }
  return pieces;
}

/** `m2` of `m2.example.com:5050`; addresses stay whole. */
function hostOnly(leader: string): string {
  const host = leader.replace(/:\d+$/, '');
  return /^[\d.]+$|:/.test(host) ? host : (host.split('.')[0] ?? host);
}

function pauseMark({ isPaused }: Identity): readonly Span[] {
  return isPaused ? [span('~ paused', 'waiting'), span('  ')] : [];
}

function freshness(model: ClusterModel, nowMs: number): readonly Span[] {
  const { connection } = model;
  switch (connection.kind) {
    case 'connecting':
      return [span('~ connecting', 'waiting')];
    case 'syncing':
      return [span('~ syncing', 'waiting')];
    case 'live':
      return [span(`* live ${seconds(nowMs - connection.lastEventUnixMs)}`, 'accent')];
    case 'stale':
      return [span(`? stale ${formatAge((nowMs - connection.sinceUnixMs) / MS_PER_SECOND)}`, 'unknown')];
    default:
      return [];
  }
}

/** The whole first line while the picture is not live. */
function troubleLine(identity: Identity, nowMs: number): Line {
  const { connection, cluster } = identity.model;
  const name = span(`${clusterName(identity)}  `, 'accent');
  const pause = pauseMark(identity);
  switch (connection.kind) {
    case 'connecting':
      return [span(`~ connecting to ${identity.masters ?? 'the masters'}`, 'waiting')];
    case 'syncing':
      return [name, ...pause, span(`~ ${syncText(identity, connection, cluster)}`, 'waiting')];
    case 'stale': {
      const age = formatAge((nowMs - connection.sinceUnixMs) / MS_PER_SECOND);
      const retry = Math.max(0, Math.ceil((connection.retryAtUnixMs - nowMs) / MS_PER_SECOND));
      const when = retry === 0 ? 'retrying now' : `retrying in ${formatAge(retry)}`;
      const why = connection.reason === '' ? '' : ` (${connection.reason})`;
      return [name, ...pause, span(`? stale ${age}, ${when}${why}`, 'unknown')];
    }
    case 'live':
      return [name];
    default:
      return [name];
  }
}

function syncText(
  identity: Identity,
  { received, expected }: { readonly received: number; readonly expected: number },
  cluster: ClusterModel['cluster'],
): string {
  const count = expected === 0 ? '' : `tasks ${formatCount(Math.min(received, expected))} of ${formatCount(expected)}`;
  if (identity.earlierLeader !== '' && identity.earlierLeader !== cluster.leader)
    return `new leader ${hostOnly(cluster.leader)} (term ${cluster.term}), resyncing  ${count}`.trimEnd();
  return `syncing  ${count}`.trimEnd();
}

/** `0.4s`, `12s`, `4m` */
function seconds(ms: number): string {
  const age = Math.max(0, ms / MS_PER_SECOND);
  return age < TENTHS_BELOW_S ? `${age.toFixed(1)}s` : formatAge(age);
}
