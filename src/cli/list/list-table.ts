/**
 * Rows of the model as lines of a table (design/ux, "Tables"): two spaces between columns, one record a line, `-` for an
 * empty cell so that awk keeps its fields. On a terminal the least important columns go, then the flexible one is cut; in a
 * pipe nothing is. Pure.
 */
import type { Column, RowContext } from '../../views/columns/column.js';
import { COLUMN_GAP, type FittedColumn, fitColumns } from '../../views/columns/fit.js';
import type { Severity } from '../../views/model/rows.js';
import { cutEnd, cutMiddle, padEndTo, padStartTo, widthOf } from '../../views/text/width.js';
import { colorText } from '../severity-color.js';

export interface TableOptions<R> {
  readonly columns: readonly Column<R>[];
  /** Cells of a line; undefined: nothing is cut. */
  readonly available: number | undefined;
  readonly color: boolean;
}

const GAP = ' '.repeat(COLUMN_GAP);

/** Widths are those of the first rows; a later row that is wider moves its own cells only. */
export class ListTable<R extends { readonly severity: Severity }> {
  readonly #columns: readonly FittedColumn<R>[];
  readonly #options: TableOptions<R>;

  constructor(rows: readonly R[], context: RowContext, options: TableOptions<R>) {
    const { columns, available } = options;
    const natural = new Map(
      columns.map((column) => [
        column.key,
        rows.reduce((widest, row) => Math.max(widest, widthOf(cellOf(column, row, context))), 0),
      ]),
    );
    this.#options = options;
    this.#columns = fitColumns(columns, {
      natural,
      available: available ?? Number.POSITIVE_INFINITY,
      withWide: true,
    });
  }

  header(): string {
    const heads = this.#columns.map(({ column, width }) => pad(column, cut(column, column.heading, width), width));
    return heads.join(GAP).trimEnd();
  }

  line(row: R, context: RowContext): string {
    const { available, color } = this.#options;
    const cells = this.#columns.map(({ column, width }) => {
      const text = cellOf(column, row, context);
      const padded = pad(column, available === undefined ? text : cut(column, text, width), width);
      return colorText(padded, row.severity, color && column.isState === true && text !== '-');
    });
    return cells.join(GAP).trimEnd();
  }
}

function cellOf<R>(column: Column<R>, row: R, context: RowContext): string {
  const text = column.text(row, context);
  return text === '' ? '-' : text;
}

function cut<R>(column: Column<R>, text: string, width: number): string {
  return column.isFlexible === true ? cutMiddle(text, width) : cutEnd(text, width);
}

function pad<R>({ align }: Column<R>, text: string, width: number): string {
  return align === 'right' ? padStartTo(text, width) : padEndTo(text, width);
}
