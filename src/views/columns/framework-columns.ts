/** The table of frameworks. SHARE: dominant share; OFFERS: held now; DECLINED, FAILED: since it registered with this master. */
import { int64ToNumber } from '../../wire/int64.js';
import type { FrameworkRow } from '../model/rows.js';
import { formatCount, formatPercent, formatShare } from '../text/numbers.js';
import { formatAge, formatAgeOf } from '../text/times.js';
import { type Column, foreign } from './column.js';

export const FRAMEWORK_COLUMNS: readonly Column<FrameworkRow>[] = [
  {
    key: 'id',
    heading: 'ID',
    align: 'left',
    priority: 1,
    width: 4,
    maxWidth: 24,
    text: ({ framework }, { shortId }) => foreign(shortId(framework.framework_id.value)),
  },
  {
    key: 'name',
    heading: 'NAME',
    align: 'left',
    priority: 2,
    isFlexible: true,
    width: 8,
    text: ({ framework }) => foreign(framework.name),
  },
  {
    key: 'roles',
    heading: 'ROLES',
    align: 'left',
    priority: 6,
    width: 9,
    maxWidth: 20,
    text: ({ framework }) => foreign(framework.roles?.join(',')),
  },
  {
    key: 'state',
    heading: 'STATE',
    align: 'left',
    priority: 3,
    isState: true,
    width: 12,
    text: ({ framework }) => framework.state,
  },
  {
    key: 'tasks',
    heading: 'TASKS',
    align: 'right',
    priority: 4,
    width: 6,
    text: ({ usage }) => formatCount(usage.tasks ?? 0),
  },
  {
    key: 'share',
    heading: 'SHARE',
    align: 'right',
    priority: 5,
    width: 5,
    text: ({ usage }) => formatShare(usage.dominant_share ?? 0),
  },
  {
    key: 'offers',
    heading: 'OFFERS',
    align: 'right',
    priority: 7,
    width: 6,
    text: ({ usage }) => formatCount(usage.offers ?? 0),
  },
  {
    key: 'oldest',
    heading: 'OLDEST',
    align: 'right',
    priority: 8,
    width: 6,
    isTimed: true,
    text: ({ oldestOfferAt }, { now }) => formatAgeOf(oldestOfferAt, now),
  },
  {
    key: 'declined',
    heading: 'DECLINED',
    align: 'right',
    priority: 9,
    isWide: true,
    width: 8,
    text: ({ usage }) => declinedPart(usage.offers_declined, usage.offers_sent),
  },
  {
    key: 'failover',
    heading: 'FAILOVER',
    align: 'right',
    priority: 10,
    isWide: true,
    isTimed: true,
    width: 8,
    text: ({ framework }, { now }) =>
      framework.failover_deadline === undefined
        ? formatAge(framework.failover_timeout_seconds)
        : `${formatAge(framework.failover_deadline - now)} left`,
  },
  {
    key: 'suppressed',
    heading: 'SUPPRESSED',
    align: 'left',
    priority: 11,
    isWide: true,
    width: 10,
    maxWidth: 20,
    text: ({ framework }) => foreign(framework.suppressed_roles?.join(',')),
  },
  {
    key: 'failed',
    heading: 'FAILED',
    align: 'right',
    priority: 12,
    isWide: true,
    width: 6,
    text: ({ usage }) => formatCount(int64ToNumber(usage.tasks_failed ?? 0)),
  },
  {
    key: 'principal',
    heading: 'PRINCIPAL',
    align: 'left',
    priority: 13,
    isWide: true,
    width: 9,
    maxWidth: 20,
    text: ({ framework }) => foreign(framework.principal),
  },
];

function declinedPart(declined: number | bigint | undefined, sent: number | bigint | undefined): string {
  const all = int64ToNumber(sent ?? 0);
  return all === 0 ? '-' : formatPercent(int64ToNumber(declined ?? 0), all);
}
