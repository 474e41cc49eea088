/**
 * How a task ended, as its scheduler is told. Pure: from how its container ended and why it was being killed to state,
 * source, reason and message. Source: spec page 14, sections 14.2 and 14.6.
 */
import type { ContainerTermination } from '../../../../runtime/containerizer.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { KillIntent } from '../model/task-run.js';
import { describeWaitStatus, isSuccess } from './wait-status.js';

/** The part of a TaskStatus that says what happened. */
export interface Outcome {
  readonly state: mesos.TaskState;
  readonly source: mesos.TaskStatus_Source;
  readonly reason?: mesos.TaskStatus_Reason | undefined;
  readonly message?: string | undefined;
  readonly limitation?: mesos.TaskResourceLimitation | undefined;
}

/** A container that ran and ended. A limit that was hit comes first, even when the task was being killed as well. */
export function outcomeOfTermination(
  termination: Pick<ContainerTermination, 'waitStatus' | 'limitation'>,
  kill: KillIntent | undefined,
): Outcome {
  const { limitation, waitStatus } = termination;
  if (limitation !== undefined)
    return {
      state: 'TASK_FAILED',
      source: 'SOURCE_AGENT',
      reason: limitation.reason,
      message: limitation.message,
      limitation: { resources: [...limitation.resources] },
    };
  if (waitStatus === undefined)
    return { state: 'TASK_FAILED', source: 'SOURCE_EXECUTOR', message: 'Failed to get exit status for Command' };
  const message = `Command ${describeWaitStatus(waitStatus)}`;
  if (kill?.cause === 'MAX_COMPLETION_TIME')
    return {
      state: 'TASK_FAILED',
      source: 'SOURCE_EXECUTOR',
      reason: 'REASON_MAX_COMPLETION_TIME_REACHED',
      message,
    };
  if (kill !== undefined) return { state: 'TASK_KILLED', source: 'SOURCE_EXECUTOR', message };
  return { state: isSuccess(waitStatus) ? 'TASK_FINISHED' : 'TASK_FAILED', source: 'SOURCE_EXECUTOR', message };
}

/**
 * Proof that the task's first instruction never ran: its supervisor recorded an end and no beginning. Happens when the
 * agent dies between taking a launch down and letting it go.
 */
export function neverBegan(
  termination: Pick<ContainerTermination, 'waitStatus' | 'startedAtMs' | 'finishedAtMs' | 'limitation'>,
): boolean {
  const { finishedAtMs, limitation, startedAtMs, waitStatus } = termination;
  return (
    waitStatus === undefined && limitation === undefined && startedAtMs === undefined && finishedAtMs !== undefined
  );
}

/** A container whose first instruction never ran. */
export function outcomeOfFailedLaunch(message: string, kill: KillIntent | undefined): Outcome {
  if (kill === undefined)
    return {
      state: 'TASK_FAILED',
      source: 'SOURCE_AGENT',
      reason: 'REASON_CONTAINER_LAUNCH_FAILED',
      message: `Failed to launch container: ${message}`,
    };
  if (kill.cause === 'MAX_COMPLETION_TIME')
    return {
      state: 'TASK_FAILED',
      source: 'SOURCE_AGENT',
      reason: 'REASON_MAX_COMPLETION_TIME_REACHED',
      message: 'The maximum completion time was reached before the command was started',
    };
  return {
    state: 'TASK_KILLED',
    source: 'SOURCE_AGENT',
    reason: 'REASON_TASK_KILLED_DURING_LAUNCH',
    message: 'Killed before delivery to the executor',
  };
}

/**
 * A container that may have run and left no trace: the machine was booted since, or its record is gone. Of a task that
 * was being killed the end is known all the same: however its process ended, it counts as killed.
 */
export function outcomeOfLostContainer(kill: KillIntent | undefined): Outcome {
  const message = 'Abnormal executor termination: unknown container';
  if (kill === undefined)
    return { state: 'TASK_FAILED', source: 'SOURCE_AGENT', reason: 'REASON_EXECUTOR_TERMINATED', message };
  if (kill.cause === 'MAX_COMPLETION_TIME')
    return { state: 'TASK_FAILED', source: 'SOURCE_AGENT', reason: 'REASON_MAX_COMPLETION_TIME_REACHED', message };
  return { state: 'TASK_KILLED', source: 'SOURCE_AGENT', reason: 'REASON_EXECUTOR_TERMINATED', message };
}

/** What a task that never ran here is called: partition-aware schedulers know more words. */
export function droppedState(partitionAware: boolean): 'TASK_DROPPED' | 'TASK_LOST' {
  return partitionAware ? 'TASK_DROPPED' : 'TASK_LOST';
}
