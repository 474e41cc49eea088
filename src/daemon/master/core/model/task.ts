/**
 * A task as the master knows it. A task is in exactly one place: live in its framework and its agent's holding, or
 * among the unreachable or completed tasks of its framework. It holds resources exactly while it is live and its state
 * is not terminal. Source: spec page 07, section 7.6.
 */
import type { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { isTerminal } from '../../../../wire/task-state.js';
import type { TaskPlace, TaskView } from '../view.js';

export class TaskRecord implements TaskView {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  version = 0;
  /** Where it is; only tasks/tasks.ts moves it. */
  place: TaskPlace = 'live';
  /** Since when it has its state, by this master's clock; of a task that an agent reported, as far as its statuses tell. */
  stateSinceUnixMs: number | undefined;
  readonly launchedAtUnixMs: number | undefined;
  /** Whether its resources are in the books of its holding. */
  holdsResources = false;

  constructor(
    readonly message: mesos.Task,
    /** Tagged with allocation_info. */
    readonly resources: Resources,
    /** undefined: an agent reported it, which says when it launched by the first status. */
    launchedAtUnixMs?: number,
  ) {
    this.id = message.task_id.value;
    this.frameworkId = message.framework_id.value;
    this.agentId = message.agent_id.value;
    this.launchedAtUnixMs = launchedAtUnixMs ?? unixMsOf(message.statuses?.[0]);
    this.stateSinceUnixMs =
      launchedAtUnixMs ?? unixMsOf(message.statuses?.find(({ state }) => state === message.state));
  }

  get state(): mesos.TaskState {
    return this.message.state;
  }

  get isTerminal(): boolean {
    return isTerminal(this.message.state);
  }

  setState(state: mesos.TaskState, nowUnixMs: number): void {
    if (state !== this.message.state) this.stateSinceUnixMs = nowUnixMs;
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

function unixMsOf(status: mesos.TaskStatus | undefined): number | undefined {
  return status?.timestamp === undefined ? undefined : status.timestamp * 1000;
}

/** The task made by launching `info`; its executor, if any, is in `info.executor`. */
export function taskOf(info: mesos.TaskInfo, framework_id: mesos.FrameworkID): mesos.Task {
  return {
    name: info.name,
    task_id: info.task_id,
    framework_id,
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
