/**
 * What the master fills in before it judges a task: resources in post-refinement format with the offer's role, the
 * framework of an executor, the type of a health check that old frameworks leave out. Source: spec page 01, ACCEPT.
 */
import { isRejection, type Rejection } from '../../../../base/rejection.js';
import { mapResources, resourcesIn } from '../../../../offers/resources/operations.js';
import { Resources } from '../../../../offers/resources/resources.js';
import { toPostRefinement, upgradeResource, validateResources } from '../../../../offers/resources/validation.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { resourcesComplaint } from './resources.js';

export interface PreparedTask {
  readonly info: mesos.TaskInfo;
  /** Of `info`, tagged with allocation_info. */
  readonly resources: Resources;
  /** What `resourcesComplaint` says of them. */
  readonly resourcesComplaint: string | undefined;
}

interface PreparedResources {
  readonly wire: mesos.Resource[];
  readonly resources: Resources;
  readonly complaint: string | undefined;
}

/**
 * Prepares the tasks of one ACCEPT, one after the other. They nearly always ask for the same: tasks with the same plain resources
 * as their predecessor share one list and one `Resources`, which are read, checked and kept in memory once.
 */
export class TaskPreparation {
  #given: readonly mesos.Resource[] = [];
  #prepared: PreparedResources | Rejection | undefined;

  constructor(
    private readonly frameworkId: string,
    private readonly role: string,
  ) {}

  prepare(task: mesos.TaskInfo): PreparedTask | Rejection {
    const { frameworkId, role } = this;
    const prepared = this.#prepareResources(task.resources ?? []);
    if (isRejection(prepared)) return prepared;
    const executor = task.executor === undefined ? undefined : preparedExecutor(task.executor, frameworkId, role);
    if (isRejection(executor)) return executor;
    const health_check = task.health_check === undefined ? undefined : preparedHealthCheck(task.health_check);
    const info = taskWith(task, prepared.wire, executor, health_check);
    return { info, resources: prepared.resources, resourcesComplaint: prepared.complaint };
  }

  #prepareResources(given: readonly mesos.Resource[]): PreparedResources | Rejection {
    if (this.#prepared !== undefined && samePlainResources(given, this.#given)) return this.#prepared;
    this.#given = given;
    const wire = preparedResources(given, this.role);
    this.#prepared = isRejection(wire)
      ? wire
      : { wire, resources: Resources.of(wire), complaint: resourcesComplaint(wire) };
    return this.#prepared;
  }
}

/**
 * Member by member, all of them always: a spread costs ten times as much, and what it makes is as much slower to read. The type
 * sees to it that no member is forgotten.
 */
function taskWith(
  task: mesos.TaskInfo,
  resources: mesos.Resource[],
  executor: mesos.ExecutorInfo | undefined,
  health_check: mesos.HealthCheck | undefined,
): { [Member in keyof Required<mesos.TaskInfo>]: mesos.TaskInfo[Member] } {
  return {
    name: task.name,
    task_id: task.task_id,
    agent_id: task.agent_id,
    resources,
    executor,
    data: task.data,
    command: task.command,
    health_check,
    container: task.container,
    labels: task.labels,
    discovery: task.discovery,
    kill_policy: task.kill_policy,
    check: task.check,
    max_completion_time: task.max_completion_time,
    limits: task.limits,
  };
}

/** The same names with the same amounts in the same order, and nothing else said of them. False for all other resources. */
function samePlainResources(left: readonly mesos.Resource[], right: readonly mesos.Resource[]): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (!samePlainResource(left[i], right[i])) return false;
  return true;
}

function samePlainResource(left: mesos.Resource | undefined, right: mesos.Resource | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  return (
    left.name === right.name &&
    left.scalar?.value === right.scalar?.value &&
    left.allocation_info?.role === right.allocation_info?.role &&
    isPlainScalar(left) &&
    isPlainScalar(right)
  );
}

function isPlainScalar(resource: mesos.Resource): boolean {
  return (
    resource.type === 'SCALAR' &&
    resource.ranges === undefined &&
    resource.set === undefined &&
    resource.role === undefined &&
    resource.reservation === undefined &&
    resource.reservations === undefined &&
    resource.disk === undefined &&
    resource.revocable === undefined &&
    resource.shared === undefined &&
    resource.provider_id === undefined
  );
}

export function preparedExecutor(
  executor: mesos.ExecutorInfo,
  frameworkId: string,
  role: string,
): mesos.ExecutorInfo | Rejection {
  const resources = preparedResources(executor.resources ?? [], role);
  if (isRejection(resources)) return resources;
  return { ...executor, resources, framework_id: executor.framework_id ?? { value: frameworkId } };
}

/** With `role` undefined (operator calls) nothing is allocated. Operations that are no conversions are left alone. */
export function preparedOperation(
  operation: mesos.Offer_Operation,
  role: string | undefined,
): mesos.Offer_Operation | Rejection {
  const invalid = validateResources(resourcesIn(operation));
  if (invalid !== undefined) return invalid;
  return mapResources(operation, (given) => {
    const resource = upgradeResource(given);
    if (role === undefined || resource.allocation_info?.role !== undefined) return resource;
    return { ...resource, allocation_info: { role } };
  });
}

function preparedResources(given: readonly mesos.Resource[], role: string): mesos.Resource[] | Rejection {
  const invalid = validateResources(given);
  if (invalid !== undefined) return invalid;
  return toPostRefinement(given).map((resource) =>
    resource.allocation_info?.role === undefined ? { ...resource, allocation_info: { role } } : resource,
  );
}

function preparedHealthCheck(check: mesos.HealthCheck): mesos.HealthCheck {
  if (check.type !== undefined) return check;
  if (check.command !== undefined) return { ...check, type: 'COMMAND' };
  return check.http === undefined ? check : { ...check, type: 'HTTP' };
}
