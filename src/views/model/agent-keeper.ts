/** The rows of agents. A new hostname goes to the rows of the agent's tasks and offers. Pure. */
import type * as api from '../../wire/gen/mesoctl-api.js';
import { judgeAgent } from './health.js';
import type { ModelState } from './model-state.js';
import type { AgentRow } from './rows.js';
import { sameValue } from './same-value.js';

export class AgentKeeper {
  /** `onNameChanged`: rows that show the hostname of that agent must follow. */
  constructor(
    private readonly state: ModelState,
    private readonly onNameChanged: (agentId: string) => void,
  ) {}

  put({ usage: told, ...facts }: api.Agent): void {
    const key = facts.agent_id.value;
    const { tables, agentNames, generation } = this.state;
    const isRenamed = agentNames.setName(key, facts.hostname);
    const old = tables.agents.get(key);
    // A new master does not know the host of an agent that is unreachable since before; we may.
    const known: api.Agent = { ...facts, hostname: facts.hostname || agentNames.nameOf(key) || undefined };
    const agent = old !== undefined && sameValue(old.agent, known) ? old.agent : known;
    const usage = told ?? old?.usage ?? { agent_id: facts.agent_id };
    const row = old?.agent === agent && sameValue(old.usage, usage) ? old : { key, ...judgeAgent(agent), agent, usage };
    if (row !== old) this.#track(old, row);
    tables.agents.put(row, generation);
    if (isRenamed) this.onNameChanged(key);
  }

  /** Usage of an agent that is not known says nothing. */
  use(usage: api.AgentUsage): void {
    const old = this.state.tables.agents.get(usage.agent_id.value);
    if (old === undefined || sameValue(old.usage, usage)) return;
    const row: AgentRow = { ...old, usage };
    this.#track(old, row);
    this.state.tables.agents.replace(row);
  }

  remove(key: string): void {
    const old = this.state.tables.agents.remove(key);
    if (old === undefined) return;
    this.#track(old, undefined);
    this.state.problems.onAgent(key, undefined);
    this.state.agentNames.removeName(key);
  }

  #track(old: AgentRow | undefined, row: AgentRow | undefined): void {
    const { totals, problems } = this.state;
    if (old !== undefined) totals.addAgent(old, -1);
    if (row === undefined) return;
    totals.addAgent(row, 1);
    if (row.agent !== old?.agent) problems.onAgent(row.key, row);
  }
}
