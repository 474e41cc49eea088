/** Whether to colour, decided once: `--color`, then NO_COLOR and FORCE_COLOR, then whether it is a terminal. */
import { splitAtDoubleDash } from './arguments.js';

/** chalk and oclif read the environment when they are loaded: tell them before. */
export function setColor(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  const choice = findColorChoice(argv);
  if (choice === 'never') {
    env.NO_COLOR = '1';
    delete env.FORCE_COLOR;
  } else if (choice === 'always') {
    env.FORCE_COLOR = '1';
    delete env.NO_COLOR;
  }
}

/** Whether text for `stream` is to be coloured. */
export function wantsColor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

function findColorChoice(argv: readonly string[]): string | undefined {
  const { before } = splitAtDoubleDash(argv);
  const inline = before.find((word) => word.startsWith('--color='));
  if (inline !== undefined) return inline.slice('--color='.length);
  const at = before.indexOf('--color');
  return at < 0 ? undefined : before[at + 1];
}
