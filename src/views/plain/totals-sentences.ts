/**
 * The totals as `label: value`, one fact a line, for people who listen to their terminal. Said once, at the
 * start, so without rates, for which nobody has watched long enough yet. Pure.
 */
import type { ClusterModel, Totals } from '../model/cluster-model.js';
import { formatCount, formatPercent } from '../text/numbers.js';
import { formatAgeOf } from '../text/times.js';
import { sanitize } from '../text/width.js';
import { RESOURCE_KINDS, type ResourceKind, stateCounts } from './resource-kinds.js';

const MAX_PROBLEMS = 10;

export function totalsSentences(model: ClusterModel, nowUnixMs: number): readonly string[] {
  const { cluster, totals } = model;
  return [
    `cluster: ${sanitize(cluster.name)}`,
    `leader: ${cluster.leader}, term ${cluster.term}`,
    ...problemSentences(model, model.masterTime(nowUnixMs)),
    ...RESOURCE_KINDS.map((kind) => resourceSentence(totals, kind)),
    countSentence('agents', totals.agentCount, totals.agents),
    countSentence('frameworks', totals.frameworkCount, totals.frameworks),
    countSentence('tasks', totals.taskCount, totals.tasks),
    countSentence('offers', totals.offerCount, new Map()),
    countSentence('roles', totals.roleCount, new Map()),
  ];
}

function problemSentences(model: ClusterModel, now: number): readonly string[] {
  const { total, first } = model.problems(MAX_PROBLEMS);
  const sentences = first.map(
    ({ text, since }, index) => `problem ${index + 1}: ${sanitize(text)}, for ${formatAgeOf(since, now)}`,
  );
  return [`problems: ${total === 0 ? 'none' : formatCount(total)}`, ...sentences];
}

function resourceSentence({ total, allocated, offered, free }: Totals, { name, of, format }: ResourceKind): string {
  const part = (amounts: Totals['total']) => `${format(of(amounts))} (${formatPercent(of(amounts), of(total))})`;
  return `${name}: ${format(of(total))}, allocated ${part(allocated)}, offered ${part(offered)}, free ${part(free)}`;
}

function countSentence(name: string, count: number, counts: ReadonlyMap<string, number>): string {
  const states = stateCounts(counts).map(([state, number]) => `, ${state} ${formatCount(number)}`);
  return `${name}: ${formatCount(count)}${states.join('')}`;
}
