/** What a list is asked for, checked before anything is sent. Pure. */
import { MesoError } from '../../base/error.js';
import type { Column } from '../../views/columns/column.js';
import { COLUMNS_OF } from '../../views/columns/index.js';
import type { Order } from '../../views/model/cluster-model.js';
import { columnsOf, findColumn } from '../../views/model/columns.js';
import type { RowOf, TableName } from '../../views/model/rows.js';
import { type OutputForm, outputFormOf } from '../output-form.js';

export interface ListFlags {
  readonly output?: OutputForm | undefined;
  readonly json: boolean;
  readonly columns?: string | undefined;
  readonly sort?: string | undefined;
  readonly filter?: string | undefined;
  readonly limit?: number | undefined;
  readonly 'no-header': boolean;
}

export interface ListOptions<R> {
  readonly form: OutputForm;
  readonly columns: readonly Column<R>[];
  /** Columns were chosen by name, or all are wanted: none is dropped and nothing is cut. */
  readonly isUncut: boolean;
  readonly hasHeader: boolean;
  /** undefined: problems first, then newest. */
  readonly order: Order | undefined;
  readonly filter: string;
  /** undefined: not said. 0: all. */
  readonly limit: number | undefined;
}

/** Throws BAD_INPUT naming the flag and what it takes. */
export function listOptionsOf<N extends TableName>(flags: ListFlags, table: N): ListOptions<RowOf[N]> {
  const columns = COLUMNS_OF[table];
  const form = outputFormOf(flags);
  return {
    form,
    columns: chooseColumns(flags.columns, form, columns),
    isUncut: flags.columns !== undefined || form === 'wide',
    hasHeader: !flags['no-header'],
    order: orderOf(flags.sort, table),
    filter: flags.filter ?? '',
    limit: flags.limit,
  };
}

/** Those that are named, else those of the form. Throws BAD_INPUT for a name that there is not. */
export function chooseColumns<R>(
  names: string | undefined,
  form: OutputForm,
  columns: readonly Column<R>[],
): readonly Column<R>[] {
  if (names === undefined) return columns.filter(({ isWide }) => form === 'wide' || isWide !== true);
  if (form !== 'table' && form !== 'wide')
    throw new MesoError('BAD_INPUT', `--columns is of tables; -o ${form} has its own fields`, {
      suggestions: ['-o wide --columns NAME,...'],
    });
  return names.split(',').map((name) => {
    const wanted = name.trim().toLowerCase();
    const found = columns.find(({ key, heading }) => key === wanted || heading.toLowerCase() === wanted);
    return found ?? refuse('--columns', name.trim(), columns);
  });
}

/** Anything that the model can compare, shown or not. */
function orderOf(sort: string | undefined, table: TableName): Order | undefined {
  if (sort === undefined) return undefined;
  const descending = sort.startsWith('-');
  const name = descending ? sort.slice(1) : sort;
  const columns = columnsOf<TableName>(table);
  return { column: (findColumn(columns, name) ?? refuse('--sort', name, columns)).key, descending };
}

function refuse(flag: string, name: string, columns: readonly { readonly key: string }[]): never {
  const known = columns.map(({ key }) => key);
  throw new MesoError('BAD_INPUT', `${flag}: there is no column "${name}". There are: ${known.join(', ')}`, {
    details: { flag, columns: known },
  });
}
