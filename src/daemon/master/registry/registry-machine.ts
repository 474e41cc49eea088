/**
 * The registry's state machine: what each operation of the log means for the tables. Deterministic, a function of the
 * tables and the operation alone, so that every member and every replay comes to the same state; the tables are a
 * parameter, so that memory and SQLite share these rules. Source: spec page 07, 7.2; architecture, section 4.
 *
 * A refused operation changes nothing. An operation that this build does not know is an error of the caller
 * (`applyOperation` asserts): it must never be skipped.
 */
import { AssertionError } from '../../../base/assert.js';
import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { RegistryResult } from '../core/protocol.js';

/** Tables of times by id. */
export type TimeTable = 'unreachable' | 'gone' | 'tombstones';
export type RegistryTable = 'agents' | 'frameworks' | TimeTable;

/** Where the state lives. Every method is a plain read or write of one row. */
export interface RegistryTables {
  has(table: RegistryTable, id: string): boolean;
  delete(table: RegistryTable, id: string): void;
  putAgent(id: string, info: mesos.AgentInfo): void;
  putTime(table: TimeTable, id: string, time: mesos.TimeInfo): void;
  /** Connected from here on: takes `disconnectedAt` away. */
  putFramework(id: string, info: mesos.FrameworkInfo): void;
  putDisconnectedAt(frameworkId: string, time: mesos.TimeInfo): void;
  putMaster(info: mesos.MasterInfo): void;
  putWeight(role: string, weight: number): void;
  /** Deletes the oldest tombstones beyond `count`. */
  keepNewestTombstones(count: number): void;
}

/** Removed frameworks that are remembered, so that their agents learn of it; bounded, oldest forgotten first. */
export const MAX_TOMBSTONES = 10_000;

const OK: RegistryResult = { ok: true };

function refuse(message: string): RegistryResult {
  return { ok: false, message };
}

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
  'update_weights',
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
  if (operation.update_weights !== undefined) return updateWeights(tables, operation.update_weights);
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
  tables.putTime('gone', id, mark.gone_time);
  return OK;
}

function removeAgent(tables: RegistryTables, { agent_id: agentId }: registry.RemoveAgent): RegistryResult {
  if (!tables.has('agents', agentId.value)) return refuse(`Agent ${agentId.value} is not admitted`);
  tables.delete('agents', agentId.value);
  return OK;
}

function prune(tables: RegistryTables, ids: registry.Prune): RegistryResult {
  for (const id of ids.unreachable ?? []) tables.delete('unreachable', id.value);
  for (const id of ids.gone ?? []) tables.delete('gone', id.value);
  return OK;
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
