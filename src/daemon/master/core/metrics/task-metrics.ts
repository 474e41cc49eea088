/** Counts tasks that ended, in total and by source and reason, in the metric names' own spelling (spec page 10). */
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Context } from '../machine/context.js';

type Ending = Pick<mesos.TaskStatus, 'state' | 'source' | 'reason'>;

/** "TASK_GONE_BY_OPERATOR" -> "gone_by_operator". */
export function stateName(state: mesos.TaskState): string {
  return state.slice('TASK_'.length).toLowerCase();
}

/** `REASON_AGENT_REMOVED` is published as `reason_slave_removed`. */
function metricName(wireName: string): string {
  return wireName.toLowerCase().replace('agent', 'slave');
}

export function countTaskEnding(context: Context, { state, source, reason }: Ending): void {
  const name = stateName(state);
  context.counters.add(`tasks_${name}`);
  if (source === undefined || reason === undefined) return;
  context.counters.add(`task_${name}/${metricName(source)}/${metricName(reason)}`);
}
