/** What others may read of an agent core between two steps. Nothing here may be changed by a reader. */
import type { Resources } from '../../../offers/resources/resources.js';
import type * as mesos from '../../../wire/gen/mesos.js';

import type { Drain } from './context.js';
import type { OperationView } from './operations/operation-record.js';

export interface AgentView {
  readonly recovered: boolean;
  readonly registered: boolean;
  /** With id once admitted. */
  readonly agentInfo: mesos.AgentInfo;
  /** Configured resources with what was reserved and created since. */
  readonly total: Resources;
  /** Under way, or not acknowledged. */
  readonly operations: ReadonlyMap<string, OperationView>;
  readonly drain: Drain | undefined;
  readonly clusterId: string | undefined;
  readonly highestTerm: number;
  /** Of the leader this agent is connected to. */
  readonly masterInfo: mesos.MasterInfo | undefined;
  readonly frameworks: ReadonlyMap<string, FrameworkView>;
  readonly completedFrameworks: ReadonlyMap<string, FrameworkView>;
  /** Tasks that ended here, by state in lower case without "task_", since the agent started. */
  readonly endedTasks: ReadonlyMap<string, number>;
  readonly launchErrors: number;
  /** Status updates made since the agent started. */
  readonly reportedUpdates: number;
  readonly ignoredMessages: number;
  /** Updates that wait for an acknowledgement. */
  readonly pendingUpdates: number;
}

export interface FrameworkView {
  readonly info: mesos.FrameworkInfo;
  /** Ordered to end. */
  readonly terminating: boolean;
  /** Not ended, or ended and not acknowledged. */
  readonly tasks: ReadonlyMap<string, TaskView>;
  /** Oldest first, bounded. */
  readonly completedTasks: readonly TaskView[];
}

export interface TaskView {
  readonly frameworkId: string;
  readonly taskId: string;
  readonly info: mesos.TaskInfo;
  readonly containerId: string;
  /**
   * `launching`: the container is being made; `running`; `over`: it is gone, or there never was one.
   */
  readonly phase: 'launching' | 'running' | 'over';
  /** Newest, acknowledged or not. */
  readonly state: mesos.TaskState;
  /** One per consecutive state. */
  readonly statuses: readonly mesos.TaskStatus[];
  /** Of the container's init. */
  readonly pid: number | undefined;
  readonly launchedAtMs: number;
}
