/**
 * The registry's state machine: what each operation of the log means for the tables. Deterministic, a function of the
 * tables and the operation alone, so that every member and every replay comes to the same state; the tables are a
 * parameter, so that memory and SQLite share these rules. Those of maintenance are in maintenance-operations.ts.
 * Source: spec page 07, 7.2; architecture, section 4.
 *
 * Whether an agent is offered and drains is kept by its id: through unreachable and back, until it is removed, gone or pruned.
 *
 * A refused operation changes nothing. An operation that this build does not know is an error of the caller
 * (`applyOperation` asserts): it must never be skipped.
 */
import { AssertionError } from '../../../base/assert.js';
import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import type * as quota from '../../../wire/gen/quota.js';
import type { Deactivation, RegistryResult } from '../core/protocol.js';
import { startMaintenance, stopMaintenance, updateSchedule } from './maintenance-operations.js';
import { OK, refuse } from './registry-result.js';
import type { RegistryTables } from './registry-tables.js';

/** Removed frameworks that are remembered, so that their agents learn of it; bounded, oldest forgotten first. */
export const MAX_TOMBSTONES = 10_000;

const KINDS: ReadonlySet<string> = new Set<keyof registry.Operation>([
  'set_master',
  'admit_agent',
  'update_agent',
  'mark_agent_unreachable',
  'mark_agent_reachable',
  'mark_agent_gone',
  'remove_agent',
  'prune',
  'admit_framework',
  'update_framework',
  'disconnect_framework',
  'remove_framework',
  'drain_agent',
  'mark_agent_drained',
  'deactivate_agent',
  'reactivate_agent',
  'update_schedule',
  'start_maintenance',
  'stop_maintenance',
  'update_weights',
  'update_quota',
]);

/** What a newer version wrote looks like an operation of no kind at all. */
export function isKnownOperation(operation: registry.Operation): boolean {
  return Object.keys(operation).some((kind) => KINDS.has(kind));
}

export function applyOperation(tables: RegistryTables, operation: registry.Operation): RegistryResult {
  if (operation.admit_agent !== undefined) return admitAgent(tables, operation.admit_agent);
  if (operation.update_agent !== undefined) return updateAgent(tables, operation.update_agent);
  if (operation.mark_agent_unreachable !== undefined) return markUnreachable(tables, operation.mark_agent_unreachable);
  if (operation.mark_agent_reachable !== undefined) return markReachable(tables, operation.mark_agent_reachable);
  if (operation.mark_agent_gone !== undefined) return markGone(tables, operation.mark_agent_gone);
  if (operation.remove_agent !== undefined) return removeAgent(tables, operation.remove_agent);
  if (operation.prune !== undefined) return prune(tables, operation.prune);
  if (operation.admit_framework !== undefined) return admitFramework(tables, operation.admit_framework);
  if (operation.update_framework !== undefined) return updateFramework(tables, operation.update_framework);
  if (operation.disconnect_framework !== undefined) return disconnectFramework(tables, operation.disconnect_framework);
  if (operation.remove_framework !== undefined) return removeFramework(tables, operation.remove_framework);
  if (operation.drain_agent !== undefined) return drainAgent(tables, operation.drain_agent);
  if (operation.mark_agent_drained !== undefined) return markDrained(tables, operation.mark_agent_drained);
  if (operation.deactivate_agent !== undefined) return deactivateAgent(tables, operation.deactivate_agent);
  if (operation.reactivate_agent !== undefined) return reactivateAgent(tables, operation.reactivate_agent);
  if (operation.update_schedule !== undefined) return updateSchedule(tables, operation.update_schedule);
  if (operation.start_maintenance !== undefined) return startMaintenance(tables, operation.start_maintenance);
  if (operation.stop_maintenance !== undefined) return stopMaintenance(tables, operation.stop_maintenance);
  if (operation.update_weights !== undefined) return updateWeights(tables, operation.update_weights);
  if (operation.update_quota !== undefined) return updateQuota(tables, operation.update_quota);
  if (operation.set_master !== undefined) {
    tables.putMaster(operation.set_master.master_info);
    return OK;
  }
  throw new AssertionError('a registry operation of a newer version: this build must not apply the log');
}

function admitAgent(tables: RegistryTables, { agent_info: info }: registry.AdmitAgent): RegistryResult {
  const id = info.id?.value ?? '';
  if (id === '') return refuse('An agent without an id cannot be admitted');
  if (tables.has('agents', id)) return refuse(`Agent ${id} is admitted already`);
  if (tables.has('gone', id)) return refuse(`Agent ${id} is marked gone`);
  if (tables.has('unreachable', id)) return refuse(`Agent ${id} is marked unreachable`);
  tables.putAgent(id, info);
  return OK;
}

function updateAgent(tables: RegistryTables, { agent_info: info }: registry.UpdateAgent): RegistryResult {
  const id = info.id?.value ?? '';
  if (!tables.has('agents', id)) return refuse(`Agent ${id} is not admitted`);
  tables.putAgent(id, info);
  return OK;
}

function markUnreachable(tables: RegistryTables, mark: registry.MarkAgentUnreachable): RegistryResult {
  const id = mark.agent_id.value;
  if (!tables.has('agents', id)) return refuse(`Agent ${id} is not admitted`);
  tables.delete('agents', id);
  tables.putTime('unreachable', id, mark.unreachable_time);
  return OK;
}

/** Also admits an agent that nothing is known of: it was pruned while it was away. */
function markReachable(tables: RegistryTables, { agent_info: info }: registry.MarkAgentReachable): RegistryResult {
  const id = info.id?.value ?? '';
  if (id === '') return refuse('An agent without an id cannot be admitted');
  if (tables.has('gone', id)) return refuse(`Agent ${id} is marked gone`);
  tables.delete('unreachable', id);
  tables.putAgent(id, info);
  return OK;
}

/** Marking it again keeps the first time. */
function markGone(tables: RegistryTables, mark: registry.MarkAgentGone): RegistryResult {
  const id = mark.agent_id.value;
  if (tables.has('gone', id)) return OK;
  if (!tables.has('agents', id) && !tables.has('unreachable', id)) return refuse(`Agent ${id} is unknown`);
  tables.delete('agents', id);
  tables.delete('unreachable', id);
  tables.delete('deactivated', id);
  tables.putTime('gone', id, mark.gone_time);
  return OK;
}

function removeAgent(tables: RegistryTables, { agent_id: { value: id } }: registry.RemoveAgent): RegistryResult {
  if (!tables.has('agents', id)) return refuse(`Agent ${id} is not admitted`);
  tables.delete('agents', id);
  tables.delete('deactivated', id);
  return OK;
}

/** An agent that is back by now keeps what an operator wanted of it. */
function prune(tables: RegistryTables, ids: registry.Prune): RegistryResult {
  for (const { value: id } of ids.unreachable ?? []) {
    if (!tables.has('unreachable', id)) continue;
    tables.delete('unreachable', id);
    tables.delete('deactivated', id);
  }
  for (const { value: id } of ids.gone ?? []) tables.delete('gone', id);
  return OK;
}

function drainAgent(tables: RegistryTables, { agent_id: agentId, config }: registry.DrainAgent): RegistryResult {
  return deactivate(tables, agentId.value, { drain: { state: 'DRAINING', config } });
}

function markDrained(tables: RegistryTables, { agent_id: { value: id } }: registry.MarkAgentDrained): RegistryResult {
  const drain = tables.deactivation(id)?.drain;
  if (drain?.state !== 'DRAINING') return refuse(`Agent ${id} is not draining`);
  tables.putDeactivation(id, { drain: { ...drain, state: 'DRAINED' } });
  return OK;
}

/** One that drains goes on with it. */
function deactivateAgent(
  tables: RegistryTables,
  { agent_id: { value: id } }: registry.DeactivateAgent,
): RegistryResult {
  return deactivate(tables, id, tables.deactivation(id) ?? {});
}

function deactivate(tables: RegistryTables, id: string, deactivation: Deactivation): RegistryResult {
  if (!isPresent(tables, id)) return refuse(`Agent ${id} is neither admitted nor unreachable`);
  tables.putDeactivation(id, deactivation);
  return OK;
}

function reactivateAgent(
  tables: RegistryTables,
  { agent_id: { value: id } }: registry.ReactivateAgent,
): RegistryResult {
  if (!isPresent(tables, id)) return refuse(`Agent ${id} is neither admitted nor unreachable`);
  tables.delete('deactivated', id);
  return OK;
}

function isPresent(tables: RegistryTables, agentId: string): boolean {
  return tables.has('agents', agentId) || tables.has('unreachable', agentId);
}

function admitFramework(tables: RegistryTables, { framework_info: info }: registry.AdmitFramework): RegistryResult {
  const id = info.id?.value ?? '';
  if (id === '') return refuse('A framework without an id cannot be registered');
  if (tables.has('tombstones', id)) return refuse('Framework has been removed');
  tables.putFramework(id, info);
  return OK;
}

function updateFramework(tables: RegistryTables, { framework_info: info }: registry.UpdateFramework): RegistryResult {
  const id = info.id?.value ?? '';
  if (!tables.has('frameworks', id)) return refuse(`Framework ${id} is not registered`);
  tables.putFramework(id, info);
  return OK;
}

function disconnectFramework(tables: RegistryTables, change: registry.DisconnectFramework): RegistryResult {
  const id = change.framework_id.value;
  if (!tables.has('frameworks', id)) return refuse(`Framework ${id} is not registered`);
  tables.putDisconnectedAt(id, change.disconnected_at);
  return OK;
}

/** Also for one that was never registered: its agents may know it. */
function removeFramework(tables: RegistryTables, change: registry.RemoveFramework): RegistryResult {
  const id = change.framework_id.value;
  tables.delete('frameworks', id);
  tables.putTime('tombstones', id, change.removed_at);
  tables.keepNewestTombstones(MAX_TOMBSTONES);
  return OK;
}

function updateWeights(tables: RegistryTables, { weight_infos: infos = [] }: registry.UpdateWeights): RegistryResult {
  const invalid = infos.find(({ role, weight }) => (role ?? '') === '' || !(weight > 0) || !Number.isFinite(weight));
  if (invalid !== undefined) return refuse(`Role ${invalid.role ?? ''} cannot have the weight ${invalid.weight}`);
  for (const { role = '', weight } of infos) tables.putWeight(role, weight);
  return OK;
}

function updateQuota(tables: RegistryTables, { quota_configs: configs = [] }: registry.UpdateQuota): RegistryResult {
  const invalid = configs.find((config) => config.role === '' || !quantitiesOf(config).every(isQuantity));
  if (invalid !== undefined) return refuse(`Role ${invalid.role} cannot have this quota`);
  for (const config of configs) {
    if (quantitiesOf(config).length > 0) tables.putQuota(config.role, config);
    else tables.delete('quotas', config.role);
  }
  return OK;
}

/** Of guarantees and limits. */
function quantitiesOf({ guarantees = {}, limits = {} }: quota.QuotaConfig): readonly number[] {
  return [...Object.values(guarantees), ...Object.values(limits)].map(({ value }) => value);
}

function isQuantity(value: number): boolean {
  return value >= 0 && Number.isFinite(value);
}
