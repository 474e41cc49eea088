/** What is known of one agent, framework, role or offer, as lines. All of it comes from the stream. */
import type * as api from '../../../wire/gen/mesoctl-api.js';
import { formatAttributes } from '../../columns/agent-columns.js';
import { amountsInWords } from '../../columns/offer-columns.js';
import type { AgentRow, FrameworkRow, OfferRow, RoleRow } from '../../model/rows.js';
import { allocationBar, fairnessBar, usageBar } from '../../text/bars.js';
import { glyphOf } from '../../text/glyphs.js';
import { shortId } from '../../text/ids.js';
import { formatCount, formatPercent, formatScalar, formatShare, formatSize } from '../../text/numbers.js';
import { formatAge, formatAgeOf, formatTimeAndAge } from '../../text/times.js';
import { padEndTo, padStartTo, sanitize } from '../../text/width.js';
import { type Line, span, styleOf } from './paint.js';
import { indented } from './wrap.js';

export interface FactContext {
  readonly now: number;
  readonly unicode: boolean;
  readonly width: number;
  /** It is no more: this is how it was last seen. */
  readonly isGone: boolean;
}

type Resource = 'cpus' | 'mem_mb' | 'disk_mb' | 'gpus';

const RESOURCES: readonly { readonly name: Resource; readonly label: string }[] = [
  { name: 'cpus', label: 'CPU' },
  { name: 'mem_mb', label: 'MEM' },
  { name: 'disk_mb', label: 'DISK' },
  { name: 'gpus', label: 'GPU' },
];

const BAR_CELLS = 20;
const BAR_FROM = 76;

export function agentFactLines({ agent, usage, severity, note }: AgentRow, context: FactContext): readonly Line[] {
  const { now, width } = context;
  const address = agent.ip === undefined ? '' : `  ${agent.ip}:${agent.port ?? ''}`;
  return [
    headline(`${agent.state} for ${formatAgeOf(agent.since, now)}`, severity, note, context),
    ...indented(
      `${agent.hostname ?? '-'} (${shortId(agent.agent_id.value)})${address}  version ${agent.version ?? '-'}`,
      width,
    ),
    ...indented(
      `registered ${formatTimeAndAge(agent.registered_at, now)}  tasks ${formatCount(usage.tasks ?? 0)}`,
      width,
    ),
    ...indented(`attributes ${formatAttributes(agent.attributes)}`, width),
    ...agentResources(agent, usage, context),
  ];
}

function agentResources(agent: api.Agent, usage: api.AgentUsage, { unicode, width }: FactContext): readonly Line[] {
  const shown = RESOURCES.filter(({ name }) => (agent.total?.[name] ?? 0) > 0);
  if (shown.length === 0) return [];
  return [
    '        ALLOCATED   OFFERED      FREE  RESERVED     TOTAL',
    ...shown.map(({ name, label }): Line => {
      const total = agent.total?.[name] ?? 0;
      const allocated = usage.allocated?.[name] ?? 0;
      const offered = usage.offered?.[name] ?? 0;
      const amounts = [
        allocated,
        offered,
        Math.max(0, total - allocated - offered),
        agent.reserved?.[name] ?? 0,
        total,
      ];
      const numbers = amounts.map((value) => padStartTo(amount(name, value), 10)).join('');
      const bar = allocationBar({ allocated: allocated / total, offered: offered / total, cells: BAR_CELLS, unicode });
      return [`  ${padEndTo(label, 5)}${numbers}`, ...(width < BAR_FROM + 5 ? [] : ['  ', span(bar, 'accent')])];
    }),
  ];
}

export function frameworkFactLines(row: FrameworkRow, context: FactContext): readonly Line[] {
  const { framework, usage, severity, note } = row;
  const { now, width } = context;
  const deadline =
    framework.failover_deadline === undefined
      ? ''
      : `, removed with its tasks in ${formatAge(framework.failover_deadline - now)}`;
  const who = [
    `${framework.name ?? '-'} (${shortId(framework.framework_id.value)})`,
    `user ${framework.user ?? '-'}`,
    `principal ${framework.principal ?? '-'}`,
    `host ${framework.hostname ?? '-'}`,
  ];
  return [
    headline(`${framework.state} for ${formatAgeOf(framework.since, now)}${deadline}`, severity, note, context),
    ...indented(who.join('  '), width),
    ...indented(`roles ${listed(framework.roles)}  suppressed ${listed(framework.suppressed_roles)}`, width),
    ...indented(
      `registered ${formatTimeAndAge(framework.registered_at, now)}  fails over within ${formatAge(framework.failover_timeout_seconds)}`,
      width,
    ),
    ...indented(offerWords(row, now), width),
    ...indented(
      `tasks ${formatCount(usage.tasks ?? 0)}  failed ${formatCount(Number(usage.tasks_failed ?? 0))}  share ${formatShare(usage.dominant_share ?? 0)}`,
      width,
    ),
    ...indented(`allocated ${amountsInWords(usage.allocated)}  offered ${amountsInWords(usage.offered)}`, width),
    ...(framework.webui_url === undefined ? [] : indented(`web ${framework.webui_url}`, width)),
  ];
}

function offerWords({ usage, oldestOfferAt, framework }: FrameworkRow, now: number): string {
  const sent = Number(usage.offers_sent ?? 0);
  const part = (count: number | bigint | undefined) => (sent === 0 ? '-' : formatPercent(Number(count ?? 0), sent));
  const held = usage.offers ?? 0;
  const oldest = held === 0 ? '' : `, oldest ${formatAgeOf(oldestOfferAt, now)}`;
  const slow = framework.back_pressured === true ? '  gets none: it reads its events too slowly' : '';
  return `offers held ${formatCount(held)}${oldest}  sent ${formatCount(sent)}  accepted ${part(usage.offers_accepted)}  declined ${part(usage.offers_declined)}${slow}`;
}

export function roleFactLines({ role, severity, note }: RoleRow, context: FactContext): readonly Line[] {
  const { unicode, width } = context;
  const fair = role.fair_share ?? 0;
  const actual = role.dominant_share ?? 0;
  return [
    headline(`share ${formatShare(actual)}, fair share ${formatShare(fair)}`, severity, note, context),
    [`  ${fairnessBar({ actual, fair, cells: Math.max(2, Math.min(40, width - 6)), unicode })}`],
    ...indented(`weight ${role.weight ?? 1}  frameworks ${formatCount(role.frameworks ?? 0)}`, width),
    '        ALLOCATED   OFFERED  RESERVED GUARANTEE     LIMIT',
    ...RESOURCES.map(({ name, label }): Line => {
      const allocated = role.allocated?.[name] ?? 0;
      const limit = role.limit?.[name];
      const amounts = [allocated, role.offered?.[name] ?? 0, role.reserved?.[name] ?? 0].map((value) =>
        amount(name, value),
      );
      const quotas = [role.guarantee?.[name], limit].map((value) => (value === undefined ? '-' : amount(name, value)));
      const numbers = [...amounts, ...quotas].map((text) => padStartTo(text, 10)).join('');
      const hasBar = limit !== undefined && limit > 0 && width >= BAR_FROM + 5;
      return [
        `  ${padEndTo(label, 5)}${numbers}`,
        ...(hasBar ? ['  ', span(usageBar(allocated / limit, BAR_CELLS, unicode), 'accent')] : []),
      ];
    }),
  ];
}

export function offerFactLines(
  { offer, frameworkName, hostname, severity, note }: OfferRow,
  context: FactContext,
): readonly Line[] {
  const { now, width } = context;
  const expires =
    offer.expires_at === undefined ? 'never taken back' : `taken back in ${formatAge(offer.expires_at - now)}`;
  const unavailable =
    offer.unavailable_at === undefined ? '' : `  maintenance in ${formatAge(offer.unavailable_at - now)}`;
  return [
    headline(`held for ${formatAgeOf(offer.made_at, now)}, ${expires}`, severity, note, context),
    ...indented(`framework ${frameworkName} (${shortId(offer.framework_id.value)})  role ${offer.role}`, width),
    ...indented(`agent ${hostname === '' ? '-' : hostname} (${shortId(offer.agent_id.value)})${unavailable}`, width),
    ...indented(`made ${formatTimeAndAge(offer.made_at, now)}`, width),
    ...indented(`resources ${amountsInWords(offer.resources)}  ports ${formatCount(offer.ports ?? 0)}`, width),
    ...indented(
      `of these reserved ${amountsInWords(offer.reserved)}  revocable ${amountsInWords(offer.revocable)}`,
      width,
    ),
  ];
}

function headline(text: string, severity: AgentRow['severity'], note: string, { isGone }: FactContext): Line {
  const cause = note === '' || text.toLowerCase().includes(note.toLowerCase()) ? '' : `: ${sanitize(note)}`;
  if (isGone) return [span(`? ended; it was ${text}${cause}`, 'unknown')];
  return [span(`${glyphOf(severity)} ${sanitize(text)}${cause}`, styleOf(severity))];
}

function listed(names: readonly string[] | undefined): string {
  return names === undefined || names.length === 0 ? '-' : names.join(',');
}

function amount(name: Resource, value: number): string {
  return name === 'cpus' || name === 'gpus' ? formatScalar(value) : formatSize(value);
}
