/**
 * Rows of a table as painted lines. Widths of columns only grow, until the user resizes, sorts or filters: columns do not
 * dance. A line is made anew only when its row, the widths, its marks or the ages in it changed (design/ux, section 3,
 * "Ink", rules 4 to 6).
 */
import type { Column, RowContext } from '../../columns/column.js';
import { COLUMN_GAP, type FittedColumn, fitColumns } from '../../columns/fit.js';
import type { Severity } from '../../model/rows.js';
import { glyphOf } from '../../text/glyphs.js';
import { cutEnd, cutMiddle, padEndTo, padStartTo, widthOf } from '../../text/width.js';
import { type Palette, paintReverse, type Style, styleOf } from './paint.js';

/** Glyph, then `>` or `*`. */
export const GUTTER = 2;
const WIDE_FROM = 100;

export interface PaintedRow<R> {
  readonly row: R;
  readonly severity: Severity;
  readonly isSelected: boolean;
  readonly isMarked: boolean;
  /** Not in the list any more. */
  readonly isGone: boolean;
}

interface RowMemo {
  readonly layout: number;
  readonly stamp: string;
  readonly line: string;
}

export class TablePainter<R extends object> {
  private readonly natural = new Map<string, number>();
  private fitted: readonly FittedColumn<R>[] = [];
  private layout = 0;
  private columnsCount = -1;
  private lines = new WeakMap<R, RowMemo>();
  private cells = new WeakMap<R, readonly string[]>();
  private lastContext: RowContext | undefined;

  constructor(
    private readonly columns: readonly Column<R>[],
    private readonly palette: Palette,
  ) {}

  /** Widths may shrink again: the user sorted or filtered. */
  reset(): void {
    this.natural.clear();
    this.columnsCount = -1;
  }

  /** The heading, then a line for each row; none wider than `width`. */
  paint(rows: readonly PaintedRow<R>[], width: number, context: RowContext): readonly string[] {
    if (context.asTree !== this.lastContext?.asTree || context.shortId !== this.lastContext.shortId) {
      this.cells = new WeakMap();
      this.lines = new WeakMap();
    }
    this.lastContext = context;
    const texts = rows.map(({ row }) => this.textsOf(row, context));
    this.fit(texts, width);
    const heading = this.fitted.map(({ column, width: cells }) => padCell(column.heading, cells, column));
    return [
      cutEnd(`${' '.repeat(GUTTER)}${heading.join(' '.repeat(COLUMN_GAP))}`, width).trimEnd(),
      ...rows.map((row, index) => this.paintRow(row, texts[index] ?? [], width)),
    ];
  }

  /** Texts of all columns; those that time does not change are made once for a row. */
  private textsOf(row: R, context: RowContext): readonly string[] {
    const known = this.cells.get(row);
    const texts = this.columns.map((column, index) =>
      known === undefined || column.isTimed === true ? column.text(row, context) : (known[index] ?? ''),
    );
    if (known === undefined) this.cells.set(row, texts);
    return texts;
  }

  private fit(texts: readonly (readonly string[])[], width: number): void {
    let hasGrown = width !== this.columnsCount;
    this.columns.forEach((column, index) => {
      let widest = this.natural.get(column.key) ?? 0;
      const before = widest;
      for (const row of texts) widest = Math.max(widest, widthOf(row[index] ?? ''));
      if (widest > before) {
        this.natural.set(column.key, widest);
        hasGrown = true;
      }
    });
    if (!hasGrown) return;
    this.columnsCount = width;
    this.layout++;
    this.fitted = fitColumns(this.columns, {
      natural: this.natural,
      available: Math.max(1, width - GUTTER),
      withWide: width >= WIDE_FROM,
    });
  }

  private paintRow(painted: PaintedRow<R>, texts: readonly string[], width: number): string {
    const { row, isSelected, isMarked, isGone } = painted;
    const timed = this.columns.map((column, index) => (column.isTimed === true ? texts[index] : '')).join('\n');
    const stamp = `${isSelected}${isMarked}${isGone}${timed}`;
    const memo = this.lines.get(row);
    if (memo !== undefined && memo.layout === this.layout && memo.stamp === stamp) return memo.line;
    const line = this.makeLine(painted, texts, width);
    this.lines.set(row, { layout: this.layout, stamp, line });
    return line;
  }

  private makeLine(painted: PaintedRow<R>, texts: readonly string[], width: number): string {
    const severity = painted.isGone ? 'unknown' : painted.severity;
    const style = styleOf(severity);
    const goneColumn = painted.isGone
      ? (this.fitted.find(({ column }) => column.isState === true) ?? this.fitted.at(-1))?.column
      : undefined;
    const cells = this.fitted.map(({ column, width: room }) => {
      const text = column === goneColumn ? 'ended' : (texts[this.columns.indexOf(column)] ?? '');
      const cellStyle: Style = column.isState === true || column === goneColumn ? style : 'plain';
      return { text: padCell(text, room, column), style: cellStyle };
    });
    const gutter = `${glyphOf(severity)}${markOf(painted)}`;
    const gap = ' '.repeat(COLUMN_GAP);
    if (painted.isSelected) return paintReverse(gutter + cells.map(({ text }) => text).join(gap), width, this.palette);
    const line = cells.map(({ text, style: cellStyle }) => this.palette.paint(text, cellStyle)).join(gap);
    return `${this.palette.paint(gutter, style)}${line}`.trimEnd();
  }
}

/** `>` selected, `*` marked, `+` both. */
function markOf(painted: { readonly isSelected: boolean; readonly isMarked: boolean }): string {
  if (painted.isMarked) return painted.isSelected ? '+' : '*';
  return painted.isSelected ? '>' : ' ';
}

function padCell<R>(text: string, width: number, column: Column<R>): string {
  const cut = widthOf(text) <= width ? text : column.isProse === true ? cutEnd(text, width) : cutMiddle(text, width);
  return column.align === 'right' ? padStartTo(cut, width) : padEndTo(cut, width);
}
