/** The log of events, newest first. */
import type { EventRow } from '../model/rows.js';
import { formatClock } from '../text/times.js';
import { sanitize } from '../text/width.js';
import type { Column } from './column.js';

export const EVENT_COLUMNS: readonly Column<EventRow>[] = [
  { key: 'time', heading: 'TIME', align: 'left', priority: 1, width: 8, text: ({ time }) => formatClock(time) },
  { key: 'kind', heading: 'KIND', align: 'left', priority: 3, width: 9, text: ({ kind }) => kind },
  {
    key: 'event',
    heading: 'EVENT',
    align: 'left',
    priority: 2,
    isFlexible: true,
    isState: true,
    isProse: true,
    width: 20,
    text: ({ text }) => sanitize(text),
  },
];
