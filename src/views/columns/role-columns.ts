/** The table of roles. CPU, MEM: allocated, of the role and all below it; GUAR, LIMIT: quota in cpus. */

import type { RoleRow } from '../model/rows.js';
import { fairnessBar } from '../text/bars.js';
import { formatCount, formatScalar, formatShare, formatSize, formatSizeOf } from '../text/numbers.js';
import { sanitize } from '../text/width.js';
import { type Column, foreign } from './column.js';

const FAIRNESS_CELLS = 19;

export const ROLE_COLUMNS: readonly Column<RoleRow>[] = [
  {
    key: 'role',
    heading: 'ROLE',
    align: 'left',
    priority: 1,
    isFlexible: true,
    width: 12,
    text: ({ role, depth }, { asTree }) => (asTree ? leafName(role.name, depth) : foreign(role.name)),
  },
  {
    key: 'weight',
    heading: 'WEIGHT',
    align: 'right',
    priority: 7,
    width: 6,
    text: ({ role }) => weightText(role.weight ?? 1),
  },
  {
    key: 'share',
    heading: 'SHARE',
    align: 'right',
    priority: 2,
    width: 6,
    text: ({ role }) => formatShare(role.dominant_share ?? 0),
  },
  {
    key: 'cpu',
    heading: 'CPU',
    align: 'right',
    priority: 4,
    width: 6,
    text: ({ role }) => formatScalar(role.allocated?.cpus ?? 0),
  },
  {
    key: 'reserved',
    heading: 'RSVD',
    align: 'right',
    priority: 8,
    width: 6,
    text: ({ role }) => formatScalar(role.reserved?.cpus ?? 0),
  },
  {
    key: 'guarantee',
    heading: 'GUAR',
    align: 'right',
    priority: 6,
    width: 6,
    text: ({ role }) => quotaCpus(role.guarantee?.cpus),
  },
  {
    key: 'limit',
    heading: 'LIMIT',
    align: 'right',
    priority: 5,
    width: 6,
    text: ({ role }) => quotaCpus(role.limit?.cpus),
  },
  {
    key: 'note',
    heading: 'NOTE',
    align: 'left',
    priority: 3,
    isState: true,
    isProse: true,
    width: 14,
    maxWidth: 24,
    text: ({ note }) => sanitize(note),
  },
  {
    key: 'frameworks',
    heading: 'FWKS',
    align: 'right',
    priority: 9,
    isWide: true,
    width: 4,
    text: ({ role }) => formatCount(role.frameworks ?? 0),
  },
  {
    key: 'mem',
    heading: 'MEM/LIMIT',
    align: 'right',
    priority: 10,
    isWide: true,
    width: 10,
    text: ({ role }) => memOfLimit(role.allocated?.mem_mb ?? 0, role.limit?.mem_mb),
  },
  {
    key: 'fair',
    heading: 'FAIR vs ACTUAL',
    align: 'left',
    priority: 11,
    isWide: true,
    width: FAIRNESS_CELLS + 2,
    text: ({ role }, { unicode }) =>
      role.fair_share === undefined
        ? '-'
        : fairnessBar({ actual: role.dominant_share ?? 0, fair: role.fair_share, cells: FAIRNESS_CELLS, unicode }),
  },
];

function leafName(name: string, depth: number): string {
  return depth === 0 ? foreign(name) : '  '.repeat(depth) + foreign(name.slice(name.lastIndexOf('/') + 1));
}

/** `2.0`, `0.05`, `1,000`. */
function weightText(weight: number): string {
  if (weight >= 100) return formatCount(weight);
  return Number.isInteger(weight * 10) ? weight.toFixed(1) : String(Number(weight.toPrecision(3)));
}

function quotaCpus(cpus: number | undefined): string {
  return cpus === undefined ? '-' : formatScalar(cpus);
}

function memOfLimit(mb: number, limitMb: number | undefined): string {
  return limitMb === undefined ? `${formatSize(mb)}/-` : formatSizeOf(mb, limitMb);
}
