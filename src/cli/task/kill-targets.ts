/** Which tasks `task kill` is about: named one by one, or all that fit a filter. Nothing is killed here. */
import { MesoError } from '../../base/error.js';
import { taskStateWord } from '../../views/columns/task-columns.js';
import { sanitize } from '../../views/text/width.js';
import type * as api from '../../wire/gen/mesoctl-api.js';
import { isTerminal } from '../../wire/task-state.js';
import { type FindOptions, findOne, TASK_REFERENCE } from '../cluster/find-one.js';
import { loadModel } from '../cluster/load-model.js';
import { TASKS } from '../cluster/nouns.js';
import { type Session, withinTimeout } from '../cluster/session.js';
import { openView } from '../list/rows.js';
import type { Reference } from '../references.js';
import { frameworkIdOf } from '../show/show-one.js';
import { keyOf } from './task-ends.js';

export interface KillTarget {
  readonly key: string;
  readonly task: api.Task;
  readonly hostname: string;
  readonly frameworkName: string;
  /** What was written was only the beginning or end of its id; undefined: it was named, or fits the filter. */
  readonly guessedFrom?: string | undefined;
}

export interface KillRequest {
  /** As the user wrote them; `-` lines are in already. */
  readonly references: readonly Reference[];
  readonly filter: string | undefined;
  readonly framework: string | undefined;
}

/** In the order given, each once. Rejects if one of the references is not exactly one task: nothing is killed then. */
export function findTargets(request: KillRequest, session: Session): Promise<readonly KillTarget[]> {
  return request.filter === undefined ? findNamed(request, session) : findFitting(request.filter, session);
}

/** `web.7f3a RUNNING node-17` */
export function describeTarget({ task, hostname }: KillTarget): string {
  return sanitize([task.task_id.value, taskStateWord(task.state), hostname].filter((word) => word !== '').join(' '));
}

function findNamed({ references, framework }: KillRequest, session: Session): Promise<readonly KillTarget[]> {
  return withinTimeout(session.timeoutMs, 'the tasks', async (signal) => {
    const frameworkId = await frameworkIdOf(session, framework, signal);
    const results = await Promise.allSettled(
      references.map((reference) => findNamedTask(reference, session, { signal, frameworkId })),
    );
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (failures.length > 0) throw joinFailures(failures);
    const targets = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    return [...new Map(targets.map((target) => [target.key, target])).values()];
  });
}

async function findNamedTask(
  { text, isWhole }: Reference,
  { client }: Session,
  options: FindOptions,
): Promise<KillTarget> {
  const { task, agent, framework } = await findOne(client, TASK_REFERENCE, text, options);
  if (task === undefined) throw new MesoError('PROTOCOL', 'the master answered FIND without a task');
  const guessedFrom = isNameOf(text, task) ? undefined : text;
  if (guessedFrom !== undefined && isWhole)
    throw new MesoError(
      'NOT_FOUND',
      `no task "${text}": ids that are read must be whole, and ${task.task_id.value} is another`,
      {
        details: { reference: text, candidate: task.task_id.value },
        suggestions: ['mesoctl task list'],
      },
    );
  return {
    key: keyOf(task),
    task,
    hostname: agent?.hostname ?? '',
    frameworkName: framework?.name ?? '',
    guessedFrom,
  };
}

/**
 * Whether it is what the task is called: its id, the last part of that, its name. Another task's id may begin like the id of
 * one that is over and forgotten (`web.1`, `web.10`): a part of an id is a guess.
 */
function isNameOf(text: string, { task_id, name }: api.Task): boolean {
  return text === task_id.value || text === name || text === task_id.value.split(/[-./]/).at(-1);
}

async function findFitting(filter: string, session: Session): Promise<readonly KillTarget[]> {
  const model = await loadModel(session, TASKS.kinds, 'the list of tasks');
  const view = openView(model, TASKS, { filter, order: undefined });
  return view
    .window(0, Number.POSITIVE_INFINITY)
    .filter(({ task }) => !isTerminal(task.state) && task.place !== 'COMPLETED')
    .map(({ task, hostname, frameworkName }) => ({ key: keyOf(task), task, hostname, frameworkName }));
}

/** Several failures in one, by the code of the first; equal ones once. */
export function joinFailures(failures: readonly unknown[]): unknown {
  const [first, ...others] = failures;
  if (others.length === 0 || !(first instanceof MesoError)) return first;
  const errors = failures.filter((failure): failure is MesoError => failure instanceof MesoError);
  const messages = [...new Set(errors.map(({ message }) => message))];
  return new MesoError(first.code, messages.join('\n'), {
    details: { failures: errors.map(({ code, message, details }) => ({ code, message, details })) },
    suggestions: [...new Set(errors.flatMap(({ suggestions }) => suggestions))].slice(0, 2),
  });
}
