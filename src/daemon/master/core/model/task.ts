/**
 * A task as the master knows it. A task is in exactly one place: live in its framework and its agent's holding, or
 * among the unreachable or completed tasks of its framework. It holds resources exactly while it is live and its state
 * is not terminal. Source: spec page 07, section 7.6.
 */
import type { Resources } from '../../../../offers/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { isTerminal } from '../../../../wire/task-state.js';
import type { TaskView } from '../view.js';

export class TaskRecord implements TaskView {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  version = 0;
  /** Whether its resources are in the books of its holding. */
  holdsResources = false;

  constructor(
    readonly message: mesos.Task,
    /** Tagged with allocation_info. */
    readonly resources: Resources,
  ) {
    this.id = message.task_id.value;
    this.frameworkId = message.framework_id.value;
    this.agentId = message.agent_id.value;
  }

  get state(): mesos.TaskState {
    return this.message.state;
  }

  get isTerminal(): boolean {
    return isTerminal(this.message.state);
  }

  setState(state: mesos.TaskState): void {
    this.message.state = state;
    this.version++;
  }

  /** Remembers what was forwarded last: decides acknowledgements and reconciliation. */
  setForwarded(state: mesos.TaskState, uuid: Uint8Array | undefined): void {
    this.message.status_update_state = state;
    this.message.status_update_uuid = uuid;
    this.version++;
  }

  /** One entry per consecutive state, without `data`. `status` is kept: nobody changes it any more. */
  recordStatus(status: mesos.TaskStatus): void {
    this.message.statuses ??= [];
    const statuses = this.message.statuses;
    const kept = status.data === undefined ? status : { ...status, data: undefined };
    if (statuses.at(-1)?.state === status.state) statuses[statuses.length - 1] = kept;
    else statuses.push(kept);
    this.version++;
  }

  get lastStatus(): mesos.TaskStatus | undefined {
    return this.message.statuses?.at(-1);
  }
}

/** The task made by launching `info`; its executor, if any, is in `info.executor`. */
export function taskOf(info: mesos.TaskInfo, frameworkId: string): mesos.Task {
  return {
    name: info.name,
    task_id: info.task_id,
    framework_id: { value: frameworkId },
    executor_id: info.executor?.executor_id,
    agent_id: info.agent_id,
    state: 'TASK_STAGING',
    resources: info.resources,
    labels: info.labels,
    discovery: info.discovery,
    container: info.container,
    user: info.command?.user ?? info.executor?.command?.user,
    health_check: info.health_check,
    kill_policy: info.kill_policy,
    limits: info.limits,
  };
}
