/**
 * Golden scripts: blocks of comments, commands, "----" and what came of them. With UPDATE_GOLDEN=1 the traces are written
 * anew; read every changed line before committing it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';

export interface GoldenScript {
  /** Performs one command line; returns the trace. */
  run(command: string): readonly string[] | Promise<readonly string[]>;
  /** Gives back what it holds outside of memory. */
  close?(): void;
}

/** One test for each script of `directory`. */
export function replayScripts(directory: URL, create: () => GoldenScript): void {
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.txt')))
    it(`replays ${name}`, async () => {
      const file = new URL(name, directory);
      const text = readFileSync(file, 'utf8');
      const script = create();
      const actual = await replay(text, script).finally(() => script.close?.());
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, actual);
      else expect(actual).toBe(text);
    });
}

async function replay(text: string, script: GoldenScript): Promise<string> {
  const blocks: string[] = [];
  for (const block of text.trim().split(/\n\n+/)) {
    const [input = ''] = block.split(/^----$/m);
    const lines = input.trimEnd().split('\n');
    const trace: string[] = [];
    for (const line of lines) if (!line.startsWith('#')) trace.push(...(await script.run(line)));
    const isComment = lines.every((line) => line.startsWith('#'));
    blocks.push((isComment ? lines : [...lines, '----', ...(trace.length === 0 ? ['(nothing)'] : trace)]).join('\n'));
  }
  return `${blocks.join('\n\n')}\n`;
}
