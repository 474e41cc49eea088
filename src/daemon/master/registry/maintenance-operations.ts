/**
 * The operations of maintenance on the registry's tables. What they mean is in core/model/maintenance-plan.ts, which the leader
 * asks as well. Deterministic, as everything in registry-machine.ts, and a refused operation changes nothing.
 */
import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import { type MaintenancePlan, withSchedule, withStarted, withStopped } from '../core/model/maintenance-plan.js';
import type { RegistryResult } from '../core/protocol.js';
import { OK, refuse } from './registry-result.js';
import type { RegistryTables } from './registry-tables.js';

export function updateSchedule(tables: RegistryTables, { schedule }: registry.UpdateSchedule): RegistryResult {
  const before = planOf(tables);
  return put(tables, before, withSchedule(before, schedule));
}

export function startMaintenance(
  tables: RegistryTables,
  { machine_ids: ids = [] }: registry.StartMaintenance,
): RegistryResult {
  const before = planOf(tables);
  return put(tables, before, withStarted(before, ids));
}

export function stopMaintenance(
  tables: RegistryTables,
  { machine_ids: ids = [] }: registry.StopMaintenance,
): RegistryResult {
  const before = planOf(tables);
  return put(tables, before, withStopped(before, ids));
}

function planOf(tables: RegistryTables): MaintenancePlan {
  return { machines: tables.machines(), schedule: tables.schedule() };
}

/** Only the rows that change. */
function put(tables: RegistryTables, before: MaintenancePlan, after: MaintenancePlan | string): RegistryResult {
  if (typeof after === 'string') return refuse(after);
  for (const key of before.machines.keys()) if (!after.machines.has(key)) tables.delete('machines', key);
  for (const [key, info] of after.machines) if (before.machines.get(key) !== info) tables.putMachine(key, info);
  if (after.schedule !== before.schedule) tables.putSchedule(after.schedule);
  return OK;
}
