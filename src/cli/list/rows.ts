/** What the forms of a list have in common: which rows, in which words. Pure. */
import { MesoError } from '../../base/error.js';
import { plainContext, type RowContext } from '../../views/columns/column.js';
import type { ClusterModel, Order, SortedView, ViewOptions } from '../../views/model/cluster-model.js';
import { columnsOf } from '../../views/model/columns.js';
import { findUnfinishedPart } from '../../views/model/filter.js';
import type { RowOf, TableName } from '../../views/model/rows.js';
import { shortIdWriter } from '../../views/text/ids.js';
import { formatCount } from '../../views/text/numbers.js';
import type { Noun } from '../cluster/nouns.js';
import type { ListOptions } from './list-options.js';

/**
 * Throws BAD_INPUT for a filter that cannot be understood, or that a part of is missing: `framework=$NAME` without a NAME
 * must not mean everything.
 */
export function openView<N extends TableName>(
  model: ClusterModel,
  { table }: Noun<N>,
  { order, filter }: Pick<ListOptions<RowOf[N]>, 'order' | 'filter'>,
): SortedView<RowOf[N]> {
  const options: ViewOptions = { filter, ...(order === undefined ? {} : { order }) };
  const view = model.tables[table].open(options);
  const unfinished = findUnfinishedPart(filter, columnsOf(table));
  const complaint = unfinished === undefined ? view.filterError : `"${unfinished}" asks nothing: a value is missing`;
  if (complaint === '') return view;
  throw new MesoError('BAD_INPUT', `--filter: ${complaint}`, { details: { filter } });
}

/** Ids short, longer where they come from several masters, whole with `-o wide`. */
export function contextOf<N extends TableName>(
  { idOf }: Noun<N>,
  rows: readonly RowOf[N][],
  options: ListOptions<RowOf[N]>,
  now: number,
): RowContext {
  if (options.form === 'wide') return plainContext(now, (id) => id);
  return plainContext(now, shortIdWriter(idsOf(rows, idOf)));
}

function* idsOf<R>(rows: readonly R[], idOf: (row: R) => string): Generator<string> {
  for (const row of rows) yield idOf(row);
}

/** `No tasks.`, `No task fits "web".` */
export function emptyText<N extends TableName>({ one, many }: Noun<N>, filter: string): string {
  return filter === '' ? `No ${many}.` : `No ${one} fits "${filter}".`;
}

/** What was left out and how to see it; undefined: nothing was. */
export function footerOf(shown: number, total: number, order: Order): string | undefined {
  if (shown >= total) return undefined;
  return `${formatCount(shown)} of ${formatCount(total)}, ${orderText(order)}; --limit 0 for all`;
}

/** `problems first`, `by mem, descending` */
export function orderText({ column, descending }: Order): string {
  return column === 'problem' ? 'problems first' : `by ${column}${descending ? ', descending' : ''}`;
}
