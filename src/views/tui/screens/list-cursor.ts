/**
 * Which rows of a long list are on the screen, and which of them is selected (design/ux, principle 6: nothing moves under the
 * hand). Selection follows identity: the selected row keeps its line while the list changes around it. While the user moves,
 * and for two seconds after, the order on the screen stands still; their contents go on. A row that is no more stays, marked,
 * until the user leaves it. Before the first move, and after `g`, the list shows its beginning, whatever that is.
 */

/** Where rows come from, in order. */
export interface RowSource<R> {
  readonly size: number;
  window(from: number, count: number): readonly R[];
  /** -1: not in the list. */
  indexOf(key: string): number;
  /** Also of rows that the list does not show. */
  get(key: string): R | undefined;
  keyOf(row: R): string;
}

export interface Listed<R> {
  readonly key: string;
  readonly row: R;
  /** It is not in the list any more; `row` is how it was last seen. */
  readonly isGone: boolean;
}

export interface Page<R> {
  readonly items: readonly Listed<R>[];
  /** Index in `items`; -1 for an empty list. */
  readonly selected: number;
}

const HOLD_MS = 2000;

export class ListCursor<R> {
  /** How the selected row was last seen, and where. Undefined: the first row, whatever it is. */
  private anchor: { readonly key: string; readonly row: R; readonly index: number } | undefined;
  /** Line of the anchor on the screen. */
  private line = 0;
  private isAtTop = true;
  private held: { readonly items: readonly Listed<R>[]; readonly until: number } | undefined;
  private isPaused = false;
  private shown: readonly Listed<R>[] = [];

  constructor(public source: RowSource<R>) {}

  /** What to draw in `height` lines. */
  page(height: number, nowMs: number): Page<R> {
    if (this.held !== undefined && (nowMs >= this.held.until || this.held.items.length > height)) this.held = undefined;
    const items = this.held === undefined ? this.live(height) : this.refreshed(this.held.items);
    if (this.held === undefined && this.isPaused) this.held = { items, until: Number.POSITIVE_INFINITY };
    this.shown = items;
    const selected = this.anchor === undefined ? 0 : items.findIndex((item) => item.key === this.anchor?.key);
    if (selected >= 0 && this.anchor !== undefined) this.line = selected;
    return { items, selected: items.length === 0 ? -1 : Math.max(0, selected) };
  }

  /** The row that actions are about: what was drawn as selected. */
  get selected(): Listed<R> | undefined {
    const key = this.anchor?.key;
    return key === undefined ? this.shown[0] : (this.shown.find((item) => item.key === key) ?? this.shown[0]);
  }

  /** Place of the selected row in the whole list, from 0. */
  get index(): number {
    if (this.anchor === undefined) return 0;
    const index = this.source.indexOf(this.anchor.key);
    return index >= 0 ? index : this.anchor.index;
  }

  move(delta: number, height: number, nowMs: number): void {
    const { items, selected } = this.page(height, nowMs);
    if (selected < 0) return;
    const target = selected + delta;
    const next = this.extended(items, target, height);
    const line = Math.max(
      0,
      Math.min(next.length - 1, target < 0 ? 0 : target >= items.length ? next.length - 1 : target),
    );
    const item = next[line];
    if (item === undefined) return;
    this.select(item, line);
    this.hold(next, nowMs);
  }

  toStart(height: number, nowMs: number): void {
    this.anchor = undefined;
    this.line = 0;
    this.isAtTop = true;
    this.hold(this.live(height), nowMs);
  }

  toEnd(height: number, nowMs: number): void {
    const size = this.source.size;
    const items = this.listed(this.source.window(Math.max(0, size - height), height));
    const last = items.at(-1);
    if (last === undefined) return;
    this.select(last, items.length - 1);
    this.isAtTop = size <= height;
    this.hold(items, nowMs);
  }

  /** Selects a row by its identity and shows it in the middle. False: it is not in the list. */
  selectKey(key: string, height: number): boolean {
    const index = this.source.indexOf(key);
    const row = this.source.get(key);
    if (index < 0 || row === undefined) return false;
    this.held = undefined;
    this.anchor = { key, row, index };
    this.isAtTop = index < height;
    this.line = this.isAtTop ? index : Math.floor(height / 2);
    return true;
  }

  /** The order was set anew by the user: show it at once. */
  release(): void {
    this.held = undefined;
  }

  /** Order and contents stand still until `resume`. */
  pause(): void {
    this.isPaused = true;
    if (this.shown.length > 0) this.held = { items: this.shown, until: Number.POSITIVE_INFINITY };
  }

  resume(): void {
    this.isPaused = false;
    this.held = undefined;
  }

  private select(item: Listed<R>, line: number): void {
    const index = this.source.indexOf(item.key);
    this.anchor = { key: item.key, row: item.row, index: Math.max(0, index) };
    this.line = line;
  }

  private hold(items: readonly Listed<R>[], nowMs: number): void {
    this.held = { items, until: this.isPaused ? Number.POSITIVE_INFINITY : nowMs + HOLD_MS };
    const first = items[0];
    this.isAtTop = first === undefined || this.source.indexOf(first.key) <= 0;
    this.shown = items;
  }

  private refreshed(items: readonly Listed<R>[]): readonly Listed<R>[] {
    return this.isPaused ? items : items.map((item) => this.seenNow(item));
  }

  private seenNow(item: Listed<R>): Listed<R> {
    const row = this.source.get(item.key);
    if (row === undefined) return item.isGone ? item : { ...item, isGone: true };
    return row === item.row && !item.isGone ? item : { key: item.key, row, isGone: false };
  }

  private live(height: number): readonly Listed<R>[] {
    const { source, anchor } = this;
    if (anchor === undefined) return this.listed(source.window(0, height));
    const index = source.indexOf(anchor.key);
    if (index < 0) return this.aroundGone(anchor, height);
    this.anchor = { key: anchor.key, row: source.get(anchor.key) ?? anchor.row, index };
    if (this.isAtTop && index >= height) this.isAtTop = false;
    const line = Math.min(this.line, height - 1);
    const from = this.isAtTop ? 0 : Math.max(0, Math.min(index - line, source.size - height));
    return this.listed(source.window(from, height));
  }

  /** The anchor is not in the list: its last picture keeps its place among those that are. */
  private aroundGone(anchor: { readonly key: string; readonly row: R; readonly index: number }, height: number) {
    const index = Math.min(anchor.index, this.source.size);
    const line = Math.min(this.line, height - 1, index);
    const from = Math.max(0, index - line);
    const items = [...this.listed(this.source.window(from, Math.max(0, height - 1)))];
    const row = this.source.get(anchor.key) ?? anchor.row;
    items.splice(Math.min(line, items.length), 0, { key: anchor.key, row, isGone: true });
    return items;
  }

  /** `items` moved so far that index `target` of it is inside, with neighbours from the list as it is now. */
  private extended(items: readonly Listed<R>[], target: number, height: number): readonly Listed<R>[] {
    const known = new Set(items.map((item) => item.key));
    const fresh = (rows: readonly R[]) => this.listed(rows).filter((item) => !known.has(item.key));
    if (target >= items.length) {
      const last = this.placeOf(items.at(-1), items.length - 1);
      const more = fresh(this.source.window(last + 1, target - items.length + 1));
      return [...items, ...more].slice(-height);
    }
    if (target < 0) {
      const first = this.placeOf(items[0], 0);
      const from = Math.max(0, first + target);
      return [...fresh(this.source.window(from, first - from)), ...items].slice(0, height);
    }
    return items;
  }

  private placeOf(item: Listed<R> | undefined, line: number): number {
    const index = item === undefined ? -1 : this.source.indexOf(item.key);
    return index >= 0 ? index : Math.max(0, (this.anchor?.index ?? 0) - this.line + line);
  }

  private listed(rows: readonly R[]): readonly Listed<R>[] {
    return rows.map((row) => ({ key: this.source.keyOf(row), row, isGone: false }));
  }
}
