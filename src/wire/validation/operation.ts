/**
 * The shape of offer operations: a known type, its payload, and the amounts and targets in it. Source: spec page 01, "Operation validation",
 * as far as no agent, framework or resource arithmetic is needed; the rest belongs to the master core.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../gen/mesos.js';
import { expecting, type PayloadTable, validateCallShape } from './call-shape.js';
import { validateId } from './ids.js';

const PAYLOADS: PayloadTable<mesos.Offer_Operation_Type, mesos.Offer_Operation> = {
  UNKNOWN: null,
  LAUNCH: 'launch',
  LAUNCH_GROUP: 'launch_group',
  RESERVE: 'reserve',
  UNRESERVE: 'unreserve',
  CREATE: 'create',
  DESTROY: 'destroy',
  GROW_VOLUME: 'grow_volume',
  SHRINK_VOLUME: 'shrink_volume',
  CREATE_DISK: 'create_disk',
  DESTROY_DISK: 'destroy_disk',
};

/** First complaint about the shape of `operation`; undefined when there is none. */
export function validateOperation(operation: mesos.Offer_Operation): Rejection | undefined {
  return (
    validateCallShape(operation, PAYLOADS) ??
    (operation.type === 'UNKNOWN' ? reject('invalid', 'Operation type UNKNOWN cannot be performed') : undefined) ??
    (operation.id && validateId(operation.id.value, 'Operation id')) ??
    payloadComplaint(operation)
  );
}

function payloadComplaint(operation: mesos.Offer_Operation): Rejection | undefined {
  const { type, create, grow_volume: grow, shrink_volume: shrink, create_disk: createDisk } = operation;
  if (type === 'CREATE') return createComplaint(create?.volumes ?? []);
  if (type === 'GROW_VOLUME' && grow !== undefined) return growComplaint(grow);
  if (type === 'SHRINK_VOLUME' && shrink !== undefined) return shrinkComplaint(shrink);
  if (type === 'CREATE_DISK' && createDisk !== undefined) return createDiskComplaint(createDisk);
  return undefined;
}

function createComplaint(volumes: readonly mesos.Resource[]): Rejection | undefined {
  for (const { disk } of volumes) {
    if (disk?.persistence === undefined) return expecting('create.volumes.disk.persistence');
    if (disk.volume === undefined) return expecting('create.volumes.disk.volume');
    if (disk.volume.mode === 'RO') return reject('invalid', 'A persistent volume cannot be created read-only');
    const invalid = validateId(disk.persistence.id, 'Persistence id');
    if (invalid !== undefined) return invalid;
  }
  return undefined;
}

function growComplaint({ volume, addition }: mesos.Offer_Operation_GrowVolume): Rejection | undefined {
  if (!((addition.scalar?.value ?? 0) > 0))
    return reject('invalid', "'grow_volume.addition' must be an amount above zero");
  if (volume.provider_id !== undefined || addition.provider_id !== undefined) {
    return reject('invalid', 'A volume of a resource provider cannot be grown');
  }
  return resizableComplaint(volume);
}

function shrinkComplaint({ volume, subtract }: mesos.Offer_Operation_ShrinkVolume): Rejection | undefined {
  if (!(subtract.value > 0)) return reject('invalid', "'shrink_volume.subtract' must be above zero");
  if (!(subtract.value < (volume.scalar?.value ?? 0))) {
    return reject('invalid', "'shrink_volume.subtract' must be less than the size of the volume");
  }
  if (volume.disk?.source?.type === 'MOUNT') return reject('invalid', 'A volume on a MOUNT disk cannot be shrunk');
  return resizableComplaint(volume);
}

function resizableComplaint(volume: mesos.Resource): Rejection | undefined {
  if (volume.disk?.persistence === undefined) return reject('invalid', 'Only persistent volumes can be resized');
  return volume.shared === undefined ? undefined : reject('invalid', 'A shared volume cannot be resized');
}

function createDiskComplaint({
  source,
  target_type,
  target_profile,
}: mesos.Offer_Operation_CreateDisk): Rejection | undefined {
  if (source.disk?.source?.type !== 'RAW') return reject('invalid', "'create_disk.source' must be a RAW disk");
  if (target_type !== 'MOUNT' && target_type !== 'BLOCK') {
    return reject('invalid', "'create_disk.target_type' must be MOUNT or BLOCK");
  }
  if ((source.disk.source.profile === undefined) === (target_profile !== undefined)) return undefined;
  return reject('invalid', "'create_disk.target_profile' must be set if and only if the source has no profile");
}
