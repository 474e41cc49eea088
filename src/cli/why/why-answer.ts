/** The answer of `mesoctl why` in its forms: text for people, one document for programs (docs/schemas/why.json). Pure. */
import { shortId } from '../../views/text/ids.js';
import { formatCount } from '../../views/text/numbers.js';
import { sanitize } from '../../views/text/width.js';
import type * as extension from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { timeRecord } from '../records/parts.js';
import { formatTable } from '../table.js';

export interface WhySubject {
  readonly kind: 'task' | 'framework' | 'role' | 'agent' | 'request';
  /** Full; null: of a request. */
  readonly id: string | null;
  /** Of a task, a framework or an agent; null: it has none. */
  readonly state: string | null;
}

/** What the master says, or, of a task, what follows from its state. */
export type WhyAnswer = extension.Response_Why;

/** `agents`: tell one by one. */
export function whyText(answer: WhyAnswer, { agents }: { readonly agents: boolean }): string {
  const { summary, first_step, commands = [] } = answer;
  const lines = [
    sanitize(summary),
    ...(first_step === undefined ? [] : [`First: ${sanitize(first_step)}`]),
    ...(commands.length === 0 ? [] : [`Try:   ${commands.map(sanitize).join('    or   ')}`]),
    ...(agents ? findingLines(answer) : reasonLines(answer)),
  ];
  return `${lines.join('\n')}\n`;
}

/** A single reason was told. */
function reasonLines({ reasons = [] }: WhyAnswer): readonly string[] {
  if (reasons.length < 2) return [];
  const counts = reasons.some(({ frameworks }) => frameworks !== undefined) ? 'FRAMEWORKS' : 'AGENTS';
  const rows = reasons.map(({ code, agents = 0, frameworks, behind = [], message }) => [
    code,
    formatCount(frameworks ?? agents),
    behind.join(','),
    sanitize(message),
  ]);
  return ['', ...formatTable(['CODE', { head: counts, align: 'right' }, 'BEHIND', 'BECAUSE'], rows)];
}

function findingLines({ findings = [], agents = 0, reasons = [] }: WhyAnswer): readonly string[] {
  const isOfFrameworks = findings.some(({ framework_id }) => framework_id !== undefined);
  const rows = findings.map((finding) => [
    sanitize(
      isOfFrameworks
        ? (finding.framework_name ?? shortId(finding.framework_id?.value ?? ''))
        : (finding.hostname ?? shortId(finding.agent_id.value)),
    ),
    ...(isOfFrameworks ? [finding.role ?? ''] : []),
    finding.code,
    (finding.behind ?? []).join(','),
    sanitize(finding.message),
  ]);
  const heads = [...(isOfFrameworks ? ['FRAMEWORK', 'ROLE'] : ['AGENT']), 'CODE', 'BEHIND', 'BECAUSE'];
  const total = isOfFrameworks ? reasons.reduce((sum, { frameworks = 0 }) => sum + frameworks, 0) : agents;
  const more = total > rows.length ? [`and ${formatCount(total - rows.length)} more`] : [];
  return ['', ...formatTable(heads, rows), ...more];
}

export function whyRecord(subject: WhySubject, answer: WhyAnswer): object {
  const { summary, first_step, commands = [], agents = 0, available = 0, reasons = [], findings = [] } = answer;
  return {
    subject,
    summary,
    first_step: first_step ?? null,
    commands,
    agents,
    available,
    reasons: reasons.map(reasonRecord),
    findings: findings.map(findingRecord),
  };
}

function reasonRecord(reason: extension.Response_Reason): object {
  return {
    code: reason.code,
    message: reason.message,
    agents: reason.agents ?? 0,
    frameworks: reason.frameworks ?? null,
    best_agent_id: reason.best_agent_id?.value ?? null,
    best_hostname: reason.best_hostname ?? null,
    best_available: quantities(reason.best_available),
    behind: reason.behind ?? [],
    shortages: (reason.shortages ?? []).map(({ limit, consumed, ...shortage }) => ({
      ...shortage,
      limit: limit ?? null,
      consumed: consumed ?? null,
    })),
    holders: (reason.holders ?? []).map(holderRecord),
    role: reason.role ?? null,
    since: timeRecord(reason.since),
    until: timeRecord(reason.until),
    offer_id: reason.offer_id?.value ?? null,
    constraint: reason.constraint ?? null,
    capability: reason.capability ?? null,
    lacked_by: reason.lacked_by ?? null,
    state: reason.state ?? null,
    region: reason.region ?? null,
    master_region: reason.master_region ?? null,
    ahead: (reason.ahead ?? []).map(standingRecord),
    own: reason.own === undefined ? null : standingRecord(reason.own),
    own_offer: reason.own_offer ?? false,
    drawn: reason.drawn ?? false,
    outstanding: reason.outstanding ?? null,
    max_offers: reason.max_offers ?? null,
    fraction: reason.fraction ?? null,
  };
}

function holderRecord(holder: extension.Response_Holder): object {
  return {
    framework_id: holder.framework_id?.value ?? null,
    framework_name: holder.framework_name ?? null,
    role: holder.role,
    resources: quantities(holder.resources),
    offer_id: holder.offer_id?.value ?? null,
    since: timeRecord(holder.since),
    until: timeRecord(holder.until),
    held_until: timeRecord(holder.held_until),
  };
}

function standingRecord({ role, framework_id, framework_name, share, weight }: extension.Response_Standing): object {
  return {
    role: role ?? null,
    framework_id: framework_id.value,
    framework_name: framework_name ?? null,
    share,
    weight,
  };
}

function findingRecord(finding: extension.Response_Finding): object {
  return {
    agent_id: finding.agent_id.value,
    hostname: finding.hostname ?? null,
    framework_id: finding.framework_id?.value ?? null,
    framework_name: finding.framework_name ?? null,
    role: finding.role ?? null,
    code: finding.code,
    message: finding.message,
    behind: finding.behind ?? [],
  };
}

/** Sums by name: scalars as they are (memory and disk in MB), ranges by their integers, sets by their items. */
function quantities(resources: readonly mesos.Resource[] = []): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const resource of resources) {
    const before = Object.hasOwn(sums, resource.name) ? (sums[resource.name] ?? 0) : 0;
    sums[resource.name] = Number((before + quantityOf(resource)).toFixed(3));
  }
  return sums;
}

function quantityOf({ scalar, ranges, set }: mesos.Resource): number {
  if (scalar !== undefined) return scalar.value;
  if (set !== undefined) return set.item?.length ?? 0;
  return (ranges?.range ?? []).reduce((sum, { begin, end }) => sum + Number(end) - Number(begin) + 1, 0);
}
