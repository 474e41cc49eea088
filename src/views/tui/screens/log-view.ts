/**
 * The end of a growing file, as somebody reads it (design/ux, section 3, "Log view rules"): follows until the reader scrolls up,
 * then stands still and counts what came; new lines never move the picture, wrapping and cutting are done for visible lines
 * only. Places are line numbers of the file, so they survive what the ring forgets.
 */
import { formatCount } from '../../text/numbers.js';
import { cutEnd, sanitize, widthOf } from '../../text/width.js';
import type { LogState } from '../ui.js';
import { type Line, type Span, span } from './paint.js';
import type { KeyName } from './screen.js';

/** Longer lines are cut, with a mark: nobody reads them here, and wrapping them costs. */
const MAX_LINE = 4096;

interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

export class LogView {
  private state: LogState | undefined;
  /** Number of the last line shown; undefined: follows the end. */
  private bottom: number | undefined;
  /** Number of the newest line when the reader stopped following. */
  private seen = 0;
  private shift = 0;
  private isWrapped = false;
  private needle = '';
  private isFiltering = true;
  private fitting:
    | { readonly version: number; readonly needle: string; readonly lines: readonly NumberedLine[] }
    | undefined;
  private width = 80;
  private height = 1;

  update(state: LogState): void {
    if (this.state !== undefined && (this.state.file !== state.file || this.state.taskKey !== state.taskKey))
      this.follow();
    this.state = state;
  }

  /** Nothing is known of the file (another one was asked for). */
  clear(): void {
    this.state = undefined;
    this.fitting = undefined;
    this.follow();
  }

  get lines(): readonly string[] {
    return this.state?.lines ?? [];
  }

  get filter(): string {
    return this.needle;
  }

  setFilter(text: string): void {
    this.needle = text;
  }

  get isFollowing(): boolean {
    return this.bottom === undefined;
  }

  /** `stderr, following` and what else there is to know. */
  title(file: 'stdout' | 'stderr'): string {
    const { state } = this;
    const words: string[] = [file];
    if (state === undefined || state.status === 'opening') words.push('opening');
    else if (state.status === 'failed') words.push('not readable');
    else if (!this.isFollowing) words.push('paused');
    else words.push(state.status === 'ended' ? 'ended' : 'following');
    if ((state?.skipped ?? 0) > 0) words.push(`${formatCount(state?.skipped ?? 0)} lines skipped`);
    if (this.needle !== '') words.push(`${this.isFiltering ? 'only' : 'marked'} "${this.needle}"`);
    if (this.isWrapped) words.push('wrapped');
    return words.join(', ');
  }

  /** `line 8,812 of 8,812  1.4 MB  +0 new` */
  footer(): string {
    const { state } = this;
    if (state === undefined) return '';
    const last = lastNumber(state);
    const at = this.bottom ?? last;
    const held = this.isFollowing ? '' : `  +${formatCount(Math.max(0, last - this.seen))} new`;
    return `line ${formatCount(Math.min(at, last))} of ${formatCount(last)}  ${formatBytes(state.totalBytes)}${held}`;
  }

  /** Exactly `height` lines of at most `width` cells. */
  draw(width: number, height: number): readonly Line[] {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    const { state } = this;
    if (state === undefined) return filled(['(opening)'], height);
    const note = this.isFollowing && state.note !== '' ? [`(${sanitize(state.note)})`] : [];
    const lines = this.fittingLines();
    const room = Math.max(0, height - note.length);
    if (lines.length === 0) return filled([...this.emptyText(state), ...note], height);
    const drawn: Line[] = [];
    for (let index = this.bottomIndex(lines); index >= 0 && drawn.length < room; index--)
      drawn.unshift(...this.drawLine(lines[index]?.text ?? ''));
    return filled([...drawn.slice(-room), ...note], height);
  }

  /** Undefined: not a key of the log. */
  handleKey(key: KeyName): boolean {
    const page = Math.max(1, this.height - 1);
    switch (key) {
      case 'up':
      case 'k':
        return this.scroll(-1);
      case 'down':
      case 'j':
        return this.scroll(1);
      case 'page-up':
        return this.scroll(-page);
      case 'page-down':
        return this.scroll(page);
      case 'ctrl-u':
        return this.scroll(-Math.ceil(page / 2));
      case 'ctrl-d':
        return this.scroll(Math.ceil(page / 2));
      case 'g':
      case 'home':
        return this.scroll(Number.NEGATIVE_INFINITY);
      case 'G':
      case 'end':
        this.follow();
        return true;
      case 'space':
        if (this.isFollowing) this.stop();
        else this.follow();
        return true;
      case 'left':
        this.shift = Math.max(0, this.shift - Math.ceil(this.width / 2));
        return true;
      case 'right':
        this.shift = this.isWrapped ? 0 : Math.min(MAX_LINE, this.shift + Math.ceil(this.width / 2));
        return true;
      case 'W':
        this.isWrapped = !this.isWrapped;
        this.shift = 0;
        return true;
      case '&':
        this.isFiltering = !this.isFiltering;
        return true;
      case 'n':
        return this.toMatch(1);
      case 'N':
        return this.toMatch(-1);
      default:
        return false;
    }
  }

  private follow(): void {
    this.bottom = undefined;
  }

  private stop(): void {
    const { state } = this;
    if (state === undefined || this.bottom !== undefined) return;
    this.seen = lastNumber(state);
    this.bottom = this.seen;
  }

  /** By lines of the file; down to the end is following again. */
  private scroll(delta: number): true {
    const lines = this.fittingLines();
    if (lines.length === 0) return true;
    const least = this.firstFullBottom(lines);
    const wanted = Math.max(least, this.bottomIndex(lines) + delta);
    if (delta > 0 && wanted >= lines.length - 1) this.follow();
    else if (delta < 0 || !this.isFollowing) {
      this.stop();
      this.bottom = lines[Math.min(wanted, lines.length - 1)]?.number;
    }
    return true;
  }

  private toMatch(direction: 1 | -1): true {
    const needle = this.needle.toLowerCase();
    const lines = this.fittingLines();
    if (needle === '') return true;
    for (let index = this.bottomIndex(lines) + direction; index >= 0 && index < lines.length; index += direction) {
      if (!lines[index]?.text.toLowerCase().includes(needle)) continue;
      this.stop();
      this.bottom = lines[index]?.number;
      break;
    }
    return true;
  }

  /** Lines that are to be seen, with their numbers. */
  private fittingLines(): readonly NumberedLine[] {
    const { state, fitting } = this;
    if (state === undefined) return [];
    const needle = this.isFiltering ? this.needle.toLowerCase() : '';
    if (fitting !== undefined && fitting.version === state.version && fitting.needle === needle) return fitting.lines;
    const lines: NumberedLine[] = [];
    state.lines.forEach((text, index) => {
      if (needle === '' || text.toLowerCase().includes(needle)) lines.push({ number: state.firstLine + index, text });
    });
    this.fitting = { version: state.version, needle, lines };
    return lines;
  }

  private bottomIndex(lines: readonly NumberedLine[]): number {
    const { bottom } = this;
    if (bottom === undefined) return lines.length - 1;
    return Math.max(this.firstFullBottom(lines), lastAtMost(lines, bottom));
  }

  /** The line at the bottom when the first one is at the top. */
  private firstFullBottom(lines: readonly NumberedLine[]): number {
    if (!this.isWrapped) return Math.min(lines.length, this.height) - 1;
    let used = 0;
    for (let index = 0; index < lines.length; index++) {
      used += this.drawLine(lines[index]?.text ?? '').length;
      if (used >= this.height) return index;
    }
    return lines.length - 1;
  }

  private drawLine(text: string): readonly Line[] {
    const clean = sanitize(
      text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)} (+${formatCount(text.length - MAX_LINE)} more)` : text,
    );
    if (this.isWrapped) return chunks(clean, this.width).map((chunk) => this.highlighted(chunk));
    const shifted = this.shift === 0 ? clean : dropCells(clean, this.shift);
    return [this.highlighted(cutEnd(shifted, this.width))];
  }

  private highlighted(text: string): Line {
    const needle = this.needle.toLowerCase();
    if (needle === '') return text;
    const lower = text.toLowerCase();
    // Lower case of some letters has another length: then places in it mean nothing in the text.
    if (lower.length !== text.length) return text;
    const pieces: Span[] = [];
    let from = 0;
    for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, from)) {
      pieces.push(span(text.slice(from, at)), span(text.slice(at, at + needle.length), 'reverse'));
      from = at + needle.length;
    }
    return [...pieces, span(text.slice(from))];
  }

  private emptyText(state: LogState): readonly string[] {
    if (state.lines.length > 0) return [`No line has "${this.needle}". Esc clears the filter.`];
    if (state.status === 'opening') return ['(opening)'];
    return state.status === 'failed' ? [] : [`(${state.file} is empty)`];
  }
}

function lastNumber(state: LogState): number {
  return Math.max(0, state.firstLine + state.lines.length - 1);
}

/** Index of the last line whose number is at most `number`; -1 if there is none. Numbers grow. */
function lastAtMost(lines: readonly NumberedLine[], number: number): number {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lines[middle]?.number ?? 0) <= number) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function filled(lines: readonly Line[], height: number): readonly Line[] {
  const kept = lines.slice(Math.max(0, lines.length - height));
  return [...kept, ...Array.from({ length: Math.max(0, height - kept.length) }, () => '')];
}

/** Pieces of at most `width` cells; at least one. */
export function chunks(text: string, width: number): readonly string[] {
  if (widthOf(text) <= width) return [text];
  const pieces: string[] = [];
  let piece = '';
  let cells = 0;
  for (const { segment } of graphemes.segment(text)) {
    const wide = widthOf(segment);
    if (cells + wide > width && piece !== '') {
      pieces.push(piece);
      piece = '';
      cells = 0;
    }
    piece += segment;
    cells += wide;
  }
  return piece === '' ? pieces : [...pieces, piece];
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

function dropCells(text: string, cells: number): string {
  let left = cells;
  let index = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (left <= 0) break;
    left -= widthOf(segment);
    index += segment.length;
  }
  return text.slice(index);
}

/** `812 B`, `1.4 MB` */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}
