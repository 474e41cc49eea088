/**
 * The filter language of lists and screens: words, `field=value` (a part of a text; `==` the whole), `cpu>2`, `age<5m`, `"two words"`, `!not`; all must hold (DESIGN.md,
 * "Filters"). Read again with each key stroke, so nothing it cannot read fails: such a part is left out, and `error` says why.
 * Pure; a term about time says when it turns, so that a view need not ask again before.
 */
import { parseDuration } from '../../base/duration.js';
import { isRejection } from '../../base/rejection.js';
import { type ColumnKind, findColumn, type ModelColumn } from './columns.js';

export interface Filter<R> {
  /** Fits everything: there is nothing to ask. */
  readonly isEmpty: boolean;
  /** What could not be understood, for the user; '' if nothing. */
  readonly error: string;
  /** Whether time alone can change the answer. */
  readonly isTimed: boolean;
  matches(row: R, searchText: () => string, now: number): boolean;
  /** The next time after `now` at which a term's answer for `row` turns; Infinity: never. */
  turnsAt(row: R, now: number): number;
}

interface Term<R> {
  readonly isNegated: boolean;
  matches(row: R, searchText: () => string, now: number): boolean;
  /** When its answer turns, once. */
  readonly turnsAt?: (row: R) => number | undefined;
}

type Operator = '=' | '==' | '!=' | '<' | '<=' | '>' | '>=';

/** A part of the filter as typed: quotes taken off, which part was quoted remembered. */
interface Token {
  readonly text: string;
  readonly isNegated: boolean;
  readonly isQuoted: boolean;
}

export function parseFilter<R>(text: string, columns: readonly ModelColumn<R>[]): Filter<R> {
  const terms: Term<R>[] = [];
  let error = '';
  for (const token of tokensOf(text)) {
    const term = parseToken(token, columns);
    if (typeof term === 'string') error ||= term;
    else if (term !== undefined) terms.push(term);
  }
  const timed = terms.filter((term) => term.turnsAt !== undefined);
  return {
    isEmpty: terms.length === 0,
    error,
    isTimed: timed.length > 0,
    matches: (row, searchText, now) => terms.every((term) => term.matches(row, searchText, now) !== term.isNegated),
    turnsAt: (row, now) => timed.reduce((next, term) => earlier(next, term.turnsAt?.(row), now), NEVER),
  };
}

/** The first part that asks nothing (`state=`, `!`), as typed but for quotes: harmless while somebody types, wrong in a finished filter. */
export function findUnfinishedPart<R>(text: string, columns: readonly ModelColumn<R>[]): string | undefined {
  const token = tokensOf(text).find((candidate) => parseToken(candidate, columns) === undefined);
  return token === undefined ? undefined : `${token.isNegated ? '!' : ''}${token.text}`;
}

const NEVER = Number.POSITIVE_INFINITY;

function earlier(next: number, at: number | undefined, now: number): number {
  return at !== undefined && at > now && at < next ? at : next;
}

const TOKEN = /(!?)((?:"[^"]*"?|[^\s"])+)/g;

function tokensOf(text: string): readonly Token[] {
  return Array.from(text.matchAll(TOKEN), ([, negation, body]) => ({
    text: (body ?? '').replaceAll('"', ''),
    isNegated: negation === '!',
    isQuoted: (body ?? '').startsWith('"'),
  }));
}

const COMPARISON = /^([a-z][a-z0-9_]*)(!=|==|<=|>=|=|<|>)(.*)$/i;

/** undefined: nothing asked yet (`!`, `state=`); a text: why it cannot be. */
function parseToken<R>(token: Token, columns: readonly ModelColumn<R>[]): Term<R> | string | undefined {
  const [, name, operator, value] = token.isQuoted ? [] : (COMPARISON.exec(token.text) ?? []);
  if (name === undefined) return wordTerm(token);
  const column = findColumn(columns, name);
  if (column === undefined || column.kind === 'problem') return `no field "${name}"; there are ${fieldNames(columns)}`;
  if (value === undefined || value === '') return undefined;
  return comparisonTerm(column, operator as Operator, value, token.isNegated);
}

function fieldNames<R>(columns: readonly ModelColumn<R>[]): string {
  return columns
    .filter(({ kind, isHidden }) => kind !== 'problem' && isHidden !== true)
    .map(({ key }) => key)
    .join(' ');
}

function wordTerm<R>({ text, isNegated }: Token): Term<R> | undefined {
  const word = text.toLowerCase();
  if (word === '' || word === '!') return undefined;
  return { isNegated, matches: (_row, searchText) => searchText().includes(word) };
}

function comparisonTerm<R>(
  column: ModelColumn<R>,
  operator: Operator,
  value: string,
  isNegated: boolean,
): Term<R> | string {
  if (column.kind === 'text') return textTerm(column, operator, value, isNegated);
  const wanted = parseQuantity(column.kind, value);
  if (wanted === undefined) return `${column.key}${operator} needs ${WANTED[column.kind]}, not "${value}"`;
  if (column.kind === 'age' || column.kind === 'left') return timeTerm(column, operator, wanted, isNegated);
  return {
    isNegated,
    matches: (row) => {
      const found = column.value(row);
      return found === undefined ? operator === '!=' : holds(Number(found), operator, wanted);
    },
  };
}

function textTerm<R>(column: ModelColumn<R>, operator: Operator, value: string, isNegated: boolean): Term<R> | string {
  const part = value.toLowerCase();
  const textOf = (row: R) => String(column.value(row) ?? '').toLowerCase();
  if (operator === '==') return { isNegated, matches: (row) => textOf(row) === part };
  if (operator !== '=' && operator !== '!=') return `${column.key} is text: use ${column.key}= or ${column.key}!=`;
  return { isNegated: isNegated !== (operator === '!='), matches: (row) => textOf(row).includes(part) };
}

/** Ages and times left: the answer turns once, at `turnsAt`; what is exactly that old is older, not younger. */
function timeTerm<R>(
  column: ModelColumn<R>,
  operator: Operator,
  seconds: number,
  isNegated: boolean,
): Term<R> | string {
  if (operator === '=' || operator === '==' || operator === '!=')
    return `${column.key} is a time: use ${column.key}< or ${column.key}>`;
  const isAge = column.kind === 'age';
  const isTrueAfter = isAge === (operator === '>' || operator === '>=');
  const turnsAt = (row: R): number | undefined => {
    const at = column.value(row);
    if (at === undefined) return undefined;
    return isAge ? Number(at) + seconds : Number(at) - seconds;
  };
  const matches = (row: R, _searchText: () => string, now: number): boolean => {
    const turn = turnsAt(row);
    return turn !== undefined && now >= turn === isTrueAfter;
  };
  return { isNegated, matches, turnsAt };
}

function holds(found: number, operator: Operator, wanted: number): boolean {
  switch (operator) {
    case '=':
    case '==':
      return found === wanted;
    case '!=':
      return found !== wanted;
    case '<':
      return found < wanted;
    case '<=':
      return found <= wanted;
    case '>':
      return found > wanted;
    case '>=':
      return found >= wanted;
  }
}

const WANTED: Readonly<Record<ColumnKind, string>> = {
  text: 'a text',
  problem: 'a severity',
  number: 'a number',
  size: 'a size such as 512M or 2G',
  share: 'a percentage such as 10%',
  age: 'a time such as 30s, 5m or 2h',
  left: 'a time such as 30s, 5m or 2h',
};

/** In the unit of the column's values; times in seconds. */
function parseQuantity(kind: ColumnKind, text: string): number | undefined {
  if (kind === 'age' || kind === 'left') return parseSeconds(text);
  const pattern = kind === 'size' ? /^(\d+(?:\.\d+)?)([kmgtp]?)(?:i?b)?$/i : /^(\d+(?:\.\d+)?)(%?)$/;
  const [, digits, unit] = pattern.exec(text) ?? [];
  if (digits === undefined || (unit === '%' && kind !== 'share')) return undefined;
  if (kind === 'size') return Number(digits) * (MB_OF_UNIT[(unit || 'm').toLowerCase()] ?? 1);
  return kind === 'share' ? Number(digits) / 100 : Number(digits);
}

const MB_OF_UNIT: Readonly<Record<string, number>> = { k: 1 / 1024, m: 1, g: 1024, t: 1024 ** 2, p: 1024 ** 3 };

/** `90` and `90s`, `5m`, `1h20m`. */
function parseSeconds(text: string): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  if (!/^(?:\d+(?:\.\d+)?[a-z]+)+$/i.test(text)) return undefined;
  let seconds = 0;
  for (const [part] of text.toLowerCase().matchAll(/\d+(?:\.\d+)?[a-z]+/g)) {
    const ms = parseDuration(part);
    if (isRejection(ms)) return undefined;
    seconds += ms / 1000;
  }
  return seconds;
}
