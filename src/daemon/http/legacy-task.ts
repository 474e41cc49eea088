/** Tasks and executors as the legacy endpoints of both daemons write them. Source: spec page 03, 3.4, and page 13, 13.4. */
import { Resources } from '../../offers/resources/resources.js';
import * as mesos from '../../wire/gen/mesos.js';
import { describeResources, type JsonObject, toPlainJson } from './legacy-resources.js';

/** `role`: what to show when the task's resources carry none. */
export function describeTask(task: mesos.Task, role: string): JsonObject {
  return {
    id: task.task_id.value,
    name: task.name,
    framework_id: task.framework_id.value,
    // Clients take its length: command tasks have an empty one, never none.
    executor_id: task.executor_id?.value ?? '',
    slave_id: task.agent_id.value,
    state: task.state,
    resources: describeResources(Resources.of(task.resources ?? [])),
    role: task.resources?.[0]?.allocation_info?.role ?? role,
    statuses: (task.statuses ?? []).map(describeStatus),
    ...(task.limits === undefined ? {} : { limits: describeLimits(task.limits) }),
    ...(task.user === undefined ? {} : { user: task.user }),
    ...(task.labels === undefined ? {} : { labels: describeLabels(task.labels) }),
    ...(task.discovery === undefined ? {} : { discovery: toPlainJson(mesos.DiscoveryInfo, task.discovery) }),
    ...(task.container === undefined ? {} : { container: toPlainJson(mesos.ContainerInfo, task.container) }),
    ...(task.health_check === undefined ? {} : { health_check: toPlainJson(mesos.HealthCheck, task.health_check) }),
  };
}

export function describeStatus(status: mesos.TaskStatus): JsonObject {
  return {
    state: status.state,
    timestamp: status.timestamp ?? 0,
    ...(status.labels === undefined ? {} : { labels: describeLabels(status.labels) }),
    ...(status.container_status === undefined
      ? {}
      : { container_status: toPlainJson(mesos.ContainerStatus, status.container_status) }),
    ...(status.healthy === undefined ? {} : { healthy: status.healthy }),
  };
}

export function describeExecutor(executor: mesos.ExecutorInfo, frameworkId: string): JsonObject {
  return {
    executor_id: executor.executor_id.value,
    name: executor.name ?? '',
    framework_id: frameworkId,
    command: executor.command === undefined ? {} : describeCommand(executor.command),
    resources: describeResources(Resources.of(executor.resources ?? [])),
    ...(executor.resources?.[0]?.allocation_info?.role === undefined
      ? {}
      : { role: executor.resources[0].allocation_info.role }),
    ...(executor.labels === undefined ? {} : { labels: describeLabels(executor.labels) }),
    ...(executor.type === undefined ? {} : { type: executor.type }),
  };
}

export function describeLabels(labels: mesos.Labels): readonly unknown[] {
  return (labels.labels ?? []).map(({ key, value }) => (value === undefined ? { key } : { key, value }));
}

function describeCommand(command: mesos.CommandInfo): JsonObject {
  return {
    ...(command.shell === undefined ? {} : { shell: command.shell }),
    ...(command.value === undefined ? {} : { value: command.value }),
    argv: command.arguments ?? [],
    ...(command.environment === undefined ? {} : { environment: toPlainJson(mesos.Environment, command.environment) }),
    uris: (command.uris ?? []).map(({ value, executable }) => ({ value, executable: executable ?? false })),
  };
}

/** An infinite limit is written as text: JSON has no number for it. */
function describeLimits(limits: Readonly<Record<string, mesos.Value_Scalar>>): JsonObject {
  return Object.fromEntries(
    Object.entries(limits).map(([name, { value }]) => [name, Number.isFinite(value) ? value : 'Infinity']),
  );
}
