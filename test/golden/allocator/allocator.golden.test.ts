/**
 * Runs every *.txt script of this directory and compares what the allocator answers with what is written after `----`.
 * `UPDATE_GOLDEN=1 npx vitest run test/golden/allocator` rewrites the answers: read every changed line before committing.
 * A script is blocks separated by empty lines: comment lines (#), command lines, `----`, the lines of the answer.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Interpreter } from './interpreter.js';

const directory = import.meta.dirname;
const scripts = readdirSync(directory).filter((name) => name.endsWith('.txt'));

function replay(text: string): string {
  const interpreter = new Interpreter();
  const blocks = text.trim().split(/\n\n+/);
  const replayed = blocks.map((block) => {
    const [input = ''] = block.split(/^----$/m);
    const lines = input.trimEnd().split('\n');
    const commands = lines.filter((line) => !line.startsWith('#') && line.trim() !== '');
    if (commands.length === 0) return block;
    const answer = commands.flatMap((command) => interpreter.run(command));
    return [...lines, '----', ...(answer.length === 0 ? ['ok'] : answer)].join('\n');
  });
  return `${replayed.join('\n\n')}\n`;
}

describe('golden scripts of the allocator', () => {
  it('are there', () => {
    expect(scripts.length).toBeGreaterThan(0);
  });

  it.each(scripts)('%s', (name) => {
    const path = join(directory, name);
    const written = readFileSync(path, 'utf8');
    const replayed = replay(written);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, replayed);
    else expect(replayed).toBe(written);
  });
});
