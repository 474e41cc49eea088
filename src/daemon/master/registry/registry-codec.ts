/**
 * Bytes of the registry: entries of the log, the answers to them, and the whole state on its way to a new leader. Formats have
 * versions; entries of a newer one are refused, never skipped. Source: mesoctl/registry.proto; architecture, sections 1 and 4.
 */
import { MesoError } from '../../../base/error.js';
import { isRejection, type Rejection } from '../../../base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../../wire/codec.js';
import * as registry from '../../../wire/gen/mesoctl-registry.js';
import * as mesos from '../../../wire/gen/mesos.js';
import { machineKey } from '../core/model/machine-id.js';
import type { RegistryResult, RegistryState } from '../core/protocol.js';
import { withMinimumCapabilities } from './minimum-capabilities.js';

/** Format of `Entry.version`. */
export const ENTRY_VERSION = 1;
/** The newest kind of operation that this build can apply; see `FEATURES`. */
export const REGISTRY_FEATURES = 2;
/** Operations of one entry; with what its largest operations hold it stays far below the 4 MiB that the log takes. */
export const MAX_ENTRY_OPERATIONS = 4_096;
/** An entry is closed when its operations hold this much. Bytes. */
const MAX_ENTRY_BYTES = 1024 * 1024;

/** What a member must be able to apply before a leader proposes an operation; kinds that are not here are of level 1. */
const FEATURES: Partial<Record<keyof registry.Operation, number>> = {
  drain_agent: 2,
  mark_agent_drained: 2,
  deactivate_agent: 2,
  reactivate_agent: 2,
  update_schedule: 2,
  start_maintenance: 2,
  stop_maintenance: 2,
  update_quota: 2,
};

export function featuresNeeded(operations: readonly registry.Operation[]): number {
  let needed = 1;
  for (const operation of operations)
    for (const kind of Object.keys(operation) as (keyof registry.Operation)[])
      needed = Math.max(needed, FEATURES[kind] ?? 1);
  return needed;
}

/** `stampedAtUnixMs`: the leader's clock. */
export function encodeEntry(operations: readonly registry.Operation[], stampedAtUnixMs: number): Uint8Array {
  return encodeProtobuf(registry.Entry, {
    version: ENTRY_VERSION,
    stamped_at_ms: Math.round(stampedAtUnixMs),
    operations: [...operations],
  });
}

/** In lots of which each makes one entry, in order. */
export function splitOperations(operations: readonly registry.Operation[]): readonly (readonly registry.Operation[])[] {
  const lots: registry.Operation[][] = [];
  let lot: registry.Operation[] = [];
  let bytes = 0;
  for (const operation of operations) {
    const size = encodeProtobuf(registry.Operation, operation).length;
    if (lot.length > 0 && (lot.length >= MAX_ENTRY_OPERATIONS || bytes + size > MAX_ENTRY_BYTES)) {
      lots.push(lot);
      lot = [];
      bytes = 0;
    }
    lot.push(operation);
    bytes += size;
  }
  if (lot.length > 0) lots.push(lot);
  return lots;
}

export function encodeResults(results: readonly RegistryResult[]): Uint8Array {
  return encodeProtobuf(registry.Results, {
    results: results.map((result) => (result.ok ? { ok: true } : { ok: false, message: result.message })),
  });
}

/** Of this build's own state machine: anything that cannot be read is a bug. */
export function decodeResults(bytes: Uint8Array): readonly RegistryResult[] {
  const decoded = decodeProtobuf(registry.Results, bytes);
  if (isRejection(decoded)) throw new MesoError('INTERNAL', `an answer of the registry: ${decoded.message}`);
  return (decoded.results ?? []).map(({ ok, message = '' }) => (ok ? { ok: true } : { ok: false, message }));
}

export function encodeRegistryState(state: RegistryState): Uint8Array {
  const encoded = Array.from(state.agents, ([id, info]) => [id, encodeProtobuf(mesos.AgentInfo, info)] as const);
  return encodeStoredState(new Map(encoded), state);
}

/** `agents`: each an AgentInfo as it is stored; they are neither decoded nor encoded again. */
export function encodeStoredState(
  agents: ReadonlyMap<string, Uint8Array>,
  rest: Omit<RegistryState, 'agents' | 'minimumCapabilities'>,
): Uint8Array {
  return encodeProtobuf(registry.State, {
    agents: [...agents.values()],
    frameworks: Array.from(rest.frameworks.values(), ({ info, disconnectedAt }) => ({
      info,
      disconnected_at: disconnectedAt,
    })),
    unreachable: marksOf(rest.unreachable),
    gone: marksOf(rest.gone),
    tombstones: marksOf(rest.tombstones),
    weights: Array.from(rest.weights, ([role, weight]) => ({ role, weight })),
    deactivated: Array.from(rest.deactivated, ([agent_id, { drain }]) => ({ agent_id, drain_info: drain })),
    machines: [...rest.machines.values()],
    schedule: rest.schedule,
    quotas: [...rest.quotas.values()],
  });
}

export function decodeRegistryState(bytes: Uint8Array): RegistryState | Rejection {
  const state = decodeProtobuf(registry.State, bytes);
  if (isRejection(state)) return state;
  const agents = decodeAgents(state.agents ?? []);
  if (isRejection(agents)) return agents;
  const { frameworks = [], weights = [], deactivated = [], machines = [], quotas = [] } = state;
  return withMinimumCapabilities({
    agents,
    frameworks: new Map(
      frameworks.map(({ info, disconnected_at: disconnectedAt }) => [info.id?.value ?? '', { info, disconnectedAt }]),
    ),
    unreachable: timesOf(state.unreachable),
    gone: timesOf(state.gone),
    tombstones: timesOf(state.tombstones),
    weights: new Map(weights.map(({ role = '', weight }) => [role, weight])),
    deactivated: new Map(
      deactivated.map(({ agent_id: id, drain_info: drain }) => [id, drain === undefined ? {} : { drain }]),
    ),
    machines: new Map(machines.map((info) => [machineKey(info.id), info])),
    schedule: state.schedule,
    quotas: new Map(quotas.map((config) => [config.role, config])),
  });
}

function decodeAgents(encoded: readonly Uint8Array[]): Map<string, mesos.AgentInfo> | Rejection {
  const agents = new Map<string, mesos.AgentInfo>();
  for (const bytes of encoded) {
    const info = decodeProtobuf(mesos.AgentInfo, bytes);
    if (isRejection(info)) return info;
    agents.set(info.id?.value ?? '', info);
  }
  return agents;
}

function marksOf(times: ReadonlyMap<string, mesos.TimeInfo>): registry.State_Marked[] {
  return Array.from(times, ([id, at]) => ({ id, at }));
}

function timesOf(marks: readonly registry.State_Marked[] = []): Map<string, mesos.TimeInfo> {
  return new Map(marks.map(({ id, at }) => [id, at]));
}
