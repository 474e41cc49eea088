/** Tables of plain commands (design/ux, "Tables"): two spaces between columns, no borders, one record a line. Pure. */

/** The head and the lines, cells padded to their column; an empty cell is `-`, so that awk keeps its fields. */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [heads, ...rows.map((row) => row.map((cell) => (cell === '' ? '-' : cell)))];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
