/**
 * Why something is not offered, with numbers (issue: `task launch` prints it when nothing fits). Looks at the same facts in
 * the same order as the allocation run; changes nothing. One reason per agent: the first that stands in the way of the
 * client that gets furthest there.
 */

import { DEFAULT_ROLE } from '../../wire/validation/roles.js';
import type { Explanation } from '../allocator/allocator.js';
import { type AgentState, type Client, DEMANDS_GPU } from '../allocator/allocator-state.js';
import { offerObstacle, pairObstacle, visibleTo } from '../allocator/eligibility.js';
import type { Ledger } from '../allocator/ledger.js';
import type { MinAllocatable } from '../allocator/min-allocatable.js';
import type { QuotaRun } from '../allocator/quota-run.js';
import type { RoleNode } from '../allocator/role-tree.js';
import { containsRanges, fromMilli } from '../resources/resource-value.js';
import type { Resources } from '../resources/resources.js';

export interface ExplainContext {
  readonly ledger: Ledger;
  readonly minimum: MinAllocatable;
  readonly nowMs: number;
  /** undefined: no role has quota. */
  readonly quota: QuotaRun | undefined;
}

export interface Question {
  readonly frameworkId?: string | undefined;
  readonly role?: string | undefined;
  readonly wanted: Resources;
}

type Code = Explanation['code'];

/** Later ones are nearer to an offer. */
const STAGES: readonly Code[] = [
  'agent-inactive',
  'not-whitelisted',
  'capability',
  'region',
  'constraints',
  'insufficient',
  'reserved',
  'in-use',
  'quota',
  'too-small',
  'filtered',
];

interface AgentFinding {
  readonly code: Code;
  readonly agent: AgentState;
  /** What the client could see there now. */
  readonly visible: Resources;
}

/** Empty: nothing stands in the way, the next run offers it. */
export function explainAll(context: ExplainContext, question: Question): readonly Explanation[] {
  const clients = clientsAskedFor(context.ledger, question);
  const agents = context.ledger.agents.filter((agent) => agent !== undefined);
  const out = clientExplanations(context.ledger, clients, question);
  if (agents.length === 0) out.push({ code: 'no-agents', message: 'no agent is registered', agents: 0 });
  const findings: AgentFinding[] = [];
  for (const agent of agents) {
    const finding = findingOf(context, agent, clients, question.wanted);
    if (finding === undefined) return out;
    findings.push(finding);
  }
  return [...out, ...grouped(context, findings, clients, question)];
}

function clientsAskedFor(ledger: Ledger, { frameworkId, role }: Question): readonly Client[] {
  return ledger.clients.filter(
    (client): client is Client =>
      client !== undefined &&
      (frameworkId === undefined || client.frameworkId === frameworkId) &&
      (role === undefined || client.role.path === role) &&
      (frameworkId !== undefined || role !== undefined) &&
      ledger.frameworks.get(client.frameworkId)?.roles.has(client.role.path) === true,
  );
}

/** What keeps the frameworks asked about from getting anything at all; only when it keeps all of them. */
function clientExplanations(ledger: Ledger, clients: readonly Client[], question: Question): Explanation[] {
  if (question.frameworkId === undefined && question.role === undefined) return [];
  const who = question.frameworkId === undefined ? `role ${question.role}` : `framework ${question.frameworkId}`;
  if (clients.length === 0) return [{ code: 'inactive', message: `${who} has no subscribed framework`, agents: 0 }];
  if (clients.some((client) => client.active)) return [];
  const codes = new Set<Code>();
  for (const client of clients) {
    const framework = ledger.frameworks.get(client.frameworkId);
    if (framework?.active !== true) codes.add('inactive');
    else if (framework.backPressure) codes.add('back-pressure');
    else codes.add('suppressed');
  }
  const messages: Partial<Record<Code, string>> = {
    inactive: `${who} is not connected`,
    'back-pressure': `${who} does not read its events fast enough and gets no new offers until it has caught up`,
    suppressed: `${who} has suppressed offers; it must revive them`,
  };
  return [...codes].map((code) => ({ code, message: messages[code] ?? '', agents: 0 }));
}

/** undefined: nothing is in the way of one of the clients. */
function findingOf(
  context: ExplainContext,
  agent: AgentState,
  clients: readonly Client[],
  wanted: Resources,
): AgentFinding | undefined {
  if (clients.length === 0) {
    const code = capacityObstacle(agent, agent.available.allocatableTo(DEFAULT_ROLE), DEFAULT_ROLE, wanted);
    return code === undefined ? undefined : { code, agent, visible: agent.available };
  }
  let furthest: AgentFinding | undefined;
  for (const client of clients) {
    const visible = visibleTo(agent, client, agent.traits(context.minimum, context.ledger.names), undefined);
    const code = obstacleOf(context, agent, client, { visible, wanted });
    if (code === undefined) return undefined;
    if (furthest === undefined || STAGES.indexOf(code) > STAGES.indexOf(furthest.code))
      furthest = { code, agent, visible };
  }
  return furthest;
}

function obstacleOf(
  context: ExplainContext,
  agent: AgentState,
  client: Client,
  { visible, wanted }: { readonly visible: Resources; readonly wanted: Resources },
): Code | undefined {
  return (
    agentObstacle(agent) ??
    pairObstacle(agent, client) ??
    capacityObstacle(agent, visible, client.role.path, wanted) ??
    (isBeyondQuota(context, client.role, wanted) ? 'quota' : undefined) ??
    offerObstacle(agent, client, visible, {
      minimum: context.minimum,
      filters: context.ledger.filters,
      names: context.ledger.names,
    })
  );
}

function agentObstacle(agent: AgentState): Code | undefined {
  if (!agent.active) return 'agent-inactive';
  return agent.whitelisted ? undefined : 'not-whitelisted';
}

/** Too small altogether, reserved to others, or in use. */
function capacityObstacle(agent: AgentState, visible: Resources, role: string, wanted: Resources): Code | undefined {
  const obstacle = agentObstacle(agent);
  if (obstacle !== undefined) return obstacle;
  if (covers(visible, wanted)) return undefined;
  if (!covers(agent.total, wanted)) return 'insufficient';
  return covers(agent.total.allocatableTo(role), wanted) ? 'in-use' : 'reserved';
}

/** Whether `wanted` fits by amounts: scalars by name, ranges and sets by their members. */
export function covers(available: Resources, wanted: Resources): boolean {
  return wanted.entries.every(({ kind, ranges, items }) => {
    if (kind.type === 'SCALAR') return available.scalarMilli(kind.name) >= wanted.scalarMilli(kind.name);
    if (kind.type === 'RANGES') return containsRanges(available.ranges(kind.name), ranges);
    const held = new Set(
      available.entries.filter((entry) => entry.kind.name === kind.name).flatMap(({ items }) => items),
    );
    return items.every((item) => held.has(item));
  });
}

function isBeyondQuota(context: ExplainContext, role: RoleNode, wanted: Resources): boolean {
  const { quota } = context;
  if (quota === undefined) return false;
  const room = quota.boundByHeadroom(quota.remainingLimits(role));
  const { names } = context.ledger;
  return [...wanted.scalars().keys()].some((name) => (room[names.indexOf(name)] ?? 0) < wanted.scalarMilli(name));
}

function grouped(
  context: ExplainContext,
  findings: readonly AgentFinding[],
  clients: readonly Client[],
  { wanted }: Question,
): Explanation[] {
  const groups = new Map<Code, AgentFinding[]>();
  for (const finding of findings) groups.set(finding.code, [...(groups.get(finding.code) ?? []), finding]);
  const out: Explanation[] = [];
  for (const [code, group] of groups) {
    const worth = (finding: AgentFinding): number =>
      fittingFraction(code === 'insufficient' ? finding.agent.total : finding.visible, wanted);
    const best = group.reduce((a, b) => (worth(b) > worth(a) ? b : a));
    out.push({
      code,
      message: messageOf(context, code, group, { best, clients, wanted }),
      agents: group.length,
      bestAgentId: best.agent.id,
      bestAvailable: best.visible,
    });
  }
  return out.sort((a, b) => b.agents - a.agents || STAGES.indexOf(b.code) - STAGES.indexOf(a.code));
}

/** Smallest fraction of a wanted amount that is there; the larger the better. */
function fittingFraction(available: Resources, wanted: Resources): number {
  let fraction = Number.POSITIVE_INFINITY;
  for (const name of wanted.names())
    fraction = Math.min(fraction, available.quantityMilli(name) / Math.max(1, wanted.quantityMilli(name)));
  return fraction;
}

function messageOf(
  context: ExplainContext,
  code: Code,
  group: readonly AgentFinding[],
  {
    best,
    clients,
    wanted,
  }: { readonly best: AgentFinding; readonly clients: readonly Client[]; readonly wanted: Resources },
): string {
  const agents = group.length === 1 ? '1 agent' : `${group.length} agents`;
  const has = `${best.agent.id} (${best.agent.info.hostname}) has ${best.visible} free`;
  switch (code) {
    case 'agent-inactive':
      return `${agents}: disconnected, draining or deactivated`;
    case 'not-whitelisted':
      return `${agents}: not on the whitelist`;
    case 'capability':
      return `${agents}: ${capabilityMessage(group)}`;
    case 'region':
      return `${agents}: in another region, offered to REGION_AWARE frameworks only`;
    case 'constraints':
      return `${agents}: excluded by the offer constraints of the framework`;
    case 'insufficient':
      return `${agents}: smaller than ${wanted} even when idle; the largest, ${has} of ${best.agent.total}`;
    case 'reserved':
      return `${agents}: large enough only with resources reserved to other roles or withheld from the framework; the best, ${has}`;
    case 'in-use':
      return `${agents}: large enough, but in use or offered; the best, ${has}`;
    case 'too-small':
      return `${agents}: what is free is below the smallest offer (min_allocatable_resources); the best, ${has}`;
    case 'filtered':
      return `${agents}: declined earlier${filterEnd(context, group, clients)}`;
    case 'quota':
      return quotaMessage(context, clients, wanted);
    default:
      return `${agents}: ${code}`;
  }
}

function capabilityMessage(group: readonly AgentFinding[]): string {
  const hasGpus = group.some(({ agent }) => (agent.demands & DEMANDS_GPU) !== 0);
  return hasGpus
    ? 'with GPUs, offered to GPU_RESOURCES frameworks only'
    : 'without the capability MULTI_ROLE or HIERARCHICAL_ROLE that this framework and role need';
}

function filterEnd(context: ExplainContext, group: readonly AgentFinding[], clients: readonly Client[]): string {
  let endMs = Number.POSITIVE_INFINITY;
  for (const { agent, visible } of group)
    for (const client of clients)
      endMs = Math.min(endMs, context.ledger.filters.findEndMs(client.slot, agent.slot, visible) ?? endMs);
  if (!Number.isFinite(endMs)) return '';
  return `; the first filter ends in ${(Math.max(0, endMs - context.nowMs) / 1000).toFixed(1)} s`;
}

function quotaMessage(context: ExplainContext, clients: readonly Client[], wanted: Resources): string {
  const role = clients[0]?.role;
  const { quota, ledger } = context;
  if (role === undefined || quota === undefined) return 'quota leaves no room';
  const limits = quota.remainingLimits(role);
  const room = quota.boundByHeadroom(limits.slice());
  const parts: string[] = [];
  for (const name of wanted.scalars().keys()) {
    const index = ledger.names.indexOf(name);
    if ((room[index] ?? 0) >= wanted.scalarMilli(name)) continue;
    const why = (limits[index] ?? 0) < wanted.scalarMilli(name) ? 'the limit' : 'what is guaranteed to other roles';
    parts.push(`${why} leaves ${name} ${fromMilli(room[index] ?? 0)} of ${wanted.scalar(name)} wanted`);
  }
  return `quota of role ${role.path}: ${parts.join(', ')}`;
}
