/**
 * The newest lines of a log that grows: bytes in, clean lines out, bounded in number and size. Pure. Source: design/ux,
 * section 3, "Log view rules".
 *
 * Invariants: at most 5,000 lines and 4 MB; no line longer than 4 KB; nothing in a line that could move a cursor.
 */
import { sanitize } from '../text/width.js';

export const MAX_LINES = 5_000;
const MAX_CHARS = 4 * 1024 * 1024;
const MAX_LINE_CHARS = 4 * 1024;
const CUT_MARK = ' … (cut)';
/** Lines above the bound that may pile up before they are dropped together. */
const SLACK_LINES = 1_000;
/** Of one batch no more than this is looked at; older lines of it are counted only. */
const MAX_BATCH_BYTES = 512 * 1024;
const NEWLINE = 10;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours of programs, which are not ours to show
const TERMINAL_SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

export interface LogLines {
  /** The last may be one that has no end yet. */
  readonly lines: readonly string[];
  /** Number of the first of them among those that were not passed over, from 1. */
  readonly firstLine: number;
  /** Lines that were passed over. */
  readonly skipped: number;
}

export class LogRing {
  #lines: string[] = [];
  #chars = 0;
  /** Lines that left the ring or never came in. */
  #before = 0;
  #skipped = 0;
  #partial: Uint8Array = new Uint8Array();
  /** The beginning of the next line is missing: it is not shown. */
  #dropsFirst = false;

  /** The bytes that come next begin inside a line. */
  dropFirstLine(): void {
    this.#dropsFirst = true;
  }

  /** Takes in bytes in order. Cost: by what is kept, not by what is passed over (that is only counted). */
  push(parts: readonly Uint8Array[]): void {
    let bytes: Uint8Array = Buffer.concat([this.#partial, ...parts]);
    if (bytes.length > MAX_BATCH_BYTES) bytes = this.#passOver(bytes);
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, from);
      if (end < 0) break;
      this.#add(bytes.subarray(from, end));
      from = end + 1;
    }
    this.#partial = bytes.slice(from, from + MAX_LINE_CHARS * 4);
  }

  /** Some of the log was not read: `lines` of it, about. What follows may begin inside a line. */
  skip(lines: number): void {
    this.#flushPartial();
    this.#skipped += lines;
    this.#addText(`… ${lines > 0 ? `${lines.toLocaleString('en-US')} lines` : 'some lines'} skipped …`);
    this.#dropsFirst = true;
  }

  /** Size of a line on average, its end included; undefined: there is none yet. */
  get meanLineBytes(): number | undefined {
    return this.#lines.length === 0 ? undefined : this.#chars / this.#lines.length + 1;
  }

  snapshot(): LogLines {
    this.#trim();
    const hasPartial = this.#partial.length > 0 && !this.#dropsFirst;
    const lines = hasPartial ? [...this.#lines, cleanLine(this.#partial)] : [...this.#lines];
    return { lines, firstLine: this.#before + 1, skipped: this.#skipped };
  }

  #passOver(bytes: Uint8Array): Uint8Array {
    const cut = bytes.indexOf(NEWLINE, bytes.length - MAX_BATCH_BYTES) + 1;
    let lines = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0 && at < cut; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1;
    this.#partial = new Uint8Array();
    this.skip(lines);
    this.#dropsFirst = false;
    return bytes.subarray(cut);
  }

  #flushPartial(): void {
    if (this.#partial.length > 0) this.#add(this.#partial);
    this.#partial = new Uint8Array();
  }

  #add(bytes: Uint8Array): void {
    if (this.#dropsFirst) this.#dropsFirst = false;
    else this.#addText(cleanLine(bytes));
  }

  #addText(line: string): void {
    this.#lines.push(line);
    this.#chars += line.length;
    if (this.#lines.length > MAX_LINES + SLACK_LINES || this.#chars > 2 * MAX_CHARS) this.#trim();
  }

  #trim(): void {
    let drop = Math.max(0, this.#lines.length - MAX_LINES);
    for (let i = 0; i < drop; i++) this.#chars -= (this.#lines[i] ?? '').length;
    while (this.#chars > MAX_CHARS) this.#chars -= (this.#lines[drop++] ?? '').length;
    if (drop === 0) return;
    this.#lines = this.#lines.slice(drop);
    this.#before += drop;
  }
}

function cleanLine(bytes: Uint8Array): string {
  const isLong = bytes.length > MAX_LINE_CHARS;
  const end = bytes[bytes.length - 1] === 13 ? bytes.length - 1 : bytes.length;
  const text = new TextDecoder().decode(bytes.subarray(0, isLong ? MAX_LINE_CHARS : end));
  const clean = sanitize(text.replace(TERMINAL_SEQUENCES, ''));
  return isLong ? `${clean}${CUT_MARK}` : clean;
}
