/** The answer to `w`: why a thing is as it is, as lines. What only the master knows it is asked. */
import { messageOf } from '../../base/error.js';
import type { ClusterModel } from '../../views/model/cluster-model.js';
import type { AgentRow, FrameworkRow, OfferRow, RoleRow, TableName, TaskRow } from '../../views/model/rows.js';
import { shortId } from '../../views/text/ids.js';
import { formatAgeOf } from '../../views/text/times.js';
import type * as api from '../../wire/gen/mesoctl-api.js';

export interface Asker {
  why(request: api.Call_Why): Promise<api.Response_Why>;
}

/** Reasons besides the first. */
const MAX_OTHERS = 5;

/** Never throws: what could not be asked is a line as well. `now`: the master's clock. */
export async function explain(
  model: ClusterModel,
  subject: { readonly table: TableName; readonly key: string; readonly now: number },
  asker: Asker,
): Promise<readonly string[]> {
  const { table, key, now } = subject;
  const row = model.tables[table].get(key);
  if (row === undefined) return ['It is not there any more.'];
  if ('framework' in row) return explainFramework(row, asker);
  if ('role' in row) return explainRole(row, asker);
  if ('task' in row) return explainTask(row, now);
  return 'agent' in row ? explainAgent(row, now) : explainOffer(row, now);
}

function explainFramework({ framework }: FrameworkRow, asker: Asker): Promise<readonly string[]> {
  return askAbout({ framework_id: framework.framework_id }, asker);
}

function explainRole({ role }: RoleRow, asker: Asker): Promise<readonly string[]> {
  return askAbout({ role: role.name }, asker);
}

/** The summary has the first reason in it. */
async function askAbout(question: api.Call_Why, asker: Asker): Promise<readonly string[]> {
  try {
    const { summary, reasons = [], first_step } = await asker.why({ ...question, max_findings: 0 });
    const others = reasons.slice(1, 1 + MAX_OTHERS).map(({ code, message }) => `  ${code}: ${message}`);
    return [summary, ...(first_step === undefined ? [] : [`First: ${first_step}`]), ...others];
  } catch (error) {
    return [`could not ask: ${messageOf(error)}`];
  }
}

function explainTask({ task, note, hostname }: TaskRow, now: number): readonly string[] {
  const lines = [
    `${task.state} for ${formatAgeOf(task.since, now)}${hostname === '' ? '' : ` on ${hostname}`}${note === '' ? '' : `: ${note}`}`,
  ];
  if (task.reason !== undefined)
    lines.push(`${task.reason}, said by the ${(task.source ?? 'master').replace('SOURCE_', '').toLowerCase()}`);
  if (task.message !== undefined && task.message !== '') lines.push(task.message);
  if (task.healthy === false) lines.push('Its health check fails.');
  return lines;
}

function explainAgent({ agent, note, usage }: AgentRow, now: number): readonly string[] {
  const lines = [`${agent.state} for ${formatAgeOf(agent.since, now)}${note === '' ? '' : `: ${note}`}`];
  if (agent.state === 'UNREACHABLE')
    lines.push(`The master has not heard of it; its ${usage.tasks ?? 0} tasks may still run and come back with it.`);
  if (agent.state === 'DISCONNECTED')
    lines.push('Its link is lost; it becomes UNREACHABLE if it does not return in time.');
  return lines;
}

function explainOffer({ offer, frameworkName }: OfferRow, now: number): readonly string[] {
  const until =
    offer.expires_at === undefined ? 'until it answers' : `and is taken back in ${formatAgeOf(now, offer.expires_at)}`;
  return [
    `${frameworkName} has held ${shortId(offer.offer_id.value)} for ${formatAgeOf(offer.made_at, now)} ${until}.`,
  ];
}
