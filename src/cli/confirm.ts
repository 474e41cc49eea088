/**
 * The question before something that many would feel (design/ux, "Confirmation", level 1): what will be hit, on which
 * cluster, default No. Where nobody can answer, nothing happens.
 */
import { MesoError } from '../base/error.js';
import { formatCount } from '../views/text/numbers.js';
import type { Console } from './console.js';

export interface Question {
  /** `Kill 31 tasks on prod?` */
  readonly text: string;
  /** What will be hit, one line each; the first of them are shown. */
  readonly items: readonly string[];
  /** How many there are, where `items` does not hold all. */
  readonly total?: number | undefined;
}

export interface ConfirmOptions {
  readonly yes: boolean;
  readonly noInput: boolean;
}

const SHOWN_ITEMS = 10;

/** False: the user said no. Throws BAD_INPUT where nobody can be asked. */
export async function confirm(question: Question, options: ConfirmOptions, console: Console): Promise<boolean> {
  if (options.yes) return true;
  const { text, items } = question;
  const shown = items.slice(0, SHOWN_ITEMS);
  const more = (question.total ?? items.length) - shown.length;
  const list = [...shown, ...(more > 0 ? [`and ${formatCount(more)} more`] : [])];
  if (options.noInput || !console.canAsk)
    throw new MesoError('BAD_INPUT', `${text} ${options.noInput ? '--no-input' : 'No terminal'}: nothing was done.`, {
      details: { question: text, items: list },
      suggestions: ['--yes to do it without a question', '--dry-run to see what it would hit'],
    });
  console.writeTalk(`${list.map((line) => `  ${line}\n`).join('')}${text} [y/N] `);
  const answer = await console.readLine();
  if (/^y(es)?$/i.test(answer?.trim() ?? '')) return true;
  console.say(`${answer === undefined ? '\n' : ''}Nothing was done.`);
  return false;
}
