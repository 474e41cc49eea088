/** `task show`: what one task is doing, why it ended, what it was given, and how it came there. */
import { amountsInWords } from '../../views/columns/offer-columns.js';
import { taskStateWord } from '../../views/columns/task-columns.js';
import { formatAge, formatAgeOf, formatTime, formatTimeAndAge } from '../../views/text/times.js';
import { sanitize } from '../../views/text/width.js';
import type { Response_Match, Task } from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { isTerminal } from '../../wire/task-state.js';
import { TASK_REFERENCE } from '../cluster/find-one.js';
import { sandboxOf, statusesOf, taskDetailRecord, taskFacts } from '../records/task-detail.js';
import { formatTable } from '../table.js';
import { type Fact, formatFacts, type Section } from './facts.js';
import { type ShowFlags, type Shown, showOne } from './show-one.js';

type TaskMatch = Response_Match & { readonly task: Task };

export function showTask(reference: string, flags: ShowFlags): Promise<void> {
  return showOne(TASK_REFERENCE, reference, flags, (match, { now }) => describeTask(match as TaskMatch, now));
}

/** Pure. */
export function describeTask(match: TaskMatch, now: number): Shown {
  const id = match.task.task_id.value;
  const host = match.agent?.hostname;
  return {
    id,
    record: () => taskDetailRecord(match, now),
    text: () => formatFacts(headlineOf(match, now), factsOf(match, now), [statusSection(match)]),
    next: [
      ...(sandboxOf(match.task) === undefined ? [] : [`mesoctl task logs ${id}`]),
      ...(isTerminal(match.task.state) ? [] : [`mesoctl task kill ${id}`]),
      ...(host === undefined ? [] : [`mesoctl agent show ${host}`]),
    ],
  };
}

/** `web.11d0 FAILED 12s ago: OOM` */
function headlineOf(match: TaskMatch, now: number): string {
  const { task } = match;
  const { note } = taskFacts(match, now);
  const age = task.since === undefined ? '' : ` ${isTerminal(task.state) ? '' : 'for '}${formatAgeOf(task.since, now)}`;
  const ago = task.since !== undefined && isTerminal(task.state) ? ' ago' : '';
  return `${task.task_id.value} ${taskStateWord(task.state)}${age}${ago}${note === '' ? '' : `: ${note}`}`;
}

function factsOf({ task, framework, agent, task_detail }: TaskMatch, now: number): readonly Fact[] {
  const { agent_id, healthy } = task;
  return [
    ['ID', task.task_id.value],
    ['NAME', task.name],
    ['STATE', task.state],
    ['SINCE', formatTimeAndAge(task.since, now)],
    ['MESSAGE', task.message],
    ['REASON', task.reason],
    ['LAUNCHED', formatTimeAndAge(task.launched_at, now)],
    ['FRAMEWORK', `${framework?.name ?? '-'}  ${task.framework_id.value}`],
    ['AGENT', agent_id === undefined ? '-' : `${agent?.hostname ?? '-'}  ${agent_id.value}`],
    ['ROLE', task.role],
    ['USER', task_detail?.user],
    ['RESOURCES', amountsInWords(task.resources)],
    ['LIMITS', task.limits === undefined ? undefined : amountsInWords(task.limits)],
    ['HEALTH', healthy === undefined ? undefined : healthy ? 'healthy' : 'unhealthy'],
    ['ADDRESS', addressOf(task)],
    ['LABELS', labelsOf(task_detail?.labels)],
    ['SANDBOX', sandboxOf(task)],
  ];
}

function addressOf({ ip, ports = [] }: Task): string | undefined {
  if (ip === undefined && ports.length === 0) return undefined;
  return [ip ?? '', ports.join(',')].filter((part) => part !== '').join(':');
}

export function labelsOf(labels: mesos.Labels | undefined): string | undefined {
  const texts = (labels?.labels ?? []).map(({ key, value }) => (value === undefined ? key : `${key}=${value}`));
  return texts.length === 0 ? undefined : texts.join(', ');
}

/** Each state, when it came, and how long after the one before. */
function statusSection(match: TaskMatch): Section {
  const statuses = statusesOf(match);
  if (statuses.length === 0) return { title: 'STATUSES', lines: [] };
  const rows = statuses.map((status, i) => {
    const before = statuses[i - 1]?.timestamp;
    const after = before === undefined ? '-' : `+${stepText((status.timestamp ?? before) - before)}`;
    const why = [status.reason, status.message].filter(Boolean).join(': ');
    return [formatTime(status.timestamp), after, taskStateWord(status.state), sourceOf(status), sanitize(why)];
  });
  return { title: 'STATUSES', lines: formatTable(['TIME', 'AFTER', 'STATE', 'SOURCE', 'WHY'], rows) };
}

/** `0.3s` below ten seconds, then as ages are written. */
function stepText(seconds: number): string {
  return seconds < 10 ? `${Math.max(0, seconds).toFixed(1)}s` : formatAge(seconds);
}

function sourceOf({ source }: mesos.TaskStatus): string {
  return source === undefined ? '-' : source.replace('SOURCE_', '').toLowerCase();
}
