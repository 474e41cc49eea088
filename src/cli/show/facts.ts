/** What `show` prints: facts as `label  value`, lists below them, what to do next last. Pure. */
import { padEndTo, sanitize, widthOf } from '../../views/text/width.js';

/** A fact without a value is not printed. */
export type Fact = readonly [label: string, value: string | undefined];

export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

export function formatFacts(headline: string, facts: readonly Fact[], sections: readonly Section[] = []): string {
  const told = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined && fact[1] !== '');
  const width = told.reduce((widest, [label]) => Math.max(widest, widthOf(label)), 0);
  const lines = [
    sanitize(headline),
    '',
    ...told.map(([label, value]) => `${padEndTo(label, width)}  ${sanitize(value)}`),
    ...sections
      .filter(({ lines: of }) => of.length > 0)
      .flatMap(({ title, lines: of }) => ['', title, ...of.map((line) => `  ${line}`)]),
  ];
  return `${lines.join('\n')}\n`;
}
