/**
 * One thing opened: facts, and what belongs to it. A task: its log, resources, statuses and events; an agent or framework: its tasks
 * and offers. Facts come from the stream at once; what only the master or an agent can tell is asked for when it is opened.
 * The last picture stays when the thing is no more.
 */

import { isTerminal } from '../../../wire/task-state.js';
import type { RowOf, TableName } from '../../model/rows.js';
import { shortId } from '../../text/ids.js';
import { sanitize } from '../../text/width.js';
import type { DetailState, LogState, Wish } from '../ui.js';
import { logCommand, showCommand } from './commands.js';
import { type ListPort, openList } from './lists.js';
import { LogView } from './log-view.js';
import { type Line, padLine, span, spread } from './paint.js';
import { killQuestion, teardownQuestion } from './questions.js';
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
import { eventLines, type TaskFacts, taskFactLines, taskResourceLines, taskStatusLines } from './task-facts.js';
import { agentFactLines, type FactContext, frameworkFactLines, offerFactLines, roleFactLines } from './thing-facts.js';

export type TabName = 'Facts' | 'Log' | 'Resources' | 'Events' | 'Tasks' | 'Offers';

const TABS: { readonly [Name in TableName]: readonly TabName[] } = {
  tasks: ['Facts', 'Log', 'Resources', 'Events'],
  agents: ['Facts', 'Tasks', 'Offers', 'Events'],
  frameworks: ['Facts', 'Tasks', 'Offers', 'Events'],
  roles: ['Facts', 'Tasks', 'Events'],
  offers: ['Facts', 'Events'],
};

/** From here on a task's log stands beside its facts. */
const SIDE_BY_SIDE_FROM = 100;
const LEFT_PART = 0.47;
/** Facts leave at least this much to the log or list below. */
const LEAST_BELOW = 6;
const RULE = '-';

export interface DetailOptions {
  readonly subject: Subject;
  readonly tab?: string | undefined;
}

export class DetailScreen implements Screen {
  readonly about: Subject;
  private tab: TabName;
  private readonly log = new LogView();
  private readonly lists = new Map<TabName, ListPort>();
  private file: 'stdout' | 'stderr' = 'stdout';
  private last: RowOf[TableName] | undefined;
  private detail: DetailState | undefined;
  private offset = 0;
  /** Lines of the text that is scrolled, and how many of them fit. */
  private overflow = 0;

  constructor(
    private readonly world: ScreenWorld,
    { subject, tab }: DetailOptions,
  ) {
    this.about = subject;
    this.tab = TABS[subject.table].find((name) => name === tab) ?? 'Facts';
    const row = this.row();
    if (row !== undefined && 'task' in row && row.severity === 'bad') this.file = 'stderr';
  }

  /** What must be asked for now that it is shown. */
  open(): readonly Wish[] {
    const { table, key } = this.about;
    const fetch: Wish = { kind: 'fetch-detail', table, key };
    return table === 'tasks' ? [fetch, this.followWish()] : [fetch];
  }

  onLog(state: LogState): void {
    if (this.about.table === 'tasks' && state.taskKey === this.about.key && state.file === this.file)
      this.log.update(state);
  }

  onDetail(detail: DetailState): void {
    this.detail = detail;
  }

  crumbs(): readonly string[] {
    return crumbsOf(this.about, this.row()).map(sanitize);
  }

  tabs(): Line {
    return TABS[this.about.table].flatMap((name, index) => [
      span(index === 0 ? '' : '  '),
      name === this.tab ? span(`[${name}]`, 'accent') : span(name),
    ]);
  }

  body(area: Area): readonly BodyLine[] {
    const row = this.row();
    if (row === undefined) return [this.unknownLine()];
    const list = this.tab === 'Facts' ? undefined : this.listOf(this.tab);
    if (list !== undefined) return list.body(area);
    if (this.tab === 'Log') return [...this.logPane(area.columns, area.rows, true)];
    if (this.tab === 'Facts') return this.facts(area);
    return this.scrolled(this.tab === 'Events' ? this.eventText(area) : this.resourceText(area), area);
  }

  status(area: Area): Line {
    if (this.detail?.kind === 'failed') return [span(`! details: ${sanitize(this.detail.reason)}`, 'bad')];
    const list = this.listOf(this.tab);
    if (list !== undefined) return list.status(area);
    const needle = this.log.filter;
    if (!this.showsLog() || needle === '') return '';
    return [span('find: '), span(needle, 'accent'), span('   & only these lines, or all   n N next, previous')];
  }

  hints(area: Area): readonly KeyHint[] {
    const back: KeyHint = { key: 'Esc', label: 'back' };
    const list = this.listOf(this.tab);
    if (list !== undefined) {
      const inner = list.hints(area).filter(({ key }) => ['/', 's', 'Enter', 'x'].includes(key));
      return [back, { key: 'Tab', label: 'next page' }, ...inner];
    }
    if (this.about.table !== 'tasks')
      return [back, { key: 'Tab', label: 'next page' }, { key: 'y', label: 'copy command' }];
    const row = this.row();
    const isLive = row !== undefined && 'task' in row && !isTerminal(row.task.state) && !this.isGone();
    const mayKill = isLive && this.world.whyNotChange() === undefined;
    const kill: readonly KeyHint[] = mayKill ? [{ key: 'x', label: 'kill' }] : [];
    if (!this.showsLog()) return [back, { key: 'Tab', label: 'next page' }, { key: 'w', label: 'why' }, ...kill];
    return [
      back,
      { key: 'Space', label: this.log.isFollowing ? 'pause' : 'follow' },
      { key: 'g/G', label: 'ends' },
      { key: '/', label: 'find' },
      { key: 's', label: this.file === 'stdout' ? 'stderr' : 'stdout' },
      { key: 'w', label: 'why' },
      { key: 'o', label: 'save' },
      ...kill,
    ];
  }

  handleKey(key: KeyName, area: Area): readonly Effect[] | undefined {
    const common = this.commonKey(key);
    if (common !== undefined) return common;
    const list = this.listOf(this.tab);
    if (list !== undefined) return list.handleKey(key, area);
    if (this.showsLog()) return this.logKey(key);
    return this.scrollKey(key, area);
  }

  subject(): Subject {
    return (this.tab === 'Facts' ? undefined : this.listOf(this.tab)?.subject()) ?? this.about;
  }

  command(): string {
    if (this.tab === 'Log') return logCommand(this.about.key, this.file);
    const { table, key } = this.subject();
    return showCommand(table, key);
  }

  help(): readonly KeyHint[] {
    const pages: KeyHint = { key: 'Tab [ ]', label: `pages: ${TABS[this.about.table].join(', ')}` };
    if (!this.showsLog()) return [pages, ...(this.listOf(this.tab)?.help() ?? [])];
    return [
      pages,
      { key: 's', label: 'stdout or stderr' },
      { key: 'Space', label: 'pause, follow again' },
      { key: 'g G', label: 'beginning, end (follows)' },
      { key: 'Left Right', label: 'half a screen aside' },
      { key: 'W', label: 'wrap long lines' },
      { key: '/', label: 'only lines with a text' },
      { key: '&', label: 'mark it instead; n N next, previous' },
      { key: 'o', label: 'save what is here to a file' },
      { key: 'm', label: 'mouse reports on or off (off: the terminal selects)' },
      { key: 'x', label: 'kill (asks first)' },
    ];
  }

  filterPort(): FilterPort | undefined {
    const list = this.listOf(this.tab);
    if (list !== undefined) return list;
    if (!this.showsLog()) return undefined;
    const { log } = this;
    return {
      get filter() {
        return log.filter;
      },
      filterError: '',
      setFilter: (text) => log.setFilter(text),
    };
  }

  sortPort(): SortPort | undefined {
    return this.listOf(this.tab);
  }

  pause(isPaused: boolean): void {
    for (const list of this.lists.values()) list.pause(isPaused);
  }

  close(): readonly Wish[] {
    for (const list of this.lists.values()) list.close();
    return this.about.table === 'tasks' ? [{ kind: 'stop-log' }] : [];
  }

  /** As it is now, or as it was last seen. */
  private row(): RowOf[TableName] | undefined {
    const { table, key } = this.about;
    this.last = this.world.model.tables[table].get(key) ?? this.last;
    return this.last;
  }

  private isGone(): boolean {
    return this.world.model.tables[this.about.table].get(this.about.key) === undefined;
  }

  private unknownLine(): Line {
    const { kind } = this.world.model.connection;
    if (kind === 'connecting' || kind === 'syncing') return '  Not known yet.';
    return '  There is no such thing any more. Esc goes back.';
  }

  /** The list that the page `tab` shows: its tasks below the facts, or a list alone. */
  private listOf(tab: TabName): ListPort | undefined {
    const { table, key } = this.about;
    const shown = tab === 'Facts' && TABS[table].includes('Tasks') ? 'Tasks' : tab;
    if (shown !== 'Tasks' && shown !== 'Offers') return undefined;
    let list = this.lists.get(shown);
    if (list === undefined) {
      list = openList(this.world, shown === 'Tasks' ? 'tasks' : 'offers', { scope: scopeOf(table, key) });
      this.lists.set(shown, list);
    }
    return list;
  }

  private showsLog(): boolean {
    return this.about.table === 'tasks' && (this.tab === 'Facts' || this.tab === 'Log');
  }

  private facts(area: Area): readonly BodyLine[] {
    if (this.about.table !== 'tasks') return this.factsAndTasks(area);
    if (area.columns >= SIDE_BY_SIDE_FROM) return this.sideBySide(area);
    const facts = this.taskText(area.columns, area.nowMs).slice(0, Math.max(1, area.rows - LEAST_BELOW));
    return [...facts, ...this.logPane(area.columns, area.rows - facts.length, true)];
  }

  private factsAndTasks(area: Area): readonly BodyLine[] {
    const list = this.listOf('Facts');
    const text = this.thingFacts(area.columns, area.nowMs);
    if (list === undefined) return this.scrolled(text, area);
    const facts = text.slice(0, Math.max(1, area.rows - LEAST_BELOW));
    return [...facts, '', ...list.body({ ...area, rows: area.rows - facts.length - 1 })];
  }

  private sideBySide(area: Area): readonly BodyLine[] {
    const leftWidth = Math.floor(area.columns * LEFT_PART);
    const rightWidth = area.columns - leftWidth - 2;
    const facts = this.taskFacts(area.nowMs);
    const left: readonly Line[] =
      facts === undefined
        ? []
        : [
            ...taskFactLines(facts, leftWidth - 1),
            '',
            ...taskResourceLines(facts, leftWidth - 1),
            '',
            ...taskStatusLines(facts),
          ];
    const right = this.logPane(rightWidth, area.rows, false);
    return Array.from({ length: area.rows }, (_, index): Line => {
      const rest = right[index] ?? '';
      return [...padLine(left[index] ?? '', leftWidth), '| ', ...(typeof rest === 'string' ? [rest] : rest)];
    });
  }

  /** A title, the log, and a footer at the end. */
  private logPane(columns: number, rows: number, isAlone: boolean): readonly Line[] {
    if (rows < 3) return this.log.draw(columns, rows);
    const title = this.log.title(this.file);
    const keys = '/ find  s other stream  W wrap';
    const head: Line = isAlone
      ? [span(`--- ${title} ${RULE.repeat(Math.max(0, columns - title.length - 5))}`, 'secondary')]
      : spread([span(title, 'secondary')], columns > title.length + keys.length + 2 ? keys : '', columns);
    const footer = this.log.footer();
    return [head, ...this.log.draw(columns, rows - 2), isAlone ? spread('', footer, columns) : footer];
  }

  private taskFacts(nowMs: number): TaskFacts | undefined {
    const row = this.row();
    if (row === undefined || !('task' in row)) return undefined;
    const found = this.detail?.kind === 'found' ? this.detail : undefined;
    return {
      row,
      isGone: this.isGone(),
      detail: found?.match.task_detail,
      usage: found?.usage,
      now: this.world.model.masterTime(nowMs),
      unicode: this.world.theme.unicode,
    };
  }

  private taskText(columns: number, nowMs: number): readonly Line[] {
    const facts = this.taskFacts(nowMs);
    return facts === undefined ? [] : taskFactLines(facts, columns);
  }

  private thingFacts(width: number, nowMs: number): readonly Line[] {
    const row = this.row();
    const context: FactContext = {
      now: this.world.model.masterTime(nowMs),
      unicode: this.world.theme.unicode,
      width,
      isGone: this.isGone(),
    };
    if (row === undefined || 'task' in row) return [];
    if ('agent' in row) return agentFactLines(row, context);
    if ('framework' in row) return frameworkFactLines(row, context);
    return 'role' in row ? roleFactLines(row, context) : offerFactLines(row, context);
  }

  private resourceText(area: Area): readonly Line[] {
    const facts = this.taskFacts(area.nowMs);
    return facts === undefined ? [] : taskResourceLines(facts, area.columns);
  }

  private eventText(area: Area): readonly Line[] {
    const facts = this.taskFacts(area.nowMs);
    const statuses = facts === undefined ? [] : taskStatusLines(facts);
    const events = eventLines(this.world.model.events, this.about.key);
    return [...statuses, ...(statuses.length === 0 ? [] : ['']), ...events];
  }

  private scrolled(lines: readonly Line[], area: Area): readonly Line[] {
    this.overflow = Math.max(0, lines.length - area.rows);
    this.offset = Math.min(this.offset, this.overflow);
    return lines.slice(this.offset, this.offset + area.rows);
  }

  private commonKey(key: KeyName): readonly Effect[] | undefined {
    switch (key) {
      case 'tab':
      case ']':
        return this.turnPage(1);
      case 'shift-tab':
      case '[':
        return this.turnPage(-1);
      case 'l':
        return this.about.table === 'tasks' ? this.toPage('Log') : undefined;
      case 't':
        return this.toPage('Tasks');
      case 'r':
        return this.open().map((wish): Effect => ({ kind: 'wish', wish }));
      case 'x':
        return this.askToEnd();
      default:
        return undefined;
    }
  }

  private turnPage(step: number): readonly Effect[] {
    const tabs = TABS[this.about.table];
    const next = tabs[(tabs.indexOf(this.tab) + step + tabs.length) % tabs.length];
    return this.toPage(next ?? 'Facts') ?? [];
  }

  private toPage(tab: TabName): readonly Effect[] | undefined {
    if (!TABS[this.about.table].includes(tab)) return undefined;
    this.tab = tab;
    this.offset = 0;
    return [];
  }

  private askToEnd(): readonly Effect[] | undefined {
    const row = this.row();
    if (this.listOf(this.tab) !== undefined || row === undefined) return undefined;
    if ('task' in row) return killQuestion([row], this.world);
    return 'framework' in row ? teardownQuestion(row, this.isGone(), this.world) : undefined;
  }

  private logKey(key: KeyName): readonly Effect[] | undefined {
    if (this.log.handleKey(key)) return [];
    switch (key) {
      case '/':
        return [{ kind: 'edit-filter' }];
      case 'escape':
        if (this.log.filter === '') return undefined;
        this.log.setFilter('');
        return [];
      case 's':
        this.file = this.file === 'stdout' ? 'stderr' : 'stdout';
        this.log.clear();
        return [{ kind: 'wish', wish: this.followWish() }];
      case 'o':
        if (this.log.lines.length === 0) return [{ kind: 'say', text: 'There is nothing to save.' }];
        return [{ kind: 'wish', wish: { kind: 'save-log', taskKey: this.about.key, lines: this.log.lines } }];
      default:
        return undefined;
    }
  }

  private scrollKey(key: KeyName, area: Area): readonly Effect[] | undefined {
    const by = SCROLL[key]?.(Math.max(1, area.rows - 1));
    if (by === undefined) return undefined;
    this.offset = Math.max(0, Math.min(this.overflow, this.offset + by));
    return [];
  }

  private followWish(): Wish {
    return { kind: 'follow-log', taskKey: this.about.key, file: this.file };
  }
}

/** How far a key scrolls, by the height of a page. */
const SCROLL: { readonly [key: KeyName]: (page: number) => number } = {
  down: () => 1,
  j: () => 1,
  up: () => -1,
  k: () => -1,
  'page-down': (page) => page,
  'page-up': (page) => -page,
  'ctrl-d': (page) => Math.ceil(page / 2),
  'ctrl-u': (page) => -Math.ceil(page / 2),
  g: () => Number.NEGATIVE_INFINITY,
  home: () => Number.NEGATIVE_INFINITY,
  G: () => Number.POSITIVE_INFINITY,
  end: () => Number.POSITIVE_INFINITY,
};

/** The filter that fits what belongs to a thing, and nothing else. */
function scopeOf(table: TableName, key: string): string {
  switch (table) {
    case 'agents':
      return `agent_id=="${key}"`;
    case 'frameworks':
      return `framework_id=="${key}"`;
    case 'roles':
      return `role=="${key}"`;
    case 'tasks':
    case 'offers':
      return '';
    default:
      return '';
  }
}

function crumbsOf({ table, key }: Subject, row: RowOf[TableName] | undefined): readonly string[] {
  if (row === undefined) return [table, shortId(key)];
  if ('task' in row) return [row.frameworkName, row.task.task_id.value];
  if ('agent' in row) return ['agents', row.agent.hostname ?? shortId(key)];
  if ('framework' in row) return ['frameworks', row.framework.name ?? shortId(key)];
  if ('role' in row) return ['roles', row.role.name];
  return ['offers', shortId(key)];
}
