/**
 * Which columns of a table stay at a width, and how wide each is (design/ux, section 2, "Tables"): the least important goes
 * first, then the one flexible column is cut; gaps are never stretched. Pure.
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
  const wanted = columns.filter((column) => options.withWide || column.isWide !== true);
  const widthOf = (column: Column<R>, flexible: number): number => {
    const natural = naturalWidth(column, options);
    return column.isFlexible === true ? Math.min(natural, flexible) : natural;
  };
  const total = (of: readonly Column<R>[], flexible: number): number =>
    of.reduce((sum, column) => sum + widthOf(column, flexible) + COLUMN_GAP, -COLUMN_GAP);
  const kept = [...wanted];
  const least = flexibleWidth(wanted);
  while (kept.length > 1) {
    const last = leastImportant(kept);
    if (total(kept, last.isWide === true ? COMFORTABLE : least) <= options.available) break;
    kept.splice(kept.indexOf(last), 1);
  }
  const spare = options.available - total(kept, 0);
  return kept.map((column) => ({
    column,
    width: Math.max(1, Math.min(widthOf(column, Math.max(1, spare)), options.available)),
  }));
}

function naturalWidth<R>(column: Column<R>, options: FitOptions): number {
  const text = options.natural.get(column.key) ?? 0;
  const cut = options.available === Number.POSITIVE_INFINITY ? text : Math.min(text, column.maxWidth ?? text);
  return Math.max(column.width, column.heading.length, cut);
}

function flexibleWidth<R>(columns: readonly Column<R>[]): number {
  return columns.find((column) => column.isFlexible === true)?.width ?? 0;
}

function leastImportant<R>(columns: readonly Column<R>[]): Column<R> {
  return columns.reduce((worst, column) => (column.priority >= worst.priority ? column : worst));
}
