/** `/metrics/snapshot` of an agent: names and meaning as in Mesos (spec page 10, section 10.2). Pure, but for the system's. */

import type { Resources } from '../../../offers/resources/resources.js';
import type { CollectorCounts } from '../../../runtime/sandbox/collector.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import { collectSystemMetrics } from '../../metrics/system-metrics.js';
import type { CommitCounts } from '../checkpoint/checkpoint-store.js';
import type { AgentView } from '../core/view.js';
import { allocated } from './legacy-state.js';

export interface MetricSources {
  readonly uptimeMs: number;
  readonly recoveryMs: number | undefined;
  readonly view: AgentView | undefined;
  readonly collector: CollectorCounts;
  readonly commits: CommitCounts;
  readonly destroyErrors: number;
}

const KINDS = ['cpus', 'gpus', 'mem', 'disk'] as const;
const LIVE_STATES: readonly mesos.TaskState[] = ['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING'];
const ENDED_STATES = ['finished', 'failed', 'killed', 'lost', 'gone'] as const;

export function collectMetrics(sources: MetricSources): Map<string, number> {
  const { collector, commits, view } = sources;
  const metrics = new Map<string, number>([
    ['slave/uptime_secs', sources.uptimeMs / 1000],
    ['slave/registered', view?.registered === true ? 1 : 0],
    ['slave/recovery_errors', 0],
    ['slave/executor_directory_max_allowed_age_secs', collector.maxAllowedAgeMs / 1000],
    ['gc/path_removals_pending', collector.pending],
    ['gc/path_removals_succeeded', collector.succeeded],
    ['gc/path_removals_failed', collector.failed],
    ['containerizer/mesos/container_destroy_errors', sources.destroyErrors],
    ['checkpoint/commits', commits.calls],
    ['checkpoint/transactions', commits.transactions],
    ['checkpoint/syncs', commits.syncs],
  ]);
  if (sources.recoveryMs !== undefined) metrics.set('slave/recovery_time_secs', sources.recoveryMs / 1000);
  if (view !== undefined) collectState(view, metrics);
  collectSystemMetrics(metrics);
  return metrics;
}

function collectState(view: AgentView, metrics: Map<string, number>): void {
  const live = [...view.frameworks.values()].flatMap((framework) => [...framework.tasks.values()]);
  const countOf = (state: mesos.TaskState) => live.filter((task) => task.state === state).length;
  for (const state of LIVE_STATES)
    metrics.set(`slave/tasks_${state.slice('TASK_'.length).toLowerCase()}`, countOf(state));
  for (const state of ENDED_STATES) metrics.set(`slave/tasks_${state}`, view.endedTasks.get(state) ?? 0);
  metrics.set('slave/frameworks_active', view.frameworks.size);
  metrics.set('slave/executors_registering', live.filter((task) => task.phase === 'launching').length);
  metrics.set('slave/executors_running', live.filter((task) => task.phase === 'running').length);
  metrics.set('slave/executors_terminating', countOf('TASK_KILLING'));
  metrics.set('slave/executors_terminated', live.filter((task) => task.phase === 'over').length);
  metrics.set('slave/executors_preempted', 0);
  metrics.set('slave/container_launch_errors', view.launchErrors);
  metrics.set('slave/valid_status_updates', view.reportedUpdates);
  metrics.set('slave/invalid_status_updates', 0);
  metrics.set('slave/valid_framework_messages', 0);
  metrics.set('slave/invalid_framework_messages', view.ignoredMessages);
  collectResources(view.total, allocated(view), metrics);
}

function collectResources(total: Resources, used: Resources, metrics: Map<string, number>): void {
  for (const kind of KINDS) {
    setShare(metrics, `slave/${kind}`, total.nonRevocable().scalar(kind), used.nonRevocable().scalar(kind));
    setShare(metrics, `slave/${kind}_revocable`, total.revocable().scalar(kind), used.revocable().scalar(kind));
  }
}

function setShare(metrics: Map<string, number>, name: string, total: number, used: number): void {
  metrics.set(`${name}_total`, total);
  metrics.set(`${name}_used`, used);
  metrics.set(`${name}_percent`, total > 0 ? used / total : 0);
}
