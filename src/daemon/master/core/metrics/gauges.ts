/**
 * Current values by the names of spec page 10, computed when asked. Per framework only what it has done at least once.
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Context } from '../machine/context.js';
import type { FrameworkRecord } from '../model/framework.js';
import { stateName } from './task-metrics.js';

const RESOURCE_NAMES = ['cpus', 'gpus', 'mem', 'disk'] as const;
const LIVE_STATES: readonly mesos.TaskState[] = ['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING'];

export function gauges(context: Context, nowUnixMs: number, startedAtUnixMs: number): ReadonlyMap<string, number> {
  const { state } = context;
  const values = new Map<string, number>();
  const set = (name: string, value: number) => values.set(`master/${name}`, value);
  set('elected', state.electedAtUnixMs === undefined ? 0 : 1);
  set('uptime_secs', (nowUnixMs - startedAtUnixMs) / 1000);
  set('operator_event_stream_subscribers', state.operators.size);
  set('extension_event_stream_subscribers', context.watchers.size);
  set('outstanding_offers', state.offers.size);
  set('event_queue_messages', 0);
  set('event_queue_dispatches', context.jobs.isIdle ? 0 : 1);
  set('event_queue_http_requests', 0);
  set('http_cache_hits', 0);
  agentGauges(context, set);
  operationGauges(context, set);
  frameworkGauges(context, set);
  resourceGauges(context, values, set);
  for (const framework of state.frameworks.values()) perFramework(framework, set);
  allocatorGauges(context, values);
  return values;
}

type Set = (name: string, value: number) => void;

function agentGauges({ state }: Context, set: Set): void {
  let connected = 0;
  let active = 0;
  for (const agent of state.agents.values()) {
    if (agent.connected) connected++;
    if (agent.active) active++;
  }
  const disconnected = state.agents.size - connected;
  set('slaves_connected', connected);
  set('slaves_active', active);
  set('slaves_disconnected', disconnected);
  set('slaves_inactive', state.agents.size - active);
  set('slaves_unreachable', state.unreachableAgents.size);
}

function operationGauges({ state }: Context, set: Set): void {
  let total = 0;
  let pending = 0;
  for (const { operations } of state.agents.values()) {
    total += operations.size;
    for (const { isTerminal } of operations.values()) if (!isTerminal) pending++;
  }
  set('operations/total', total);
  set('operations/pending', pending);
  set('operations/recovering', 0);
}

function frameworkGauges({ state }: Context, set: Set): void {
  const connected = state.frameworksByStream.size;
  let unreachableTasks = 0;
  for (const framework of state.frameworks.values()) unreachableTasks += framework.unreachableTasks.size;
  set('frameworks_connected', connected);
  set('frameworks_active', connected);
  set('frameworks_disconnected', state.frameworks.size - connected);
  set('frameworks_inactive', state.frameworks.size - connected);
  for (const taskState of LIVE_STATES) set(`tasks_${stateName(taskState)}`, state.taskCounts.get(taskState) ?? 0);
  set('tasks_unreachable', unreachableTasks);
}

function resourceGauges({ state }: Context, values: Map<string, number>, set: Set): void {
  const sums = {
    total: new Map<string, number>(),
    used: new Map<string, number>(),
    offered: new Map<string, number>(),
  };
  for (const agent of state.agents.values()) {
    for (const entry of agent.total.entries) count(sums.total, entry.kind.name, entry.kind.revocable, entry.milli);
    for (const holding of agent.holdings.values())
      for (const entry of holding.used.entries) count(sums.used, entry.kind.name, entry.kind.revocable, entry.milli);
    for (const offer of agent.offers.values())
      for (const entry of offer.resources.entries)
        count(sums.offered, entry.kind.name, entry.kind.revocable, entry.milli);
  }
  const amount = (of: keyof typeof sums, name: string) => (sums[of].get(name) ?? 0) / 1000;
  for (const name of RESOURCE_NAMES) {
    for (const key of [name, `${name}_revocable`]) {
      const total = amount('total', key);
      const used = amount('used', key);
      set(`${key}_total`, total);
      set(`${key}_used`, used);
      set(`${key}_percent`, total === 0 ? 0 : used / total);
    }
    const all = (of: keyof typeof sums) => amount(of, name) + amount(of, `${name}_revocable`);
    values.set(`allocator/mesos/resources/${name}/total`, all('total'));
    values.set(`allocator/mesos/resources/${name}/offered_or_allocated`, all('used') + all('offered'));
  }
}

function count(sums: Map<string, number>, name: string, revocable: boolean, milli: number): void {
  const key = revocable ? `${name}_revocable` : name;
  sums.set(key, (sums.get(key) ?? 0) + milli);
}

function perFramework(framework: FrameworkRecord, set: Set): void {
  const prefix = `frameworks/${encodeURIComponent(framework.info.name)}/${framework.id}`;
  set(`${prefix}/subscribed`, framework.connected ? 1 : 0);
  for (const [suffix, value] of framework.counts) set(`${prefix}/${suffix}`, value);
  for (const role of framework.roles)
    set(`${prefix}/roles/${role}/suppressed`, framework.suppressedRoles.has(role) ? 1 : 0);
}

function allocatorGauges({ allocator }: Context, values: Map<string, number>): void {
  const { allocationRuns, activeFilters, roles } = allocator.snapshot();
  values.set('allocator/mesos/allocation_runs', allocationRuns);
  values.set('allocator/mesos/offer_filters/active', activeFilters);
  values.set('allocator/event_queue_dispatches', 0);
  values.set('allocator/mesos/event_queue_dispatches', 0);
  for (const [role, { dominantShare }] of roles)
    values.set(`allocator/mesos/roles/${role}/shares/dominant`, dominantShare);
}
