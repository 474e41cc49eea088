/** The table of masters. */
import type { Column } from '../../views/columns/column.js';
import { formatCount } from '../../views/text/numbers.js';
import { formatAge } from '../../views/text/times.js';
import { sanitize } from '../../views/text/width.js';
import type { MemberRow } from './member-rows.js';

/** As many of an id as tell members apart. */
const SHORT_ID_CHARS = 8;

export const MEMBER_COLUMNS: readonly Column<MemberRow>[] = [
  {
    key: 'name',
    heading: 'NAME',
    align: 'left',
    priority: 1,
    width: 4,
    text: ({ member }) => sanitize(member.name),
  },
  {
    key: 'raft',
    heading: 'RAFT',
    align: 'left',
    priority: 4,
    isFlexible: true,
    width: 12,
    text: ({ member }) => sanitize(member.raft_address),
  },
  {
    key: 'role',
    heading: 'ROLE',
    align: 'left',
    priority: 3,
    width: 7,
    text: ({ member }) => (member.leader ? 'leader' : member.role.toLowerCase()),
  },
  {
    key: 'state',
    heading: 'STATE',
    align: 'left',
    priority: 2,
    isState: true,
    width: 9,
    text: stateText,
  },
  {
    key: 'lag',
    heading: 'LAG',
    align: 'right',
    priority: 5,
    width: 3,
    text: ({ lag }) => (lag === undefined ? '-' : formatCount(lag)),
  },
  {
    key: 'id',
    heading: 'ID',
    align: 'left',
    priority: 6,
    width: SHORT_ID_CHARS,
    text: ({ member }, { shortId }) => shortId(member.id),
  },
  {
    key: 'features',
    heading: 'FEATURES',
    align: 'right',
    priority: 7,
    isWide: true,
    width: 8,
    text: ({ member }) => (member.features === undefined ? '-' : String(member.features)),
  },
];

export function shortMemberId(id: string): string {
  return id.slice(0, SHORT_ID_CHARS);
}

/** `connected`, `silent 3s`, `not connected`, `unknown from here` */
export function stateText({ state, member }: MemberRow): string {
  switch (state) {
    case 'silent':
      return `silent ${formatAge(member.silent_seconds)}`;
    case 'disconnected':
      return 'not connected';
    case 'unknown':
      return 'unknown from here';
    case 'connected':
      return state;
  }
}
