/**
 * Turns what happened to a task into a TaskStatus: into the task's own record and, unless its framework was ordered to
 * end, into its stream of updates. Source: spec page 18, section 18.7; page 14, section 14.1.
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import { isTerminal } from '../../../../wire/task-state.js';
import { type Context, freshUuid } from '../context.js';
import { outcomeWhileDraining } from '../draining/drain-outcome.js';
import type { Machine } from '../machine.js';
import type { TaskRun } from '../model/task-run.js';
import type { Outcome } from './ending.js';

/** Records and sends. The status is durable before it leaves. */
export function report(machine: Machine, run: TaskRun, happened: Outcome): void {
  const { drain, frameworks } = machine.state;
  const outcome =
    drain === undefined
      ? happened
      : outcomeWhileDraining(happened, drain.config, frameworks.get(run.frameworkId)?.info);
  const status = statusOf(machine, run, outcome);
  run.state = status.state;
  machine.state.reportedUpdates += 1;
  remember(run, status);
  machine.out.saveTask(run, 'machine');
  if (isTerminal(status.state)) countEnded(machine, status.state);
  if (machine.state.frameworks.get(run.frameworkId)?.terminating === true) return;
  machine.streams.add({ frameworkId: run.frameworkId, status, durable: true });
}

/** A status of a task without record here, or before it has one. */
export function bareStatus(context: Context, taskId: string, outcome: Outcome): mesos.TaskStatus {
  const status: mesos.TaskStatus = {
    task_id: { value: taskId },
    state: outcome.state,
    source: outcome.source,
    timestamp: context.now.unixMs / 1000,
    uuid: freshUuid(context),
  };
  if (context.state.agentInfo.id !== undefined) status.agent_id = context.state.agentInfo.id;
  if (outcome.reason !== undefined) status.reason = outcome.reason;
  if (outcome.message !== undefined) status.message = outcome.message;
  if (outcome.limitation !== undefined) status.limitation = outcome.limitation;
  return status;
}

function statusOf(machine: Machine, run: TaskRun, outcome: Outcome): mesos.TaskStatus {
  const status = bareStatus(machine, run.taskId, outcome);
  status.executor_id = { value: run.taskId };
  if (run.phase !== 'over') status.container_status = containerStatus(machine, run);
  return status;
}

function containerStatus({ options }: Machine, run: TaskRun): mesos.ContainerStatus {
  const status: mesos.ContainerStatus = {
    container_id: { value: run.containerId },
    network_infos: [
      { ip_addresses: [{ protocol: options.ip.includes(':') ? 'IPv6' : 'IPv4', ip_address: options.ip }] },
    ],
  };
  if (run.pid !== undefined) status.executor_pid = run.pid;
  return status;
}

/** One entry per consecutive state, without `data` (spec page 07, section 7.6). */
function remember(run: TaskRun, status: mesos.TaskStatus): void {
  const { data: _notKept, ...kept } = status;
  if (run.statuses.at(-1)?.state === status.state) run.statuses.pop();
  run.statuses.push(kept);
}

function countEnded({ state }: Machine, taskState: mesos.TaskState): void {
  const name = taskState.slice('TASK_'.length).toLowerCase();
  state.endedTasks.set(name, (state.endedTasks.get(name) ?? 0) + 1);
}
