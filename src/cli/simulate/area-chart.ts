/** A series as a picture of a few lines: time to the right, 0 to 100 % upwards, of ASCII or of block characters. Pure. */

const EIGHTHS = ' ▁▂▃▄▅▆▇█';
const AXIS_WIDTH = 6;

export interface ChartOptions {
  /** Of a line, axis included. */
  readonly width: number;
  readonly rows: number;
  readonly unicode: boolean;
  /** Under the two ends of the axis. */
  readonly from: string;
  readonly to: string;
}

export function areaChart(
  series: readonly number[],
  { width, rows, unicode, from, to }: ChartOptions,
): readonly string[] {
  const cells = Math.max(8, Math.min(series.length, width - AXIS_WIDTH));
  const points = meansOf(series, cells);
  const lines = Array.from({ length: rows }, (_, i) => {
    const row = rows - 1 - i;
    const label = `${Math.round((100 * (row + 1)) / rows)}%`.padStart(AXIS_WIDTH - 2);
    return `${label} ${unicode ? '│' : '|'}${points.map((point) => cellOf(point * rows - row, unicode)).join('')}`.trimEnd();
  });
  const gap = Math.max(1, cells - from.length - to.length);
  return [
    ...lines,
    `${'0%'.padStart(AXIS_WIDTH - 2)} ${unicode ? '└' : '+'}${(unicode ? '─' : '-').repeat(cells)}`,
    `${' '.repeat(AXIS_WIDTH)}${from}${' '.repeat(gap)}${to}`,
  ];
}

/** `height`: how much of the cell is below the value, from 0 to 1 and beyond. */
function cellOf(height: number, unicode: boolean): string {
  if (!unicode) return height >= 0.5 ? '#' : ' ';
  return EIGHTHS[Math.max(0, Math.min(8, Math.round(8 * height)))] ?? ' ';
}

/** Each cell is the mean of the points that fall into it. */
function meansOf(series: readonly number[], cells: number): readonly number[] {
  return Array.from({ length: cells }, (_, cell) => {
    const from = Math.floor((cell * series.length) / cells);
    const to = Math.max(from + 1, Math.floor(((cell + 1) * series.length) / cells));
    const points = series.slice(from, to);
    return points.reduce((sum, value) => sum + value, 0) / Math.max(1, points.length);
  });
}
