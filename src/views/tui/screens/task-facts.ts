/** What is known of one task, as lines: the stream's picture at once, the master's and its agent's answers when they come. */
import type * as mesos from '../../../wire/gen/mesos.js';
import { taskStateWord } from '../../columns/task-columns.js';
import { isBadEnd } from '../../model/health.js';
import type { EventRow, TaskRow } from '../../model/rows.js';
import { usageBar } from '../../text/bars.js';
import { glyphOf } from '../../text/glyphs.js';
import { shortId } from '../../text/ids.js';
import { formatScalar, formatSize } from '../../text/numbers.js';
import { formatAge, formatAgeOf, formatClock, formatTime, formatTimeAndAge } from '../../text/times.js';
import { padEndTo, padStartTo, sanitize } from '../../text/width.js';
import type { ContainerUsage } from '../ui.js';
import { type Line, span, styleOf } from './paint.js';
import { indented, wrapWords } from './wrap.js';

export interface TaskFacts {
  readonly row: TaskRow;
  /** Forgotten by the master: this is how it was last seen. */
  readonly isGone: boolean;
  readonly detail: mesos.Task | undefined;
  readonly usage: ContainerUsage | undefined;
  readonly now: number;
  readonly unicode: boolean;
}

const MESSAGE_LINES = 3;

/** `! FAILED 12s ago: out of memory, limit 512M`, then what else somebody asks first. */
export function taskFactLines(facts: TaskFacts, width: number): readonly Line[] {
  const { row } = facts;
  const { task } = row;
  const agent = task.agent_id === undefined ? '' : shortId(task.agent_id.value);
  const place = row.hostname === '' ? agent : `${row.hostname} (${agent})`;
  const about = [
    place === '' ? '' : `agent ${place}`,
    task.role === undefined ? '' : `role ${task.role}`,
    task.name === undefined || task.name === task.task_id.value ? '' : `name ${task.name}`,
    task.ip === undefined ? '' : `address ${task.ip}${portsText(task.ports)}`,
  ];
  return [
    ...headline(facts, width),
    ...(task.reason === undefined ? [] : [`  ${task.reason}`]),
    ...indented(about.filter((word) => word !== '').join('  '), width),
    ...indented(ranText(facts), width),
    ...indented(timeline(facts), width),
    ...indented(resourceWords(facts), width),
  ];
}

function headline({ row, isGone, now }: TaskFacts, width: number): readonly Line[] {
  const { task, severity, note } = row;
  const state = taskStateWord(task.state);
  const isRunning = task.state === 'TASK_RUNNING';
  const since = isRunning ? `for ${formatAgeOf(task.since, now)}` : `${formatAgeOf(task.since, now)} ago`;
  const health = task.healthy === undefined ? '' : task.healthy ? ', healthy' : ', unhealthy';
  const cause = task.message === undefined || task.message === '' ? note : task.message;
  const text = `${state} ${since}${health}${cause === '' ? '' : `: ${cause}`}${isGone ? '  (forgotten by the master)' : ''}`;
  const lines = wrapWords(sanitize(text), Math.max(1, width - 2)).slice(0, MESSAGE_LINES);
  return lines.map(
    (line, index): Line => [span(`${index === 0 ? glyphOf(severity) : ' '} ${line}`, styleOf(severity))],
  );
}

function ranText({ row, now }: TaskFacts): string {
  const { task } = row;
  if (task.launched_at === undefined) return '';
  if (task.place !== 'COMPLETED' || task.since === undefined)
    return `launched ${formatTimeAndAge(task.launched_at, now)}`;
  return `launched ${formatTime(task.launched_at)}, ran ${formatAge(task.since - task.launched_at)}`;
}

const CLOSE_S = 60;

/** `STAGING 10:50:07 > STARTING +1.1s > RUNNING +0.3s > FAILED 14:02:19` */
function timeline({ row, detail }: TaskFacts): string {
  const statuses = inOrder(detail?.statuses);
  if (statuses.length === 0) return '';
  const { launched_at } = row.task;
  const isStagingTold = launched_at === undefined || statuses[0]?.state === 'TASK_STAGING';
  let before = isStagingTold ? undefined : launched_at;
  const first = isStagingTold ? [] : [`STAGING ${formatClock(launched_at ?? 0)}`];
  const steps = statuses.map(({ state, timestamp }) => {
    const delta = before === undefined || timestamp === undefined ? undefined : timestamp - before;
    before = timestamp;
    const when = delta !== undefined && delta < CLOSE_S ? `+${delta.toFixed(1)}s` : formatClock(timestamp ?? 0);
    return `${taskStateWord(state)} ${when}`;
  });
  return [...first, ...steps].join(' > ');
}

function inOrder(statuses: readonly mesos.TaskStatus[] | undefined): readonly mesos.TaskStatus[] {
  return (statuses ?? [])
    .filter(({ timestamp }) => timestamp !== undefined)
    .sort((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0));
}

function resourceWords({ row, usage }: TaskFacts): string {
  const { resources, limits } = row.task;
  const words: string[] = [];
  const cpuUsed = usage?.cpus === undefined ? '' : ` used ${formatScalar(usage.cpus)}`;
  const memUsed = usage?.memMb === undefined ? '' : ` used ${formatSize(usage.memMb)}`;
  words.push(`cpu ${formatScalar(resources?.cpus ?? 0)}${limitWord(limits?.cpus, formatScalar)}${cpuUsed}`);
  words.push(`mem ${formatSize(resources?.mem_mb ?? 0)}${limitWord(limits?.mem_mb, formatSize)}${memUsed}`);
  if ((resources?.disk_mb ?? 0) > 0) words.push(`disk ${formatSize(resources?.disk_mb ?? 0)}`);
  if ((resources?.gpus ?? 0) > 0) words.push(`gpu ${formatScalar(resources?.gpus ?? 0)}`);
  return words.join('   ');
}

function limitWord(limit: number | undefined, format: (value: number) => string): string {
  if (limit === undefined) return '';
  return ` limit ${Number.isFinite(limit) ? format(limit) : 'none'}`;
}

const BAR_CELLS = 20;
/** Of the numbers before a bar. */
const NUMBERS_WIDTH = 38;
const LEAST_BAR_CELLS = 5;

/** Given, limit and, where the agent tells it, measured use. */
export function taskResourceLines({ row, usage, unicode }: TaskFacts, width: number): readonly Line[] {
  const { resources, limits } = row.task;
  const barCells = Math.min(BAR_CELLS, width - NUMBERS_WIDTH);
  const line = (
    name: string,
    used: number | undefined,
    given: number,
    limit: number | undefined,
    format: (value: number) => string,
  ) => {
    const most = limit ?? given;
    const hasBar = used !== undefined && most > 0 && Number.isFinite(most) && barCells >= LEAST_BAR_CELLS;
    const bar = hasBar ? usageBar(used / most, barCells, unicode) : '';
    const cells = [
      padEndTo(name, 6),
      padStartTo(used === undefined ? '-' : format(used), 8),
      padStartTo(format(given), 8),
      padStartTo(Number.isFinite(most) ? format(most) : 'none', 8),
    ];
    const isFull = used !== undefined && used >= most && most > 0;
    return [`${cells.join('  ')}  `, span(bar, isFull ? 'bad' : 'accent')];
  };
  return [
    `${padEndTo('', 6)}      USED     GIVEN     LIMIT`,
    line('cpu', usage?.cpus, resources?.cpus ?? 0, limits?.cpus ?? usage?.cpusLimit, formatScalar),
    line('mem', usage?.memMb, resources?.mem_mb ?? 0, limits?.mem_mb ?? usage?.memLimitMb, formatSize),
    ...((resources?.disk_mb ?? 0) > 0
      ? [line('disk', undefined, resources?.disk_mb ?? 0, limits?.disk_mb, formatSize)]
      : []),
    ...((resources?.gpus ?? 0) > 0 ? [line('gpu', undefined, resources?.gpus ?? 0, limits?.gpus, formatScalar)] : []),
    ...(usage === undefined ? wrapWords('Its agent measures use while the container is there.', width) : []),
  ];
}

/** Newest first. */
export function taskStatusLines({ detail }: TaskFacts): readonly Line[] {
  const statuses = [...inOrder(detail?.statuses)].reverse();
  if (statuses.length === 0) return [];
  return [
    'STATUSES (newest first)',
    ...statuses.map(({ state, timestamp, message, reason, source, healthy }): Line => {
      const severity = isBadEnd(state) ? 'bad' : 'normal';
      const health = healthy === undefined ? '' : healthy ? 'healthy  ' : 'unhealthy  ';
      const cause = message === undefined || message === '' ? (reason ?? '') : message;
      const from = source === undefined ? '' : `from ${source.replace('SOURCE_', '').toLowerCase()}  `;
      return [
        `${formatClock(timestamp ?? 0)} `,
        span(`${glyphOf(severity)} ${padEndTo(taskStateWord(state), 11)}`, styleOf(severity)),
        sanitize(`  ${from}${health}${cause}`),
      ];
    }),
  ];
}

/** Events of the stream about one thing, newest first. */
export function eventLines(events: readonly EventRow[], key: string): readonly Line[] {
  const about = events.filter((event) => event.key === key);
  if (about.length === 0) return ['No event about it since this view was opened.'];
  return [
    'EVENTS (newest first)',
    ...about.map(
      ({ time, severity, text }): Line => [
        `${formatClock(time)} `,
        span(`${glyphOf(severity)} ${sanitize(text)}`, styleOf(severity)),
      ],
    ),
  ];
}

function portsText(ports: readonly number[] | undefined): string {
  return ports === undefined || ports.length === 0 ? '' : `:${ports.join(',')}`;
}
