/**
 * A task of `task launch --detach` has a framework of its own that nobody is connected to. When the task was killed the framework
 * is torn down at once, so that nothing is left when the command ends; of one that ends by itself the master does it later.
 *
 * Invariant: only frameworks that carry our label as detached, that nobody is connected to, and without a live task.
 */

import type { Response_Match } from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { isDetachedLaunch } from '../../wire/launch-label.js';
import { isTerminal } from '../../wire/task-state.js';
import { type Session, withinTimeout } from '../cluster/session.js';
import type { KillTarget } from './kill-targets.js';

const TASKS_ASKED = 100;

/** Of tasks that are over. */
export async function endDetachedFrameworks(over: readonly KillTarget[], session: Session): Promise<void> {
  const ids = new Set(over.map(({ task }) => task.framework_id.value));
  await withinTimeout(session.timeoutMs, 'the end of the framework', async (signal) => {
    for (const value of ids) await endIfDetached({ value }, session, signal);
  });
}

async function endIfDetached(id: mesos.FrameworkID, { client }: Session, signal: AbortSignal): Promise<void> {
  const { matches = [] } = await client.find({ kind: 'FRAMEWORKS', reference: id.value, limit: 1 }, { signal });
  const [match] = matches;
  if (match?.framework?.framework_id.value !== id.value || !isDetached(match)) return;
  const tasks = await client.find({ kind: 'TASKS', reference: '', framework_id: id, limit: TASKS_ASKED }, { signal });
  // Live ones come first.
  const isIdle = (tasks.matches ?? []).every(({ task }) => task === undefined || isOver(task.state, task.place));
  if (isIdle) await client.teardown(id, { signal });
}

function isDetached({ framework, framework_detail }: Response_Match): boolean {
  const isOurs = isDetachedLaunch(framework_detail?.framework_info.labels);
  return isOurs && framework_detail?.connected === false && framework?.state !== 'COMPLETED';
}

function isOver(state: mesos.TaskState, place: string | undefined): boolean {
  return isTerminal(state) || place === 'COMPLETED';
}
