/**
 * What is said about words that are no command: the nearest command there is, never a question and nothing on stdout. oclif
 * calls the default export (`oclif.hooks` of package.json); help calls `unknownCommand`.
 */

import { mistakesIn } from './nearest.js';
import { Errors, type Hook, type Interfaces } from './oclif.js';

const onCommandNotFound: Hook<'command_not_found'> = ({ id, config }) => {
  throw unknownCommand(id.split(':'), config);
};
export default onCommandNotFound;

/** The error for `words`, which may go on with arguments of the command that was meant. */
export function unknownCommand(words: readonly string[], config: Interfaces.Config): Errors.CLIError {
  const commands = config.commands.filter(({ hidden }) => hidden !== true).map(({ id }) => id.split(':'));
  const whole = commands.find((command) => command.every((word, i) => word === words[i]));
  if (whole !== undefined) return tooManyWords(whole, words.slice(whole.length));
  const nouns = [...new Set(commands.flatMap(([noun = '', verb]) => (verb === undefined ? [] : [noun])))];
  const noun = nouns.find((one) => one === words[0]);
  // A single word may be meant as a noun; several are noun and verb, with arguments.
  const nearest = findNearestCommand(
    words,
    words.length === 1 ? [...commands, ...nouns.map((one) => [one])] : commands,
  );
  const typed = words.slice(0, noun === undefined ? 1 : 2).join(' ');
  const meant = nearest === undefined ? '' : `. Did you mean "${nearest.join(' ')}"?`;
  const help = nearest ?? (noun === undefined ? [] : [noun]);
  return new Errors.CLIError(`there is no command "${typed}"${meant}`, {
    exit: 2,
    suggestions: [['mesoctl', ...help, '--help'].join(' ')],
  });
}

/** oclif takes the words behind a command that has no arguments for a longer command. */
function tooManyWords(command: readonly string[], extra: readonly string[]): Errors.CLIError {
  return new Errors.CLIError(`unexpected argument${extra.length > 1 ? 's' : ''}: ${extra.join(' ')}`, {
    exit: 2,
    suggestions: [['mesoctl', ...command, '--help'].join(' ')],
  });
}

function findNearestCommand(words: readonly string[], commands: readonly string[][]): readonly string[] | undefined {
  let nearest: readonly string[] | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const command of commands) {
    const mistakes = mistakesIn(words.slice(0, command.length).join(' '), command.join(' '));
    if (mistakes >= fewest) continue;
    nearest = command;
    fewest = mistakes;
  }
  return nearest;
}
