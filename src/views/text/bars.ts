/**
 * Bars and sparklines in cells, of ASCII or of block characters (design/ux, section 3). Whole cells only; a part that is more
 * than nothing gets a cell where there is one to give, so that it is seen. Pure.
 */

export interface BarPart {
  /** 0 to 1, of the whole bar. */
  readonly part: number;
  readonly ascii: string;
  readonly block: string;
}

const FREE = { ascii: '.', block: '·' } as const;

/** Allocated, then offered, then free: `####==..`, `██▒▒··`. */
export function allocationBar(options: {
  readonly allocated: number;
  readonly offered: number;
  readonly cells: number;
  readonly unicode: boolean;
}): string {
  const parts: readonly BarPart[] = [
    { part: options.allocated, ascii: '#', block: '█' },
    { part: options.offered, ascii: '=', block: '▒' },
  ];
  return stackedBar(parts, options.cells, options.unicode);
}

/** One part of a whole: `###....`. */
export function usageBar(part: number, cells: number, unicode: boolean): string {
  return stackedBar([{ part, ascii: '#', block: '█' }], cells, unicode);
}

export function stackedBar(parts: readonly BarPart[], cells: number, unicode: boolean): string {
  let left = cells;
  let bar = '';
  parts.forEach(({ part, ascii, block }, index) => {
    const others = parts.slice(index + 1).filter((other) => other.part > 0).length;
    const wanted = part > 0 ? Math.max(1, Math.round(Math.min(1, part) * cells)) : 0;
    const given = Math.max(0, Math.min(wanted, left - Math.min(others, left)));
    bar += (unicode ? block : ascii).repeat(given);
    left -= given;
  });
  return bar + (unicode ? FREE.block : FREE.ascii).repeat(Math.max(0, left));
}

/** What a role has against its fair share: `[====|##....]`, `|` at the fair share, `#` beyond it. */
export function fairnessBar(options: {
  readonly actual: number;
  readonly fair: number;
  readonly cells: number;
  readonly unicode: boolean;
}): string {
  const { cells, unicode } = options;
  const mark = Math.min(cells - 1, Math.round(clamp(options.fair) * (cells - 1)));
  const filled = Math.round(clamp(options.actual) * (cells - 1));
  let bar = '';
  for (let cell = 0; cell < cells; cell++) {
    if (cell === mark) bar += unicode ? '│' : '|';
    else if (cell < mark) bar += cell < filled ? (unicode ? '▒' : '=') : unicode ? FREE.block : FREE.ascii;
    else bar += cell - 1 < filled ? (unicode ? '█' : '#') : unicode ? FREE.block : FREE.ascii;
  }
  return `[${bar}]`;
}

const ASCII_STEPS = '_.-=#';
const BLOCK_STEPS = '▁▂▃▄▅▆▇█';

/**
 * The newest points of a series, at most one a cell, as heights from 0 to `top` (default: the largest of them): `_.-=#`. A
 * longer series is averaged into its cells.
 */
export function sparkline(
  series: readonly number[],
  options: { readonly cells: number; readonly unicode: boolean; readonly top?: number },
): string {
  const steps = options.unicode ? BLOCK_STEPS : ASCII_STEPS;
  const points = intoCells(series, options.cells);
  const top = options.top ?? Math.max(0, ...points);
  return points
    .map((value) => {
      if (top <= 0 || value <= 0) return steps[0];
      return steps[Math.min(steps.length - 1, Math.max(1, Math.ceil((value / top) * (steps.length - 1))))];
    })
    .join('');
}

function intoCells(series: readonly number[], cells: number): readonly number[] {
  if (series.length <= cells) return series;
  return Array.from({ length: cells }, (_, cell) => {
    const from = Math.floor((cell * series.length) / cells);
    const to = Math.max(from + 1, Math.floor(((cell + 1) * series.length) / cells));
    const points = series.slice(from, to);
    return points.reduce((sum, value) => sum + value, 0) / points.length;
  });
}

function clamp(part: number): number {
  return Math.max(0, Math.min(1, part));
}
