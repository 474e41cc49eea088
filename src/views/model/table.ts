/**
 * One table of the model: immutable rows by key, and the views that are open on it. A change goes to each view as one row; nothing here
 * walks all rows but opening a view and `sweep` at the end of a snapshot. Pure.
 */
import type { SortedView, Table, ViewOptions } from './cluster-model.js';
import { type ModelColumn, searchTextOf } from './columns.js';
import type { Entry } from './ordered-list.js';
import type { Severity } from './rows.js';
import { TableView } from './table-view.js';

export interface AnyRow {
  readonly key: string;
  readonly severity: Severity;
  readonly note: string;
}

/** What a table knows of one key: the row of now, and what was made of it once. */
export class Slot<R extends AnyRow> {
  /** In which generation it was heard of last. */
  generation: number;
  /** Where each open view has it; undefined: it does not fit there. Never longer than needed: there is one for each row. */
  #entries: (Entry<Slot<R>> | undefined)[] = NO_ENTRIES;
  #searchText: string | undefined;

  constructor(
    public row: R,
    generation: number,
  ) {
    this.generation = generation;
  }

  get key(): string {
    return this.row.key;
  }

  replace(row: R): void {
    this.row = row;
    this.#searchText = undefined;
  }

  entryIn(view: number): Entry<Slot<R>> | undefined {
    return this.#entries[view];
  }

  setEntry(view: number, entry: Entry<Slot<R>> | undefined): void {
    if (view < this.#entries.length) this.#entries[view] = entry;
    else if (entry !== undefined) {
      const between = new Array<undefined>(view - this.#entries.length).fill(undefined);
      this.#entries = this.#entries.concat(between, entry);
    }
  }

  /** Made when a filter first asks. */
  searchText(columns: readonly ModelColumn<R>[]): string {
    this.#searchText ??= searchTextOf(columns, this.row);
    return this.#searchText;
  }
}

/** Stays empty: what is longer is made by `concat`, which leaves no room for more. */
const NO_ENTRIES: never[] = [];

/** The master's clock as the model last saw it, Unix seconds. */
export interface MasterClock {
  readonly now: number;
}

export class RowTable<R extends AnyRow> implements Table<R> {
  readonly #slots = new Map<string, Slot<R>>();
  readonly #views: (TableView<R> | undefined)[] = [];

  constructor(
    private readonly columns: readonly ModelColumn<R>[],
    private readonly clock: MasterClock,
  ) {}

  get size(): number {
    return this.#slots.size;
  }

  get(key: string): R | undefined {
    return this.#slots.get(key)?.row;
  }

  /** The row of its key, from now on; heard of in `generation`. */
  put(row: R, generation: number): void {
    const slot = this.#slots.get(row.key);
    if (slot === undefined) {
      const added = new Slot(row, generation);
      this.#slots.set(row.key, added);
      for (const view of this.#views) view?.onPut(added);
      return;
    }
    slot.generation = generation;
    if (slot.row === row) return;
    slot.replace(row);
    for (const view of this.#views) view?.onPut(slot);
  }

  /** A row that changed by what the model concludes, not by what it heard of it. */
  replace(row: R): void {
    const slot = this.#slots.get(row.key);
    if (slot !== undefined) this.put(row, slot.generation);
  }

  remove(key: string): R | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    this.#slots.delete(key);
    for (const view of this.#views) view?.onRemove(slot);
    return slot.row;
  }

  /** Keys of rows that were not heard of in `generation`. */
  notOf(generation: number): readonly string[] {
    const keys: string[] = [];
    for (const slot of this.#slots.values()) if (slot.generation !== generation) keys.push(slot.key);
    return keys;
  }

  /** Time passed: rows come into filters and leave them by their age. Returns whether any did. */
  tick(): boolean {
    let changed = false;
    for (const view of this.#views) changed = view?.tick() === true || changed;
    return changed;
  }

  open(options: ViewOptions = {}): SortedView<R> {
    const free = this.#views.indexOf(undefined);
    const index = free < 0 ? this.#views.length : free;
    const view: TableView<R> = new TableView({
      columns: this.columns,
      clock: this.clock,
      slots: this.#slots,
      index,
      options,
      onClose: () => {
        this.#views[index] = undefined;
      },
    });
    this.#views[index] = view;
    return view;
  }
}
