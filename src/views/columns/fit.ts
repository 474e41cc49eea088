/**
 * Which columns of a table stay at a width, and how wide each is (design/ux, section 2, "Tables"): the least important goes
 * first, then foreign names are cut, the one flexible column last of all; gaps are never stretched. Pure.
 */
import type { Column } from './column.js';

export const COLUMN_GAP = 2;
/** What the flexible column gets before columns that are only nice to have. */
const COMFORTABLE = 28;

export interface FittedColumn<R> {
  readonly column: Column<R>;
  readonly width: number;
}

export interface FitOptions {
  /** Widest text of each column, by key; headings need not be counted in. */
  readonly natural: ReadonlyMap<string, number>;
  /** Cells for the whole line; Infinity: nothing is cut (a pipe). */
  readonly available: number;
  /** With the columns that are `isWide`. */
  readonly withWide: boolean;
}

/** In the order of printing; never empty for a table that has columns. */
export function fitColumns<R>(columns: readonly Column<R>[], options: FitOptions): readonly FittedColumn<R>[] {
  const natural = (column: Column<R>): number => naturalWidth(column, options);
  const least = (column: Column<R>): number =>
    isElastic(column) ? Math.min(natural(column), Math.max(column.width, column.heading.length)) : natural(column);
  const comfortable = (column: Column<R>): number =>
    column.isFlexible === true ? Math.min(natural(column), COMFORTABLE) : natural(column);
  const kept = columns.filter((column) => options.withWide || column.isWide !== true);
  while (kept.length > 1) {
    const last = leastImportant(kept);
    if (total(kept, last.isWide === true ? comfortable : least) <= options.available) break;
    kept.splice(kept.indexOf(last), 1);
  }
  return grow(kept, { from: least, to: natural, available: options.available });
}

/** Every column at least `from`; what is left goes to the flexible one up to `to`, then to the others, most important first. */
function grow<R>(
  columns: readonly Column<R>[],
  options: {
    readonly from: (column: Column<R>) => number;
    readonly to: (column: Column<R>) => number;
    readonly available: number;
  },
): readonly FittedColumn<R>[] {
  const widths = new Map(
    columns.map((column) => [column, Math.max(1, Math.min(options.from(column), options.available))]),
  );
  let spare = options.available - total(columns, (column) => widths.get(column) ?? 0);
  const inTurn = [...columns].sort((a, b) => rankOf(a) - rankOf(b));
  for (const column of inTurn) {
    const width = widths.get(column) ?? 0;
    const more = Math.max(0, Math.min(spare, options.to(column) - width));
    widths.set(column, width + more);
    spare -= more;
  }
  return columns.map((column) => ({ column, width: widths.get(column) ?? 1 }));
}

function rankOf<R>(column: Column<R>): number {
  return column.isFlexible === true ? 0 : column.priority;
}

/** Foreign names may be cut to make room for what is more important; what a row is called, states and numbers may not. */
function isElastic<R>(column: Column<R>): boolean {
  return column.isFlexible === true || (column.maxWidth !== undefined && column.priority > 1);
}

function total<R>(columns: readonly Column<R>[], widthOf: (column: Column<R>) => number): number {
  return columns.reduce((sum, column) => sum + widthOf(column) + COLUMN_GAP, -COLUMN_GAP);
}

function naturalWidth<R>(column: Column<R>, options: FitOptions): number {
  const text = options.natural.get(column.key) ?? 0;
  const cut = options.available === Number.POSITIVE_INFINITY ? text : Math.min(text, column.maxWidth ?? text);
  return Math.max(column.width, column.heading.length, cut);
}

function leastImportant<R>(columns: readonly Column<R>[]): Column<R> {
  return columns.reduce((worst, column) => (column.priority >= worst.priority ? column : worst));
}
