/**
 * Text in terminal cells: how wide it is, and cutting and padding it to a width. Foreign text (task names, logs, hostnames)
 * goes through `sanitize` first: control and bidirectional characters could repaint or reorder the screen.
 */
import stringWidth from 'string-width';

const ELLIPSIS = '…';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const HARMFUL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const PLAIN_ASCII = /^[\x20-\x7e]*$/;

/** Cells that `text` takes; it holds no control characters. */
export function widthOf(text: string): number {
  return PLAIN_ASCII.test(text) ? text.length : stringWidth(text);
}

/** Each harmful character becomes `?`, a tab or line end a space. */
export function sanitize(text: string): string {
  if (PLAIN_ASCII.test(text)) return text;
  return text.replace(HARMFUL, (found) => (found === '\t' || found === '\n' || found === '\r' ? ' ' : '?'));
}

/** At most `width` cells, an ellipsis in the place of what was cut from the middle. */
export function cutMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 1) return width === 1 ? ELLIPSIS : '';
  const tail = Math.floor((width - 1) / 2);
  return `${takeCells(text, width - 1 - tail)}${ELLIPSIS}${takeLastCells(text, tail)}`;
}

/** At most `width` cells, an ellipsis in the place of what was cut from the end. */
export function cutEnd(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 1) return width === 1 ? ELLIPSIS : '';
  return `${takeCells(text, width - 1)}${ELLIPSIS}`;
}

export function padEndTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStartTo(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

function takeCells(text: string, width: number): string {
  if (PLAIN_ASCII.test(text)) return text.slice(0, width);
  let taken = '';
  let cells = 0;
  for (const { segment } of graphemes.segment(text)) {
    cells += widthOf(segment);
    if (cells > width) break;
    taken += segment;
  }
  return taken;
}

function takeLastCells(text: string, width: number): string {
  if (PLAIN_ASCII.test(text)) return width === 0 ? '' : text.slice(-width);
  const segments = Array.from(graphemes.segment(text), ({ segment }) => segment);
  let taken = '';
  let cells = 0;
  for (const segment of segments.reverse()) {
    cells += widthOf(segment);
    if (cells > width) break;
    taken = segment + taken;
  }
  return taken;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
