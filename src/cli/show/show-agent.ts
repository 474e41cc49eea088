/** `agent show`: state, resources four ways, and what each role has of it. */
import { formatAttributes } from '../../views/columns/agent-columns.js';
import { amountsInWords } from '../../views/columns/offer-columns.js';
import { formatCount } from '../../views/text/numbers.js';
import { formatAgeOf, formatTimeAndAge } from '../../views/text/times.js';
import { sanitize } from '../../views/text/width.js';
import type { Agent, Response_Match } from '../../wire/gen/mesoctl-api.js';
import { AGENT_REFERENCE } from '../cluster/find-one.js';
import { agentDetailRecord, agentRoles, agentRow } from '../records/agent-detail.js';
import { freeRecord } from '../records/parts.js';
import { formatTable } from '../table.js';
import { amountsTable } from './amounts-table.js';
import { type Fact, formatFacts, type Section } from './facts.js';
import { type ShowFlags, type Shown, showOne } from './show-one.js';

type AgentMatch = Response_Match & { readonly agent: Agent };

export function showAgent(reference: string, flags: ShowFlags): Promise<void> {
  return showOne(AGENT_REFERENCE, reference, flags, (match, { now }) => describeAgent(match as AgentMatch, now));
}

/** Pure. */
export function describeAgent(match: AgentMatch, now: number): Shown {
  const id = match.agent.agent_id.value;
  return {
    id,
    record: () => agentDetailRecord(match),
    text: () => formatFacts(headlineOf(match, now), factsOf(match, now), [resourceSection(match), roleSection(match)]),
    next: [`mesoctl task list --filter host=${match.agent.hostname ?? id}`, 'mesoctl agent list'],
  };
}

function headlineOf({ agent }: AgentMatch, now: number): string {
  const { note } = agentRow(agent);
  const age = agent.since === undefined ? '' : ` for ${formatAgeOf(agent.since, now)}`;
  const why = note === '' || note === agent.state.toLowerCase() ? '' : `: ${note}`;
  return `${agent.hostname ?? agent.agent_id.value} ${agent.state}${age}${why}`;
}

function factsOf({ agent, agent_detail }: AgentMatch, now: number): readonly Fact[] {
  const { ip, port } = agent;
  const attributes = formatAttributes(agent.attributes);
  const capabilities = (agent_detail?.capabilities ?? []).map(({ type }) => type ?? '').filter((type) => type !== '');
  return [
    ['ID', agent.agent_id.value],
    ['HOST', agent.hostname],
    ['STATE', agent.state],
    ['SINCE', formatTimeAndAge(agent.since, now)],
    ['REGISTERED', formatTimeAndAge(agent.registered_at, now)],
    ['ADDRESS', ip === undefined ? undefined : `${ip}:${port ?? '-'}`],
    ['VERSION', agent.version],
    ['TASKS', formatCount(agent.usage?.tasks ?? 0)],
    ['ATTRIBUTES', attributes === '-' ? undefined : attributes],
    ['CAPABILITIES', capabilities.length === 0 ? undefined : capabilities.join(', ')],
  ];
}

function resourceSection({ agent }: AgentMatch): Section {
  const { total, reserved, usage } = agent;
  const lines =
    total === undefined
      ? []
      : amountsTable([
          { title: 'TOTAL', amounts: total },
          { title: 'ALLOCATED', amounts: usage?.allocated ?? {} },
          { title: 'OFFERED', amounts: usage?.offered ?? {} },
          { title: 'FREE', amounts: freeRecord(total, usage?.allocated, usage?.offered) },
          { title: 'RESERVED', amounts: reserved ?? {} },
        ]);
  return { title: 'RESOURCES (reserved is part of the others)', lines };
}

function roleSection(match: AgentMatch): Section {
  const rows = agentRoles(match).map(({ role, reserved, allocated, offered }) => [
    sanitize(role),
    amountsInWords(reserved),
    amountsInWords(allocated),
    amountsInWords(offered),
  ]);
  const lines = rows.length === 0 ? [] : formatTable(['ROLE', 'RESERVED', 'ALLOCATED', 'OFFERED'], rows);
  return { title: 'ROLES', lines };
}
