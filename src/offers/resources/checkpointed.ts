/**
 * What of an agent's resources was made at run time: dynamic reservations and persistent volumes. The agent remembers
 * exactly these, and lays them over what it is configured with whenever it starts. Pure. Source: spec page 05, 5.6, 5.7.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { type ResourceEntry, Resources } from './resources.js';

/** The part of an agent's total that is not in its configuration. */
export function checkpointedOf(total: Resources): Resources {
  return total.filter(isCheckpointed);
}

/** `configured` with what was made of it at run time; `conflict`: it does not hold that (any more). */
export function applyCheckpointed(configured: Resources, checkpointed: Resources): Resources | Rejection {
  const origin = Resources.of(checkpointed.toWire().map(asConfigured));
  if (!configured.contains(origin)) return reject('conflict', `${configured} do not contain ${origin}`);
  return configured.subtract(origin).add(checkpointed);
}

function isCheckpointed({ kind }: ResourceEntry): boolean {
  return kind.isPersistentVolume || kind.reservations.some(({ type }) => type === 'DYNAMIC');
}

function asConfigured(resource: mesos.Resource): mesos.Resource {
  const { disk, reservations, shared: _shared, ...rest } = resource;
  const configured = reservations?.filter(({ type }) => type !== 'DYNAMIC') ?? [];
  return {
    ...rest,
    ...(configured.length === 0 ? {} : { reservations: configured }),
    ...(disk?.source === undefined ? {} : { disk: { source: disk.source } }),
  };
}
