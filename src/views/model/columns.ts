/**
 * The columns of each table: what a view may sort by and what a filter may ask for. `value` is what both compare; how a cell is
 * written, views/columns says, by the same keys. Pure. Source: design/ux, section 3 ("The lists at 80 columns, and what 120 adds"), mockups.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { shortId } from '../text/ids.js';
import { rankOf } from './health.js';
import { naturalKey } from './natural-key.js';
import type { AgentRow, FrameworkRow, OfferRow, RoleRow, RowOf, TableName, TaskRow } from './rows.js';

/**
 * What `value` is and how a filter's value is read: text; a plain number; MB (`512M`, `2G`); a part of 1 (`12%`); `age`: the Unix time at
 * which something began, compared by how long ago (`5m`); `left`: the Unix time at which it ends, by how long until then; `problem`:
 * the order "problems first, then newest".
 */
export type ColumnKind = 'text' | 'number' | 'size' | 'share' | 'age' | 'left' | 'problem';

export interface ModelColumn<R> {
  readonly key: string;
  /** As the mockups head it. */
  readonly title: string;
  readonly kind: ColumnKind;
  /** Other names that a filter may use. */
  readonly aliases: readonly string[];
  /** undefined: nothing to compare; it stands last in either direction. */
  readonly value: (row: R) => string | number | undefined;
  /** For filters that programs write (`agent_id==...`): no word is looked for in it, no menu names it. */
  readonly isHidden?: true;
  /** What is sorted by, where that is not `value`. */
  readonly sortValue?: (row: R) => string;
}

/** Columns of `table`, in the order of the mockups; the first is the default order. */
export function columnsOf<Name extends TableName>(table: Name): readonly ModelColumn<RowOf[Name]>[] {
  return COLUMNS[table];
}

/** The column that `name`, its key or an alias, stands for. */
export function findColumn<R>(columns: readonly ModelColumn<R>[], name: string): ModelColumn<R> | undefined {
  const wanted = name.toLowerCase();
  return columns.find(({ key, aliases }) => key === wanted || aliases.includes(wanted));
}

function column<R>(
  key: string,
  title: string,
  kind: ColumnKind,
  value: (row: R) => string | number | undefined,
  ...aliases: readonly string[]
): ModelColumn<R> {
  return { key, title, kind, value, aliases };
}

/** One number for two keys: a rank is worth more than all of time. */
const MOST_SECONDS = 1e11;

/** Problems first, then newest. */
function problemColumn<R extends { readonly severity: AgentRow['severity'] }>(since: (row: R) => number | undefined) {
  return column<R>('problem', 'PROBLEM', 'problem', (row) => rankOf(row.severity) * MOST_SECONDS - (since(row) ?? 0));
}

const severityColumn = column<{ readonly severity: string }>('severity', 'SEVERITY', 'text', (row) => row.severity);
const whyColumn = column<{ readonly note: string }>('why', 'WHY', 'text', (row) => row.note, 'note', 'cause');

function hiddenColumn<R>(key: string, value: (row: R) => string | undefined): ModelColumn<R> {
  return { ...column<R>(key, key.toUpperCase(), 'text', value), isHidden: true };
}

const AGENT_COLUMNS: readonly ModelColumn<AgentRow>[] = [
  problemColumn((row) => row.agent.since),
  column('agent', 'AGENT', 'text', (row) => row.key, 'id'),
  column('host', 'HOST', 'text', (row) => row.agent.hostname, 'hostname', 'name'),
  column('state', 'STATE', 'text', (row) => row.agent.state),
  column('tasks', 'TASKS', 'number', (row) => row.usage.tasks ?? 0),
  column('cpu', 'CPU', 'number', (row) => row.usage.allocated?.cpus ?? 0, 'cpus'),
  column('mem', 'MEM', 'size', (row) => row.usage.allocated?.mem_mb ?? 0, 'memory'),
  column('disk', 'DISK', 'size', (row) => row.usage.allocated?.disk_mb ?? 0),
  column('age', 'AGE', 'age', (row) => row.agent.since, 'since'),
  column('offered', 'OFFERED', 'number', (row) => row.usage.offered?.cpus ?? 0),
  column('gpu', 'GPU', 'number', (row) => row.usage.allocated?.gpus ?? 0, 'gpus'),
  column('attributes', 'ATTRIBUTES', 'text', (row) => attributesText(row.agent.attributes), 'attribute', 'attr'),
  column('version', 'VERSION', 'text', (row) => row.agent.version),
  column('ip', 'IP', 'text', (row) => row.agent.ip),
  whyColumn,
  severityColumn,
];

const FRAMEWORK_COLUMNS: readonly ModelColumn<FrameworkRow>[] = [
  problemColumn((row) => row.framework.since),
  column('id', 'ID', 'text', (row) => row.key, 'framework'),
  column('name', 'NAME', 'text', (row) => row.framework.name),
  column('roles', 'ROLES', 'text', (row) => row.framework.roles?.join(' '), 'role'),
  column('state', 'STATE', 'text', (row) => row.framework.state),
  column('tasks', 'TASKS', 'number', (row) => row.usage.tasks ?? 0),
  column('share', 'SHARE', 'share', (row) => row.usage.dominant_share ?? 0),
  column('offers', 'OFFERS', 'number', (row) => row.usage.offers ?? 0, 'holds'),
  column('oldest', 'OLDEST', 'age', (row) => row.oldestOfferAt),
  column('cpu', 'CPU', 'number', (row) => row.usage.allocated?.cpus ?? 0, 'cpus'),
  column('mem', 'MEM', 'size', (row) => row.usage.allocated?.mem_mb ?? 0, 'memory'),
  column('declined', 'DECLINED', 'number', (row) => Number(row.usage.offers_declined ?? 0)),
  column('failover', 'FAILOVER', 'left', (row) => row.framework.failover_deadline, 'deadline'),
  column('suppressed', 'SUPPR', 'text', (row) => row.framework.suppressed_roles?.join(' ')),
  column('failed', 'FAILED', 'number', (row) => Number(row.usage.tasks_failed ?? 0)),
  column('principal', 'PRINCIPAL', 'text', (row) => row.framework.principal),
  column('user', 'USER', 'text', (row) => row.framework.user),
  column('age', 'AGE', 'age', (row) => row.framework.since, 'since'),
  whyColumn,
  severityColumn,
];

const OFFER_COLUMNS: readonly ModelColumn<OfferRow>[] = [
  problemColumn((row) => row.offer.made_at),
  column('offer', 'OFFER', 'text', (row) => row.key, 'id'),
  column('framework', 'FRAMEWORK', 'text', (row) => row.frameworkName),
  column('agent', 'AGENT', 'text', (row) => row.hostname || row.offer.agent_id.value, 'host', 'hostname'),
  column('role', 'ROLE', 'text', (row) => row.offer.role),
  column('cpu', 'CPU', 'number', (row) => row.offer.resources?.cpus ?? 0, 'cpus'),
  column('mem', 'MEM', 'size', (row) => row.offer.resources?.mem_mb ?? 0, 'memory'),
  column('disk', 'DISK', 'size', (row) => row.offer.resources?.disk_mb ?? 0),
  column('gpu', 'GPU', 'number', (row) => row.offer.resources?.gpus ?? 0, 'gpus'),
  column('ports', 'PORTS', 'number', (row) => row.offer.ports ?? 0),
  column('age', 'AGE', 'age', (row) => row.offer.made_at, 'since'),
  column('timeout', 'TIMEOUT', 'left', (row) => row.offer.expires_at, 'left'),
  column('reserved', 'RESERVED', 'number', (row) => row.offer.reserved?.cpus ?? 0),
  column('revocable', 'REVOC', 'number', (row) => row.offer.revocable?.cpus ?? 0),
  column('unavailable', 'UNAVAIL FROM', 'left', (row) => row.offer.unavailable_at),
  whyColumn,
  hiddenColumn('agent_id', (row) => row.offer.agent_id.value),
  hiddenColumn('framework_id', (row) => row.offer.framework_id.value),
  severityColumn,
];

const TASK_COLUMNS: readonly ModelColumn<TaskRow>[] = [
  problemColumn((row) => row.task.since),
  column('task', 'TASK', 'text', (row) => row.task.task_id.value, 'id'),
  column('name', 'NAME', 'text', (row) => row.task.name),
  column('framework', 'FRAMEWORK', 'text', (row) => row.frameworkName),
  column('state', 'STATE', 'text', (row) => taskStateWord(row.task.state)),
  column('cpu', 'CPU', 'number', (row) => row.task.resources?.cpus ?? 0, 'cpus'),
  column('mem', 'MEM', 'size', (row) => row.task.resources?.mem_mb ?? 0, 'memory'),
  column('host', 'HOST', 'text', (row) => row.hostname || undefined, 'hostname'),
  column('since', 'SINCE', 'age', (row) => row.task.since, 'age'),
  whyColumn,
  column('role', 'ROLE', 'text', (row) => row.task.role),
  column('health', 'HEALTH', 'text', (row) => healthWord(row.task.healthy)),
  column('address', 'IP:PORT', 'text', (row) => addressText(row.task), 'ip'),
  column('disk', 'DISK', 'size', (row) => row.task.resources?.disk_mb ?? 0),
  column('gpu', 'GPU', 'number', (row) => row.task.resources?.gpus ?? 0, 'gpus'),
  column('agent', 'AGENT', 'text', (row) => row.task.agent_id?.value),
  column('reason', 'REASON', 'text', (row) => row.task.reason),
  column('message', 'MESSAGE', 'text', (row) => row.task.message),
  column('launched', 'LAUNCHED', 'age', (row) => row.task.launched_at),
  hiddenColumn('agent_id', (row) => row.task.agent_id?.value),
  hiddenColumn('framework_id', (row) => row.task.framework_id.value),
  severityColumn,
];

const ROLE_COLUMNS: readonly ModelColumn<RoleRow>[] = [
  // A role with all below it, the worst tree first; inside a tree, and without problems, by name.
  {
    ...column<RoleRow>('problem', 'PROBLEM', 'problem', () => undefined),
    sortValue: (row) => `${rankOf(row.treeSeverity)}${treeKey(row)}`,
  },
  { ...column<RoleRow>('role', 'ROLE', 'text', (row) => row.key, 'name', 'id'), sortValue: treeKey },
  column('weight', 'WEIGHT', 'number', (row) => row.role.weight ?? 1),
  column('share', 'SHARE', 'share', (row) => row.role.dominant_share ?? 0),
  column('cpu', 'CPU', 'number', (row) => row.role.allocated?.cpus ?? 0, 'cpus'),
  column('reserved', 'RSVD', 'number', (row) => row.role.reserved?.cpus ?? 0, 'rsvd'),
  column('guarantee', 'GUAR', 'number', (row) => row.role.guarantee?.cpus, 'guar'),
  column('limit', 'LIMIT', 'number', (row) => row.role.limit?.cpus),
  column('frameworks', 'FWKS', 'number', (row) => row.role.frameworks ?? 0, 'fwks'),
  { ...whyColumn, key: 'note', title: 'NOTE', aliases: ['why', 'cause'] },
  column('mem', 'MEM', 'size', (row) => row.role.allocated?.mem_mb ?? 0, 'memory'),
  column('fair', 'FAIR', 'share', (row) => row.role.fair_share ?? 0),
  severityColumn,
];

const COLUMNS: { readonly [Name in TableName]: readonly ModelColumn<RowOf[Name]>[] } = {
  agents: AGENT_COLUMNS,
  frameworks: FRAMEWORK_COLUMNS,
  tasks: TASK_COLUMNS,
  offers: OFFER_COLUMNS,
  roles: ROLE_COLUMNS,
};

/** A tree in the order of its branches: the separator comes before all characters of names, `web/front` before `web-2`. */
function treeKey({ key }: RoleRow): string {
  return naturalKey(key.replaceAll('/', '\u0001'));
}

/** `RUNNING` */
export function taskStateWord(state: mesos.TaskState): string {
  return state.slice('TASK_'.length);
}

function healthWord(healthy: boolean | undefined): string | undefined {
  if (healthy === undefined) return undefined;
  return healthy ? 'healthy' : 'unhealthy';
}

function addressText({ ip, ports }: api.Task): string | undefined {
  if (ip === undefined) return undefined;
  const port = ports?.[0];
  return port === undefined ? ip : `${ip}:${port}`;
}

/** `rack=b2,zone=eu1` */
export function attributesText(attributes: readonly mesos.Attribute[] | undefined): string | undefined {
  if (attributes === undefined || attributes.length === 0) return undefined;
  return attributes.map((one) => `${one.name}=${attributeValue(one)}`).join(',');
}

function attributeValue({ text, scalar, set, ranges }: mesos.Attribute): string {
  if (text !== undefined) return text.value;
  if (scalar !== undefined) return String(scalar.value);
  if (set !== undefined) return `{${(set.item ?? []).join(',')}}`;
  return `[${(ranges?.range ?? []).map(({ begin, end }) => `${begin}-${end}`).join(',')}]`;
}

/** What all ids of one master share. */
const GENERATED_PREFIX = 36;

/** All that a word of a filter is looked for in, in lower case. */
export function searchTextOf<R>(columns: readonly ModelColumn<R>[], row: R): string {
  const parts: string[] = [];
  for (const { kind, key, value, isHidden } of columns) {
    if (kind !== 'text' || key === 'severity' || isHidden === true) continue;
    const text = value(row);
    // Of ids only what tells them apart: the digits that all share would fit any number.
    if (typeof text === 'string') parts.push(text.length > GENERATED_PREFIX ? shortId(text) : text);
  }
  return parts.join('\n').toLowerCase();
}
