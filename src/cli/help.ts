/**
 * Help as design/ux section 2 wants it: what it is, examples first, then usage and flags; without arguments at most 24
 * lines. Made of the manifest alone, so it loads no command.
 */
import { type Command, Help, type Interfaces } from '@oclif/core';
import type { HelpExtras } from './base-command.js';

type Flag = Command.Flag.Cached;

const EXAMPLES = [
  ["mesoctl dev -- sh -c 'echo hello from $(hostname)'", 'a cluster for one task'],
  ['mesoctl dev --agents 3', 'a cluster until Ctrl-C'],
  ['mesoctl master start', 'a master, port 5050'],
  ['mesoctl agent join m1:5050', 'this machine runs tasks'],
  ['mesoctl task launch --mem 64 -- sleep 10', 'run, follow, exit alike'],
] as const;

const WIDTH = 100;

export class MesoctlHelp extends Help {
  override formatRoot(): string {
    const commands = this.sortedCommands.filter(({ id }) => !id.startsWith('help') && !id.startsWith('autocomplete'));
    return [
      `mesoctl ${this.config.version}: a cluster in one command; speaks the Apache Mesos v1 HTTP APIs.`,
      '',
      'EXAMPLES',
      ...columns(EXAMPLES.map(([command, note]) => [`$ ${command}`, note])),
      '',
      'COMMANDS',
      ...columns(commands.map((command) => [spaced(command.id), firstLine(command)])),
      '',
      'GLOBAL  --master HOST:PORT[,...] (MESOCTL_MASTER)  --json  --timeout DUR  --color WHEN  --debug',
      'MORE    mesoctl COMMAND --help · mesoctl autocomplete (completion for bash, zsh)',
    ].join('\n');
  }

  protected override showRootHelp(): Promise<void> {
    this.log(this.formatRoot());
    return Promise.resolve();
  }

  protected override showTopicHelp(topic: Interfaces.Topic): Promise<void> {
    const commands = this.sortedCommands.filter(({ id }) => id.startsWith(`${topic.name}:`));
    const lines = [
      topic.description ?? '',
      '',
      'COMMANDS',
      ...columns(commands.map((command) => [spaced(command.id), firstLine(command)])),
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
    const rest = written((command.description ?? '').trim(), command);
    if (rest !== '' && rest !== lines[0]) lines.push(...rest.split('\n'));
    const examples = (command.examples ?? []).flatMap((example) =>
      typeof example === 'string' ? [example] : [example.command],
    );
    if (examples.length > 0)
      lines.push('', 'EXAMPLES', ...examples.map((example) => `  $ ${written(example, command)}`));
    lines.push('', `USAGE  mesoctl ${spaced(command.id)}${usageOf(command)}`, ...flagLines(command));
    if (extras?.next !== undefined) lines.push(`NEXT    ${extras.next}`);
    if (extras?.exits !== undefined) lines.push(`EXIT    ${extras.exits}`);
    return lines.join('\n');
  }
}

/** Commands of plugins spell examples as templates, some with the prompt. */
function written(text: string, { id }: Command.Loadable): string {
  return text
    .replace(/^\$ /, '')
    .replaceAll(/<%=\s*config\.bin\s*%>/g, 'mesoctl')
    .replaceAll(/<%=\s*command\.id\s*%>/g, spaced(id));
}

function usageOf(command: Command.Loadable): string {
  if (typeof command.usage === 'string') return ` ${command.usage}`;
  const args = Object.values(command.args)
    .filter(({ hidden }) => hidden !== true)
    .map(({ name, required }) => (required === true ? name.toUpperCase() : `[${name.toUpperCase()}]`));
  return [...args.map((arg) => ` ${arg}`), ' [flags]'].join('');
}

function flagLines(command: Command.Loadable): string[] {
  const shown = Object.values(command.flags).filter(({ hidden }) => hidden !== true);
  const groups = new Map<string, Flag[]>();
  for (const flag of shown) {
    const group = flag.helpGroup ?? 'FLAGS';
    groups.set(group, [...(groups.get(group) ?? []), flag]);
  }
  const globals = groups.get('GLOBAL') ?? [];
  groups.delete('GLOBAL');
  const argLines = Object.values(command.args).map((arg): [string, string] => [
    arg.name.toUpperCase(),
    arg.description ?? '',
  ]);
  const lines = argLines.length === 0 ? [] : ['', 'ARGUMENTS', ...columns(argLines)];
  for (const [group, flags] of groups)
    lines.push('', group, ...columns(flags.map((flag) => [labelOf(flag), flag.summary ?? ''])));
  lines.push('', `GLOBAL  ${globals.map((flag) => labelOf(flag).trim()).join('  ')}`);
  return lines;
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

/** Two columns; a left text that is too wide for its column gets its own line. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const widest = Math.max(0, ...rows.map(([left]) => (left.length <= 44 ? left.length : 0)));
  return rows.flatMap(([left, right]) => {
    const indent = ' '.repeat(widest + 4);
    const wrapped = wrap(right, WIDTH - widest - 4);
    if (left.length > widest)
      return [`  ${left}`, ...wrapped.map((line) => `${indent}${line}`)].filter((line) => line.trim() !== '');
    const [first = '', ...more] = wrapped;
    return [`  ${left.padEnd(widest)}  ${first}`.trimEnd(), ...more.map((line) => `${indent}${line}`)];
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
