/** Which tasks `task kill` is about: named one by one, or all that fit a filter. Nothing is killed here. */
import { MesoError } from '../../base/error.js';
import { taskStateWord } from '../../views/columns/task-columns.js';
import { sanitize } from '../../views/text/width.js';
import type * as api from '../../wire/gen/mesoctl-api.js';
import { isTerminal } from '../../wire/task-state.js';
import { findOne, TASK_REFERENCE } from '../cluster/find-one.js';
import { loadModel } from '../cluster/load-model.js';
import { TASKS } from '../cluster/nouns.js';
import { type Session, withinTimeout } from '../cluster/session.js';
import { openView } from '../list/rows.js';
import { frameworkIdOf } from '../show/show-one.js';
import { keyOf } from './task-ends.js';

export interface KillTarget {
  readonly key: string;
  readonly task: api.Task;
  readonly hostname: string;
  readonly frameworkName: string;
}

export interface KillRequest {
  /** As the user wrote them; `-` lines are in already. */
  readonly references: readonly string[];
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
      references.map((reference) => findOne(session.client, TASK_REFERENCE, reference, { signal, frameworkId })),
    );
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (failures.length > 0) throw joinFailures(failures);
    const byKey = new Map<string, KillTarget>();
    for (const result of results) {
      const match = result.status === 'fulfilled' ? result.value : undefined;
      if (match?.task === undefined) continue;
      const { task, agent, framework: owner } = match;
      const key = keyOf(task);
      byKey.set(key, { key, task, hostname: agent?.hostname ?? '', frameworkName: owner?.name ?? '' });
    }
    return [...byKey.values()];
  });
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
