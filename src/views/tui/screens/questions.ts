/**
 * Questions before anything ends: they name the cluster and each thing, and say why not where it cannot be (design/ux, section 2,
 * "Confirmation"). Nothing is asked while the picture is stale: what would be hit is not known.
 */

import { isTerminal } from '../../../wire/task-state.js';
import { taskStateWord } from '../../columns/task-columns.js';
import type { FrameworkRow, TaskRow } from '../../model/rows.js';
import { shortId } from '../../text/ids.js';
import { formatCount } from '../../text/numbers.js';
import { sanitize } from '../../text/width.js';
import type { Effect, ScreenWorld } from './screen.js';

export type ActionRow = TaskRow;

/** As many are named, the others counted. */
const NAMED = 10;

/** Kills what of `rows` still runs. */
export function killQuestion(rows: readonly TaskRow[], world: ScreenWorld): readonly Effect[] {
  const why = world.whyNotChange();
  if (why !== undefined) return [{ kind: 'say', text: why, isBad: true }];
  const live = rows.filter((row) => world.model.tables.tasks.get(row.key) !== undefined && !isTerminal(row.task.state));
  const first = live[0];
  if (first === undefined) return [{ kind: 'say', text: endedText(rows) }];
  const what = live.length === 1 ? sanitize(first.task.task_id.value) : `${formatCount(live.length)} tasks`;
  const ended = rows.length - live.length;
  return [
    {
      kind: 'confirm',
      question: {
        title: live.length === 1 ? `Kill task ${what}` : `Kill ${what}`,
        lines: [
          ...live.slice(0, NAMED).map(taskLine),
          ...(live.length > NAMED ? [`and ${formatCount(live.length - NAMED)} more`] : []),
          ...(ended > 0 ? [`${formatCount(ended)} of the marked ${ended === 1 ? 'has' : 'have'} ended already.`] : []),
        ],
        question: `Kill ${what} on ${clusterOf(world)}?`,
        wishes: live.map(({ task }) => ({
          kind: 'kill-task',
          frameworkId: task.framework_id.value,
          taskId: task.task_id.value,
        })),
      },
    },
  ];
}

export function teardownQuestion(row: FrameworkRow, isGone: boolean, world: ScreenWorld): readonly Effect[] {
  const why = world.whyNotChange();
  if (why !== undefined) return [{ kind: 'say', text: why, isBad: true }];
  const { framework } = row;
  const name = sanitize(framework.name ?? framework.framework_id.value);
  if (isGone || framework.state === 'COMPLETED') return [{ kind: 'say', text: `Framework ${name} has ended already.` }];
  const tasks = row.usage.tasks ?? 0;
  return [
    {
      kind: 'confirm',
      question: {
        title: `Tear down framework ${name}`,
        lines: [
          `${shortId(framework.framework_id.value)}  ${name}  roles ${sanitize((framework.roles ?? []).join(','))}  ${framework.state}`,
          `Its ${formatCount(tasks)} ${tasks === 1 ? 'task is' : 'tasks are'} killed, and it cannot come back under this id.`,
        ],
        question: `Tear down ${name} with ${formatCount(tasks)} ${tasks === 1 ? 'task' : 'tasks'} on ${clusterOf(world)}?`,
        wishes: [{ kind: 'teardown-framework', frameworkId: framework.framework_id.value }],
      },
    },
  ];
}

function taskLine({ task, frameworkName, hostname }: TaskRow): string {
  const place = hostname === '' ? '' : ` on ${hostname}`;
  return sanitize(`${task.task_id.value}  ${frameworkName}  ${taskStateWord(task.state)}${place}`);
}

function endedText(rows: readonly TaskRow[]): string {
  const only = rows.length === 1 ? rows[0] : undefined;
  if (only === undefined) return 'All of the marked have ended already.';
  return `${sanitize(only.task.task_id.value)} has ended already: ${taskStateWord(only.task.state)}.`;
}

function clusterOf({ model }: ScreenWorld): string {
  return sanitize(model.cluster.name === '' ? 'this cluster' : model.cluster.name);
}
