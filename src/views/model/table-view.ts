/**
 * A sorted and filtered picture of one table that follows its changes (`SortedView`). Decides where a row stands and whether it fits;
 * each change costs O(log n) comparisons. Only another order or filter, and opening, walk the table. A row that does not fit, before and
 * after its change, leaves `version` alone. Pure: the time comes from the model's clock. After `close` it is empty.
 */
import type { Order, SortedView, ViewOptions } from './cluster-model.js';
import { findColumn, type ModelColumn } from './columns.js';
import { DueQueue } from './due-queue.js';
import { type Filter, parseFilter } from './filter.js';
import { naturalKey } from './natural-key.js';
import {
  type Compare,
  compareNumbers,
  compareTexts,
  compareTextsDown,
  type Entry,
  OrderedList,
} from './ordered-list.js';
import type { AnyRow, MasterClock, Slot } from './table.js';

export interface TableViewOptions<R extends AnyRow> {
  readonly columns: readonly ModelColumn<R>[];
  readonly clock: MasterClock;
  readonly slots: ReadonlyMap<string, Slot<R>>;
  /** Its place in `Slot.entries`. */
  readonly index: number;
  readonly options: ViewOptions;
  readonly onClose: () => void;
}

const PROBLEMS_FIRST: Order = { column: 'problem', descending: false };
/** Texts without a value stand behind all others. */
const LAST_TEXT = '\uffff';
/** A column with more different texts than this does not repeat enough. */
const MOST_KEYS = 16_384;

export class TableView<R extends AnyRow> implements SortedView<R> {
  readonly #columns: readonly ModelColumn<R>[];
  readonly #clock: MasterClock;
  readonly #slots: ReadonlyMap<string, Slot<R>>;
  readonly #index: number;
  readonly #onClose: () => void;
  #version = 1;
  #order: Order;
  #sortColumn: ModelColumn<R>;
  #isText = false;
  #filterText: string;
  #filter: Filter<R>;
  #list: OrderedList<Slot<R>>;
  /** When rows next enter or leave the filter by their age. */
  readonly #turns = new DueQueue();
  readonly #naturalKeys = new Map<string, string>();
  #shown: { readonly version: number; readonly from: number; readonly count: number; readonly rows: R[] } | undefined;
  #isOpen = true;

  constructor(options: TableViewOptions<R>) {
    this.#columns = options.columns;
    this.#clock = options.clock;
    this.#slots = options.slots;
    this.#index = options.index;
    this.#onClose = options.onClose;
    this.#order = options.options.order ?? PROBLEMS_FIRST;
    this.#sortColumn = this.#columnOf(this.#order);
    this.#filterText = options.options.filter ?? '';
    this.#filter = parseFilter(this.#filterText, this.#columns);
    this.#list = this.#rebuilt();
  }

  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#list.size;
  }

  get order(): Order {
    return this.#order;
  }

  get filter(): string {
    return this.#filterText;
  }

  get filterError(): string {
    return this.#filter.error;
  }

  window(from: number, count: number): readonly R[] {
    const shown = this.#shown;
    if (shown?.version === this.#version && shown.from === from && shown.count === count) return shown.rows;
    const rows = this.#list.window(from, count).map((slot) => slot.row);
    this.#shown = { version: this.#version, from, count, rows };
    return rows;
  }

  indexOf(key: string): number {
    const entry = this.#isOpen ? this.#slots.get(key)?.entryIn(this.#index) : undefined;
    return entry === undefined ? -1 : this.#list.indexOf(entry);
  }

  setOrder(order: Order): void {
    if (!this.#isOpen || (order.column === this.#order.column && order.descending === this.#order.descending)) return;
    this.#order = order;
    this.#sortColumn = this.#columnOf(order);
    this.#rebuild();
  }

  setFilter(filter: string): void {
    if (!this.#isOpen || filter === this.#filterText) return;
    this.#filterText = filter;
    this.#filter = parseFilter(filter, this.#columns);
    this.#rebuild();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const entry of this.#list.all()) entry.item.setEntry(this.#index, undefined);
    this.#list = new OrderedList(compareNumbers);
    this.#version++;
    this.#onClose();
  }

  /** The row of `slot` is new, or another than before. */
  onPut(slot: Slot<R>): void {
    const { now } = this.#clock;
    const fits = this.#fits(slot, now);
    if (this.#filter.isTimed) this.#awaitTurn(slot, now);
    const entry = slot.entryIn(this.#index);
    if (entry === undefined) {
      if (fits) this.#insert(slot);
    } else if (!fits) this.#take(slot, entry);
    else this.#update(slot, entry);
  }

  onRemove(slot: Slot<R>): void {
    if (this.#filter.isTimed) this.#turns.delete(slot.key);
    const entry = slot.entryIn(this.#index);
    if (entry !== undefined) this.#take(slot, entry);
  }

  /** Returns whether a row came or went by its age. */
  tick(): boolean {
    if (!this.#filter.isTimed) return false;
    const { now } = this.#clock;
    const before = this.#version;
    for (let key = this.#turns.popDue(now); key !== undefined; key = this.#turns.popDue(now)) {
      const slot = this.#slots.get(key);
      if (slot === undefined) continue;
      const fits = this.#fits(slot, now);
      const entry = slot.entryIn(this.#index);
      if (fits && entry === undefined) this.#insert(slot);
      if (!fits && entry !== undefined) this.#take(slot, entry);
      this.#awaitTurn(slot, now);
    }
    return this.#version !== before;
  }

  #fits(slot: Slot<R>, now: number): boolean {
    return this.#filter.isEmpty || this.#filter.matches(slot.row, () => slot.searchText(this.#columns), now);
  }

  #insert(slot: Slot<R>): void {
    const entry = this.#entryOf(slot);
    slot.setEntry(this.#index, entry);
    this.#list.insert(entry);
    this.#version++;
  }

  #take(slot: Slot<R>, entry: Entry<Slot<R>>): void {
    this.#list.remove(entry);
    slot.setEntry(this.#index, undefined);
    this.#version++;
  }

  #update(slot: Slot<R>, entry: Entry<Slot<R>>): void {
    this.#version++;
    if (this.#sortOf(slot.row) === entry.sort) return;
    this.#list.remove(entry);
    const moved = this.#entryOf(slot);
    slot.setEntry(this.#index, moved);
    this.#list.insert(moved);
  }

  #rebuild(): void {
    this.#list = this.#rebuilt();
    this.#version++;
  }

  #rebuilt(): OrderedList<Slot<R>> {
    const { now } = this.#clock;
    const filter = this.#filter;
    const entries: Entry<Slot<R>>[] = [];
    this.#isText = this.#sortColumn.kind === 'text' || this.#sortColumn.sortValue !== undefined;
    this.#turns.clear();
    this.#naturalKeys.clear();
    for (const slot of this.#slots.values()) {
      const fits = this.#fits(slot, now);
      const entry = fits ? this.#entryOf(slot) : undefined;
      if (entry !== undefined) entries.push(entry);
      slot.setEntry(this.#index, entry);
      if (filter.isTimed) this.#awaitTurn(slot, now);
    }
    return new OrderedList(this.#compare(), entries);
  }

  #awaitTurn(slot: Slot<R>, now: number): void {
    const at = this.#filter.turnsAt(slot.row, now);
    if (at === Number.POSITIVE_INFINITY) this.#turns.delete(slot.key);
    else this.#turns.set(slot.key, at);
  }

  #entryOf(slot: Slot<R>): Entry<Slot<R>> {
    return { sort: this.#sortOf(slot.row), key: slot.key, item: slot, position: 0 };
  }

  /** States, hosts and names repeat: their keys are made once. */
  #naturalKey(text: string): string {
    const known = this.#naturalKeys.get(text);
    if (known !== undefined) return known;
    const key = naturalKey(text);
    if (this.#naturalKeys.size < MOST_KEYS) this.#naturalKeys.set(text, key);
    return key;
  }

  #columnOf(order: Order): ModelColumn<R> {
    return findColumn(this.#columns, order.column) ?? (this.#columns[0] as ModelColumn<R>);
  }

  #compare(): Compare {
    if (!this.#isText) return compareNumbers;
    return this.#order.descending ? compareTextsDown : compareTexts;
  }

  /** Ascending in the direction of the order: numbers are negated for a descending one, texts compared the other way. */
  #sortOf(row: R): number | string {
    const { kind, value, sortValue } = this.#sortColumn;
    if (sortValue !== undefined) return sortValue(row);
    const found = value(row);
    if (this.#isText) {
      if (found === undefined || found === '') return this.#order.descending ? '' : LAST_TEXT;
      return this.#naturalKey(String(found));
    }
    if (found === undefined) return Number.POSITIVE_INFINITY;
    // The youngest of all is the one that began last.
    const number = kind === 'age' ? -Number(found) : Number(found);
    return this.#order.descending ? -number : number;
  }
}
