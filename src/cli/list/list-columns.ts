/** The names that a list's --columns, --sort and --filter take, for help, manual and completion. Pure. */
import { COLUMNS_OF } from '../../views/columns/index.js';
import { columnsOf } from '../../views/model/columns.js';
import type { TableName } from '../../views/model/rows.js';

/** Part of a command's `helpExtras`. */
export interface ListColumns {
  /** What can be shown. */
  readonly columns: readonly string[];
  /** What can be sorted and filtered by, shown or not. */
  readonly fields: readonly string[];
}

export function listColumnsOf(table: TableName): ListColumns {
  return {
    columns: COLUMNS_OF[table].map(({ key }) => key),
    fields: columnsOf(table)
      .filter(({ kind, isHidden }) => isHidden !== true && kind !== 'problem')
      .map(({ key }) => key),
  };
}
