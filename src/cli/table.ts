/** Small tables of plain commands (design/ux, "Tables"): two spaces between columns, no borders, one record a line. Pure. */
import { padEndTo, padStartTo, widthOf } from '../views/text/width.js';

export interface TableHead {
  readonly head: string;
  /** Numbers. */
  readonly align: 'right';
}

/** The head and the lines, cells padded to their column; an empty cell is `-`, so that awk keeps its fields. */
export function formatTable(
  heads: readonly (string | TableHead)[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const titles = heads.map((head) => (typeof head === 'string' ? head : head.head));
  const cells = [titles, ...rows.map((row) => row.map((cell) => (cell === '' ? '-' : cell)))];
  const widths = heads.map((_, column) =>
    cells.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0),
  );
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return typeof heads[column] === 'string' ? padEndTo(cell, width) : padStartTo(cell, width);
      })
      .join('  ')
      .trimEnd(),
  );
}
