/**
 * `--watch` into a pipe, and as JSON: what there is, then a line for each change, `+` for what came, `~` for what changed,
 * `-` for what went. From the event stream, no polling. Only a change that the form shows makes a line.
 *
 * Invariant: the lines, read in order, always add up to the list as it is.
 */
import { plainContext, type RowContext } from '../../views/columns/column.js';
import type { ClusterModel, SortedView } from '../../views/model/cluster-model.js';
import type { RowOf, TableName } from '../../views/model/rows.js';
import type { Event } from '../../wire/gen/mesoctl-api.js';
import type { Noun } from '../cluster/nouns.js';
import type { ListOptions } from './list-options.js';
import { ListTable } from './list-table.js';
import { contextOf, openView } from './rows.js';
import { touchedKeys } from './touched.js';

const LOOK_EVERY_SECONDS = 1;

type Change = 'added' | 'changed' | 'removed';

const SIGN: Readonly<Record<Change, string>> = { added: '+', changed: '~', removed: '-' };

export class ChangeLines<N extends TableName> {
  readonly #noun: Noun<N>;
  readonly #options: ListOptions<RowOf[N]>;
  readonly #shown = new Map<string, RowOf[N]>();
  readonly #yaml: ((document: unknown) => string) | undefined;
  #view: SortedView<RowOf[N]> | undefined;
  #table: ListTable<RowOf[N]> | undefined;
  /** Of the view, when all rows were looked at. */
  #version = -1;
  #lookedAt = 0;
  /** Ids are written as the last whole picture needs it. */
  #context = plainContext(0);

  /** `yaml`: needed for that form. */
  constructor(noun: Noun<N>, options: ListOptions<RowOf[N]>, yaml?: (document: unknown) => string) {
    this.#noun = noun;
    this.#options = options;
    this.#yaml = yaml;
  }

  /** Lines for an event that the model has taken in; none before the first picture is whole. */
  take(event: Event, model: ClusterModel, now: number): readonly string[] {
    if (this.#view === undefined && event.type !== 'SNAPSHOT_END') return [];
    const view = this.#view ?? this.#open(model);
    const keys = this.#keysOf(event, view, now);
    const rows = keys === 'all' ? view.window(0, Number.POSITIVE_INFINITY) : [];
    if (keys === 'all') this.#context = contextOf(this.#noun, rows, this.#options, now);
    const context = { ...this.#context, now };
    const lines = this.#begin(rows, context);
    if (keys === 'all') {
      this.#takeAll(rows, context, lines);
    } else
      for (const key of new Set(keys)) {
        const row = view.indexOf(key) < 0 ? undefined : model.tables[this.#noun.table].get(key);
        this.#update(key, row, context, lines);
      }
    return lines;
  }

  /** Rows also change with time, and with the names of what they belong to: then all are looked at, at most once a second. */
  #keysOf(event: Event, view: SortedView<RowOf[N]>, now: number): readonly string[] | 'all' {
    const keys = touchedKeys(this.#noun.table, event);
    // Half a snapshot is no picture.
    if (event.type === 'SUBSCRIBED' || event.type === 'SNAPSHOT') return [];
    const isDue = view.version !== this.#version && now >= this.#lookedAt + LOOK_EVERY_SECONDS;
    if (keys !== 'all' && (keys.length > 0 || !isDue)) return keys;
    this.#version = view.version;
    this.#lookedAt = now;
    return 'all';
  }

  #open(model: ClusterModel): SortedView<RowOf[N]> {
    this.#view = openView(model, this.#noun, this.#options);
    return this.#view;
  }

  #takeAll(rows: readonly RowOf[N][], context: RowContext, lines: string[]): void {
    const known = this.#shown.size;
    const added = rows.reduce((count, { key }) => (this.#shown.has(key) ? count : count + 1), 0);
    if (known + added > rows.length) {
      const present = new Set(rows.map(({ key }) => key));
      for (const key of [...this.#shown.keys()]) if (!present.has(key)) this.#update(key, undefined, context, lines);
    }
    for (const row of rows) this.#update(row.key, row, context, lines);
  }

  /** The header, once. */
  #begin(rows: readonly RowOf[N][], context: RowContext): string[] {
    const { form, columns, hasHeader } = this.#options;
    if (this.#table !== undefined || (form !== 'table' && form !== 'wide')) return [];
    this.#table = new ListTable(rows, context, { columns, available: undefined, color: false });
    return hasHeader ? [`  ${this.#table.header()}`] : [];
  }

  #update(key: string, row: RowOf[N] | undefined, context: RowContext, lines: string[]): void {
    const before = this.#shown.get(key);
    if (row === before) return;
    if (row === undefined) this.#shown.delete(key);
    else this.#shown.set(key, row);
    const shown = row ?? before;
    if (shown === undefined) return;
    const text = this.#textOf(shown, context);
    if (row !== undefined && before !== undefined && this.#textOf(before, context) === text) return;
    const change: Change = row === undefined ? 'removed' : before === undefined ? 'added' : 'changed';
    lines.push(this.#lineOf(change, shown, text));
  }

  /** What the form shows of a row; two rows of the same text are the same to the reader. */
  #textOf(row: RowOf[N], context: RowContext): string {
    const { form } = this.#options;
    if (form === 'name') return this.#noun.idOf(row);
    if (form === 'json' || form === 'yaml') return JSON.stringify(this.#noun.recordOf(row));
    return this.#table?.line(row, context) ?? '';
  }

  #lineOf(change: Change, row: RowOf[N], text: string): string {
    const { form } = this.#options;
    if (form === 'json') return `{"change":"${change}","${this.#noun.one}":${text}}`;
    if (form === 'yaml')
      return `---\n${this.#yaml?.({ change, [this.#noun.one]: this.#noun.recordOf(row) }) ?? ''}`.trimEnd();
    return `${SIGN[change]} ${text}`;
  }
}
