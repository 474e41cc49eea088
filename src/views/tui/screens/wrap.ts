/** Prose into lines: broken between words, a longer word where it must be. Pure. */
import { sanitize, widthOf } from '../../text/width.js';
import { chunks } from './log-view.js';

/** Lines of at most `width` cells; runs of two blanks between facts stay together with what follows. */
export function wrapWords(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\s)(?=\S)/)) {
    if (widthOf(line + word.trimEnd()) <= width) {
      line += word;
      continue;
    }
    if (line !== '') lines.push(line.trimEnd());
    const pieces = chunks(word.trimEnd(), width);
    lines.push(...pieces.slice(0, -1));
    line = (pieces.at(-1) ?? '') + word.slice(word.trimEnd().length);
  }
  return line.trim() === '' && lines.length > 0 ? lines : [...lines, line.trimEnd()];
}

/** The text two cells in; nothing for no text. */
export function indented(text: string, width: number): readonly string[] {
  return text === '' ? [] : wrapWords(sanitize(text), Math.max(1, width - 2)).map((line) => `  ${line}`);
}
