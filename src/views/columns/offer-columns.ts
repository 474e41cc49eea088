/** The table of offers: who holds what of which agent, for how long already, and until when. */
import type * as api from '../../wire/gen/mesoctl-api.js';
import type { OfferRow } from '../model/rows.js';
import { formatCount, formatCpus, formatScalar, formatSize } from '../text/numbers.js';
import { formatAge, formatAgeOf } from '../text/times.js';
import { type Column, foreign } from './column.js';

export const OFFER_COLUMNS: readonly Column<OfferRow>[] = [
  {
    key: 'offer',
    heading: 'OFFER',
    align: 'left',
    priority: 1,
    width: 6,
    maxWidth: 24,
    text: ({ offer }, { shortId }) => foreign(shortId(offer.offer_id.value)),
  },
  {
    key: 'framework',
    heading: 'FRAMEWORK',
    align: 'left',
    priority: 2,
    isFlexible: true,
    width: 9,
    text: ({ frameworkName }) => foreign(frameworkName),
  },
  {
    key: 'agent',
    heading: 'AGENT',
    align: 'left',
    priority: 5,
    width: 8,
    maxWidth: 24,
    text: ({ offer, hostname }, { shortId }) => foreign(hostname === '' ? shortId(offer.agent_id.value) : hostname),
  },
  {
    key: 'role',
    heading: 'ROLE',
    align: 'left',
    priority: 7,
    width: 9,
    maxWidth: 20,
    text: ({ offer }) => foreign(offer.role),
  },
  {
    key: 'cpu',
    heading: 'CPU',
    align: 'right',
    priority: 4,
    width: 6,
    text: ({ offer }) => formatCpus(offer.resources?.cpus ?? 0),
  },
  {
    key: 'mem',
    heading: 'MEM',
    align: 'right',
    priority: 6,
    width: 5,
    text: ({ offer }) => sizeOrNone(offer.resources?.mem_mb),
  },
  {
    key: 'disk',
    heading: 'DISK',
    align: 'right',
    priority: 9,
    width: 5,
    text: ({ offer }) => sizeOrNone(offer.resources?.disk_mb),
  },
  {
    key: 'age',
    heading: 'AGE',
    align: 'right',
    priority: 3,
    width: 4,
    isTimed: true,
    text: ({ offer }, { now }) => formatAgeOf(offer.made_at, now),
  },
  {
    key: 'timeout',
    heading: 'TIMEOUT',
    align: 'right',
    priority: 8,
    width: 8,
    isTimed: true,
    text: ({ offer }, { now }) =>
      offer.expires_at === undefined ? 'never' : `${formatAge(offer.expires_at - now)} left`,
  },
  {
    key: 'ports',
    heading: 'PORTS',
    align: 'right',
    priority: 10,
    isWide: true,
    width: 6,
    text: ({ offer }) => formatCount(offer.ports ?? 0),
  },
  {
    key: 'reserved',
    heading: 'RESERVED',
    align: 'left',
    priority: 11,
    isWide: true,
    width: 10,
    text: ({ offer }) => amountsInWords(offer.reserved),
  },
  {
    key: 'revocable',
    heading: 'REVOC',
    align: 'left',
    priority: 12,
    isWide: true,
    width: 5,
    text: ({ offer }) => amountsInWords(offer.revocable),
  },
  {
    key: 'unavailable',
    heading: 'UNAVAIL FROM',
    align: 'left',
    priority: 13,
    isWide: true,
    isTimed: true,
    width: 12,
    text: ({ offer }, { now }) => unavailableFrom(offer.unavailable_at, now),
  },
];

/** `4 cpu 8G mem`: what there is of each; `-` if there is nothing. */
export function amountsInWords(amounts: api.Amounts | undefined): string {
  const words: string[] = [];
  if ((amounts?.cpus ?? 0) > 0) words.push(`${formatScalar(amounts?.cpus ?? 0)} cpu`);
  if ((amounts?.gpus ?? 0) > 0) words.push(`${formatScalar(amounts?.gpus ?? 0)} gpu`);
  if ((amounts?.mem_mb ?? 0) > 0) words.push(`${formatSize(amounts?.mem_mb ?? 0)} mem`);
  if ((amounts?.disk_mb ?? 0) > 0) words.push(`${formatSize(amounts?.disk_mb ?? 0)} disk`);
  return words.length === 0 ? '-' : words.join(' ');
}

function sizeOrNone(mb: number | undefined): string {
  return mb === undefined || mb <= 0 ? '-' : formatSize(mb);
}

function unavailableFrom(at: number | undefined, now: number): string {
  if (at === undefined || at <= 0) return '-';
  return at <= now ? 'now' : `in ${formatAge(at - now)}`;
}
