/**
 * The first screen: is it healthy, if not what and why, what next. Problems, the four resources by what holds them, counts,
 * rates, the largest roles and frameworks, newest events where there is room. Up and down go through what can be opened.
 */

import type { SortedView } from '../../model/cluster-model.js';
import type { FrameworkRow, RoleRow } from '../../model/rows.js';
import { sparkline } from '../../text/bars.js';
import { glyphOf } from '../../text/glyphs.js';
import { formatCount, formatPercent, formatRate, formatScalar, formatShare } from '../../text/numbers.js';
import { formatAge, formatAgeOf, formatClock } from '../../text/times.js';
import { cutMiddle, padEndTo, padStartTo, sanitize } from '../../text/width.js';
import { showCommand } from './commands.js';
import { cutLine, type Line, padLine, type Span, span, styleOf } from './paint.js';
import { problemLine } from './problems.js';
import { resourceFacts, resourceTable } from './resources.js';
import type { Area, BodyLine, Effect, KeyHint, KeyName, Screen, ScreenWorld, Subject } from './screen.js';
import { allAgentStates, fitStates, taskStates } from './table-specs.js';

const LISTED_FROM_COLUMNS = 60;
const WIDE_FROM = 100;
/** With less, only lines that tell of all. */
const TABLES_FROM_ROWS = 16;
const SPARK_CELLS = 8;
/** In points of the history. */
const FIVE_MINUTES = 60;
/** Lines of header, status and keys that are not the body's. */
const FRAME_LINES = 4;
const LEFT_WIDTH = 46;
const EVENT_LINES_FROM = 4;
const MOST_ROLES = 200;

type Focus = Subject | 'problems';

export class OverviewScreen implements Screen {
  private roles: SortedView<RoleRow> | undefined;
  private frameworks: SortedView<FrameworkRow> | undefined;
  private focus: Focus = 'problems';
  /** What can be focused, as it was drawn: problems, then roles, then frameworks. */
  private roleRows: readonly RoleRow[] = [];
  private frameworkRows: readonly FrameworkRow[] = [];
  private paused: { readonly lines: readonly BodyLine[]; readonly columns: number; readonly rows: number } | undefined;
  private isPaused = false;

  constructor(private readonly world: ScreenWorld) {}

  body(area: Area): readonly BodyLine[] {
    const { paused } = this;
    if (paused !== undefined && paused.columns === area.columns && paused.rows === area.rows) return paused.lines;
    const lines = this.lines(area);
    if (this.isPaused) this.paused = { lines, columns: area.columns, rows: area.rows };
    return lines;
  }

  status(): Line {
    return '';
  }

  hints(): readonly KeyHint[] {
    return [
      { key: 'Enter', label: 'open' },
      { key: 'w', label: 'why' },
      { key: ':', label: 'go to' },
      { key: 'p', label: 'pause' },
      { key: 'y', label: 'copy command' },
    ];
  }

  handleKey(key: KeyName): readonly Effect[] | undefined {
    switch (key) {
      case 'down':
      case 'j':
        return this.moveFocus(1);
      case 'up':
      case 'k':
        return this.moveFocus(-1);
      case 'home':
      case 'g':
        this.focus = 'problems';
        return [];
      case 'end':
      case 'G':
        return this.moveFocus(Number.POSITIVE_INFINITY);
      case 'left':
      case 'right':
        return this.crossOver();
      case 'enter':
        return this.enter();
      default:
        return undefined;
    }
  }

  subject(): Subject | undefined {
    if (this.focus !== 'problems') return this.focus;
    const first = this.world.model.problems(1).first[0];
    return first === undefined ? undefined : { table: first.table, key: first.key };
  }

  command(): string {
    if (this.focus === 'problems') return 'mesoctl master show';
    return showCommand(this.focus.table, this.focus.key);
  }

  help(): readonly KeyHint[] {
    return [
      { key: 'Up Down', label: 'choose: problems, roles, frameworks' },
      { key: 'Left Right', label: 'between roles and frameworks' },
      { key: 'Enter', label: 'open what is chosen; several problems: their list' },
    ];
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.paused = undefined;
  }

  close(): readonly [] {
    this.roles?.close();
    this.frameworks?.close();
    this.roles = undefined;
    this.frameworks = undefined;
    return [];
  }

  private lines(area: Area): readonly BodyLine[] {
    const { connection, cluster } = this.world.model;
    if (cluster.info === undefined && connection.kind !== 'syncing') return ['', '  Nothing is known yet.'];
    return area.columns < LISTED_FROM_COLUMNS ? this.listed(area) : this.drawn(area);
  }

  private drawn(area: Area): readonly BodyLine[] {
    const { world } = this;
    const hasTables = area.rows + FRAME_LINES >= TABLES_FROM_ROWS;
    const blank: readonly Line[] = hasTables ? [''] : [];
    const top: readonly Line[] = [
      problemLine(world.model, this.focus === 'problems', area.columns, area.nowMs),
      ...blank,
      ...resourceTable(world.model, world.theme, area.columns),
      ...blank,
      ...this.counts(area),
    ];
    if (!hasTables) return top.slice(0, area.rows);
    const room = area.rows - top.length - 1;
    return [...top, ...(room < 2 ? [] : ['', ...this.tables(room, area)])].slice(0, area.rows);
  }

  private counts(area: Area): readonly Line[] {
    const { totals, history } = this.world.model;
    const { last5Minutes: last, now } = history;
    const launches = sparkline(history.launchesPerSecond.slice(-FIVE_MINUTES), {
      cells: SPARK_CELLS,
      unicode: this.world.theme.unicode,
    });
    const failed = last.failed > 0 ? span(`failed ${formatCount(last.failed)}`, 'bad') : span('failed 0');
    const lost = last.lost > 0 ? span(`lost ${formatCount(last.lost)}`, 'bad') : span('lost 0');
    return [
      counted(countLabel('AGENTS', totals.agentCount), allAgentStates(totals), area.columns),
      counted(
        countLabel('TASKS', totals.taskCount),
        taskStates(totals, ['TASK_RUNNING', 'TASK_STAGING', 'TASK_KILLING']),
        area.columns,
      ),
      [
        `${padEndTo(`LAST ${formatAge(last.seconds)}`, 16)}finished ${formatCount(last.finished)}  `,
        failed,
        '  ',
        lost,
        `   launches/s ${formatRate(now.launchesPerSecond)}  `,
        span(launches, 'accent'),
      ],
      [countLabel('OFFERS', totals.offerCount), ...this.offerFacts(area)],
    ];
  }

  private offerFacts(area: Area): readonly Span[] {
    const { totals, history } = this.world.model;
    const { accepted, declined } = history.last5Minutes;
    const { oldestOffer } = totals;
    const masterNow = this.world.model.masterTime(area.nowMs);
    const oldest =
      oldestOffer === undefined
        ? []
        : [span(`  oldest ${formatAgeOf(oldestOffer.madeAt, masterNow)} (${sanitize(oldestOffer.frameworkName)})`)];
    const answered = accepted + declined;
    const answers =
      answered === 0
        ? []
        : [span(`  accepted ${formatPercent(accepted, answered)}  declined ${formatPercent(declined, answered)}`)];
    return [...oldest, span(`  sent/s ${formatRate(history.now.offersPerSecond)}`), ...answers];
  }

  /** Roles and frameworks side by side, then events; `room` lines with the heading. */
  private tables(room: number, area: Area): readonly BodyLine[] {
    const withEvents = room - 1 - Math.floor(room / 2) >= EVENT_LINES_FROM + 2;
    const most = withEvents ? Math.floor(room / 2) : room - 1;
    this.roleRows = this.topRoles(most);
    this.frameworkRows = this.openedFrameworks().window(0, most);
    const lines: BodyLine[] = [this.tableHeading(area.columns)];
    const count = Math.max(this.roleRows.length, this.frameworkRows.length);
    for (let index = 0; index < count; index++) lines.push(this.tableRow(index, area));
    const left = room - lines.length;
    if (left >= EVENT_LINES_FROM + 2) lines.push('', ...this.eventLines(left - 1, area.columns));
    return lines;
  }

  private topRoles(most: number): readonly RoleRow[] {
    this.roles ??= this.world.model.tables.roles.open({ order: { column: 'share', descending: true } });
    return this.roles
      .window(0, MOST_ROLES)
      .filter(({ depth }) => depth === 0)
      .slice(0, most);
  }

  private openedFrameworks(): SortedView<FrameworkRow> {
    this.frameworks ??= this.world.model.tables.frameworks.open({ order: { column: 'share', descending: true } });
    return this.frameworks;
  }

  private tableHeading(columns: number): Line {
    const left = padEndTo('  ROLE        SHARE    CPU  NOTE', LEFT_WIDTH);
    const right = '  FRAMEWORK    TASKS  SHARE  HOLDS';
    return `${left}${right}${columns >= WIDE_FROM ? '  OLDEST  FAILED' : ''}`;
  }

  private tableRow(index: number, area: Area): Line {
    const role = this.roleRows[index];
    const framework = this.frameworkRows[index];
    const left = role === undefined ? '' : this.roleCells(role);
    const right = framework === undefined ? '' : this.frameworkCells(framework, area);
    return [...padLine(left, LEFT_WIDTH), ...(typeof right === 'string' ? [right] : right)];
  }

  private roleCells(row: RoleRow): Line {
    const { role, severity, note } = row;
    const isFocused = this.isFocused('roles', row.key);
    const cells = [
      padEndTo(cutMiddle(sanitize(role.name), 10), 10),
      padStartTo(formatShare(role.dominant_share ?? 0), 5),
      padStartTo(formatScalar(role.allocated?.cpus ?? 0), 5),
    ];
    const gutter = ` ${isFocused ? '>' : ' '}`;
    const mark = severity === 'normal' ? '' : `${glyphOf(severity)} ${sanitize(note)}`;
    const pieces: readonly Span[] = [span(`${gutter}${cells.join('  ')}  `), span(mark, styleOf(severity))];
    return isFocused ? reversed(padLine(cutLine(pieces, LEFT_WIDTH - 2), LEFT_WIDTH - 2)) : pieces;
  }

  private frameworkCells(row: FrameworkRow, area: Area): Line {
    const { framework, usage, severity } = row;
    const isFocused = this.isFocused('frameworks', row.key);
    const now = this.world.model.masterTime(area.nowMs);
    const cells = [
      padEndTo(cutMiddle(sanitize(framework.name ?? ''), 10), 10),
      padStartTo(formatCount(usage.tasks ?? 0), 6),
      padStartTo(formatShare(usage.dominant_share ?? 0), 5),
      padStartTo(formatCount(usage.offers ?? 0), 5),
      ...(area.columns >= WIDE_FROM
        ? [
            padStartTo(formatAgeOf(row.oldestOfferAt, now), 6),
            padStartTo(formatCount(Number(usage.tasks_failed ?? 0)), 6),
          ]
        : []),
    ];
    const gutter = `${glyphOf(severity)}${isFocused ? '>' : ' '}`;
    const pieces: readonly Span[] = [span(gutter, styleOf(severity)), span(cells.join('  '))];
    return isFocused ? reversed(pieces) : pieces;
  }

  private eventLines(room: number, columns: number): readonly Line[] {
    const events = this.world.model.events.slice(0, room - 1);
    if (events.length === 0) return [];
    return [
      '  EVENTS (newest first)',
      ...events.map(
        ({ time, severity, text }): Line =>
          cutLine(
            [`  ${formatClock(time)} `, span(`${glyphOf(severity)} ${sanitize(text)}`, styleOf(severity))],
            columns,
          ),
      ),
    ];
  }

  /** A narrow terminal: one fact a line. */
  private listed(area: Area): readonly Line[] {
    const { model } = this.world;
    const { totals, history } = model;
    const last = history.last5Minutes;
    this.roleRows = [];
    this.frameworkRows = [];
    return [
      problemLine(model, this.focus === 'problems', area.columns, area.nowMs),
      ...resourceFacts(totals),
      counted(`agents: ${formatCount(totals.agentCount)}`, allAgentStates(totals), area.columns),
      counted(`tasks: ${formatCount(totals.taskCount)}`, taskStates(totals, ['TASK_RUNNING']), area.columns),
      ['offers: ', formatCount(totals.offerCount), ...this.offerFacts(area)],
      `last ${formatAge(last.seconds)}: finished ${formatCount(last.finished)}, failed ${formatCount(last.failed)}`,
      `launches/s: ${formatRate(history.now.launchesPerSecond)}`,
    ].slice(0, area.rows);
  }

  private isFocused(table: Subject['table'], key: string): boolean {
    return this.focus !== 'problems' && this.focus.table === table && this.focus.key === key;
  }

  private focusable(): readonly Focus[] {
    return [
      'problems',
      ...this.roleRows.map(({ key }): Subject => ({ table: 'roles', key })),
      ...this.frameworkRows.map(({ key }): Subject => ({ table: 'frameworks', key })),
    ];
  }

  private moveFocus(delta: number): readonly Effect[] {
    const all = this.focusable();
    const at = all.findIndex((one) => isSame(one, this.focus));
    const next = Math.max(0, Math.min(all.length - 1, Math.max(0, at) + delta));
    this.focus = all[next] ?? 'problems';
    return [];
  }

  private crossOver(): readonly Effect[] {
    const { focus } = this;
    if (focus === 'problems') return [];
    const rows = focus.table === 'roles' ? this.roleRows : this.frameworkRows;
    const others = focus.table === 'roles' ? this.frameworkRows : this.roleRows;
    const index = Math.max(
      0,
      rows.findIndex(({ key }) => key === focus.key),
    );
    const target = others[Math.min(index, others.length - 1)];
    if (target !== undefined) this.focus = { table: focus.table === 'roles' ? 'frameworks' : 'roles', key: target.key };
    return [];
  }

  private enter(): readonly Effect[] {
    if (this.focus !== 'problems') return [{ kind: 'open', subject: this.focus }];
    const { total, first } = this.world.model.problems(1);
    const only = first[0];
    if (only === undefined) return [{ kind: 'say', text: 'No problems.' }];
    if (total > 1) return [{ kind: 'open-problems' }];
    return [{ kind: 'open', subject: { table: only.table, key: only.key } }];
  }
}

function isSame(a: Focus, b: Focus): boolean {
  if (a === 'problems' || b === 'problems') return a === b;
  return a.table === b.table && a.key === b.key;
}

function reversed(line: readonly Span[]): Line {
  return [span(line.map(({ text }) => text).join(''), 'reverse')];
}

function counted(label: string, states: readonly Span[], columns: number): Line {
  return [label, ...fitStates(states, columns - label.length)];
}

function countLabel(label: string, count: number): string {
  return `${padEndTo(label, 6)}${padStartTo(formatCount(count), 8)}`;
}
