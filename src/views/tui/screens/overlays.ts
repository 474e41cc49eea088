/**
 * What lies over a screen for a while: a question, the order of a list, help, an answer, a prompt. Each takes all keys but those
 * that leave from anywhere. No boxes: a rule, lines, and the keys in the last line.
 */
import { columnsOf, type ModelColumn, type Order } from '../../model/cluster-model.js';
import type { RowOf, TableName } from '../../model/rows.js';
import { padEndTo, widthOf } from '../../text/width.js';
import { type GotoChoice, gotoChoices } from './goto.js';
import { LineEditor } from './line-editor.js';
import { type Line, type Span, span } from './paint.js';
import type { Area, FilterPort, KeyHint, KeyName, Question, ScreenWorld, SortPort, Subject } from './screen.js';
import { wrapWords } from './wrap.js';

export type Overlay =
  | { readonly kind: 'confirm'; readonly question: Question }
  | { readonly kind: 'sort'; readonly menu: SortMenu }
  | { readonly kind: 'text'; readonly panel: TextPanel }
  | { readonly kind: 'filter'; readonly editor: LineEditor; readonly port: FilterPort }
  | { readonly kind: 'goto'; readonly prompt: GotoPrompt };

export function rule(title: string, columns: number): Line {
  const shown = title === '' ? '' : `${title} `;
  return [span(`--- ${shown}`, 'accent'), span('-'.repeat(Math.max(0, columns - widthOf(shown) - 4)), 'secondary')];
}

export function confirmLines({ title, lines, question }: Question, columns: number): readonly Line[] {
  return [
    rule(title, columns),
    ...lines.flatMap((line) => wrapWords(line, Math.max(1, columns - 2))).map((line) => `  ${line}`),
    '',
    ...wrapWords(question, Math.max(1, columns - 10)).map((line): Line => [span(`! ${line}`, 'bad')]),
    [span('  [y/N] ', 'bad'), span(' ', 'reverse')],
  ];
}

/** Columns a list can be sorted by; choosing the one it is sorted by turns it round. */
export class SortMenu {
  private readonly columns: readonly ModelColumn<RowOf[TableName]>[];
  private index: number;

  constructor(private readonly port: SortPort) {
    const all = columnsOf(port.tableName);
    this.columns = all.filter(({ key, isHidden }) => key !== 'severity' && isHidden !== true);
    this.index = Math.max(
      0,
      this.columns.findIndex(({ key }) => key === port.order.column),
    );
  }

  lines(columns: number, rows: number): readonly Line[] {
    const room = Math.max(1, rows - 1);
    const from = Math.max(0, Math.min(this.index - Math.floor(room / 2), this.columns.length - room));
    return [
      rule('Sort by', columns),
      ...this.columns.slice(from, from + room).map(({ key, title, kind }, at): Line => {
        const isChosen = from + at === this.index;
        const isCurrent = key === this.port.order.column;
        const direction = isCurrent ? directionWord(this.port.order) : '';
        const name = kind === 'problem' ? 'problem first' : title;
        const text = ` ${isChosen ? '>' : ' '}${padEndTo(name, 14)}  ${FIRST_OF[kind]}${direction}`;
        return [span(padEndTo(text, columns), isChosen ? 'reverse' : isCurrent ? 'accent' : 'plain')];
      }),
    ];
  }

  get height(): number {
    return this.columns.length + 1;
  }

  move(step: number): void {
    this.index = Math.max(0, Math.min(this.columns.length - 1, this.index + step));
  }

  choose(): void {
    const column = this.columns[this.index];
    if (column === undefined) return;
    const { order } = this.port;
    const isSame = column.key === order.column;
    this.port.setOrder({
      column: column.key,
      descending: isSame ? !order.descending : LARGEST_FIRST.has(column.kind),
    });
  }
}

/** What stands first when a column is chosen. */
const FIRST_OF: { readonly [K in ModelColumn<never>['kind']]: string } = {
  problem: 'worst, then newest',
  text: 'A to Z',
  number: 'largest first',
  size: 'largest first',
  share: 'largest first',
  age: 'youngest first',
  left: 'soonest first',
};

/** Of amounts people want the largest first, of names the first letter. */
const LARGEST_FIRST: ReadonlySet<ModelColumn<never>['kind']> = new Set(['number', 'size', 'share']);

function directionWord({ descending }: Order): string {
  return descending ? '  (now: down; again: up)' : '  (now: up; again: down)';
}

/** Text that is read and left: help, ids, an answer to `why`. */
export class TextPanel {
  private offset = 0;
  private overflow = 0;

  constructor(
    private readonly title: string,
    /** Undefined: still asked for. */
    private content: readonly Line[] | undefined,
    readonly subject?: Subject,
  ) {}

  answer(content: readonly Line[]): void {
    this.content = content;
  }

  lines(area: Area): readonly Line[] {
    const room = Math.max(1, area.rows - 1);
    const all = (this.content ?? ['Asking the master.']).flatMap((line) => this.wrapped(line, area.columns - 2));
    this.overflow = Math.max(0, all.length - room);
    this.offset = Math.min(this.offset, this.overflow);
    const more =
      this.overflow === 0
        ? ''
        : ` (${this.offset + 1} to ${Math.min(all.length, this.offset + room)} of ${all.length})`;
    return [rule(`${this.title}${more}`, area.columns), ...all.slice(this.offset, this.offset + room)];
  }

  scroll(key: KeyName, rows: number): void {
    const page = Math.max(1, rows - 2);
    const steps: { readonly [name: string]: number } = {
      down: 1,
      j: 1,
      up: -1,
      k: -1,
      'page-down': page,
      space: page,
      'page-up': -page,
      'ctrl-d': Math.ceil(page / 2),
      'ctrl-u': -Math.ceil(page / 2),
      g: Number.NEGATIVE_INFINITY,
      home: Number.NEGATIVE_INFINITY,
      G: Number.POSITIVE_INFINITY,
      end: Number.POSITIVE_INFINITY,
    };
    this.offset = Math.max(0, Math.min(this.overflow, this.offset + (steps[key] ?? 0)));
  }

  private wrapped(line: Line, columns: number): readonly Line[] {
    if (typeof line !== 'string') return [line];
    return wrapWords(line, Math.max(1, columns)).map((piece) => `  ${piece}`);
  }
}

/** `:` with what fits, best first. */
export class GotoPrompt {
  readonly editor = new LineEditor();
  error = '';
  private chosen = -1;
  private choices: readonly GotoChoice[] = [];
  private madeFor: string | undefined;

  constructor(private readonly world: ScreenWorld) {}

  /** What Tab went to; undefined: nothing yet. */
  get choice(): GotoChoice | undefined {
    return this.choices[this.chosen];
  }

  lines(columns: number): readonly Line[] {
    this.refresh();
    if (this.choices.length === 0) return [];
    return [
      rule('Go to', columns),
      ...this.choices.map(({ text, note }, index): Line => {
        const isChosen = index === this.chosen;
        return [
          span(
            padEndTo(` ${isChosen ? '>' : ' '}${padEndTo(text, 24)}  ${note}`, columns),
            isChosen ? 'reverse' : 'plain',
          ),
        ];
      }),
    ];
  }

  /** Tab, Shift-Tab. */
  complete(step: number): void {
    this.refresh();
    if (this.choices.length === 0) return;
    this.chosen =
      (this.chosen + step + (this.chosen < 0 && step < 0 ? 1 : 0) + this.choices.length) % this.choices.length;
    const text = this.choices[this.chosen]?.text ?? '';
    this.editor.set(text);
    this.madeFor = text;
  }

  edited(): void {
    this.error = '';
    this.chosen = -1;
  }

  private refresh(): void {
    if (this.madeFor === this.editor.text) return;
    this.madeFor = this.editor.text;
    this.choices = gotoChoices(this.world.model, this.editor.text);
    this.chosen = -1;
  }
}

/** The status row while something is typed. */
export function promptLine(label: string, editor: LineEditor, error: string): Line {
  const pieces: Span[] = [span(label, 'accent'), ...editor.spans()];
  return error === '' ? pieces : [...pieces, span(`  ${error}`, 'bad')];
}

export function overlayHints(overlay: Overlay): readonly KeyHint[] {
  switch (overlay.kind) {
    case 'confirm':
      return [
        { key: 'y', label: 'yes' },
        { key: 'n Enter Esc', label: 'no' },
      ];
    case 'sort':
      return [
        { key: 'Up Down', label: 'choose' },
        { key: 'Enter', label: 'sort, again: other direction' },
        { key: 'Esc', label: 'leave' },
      ];
    case 'text':
      return [
        { key: 'Up Down', label: 'scroll' },
        { key: 'Esc', label: 'back' },
      ];
    case 'filter':
      return [
        { key: 'Enter', label: 'keep' },
        { key: 'Esc', label: 'clear' },
        { key: 'Up Down', label: 'move' },
        { key: 'Ctrl-C', label: 'quit' },
      ];
    case 'goto':
      return [
        { key: 'Enter', label: 'go' },
        { key: 'Tab', label: 'complete' },
        { key: 'Esc', label: 'leave' },
        { key: 'Ctrl-C', label: 'quit' },
      ];
    default:
      return overlay satisfies never;
  }
}
