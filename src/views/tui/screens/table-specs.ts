/** What the screens of the five tables have of their own: their first line, what they say when empty, names of their rows. */

import { taskStateWord } from '../../columns/task-columns.js';
import type { ClusterModel, History, SortedView, Totals } from '../../model/cluster-model.js';
import type { FrameworkRow, RoleRow, RowOf, TableName } from '../../model/rows.js';
import { shortId } from '../../text/ids.js';
import { formatCount, formatPercent } from '../../text/numbers.js';
import { sanitize } from '../../text/width.js';
import { type Line, type Span, span, widthOfLine } from './paint.js';
import type { KeyHint, ScreenWorld } from './screen.js';

/** What a first line may look at besides totals: rows as they are sorted and filtered, and who holds most offers. */
export interface SummaryViews<R> {
  readonly rows: SortedView<R>;
  readonly holders: SortedView<FrameworkRow> | undefined;
}

export interface TableSpec<Name extends TableName> {
  readonly table: Name;
  readonly title: string;
  /** What to do when there is nothing. */
  readonly empty: string;
  readonly hints: readonly KeyHint[];
  /** What follows title and count in the first line. */
  readonly summary: (world: ScreenWorld, views: SummaryViews<RowOf[Name]>) => readonly Span[];
  /** How messages and questions name a row. */
  readonly nameOf: (row: RowOf[Name]) => string;
}

const OPEN: KeyHint = { key: 'Enter', label: 'open' };
const WHY: KeyHint = { key: 'w', label: 'why' };
const FILTER: KeyHint = { key: '/', label: 'filter' };
const SORT: KeyHint = { key: 's', label: 'sort' };
const TASKS: KeyHint = { key: 't', label: 'tasks' };

export const AGENT_SPEC: TableSpec<'agents'> = {
  table: 'agents',
  title: 'Agents',
  empty: 'No agent has registered. On each machine: mesoctl agent start --master HOST:5050',
  hints: [FILTER, SORT, OPEN, TASKS, { key: 'o', label: 'offers' }],
  summary: ({ model }) => agentStates(model.totals, ['ACTIVE', ...ODD_AGENT_STATES]),
  nameOf: ({ agent }) => sanitize(agent.hostname ?? shortId(agent.agent_id.value)),
};

export const FRAMEWORK_SPEC: TableSpec<'frameworks'> = {
  table: 'frameworks',
  title: 'Frameworks',
  empty: 'No framework is registered. Start one: mesoctl task launch -- sleep 60',
  hints: [FILTER, SORT, OPEN, { key: 'w', label: 'why no offers' }, { key: 'o', label: 'offers' }, TASKS],
  summary: ({ model }) => frameworkStates(model.totals),
  nameOf: ({ framework }) => sanitize(framework.name ?? shortId(framework.framework_id.value)),
};

export const OFFER_SPEC: TableSpec<'offers'> = {
  table: 'offers',
  title: 'Offers',
  empty: 'No framework holds an offer now.',
  hints: [FILTER, SORT, { key: 'f', label: 'by framework' }, { key: 'a', label: 'by agent' }, OPEN],
  summary: ({ model }, { holders }) => [...heldBy(holders), ...acceptedPart(model.history)],
  nameOf: ({ offer }) => sanitize(shortId(offer.offer_id.value)),
};

export const TASK_SPEC: TableSpec<'tasks'> = {
  table: 'tasks',
  title: 'Tasks',
  empty: 'No task runs. Start one: mesoctl task launch -- sleep 60',
  hints: [FILTER, SORT, OPEN, { key: 'l', label: 'log' }, WHY, { key: 'x', label: 'kill' }],
  summary: ({ model }) => [
    ...taskStates(model.totals, ['TASK_RUNNING', 'TASK_STAGING', 'TASK_STARTING']),
    ...ended(model),
  ],
  nameOf: ({ task }) => sanitize(task.task_id.value),
};

export const ROLE_SPEC: TableSpec<'roles'> = {
  table: 'roles',
  title: 'Roles',
  empty: 'No role is in use.',
  hints: [OPEN, WHY, TASKS, FILTER, SORT],
  summary: (_, { rows }) => quotaUse(rows),
  nameOf: ({ role }) => sanitize(role.name),
};

const ODD_AGENT_STATES = ['DRAINING', 'DRAINED', 'DEACTIVATED', 'DISCONNECTED', 'RECOVERED', 'UNREACHABLE'] as const;

/** `  active 994  draining 3  ! unreachable 1`; states that no agent is in are left out. */
export function agentStates(totals: Totals, states: readonly ('ACTIVE' | (typeof ODD_AGENT_STATES)[number])[]) {
  return states.flatMap((state): Span[] => {
    const count = totals.agents.get(state) ?? 0;
    if (count === 0 && state !== 'ACTIVE') return [];
    const isBad = state === 'UNREACHABLE' || state === 'DISCONNECTED';
    return stateCount(state.toLowerCase(), count, isBad);
  });
}

export function allAgentStates(totals: Totals): readonly Span[] {
  return agentStates(totals, ['ACTIVE', ...ODD_AGENT_STATES]);
}

/** `  running 97,882  staging 377  ! unreachable 31`: those named, then any others there are. */
export function taskStates(totals: Totals, first: readonly string[]): readonly Span[] {
  const others = [...totals.tasks.keys()].filter((state) => state !== 'TASK_UNREACHABLE' && !first.includes(state));
  const inOrder = [...first, ...others, 'TASK_UNREACHABLE'];
  return inOrder.flatMap((state) => {
    const count = totals.tasks.get(state) ?? 0;
    if (count === 0 && state !== 'TASK_RUNNING') return [];
    return stateCount(taskStateWord(state).toLowerCase(), count, state === 'TASK_UNREACHABLE');
  });
}

/** Tasks that are over but still told of: in the list, not in the count. */
function ended({ tables, totals }: ClusterModel): readonly Span[] {
  const count = tables.tasks.size - totals.taskCount;
  return count <= 0 ? [] : [span(`  and ${formatCount(count)} ended`)];
}

/** `   held: spark 140  jobs 60` */
function heldBy(holders: SortedView<FrameworkRow> | undefined): readonly Span[] {
  const most = (holders?.window(0, NAMED_HOLDERS) ?? []).filter(({ usage }) => (usage.offers ?? 0) > 0);
  const words = most.map((row) => `${FRAMEWORK_SPEC.nameOf(row)} ${formatCount(row.usage.offers ?? 0)}`);
  return words.length === 0 ? [] : [span(`   held: ${words.join('  ')}`)];
}

function acceptedPart({ last5Minutes: { accepted, declined } }: History): readonly Span[] {
  const answered = accepted + declined;
  return answered === 0 ? [] : [span(`   accepted ${formatPercent(accepted, answered)}`)];
}

/** `   quota use: web 83% of cpu limit, dev 87%`: the roles nearest to their limits. */
function quotaUse(rows: SortedView<RoleRow>): readonly Span[] {
  const parts = rows
    .window(0, LOOKED_AT_ROLES)
    .flatMap(({ role }) => {
      const limit = role.limit?.cpus ?? 0;
      return limit <= 0 ? [] : [{ name: sanitize(role.name), part: (role.allocated?.cpus ?? 0) / limit }];
    })
    .sort((a, b) => b.part - a.part)
    .slice(0, NAMED_QUOTAS);
  if (parts.length === 0) return [];
  const words = parts.map(
    ({ name, part }, index) => `${name} ${formatPercent(part)}${index === 0 ? ' of cpu limit' : ''}`,
  );
  return [span(`   quota use: ${words.join(', ')}`)];
}

const NAMED_HOLDERS = 3;
const NAMED_QUOTAS = 2;
/** Roles beyond these are not looked through for each frame. */
const LOOKED_AT_ROLES = 200;

function frameworkStates(totals: Totals): readonly Span[] {
  return (['ACTIVE', 'RECOVERED', 'REMOVING', 'COMPLETED', 'DISCONNECTED'] as const).flatMap((state) => {
    const count = totals.frameworks.get(state) ?? 0;
    return count === 0 ? [] : stateCount(state.toLowerCase(), count, state === 'DISCONNECTED');
  });
}

function stateCount(word: string, count: number, isBad: boolean): Span[] {
  return [isBad ? span(`  ! ${word} ${formatCount(count)}`, 'bad') : span(`  ${word} ${formatCount(count)}`)];
}

/** What fits into `room` cells: the bad ones are the last to go. */
export function fitStates(states: readonly Span[], room: number): readonly Span[] {
  const kept = [...states];
  while (widthOfLine(kept) > room) {
    const last = kept.findLastIndex(({ style }) => style === 'plain');
    if (last < 0) break;
    kept.splice(last, 1);
  }
  return kept;
}

/** `Agents 1,000  active 994 ...` in `room` cells. */
export function summaryLine<Name extends TableName>(
  spec: TableSpec<Name>,
  world: ScreenWorld,
  room: number,
  views: SummaryViews<RowOf[Name]>,
): Line {
  const { model } = world;
  const count = spec.table === 'tasks' ? model.totals.taskCount : model.tables[spec.table].size;
  const title = `${spec.title} ${formatCount(count)}`;
  return [title, ...fitStates(spec.summary(world, views), room - title.length)];
}
