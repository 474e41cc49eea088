/**
 * Golden traces of the master core: each script is blocks of a command, "----" and what the core did about it. With
 * UPDATE_GOLDEN=1 the traces are written anew; read every changed line before committing it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Script } from './script.js';

const directory = fileURLToPath(new URL('./scripts/', import.meta.url));

/** Runs the commands of `text` and returns it with the traces as they are now. */
function replay(text: string): string {
  const script = new Script();
  const blocks: string[] = [];
  for (const block of text.trim().split(/\n\n+/)) {
    const lines = block.split('\n');
    const comments = lines.filter((line) => line.startsWith('#'));
    const command = lines.find((line) => !line.startsWith('#'));
    if (command === undefined) blocks.push(comments.join('\n'));
    else blocks.push([...comments, command, '----', ...script.run(command)].join('\n'));
  }
  return `${blocks.join('\n\n')}\n`;
}

for (const file of readdirSync(directory).filter((name) => name.endsWith('.txt'))) {
  it(`replays ${file}`, () => {
    const text = readFileSync(directory + file, 'utf8');
    const actual = replay(text);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(directory + file, actual);
    else expect(actual).toBe(text);
  });
}
