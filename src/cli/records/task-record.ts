/** The JSON of a task (docs/schemas/task-list.json). Pure. */
import type { Severity } from '../../views/model/rows.js';
import type * as api from '../../wire/gen/mesoctl-api.js';
import { type AmountsRecord, amountsOrNull, amountsRecord, timeRecord } from './parts.js';

export interface TaskRecord {
  readonly id: string;
  readonly framework_id: string;
  readonly framework_name: string;
  readonly name: string;
  readonly role: string | null;
  /** As on the wire: TASK_RUNNING. */
  readonly state: string;
  /** LIVE, UNREACHABLE or COMPLETED. */
  readonly place: string;
  readonly since: string | null;
  readonly launched_at: string | null;
  readonly agent_id: string | null;
  readonly hostname: string | null;
  readonly executor_id: string | null;
  readonly resources: AmountsRecord;
  /** null: the resources are the limits. */
  readonly limits: AmountsRecord | null;
  readonly reason: string | null;
  readonly source: string | null;
  readonly message: string | null;
  /** null: it has no health check. */
  readonly healthy: boolean | null;
  readonly ip: string | null;
  readonly ports: readonly number[];
  readonly severity: Severity;
  /** Why it is not normal, in a word or two. */
  readonly note: string;
}

export interface TaskFacts {
  readonly task: api.Task;
  readonly frameworkName: string;
  readonly hostname: string;
  readonly severity: Severity;
  readonly note: string;
}

export function taskRecord({ task, frameworkName, hostname, severity, note }: TaskFacts): TaskRecord {
  return {
    id: task.task_id.value,
    framework_id: task.framework_id.value,
    framework_name: frameworkName,
    name: task.name ?? task.task_id.value,
    role: task.role ?? null,
    state: task.state,
    place: task.place ?? 'LIVE',
    since: timeRecord(task.since),
    launched_at: timeRecord(task.launched_at),
    agent_id: task.agent_id?.value ?? null,
    hostname: hostname === '' ? null : hostname,
    executor_id: task.executor_id?.value ?? null,
    resources: amountsRecord(task.resources),
    limits: amountsOrNull(task.limits),
    reason: task.reason ?? null,
    source: task.source ?? null,
    message: task.message ?? null,
    healthy: task.healthy ?? null,
    ip: task.ip ?? null,
    ports: task.ports ?? [],
    severity,
    note,
  };
}
