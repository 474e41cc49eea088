/** `framework show`: whether its scheduler is there, what it has, and its newest tasks. */
import { amountsInWords } from '../../views/columns/offer-columns.js';
import { taskStateWord } from '../../views/columns/task-columns.js';
import { formatCount, formatPercent, formatShare } from '../../views/text/numbers.js';
import { formatAge, formatAgeOf, formatTimeAndAge } from '../../views/text/times.js';
import { sanitize } from '../../views/text/width.js';
import type { Framework, Response_Match } from '../../wire/gen/mesoctl-api.js';
import { FRAMEWORK_REFERENCE } from '../cluster/find-one.js';
import { frameworkDetailRecord, frameworkRow } from '../records/framework-detail.js';
import { formatTable } from '../table.js';
import { type Fact, formatFacts, type Section } from './facts.js';
import { type ShowContext, type ShowFlags, type Shown, showOne } from './show-one.js';
import { labelsOf } from './show-task.js';

type FrameworkMatch = Response_Match & { readonly framework: Framework };

/** What it has, as far as it is shown. */
export interface FrameworkHoldings {
  /** Its newest, live ones first. */
  readonly tasks: readonly Response_Match[];
  /** Live ones and those that are remembered. */
  readonly taskTotal: number;
  readonly oldestOfferAt: number | undefined;
}

const TASKS_SHOWN = 10;
const OFFERS_ASKED = 100;

export function showFramework(reference: string, flags: ShowFlags): Promise<void> {
  return showOne(FRAMEWORK_REFERENCE, reference, flags, async (match, context) =>
    describeFramework(match as FrameworkMatch, await holdingsOf(match as FrameworkMatch, context), context.now),
  );
}

async function holdingsOf({ framework }: FrameworkMatch, context: ShowContext): Promise<FrameworkHoldings> {
  const { client } = context.session;
  const scope = { reference: '', framework_id: framework.framework_id };
  const { signal } = context;
  const [tasks, offers] = await Promise.all([
    client.find({ kind: 'TASKS', limit: TASKS_SHOWN, ...scope }, { signal }),
    client.find({ kind: 'OFFERS', limit: OFFERS_ASKED, ...scope }, { signal }),
  ]);
  const made = (offers.matches ?? []).flatMap(({ offer }) => (offer === undefined ? [] : [offer.made_at]));
  return {
    tasks: tasks.matches ?? [],
    taskTotal: tasks.total,
    oldestOfferAt: made.length === 0 ? undefined : Math.min(...made),
  };
}

/** Pure. */
export function describeFramework(match: FrameworkMatch, holdings: FrameworkHoldings, now: number): Shown {
  const id = match.framework.framework_id.value;
  return {
    id,
    record: () => frameworkDetailRecord(match, holdings.oldestOfferAt),
    text: () => formatFacts(headlineOf(match, now), factsOf(match, holdings, now), [taskSection(holdings, now)]),
    next: [
      `mesoctl task list --filter framework_id==${id}`,
      ...(match.framework.state === 'COMPLETED' ? [] : [`mesoctl framework teardown ${id}`]),
    ],
  };
}

function headlineOf({ framework }: FrameworkMatch, now: number): string {
  const { note } = frameworkRow(framework, undefined);
  const age = framework.since === undefined ? '' : ` for ${formatAgeOf(framework.since, now)}`;
  const why = note === '' || note === framework.state.toLowerCase() ? '' : `: ${note}`;
  return `${framework.name ?? framework.framework_id.value} ${framework.state}${age}${why}`;
}

function factsOf(match: FrameworkMatch, { oldestOfferAt }: FrameworkHoldings, now: number): readonly Fact[] {
  const { framework, framework_detail } = match;
  const { usage } = framework;
  const info = framework_detail?.framework_info;
  const capabilities = (info?.capabilities ?? []).map(({ type }) => type ?? '').filter((type) => type !== '');
  return [
    ['ID', framework.framework_id.value],
    ['NAME', framework.name],
    ['STATE', framework.state],
    ['SINCE', formatTimeAndAge(framework.since, now)],
    ['REGISTERED', formatTimeAndAge(framework.registered_at, now)],
    ['FAILOVER', failoverText(framework, now)],
    ['ROLES', listText(framework.roles)],
    ['SUPPRESSED', listText(framework.suppressed_roles)],
    ['USER', framework.user],
    ['PRINCIPAL', framework.principal],
    ['HOST', framework.hostname],
    ['WEB', framework.webui_url],
    ['TASKS', `${formatCount(usage?.tasks ?? 0)} live, ${formatCount(Number(usage?.tasks_failed ?? 0))} failed so far`],
    ['ALLOCATED', amountsInWords(usage?.allocated)],
    ['SHARE', formatShare(usage?.dominant_share ?? 0)],
    ['OFFERS', offersText(framework, oldestOfferAt, now)],
    ['CAPABILITIES', listText(capabilities)],
    ['LABELS', labelsOf(info?.labels)],
  ];
}

function listText(words: readonly string[] | undefined): string | undefined {
  return words === undefined || words.length === 0 ? undefined : words.join(', ');
}

function failoverText({ failover_deadline, failover_timeout_seconds }: Framework, now: number): string {
  if (failover_deadline !== undefined) return `removed with its tasks in ${formatAge(failover_deadline - now)}`;
  return `${formatAge(failover_timeout_seconds ?? 0)} to come back after a lost connection`;
}

/** `12 held (8 cpu 16G mem), oldest 41s; 1,204 sent, 61% accepted, 39% declined` */
function offersText({ usage }: Framework, oldestOfferAt: number | undefined, now: number): string {
  const sent = Number(usage?.offers_sent ?? 0);
  const part = (count: number | bigint | undefined) => formatPercent(Number(count ?? 0), sent);
  const held = `${formatCount(usage?.offers ?? 0)} held`;
  const what = (usage?.offers ?? 0) === 0 ? '' : ` (${amountsInWords(usage?.offered)})`;
  const oldest = oldestOfferAt === undefined ? '' : `, oldest ${formatAgeOf(oldestOfferAt, now)}`;
  const parts =
    sent === 0 ? '' : `, ${part(usage?.offers_accepted)} accepted, ${part(usage?.offers_declined)} declined`;
  return `${held}${what}${oldest}; ${formatCount(sent)} sent${parts}`;
}

function taskSection({ tasks, taskTotal }: FrameworkHoldings, now: number): Section {
  if (tasks.length === 0) return { title: 'TASKS', lines: [] };
  const rows = tasks.map(({ task, agent }) => [
    sanitize(task?.task_id.value ?? ''),
    task === undefined ? '' : taskStateWord(task.state),
    formatAgeOf(task?.since, now),
    sanitize(agent?.hostname ?? ''),
  ]);
  const more = taskTotal > tasks.length ? [`and ${formatCount(taskTotal - tasks.length)} more`] : [];
  return { title: 'TASKS', lines: [...formatTable(['TASK', 'STATE', 'SINCE', 'HOST'], rows), ...more] };
}
