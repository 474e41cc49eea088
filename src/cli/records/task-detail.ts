/** The JSON of one task with all that is known of it (docs/schemas/task-show.json). Pure. */
import { sandboxPath } from '../../client/agent-client.js';
import { judgeTask } from '../../views/model/health.js';
import type { Response_Match, Task } from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { timeRecord } from './parts.js';
import { type TaskFacts, type TaskRecord, taskRecord } from './task-record.js';

export interface StatusRecord {
  readonly state: string;
  readonly time: string | null;
  readonly source: string | null;
  readonly reason: string | null;
  readonly message: string | null;
  readonly healthy: boolean | null;
}

export interface TaskDetailRecord extends TaskRecord {
  readonly user: string | null;
  readonly labels: readonly { readonly key: string; readonly value: string | null }[];
  /** Of its agent's API; null: not known. */
  readonly agent_address: string | null;
  /** As the agent's file API names it; null: it has none. */
  readonly sandbox: string | null;
  /** Oldest first. */
  readonly statuses: readonly StatusRecord[];
}

/** `now`: the master's clock, as far as we know it. */
export function taskFacts(
  { task, framework, agent }: Response_Match & { readonly task: Task },
  now: number,
): TaskFacts {
  const { severity, note } = judgeTask(task, now);
  return {
    task,
    frameworkName: framework?.name ?? task.framework_id.value,
    hostname: agent?.hostname ?? '',
    severity,
    note,
  };
}

export function taskDetailRecord(match: Response_Match & { readonly task: Task }, now: number): TaskDetailRecord {
  const { task, agent, task_detail } = match;
  return {
    ...taskRecord(taskFacts(match, now)),
    user: task_detail?.user ?? null,
    labels: (task_detail?.labels?.labels ?? []).map(({ key, value }) => ({ key, value: value ?? null })),
    agent_address: agent?.ip === undefined ? null : `${agent.ip}:${agent.port ?? 0}`,
    sandbox: sandboxOf(task) ?? null,
    statuses: statusesOf(match).map(statusRecord),
  };
}

/** Oldest first. */
export function statusesOf({ task_detail }: Response_Match): readonly mesos.TaskStatus[] {
  return [...(task_detail?.statuses ?? [])].sort((left, right) => (left.timestamp ?? 0) - (right.timestamp ?? 0));
}

/** undefined: no agent ever had it. */
export function sandboxOf({ framework_id, task_id, executor_id, agent_id }: Task): string | undefined {
  return agent_id === undefined ? undefined : sandboxPath(framework_id.value, executor_id?.value ?? task_id.value);
}

function statusRecord({ state, timestamp, source, reason, message, healthy }: mesos.TaskStatus): StatusRecord {
  return {
    state,
    time: timeRecord(timestamp),
    source: source ?? null,
    reason: reason ?? null,
    message: message ?? null,
    healthy: healthy ?? null,
  };
}
