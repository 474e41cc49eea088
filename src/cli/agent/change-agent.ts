/**
 * `agent drain`, `deactivate`, `reactivate`, `gone`: what an operator wants of one agent. A drain that kills tasks asks (level 1); what
 * takes the agent away for good asks for its name (level 2). The master judges and keeps it; a drain goes on without this command.
 */
import { MesoError } from '../../base/error.js';
import { formatCount } from '../../views/text/numbers.js';
import type * as master from '../../wire/gen/master.js';
import type { Agent } from '../../wire/gen/mesoctl-api.js';
import { clusterNameOf } from '../cluster/cluster-name.js';
import { AGENT_REFERENCE, findOne } from '../cluster/find-one.js';
import { sendChange } from '../cluster/send-change.js';
import { type Session, withinTimeout } from '../cluster/session.js';
import { confirm, confirmByName } from '../confirm.js';

export type AgentChange =
  | { readonly kind: 'drain'; readonly maxGraceMs: number | undefined; readonly markGone: boolean }
  | { readonly kind: 'deactivate' | 'reactivate' | 'gone' };

export interface ChangeAgentOptions {
  readonly reference: string;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly yes: boolean;
  readonly noInput: boolean;
  /** The name of the agent, typed already. */
  readonly confirm: string | undefined;
}

/** docs/schemas/agent-drain.json */
interface ChangeResult {
  readonly id: string;
  readonly hostname: string | null;
  readonly change: AgentChange['kind'];
  /** Live ones on it, before. */
  readonly tasks: number;
  readonly dry_run: boolean;
}

/** Returns the exit status. */
export async function changeAgent(change: AgentChange, options: ChangeAgentOptions, session: Session): Promise<number> {
  const { client, console, timeoutMs } = session;
  const { agent } = await withinTimeout(timeoutMs, 'the agent', (signal) =>
    findOne(client, AGENT_REFERENCE, options.reference, { signal }),
  );
  if (agent === undefined) throw new MesoError('PROTOCOL', 'the master answered FIND without an agent');
  const { dryRun } = options;
  if (!dryRun && !(await mayChange(agent, change, options, session))) return 1;
  // Of the other changes the master is not asked before.
  if (!dryRun || change.kind === 'drain') {
    const look = `mesoctl agent show ${agent.agent_id.value}`;
    await sendChange(callOf(agent, change), { dryRun, look }, session);
  }
  const result: ChangeResult = {
    id: agent.agent_id.value,
    hostname: agent.hostname ?? null,
    change: change.kind,
    tasks: agent.usage?.tasks ?? 0,
    dry_run: dryRun,
  };
  await console.print(options.json ? `${JSON.stringify(result, null, 2)}\n` : textOf(agent, change, options));
  return 0;
}

async function mayChange(
  agent: Agent,
  change: AgentChange,
  options: ChangeAgentOptions,
  session: Session,
): Promise<boolean> {
  const isFinal = change.kind === 'gone' || (change.kind === 'drain' && change.markGone);
  const tasks = agent.usage?.tasks ?? 0;
  if (!isFinal && (change.kind !== 'drain' || tasks === 0)) return true;
  const cluster = await clusterNameOf(session);
  const fate = tasks === 0 ? [] : [`${tasksText(tasks)} ${tasks === 1 ? 'is' : 'are'} killed`];
  if (!isFinal)
    return confirm({ text: `Drain ${nameOf(agent)} on ${cluster}?`, items: fate }, options, session.console);
  const text = `${change.kind === 'gone' ? 'Mark' : 'Drain and mark'} ${nameOf(agent)} on ${cluster} gone?`;
  const items = [...fate, 'the agent never comes back; its volumes are lost to the cluster'];
  const name = agent.hostname ?? agent.agent_id.value;
  if (options.yes && options.confirm === undefined)
    throw new MesoError('BAD_INPUT', `${text} --yes does not answer this: nothing was done.`, {
      details: { question: text, items },
      suggestions: [`--confirm ${name}`, '--dry-run to see what would come of it'],
    });
  return confirmByName({ text, items, name }, options, session.console);
}

function callOf({ agent_id }: Agent, change: AgentChange): master.Call {
  switch (change.kind) {
    case 'drain': {
      const { maxGraceMs, markGone: mark_gone } = change;
      const max_grace_period = maxGraceMs === undefined ? undefined : durationOf(maxGraceMs);
      return { type: 'DRAIN_AGENT', drain_agent: { agent_id, max_grace_period, mark_gone } };
    }
    case 'deactivate':
      return { type: 'DEACTIVATE_AGENT', deactivate_agent: { agent_id } };
    case 'reactivate':
      return { type: 'REACTIVATE_AGENT', reactivate_agent: { agent_id } };
    case 'gone':
      return { type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id } };
  }
}

function durationOf(ms: number): { readonly seconds: number; readonly nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

function textOf(agent: Agent, change: AgentChange, { dryRun }: ChangeAgentOptions): string {
  const name = nameOf(agent);
  const tasks = agent.usage?.tasks ?? 0;
  const runOn = tasks === 0 ? '' : `; ${tasksText(tasks)} ${tasks === 1 ? 'runs' : 'run'} on`;
  switch (change.kind) {
    case 'drain': {
      const after = change.markGone ? ', and is gone then' : '';
      if (dryRun) return `would drain ${name}, kill ${tasksText(tasks)}${change.markGone ? ' and mark it gone' : ''}\n`;
      return tasks === 0
        ? `${name} drains: it runs nothing${after}\n`
        : `${name} drains: ${tasksText(tasks)} left${after}\n`;
    }
    case 'deactivate':
      return dryRun ? `would deactivate ${name}${runOn}\n` : `Deactivated ${name}: nothing of it is offered${runOn}\n`;
    case 'reactivate':
      return dryRun ? `would reactivate ${name}\n` : `Reactivated ${name}: it is offered again\n`;
    case 'gone':
      return dryRun
        ? `would mark ${name} gone, with ${tasksText(tasks)}\n`
        : `Marked ${name} gone, with ${tasksText(tasks)}\n`;
  }
}

function nameOf({ agent_id, hostname }: Agent): string {
  return hostname === undefined || hostname === '' ? agent_id.value : `${hostname} (${agent_id.value})`;
}

function tasksText(count: number): string {
  return count === 1 ? '1 task' : `${formatCount(count)} tasks`;
}
