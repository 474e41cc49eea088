/**
 * What scheduling, starting and stopping maintenance does to machines and schedule (spec page 07, sections 7.2 and 7.8). Pure:
 * the master asks before it proposes a change, the registry when it applies it, and both come to the same answer.
 *
 * Invariant: the machines are exactly those of the schedule, each once, with its window's unavailability; each is DRAINING
 * or DOWN. A machine that is UP is not among them.
 */
import type * as maintenance from '../../../../wire/gen/maintenance.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { machineKey } from './machine-id.js';

export interface MaintenancePlan {
  /** By `machineKey`. */
  readonly machines: ReadonlyMap<string, mesos.MachineInfo>;
  /** undefined: nothing is scheduled. */
  readonly schedule: maintenance.Schedule | undefined;
}

/** `schedule` in the place of the one before, or why not. A machine that is DOWN stays in it until its maintenance is stopped. */
export function withSchedule(plan: MaintenancePlan, schedule: maintenance.Schedule): MaintenancePlan | string {
  const scheduled = machinesOf(schedule.windows ?? []);
  if (typeof scheduled === 'string') return scheduled;
  for (const [key, { id, mode }] of plan.machines)
    if (mode === 'DOWN' && !scheduled.has(key))
      return `Machine ${machineName(id)} is DOWN and cannot leave the schedule: stop its maintenance first`;
  const machines = new Map<string, mesos.MachineInfo>();
  for (const [key, { id, unavailability }] of scheduled)
    machines.set(key, { id, mode: plan.machines.get(key)?.mode ?? 'DRAINING', unavailability });
  return { machines, schedule: scheduled.size === 0 ? undefined : schedule };
}

/** DRAINING machines are DOWN from now on; all of `ids` or none. */
export function withStarted(plan: MaintenancePlan, ids: readonly mesos.MachineID[]): MaintenancePlan | string {
  const chosen = chooseMachines(plan, ids, 'DRAINING');
  if (typeof chosen === 'string') return chosen;
  const machines = new Map(plan.machines);
  for (const [key, info] of chosen) machines.set(key, { ...info, mode: 'DOWN' });
  return { machines, schedule: plan.schedule };
}

/** DOWN machines are UP again and leave the schedule; all of `ids` or none. */
export function withStopped(plan: MaintenancePlan, ids: readonly mesos.MachineID[]): MaintenancePlan | string {
  const chosen = chooseMachines(plan, ids, 'DOWN');
  if (typeof chosen === 'string') return chosen;
  const machines = new Map([...plan.machines].filter(([key]) => !chosen.has(key)));
  const windows = (plan.schedule?.windows ?? [])
    .map((window) => ({
      ...window,
      machine_ids: (window.machine_ids ?? []).filter((id) => !chosen.has(machineKey(id))),
    }))
    .filter((window) => window.machine_ids.length > 0);
  return { machines, schedule: windows.length === 0 ? undefined : { windows } };
}

/** As people read it. */
export function machineName({ hostname = '', ip = '' }: mesos.MachineID): string {
  return hostname === '' || ip === '' ? `${hostname}${ip}` : `${hostname} (${ip})`;
}

/** By their keys, or what is wrong with the windows. */
function machinesOf(
  windows: readonly maintenance.Window[],
): ReadonlyMap<string, Pick<mesos.MachineInfo, 'id' | 'unavailability'>> | string {
  const scheduled = new Map<string, Pick<mesos.MachineInfo, 'id' | 'unavailability'>>();
  for (const { machine_ids: ids = [], unavailability } of windows) {
    if (ids.length === 0) return 'A window of the schedule has no machines';
    if ((unavailability.duration?.nanoseconds ?? 0) < 0) return 'A window of the schedule has a negative duration';
    for (const id of ids) {
      const key = machineKey(id);
      if (isNobody(id)) return 'A machine of the schedule has neither hostname nor ip';
      if (scheduled.has(key)) return `Machine ${machineName(id)} is more than once in the schedule`;
      scheduled.set(key, { id, unavailability });
    }
  }
  return scheduled;
}

/** The machines of `ids` when all of them are in that mode, each named once; else what is wrong with them. */
function chooseMachines(
  { machines }: MaintenancePlan,
  ids: readonly mesos.MachineID[],
  mode: 'DRAINING' | 'DOWN',
): ReadonlyMap<string, mesos.MachineInfo> | string {
  if (ids.length === 0) return 'No machine is named';
  const chosen = new Map<string, mesos.MachineInfo>();
  for (const id of ids) {
    const key = machineKey(id);
    const info = machines.get(key);
    if (info === undefined) return `Machine ${machineName(id)} is not in the maintenance schedule`;
    if (info.mode !== mode) return `Machine ${machineName(id)} is not ${mode}, it is ${info.mode}`;
    if (chosen.has(key)) return `Machine ${machineName(id)} is named twice`;
    chosen.set(key, info);
  }
  return chosen;
}

function isNobody({ hostname = '', ip = '' }: mesos.MachineID): boolean {
  return hostname === '' && ip === '';
}
