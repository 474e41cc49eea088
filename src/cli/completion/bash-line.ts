/**
 * A command line as bash hands it to completion, and words as it must be given them back. bash replaces only the part of a word
 * behind the last character of COMP_WORDBREAKS, and quotes nothing by itself. Nothing is expanded: `$x` and `$(x)` are text. Pure.
 * Source: the chapters "Programmable Completion" and "Quoting" of the manual of bash, word breaks as readline finds them.
 */

type Quote = '' | '"' | "'";

export interface BashLine {
  /** Words before the one at the cursor, without quotes. */
  readonly words: readonly string[];
  /** The word at the cursor, as far as the cursor, without quotes. */
  readonly current: string;
  /** The beginning of `current` that bash leaves in place. */
  readonly kept: string;
  /** The quote that is open at the cursor. */
  readonly quote: Quote;
}

/** `line`: from the program's name to the cursor. `breaks`: COMP_WORDBREAKS. */
export function readBashLine(line: string, breaks: string): BashLine {
  const words: string[] = [];
  let word = '';
  let isInWord = false;
  let keptLength = 0;
  let quote: Quote = '';
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? '';
    if (quote === "'") {
      if (char === quote) quote = '';
      else word += char;
    } else if (char === '\\' && (quote === '' || '"$`\\'.includes(line[i + 1] ?? ' '))) {
      i += 1;
      word += line[i] ?? '';
      isInWord = true;
    } else if (quote === '"') {
      if (char === quote) quote = '';
      else word += char;
    } else if (char === ' ' || char === '\t' || char === '\n') {
      if (isInWord) words.push(word);
      word = '';
      isInWord = false;
      keptLength = 0;
    } else {
      isInWord = true;
      if (char === '"' || char === "'") {
        quote = char;
        keptLength = word.length;
      } else {
        word += char;
        if (breaks.includes(char)) keptLength = word.length;
      }
    }
  }
  return { words, current: word, kept: word.slice(0, keptLength), quote };
}

/** `value` as it must be typed inside `quote`; undefined: it cannot be. */
export function quoteForBash(value: string, quote: Quote): string | undefined {
  if (quote === '') return value.replace(/[^\p{L}\p{N}_.,:@%+=/-]/gu, '\\$&');
  // bash does not close a quote behind the same character.
  if (value.includes(quote)) return undefined;
  if (quote === "'") return value;
  // An exclamation mark expands even in double quotes, and a backslash before it would stay.
  return value.includes('!') ? undefined : value.replace(/[\\$`]/g, '\\$&');
}
