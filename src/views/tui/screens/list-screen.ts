/**
 * One table of the model, full screen or as a page of something's detail: movement, filter, order, marks, and the keys that
 * act on the selected row. Rows come from a view that is open only while it is shown; filter, order and selection outlive it.
 */

import type { Column, RowContext } from '../../columns/column.js';
import { COLUMNS_OF } from '../../columns/index.js';
import type { Order, SortedView, Table } from '../../model/cluster-model.js';
import type { FrameworkRow, RowOf, TableName } from '../../model/rows.js';
import { shortId } from '../../text/ids.js';
import { formatCount } from '../../text/numbers.js';
import { listCommand, showCommand } from './commands.js';
import { ListCursor, type Listed } from './list-cursor.js';
import { movement } from './movement.js';
import { type Line, type Span, span, spread } from './paint.js';
import { type ActionRow, killQuestion, teardownQuestion } from './questions.js';
import type {
  Area,
  BodyLine,
  Effect,
  FilterPort,
  KeyHint,
  KeyName,
  Screen,
  ScreenWorld,
  SortPort,
  Subject,
} from './screen.js';
import { TablePainter } from './table-painter.js';
import { summaryLine, type TableSpec } from './table-specs.js';
import { indented } from './wrap.js';

export const DEFAULT_ORDER: Order = { column: 'problem', descending: false };
/** Below, lines that are only there to breathe are left out. */
const ROOMY_FROM = 12;

export interface ListOptions<Name extends TableName> {
  readonly spec: TableSpec<Name>;
  /** Always applied, and not shown as the user's: what this list is about. */
  readonly scope?: string;
  readonly filter?: string;
}

export class ListScreen<Name extends TableName> implements Screen, FilterPort, SortPort {
  private readonly spec: TableSpec<Name>;
  private readonly scope: string;
  private readonly table: Table<RowOf[Name]>;
  private readonly painter: TablePainter<RowOf[Name]>;
  private readonly marks = new Set<string>();
  /** Of offers only: who holds most of them. */
  private holders: SortedView<FrameworkRow> | undefined;
  private view: SortedView<RowOf[Name]> | undefined;
  private cursor: ListCursor<RowOf[Name]> | undefined;
  private wantedKey: string | undefined;
  private isPaused = false;
  private userFilter: string;
  private userOrder: Order = DEFAULT_ORDER;
  private height = 1;

  constructor(
    private readonly world: ScreenWorld,
    options: ListOptions<Name>,
  ) {
    this.spec = options.spec;
    this.scope = options.scope ?? '';
    this.userFilter = options.filter ?? '';
    this.table = world.model.tables[this.spec.table];
    const columns = COLUMNS_OF[this.spec.table] as unknown as readonly Column<RowOf[Name]>[];
    this.painter = new TablePainter(columns, world.palette);
  }

  get filter(): string {
    return this.userFilter;
  }

  /** Why the filter is not understood; '' if it is. */
  get filterError(): string {
    return this.opened().view.filterError ?? '';
  }

  setFilter(filter: string): void {
    this.userFilter = filter;
    this.view?.setFilter(this.wholeFilter());
    this.painter.reset();
    this.cursor?.release();
  }

  get order(): Order {
    return this.userOrder;
  }

  get tableName(): TableName {
    return this.spec.table;
  }

  setOrder(order: Order): void {
    this.userOrder = order;
    this.view?.setOrder(order);
    this.painter.reset();
    this.cursor?.release();
  }

  body(area: Area): readonly BodyLine[] {
    const { view } = this.opened();
    const isRoomy = area.rows >= ROOMY_FROM && this.scope === '';
    const before: Line[] = isRoomy ? [''] : [];
    this.height = Math.max(1, area.rows - before.length - 2);
    const rows = this.tableLines(area);
    const count = rows.length === 0 ? 0 : rows.length - 1;
    const counted = this.countText(count);
    const summary = spread(this.summary(view.size, area.columns - counted.length - 1), counted, area.columns);
    return [...before, summary, ...(rows.length === 0 ? ['', ...this.emptyLines(area.columns)] : rows)];
  }

  status(area: Area): Line {
    const { view, cursor } = this.opened();
    const place = view.size === 0 ? '' : `   row ${formatCount(cursor.index + 1)} of ${formatCount(view.size)}`;
    const error = this.filterError;
    const selected = cursor.selected;
    const pieces: Span[] = [
      span(`sort: ${orderText(this.userOrder, this.spec.table)}   filter: `),
      this.userFilter === '' ? span('-') : span(this.userFilter, 'accent'),
      ...(error === '' ? [] : [span(`  ${error}`, 'bad')]),
      span(place),
      ...(this.marks.size === 0 ? [] : [span(`   ${formatCount(this.marks.size)} marked`, 'accent')]),
    ];
    if (selected?.isGone !== true || area.rows < 1) return pieces;
    const fate = this.table.get(selected.key) === undefined ? 'has ended' : 'does not fit the filter any more';
    return [span(`? ${this.spec.nameOf(selected.row)} ${fate}`, 'unknown'), span('   '), ...pieces];
  }

  hints(): readonly KeyHint[] {
    const forbidden = this.world.whyNotChange() !== undefined;
    return this.spec.hints.filter(({ key }) => key !== 'x' || !forbidden);
  }

  handleKey(key: KeyName, area: Area): readonly Effect[] | undefined {
    const { cursor } = this.opened();
    if (movement(cursor, key, this.height, area.nowMs)) return [];
    cursor.page(this.height, area.nowMs);
    switch (key) {
      case '/':
        return [{ kind: 'edit-filter' }];
      case 's':
        return [{ kind: 'sort' }];
      case 'S':
        this.setOrder({ ...this.userOrder, descending: !this.userOrder.descending });
        return [];
      case 'escape':
        if (this.marks.size > 0) this.marks.clear();
        else if (this.userFilter !== '') this.setFilter('');
        else return undefined;
        return [];
      default:
        return this.rowKey(key, cursor.selected);
    }
  }

  subject(): Subject | undefined {
    const selected = this.cursor?.selected;
    return selected === undefined ? undefined : { table: this.spec.table, key: selected.key };
  }

  command(): string {
    const subject = this.subject();
    return subject === undefined ? listCommand(this.spec.table) : showCommand(subject.table, subject.key);
  }

  help(): readonly KeyHint[] {
    return [
      ...this.spec.hints,
      { key: 'S', label: 'reverse the order' },
      ...(this.spec.table === 'tasks' ? [{ key: 'Space', label: 'mark; x then kills all that are marked' }] : []),
      ...(this.spec.table === 'frameworks' ? [{ key: 'x', label: 'tear down (asks first)' }] : []),
    ];
  }

  filterPort(): FilterPort {
    return this;
  }

  sortPort(): SortPort {
    return this;
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    if (isPaused) this.cursor?.pause();
    else this.cursor?.resume();
  }

  close(): readonly [] {
    this.wantedKey = this.cursor?.selected?.key;
    this.view?.close();
    this.holders?.close();
    this.view = undefined;
    this.cursor = undefined;
    this.holders = undefined;
    return [];
  }

  /** Selects a row when it is next drawn; without effect if it does not fit. */
  select(key: string): void {
    this.wantedKey = key;
    this.cursor?.selectKey(key, this.height);
  }

  private opened(): { readonly view: SortedView<RowOf[Name]>; readonly cursor: ListCursor<RowOf[Name]> } {
    if (this.view === undefined || this.cursor === undefined) {
      const view = this.table.open({ order: this.userOrder, filter: this.wholeFilter() });
      const table = this.table;
      this.view = view;
      if (this.spec.table === 'offers')
        this.holders = this.world.model.tables.frameworks.open({ order: { column: 'offers', descending: true } });
      this.cursor = new ListCursor<RowOf[Name]>({
        get size() {
          return view.size;
        },
        window: (from, count) => view.window(from, count),
        indexOf: (key) => view.indexOf(key),
        get: (key) => table.get(key),
        keyOf: (row) => row.key,
      });
      if (this.wantedKey !== undefined) this.cursor.selectKey(this.wantedKey, this.height);
      if (this.isPaused) this.cursor.pause();
    }
    return { view: this.view, cursor: this.cursor };
  }

  private wholeFilter(): string {
    return [this.scope, this.userFilter].filter((part) => part !== '').join(' ');
  }

  /** Empty: there is no row to show. */
  private tableLines(area: Area): readonly BodyLine[] {
    const { cursor } = this.opened();
    const page = cursor.page(this.height, area.nowMs);
    if (page.items.length === 0) return [];
    const context: RowContext = {
      now: this.world.model.masterTime(area.nowMs),
      shortId,
      asTree: this.userOrder.column === 'problem' || this.userOrder.column === 'role',
      unicode: this.world.theme.unicode,
    };
    const painted = page.items.map((item, index) => ({
      row: item.row,
      severity: item.row.severity,
      isSelected: index === page.selected,
      isMarked: this.marks.has(item.key),
      isGone: item.isGone,
    }));
    return this.painter.paint(painted, area.columns, context).map((line) => ({ painted: line }));
  }

  private summary(size: number, room: number): Line {
    if (this.scope !== '') return `${this.spec.title} ${formatCount(size)}`;
    if (this.world.model.cluster.info === undefined) return this.spec.title;
    const { view } = this.opened();
    return summaryLine(this.spec, this.world, room, { rows: view, holders: this.holders });
  }

  private countText(shown: number): string {
    const { view } = this.opened();
    return this.userFilter === '' ? `${shown} shown` : `${formatCount(view.size)} fit`;
  }

  private emptyLines(columns: number): readonly Line[] {
    return indented(this.emptyText(), columns);
  }

  private emptyText(): string {
    if (this.userFilter !== '') return `Nothing fits "${this.userFilter}". Esc clears the filter.`;
    const { connection, cluster } = this.world.model;
    if (cluster.info === undefined || connection.kind === 'syncing') return 'Not known yet.';
    return this.scope === '' ? this.spec.empty : 'None.';
  }

  private rowKey(key: KeyName, selected: Listed<RowOf[Name]> | undefined): readonly Effect[] | undefined {
    if (!ROW_KEYS.has(key)) return undefined;
    if (selected === undefined) return [{ kind: 'say', text: 'There is nothing to do it with.' }];
    const subject: Subject = { table: this.spec.table, key: selected.key };
    const row = selected.row;
    switch (key) {
      case 'enter':
        return [{ kind: 'open', subject }];
      case 'l':
        return this.spec.table === 'tasks' ? [{ kind: 'open', subject, tab: 'Log' }] : undefined;
      case 't':
        return this.spec.table === 'tasks' || this.spec.table === 'offers'
          ? undefined
          : [{ kind: 'open', subject, tab: 'Tasks' }];
      case 'o':
        return this.spec.table === 'frameworks' || this.spec.table === 'agents'
          ? [{ kind: 'open', subject, tab: 'Offers' }]
          : undefined;
      case 'f':
      case 'a':
        if (this.spec.table !== 'offers') return undefined;
        this.setOrder({ column: key === 'f' ? 'framework' : 'agent', descending: false });
        return [];
      case 'space':
        return this.toggleMark(selected);
      case 'x':
        return this.askToEnd(row, selected);
      default:
        return undefined;
    }
  }

  private toggleMark(selected: Listed<RowOf[Name]>): readonly Effect[] | undefined {
    if (this.spec.table !== 'tasks') return undefined;
    if (!this.marks.delete(selected.key)) this.marks.add(selected.key);
    return [];
  }

  private askToEnd(row: RowOf[TableName], selected: Listed<RowOf[Name]>): readonly Effect[] | undefined {
    if ('task' in row) {
      const rows = this.marks.size === 0 ? [row] : this.markedRows();
      const effects = killQuestion(rows, this.world);
      if (effects.some((effect) => effect.kind === 'confirm')) this.marks.clear();
      return effects;
    }
    if ('framework' in row) return teardownQuestion(row, selected.isGone, this.world);
    return undefined;
  }

  private markedRows(): readonly ActionRow[] {
    return [...this.marks].flatMap((key) => {
      const row = this.table.get(key) as RowOf[TableName] | undefined;
      return row !== undefined && 'task' in row ? [row] : [];
    });
  }
}

const ROW_KEYS: ReadonlySet<KeyName> = new Set(['enter', 'l', 't', 'o', 'f', 'a', 'space', 'x']);

/** `problem first`, `cpu, largest first` */
export function orderText(order: Order, table: TableName): string {
  if (order.column === 'problem') {
    const second = table === 'tasks' ? ', newest' : ' first';
    return order.descending ? 'problem last' : `problem${second}`;
  }
  return `${order.column} ${order.descending ? 'down' : 'up'}`;
}
