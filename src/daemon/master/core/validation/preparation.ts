/**
 * What the master fills in before it judges a task: resources in post-refinement format with the offer's role, the
 * framework of an executor, the type of a health check that old frameworks leave out. Source: spec page 01, ACCEPT.
 */
import { isRejection, type Rejection } from '../../../../base/rejection.js';
import { mapResources, resourcesIn } from '../../../../offers/resources/operations.js';
import { Resources } from '../../../../offers/resources/resources.js';
import { toPostRefinement, upgradeResource, validateResources } from '../../../../offers/resources/validation.js';
import type * as mesos from '../../../../wire/gen/mesos.js';

export interface PreparedTask {
  readonly info: mesos.TaskInfo;
  /** Of `info`, tagged with allocation_info. */
  readonly resources: Resources;
}

export function preparedTask(task: mesos.TaskInfo, frameworkId: string, role: string): PreparedTask | Rejection {
  const resources = preparedResources(task.resources ?? [], role);
  if (isRejection(resources)) return resources;
  const executor = task.executor === undefined ? undefined : preparedExecutor(task.executor, frameworkId, role);
  if (isRejection(executor)) return executor;
  const health_check = task.health_check === undefined ? undefined : preparedHealthCheck(task.health_check);
  return { info: { ...task, resources, executor, health_check }, resources: Resources.of(resources) };
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
