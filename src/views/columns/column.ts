/**
 * Columns of the tables that lists (`task list`), `top` and later the web UI print: one definition, so that a fact has one
 * name, one spelling and one place everywhere. A table is an array of `Column` in the order of printing, one file per table:
 * `AGENT_COLUMNS`, `FRAMEWORK_COLUMNS`, `OFFER_COLUMNS`, `ROLE_COLUMNS`, `TASK_COLUMNS`, `EVENT_COLUMNS`; `COLUMNS_OF` has
 * them by the model's table names.
 *
 * To print a table: `text(row, context)` of each row for the columns wanted, then `fitColumns` (fit.ts) with the widths
 * found says which columns stay at a given width and how wide each is. Texts are sanitized and never cut here; '' is an empty
 * cell (plain tables print `-` for it). Source: design/ux, section 3, mockups.
 */
import { shortId } from '../text/ids.js';
import { sanitize } from '../text/width.js';

/** What a cell's text depends on besides its row. */
export interface RowContext {
  /** The master's clock, Unix seconds: what ages are measured against. */
  readonly now: number;
  /** `shortId`, or what `shortIdWriter` made for ids of several masters. */
  readonly shortId: (id: string) => string;
  /** A role's name as a leaf below its parent, indented; else whole. Only where rows stand in the order of the tree. */
  readonly asTree: boolean;
  /** UTF-8 bars. */
  readonly unicode: boolean;
}

export interface Column<R> {
  /** Its name in `--columns`; where the model can sort and filter by it, the model's name of it too. */
  readonly key: string;
  readonly heading: string;
  readonly align: 'left' | 'right';
  /** Where space is short the largest goes first; 1 stays always. */
  readonly priority: number;
  /** Only from 100 cells on, and with `-o wide`. */
  readonly isWide?: true;
  /** The one column of its table that takes what is left and is cut in the middle. */
  readonly isFlexible?: true;
  /** Shown in the colour of the row's severity. */
  readonly isState?: true;
  /** Prose: cut from the end, not from the middle. */
  readonly isProse?: true;
  /** Its text changes with time alone. */
  readonly isTimed?: true;
  /** Cells at least, that columns stay where they are while rows change. */
  readonly width: number;
  /** Foreign names can be any length: cut beyond this on a terminal. Unset: never cut. */
  readonly maxWidth?: number;
  text(row: R, context: RowContext): string;
}

/** Of plain lists: whole role names, short ids. */
export function plainContext(now: number, writeId: (id: string) => string = shortId): RowContext {
  return { now, shortId: writeId, asTree: false, unicode: false };
}

/** Foreign text as a cell; `-` if there is none. */
export function foreign(text: string | undefined): string {
  return text === undefined || text === '' ? '-' : sanitize(text);
}
