/** A list as it is painted over on a terminal: one line of what it is and how fresh, the header, as many rows as fit. Pure. */
import type { ClusterModel, SortedView } from '../../views/model/cluster-model.js';
import type { RowOf, TableName } from '../../views/model/rows.js';
import { formatCount } from '../../views/text/numbers.js';
import { formatAge, formatClock } from '../../views/text/times.js';
import { cutEnd, sanitize } from '../../views/text/width.js';
import type { Noun } from '../cluster/nouns.js';
import { colorText } from '../severity-color.js';
import type { ListOptions } from './list-options.js';
import { ListTable } from './list-table.js';
import { contextOf, emptyText, openView, orderText } from './rows.js';

export interface PictureSize {
  readonly columns: number;
  readonly rows: number;
}

export class ListPicture<N extends TableName> {
  readonly #noun: Noun<N>;
  readonly #options: ListOptions<RowOf[N]>;
  readonly #color: boolean;
  #model: ClusterModel | undefined;
  #view: SortedView<RowOf[N]> | undefined;

  constructor(noun: Noun<N>, options: ListOptions<RowOf[N]>, color: boolean) {
    this.#noun = noun;
    this.#options = options;
    this.#color = color;
  }

  /** The first picture is whole; from now on there is something to show. */
  show(model: ClusterModel): void {
    if (this.#model !== undefined) return;
    this.#model = model;
    this.#view = openView(model, this.#noun, this.#options);
  }

  /** At most `rows` lines of at most `columns` cells, colours aside. */
  frame(size: PictureSize, nowMs: number): readonly string[] {
    const model = this.#model;
    const view = this.#view;
    if (model === undefined || view === undefined) return [cutEnd('connecting ...   q quits', size.columns)];
    const now = model.masterTime(nowMs);
    const headLines = this.#options.hasHeader ? 2 : 1;
    const limit = this.#options.limit ?? 0;
    const space = Math.max(0, size.rows - headLines);
    const rows = view.window(0, limit === 0 ? space : Math.min(limit, space));
    const context = contextOf(this.#noun, rows, this.#options, now);
    const table = new ListTable(rows, context, {
      columns: this.#options.columns,
      available: size.columns,
      color: this.#color,
    });
    const status = this.#statusLine(model, view, rows.length, { size, nowMs, now });
    if (rows.length === 0) return [status, emptyText(this.#noun, this.#options.filter)].slice(0, size.rows);
    const head = this.#options.hasHeader ? [table.header()] : [];
    return [status, ...head, ...rows.map((row) => table.line(row, context))].slice(0, size.rows);
  }

  #statusLine(
    model: ClusterModel,
    view: SortedView<RowOf[N]>,
    shown: number,
    { size, nowMs, now }: { readonly size: PictureSize; readonly nowMs: number; readonly now: number },
  ): string {
    const { connection, cluster } = model;
    const count = shown < view.size ? `${formatCount(shown)} of ${formatCount(view.size)}` : formatCount(view.size);
    const what = `${cluster.name}: ${count} ${view.size === 1 ? this.#noun.one : this.#noun.many}, ${orderText(view.order)}`;
    if (connection.kind !== 'stale')
      return cutEnd(sanitize(`${what}   live ${formatClock(now)}   q quits`), size.columns);
    const age = formatAge((nowMs - connection.sinceUnixMs) / 1000);
    const retry = formatAge((connection.retryAtUnixMs - nowMs) / 1000);
    const stale = `? stale ${age}, retrying in ${retry} (${connection.reason})   ${what}`;
    return colorText(cutEnd(sanitize(stale), size.columns), 'unknown', this.#color);
  }
}
