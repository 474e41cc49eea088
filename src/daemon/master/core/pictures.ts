/**
 * The extension API's picture of the view: what its event stream carries and what FIND and KILL_TASK answer. Reads only, no
 * clock. Amounts that are zero are left out; times are Unix seconds. Source: mesoctl/api.proto.
 */

import type { RoleUse } from '../../../offers/allocator/allocator.js';
import type { Resources } from '../../../offers/resources/resources.js';
import type * as api from '../../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import { int64ToNumber } from '../../../wire/int64.js';
import { isDetachedLaunch } from '../../../wire/launch-label.js';
import { Tally } from './model/tally.js';
import type { AgentView, FrameworkView, LostAgent, MasterView, OfferView, TallyView, TaskView } from './view.js';

const MAX_MESSAGE_CHARS = 512;
const MAX_PORTS = 8;
const FAILURES = ['failed', 'lost', 'error', 'dropped', 'gone', 'gone_by_operator'].map(
  (state) => `tasks/terminal/task_${state}`,
);
const LOSSES = ['lost', 'dropped', 'gone', 'gone_by_operator'].map((state) => `master/tasks_${state}`);

const PLACES: Readonly<Record<TaskView['place'], api.Task_Place>> = {
  live: 'LIVE',
  unreachable: 'UNREACHABLE',
  completed: 'COMPLETED',
  // Never shown.
  forgotten: 'COMPLETED',
};

// Agents.

/** In any state; undefined: the master does not know it, or holds it as gone. */
export function agentPicture(view: MasterView, agentId: string): api.Agent | undefined {
  const agent = view.agents.get(agentId);
  if (agent !== undefined) return registeredAgent(agent);
  const recovered = view.recoveredAgents.get(agentId);
  if (recovered !== undefined) return recoveredAgent(agentId, recovered, view.electedAtUnixMs);
  const since = view.unreachableAgents.get(agentId);
  return since === undefined ? undefined : unreachableAgent(agentId, since, view.lostAgents.get(agentId));
}

function registeredAgent(agent: AgentView): api.Agent {
  const { info, total } = agent;
  return {
    agent_id: { value: agent.id },
    state: agentState(agent),
    since: stateSince(agent) / 1000,
    hostname: info.hostname,
    ip: agent.ip,
    port: agent.port,
    version: agent.version,
    registered_at: agent.registeredAtUnixMs / 1000,
    attributes: info.attributes,
    total: amountsOf(total),
    reserved: someAmounts(total.reserved()),
    usage: agentUsage(agent),
  };
}

function agentState({ connected, deactivation }: AgentView): api.Agent_State {
  if (!connected) return 'DISCONNECTED';
  if (deactivation === undefined) return 'ACTIVE';
  const drain = deactivation.drain?.state;
  return drain === 'DRAINING' || drain === 'DRAINED' ? drain : 'DEACTIVATED';
}

function stateSince({ connected, connectionSinceUnixMs, deactivatedSinceUnixMs = 0 }: AgentView): number {
  return connected ? Math.max(connectionSinceUnixMs, deactivatedSinceUnixMs) : connectionSinceUnixMs;
}

function recoveredAgent(agentId: string, info: mesos.AgentInfo, electedAtUnixMs: number | undefined): api.Agent {
  return {
    agent_id: { value: agentId },
    state: 'RECOVERED',
    since: seconds(electedAtUnixMs),
    hostname: info.hostname,
    port: info.port,
    attributes: info.attributes,
  };
}

function unreachableAgent(agentId: string, since: mesos.TimeInfo, lost: LostAgent | undefined): api.Agent {
  return {
    agent_id: { value: agentId },
    state: 'UNREACHABLE',
    since: int64ToNumber(since.nanoseconds) / 1e9,
    hostname: lost?.info.hostname,
    ip: lost?.ip,
    port: lost?.info.port,
    version: lost?.version,
    registered_at: seconds(lost?.registeredAtUnixMs),
    attributes: lost?.info.attributes,
    total: lost?.total === undefined ? undefined : amountsOf(lost.total),
    reserved: lost?.total === undefined ? undefined : someAmounts(lost.total.reserved()),
  };
}

/** O(frameworks and offers on the agent). */
export function agentUsage(agent: AgentView): api.AgentUsage {
  const allocated = new Tally();
  let tasks = 0;
  for (const holding of agent.holdings.values()) {
    tasks += holding.tasks.size;
    allocated.add(holding.used);
  }
  const offered = new Tally();
  for (const offer of agent.offers.values()) offered.add(offer.resources);
  return {
    agent_id: { value: agent.id },
    tasks,
    allocated: tallied(allocated),
    offered: tallied(offered),
  };
}

// Frameworks.

export function frameworkPicture(view: MasterView, framework: FrameworkView): api.Framework {
  const { info, state } = framework;
  const isAway = state === 'DISCONNECTED' || state === 'RECOVERED';
  return {
    framework_id: { value: framework.id },
    state,
    since: framework.stateSinceUnixMs / 1000,
    name: info.name,
    user: info.user,
    roles: [...framework.roles],
    suppressed_roles: framework.suppressedRoles.size === 0 ? undefined : [...framework.suppressedRoles],
    principal: info.principal,
    hostname: info.hostname,
    webui_url: info.webui_url,
    registered_at: framework.registeredAtUnixMs / 1000,
    failover_timeout_seconds: info.failover_timeout ?? 0,
    failover_deadline: isAway ? seconds(framework.removalAtUnixMs) : undefined,
    back_pressured: framework.backPressured ? true : undefined,
    usage: frameworkUsage(framework, view.totals()),
    detached: isDetachedLaunch(info.labels) ? true : undefined,
  };
}

/** `totals`: of the cluster, in natural units. */
export function frameworkUsage(framework: FrameworkView, totals: ReadonlyMap<string, number>): api.FrameworkUsage {
  const { counts, allocatedTally } = framework;
  const count = (suffix: string) => counts.get(suffix) ?? 0;
  return {
    framework_id: { value: framework.id },
    tasks: framework.tasks.size,
    offers: framework.offers.size,
    allocated: tallied(allocatedTally),
    offered: tallied(framework.offeredTally),
    dominant_share: dominantShare(allocatedTally, totals),
    offers_sent: count('offers/sent'),
    offers_accepted: count('offers/accepted'),
    offers_declined: count('offers/declined'),
    tasks_failed: FAILURES.reduce((sum, suffix) => sum + count(suffix), framework.refusedLaunches),
  };
}

function dominantShare(tally: TallyView, totals: ReadonlyMap<string, number>): number {
  const part = (milli: number, name: string) => {
    const total = totals.get(name) ?? 0;
    return total > 0 ? milli / 1000 / total : 0;
  };
  const shares = [part(tally.cpus, 'cpus'), part(tally.mem, 'mem'), part(tally.disk, 'disk'), part(tally.gpus, 'gpus')];
  return Math.min(1, Math.max(...shares));
}

// Tasks.

export function taskPicture(task: TaskView): api.Task {
  const { message, lastStatus } = task;
  return {
    framework_id: message.framework_id,
    task_id: message.task_id,
    state: message.state,
    place: PLACES[task.place],
    since: seconds(task.stateSinceUnixMs),
    launched_at: seconds(task.launchedAtUnixMs),
    agent_id: message.agent_id,
    executor_id: message.executor_id ?? message.task_id,
    name: message.name,
    role: task.resources.allocationRole,
    resources: amountsOf(task.resources),
    limits: limitsOf(task),
    reason: lastStatus?.reason,
    source: lastStatus?.source,
    message: cut(lastStatus?.message),
    healthy: lastStatus?.healthy,
    ip: lastStatus?.container_status?.network_infos?.[0]?.ip_addresses?.[0]?.ip_address,
    ports: portsOf(task.resources),
  };
}

/** Those of `limits` that say something else than the resources do. */
function limitsOf({ message, resources }: TaskView): api.Amounts | undefined {
  const { limits } = message;
  if (limits === undefined) return undefined;
  const other = (name: string) => {
    const value = limits[name]?.value;
    return value === undefined || value === resources.scalar(name) ? undefined : value;
  };
  const found = { cpus: other('cpus'), gpus: other('gpus'), mem_mb: other('mem'), disk_mb: other('disk') };
  return Object.values(found).every((value) => value === undefined) ? undefined : found;
}

function portsOf(resources: Resources): number[] | undefined {
  if (!resources.entries.some(({ kind }) => kind.name === 'ports')) return undefined;
  const ranges = resources.ranges('ports');
  const ports: number[] = [];
  for (let i = 0; i + 1 < ranges.length; i += 2)
    for (let port = ranges[i] ?? 0; port <= (ranges[i + 1] ?? -1) && ports.length < MAX_PORTS; port++) ports.push(port);
  return ports.length === 0 ? undefined : ports;
}

/** Never ends in half a character. */
function cut(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= MAX_MESSAGE_CHARS) return text;
  const isHalf = (text.codePointAt(MAX_MESSAGE_CHARS - 1) ?? 0) > 0xffff;
  return text.slice(0, isHalf ? MAX_MESSAGE_CHARS - 1 : MAX_MESSAGE_CHARS);
}

// Offers.

export function offerPicture(offer: OfferView): api.Offer {
  const { resources } = offer;
  return {
    offer_id: { value: offer.id },
    framework_id: { value: offer.frameworkId },
    agent_id: { value: offer.agentId },
    role: offer.role,
    resources: amountsOf(resources),
    reserved: someAmounts(resources.reserved()),
    revocable: someAmounts(resources.revocable()),
    ports: resources.quantityMilli('ports') / 1000 || undefined,
    made_at: offer.madeAtUnixMs / 1000,
    expires_at: seconds(offer.expiresAtUnixMs),
  };
}

// Roles and counts.

export function rolePicture(role: RoleUse): api.Role {
  return {
    name: role.name,
    weight: role.weight,
    frameworks: role.frameworks,
    allocated: named(role.allocated),
    offered: named(role.offered),
    reserved: role.reserved.size === 0 ? undefined : named(role.reserved),
    dominant_share: role.dominantShare,
    fair_share: role.fairShare,
    guarantee: role.guarantee === undefined ? undefined : named(role.guarantee),
    limit: role.limit === undefined ? undefined : named(role.limit),
    quota: role.guarantee === undefined && role.limit === undefined ? undefined : quotaPicture(role),
  };
}

function quotaPicture({ guarantee, limit, consumed, offeredFirm }: RoleUse): api.RoleQuota {
  return {
    guarantees: scalarsOf(guarantee),
    limits: scalarsOf(limit),
    consumed: scalarsOf(consumed),
    offered: scalarsOf(offeredFirm),
  };
}

function scalarsOf(amounts: ReadonlyMap<string, number> = new Map()): Record<string, mesos.Value_Scalar> {
  return Object.fromEntries(Array.from(amounts, ([name, value]) => [name, { value }]));
}

export function countsPicture(view: MasterView): api.Counts {
  const { happenings, counters } = view;
  const count = (name: string) => counters.get(name) ?? 0;
  return {
    offers_sent: happenings.offersSent,
    offers_accepted: happenings.offersAccepted,
    offers_declined: happenings.offersDeclined,
    offers_rescinded: happenings.offersRescinded,
    tasks_launched: happenings.tasksLaunched,
    tasks_finished: count('master/tasks_finished'),
    tasks_failed: count('master/tasks_failed'),
    tasks_killed: count('master/tasks_killed'),
    tasks_error: count('master/tasks_error'),
    tasks_lost: LOSSES.reduce((sum, name) => sum + count(name), 0),
    allocation_runs: view.allocationRuns,
  };
}

// Amounts.

function amountsOf(resources: Resources): api.Amounts {
  const tally = new Tally();
  tally.add(resources);
  return tallied(tally);
}

function someAmounts(resources: Resources): api.Amounts | undefined {
  return resources.isEmpty ? undefined : amountsOf(resources);
}

function tallied({ cpus, gpus, mem, disk }: TallyView): api.Amounts {
  return { cpus: natural(cpus), gpus: natural(gpus), mem_mb: natural(mem), disk_mb: natural(disk) };
}

function named(scalars: ReadonlyMap<string, number>): api.Amounts {
  return {
    cpus: scalars.get('cpus') || undefined,
    gpus: scalars.get('gpus') || undefined,
    mem_mb: scalars.get('mem') || undefined,
    disk_mb: scalars.get('disk') || undefined,
  };
}

function natural(milli: number): number | undefined {
  return milli === 0 ? undefined : milli / 1000;
}

function seconds(unixMs: number | undefined): number | undefined {
  return unixMs === undefined ? undefined : unixMs / 1000;
}
