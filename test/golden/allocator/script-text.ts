/**
 * The text of a golden script: blocks separated by empty lines, each of comment lines (#), command lines, `----` and the lines
 * of the answer. Here a text is replayed, and a list of commands with their answers becomes a text.
 */
import { Interpreter } from './interpreter.js';

/** A command of a script and what it answered. */
export interface Step {
  readonly line: string;
  readonly answer: readonly string[];
}

/** The same script with the answers that `interpreter` gives. */
export function replay(text: string, interpreter = new Interpreter()): string {
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

/** Its command lines alone. */
export function commandsOf(text: string): readonly string[] {
  return text
    .trim()
    .split(/\n\n+/)
    .flatMap((block) => (block.split(/^----$/m)[0] ?? '').split('\n'))
    .filter((line) => !line.startsWith('#') && line.trim() !== '');
}

/** A block ends with each command that answers something. */
export function formatScript(comment: string, steps: readonly Step[]): string {
  const blocks: string[] = [];
  let lines: string[] = comment.split('\n').map((line) => `# ${line}`);
  for (const { line, answer } of steps) {
    lines.push(line);
    if (answer.length === 0) continue;
    blocks.push([...lines, '----', ...answer].join('\n'));
    lines = [];
  }
  if (lines.length > 0) blocks.push([...lines, '----', 'ok'].join('\n'));
  return `${blocks.join('\n\n')}\n`;
}
