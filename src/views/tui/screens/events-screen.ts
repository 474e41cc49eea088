/** What happened, newest first: the model's log of events, at most 1,000. */

import { plainContext } from '../../columns/column.js';
import { EVENT_COLUMNS } from '../../columns/event-columns.js';
import type { ClusterModel } from '../../model/cluster-model.js';
import type { EventRow, TableName } from '../../model/rows.js';
import { formatCount } from '../../text/numbers.js';
import { ListCursor, type RowSource } from './list-cursor.js';
import { movement } from './movement.js';
import { type Line, span, spread } from './paint.js';
import type { Area, BodyLine, Effect, FilterPort, KeyHint, KeyName, Screen, ScreenWorld, Subject } from './screen.js';
import { TablePainter } from './table-painter.js';

const ROOMY_FROM = 12;

const TABLE_OF: { readonly [K in EventRow['kind']]: TableName | undefined } = {
  agent: 'agents',
  framework: 'frameworks',
  task: 'tasks',
  offer: 'offers',
  role: 'roles',
  master: undefined,
};

export class EventsScreen implements Screen, FilterPort {
  readonly filterError = '';
  private readonly source: EventSource;
  private readonly cursor: ListCursor<EventRow>;
  private readonly painter: TablePainter<EventRow>;
  private height = 1;

  constructor(private readonly world: ScreenWorld) {
    this.source = new EventSource(world.model);
    this.cursor = new ListCursor<EventRow>(this.source);
    this.painter = new TablePainter(EVENT_COLUMNS, world.palette);
  }

  get filter(): string {
    return this.source.filter;
  }

  setFilter(filter: string): void {
    this.source.filter = filter;
    this.cursor.release();
  }

  filterPort(): FilterPort {
    return this;
  }

  body(area: Area): readonly BodyLine[] {
    this.source.refresh();
    const before: readonly Line[] = area.rows >= ROOMY_FROM ? [''] : [];
    this.height = Math.max(1, area.rows - before.length - 2);
    const page = this.cursor.page(this.height, area.nowMs);
    const summary = spread(
      `Events ${formatCount(this.source.size)}, newest first`,
      `${page.items.length} shown`,
      area.columns,
    );
    if (page.items.length === 0) return [...before, summary, '', this.emptyLine()];
    const rows = page.items.map(({ row, isGone }, index) => ({
      row,
      severity: row.severity,
      isSelected: index === page.selected,
      isMarked: false,
      isGone,
    }));
    const context = plainContext(this.world.model.masterTime(area.nowMs));
    return [...before, summary, ...this.painter.paint(rows, area.columns, context).map((painted) => ({ painted }))];
  }

  status(): Line {
    const place =
      this.source.size === 0 ? '' : `   row ${formatCount(this.cursor.index + 1)} of ${formatCount(this.source.size)}`;
    return ['filter: ', this.filter === '' ? '-' : span(this.filter, 'accent'), place];
  }

  hints(): readonly KeyHint[] {
    return [
      { key: '/', label: 'filter' },
      { key: 'Enter', label: 'open' },
      { key: 'w', label: 'why' },
      { key: 'p', label: 'pause' },
      { key: ':', label: 'go to' },
    ];
  }

  handleKey(key: KeyName, area: Area): readonly Effect[] | undefined {
    this.source.refresh();
    if (movement(this.cursor, key, this.height, area.nowMs)) return [];
    switch (key) {
      case '/':
        return [{ kind: 'edit-filter' }];
      case 'escape':
        if (this.filter === '') return undefined;
        this.setFilter('');
        return [];
      case 'enter':
        return this.openSelected(area);
      default:
        return undefined;
    }
  }

  subject(): Subject | undefined {
    const row = this.cursor.selected?.row;
    const table = row === undefined ? undefined : TABLE_OF[row.kind];
    return row === undefined || table === undefined ? undefined : { table, key: row.key };
  }

  command(): string {
    return 'mesoctl events';
  }

  help(): readonly KeyHint[] {
    return [{ key: 'Enter', label: 'open what the event is about' }];
  }

  pause(isPaused: boolean): void {
    if (isPaused) this.cursor.pause();
    else this.cursor.resume();
  }

  close(): readonly [] {
    return [];
  }

  private openSelected(area: Area): readonly Effect[] {
    this.cursor.page(this.height, area.nowMs);
    const subject = this.subject();
    if (subject === undefined) return [{ kind: 'say', text: 'This event is about the master itself.' }];
    if (this.world.model.tables[subject.table].get(subject.key) === undefined)
      return [{ kind: 'say', text: 'What it is about is no more.' }];
    return [{ kind: 'open', subject }];
  }

  private emptyLine(): Line {
    if (this.filter !== '') return `  No event has "${this.filter}". Esc clears the filter.`;
    return '  Nothing has happened since this view was opened.';
  }
}

/** The log as a list; words of the filter must all be in a line. */
class EventSource implements RowSource<EventRow> {
  filter = '';
  private rows: readonly EventRow[] = [];
  private made: { readonly version: number; readonly filter: string } | undefined;

  constructor(private readonly model: ClusterModel) {}

  refresh(): void {
    const { version, events } = this.model;
    if (this.made?.version === version && this.made.filter === this.filter) return;
    this.made = { version, filter: this.filter };
    const words = this.filter
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words.length === 0) this.rows = events;
    else
      this.rows = events.filter(({ text, kind }) => {
        const searched = `${kind} ${text}`.toLowerCase();
        return words.every((word) =>
          word.startsWith('!') ? !searched.includes(word.slice(1)) : searched.includes(word),
        );
      });
  }

  get size(): number {
    return this.rows.length;
  }

  window(from: number, count: number): readonly EventRow[] {
    return this.rows.slice(Math.max(0, from), Math.max(0, from) + count);
  }

  /** Newest first, so sequences fall. */
  indexOf(key: string): number {
    const sequence = Number(key);
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.rows[middle]?.sequence ?? 0) > sequence) low = middle + 1;
      else high = middle;
    }
    return this.rows[low]?.sequence === sequence ? low : -1;
  }

  get(key: string): EventRow | undefined {
    const index = this.indexOf(key);
    return index < 0 ? undefined : this.rows[index];
  }

  keyOf(row: EventRow): string {
    return String(row.sequence);
  }
}
