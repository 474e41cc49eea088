/** `master show`: who leads, since when, and what the cluster has, in the numbers of `top`'s overview. */
import { MesoError, type MesoErrorCode } from '../../base/error.js';
import { formatAddress } from '../../client/address.js';
import { taskStateWord } from '../../views/columns/task-columns.js';
import type { Amounts, ClusterModel } from '../../views/model/cluster-model.js';
import { formatCount } from '../../views/text/numbers.js';
import { formatTimeAndAge } from '../../views/text/times.js';
import type * as api from '../../wire/gen/mesoctl-api.js';
import { loadModel } from '../cluster/load-model.js';
import { type Session, type SessionFlags, withinTimeout, withSession } from '../cluster/session.js';
import { type OutputForm, outputFormOf } from '../output-form.js';
import { amountsRecord, timeRecord } from '../records/parts.js';
import { amountsTable } from './amounts-table.js';
import { type Fact, formatFacts } from './facts.js';
import { printShown, type Shown } from './show-one.js';

export interface MasterFlags extends SessionFlags {
  readonly output?: Exclude<OutputForm, 'wide'> | undefined;
  readonly json: boolean;
}

export interface MasterFacts {
  readonly model: ClusterModel;
  /** Event streams of operators that are open now, ours not counted; undefined: the master does not say. */
  readonly subscribers: number | undefined;
  /** Where it answered. */
  readonly address: string;
}

/** Of the API of Mesos and of our own; a master of before has only the first. */
const SUBSCRIBER_METRICS: ReadonlySet<string> = new Set([
  'master/operator_event_stream_subscribers',
  'master/extension_event_stream_subscribers',
]);

const UNTOLD: ReadonlySet<MesoErrorCode> = new Set<MesoErrorCode>(['NOT_FOUND', 'NOT_ALLOWED', 'PROTOCOL']);

export function showMaster(flags: MasterFlags): Promise<void> {
  const form = outputFormOf(flags);
  return withSession(flags, async (session) => {
    const model = await loadModel(session, [], 'the state of the cluster');
    const subscribers = await countSubscribers(session);
    const { master } = session.client;
    const address = master === undefined ? '' : formatAddress(master);
    const shown = describeMaster({ model, subscribers, address }, model.masterTime(session.nowMs()));
    await printShown(shown, form, session);
  });
}

async function countSubscribers({ client, timeoutMs }: Session): Promise<number | undefined> {
  try {
    const { get_metrics } = await withinTimeout(timeoutMs, 'the metrics of the master', (signal) =>
      client.call({ type: 'GET_METRICS', get_metrics: {} }, { signal }),
    );
    const counts = (get_metrics?.metrics ?? []).filter(({ name }) => SUBSCRIBER_METRICS.has(name));
    return counts.length === 0 ? undefined : counts.reduce((sum, { value }) => sum + (value ?? 0), 0);
  } catch (error) {
    // All the rest is known: one number that a master keeps to itself is no reason to show nothing.
    if (error instanceof MesoError && UNTOLD.has(error.code)) return undefined;
    throw error;
  }
}

/** Pure. */
export function describeMaster(facts: MasterFacts, now: number): Shown {
  const { cluster } = facts.model;
  return {
    id: cluster.info?.master_info.id ?? cluster.leader,
    record: () => recordOf(facts),
    text: () =>
      formatFacts(`${cluster.name} is led by ${leaderOf(facts)}, term ${cluster.term}`, factsOf(facts, now), [
        { title: 'RESOURCES', lines: resourceLines(facts.model) },
      ]),
    next: ['mesoctl agent list', 'mesoctl task list', 'mesoctl top'],
  };
}

function leaderOf({ model, address }: MasterFacts): string {
  return model.cluster.leader === '' ? address : model.cluster.leader;
}

function factsOf({ model, subscribers, address }: MasterFacts, now: number): readonly Fact[] {
  const { cluster, totals } = model;
  const { info } = cluster;
  return [
    ['CLUSTER', cluster.name],
    ['CLUSTER ID', info?.cluster_id],
    ['LEADER', leaderOf({ model, subscribers, address })],
    ['MASTER ID', info?.master_info.id],
    ['TERM', String(cluster.term)],
    ['VERSION', info?.version],
    ['STARTED', formatTimeAndAge(info?.started_at, now)],
    ['ELECTED', formatTimeAndAge(info?.elected_at, now)],
    ['AGENTS', countsText(totals.agentCount, totals.agents)],
    ['FRAMEWORKS', countsText(totals.frameworkCount, totals.frameworks)],
    ['TASKS', countsText(totals.taskCount, totals.tasks)],
    ['OFFERS', formatCount(totals.offerCount)],
    ['ROLES', formatCount(totals.roleCount)],
    ['SUBSCRIBERS', subscribers === undefined ? undefined : formatCount(subscribers)],
  ];
}

/** `98,311  running 97,882, staging 377` */
function countsText(total: number, byState: ReadonlyMap<string, number>): string {
  const states = [...byState]
    .filter(([, count]) => count > 0)
    .sort(([, left], [, right]) => right - left)
    .map(([state, count]) => `${taskStateWord(state).toLowerCase()} ${formatCount(count)}`);
  return states.length === 0 ? formatCount(total) : `${formatCount(total)}  ${states.join(', ')}`;
}

function resourceLines({ totals }: ClusterModel): readonly string[] {
  return amountsTable([
    { title: 'ALLOCATED', amounts: wireAmounts(totals.allocated) },
    { title: 'OFFERED', amounts: wireAmounts(totals.offered) },
    { title: 'FREE', amounts: wireAmounts(totals.free) },
    { title: 'TOTAL', amounts: wireAmounts(totals.total) },
  ]);
}

/** docs/schemas/master-show.json */
function recordOf(facts: MasterFacts): object {
  const { cluster, totals } = facts.model;
  const { info } = cluster;
  return {
    leader: leaderOf(facts),
    master_id: info?.master_info.id ?? null,
    hostname: info?.master_info.hostname ?? null,
    cluster_name: cluster.name,
    cluster_id: info?.cluster_id ?? null,
    term: cluster.term,
    version: info?.version ?? null,
    api_version: info?.api_version ?? null,
    started_at: timeRecord(info?.started_at),
    elected_at: timeRecord(info?.elected_at),
    agents: { total: totals.agentCount, by_state: byState(totals.agents) },
    frameworks: { total: totals.frameworkCount, by_state: byState(totals.frameworks) },
    tasks: { total: totals.taskCount, by_state: byState(totals.tasks) },
    offers: totals.offerCount,
    roles: totals.roleCount,
    subscribers: facts.subscribers ?? null,
    allocated: amountsRecord(wireAmounts(totals.allocated)),
    offered: amountsRecord(wireAmounts(totals.offered)),
    free: amountsRecord(wireAmounts(totals.free)),
    total: amountsRecord(wireAmounts(totals.total)),
  };
}

function byState(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].filter(([, count]) => count > 0));
}

function wireAmounts({ cpus, gpus, memMb, diskMb }: Amounts): api.Amounts {
  return { cpus, gpus, mem_mb: memMb, disk_mb: diskMb };
}
