/**
 * Lines as screens make them, and how they become what a terminal shows: pieces of text with a role, not a colour. Everything
 * passes `paintLine`, so here, and only here, two things are certain: no line is wider than the screen, and no foreign control
 * character reaches it. Colours: design/ux, section 3, "Colour".
 */
import type { Severity } from '../../model/rows.js';
import { cutEnd, sanitize, widthOf } from '../../text/width.js';
import type { Theme } from '../ui.js';

export type Style = 'plain' | 'accent' | 'waiting' | 'bad' | 'unknown' | 'secondary' | 'reverse';

export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A string alone is plain text. */
export type Line = string | readonly (Span | string)[];

export interface Palette {
  /** The text between what turns its style on and off. */
  paint(text: string, style: Style): string;
}

const ESC = '\u001b[';
const RESET = `${ESC}0m`;

type Codes = { readonly [S in Style]: string };

const NO_COLORS: Codes = { plain: '', accent: '', waiting: '', bad: '', unknown: '', secondary: '', reverse: '7' };

const CODES: { readonly [C in Theme['colors']]: Codes } = {
  none: NO_COLORS,
  '16': { ...NO_COLORS, accent: '36', waiting: '1;33', bad: '1;31', unknown: '35' },
  dark: {
    plain: '38;2;230;237;243',
    accent: '38;2;101;144;245',
    waiting: '1;38;2;247;174;50',
    bad: '1;38;2;227;96;110',
    unknown: '38;2;223;185;242',
    secondary: '38;2;129;140;153',
    reverse: '7',
  },
  light: {
    plain: '38;2;27;31;36',
    accent: '38;2;16;66;104',
    waiting: '1;38;2;90;61;0',
    bad: '1;38;2;210;22;75',
    unknown: '38;2;135;18;232',
    secondary: '38;2;99;114;130',
    reverse: '7',
  },
};

export function paletteOf(theme: Theme): Palette {
  const codes = CODES[theme.colors];
  return {
    paint: (text, style) => (text === '' || codes[style] === '' ? text : `${ESC}${codes[style]}m${text}${RESET}`),
  };
}

export function styleOf(severity: Severity): Style {
  return severity === 'normal' ? 'plain' : severity;
}

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style };
}

/** At most `columns` cells; what is too much is cut from the end, with a mark. */
export function paintLine(line: Line, columns: number, palette: Palette): string {
  if (typeof line === 'string') return palette.paint(cutEnd(sanitize(line), columns), 'plain');
  let left = columns;
  let painted = '';
  for (const piece of line) {
    const { text, style } = typeof piece === 'string' ? span(piece) : piece;
    const clean = sanitize(text);
    const width = widthOf(clean);
    if (width <= left) {
      painted += palette.paint(clean, style);
      left -= width;
    } else {
      painted += palette.paint(cutEnd(clean, left), style);
      break;
    }
  }
  return painted;
}

/** The whole line in reverse video, as wide as the screen. */
export function paintReverse(text: string, columns: number, palette: Palette): string {
  const cut = cutEnd(sanitize(text), columns);
  return palette.paint(cut + ' '.repeat(Math.max(0, columns - widthOf(cut))), 'reverse');
}

export function widthOfLine(line: Line): number {
  if (typeof line === 'string') return widthOf(sanitize(line));
  return line.reduce((sum, piece) => sum + widthOf(sanitize(typeof piece === 'string' ? piece : piece.text)), 0);
}

/** `left` and `right` at the two ends of a line; `right` stays whole as long as it can. */
export function spread(left: Line, right: Line, columns: number): Line {
  const rightWidth = widthOfLine(right);
  const room = Math.max(0, columns - rightWidth - 1);
  const cut = cutLine(left, room);
  const gap = Math.max(1, columns - widthOfLine(cut) - rightWidth);
  return [...piecesOf(cut), ' '.repeat(gap), ...piecesOf(right)];
}

/** At most `width` cells of a line. */
export function cutLine(line: Line, width: number): Line {
  let left = width;
  const kept: Span[] = [];
  for (const piece of piecesOf(line)) {
    if (left <= 0) break;
    const text = cutEnd(sanitize(piece.text), left);
    kept.push(span(text, piece.style));
    left -= widthOf(text);
  }
  return kept;
}

/** The line with blanks up to `width` cells, or cut to it. */
export function padLine(line: Line, width: number): readonly Span[] {
  const cut = piecesOf(cutLine(line, width));
  return [...cut, span(' '.repeat(Math.max(0, width - widthOfLine(cut))))];
}

function piecesOf(line: Line): readonly Span[] {
  if (typeof line === 'string') return [span(line)];
  return line.map((piece) => (typeof piece === 'string' ? span(piece) : piece));
}
