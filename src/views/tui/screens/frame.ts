/** A whole frame: header, body, status, keys; exactly as many lines as the terminal has, none wider than it. */
import { sanitize, widthOf } from '../../text/width.js';
import { breadcrumbLine, type Identity, identityLine, tabsLine, tinyLine } from './header.js';
import { confirmLines, type Overlay, overlayHints, promptLine } from './overlays.js';
import { type Line, type Palette, paintLine, span, spread } from './paint.js';
import type { Area, BodyLine, KeyHint, Screen, ScreenName } from './screen.js';

/** Below, one line says all. */
const MIN_COLUMNS = 40;
const MIN_ROWS = 10;

export interface Toast {
  readonly text: string;
  readonly isBad: boolean;
  /** Undefined until it is first drawn. */
  readonly untilMs: number | undefined;
}

export interface FrameOptions {
  readonly screen: Screen;
  readonly tab: ScreenName;
  readonly overlay: Overlay | undefined;
  readonly toast: Toast | undefined;
  readonly identity: Identity;
  readonly palette: Palette;
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
}

export function composeFrame(options: FrameOptions): readonly string[] {
  const { columns, rows, palette, identity, nowMs } = options;
  if (columns < MIN_COLUMNS || rows < MIN_ROWS) {
    const lines: readonly Line[] = [tinyLine(identity, nowMs)];
    return exactly(lines, rows).map((line) => paintBody(line, columns, palette));
  }
  const area: Area = { columns, rows: rows - FRAME_LINES, nowMs };
  const lines: readonly BodyLine[] = [
    ...headerLines(options),
    ...exactly(bodyLines(options, area), area.rows),
    statusLine(options, area),
    keysLine(options, area),
  ];
  return exactly(lines, rows).map((line) => paintBody(line, columns, palette));
}

const FRAME_LINES = 4;

function headerLines({ screen, tab, identity, columns, nowMs }: FrameOptions): readonly Line[] {
  const crumbs = screen.crumbs?.();
  if (crumbs === undefined) return [identityLine(identity, columns, nowMs), tabsLine(tab, columns)];
  return [breadcrumbLine(identity, crumbs, columns, nowMs), spread(screen.tabs?.() ?? '', '? help', columns)];
}

function bodyLines({ screen, overlay }: FrameOptions, area: Area): readonly BodyLine[] {
  if (overlay?.kind === 'text') return overlay.panel.lines(area);
  const over = overlay === undefined ? [] : overlayLines(overlay, area);
  if (over.length === 0) return screen.body(area);
  const body = exactly(screen.body(area), area.rows);
  const fitting = over.slice(Math.max(0, over.length - area.rows));
  return [...body.slice(0, area.rows - fitting.length), ...fitting];
}

/** They lie over the end of the body. */
function overlayLines(overlay: Overlay, area: Area): readonly Line[] {
  switch (overlay.kind) {
    case 'confirm':
      return confirmLines(overlay.question, area.columns);
    case 'sort':
      return overlay.menu.lines(area.columns, Math.min(area.rows, overlay.menu.height));
    case 'goto':
      return overlay.prompt.lines(area.columns);
    case 'text':
    case 'filter':
      return [];
    default:
      return overlay satisfies never;
  }
}

function statusLine({ screen, overlay, toast, columns }: FrameOptions, area: Area): Line {
  if (overlay?.kind === 'filter') {
    const { editor, port } = overlay;
    return promptLine('filter: ', editor, port.filterError);
  }
  if (overlay?.kind === 'goto') return promptLine('go to: ', overlay.prompt.editor, overlay.prompt.error);
  if (toast !== undefined)
    return [span(sanitize(toast.isBad ? `! ${toast.text}` : toast.text), toast.isBad ? 'bad' : 'accent')];
  return columns > 0 ? screen.status(area) : '';
}

const LAST_HINTS: readonly KeyHint[] = [
  { key: '?', label: 'help' },
  { key: 'q', label: 'quit' },
];

/** ` / filter  s sort  Enter open  ? help  q quit`; what does not fit goes, the last two stay. */
function keysLine({ screen, overlay, columns }: FrameOptions, area: Area): Line {
  if (overlay !== undefined) return ` ${hintText(overlayHints(overlay))}`;
  const hints = [...screen.hints(area)];
  while (hints.length > 0 && widthOf(hintText([...hints, ...LAST_HINTS])) + 1 > columns) hints.pop();
  return ` ${hintText([...hints, ...LAST_HINTS])}`;
}

function hintText(hints: readonly KeyHint[]): string {
  return hints.map(({ key, label }) => `${key} ${label}`).join('  ');
}

function exactly(lines: readonly BodyLine[], count: number): readonly BodyLine[] {
  const kept = lines.slice(0, count);
  return [...kept, ...Array.from({ length: count - kept.length }, () => '')];
}

function paintBody(line: BodyLine, columns: number, palette: Palette): string {
  if (typeof line === 'object' && 'painted' in line) return line.painted;
  return paintLine(line, columns, palette);
}
