/**
 * Help as design/ux section 2 wants it: what it is, examples first, then usage and flags; without arguments at most 24
 * lines. Made of the manifest and of help-topics.ts alone, so it loads no command.
 */

import type { HelpExtras } from './base-command.js';
import { briefOfSummary, briefOfTopic } from './brief.js';
import { HELP_TOPICS, type HelpBlock, type HelpTopic, ROOT_EXAMPLES, ROOT_SUMMARY } from './help-topics.js';
import { type Command, Help, type Interfaces } from './oclif.js';
import { unknownCommand } from './unknown-command.js';

type Flag = Command.Flag.Cached;
type Row = readonly [left: string, right: string];

const WIDTH = 100;
const NAME_WIDTH = 8;
/** Verbs in the order in which people need them; others follow by name. */
const VERBS = ['launch', 'list', 'show', 'logs', 'watch', 'kill', 'start', 'join'];
/** Commands without a noun, likewise. */
const SINGLE_COMMANDS = ['top', 'why', 'events', 'dev', 'simulate', 'doctor', 'completion'];
const MAX_TOPIC_EXAMPLES = 6;
/** Lines of the root help for commands without a noun; those that people need least share the last of them. */
const MAX_SINGLE_ROWS = 3;

export class MesoctlHelp extends Help {
  override formatRoot(): string {
    const singles = this.#commands().filter(({ id }) => !id.includes(':'));
    return [
      `mesoctl ${this.config.version}: ${ROOT_SUMMARY}.`,
      '',
      'EXAMPLES',
      ...columns(ROOT_EXAMPLES.map(([command, note]) => [`$ ${command}`, note])),
      '',
      'COMMANDS',
      ...columns([...this.#nounRows(), ...singleRows(singles)]),
      '',
      'GLOBAL  --master HOST:PORT[,...] (MESOCTL_MASTER)  --json  --timeout DUR  --color WHEN  --debug',
      `MORE    mesoctl COMMAND --help · mesoctl help ${HELP_TOPICS.map(({ name }) => name).join('|')} · man mesoctl`,
    ].join('\n');
  }

  /** Topics of `help` come first; what is neither topic nor command is an error with the nearest command. */
  override async showHelp(argv: string[]): Promise<void> {
    const words = argv.filter((word) => !word.startsWith('-'));
    const topic = HELP_TOPICS.find(({ name }) => words.length === 1 && name === words[0]);
    if (topic !== undefined) return this.log(this.#formatHelpTopic(topic));
    if (words.length > 0 && !this.#isKnown(words)) throw unknownCommand(words, this.config);
    await super.showHelp(argv);
  }

  protected override showRootHelp(): Promise<void> {
    this.log(this.formatRoot());
    return Promise.resolve();
  }

  protected override showTopicHelp(topic: Interfaces.Topic): Promise<void> {
    const commands = this.#commands().filter(({ id }) => id.startsWith(`${topic.name}:`));
    const examples = commands.flatMap(({ examples = [] }) => examples.slice(0, 1)).slice(0, MAX_TOPIC_EXAMPLES);
    const lines = [
      topic.description ?? '',
      '',
      'EXAMPLES',
      ...examples.map((example) => `  $ ${exampleText(example)}`),
      '',
      'COMMANDS',
      ...columns(commands.map((command) => [spaced(command.id), firstLine(command)])),
      '',
      `MORE    mesoctl ${spaced(topic.name)} COMMAND --help · man mesoctl-${topic.name}`,
    ];
    this.log(lines.join('\n'));
    return Promise.resolve();
  }

  override showCommandHelp(command: Command.Loadable): Promise<void> {
    this.log(this.formatCommand(command));
    return Promise.resolve();
  }

  protected override formatCommand(command: Command.Loadable): string {
    const extras = (command as { helpExtras?: HelpExtras }).helpExtras;
    const lines = [firstLine(command)];
    const rest = (command.description ?? '').trim();
    if (rest !== '' && rest !== lines[0]) lines.push(...paragraphs(rest));
    const examples = (command.examples ?? []).map(exampleText);
    if (examples.length > 0) lines.push('', 'EXAMPLES', ...examples.map((example) => `  $ ${example}`));
    lines.push('', `USAGE  mesoctl ${spaced(command.id)}${usageOf(command)}`, ...flagLines(command));
    lines.push(...named('COLUMNS', extras?.columns), ...named('FIELDS', extras?.fields));
    lines.push(
      ...named('NEXT', extras?.next?.split(' · '), ' · '),
      ...named('EXIT', extras?.exits?.split(' · '), ' · '),
    );
    return lines.join('\n');
  }

  /** Whether `words` begin with a command or are a noun; what follows a command is its arguments. */
  #isKnown([noun = '', verb]: readonly string[]): boolean {
    const ids = this.config.commandIDs;
    if (ids.includes(noun)) return true;
    const id = verb === undefined ? noun : `${noun}:${verb}`;
    return ids.some((known) => known === id || known.startsWith(`${id}:`));
  }

  /** What people see: neither hidden commands nor second names, and `help` itself only in its own help. */
  #commands(): Command.Loadable[] {
    const shown = this.sortedCommands.filter(({ id, aliases }) => id !== 'help' && !aliases.includes(id));
    return shown.sort((left, right) => rankOf(left) - rankOf(right));
  }

  /** `task  launch list show  what runs on agents`, nouns in the order of package.json. */
  #nounRows(): Row[] {
    const described = Object.keys(this.config.pjson.oclif.topics ?? {});
    const commands = this.#commands().filter(({ id }) => id.includes(':'));
    const nouns = [...new Set([...described, ...commands.map(({ id }) => id.split(':')[0] ?? '')])];
    return nouns.flatMap((noun): Row[] => {
      const own = commands.filter(({ id }) => id.startsWith(`${noun}:`));
      // Of `snapshot save` and `snapshot restore` once the common word.
      const verbs = [...new Set(own.map(({ id }) => id.slice(noun.length + 1).split(':')[0] ?? ''))];
      const description = this.config.topics.find(({ name }) => name === noun)?.description ?? '';
      return verbs.length === 0 ? [] : [[`${noun.padEnd(11)} ${verbs.join(' ')}`, briefOfTopic(description)]];
    });
  }

  #formatHelpTopic({ name, summary, blocks }: HelpTopic): string {
    const globals = name === 'flags' ? globalFlagsOf(this.#commands()) : [];
    const lines = [`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`];
    if (globals.length > 0) lines.push('', ...flagColumns(globals));
    for (const block of blocks) lines.push('', ...blockLines(block));
    return lines.join('\n');
  }
}

function singleRows(commands: readonly Command.Loadable[]): Row[] {
  const own = commands.length > MAX_SINGLE_ROWS ? commands.slice(0, MAX_SINGLE_ROWS - 1) : commands;
  const others = commands.slice(own.length).map(({ id }) => id);
  const rows = own.map((command): Row => [command.id, briefOfSummary(firstLine(command))]);
  return others.length === 0 ? rows : [...rows, [others.join(' '), 'more, each with its own --help']];
}

/** Descriptions are wrapped in the source as it suits the source. */
function paragraphs(text: string): string[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => wrap(paragraph.replaceAll(/\s*\n\s*/g, ' '), WIDTH));
}

/** `NAME    one two three` */
function named(name: string, parts: readonly string[] = [], gap = ' '): string[] {
  const [first = '', ...more] = wrap(parts, WIDTH - NAME_WIDTH, gap);
  const indent = ' '.repeat(NAME_WIDTH);
  return parts.length === 0 ? [] : [`${name.padEnd(NAME_WIDTH)}${first}`, ...more.map((line) => `${indent}${line}`)];
}

function blockLines(block: HelpBlock): string[] {
  if ('text' in block) return wrap(block.text, WIDTH);
  return 'terms' in block ? columns(block.terms) : block.commands.map((command) => `  $ ${command}`);
}

function rankOf({ id }: Command.Loadable): number {
  const verb = id.split(':')[1];
  const order = verb === undefined ? SINGLE_COMMANDS : VERBS;
  const at = order.indexOf(verb ?? id);
  return at < 0 ? order.length : at;
}

function exampleText(example: Command.Example): string {
  return typeof example === 'string' ? example : example.command;
}

function usageOf(command: Command.Loadable): string {
  if (typeof command.usage === 'string') return ` ${command.usage}`;
  const args = Object.values(command.args)
    .filter(({ hidden }) => hidden !== true)
    .map((arg) => {
      const name = `${arg.name.toUpperCase()}${arg.multiple === true || command.strict === false ? '...' : ''}`;
      return arg.required === true ? name : `[${name}]`;
    });
  return [...args.map((arg) => ` ${arg}`), ' [flags]'].join('');
}

function flagLines(command: Command.Loadable): string[] {
  const groups = new Map<string, Flag[]>();
  for (const flag of shownFlags(command)) {
    const group = flag.helpGroup ?? 'FLAGS';
    groups.set(group, [...(groups.get(group) ?? []), flag]);
  }
  const globals = groups.get('GLOBAL') ?? [];
  groups.delete('GLOBAL');
  const argLines = Object.values(command.args).map((arg): Row => [arg.name.toUpperCase(), arg.description ?? '']);
  const lines = argLines.length === 0 ? [] : ['', 'ARGUMENTS', ...columns(argLines)];
  for (const [group, flags] of [...groups].sort(
    ([left], [right]) => Number(left === 'OTHER') - Number(right === 'OTHER'),
  ))
    lines.push('', group, ...flagColumns(flags));
  lines.push('', ...wrap(['GLOBAL', ...globals.map(labelOf), 'see "mesoctl help flags"'], WIDTH, '  '));
  return lines;
}

function flagColumns(flags: readonly Flag[]): string[] {
  const isIndented = flags.some(({ char }) => char !== undefined);
  return columns(
    flags.map((flag) => [`${isIndented && flag.char === undefined ? '    ' : ''}${labelOf(flag)}`, flag.summary ?? '']),
  );
}

function shownFlags(command: Command.Loadable): readonly Flag[] {
  return Object.values(command.flags).filter(({ hidden }) => hidden !== true);
}

/** Each once, as the first command that has it says it. */
function globalFlagsOf(commands: readonly Command.Loadable[]): readonly Flag[] {
  const globals = commands.flatMap(shownFlags).filter(({ helpGroup }) => helpGroup === 'GLOBAL');
  return [...new Map(globals.map((flag) => [flag.name, flag])).values()].sort((left, right) =>
    left.name < right.name ? -1 : 1,
  );
}

function labelOf(flag: Flag): string {
  const short = flag.char === undefined ? '' : `-${flag.char}, `;
  if (flag.type === 'boolean') return `${short}--${flag.allowNo === true ? '[no-]' : ''}${flag.name}`;
  const value = flag.helpValue ?? flag.options?.join('|') ?? 'VALUE';
  return `${short}--${flag.name} ${typeof value === 'string' ? value : value.join(' ')}`;
}

function firstLine(command: Command.Loadable): string {
  return (command.summary ?? command.description ?? '').split('\n')[0] ?? '';
}

function spaced(id: string): string {
  return id.replaceAll(':', ' ');
}

/** Two columns; a left text that is too wide for its column shares its line if it can, else it has its own. */
function columns(rows: readonly Row[]): string[] {
  const widest = Math.max(0, ...rows.map(([left]) => (left.length <= 44 ? left.length : 0)));
  return rows.flatMap(([left, right]) => {
    const indent = ' '.repeat(widest + 4);
    const wrapped = wrap(right, WIDTH - widest - 4);
    if (left.length > widest && typeof right === 'string' && left.length + right.length + 4 <= WIDTH)
      return [`  ${left}  ${right}`];
    if (left.length > widest)
      return [`  ${left}`, ...wrapped.map((line) => `${indent}${line}`)].filter((line) => line.trim() !== '');
    const [first = '', ...more] = wrapped;
    return [`  ${left.padEnd(widest)}  ${first}`.trimEnd(), ...more.map((line) => `${indent}${line}`)];
  });
}

/** `text` at its blanks, or `text` as parts that are not broken themselves. */
function wrap(text: string | readonly string[], width: number, gap = ' '): string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of typeof text === 'string' ? text.split(' ') : text) {
    if (line !== '' && line.length + gap.length + part.length > width) {
      lines.push(line);
      line = part;
    } else line = line === '' ? part : `${line}${gap}${part}`;
  }
  return line === '' ? lines : [...lines, line];
}
