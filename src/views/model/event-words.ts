/**
 * Events in words, one line for each thing that an operator may want to know of. `wordEvent` must see the model as it was before
 * the event: what changed is told against that. Pure; foreign text is sanitized here.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';
import { shortId } from '../text/ids.js';
import { formatCount, formatScalar, formatSize } from '../text/numbers.js';
import { formatAge } from '../text/times.js';
import { sanitize } from '../text/width.js';
import type { ClusterModel } from './cluster-model.js';
import { taskStateWord } from './columns.js';
import { isBadEnd, isBelowGuarantee, judgeAgent, judgeFramework, judgeTask } from './health.js';
import { type EventRow, taskKeyOf } from './rows.js';

/** A line of the log before it has its number. */
export interface EventLine extends Omit<EventRow, 'sequence'> {
  /** main: always logged; routine: logged, but never in the place of a main one; detail: only for who wants everything. */
  readonly weight: 'main' | 'routine' | 'detail';
}

export type WordingModel = Pick<ClusterModel, 'cluster' | 'tables'>;

/** Whether a routine line of this time is worth being written. */
export type IsRoutineWanted = (time: number) => boolean;

/** What `event` says, in words; offers included. Call it before `model.apply(event)`. Asks `isWanted` before a routine line. */
export function wordEvent(
  model: WordingModel,
  event: api.Event,
  isWanted: IsRoutineWanted = () => true,
): readonly EventLine[] {
  switch (event.type) {
    case 'SUBSCRIBED':
      return event.subscribed === undefined ? [] : [subscribedLine(model, event.subscribed.info, event.time)];
    case 'AGENTS_UPDATED':
      return wordAgents(model, event);
    case 'AGENT_REMOVED':
      return event.agent_removed === undefined ? [] : [agentRemovedLine(model, event.agent_removed, event.time)];
    case 'FRAMEWORKS_UPDATED':
      return wordFrameworks(model, event);
    case 'FRAMEWORK_REMOVED':
      return event.framework_removed === undefined
        ? []
        : [frameworkRemovedLine(model, event.framework_removed, event.time)];
    case 'TASKS_UPDATED':
      return (event.tasks_updated ?? []).flatMap((task) => taskLine(model, task, event.time, isWanted) ?? []);
    case 'OFFERS_MADE':
      return (event.offers_made ?? []).map((offer) => offerMadeLine(model, offer, event.time));
    case 'OFFERS_ENDED':
      return (event.offers_ended ?? []).map((ended) => offerEndedLine(model, ended, event.time));
    case 'ROLES_UPDATED':
      return (event.roles_updated?.roles ?? []).flatMap((role) => wordRole(model, role, event.time, isWanted));
    default:
      return [];
  }
}

function line(of: Omit<EventLine, 'weight'>, weight: EventLine['weight'] = 'main'): EventLine {
  return { ...of, text: sanitize(of.text), weight };
}

function subscribedLine({ cluster }: WordingModel, info: api.Response_Info, time: number): EventLine {
  const leader = leaderOf(info);
  const term = Number(info.term);
  const isNew = cluster.info !== undefined && (leader !== cluster.leader || term !== cluster.term);
  return line({
    time,
    severity: isNew ? 'waiting' : 'normal',
    kind: 'master',
    key: '',
    text: `${isNew ? 'new leader' : 'connected to leader'} ${leader}, term ${formatCount(term)}`,
  });
}

/** `host:port` */
export function leaderOf({ master_info }: api.Response_Info): string {
  const { address } = master_info;
  const host = address?.hostname || master_info.hostname || address?.ip || dotted(master_info.ip);
  return `${host}:${address?.port ?? master_info.port}`;
}

/** MasterInfo's `ip` has its first part in the lowest byte. */
function dotted(ip: number): string {
  return [ip & 255, (ip >>> 8) & 255, (ip >>> 16) & 255, ip >>> 24].join('.');
}

function wordAgents(model: WordingModel, { time, agents_updated }: api.Event): readonly EventLine[] {
  return (agents_updated?.agents ?? []).map((agent) => {
    const key = agent.agent_id.value;
    const before = model.tables.agents.get(key);
    const name = agent.hostname ?? before?.agent.hostname ?? shortId(key);
    const tasks = before?.usage.tasks ?? agent.usage?.tasks ?? 0;
    const what = agentWords(agents_updated?.reason ?? 'UNKNOWN', agent, before?.agent.state, tasks);
    const { severity } = judgeAgent(agent);
    const text = `agent ${name} ${what ?? 'changed'}`;
    return line({ time, severity, kind: 'agent', key, text }, what === undefined ? 'detail' : 'main');
  });
}

/** undefined: nothing that can be told in a word. */
function agentWords(
  reason: api.Event_AgentsUpdated_Reason,
  { agent_id, state }: api.Agent,
  before: api.Agent_State | undefined,
  tasks: number,
): string | undefined {
  if (reason === 'REGISTERED') return `registered (${shortId(agent_id.value)})`;
  if (reason === 'REREGISTERED') return 're-registered';
  if (reason === 'DISCONNECTED') return `disconnected, ${tasksText(tasks)}`;
  if (reason === 'UNREACHABLE') return `UNREACHABLE, ${tasksText(tasks)}`;
  return state === before ? undefined : state;
}

const AGENT_REMOVALS: Readonly<Record<api.Event_AgentRemoved_Reason, string>> = {
  UNKNOWN: 'removed',
  UNREGISTERED: 'unregistered',
  REPLACED: 'replaced by another agent at its address',
  MACHINE_DOWN: 'shut down for maintenance of its machine',
  GONE: 'marked gone',
  PRUNED: 'forgotten, unreachable for too long',
};

function agentRemovedLine(model: WordingModel, removed: api.Event_AgentRemoved, time: number): EventLine {
  const key = removed.agent_id.value;
  const name = removed.hostname ?? model.tables.agents.get(key)?.agent.hostname ?? shortId(key);
  const severity = removed.reason === 'GONE' || removed.reason === 'PRUNED' ? 'unknown' : 'normal';
  return line({ time, severity, kind: 'agent', key, text: `agent ${name} ${AGENT_REMOVALS[removed.reason]}` });
}

function wordFrameworks(model: WordingModel, { time, frameworks_updated }: api.Event): readonly EventLine[] {
  const reason = frameworks_updated?.reason ?? 'UNKNOWN';
  return (frameworks_updated?.frameworks ?? []).map((framework) => {
    const key = framework.framework_id.value;
    const before = model.tables.frameworks.get(key)?.framework;
    const name = framework.name ?? before?.name ?? shortId(key);
    const what = frameworkWords(reason, framework, before, time);
    const { severity } = judgeFramework(framework);
    const text = `framework ${name} ${what ?? 'changed'}`;
    return line({ time, severity, kind: 'framework', key, text }, what === undefined ? 'detail' : 'main');
  });
}

function frameworkWords(
  reason: api.Event_FrameworksUpdated_Reason,
  framework: api.Framework,
  before: api.Framework | undefined,
  time: number,
): string | undefined {
  const { state, failover_deadline, back_pressured } = framework;
  if (state === 'COMPLETED') return undefined;
  if (reason === 'SUBSCRIBED') return `subscribed (${shortId(framework.framework_id.value)})`;
  if (reason === 'RESUBSCRIBED') return 're-subscribed';
  if (reason === 'RECOVERED') return 'recovered, has not returned yet';
  if (reason === 'DISCONNECTED')
    return failover_deadline === undefined
      ? 'disconnected'
      : `disconnected, removed in ${formatAge(failover_deadline - time)} unless it returns`;
  if (back_pressured === true && before?.back_pressured !== true) return 'reads its events too slowly to get offers';
  if (back_pressured !== true && before?.back_pressured === true) return 'reads its events fast enough again';
  return state === before?.state ? undefined : state;
}

const FRAMEWORK_REMOVALS: Readonly<Record<api.Event_FrameworkRemoved_Reason, string>> = {
  UNKNOWN: 'removed',
  TEARDOWN: 'torn down',
  FAILOVER_TIMEOUT: 'removed, did not return in time',
  FORGOTTEN: 'forgotten',
};

function frameworkRemovedLine(model: WordingModel, removed: api.Event_FrameworkRemoved, time: number): EventLine {
  const key = removed.framework_id.value;
  const name = removed.name ?? model.tables.frameworks.get(key)?.framework.name ?? shortId(key);
  const severity = removed.reason === 'FAILOVER_TIMEOUT' ? 'bad' : 'normal';
  const text = `framework ${name} ${FRAMEWORK_REMOVALS[removed.reason]}`;
  return line({ time, severity, kind: 'framework', key, text }, removed.reason === 'FORGOTTEN' ? 'detail' : 'main');
}

/** undefined: neither its state nor its health changed, or it is not wanted. */
function taskLine(model: WordingModel, task: api.Task, time: number, isWanted: IsRoutineWanted): EventLine | undefined {
  const key = taskKeyOf(task.framework_id.value, task.task_id.value);
  const before = model.tables.tasks.get(key)?.task;
  const fellIll = task.healthy === false && before?.healthy !== false && task.state === before?.state;
  if (task.state === before?.state && !fellIll) return undefined;
  const weight = taskWeight(task, before, fellIll);
  if (weight === 'routine' && !isWanted(time)) return undefined;
  const { severity, note } = judgeTask(task, time);
  const host = hostOf(model, task.agent_id?.value) || (model.tables.tasks.get(key)?.hostname ?? '');
  const state = fellIll ? 'unhealthy' : taskStateWord(task.state);
  const text = `task ${task.task_id.value} ${state}${causeText(task, note)}${host === '' ? '' : `  ${host}`}`;
  return line({ time, severity, kind: 'task', key, text }, weight);
}

function causeText(task: api.Task, note: string): string {
  if (note === '' || note === 'killing' || note === 'unhealthy') return '';
  const limitMb = note === 'OOM' ? (task.limits?.mem_mb ?? task.resources?.mem_mb) : undefined;
  return `, ${note}${limitMb === undefined ? '' : ` ${formatSize(limitMb)}`}`;
}

/** Tasks that go and come with their agent are told by the agent's line. */
function taskWeight(task: api.Task, before: api.Task | undefined, fellIll: boolean): EventLine['weight'] {
  if (isBadEnd(task.state) || fellIll) return 'main';
  if (task.state === 'TASK_UNREACHABLE' || before?.state === 'TASK_UNREACHABLE') return 'detail';
  return 'routine';
}

function offerMadeLine(model: WordingModel, offer: api.Offer, time: number): EventLine {
  const { cpus = 0, mem_mb = 0 } = offer.resources ?? {};
  const framework = frameworkOf(model, offer.framework_id.value);
  const amounts = `${formatScalar(cpus)} cpus, ${formatSize(mem_mb)}`;
  const text = `offer ${shortId(offer.offer_id.value)} to ${framework}: ${amounts}  ${hostOf(model, offer.agent_id.value)}`;
  return line({ time, severity: 'normal', kind: 'offer', key: offer.offer_id.value, text }, 'detail');
}

const OUTCOMES: Readonly<Record<api.Event_OfferEnded_Outcome, string>> = {
  UNKNOWN: 'ended, held by',
  ACCEPTED: 'accepted by',
  DECLINED: 'declined by',
  RESCINDED: 'rescinded from',
  EXPIRED: 'expired with',
  RETURNED: 'returned by',
};

function offerEndedLine(model: WordingModel, ended: api.Event_OfferEnded, time: number): EventLine {
  const framework = frameworkOf(model, ended.framework_id.value);
  const filter = ended.refuse_seconds === undefined ? '' : `, not again for ${formatAge(ended.refuse_seconds)}`;
  const what = `${OUTCOMES[ended.outcome]} ${framework}${filter}`;
  const text = `offer ${shortId(ended.offer_id.value)} ${what}  ${hostOf(model, ended.agent_id.value)}`;
  const severity = ended.outcome === 'EXPIRED' ? 'waiting' : 'normal';
  return line({ time, severity, kind: 'offer', key: ended.offer_id.value, text }, 'detail');
}

const QUANTITIES: readonly (readonly [keyof api.Amounts, string, (value: number) => string])[] = [
  ['cpus', 'cpus', formatScalar],
  ['gpus', 'gpus', formatScalar],
  ['mem_mb', 'mem', formatSize],
  ['disk_mb', 'disk', formatSize],
];

/** Its quota changed, or it came below its guarantee. */
function wordRole(model: WordingModel, role: api.Role, time: number, isWanted: IsRoutineWanted): readonly EventLine[] {
  const before = model.tables.roles.get(role.name)?.role;
  if (before === undefined) return [];
  const lines: EventLine[] = [];
  const add = (what: string, severity: EventLine['severity'], weight: EventLine['weight']) =>
    lines.push(line({ time, severity, kind: 'role', key: role.name, text: `role ${role.name} ${what}` }, weight));
  for (const which of ['guarantee', 'limit'] as const)
    for (const [name, word, format] of QUANTITIES) {
      const [old, now] = [before[which]?.[name], role[which]?.[name]];
      const write = (value: number | undefined) => (value === undefined ? 'none' : format(value));
      if (old !== now) add(`${which}: ${word} ${write(old)} -> ${write(now)}`, 'normal', 'main');
    }
  if (isBelowGuarantee(role) && !isBelowGuarantee(before) && isWanted(time))
    add('below guarantee', 'waiting', 'routine');
  return lines;
}

function frameworkOf(model: WordingModel, id: string): string {
  return model.tables.frameworks.get(id)?.framework.name ?? shortId(id);
}

function hostOf(model: WordingModel, agentId: string | undefined): string {
  if (agentId === undefined) return '';
  return model.tables.agents.get(agentId)?.agent.hostname ?? shortId(agentId);
}

function tasksText(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'task' : 'tasks'}`;
}
