/**
 * `top` without a terminal: which screen is shown, what lies over it, and what each key leads to. Owns navigation only; screens own
 * what they show. Pure but for its own state: time comes with keys and frames, all else leaves as wishes. Source: design/ux,
 * section 3.
 */
import type { TableName } from '../../model/rows.js';
import { sanitize } from '../../text/width.js';
import type { DetailState, Key, LogState, Ui, UiOptions, Wish } from '../ui.js';
import { shellWord } from './commands.js';
import { DetailScreen } from './detail-screen.js';
import { EventsScreen } from './events-screen.js';
import { composeFrame, type Toast } from './frame.js';
import { idLines } from './full-ids.js';
import { type GotoChoice, gotoTarget } from './goto.js';
import { helpLines } from './help-text.js';
import { LineEditor } from './line-editor.js';
import { openList } from './lists.js';
import { GotoPrompt, type Overlay, SortMenu, TextPanel } from './overlays.js';
import { OverviewScreen } from './overview.js';
import { paletteOf } from './paint.js';
import { ProblemsScreen } from './problems.js';
import {
  type Area,
  type Effect,
  type KeyName,
  SCREENS,
  type Screen,
  type ScreenName,
  type ScreenWorld,
  type Subject,
} from './screen.js';

/** Header, tabs, status, keys. */
const FRAME_LINES = 4;
const TOAST_MS = 8000;
/** Deeper ways back than anybody remembers. */
const MOST_OPENED = 50;

export function createUi(options: UiOptions): Ui {
  return new TopUi(options);
}

class TopUi implements Ui {
  private readonly world: ScreenWorld;
  /** Kept with their sorted views: to follow a view costs little, to sort 100,000 rows again at each return would be felt. */
  private readonly screens = new Map<ScreenName, Screen>();
  private readonly opened: Screen[] = [];
  private tab: ScreenName = 'overview';
  private overlay: Overlay | undefined;
  private toast: Toast | undefined;
  private isPaused = false;
  private hasMouse = false;
  private columns: number;
  private rows: number;
  private isChanged = true;
  private drawnVersion = -1;
  private leader = '';

  constructor(private readonly options: UiOptions) {
    this.columns = Math.max(1, options.columns);
    this.rows = Math.max(1, options.rows);
    this.world = {
      model: options.model,
      theme: options.theme,
      palette: paletteOf(options.theme),
      whyNotChange: () => this.whyNotChange(),
    };
  }

  get isDirty(): boolean {
    return this.isChanged || this.drawnVersion !== this.options.model.version;
  }

  resize(columns: number, rows: number): void {
    this.columns = Math.max(1, columns);
    this.rows = Math.max(1, rows);
    this.isChanged = true;
  }

  frame(nowUnixMs: number): readonly string[] {
    const { model } = this.options;
    if (model.connection.kind === 'live') this.leader = model.cluster.leader;
    this.ageToast(nowUnixMs);
    const lines = composeFrame({
      screen: this.screen,
      tab: this.tab,
      overlay: this.overlay,
      toast: this.toast,
      identity: { model, masters: this.options.masters, earlierLeader: this.leader, isPaused: this.isPaused },
      palette: this.world.palette,
      columns: this.columns,
      rows: this.rows,
      nowMs: nowUnixMs,
    });
    this.drawnVersion = model.version;
    this.isChanged = false;
    return lines;
  }

  handleKey(key: Key, nowUnixMs: number): readonly Wish[] {
    this.isChanged = true;
    if (key.kind === 'ctrl' && key.letter === 'c') return [{ kind: 'quit' }];
    if (key.kind === 'ctrl' && key.letter === 'z') return [{ kind: 'suspend' }];
    this.toast = undefined;
    if (this.overlay !== undefined) return this.overlayKey(this.overlay, key, nowUnixMs);
    if (key.kind === 'text' && key.pasted)
      return this.carryOut({ kind: 'say', text: 'A paste is text: press / or : first, then paste.' }, nowUnixMs);
    return namesOf(key).flatMap((name) => this.screenKey(name, nowUnixMs));
  }

  onLog(state: LogState): void {
    this.isChanged = true;
    for (const screen of this.opened) if (screen instanceof DetailScreen) screen.onLog(state);
  }

  onActionDone(outcome: { readonly ok: boolean; readonly text: string }): void {
    this.say(outcome.text, !outcome.ok);
  }

  onDetail(table: TableName, key: string, detail: DetailState): void {
    this.isChanged = true;
    for (const screen of this.opened)
      if (screen instanceof DetailScreen && isSame(screen.about, { table, key })) screen.onDetail(detail);
  }

  onWhy(table: TableName, key: string, lines: readonly string[]): void {
    this.isChanged = true;
    const panel = this.overlay?.kind === 'text' ? this.overlay.panel : undefined;
    if (panel?.subject !== undefined && isSame(panel.subject, { table, key })) panel.answer(lines);
  }

  private get screen(): Screen {
    const top = this.opened.at(-1);
    if (top !== undefined) return top;
    let screen = this.screens.get(this.tab);
    if (screen === undefined) {
      screen = this.makeScreen(this.tab);
      this.screens.set(this.tab, screen);
    }
    return screen;
  }

  private makeScreen(name: ScreenName): Screen {
    const screen = this.newScreen(name);
    if (this.isPaused) screen.pause(true);
    return screen;
  }

  private newScreen(name: ScreenName): Screen {
    if (name === 'overview') return new OverviewScreen(this.world);
    return name === 'events' ? new EventsScreen(this.world) : openList(this.world, name);
  }

  private area(nowMs: number): Area {
    return { columns: this.columns, rows: Math.max(1, this.rows - FRAME_LINES), nowMs };
  }

  /** Why nothing may be changed now; undefined: it may. */
  private whyNotChange(): string | undefined {
    if (this.options.readonlyReason !== undefined) return this.options.readonlyReason;
    const { connection } = this.options.model;
    if (connection.kind === 'live') return undefined;
    if (connection.kind === 'stale') return 'Not while stale: what it would hit is not known. r connects now.';
    return 'Not before the picture is complete.';
  }

  private screenKey(name: KeyName, nowMs: number): readonly Wish[] {
    if (this.overlay !== undefined) return this.overlayName(this.overlay, name, nowMs);
    if (name === 'q') return [{ kind: 'quit' }];
    const effects = this.screen.handleKey(name, this.area(nowMs)) ?? this.commonKey(name);
    return effects.flatMap((effect) => this.carryOut(effect, nowMs));
  }

  /** Keys that mean the same everywhere, where the screen has no other use for them. */
  private commonKey(name: KeyName): readonly Effect[] {
    const screen = SCREENS[Number(name) - 1];
    if (/^[1-7]$/.test(name) && screen !== undefined) return [{ kind: 'go', screen: screen.name }];
    const subject = this.screen.subject();
    switch (name) {
      case 'tab':
        return [{ kind: 'go', screen: this.neighbour(1) }];
      case 'shift-tab':
        return [{ kind: 'go', screen: this.neighbour(-1) }];
      case 'escape':
      case 'backspace':
      case 'h':
        return [{ kind: 'back' }];
      case 'w':
        return subject === undefined
          ? [{ kind: 'say', text: 'Choose what it is about first.' }]
          : [{ kind: 'why', subject }];
      case 'i':
        return subject === undefined
          ? [{ kind: 'say', text: 'Choose what it is about first.' }]
          : [{ kind: 'ids', subject }];
      case 'y':
        return this.copyCommand();
      case 'p':
        this.setPaused(!this.isPaused);
        return [];
      case 'r':
        return this.refresh();
      case 'm':
        return this.toggleMouse();
      case '?':
        this.overlay = { kind: 'text', panel: new TextPanel('Help', helpLines(this.screen)) };
        return [];
      case ':':
        this.overlay = { kind: 'goto', prompt: new GotoPrompt(this.world) };
        return [];
      case 'x':
        return [{ kind: 'say', text: 'Nothing here can be killed: choose a task or a framework.' }];
      default:
        return [];
    }
  }

  private neighbour(step: number): ScreenName {
    const index = SCREENS.findIndex(({ name }) => name === this.tab);
    return SCREENS[(index + step + SCREENS.length) % SCREENS.length]?.name ?? 'overview';
  }

  private copyCommand(): readonly Effect[] {
    const { masterFlag } = this.options;
    const text = `${this.screen.command()}${masterFlag === undefined ? '' : ` --master ${shellWord(masterFlag)}`}`;
    return [
      { kind: 'wish', wish: { kind: 'copy', text } },
      { kind: 'say', text: `Copied: ${text}` },
    ];
  }

  private setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
    for (const screen of [...this.screens.values(), ...this.opened]) screen.pause(isPaused);
  }

  private refresh(): readonly Effect[] {
    const { kind } = this.options.model.connection;
    if (kind === 'live') return [{ kind: 'say', text: 'The picture is live: there is nothing to refresh.' }];
    return [
      { kind: 'wish', wish: { kind: 'reconnect' } },
      { kind: 'say', text: 'Connecting again.' },
    ];
  }

  private toggleMouse(): readonly Effect[] {
    this.hasMouse = !this.hasMouse;
    const text = this.hasMouse
      ? 'Mouse reports on; m turns them off.'
      : 'Mouse reports off: the terminal selects text.';
    return [
      { kind: 'wish', wish: { kind: 'mouse', on: this.hasMouse } },
      { kind: 'say', text },
    ];
  }

  private carryOut(effect: Effect, nowMs: number): readonly Wish[] {
    switch (effect.kind) {
      case 'wish':
        return [effect.wish];
      case 'say':
        this.toast = { text: effect.text, isBad: effect.isBad === true, untilMs: nowMs + TOAST_MS };
        return [];
      case 'open':
        return this.open(effect.subject, effect.tab);
      case 'open-problems':
        this.push(new ProblemsScreen(this.world));
        return [];
      case 'go':
        return this.go(effect.screen);
      case 'back':
        return this.back();
      case 'why':
        this.overlay = {
          kind: 'text',
          panel: new TextPanel(`Why: ${this.nameOf(effect.subject)}`, undefined, effect.subject),
        };
        return [{ kind: 'fetch-why', ...effect.subject }];
      case 'ids':
        this.overlay = { kind: 'text', panel: new TextPanel('Ids in full', idLines(this.world.model, effect.subject)) };
        return [];
      case 'confirm':
        this.overlay = { kind: 'confirm', question: effect.question };
        return [];
      case 'sort':
        return this.openSort();
      case 'edit-filter':
        return this.openFilter();
      default:
        return effect satisfies never;
    }
  }

  private openSort(): readonly Wish[] {
    const port = this.screen.sortPort?.();
    if (port !== undefined) this.overlay = { kind: 'sort', menu: new SortMenu(port) };
    return [];
  }

  private openFilter(): readonly Wish[] {
    const port = this.screen.filterPort?.();
    if (port !== undefined) this.overlay = { kind: 'filter', editor: new LineEditor(port.filter), port };
    return [];
  }

  private open(subject: Subject, tab: string | undefined): readonly Wish[] {
    const before = this.leaveDetail();
    const screen = new DetailScreen(this.world, { subject, tab });
    if (!this.push(screen)) return before;
    return [...before, ...screen.open()];
  }

  private push(screen: Screen): boolean {
    if (this.opened.length >= MOST_OPENED) return false;
    if (this.isPaused) screen.pause(true);
    this.opened.push(screen);
    return true;
  }

  /** A detail below another one follows no log; its lists are opened again when it is shown again. */
  private leaveDetail(): readonly Wish[] {
    const top = this.opened.at(-1);
    return top === undefined ? [] : top.close();
  }

  private back(): readonly Wish[] {
    const left = this.opened.pop();
    if (left === undefined) return [];
    const wishes = left.close();
    const below = this.opened.at(-1);
    return below instanceof DetailScreen ? [...wishes, ...below.open()] : wishes;
  }

  private go(name: ScreenName): readonly Wish[] {
    const wishes = this.leaveDetail();
    this.opened.length = 0;
    this.tab = name;
    return wishes;
  }

  private nameOf({ table, key }: Subject): string {
    const ids = idLines(this.world.model, { table, key })[table === 'agents' || table === 'frameworks' ? 1 : 0] ?? key;
    return sanitize(ids.replace(/^\S+\s+/, ''));
  }

  private overlayKey(overlay: Overlay, key: Key, nowMs: number): readonly Wish[] {
    if (overlay.kind === 'filter') return this.filterKey(overlay, key, nowMs);
    if (overlay.kind === 'goto') return this.gotoKey(overlay.prompt, key, nowMs);
    if (key.kind === 'text' && key.pasted) return [];
    // Only a key of its own answers a question: a run of characters may be a paste that was not told as one.
    if (overlay.kind === 'confirm' && key.kind === 'text' && key.text.length > 1) return [];
    return namesOf(key).flatMap((name) => this.screenKey(name, nowMs));
  }

  private overlayName(overlay: Overlay, name: KeyName, nowMs: number): readonly Wish[] {
    if (name === 'q') return [{ kind: 'quit' }];
    switch (overlay.kind) {
      case 'confirm':
        return this.answer(overlay.question.wishes, name, nowMs);
      case 'sort':
        return this.sortKey(overlay.menu, name);
      case 'text':
        if (LEAVE.has(name)) this.overlay = undefined;
        else overlay.panel.scroll(name, this.area(nowMs).rows);
        return [];
      case 'filter':
      case 'goto':
        return [];
      default:
        return overlay satisfies never;
    }
  }

  private answer(wishes: readonly Wish[], name: KeyName, nowMs: number): readonly Wish[] {
    if (name === 'y' || name === 'Y') {
      this.overlay = undefined;
      const why = this.whyNotChange();
      if (why === undefined) return wishes;
      return this.carryOut({ kind: 'say', text: why, isBad: true }, nowMs);
    }
    if (!NO.has(name)) return [];
    this.overlay = undefined;
    return this.carryOut({ kind: 'say', text: 'Nothing was done.' }, nowMs);
  }

  private sortKey(menu: SortMenu, name: KeyName): readonly Wish[] {
    switch (name) {
      case 'down':
      case 'j':
        menu.move(1);
        return [];
      case 'up':
      case 'k':
        menu.move(-1);
        return [];
      case 'enter':
        menu.choose();
        this.overlay = undefined;
        return [];
      default:
        if (LEAVE.has(name) || name === 's') this.overlay = undefined;
        return [];
    }
  }

  private filterKey(overlay: Overlay & { readonly kind: 'filter' }, key: Key, nowMs: number): readonly Wish[] {
    const { editor, port } = overlay;
    if (key.kind === 'named' && key.name === 'enter') {
      this.overlay = undefined;
      return [];
    }
    if (key.kind === 'named' && key.name === 'escape') {
      this.overlay = undefined;
      port.setFilter('');
      return [];
    }
    if (key.kind === 'named' && MOVES_THROUGH.has(key.name)) {
      this.screen.handleKey(key.name, this.area(nowMs));
      return [];
    }
    const before = editor.text;
    if (editor.handleKey(key) && editor.text !== before) port.setFilter(editor.text);
    return [];
  }

  private gotoKey(prompt: GotoPrompt, key: Key, nowMs: number): readonly Wish[] {
    if (key.kind === 'named') {
      switch (key.name) {
        case 'escape':
          this.overlay = undefined;
          return [];
        case 'tab':
        case 'down':
          prompt.complete(1);
          return [];
        case 'shift-tab':
        case 'up':
          prompt.complete(-1);
          return [];
        case 'enter':
          return this.gotoEnter(prompt, nowMs);
        default:
          break;
      }
    }
    const before = prompt.editor.text;
    if (prompt.editor.handleKey(key) && prompt.editor.text !== before) prompt.edited();
    return [];
  }

  private gotoEnter(prompt: GotoPrompt, nowMs: number): readonly Wish[] {
    const target = prompt.choice ?? gotoTarget(this.world.model, prompt.editor.text);
    if (typeof target === 'string') {
      prompt.error = target;
      return [];
    }
    this.overlay = undefined;
    return this.follow(target, nowMs);
  }

  private follow({ target }: GotoChoice, nowMs: number): readonly Wish[] {
    if (target.kind === 'screen') return this.carryOut({ kind: 'go', screen: target.screen }, nowMs);
    return this.carryOut({ kind: 'open', subject: target.subject }, nowMs);
  }

  private say(text: string, isBad: boolean): void {
    this.isChanged = true;
    this.toast = { text, isBad, untilMs: undefined };
  }

  private ageToast(nowMs: number): void {
    const { toast } = this;
    if (toast === undefined) return;
    if (toast.untilMs === undefined) this.toast = { ...toast, untilMs: nowMs + TOAST_MS };
    else if (nowMs >= toast.untilMs) this.toast = undefined;
  }
}

const LEAVE: ReadonlySet<KeyName> = new Set(['escape', 'backspace', 'h', 'enter', '?']);
const NO: ReadonlySet<KeyName> = new Set(['n', 'N', 'enter', 'escape', 'backspace']);
/** Keys that move the list while its filter is typed. */
const MOVES_THROUGH: ReadonlySet<KeyName> = new Set(['up', 'down', 'page-up', 'page-down']);

/** A key as screens know it; several characters in one go are as many keys. */
function namesOf(key: Key): readonly KeyName[] {
  switch (key.kind) {
    case 'named':
      return [key.name];
    case 'ctrl':
      return [`ctrl-${key.letter}`];
    case 'text':
      return Array.from(key.text, (character) => (character === ' ' ? 'space' : character));
    default:
      return key satisfies never;
  }
}

function isSame(a: Subject, b: Subject): boolean {
  return a.table === b.table && a.key === b.key;
}
