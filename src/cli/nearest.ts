/** Whether somebody may have meant another word than the one that was typed. Pure. */
import { distance } from 'fastest-levenshtein';

/** Of what was typed, one letter in three may be wrong. */
const LETTERS_PER_MISTAKE = 3;

/** Letters that would have to change; Infinity: too many to be meant. */
export function mistakesIn(typed: string, meant: string): number {
  const mistakes = distance(typed, meant);
  return mistakes > Math.ceil(typed.length / LETTERS_PER_MISTAKE) ? Number.POSITIVE_INFINITY : mistakes;
}

/** The one of `known` with the fewest mistakes; the first of several. */
export function findNearest(typed: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const word of known) {
    const mistakes = mistakesIn(typed, word);
    if (mistakes >= fewest) continue;
    nearest = word;
    fewest = mistakes;
  }
  return nearest;
}
