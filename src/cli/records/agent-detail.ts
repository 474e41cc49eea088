/** The JSON of one agent with all that is known of it (docs/schemas/agent-show.json). Pure. */
import { judgeAgent } from '../../views/model/health.js';
import type { AgentRow } from '../../views/model/rows.js';
import type { Agent, Amounts, Response_Match } from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { type AgentRecord, agentRecord } from './agent-record.js';
import { type AmountsRecord, amountsRecord } from './parts.js';

export interface AgentRoleRecord {
  readonly role: string;
  /** On this agent, for this role. */
  readonly reserved: AmountsRecord;
  readonly allocated: AmountsRecord;
  readonly offered: AmountsRecord;
}

export interface AgentDetailRecord extends AgentRecord {
  readonly capabilities: readonly string[];
  readonly roles: readonly AgentRoleRecord[];
}

/** What one role has of an agent. */
export interface AgentRole {
  readonly role: string;
  readonly reserved: Amounts;
  readonly allocated: Amounts;
  readonly offered: Amounts;
}

export function agentRow(agent: Agent): AgentRow {
  const usage = agent.usage ?? { agent_id: agent.agent_id };
  return { key: agent.agent_id.value, agent, usage, ...judgeAgent(agent) };
}

export function agentDetailRecord(match: Response_Match & { readonly agent: Agent }): AgentDetailRecord {
  return {
    ...agentRecord(agentRow(match.agent)),
    capabilities: (match.agent_detail?.capabilities ?? []).flatMap(({ type }) => (type === undefined ? [] : [type])),
    roles: agentRoles(match).map(({ role, reserved, allocated, offered }) => ({
      role,
      reserved: amountsRecord(reserved),
      allocated: amountsRecord(allocated),
      offered: amountsRecord(offered),
    })),
  };
}

/** By name. */
export function agentRoles({ agent_detail }: Response_Match): readonly AgentRole[] {
  const reserved = amountsByRole(agent_detail?.total_resources ?? [], reservedTo);
  const allocated = amountsByRole(agent_detail?.allocated_resources ?? [], allocatedTo);
  const offered = amountsByRole(agent_detail?.offered_resources ?? [], allocatedTo);
  const names = new Set([...reserved.keys(), ...allocated.keys(), ...offered.keys()]);
  return [...names].sort().map((role) => ({
    role,
    reserved: reserved.get(role) ?? {},
    allocated: allocated.get(role) ?? {},
    offered: offered.get(role) ?? {},
  }));
}

/** Reservations refine each other; the last is the one that counts. */
function reservedTo({ reservations, role }: mesos.Resource): string | undefined {
  const name = reservations?.at(-1)?.role ?? role;
  return name === undefined || name === '*' ? undefined : name;
}

function allocatedTo({ allocation_info }: mesos.Resource): string | undefined {
  return allocation_info?.role;
}

const AMOUNT_OF_RESOURCE: Readonly<Record<string, keyof Amounts>> = {
  cpus: 'cpus',
  gpus: 'gpus',
  mem: 'mem_mb',
  disk: 'disk_mb',
};

function amountsByRole(
  resources: readonly mesos.Resource[],
  roleOf: (resource: mesos.Resource) => string | undefined,
): ReadonlyMap<string, Amounts> {
  const byRole = new Map<string, Amounts>();
  for (const resource of resources) {
    const role = roleOf(resource);
    const name = AMOUNT_OF_RESOURCE[resource.name];
    if (role === undefined || name === undefined || resource.scalar === undefined) continue;
    const amounts = byRole.get(role) ?? {};
    byRole.set(role, { ...amounts, [name]: (amounts[name] ?? 0) + resource.scalar.value });
  }
  return byRole;
}
