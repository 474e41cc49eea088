/**
 * Rules for the resources of tasks and executors that a single well-formed Resource does not show.
 * Source: spec page 01, "Task validation", rules 8 and 13.
 */
import { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { validateId } from '../../../../wire/validation/ids.js';

/** Prepared resources of one task or executor. */
export function resourcesComplaint(resources: readonly mesos.Resource[]): string | undefined {
  return (
    gpusComplaint(resources) ??
    firstComplaint(resources, diskComplaint) ??
    firstComplaint(resources, revocableComplaint) ??
    persistenceIdsComplaint(resources) ??
    allocationComplaint(resources) ??
    mixComplaint(resources)
  );
}

function firstComplaint(
  resources: readonly mesos.Resource[],
  complaintOf: (resource: mesos.Resource) => string | undefined,
): string | undefined {
  for (const resource of resources) {
    const complaint = complaintOf(resource);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function gpusComplaint(resources: readonly mesos.Resource[]): string | undefined {
  const isFractional = ({ name, scalar }: mesos.Resource) => name === 'gpus' && !Number.isInteger(scalar?.value ?? 0);
  return resources.some(isFractional) ? "the 'gpus' resource must be a whole number" : undefined;
}

function diskComplaint(resource: mesos.Resource): string | undefined {
  const { disk } = resource;
  if (disk === undefined) return undefined;
  const { persistence, volume, source } = disk;
  if (persistence === undefined) {
    if (volume !== undefined) return 'a disk volume without persistence is not supported';
    return source === undefined ? 'DiskInfo is empty' : undefined;
  }
  if ((resource.reservations ?? []).length === 0) return 'a persistent volume must be of reserved disk';
  if (resource.revocable !== undefined) return 'a persistent volume cannot be of revocable disk';
  if (volume === undefined) return "a persistent volume needs 'volume'";
  if (volume.host_path !== undefined) return 'a persistent volume cannot have a host_path';
  return validateId(persistence.id, 'persistence id')?.message;
}

function revocableComplaint(resource: mesos.Resource): string | undefined {
  const isDynamic = resource.reservations?.at(-1)?.type === 'DYNAMIC';
  return isDynamic && resource.revocable !== undefined
    ? 'dynamically reserved resources cannot be revocable'
    : undefined;
}

function persistenceIdsComplaint(resources: readonly mesos.Resource[]): string | undefined {
  const seen = new Set<string>();
  for (const { disk, reservations, shared } of resources) {
    if (disk?.persistence === undefined || shared !== undefined) continue;
    const key = `${reservations?.at(-1)?.role ?? '*'}\n${disk.persistence.id}`;
    if (seen.has(key)) return `persistence id '${disk.persistence.id}' is used twice`;
    seen.add(key);
  }
  return undefined;
}

function allocationComplaint(resources: readonly mesos.Resource[]): string | undefined {
  const roles = new Set(resources.map(({ allocation_info }) => allocation_info?.role));
  return roles.size > 1 ? 'the resources are allocated to more than one role' : undefined;
}

function mixComplaint(resources: readonly mesos.Resource[]): string | undefined {
  const revocable = new Set(resources.filter((resource) => resource.revocable !== undefined).map(({ name }) => name));
  const mixed = resources.find((resource) => resource.revocable === undefined && revocable.has(resource.name));
  return mixed === undefined ? undefined : `revocable and non-revocable '${mixed.name}' are mixed`;
}

/** Ports or set items that several of `lists` claim, or one claims twice. */
export function overlapComplaint(lists: readonly (readonly mesos.Resource[])[]): string | undefined {
  const claims = lists.flatMap((list) => list.filter(({ type }) => type !== 'SCALAR'));
  if (claims.length < 2) return undefined;
  const parts = claims.map((resource) => Resources.of([resource]));
  const merged = Resources.sum(parts);
  for (const name of merged.names()) {
    const asked = parts.reduce((sum, part) => sum + part.quantityMilli(name), 0);
    if (asked > merged.quantityMilli(name)) return `the same '${name}' are asked for more than once`;
  }
  return undefined;
}
