/** Ids from the command line; `-` stands for those on stdin, one a line or divided by blanks. */
import { MesoError } from '../base/error.js';

const MAX_STDIN_BYTES = 16 * 1024 * 1024;

/** In order, each once. */
export async function expandReferences(
  words: readonly string[],
  stdin: AsyncIterable<Buffer | string>,
): Promise<readonly string[]> {
  const expanded = new Set<string>();
  for (const word of words) {
    if (word === '-') for (const read of await readWords(stdin)) expanded.add(read);
    else expanded.add(word);
  }
  return [...expanded];
}

async function readWords(stdin: AsyncIterable<Buffer | string>): Promise<readonly string[]> {
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
    .split(/\s+/)
    .filter((word) => word !== '');
}
