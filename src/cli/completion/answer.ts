/**
 * Candidates as the script of a shell reads them: a first line that says what to do with them, then one a line. Names of the
 * cluster are other people's text: what holds control or direction characters is left out, not cleaned, because the cleaned
 * name would be the name of nothing. Pure.
 */

import { type BashLine, quoteForBash } from './bash-line.js';
import type { Candidate } from './complete.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** First line of an answer: candidates follow; the same, and no blank behind one; names of files. */
type Directive = 'words' | 'open' | 'files';

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const MAX_CANDIDATES = 200;

export interface Answerable {
  readonly candidates: readonly Candidate[];
  readonly files: boolean;
}

/** For zsh and fish: `value TAB description`. */
export function formatAnswer({ candidates, files }: Answerable): string {
  if (files) return 'files\n';
  const shown = printable(candidates);
  return `${lines(
    directiveOf(shown),
    shown.map(({ value, description }) => `${value}\t${description}`),
  )}`;
}

/**
 * For bash. It inserts what it is given, so words come quoted and without what is already there. When it only lists
 * (`isListing`), they come as people read them, with descriptions.
 */
export function formatBashAnswer(
  { candidates, files }: Answerable,
  line: Pick<BashLine, 'kept' | 'quote'>,
  { isListing, columns }: { readonly isListing: boolean; readonly columns: number },
): string {
  if (files) return 'files\n';
  const shown = printable(candidates);
  const directive = directiveOf(shown);
  const { kept, quote } = line;
  if (isListing && shown.length > 1) return lines(directive, listed(shown, columns));
  return lines(
    directive,
    shown.flatMap(({ value }) => quoteForBash(value.slice(kept.length), quote) ?? []),
  );
}

/** `value  description`, so wide that bash puts one on a line. */
function listed(candidates: readonly Candidate[], columns: number): string[] {
  const widest = Math.max(...candidates.map(({ value }) => value.length));
  return candidates.map(({ value, description }) => {
    const text = `${value.padEnd(widest)}  ${description}`.trimEnd();
    return (text.length < columns ? text : `${text.slice(0, Math.max(1, columns - 2))}…`).padEnd(columns / 2 + 1);
  });
}

function printable(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates
    .filter(({ value }) => value !== '' && !UNPRINTABLE.test(value))
    .slice(0, MAX_CANDIDATES)
    .map(({ value, description }) => ({ value, description: description.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ') }));
}

/** `--output=` and `a,` go on. */
function directiveOf(candidates: readonly Candidate[]): Directive {
  return candidates.length > 0 && candidates.every(({ value }) => /[=,]$/.test(value)) ? 'open' : 'words';
}

function lines(directive: Directive, rest: readonly string[]): string {
  return [directive, ...rest].map((line) => `${line}\n`).join('');
}
