/**
 * The questions before something that many would feel (design/ux, "Confirmation"): what will be hit, on which cluster, default
 * No. Level 1 is y/N; level 2, for what cannot be undone, takes the name of the thing. Where nobody can answer, nothing happens.
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

export interface NameQuestion {
  /** `Remove m3 from prod?` */
  readonly text: string;
  /** What will come of it, one line each. */
  readonly items: readonly string[];
  /** What must be typed. */
  readonly name: string;
}

export interface NameOptions {
  /** `--confirm`: the name, typed already. */
  readonly confirm: string | undefined;
  readonly noInput: boolean;
}

/** False: the user typed something else. Throws BAD_INPUT where nobody can be asked, and for another name in `--confirm`. */
export async function confirmByName(
  { text, items, name }: NameQuestion,
  { confirm: given, noInput }: NameOptions,
  console: Console,
): Promise<boolean> {
  if (given === name) return true;
  const refuse = (why: string) =>
    new MesoError('BAD_INPUT', `${text} ${why}: nothing was done.`, {
      details: { question: text, items },
      suggestions: [`--confirm ${name} to do it without a question`, '--dry-run to see what would come of it'],
    });
  if (given !== undefined) throw refuse(`--confirm ${given} is another name`);
  if (noInput || !console.canAsk) throw refuse(noInput ? '--no-input' : 'No terminal');
  console.writeTalk(
    `${items.map((line) => `  ${line}\n`).join('')}${text} This cannot be undone: type ${name} to do it: `,
  );
  const answer = await console.readLine();
  if (answer?.trim() === name) return true;
  console.say(`${answer === undefined ? '\n' : ''}Nothing was done.`);
  return false;
}
