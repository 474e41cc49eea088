/** Tasks and executors as a re-registering agent reports them; undefined when their resources are not well formed. */
import { Resources } from '../../../../offers/resources/resources.js';
import { toPostRefinement, validateResources } from '../../../../offers/resources/validation.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { ExecutorRecord } from '../model/holding.js';
import { TaskRecord } from '../model/task.js';

/** Old reports may lack the allocation role: then it is the default role's. */
function tagged(resources: readonly mesos.Resource[]): mesos.Resource[] | undefined {
  if (validateResources(resources) !== undefined) return undefined;
  return toPostRefinement(resources).map((resource) =>
    resource.allocation_info?.role === undefined ? { ...resource, allocation_info: { role: '*' } } : resource,
  );
}

export function reportedTask(message: mesos.Task): TaskRecord | undefined {
  const resources = tagged(message.resources ?? []);
  if (resources === undefined) return undefined;
  const statuses = message.statuses?.map((status) => ({ ...status, data: undefined }));
  return new TaskRecord({ ...message, resources, statuses }, Resources.of(resources));
}

export function reportedExecutor(
  info: mesos.ExecutorInfo,
  frameworkId: string,
  agentId: string,
): ExecutorRecord | undefined {
  const resources = tagged(info.resources ?? []);
  if (resources === undefined) return undefined;
  return new ExecutorRecord(frameworkId, agentId, { ...info, resources }, Resources.of(resources));
}
