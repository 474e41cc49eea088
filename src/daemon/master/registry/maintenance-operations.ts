/**
 * What the operations of maintenance mean (spec page 07, sections 7.2 and 7.8). Deterministic, as everything in
 * registry-machine.ts, and a refused operation changes nothing.
 *
 * Invariant: the machines are exactly those of the schedule, each once, with its window's unavailability; each is DRAINING
 * or DOWN. A machine that is UP has no row.
 */
import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import { machineKey } from '../core/model/machine-id.js';
import type { RegistryResult } from '../core/protocol.js';
import { OK, refuse } from './registry-result.js';
import type { RegistryTables } from './registry-tables.js';

/** In the place of the schedule before. A machine that is DOWN stays in it until its maintenance is stopped. */
export function updateSchedule(tables: RegistryTables, { schedule }: registry.UpdateSchedule): RegistryResult {
  const scheduled = machinesOf(schedule.windows ?? []);
  if (typeof scheduled === 'string') return refuse(scheduled);
  const before = tables.machines();
  for (const [key, { id, mode }] of before)
    if (mode === 'DOWN' && !scheduled.has(key))
      return refuse(`Machine ${nameOf(id)} is DOWN and cannot leave the schedule: stop its maintenance first`);
  for (const key of before.keys()) if (!scheduled.has(key)) tables.delete('machines', key);
  for (const [key, { id, unavailability }] of scheduled) {
    const mode = before.get(key)?.mode ?? 'DRAINING';
    tables.putMachine(key, { id, mode, unavailability });
  }
  tables.putSchedule(scheduled.size === 0 ? undefined : schedule);
  return OK;
}

export function startMaintenance(
  tables: RegistryTables,
  { machine_ids: ids = [] }: registry.StartMaintenance,
): RegistryResult {
  const chosen = chooseMachines(tables, ids, 'DRAINING');
  if (typeof chosen === 'string') return refuse(chosen);
  for (const [key, info] of chosen) tables.putMachine(key, { ...info, mode: 'DOWN' });
  return OK;
}

export function stopMaintenance(
  tables: RegistryTables,
  { machine_ids: ids = [] }: registry.StopMaintenance,
): RegistryResult {
  const chosen = chooseMachines(tables, ids, 'DOWN');
  if (typeof chosen === 'string') return refuse(chosen);
  for (const key of chosen.keys()) tables.delete('machines', key);
  const windows = (tables.schedule()?.windows ?? [])
    .map((window) => ({
      ...window,
      machine_ids: (window.machine_ids ?? []).filter((id) => !chosen.has(machineKey(id))),
    }))
    .filter((window) => window.machine_ids.length > 0);
  tables.putSchedule(windows.length === 0 ? undefined : { windows });
  return OK;
}

type Windows = NonNullable<registry.UpdateSchedule['schedule']['windows']>;
type Scheduled = Pick<mesos.MachineInfo, 'id' | 'unavailability'>;

/** By their keys, or what is wrong with the windows. */
function machinesOf(windows: Windows): ReadonlyMap<string, Scheduled> | string {
  const scheduled = new Map<string, Scheduled>();
  for (const { machine_ids: ids = [], unavailability } of windows) {
    if (ids.length === 0) return 'A window of the schedule has no machines';
    if ((unavailability.duration?.nanoseconds ?? 0) < 0) return 'A window of the schedule has a negative duration';
    for (const id of ids) {
      const key = machineKey(id);
      if (isNobody(id)) return 'A machine of the schedule has neither hostname nor ip';
      if (scheduled.has(key)) return `Machine ${nameOf(id)} is more than once in the schedule`;
      scheduled.set(key, { id, unavailability });
    }
  }
  return scheduled;
}

/** The machines of `ids` when all of them are in that mode, each named once; else what is wrong with them. */
function chooseMachines(
  tables: RegistryTables,
  ids: readonly mesos.MachineID[],
  mode: 'DRAINING' | 'DOWN',
): ReadonlyMap<string, mesos.MachineInfo> | string {
  if (ids.length === 0) return 'No machine is named';
  const machines = tables.machines();
  const chosen = new Map<string, mesos.MachineInfo>();
  for (const id of ids) {
    const key = machineKey(id);
    const info = machines.get(key);
    if (info === undefined) return `Machine ${nameOf(id)} is not in the maintenance schedule`;
    if (info.mode !== mode) return `Machine ${nameOf(id)} is not ${mode}, it is ${info.mode}`;
    if (chosen.has(key)) return `Machine ${nameOf(id)} is named twice`;
    chosen.set(key, info);
  }
  return chosen;
}

function isNobody({ hostname = '', ip = '' }: mesos.MachineID): boolean {
  return hostname === '' && ip === '';
}

function nameOf({ hostname = '', ip = '' }: mesos.MachineID): string {
  return hostname === '' || ip === '' ? `${hostname}${ip}` : `${hostname} (${ip})`;
}
