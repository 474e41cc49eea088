/** What needs attention: one line on the overview, and the list of all behind it. */
import type { ClusterModel, Problem } from '../../model/cluster-model.js';
import { glyphOf } from '../../text/glyphs.js';
import { formatCount } from '../../text/numbers.js';
import { formatAgeOf } from '../../text/times.js';
import { cutEnd, padStartTo, sanitize, widthOf } from '../../text/width.js';
import { showCommand } from './commands.js';
import { ListCursor, type RowSource } from './list-cursor.js';
import { movement } from './movement.js';
import { type Line, span, styleOf } from './paint.js';
import type { Area, BodyLine, Effect, KeyHint, KeyName, Screen, ScreenWorld, Subject } from './screen.js';

const OPEN_HINT = '  [Enter]';
const SEPARATOR = ' - ';
const IN_LINE = 8;
const LISTED = 500;

/** `!  2 problems: node-09 unreachable (31 tasks) 4m - role web starved 6m  [Enter]` */
export function problemLine(model: ClusterModel, isFocused: boolean, columns: number, nowMs: number): Line {
  const { total, first } = model.problems(IN_LINE);
  const worst = first[0];
  const mark = isFocused ? '>' : ' ';
  if (worst === undefined) return ` ${mark} no problems`;
  const now = model.masterTime(nowMs);
  let text = `${formatCount(total)} ${total === 1 ? 'problem' : 'problems'}: `;
  const room = columns - 3 - OPEN_HINT.length;
  for (const [index, problem] of first.entries()) {
    const next = `${index === 0 ? '' : SEPARATOR}${problemText(problem, now)}`;
    if (index > 0 && widthOf(text) + widthOf(next) > room) break;
    text += next;
  }
  return [span(`${glyphOf(worst.severity)}${mark} ${cutEnd(text, room)}`, styleOf(worst.severity)), OPEN_HINT];
}

function problemText(problem: Problem, now: number): string {
  return sanitize(`${problem.text} ${formatAgeOf(problem.since, now)}`);
}

/** All of them, worst first. */
export class ProblemsScreen implements Screen {
  private readonly cursor: ListCursor<Problem>;
  private readonly source: ProblemSource;
  private height = 1;

  constructor(private readonly world: ScreenWorld) {
    this.source = new ProblemSource(world.model);
    this.cursor = new ListCursor<Problem>(this.source);
  }

  body(area: Area): readonly BodyLine[] {
    this.source.refresh();
    this.height = Math.max(1, area.rows - 2);
    const page = this.cursor.page(this.height, area.nowMs);
    const now = this.world.model.masterTime(area.nowMs);
    const total = this.source.total;
    const lines = page.items.map((item, index): Line => {
      const { severity } = item.row;
      const mark = index === page.selected ? '>' : ' ';
      const age = padStartTo(formatAgeOf(item.row.since, now), 6);
      const text = `${glyphOf(severity)}${mark}${age}  ${sanitize(item.row.text)}${item.isGone ? '  (over)' : ''}`;
      return [span(text, index === page.selected ? 'reverse' : styleOf(severity))];
    });
    return [
      `Problems ${formatCount(total)}, worst first`,
      lines.length === 0 ? '  None any more.' : '  SINCE  WHAT',
      ...lines,
    ];
  }

  status(): Line {
    return '';
  }

  hints(): readonly KeyHint[] {
    return [
      { key: 'Esc', label: 'back' },
      { key: 'Enter', label: 'open' },
      { key: 'w', label: 'why' },
    ];
  }

  handleKey(key: KeyName, area: Area): readonly Effect[] | undefined {
    if (movement(this.cursor, key, this.height, area.nowMs)) return [];
    const subject = this.subject();
    if (key === 'enter' && subject !== undefined) return [{ kind: 'open', subject }];
    return undefined;
  }

  subject(): Subject | undefined {
    const row = this.cursor.selected?.row;
    return row === undefined ? undefined : { table: row.table, key: row.key };
  }

  command(): string {
    const subject = this.subject();
    return subject === undefined ? 'mesoctl master show' : showCommand(subject.table, subject.key);
  }

  help(): readonly KeyHint[] {
    return [{ key: 'Enter', label: 'open what has the problem' }];
  }

  pause(isPaused: boolean): void {
    if (isPaused) this.cursor.pause();
    else this.cursor.resume();
  }

  close(): readonly [] {
    return [];
  }
}

class ProblemSource implements RowSource<Problem> {
  total = 0;
  private rows: readonly Problem[] = [];
  private version = -1;

  constructor(private readonly model: ClusterModel) {}

  refresh(): void {
    if (this.version === this.model.version) return;
    this.version = this.model.version;
    const { total, first } = this.model.problems(LISTED);
    this.total = total;
    this.rows = first;
  }

  get size(): number {
    return this.rows.length;
  }

  window(from: number, count: number): readonly Problem[] {
    return this.rows.slice(Math.max(0, from), Math.max(0, from) + count);
  }

  indexOf(key: string): number {
    return this.rows.findIndex((row) => this.keyOf(row) === key);
  }

  get(key: string): Problem | undefined {
    return this.rows[this.indexOf(key)];
  }

  keyOf({ table, key }: Problem): string {
    return `${table} ${key}`;
  }
}
