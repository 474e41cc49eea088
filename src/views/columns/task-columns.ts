/** The table of tasks. CPU, MEM: what they were given; measured use is on a task's own page (it is asked of the agent). */
import type { TaskRow } from '../model/rows.js';
import { formatCpus, formatScalar, formatSize } from '../text/numbers.js';
import { formatAgeOf } from '../text/times.js';
import { sanitize } from '../text/width.js';
import { type Column, foreign } from './column.js';

export const TASK_COLUMNS: readonly Column<TaskRow>[] = [
  {
    key: 'task',
    heading: 'TASK',
    align: 'left',
    priority: 1,
    isFlexible: true,
    width: 12,
    text: ({ task }) => foreign(task.task_id.value),
  },
  {
    key: 'framework',
    heading: 'FRAMEWORK',
    align: 'left',
    priority: 5,
    width: 9,
    maxWidth: 20,
    text: ({ frameworkName }) => foreign(frameworkName),
  },
  {
    key: 'state',
    heading: 'STATE',
    align: 'left',
    priority: 2,
    isState: true,
    width: 11,
    text: ({ task }) => taskStateWord(task.state),
  },
  {
    key: 'cpu',
    heading: 'CPU',
    align: 'right',
    priority: 7,
    width: 4,
    text: ({ task }) => formatCpus(task.resources?.cpus ?? 0),
  },
  {
    key: 'mem',
    heading: 'MEM',
    align: 'right',
    priority: 8,
    width: 6,
    text: ({ task }) => formatSize(task.resources?.mem_mb ?? 0),
  },
  {
    key: 'host',
    heading: 'HOST',
    align: 'left',
    priority: 6,
    width: 8,
    maxWidth: 24,
    text: ({ task, hostname }, { shortId }) =>
      foreign(hostname === '' && task.agent_id !== undefined ? shortId(task.agent_id.value) : hostname),
  },
  {
    key: 'since',
    heading: 'SINCE',
    align: 'right',
    priority: 3,
    width: 5,
    isTimed: true,
    text: ({ task }, { now }) => formatAgeOf(task.since, now),
  },
  {
    key: 'why',
    heading: 'WHY',
    align: 'left',
    priority: 4,
    isState: true,
    width: 6,
    maxWidth: 16,
    text: ({ note }) => sanitize(note),
  },
  {
    key: 'role',
    heading: 'ROLE',
    align: 'left',
    priority: 9,
    isWide: true,
    width: 9,
    maxWidth: 20,
    text: ({ task }) => foreign(task.role),
  },
  {
    key: 'health',
    heading: 'HEALTH',
    align: 'left',
    priority: 10,
    isWide: true,
    width: 9,
    text: ({ task }) => (task.healthy === undefined ? '-' : task.healthy ? 'healthy' : 'unhealthy'),
  },
  {
    key: 'address',
    heading: 'IP:PORT',
    align: 'left',
    priority: 11,
    isWide: true,
    width: 15,
    maxWidth: 24,
    text: ({ task }) => foreign(addressOf(task.ip, task.ports)),
  },
  {
    key: 'gpu',
    heading: 'GPU',
    align: 'right',
    priority: 12,
    isWide: true,
    width: 3,
    text: ({ task }) => ((task.resources?.gpus ?? 0) > 0 ? formatScalar(task.resources?.gpus ?? 0) : '-'),
  },
  {
    key: 'name',
    heading: 'NAME',
    align: 'left',
    priority: 13,
    isWide: true,
    width: 12,
    maxWidth: 24,
    text: ({ task }) => foreign(task.name),
  },
  {
    key: 'message',
    heading: 'MESSAGE',
    align: 'left',
    priority: 14,
    isWide: true,
    isProse: true,
    width: 20,
    maxWidth: 60,
    text: ({ task }) => foreign(task.message),
  },
];

/** `RUNNING` of `TASK_RUNNING`. */
export function taskStateWord(state: string): string {
  return state.startsWith('TASK_') ? state.slice(5) : state;
}

/** `10.1.0.0:31000`; several ports are not all told. */
function addressOf(ip: string | undefined, ports: readonly number[] | undefined): string {
  const port = ports?.[0];
  if (port === undefined) return ip ?? '';
  const more = (ports?.length ?? 0) > 1 ? `+${(ports?.length ?? 0) - 1}` : '';
  return `${ip ?? ''}:${port}${more}`;
}
