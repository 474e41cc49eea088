/** Identity of machines under maintenance (spec page 07, section 7.8): hostname, of which case does not matter, and ip. */
import type * as mesos from '../../../../wire/gen/mesos.js';

/** Equal for equal machines only. ASCII alone folds, as in Mesos: every member of a cluster has to come to the same key. */
export function machineKey({ hostname, ip }: mesos.MachineID): string {
  const folded = hostname?.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return JSON.stringify([folded ?? '', ip ?? '']);
}
