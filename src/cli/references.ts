/**
 * Ids from the command line; `-` stands for those on stdin, one a line: an id may hold blanks, and its parts may be other
 * ids. What a program wrote is meant whole: only a person's own words may be a part of an id.
 */
import { MesoError } from '../base/error.js';

export interface Reference {
  readonly text: string;
  /** From stdin: never the beginning or end of some other id. */
  readonly isWhole: boolean;
}

const MAX_STDIN_BYTES = 16 * 1024 * 1024;

/** In order, each once. */
export async function expandReferences(
  words: readonly string[],
  stdin: AsyncIterable<Buffer | string>,
): Promise<readonly Reference[]> {
  const expanded = new Map<string, Reference>();
  for (const word of words) {
    const texts = word === '-' ? await readLines(stdin) : [word];
    for (const text of texts)
      expanded.set(text, { text, isWhole: word === '-' || expanded.get(text)?.isWhole === true });
  }
  return [...expanded.values()];
}

async function readLines(stdin: AsyncIterable<Buffer | string>): Promise<readonly string[]> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_STDIN_BYTES) throw new MesoError('BAD_INPUT', 'more ids on stdin than can be meant');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
