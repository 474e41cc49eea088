/** Identity of machines under maintenance (spec page 07, section 7.8): hostname, of which case does not matter, and ip. */
import type * as mesos from '../../../../wire/gen/mesos.js';

/** Equal for equal machines only. ASCII alone folds, as in Mesos: every member of a cluster has to come to the same key. */
export function machineKey({ hostname, ip }: mesos.MachineID): string {
  const folded = hostname?.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return JSON.stringify([folded ?? '', ip ?? '']);
}

/**
 * The machine of an agent, of several that fit the one that is DOWN, then the most exact. What a MachineID leaves out fits any;
 * in Mesos both parts have to be there, so that a machine named by its hostname alone is nobody's.
 */
export function findMachineOf(
  machines: ReadonlyMap<string, mesos.MachineInfo>,
  hostname: string,
  ip: string,
): mesos.MachineInfo | undefined {
  if (machines.size === 0) return undefined;
  const found = [{ hostname, ip }, { hostname }, { ip }]
    .map((id) => machines.get(machineKey(id)))
    .filter((info) => info !== undefined);
  return found.find(({ mode }) => mode === 'DOWN') ?? found[0];
}
