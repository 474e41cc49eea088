/** The JSON of an agent (docs/schemas/agent-list.json). Pure. */
import { formatAttributeValue } from '../../offers/resources/attributes.js';
import type { AgentRow } from '../../views/model/rows.js';
import { type AmountsRecord, amountsOrNull, amountsRecord, freeRecord, timeRecord } from './parts.js';

export interface AgentRecord {
  readonly id: string;
  readonly hostname: string | null;
  readonly state: string;
  readonly since: string | null;
  readonly registered_at: string | null;
  readonly ip: string | null;
  readonly port: number | null;
  readonly version: string | null;
  /** An attribute that is given twice has its values joined by commas. */
  readonly attributes: Readonly<Record<string, string>>;
  /** null, as is `free`: not known, as of an agent that is unreachable. */
  readonly total: AmountsRecord | null;
  readonly reserved: AmountsRecord;
  readonly allocated: AmountsRecord;
  readonly offered: AmountsRecord;
  readonly free: AmountsRecord | null;
  /** Live ones. */
  readonly tasks: number;
  readonly severity: string;
  readonly note: string;
}

export function agentRecord({ agent, usage, severity, note }: AgentRow): AgentRecord {
  const { total } = agent;
  return {
    id: agent.agent_id.value,
    hostname: agent.hostname ?? null,
    state: agent.state,
    since: timeRecord(agent.since),
    registered_at: timeRecord(agent.registered_at),
    ip: agent.ip ?? null,
    port: agent.port ?? null,
    version: agent.version ?? null,
    attributes: attributesRecord(agent),
    total: amountsOrNull(total),
    reserved: amountsRecord(agent.reserved),
    allocated: amountsRecord(usage.allocated),
    offered: amountsRecord(usage.offered),
    free: total === undefined ? null : freeRecord(total, usage.allocated, usage.offered),
    tasks: usage.tasks ?? 0,
    severity,
    note,
  };
}

function attributesRecord({ attributes = [] }: AgentRow['agent']): Record<string, string> {
  const record: Record<string, string> = {};
  for (const attribute of attributes) {
    const value = formatAttributeValue(attribute);
    const known = Object.hasOwn(record, attribute.name) ? record[attribute.name] : undefined;
    Object.defineProperty(record, attribute.name, {
      value: known === undefined ? value : `${known},${value}`,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return record;
}
