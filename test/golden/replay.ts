/**
 * Golden scripts: blocks of comments, a command, "----" and what came of it. With UPDATE_GOLDEN=1 the traces are written
 * anew; read every changed line before committing it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';

export interface GoldenScript {
  /** Performs one command line; returns the trace. */
  run(command: string): string[];
}

/** One test for each script of `directory`. */
export function replayScripts(directory: URL, create: () => GoldenScript): void {
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.txt')))
    it(`replays ${name}`, () => {
      const file = new URL(name, directory);
      const text = readFileSync(file, 'utf8');
      const actual = replay(text, create());
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, actual);
      else expect(actual).toBe(text);
    });
}

function replay(text: string, script: GoldenScript): string {
  const blocks = text
    .trim()
    .split(/\n\n+/)
    .map((block) => {
      const lines = block.split('\n');
      const comments = lines.filter((line) => line.startsWith('#'));
      const command = lines.find((line) => !line.startsWith('#'));
      return command === undefined ? comments : [...comments, command, '----', ...script.run(command)];
    });
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
