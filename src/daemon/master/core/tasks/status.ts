/** Status updates that the master itself makes: no uuid, so nothing is acknowledged. Source: spec page 07, 7.5 and 7.6. */
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Context } from '../machine/context.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { TaskRecord } from '../model/task.js';

export interface MasterStatus {
  readonly taskId: string;
  readonly agentId?: string | undefined;
  readonly executorId?: mesos.ExecutorID | undefined;
  readonly state: mesos.TaskState;
  readonly reason: mesos.TaskStatus_Reason;
  readonly message?: string | undefined;
  readonly unreachableTime?: mesos.TimeInfo | undefined;
}

export function masterStatus(context: Context, status: MasterStatus): mesos.TaskStatus {
  return {
    task_id: { value: status.taskId },
    state: status.state,
    source: 'SOURCE_MASTER',
    reason: status.reason,
    message: status.message,
    agent_id: status.agentId === undefined ? undefined : { value: status.agentId },
    executor_id: status.executorId,
    timestamp: context.now.unixMs / 1000,
    unreachable_time: status.unreachableTime,
  };
}

/** The present state of a known task, with what its last update said of it. */
export function presentStatus(
  context: Context,
  task: TaskRecord,
  reason: 'REASON_RECONCILIATION' | 'REASON_AGENT_REREGISTERED',
): mesos.TaskStatus {
  const last = task.lastStatus;
  return {
    task_id: task.message.task_id,
    state: task.message.status_update_state ?? task.state,
    source: 'SOURCE_MASTER',
    reason,
    message: reason === 'REASON_RECONCILIATION' ? 'latest known state' : 'the agent re-registered',
    agent_id: task.message.agent_id,
    executor_id: task.message.executor_id,
    timestamp: context.now.unixMs / 1000,
    healthy: last?.healthy,
    check_status: last?.check_status,
    container_status: last?.container_status,
  };
}

/** Frameworks that are not PARTITION_AWARE know only TASK_LOST. */
export function lossState(framework: FrameworkRecord, aware: mesos.TaskState): mesos.TaskState {
  return framework.has('PARTITION_AWARE') ? aware : 'TASK_LOST';
}
