/** Which volumes an operation makes and unmakes: read off the agent's total before and after it. Pure. */
import { isRejection, type Rejection } from '../../../../base/rejection.js';
import type { Resources } from '../../../../offers/resources/resources.js';
import { type Volume, volumeKey, volumeOf } from '../../../../runtime/volumes/volume.js';

export interface VolumeDifference {
  readonly create: readonly Volume[];
  readonly destroy: readonly Volume[];
}

/** A volume that only changed its size is in neither. */
export function differenceOf(before: Resources, after: Resources): VolumeDifference | Rejection {
  const old = volumesOf(before);
  if (isRejection(old)) return old;
  const now = volumesOf(after);
  if (isRejection(now)) return now;
  return { create: onlyIn(now, old), destroy: onlyIn(old, now) };
}

/** By key. */
export function volumesOf(resources: Resources): ReadonlyMap<string, Volume> | Rejection {
  const volumes = new Map<string, Volume>();
  for (const resource of resources.persistentVolumes().toWire()) {
    const volume = volumeOf(resource);
    if (isRejection(volume)) return volume;
    if (volume !== undefined) volumes.set(volumeKey(volume), volume);
  }
  return volumes;
}

function onlyIn(these: ReadonlyMap<string, Volume>, those: ReadonlyMap<string, Volume>): readonly Volume[] {
  return [...these].filter(([key]) => !those.has(key)).map(([, volume]) => volume);
}
