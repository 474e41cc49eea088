/** The table of agents. CPU, MEM, GPU: allocated of total; DISK: allocated part. No measured use (design/ux, principle 3). */
import type * as api from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type { AgentRow } from '../model/rows.js';
import { formatCount, formatPercent, formatScalar, formatSize, formatSizeOf } from '../text/numbers.js';
import { formatAgeOf } from '../text/times.js';
import { sanitize } from '../text/width.js';
import { type Column, foreign } from './column.js';

export const AGENT_COLUMNS: readonly Column<AgentRow>[] = [
  {
    key: 'agent',
    heading: 'AGENT',
    align: 'left',
    priority: 1,
    width: 6,
    maxWidth: 24,
    text: ({ agent }, { shortId }) => foreign(shortId(agent.agent_id.value)),
  },
  {
    key: 'host',
    heading: 'HOST',
    align: 'left',
    priority: 3,
    isFlexible: true,
    width: 9,
    text: ({ agent }) => foreign(agent.hostname),
  },
  {
    key: 'state',
    heading: 'STATE',
    align: 'left',
    priority: 2,
    isState: true,
    width: 11,
    text: ({ agent }) => agent.state,
  },
  {
    key: 'tasks',
    heading: 'TASKS',
    align: 'right',
    priority: 4,
    width: 5,
    text: ({ usage }) => formatCount(usage.tasks ?? 0),
  },
  {
    key: 'cpu',
    heading: 'CPU',
    align: 'right',
    priority: 5,
    width: 8,
    text: ({ agent, usage }) => partOf(usage.allocated?.cpus, agent.total?.cpus),
  },
  {
    key: 'mem',
    heading: 'MEM',
    align: 'right',
    priority: 6,
    width: 9,
    text: ({ agent, usage }) => sizePartOf(usage.allocated?.mem_mb, agent.total?.mem_mb),
  },
  {
    key: 'disk',
    heading: 'DISK',
    align: 'right',
    priority: 8,
    width: 4,
    text: ({ agent, usage }) => percentOf(usage.allocated?.disk_mb, agent.total?.disk_mb),
  },
  {
    key: 'age',
    heading: 'AGE',
    align: 'right',
    priority: 7,
    width: 4,
    isTimed: true,
    text: ({ agent }, { now }) => formatAgeOf(agent.since ?? agent.registered_at, now),
  },
  {
    key: 'offered',
    heading: 'OFFERED',
    align: 'right',
    priority: 9,
    isWide: true,
    width: 9,
    text: ({ usage }) => cpusAndMem(usage.offered),
  },
  {
    key: 'gpu',
    heading: 'GPU',
    align: 'right',
    priority: 10,
    isWide: true,
    width: 4,
    text: ({ agent, usage }) => partOf(usage.allocated?.gpus, agent.total?.gpus),
  },
  {
    key: 'attributes',
    heading: 'ATTRIBUTES',
    align: 'left',
    priority: 11,
    isWide: true,
    width: 18,
    maxWidth: 40,
    text: ({ agent }) => formatAttributes(agent.attributes),
  },
  {
    key: 'version',
    heading: 'VERSION',
    align: 'left',
    priority: 12,
    isWide: true,
    width: 7,
    maxWidth: 16,
    text: ({ agent }) => foreign(agent.version),
  },
];

/** `rack=b2,zone=eu1`; `-` if there are none. */
export function formatAttributes(attributes: readonly mesos.Attribute[] | undefined): string {
  const texts = (attributes ?? []).map((attribute) => `${attribute.name}=${formatAttributeValue(attribute)}`);
  return texts.length === 0 ? '-' : sanitize(texts.join(','));
}

function formatAttributeValue(attribute: mesos.Attribute): string {
  if (attribute.text !== undefined) return attribute.text.value;
  if (attribute.scalar !== undefined) return formatScalar(attribute.scalar.value);
  if (attribute.set !== undefined) return `{${(attribute.set.item ?? []).join(',')}}`;
  return `[${(attribute.ranges?.range ?? []).map(({ begin, end }) => `${begin}-${end}`).join(',')}]`;
}

/** `2/8G`: cpus and memory; `-` if there is nothing. */
export function cpusAndMem(amounts: api.Amounts | undefined): string {
  const cpus = amounts?.cpus ?? 0;
  const mem = amounts?.mem_mb ?? 0;
  return cpus <= 0 && mem <= 0 ? '-' : `${formatScalar(cpus)}/${formatSize(mem)}`;
}

function partOf(part: number | undefined, whole: number | undefined): string {
  return whole === undefined || whole <= 0 ? '-' : `${formatScalar(part ?? 0)}/${formatScalar(whole)}`;
}

function sizePartOf(partMb: number | undefined, wholeMb: number | undefined): string {
  return wholeMb === undefined || wholeMb <= 0 ? '-' : formatSizeOf(partMb ?? 0, wholeMb);
}

function percentOf(part: number | undefined, whole: number | undefined): string {
  return whole === undefined || whole <= 0 ? '-' : formatPercent(part ?? 0, whole);
}
