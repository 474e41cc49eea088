/**
 * What may stand at the cursor, from the words before it and the commands' metadata: the next word of a command, a flag, a
 * value of one, or a thing of the cluster, which the caller looks up. Values have a kind by the name that help gives them:
 * TASK, AGENT, FILE. Pure.
 */
import { LEADING_FLAGS } from '../arguments.js';
import { briefOfSummary, briefOfTopic } from '../brief.js';
import { HELP_TOPICS } from '../help-topics.js';

export interface Candidate {
  readonly value: string;
  /** A few words; may be empty. */
  readonly description: string;
}

export type LiveKind = 'TASKS' | 'AGENTS' | 'FRAMEWORKS' | 'OFFERS' | 'ROLES' | 'MASTERS';

export interface Completion {
  /** All that fit, in order of usefulness; each begins with what was typed. */
  readonly candidates: readonly Candidate[];
  /** What the cluster is to be asked for: names that begin with `reference`; `head` goes before each of them. */
  readonly live?: { readonly kind: LiveKind; readonly reference: string; readonly head: string } | undefined;
  /** Names of files are the answer. */
  readonly files: boolean;
  /** The value of `--master` on the line. */
  readonly master?: string | undefined;
}

interface FlagMetadata {
  readonly name: string;
  readonly type: 'boolean' | 'option';
  readonly char?: string | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly summary?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly allowNo?: boolean | undefined;
  readonly multiple?: boolean | undefined;
  readonly options?: readonly string[] | undefined;
  readonly helpValue?: string | readonly string[] | undefined;
}

interface ArgMetadata {
  readonly name: string;
  readonly hidden?: boolean | undefined;
  readonly multiple?: boolean | undefined;
  readonly options?: readonly string[] | undefined;
}

/** The part of oclif's manifest that counts here. */
export interface CommandMetadata {
  readonly id: string;
  readonly summary?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly strict?: boolean | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly hiddenAliases?: readonly string[] | undefined;
  readonly flags: Readonly<Record<string, FlagMetadata>>;
  readonly args: Readonly<Record<string, ArgMetadata>>;
  readonly helpExtras?: { readonly columns?: readonly string[]; readonly fields?: readonly string[] } | undefined;
}

export interface CommandTree {
  readonly commands: readonly CommandMetadata[];
  /** What the nouns mean. */
  readonly topics: Readonly<Record<string, { readonly description?: string | undefined }>>;
}

const NOTHING: Completion = { candidates: [], files: false };

const LIVE_KINDS: Readonly<Record<string, LiveKind>> = {
  TASK: 'TASKS',
  AGENT: 'AGENTS',
  FRAMEWORK: 'FRAMEWORKS',
  OFFER: 'OFFERS',
  ROLE: 'ROLES',
  MASTER: 'MASTERS',
};
const FILE_KINDS = new Set(['FILE', 'PATH', 'DIR']);

/** `words`: what stands between the program's name and the word at the cursor, `current`: that word up to the cursor. */
export function complete(tree: CommandTree, words: readonly string[], current: string): Completion {
  // What follows belongs to the task.
  if (words.includes('--')) return { ...NOTHING, files: true };
  const line = readLine(tree, words);
  const answer = completeWord(tree, line, current);
  return line.master === undefined ? answer : { ...answer, master: line.master };
}

interface Line {
  /** Words of the command, as far as they are known to be of it. */
  readonly path: readonly string[];
  readonly command: CommandMetadata | undefined;
  /** What follows the command without being a flag or its value. */
  readonly args: readonly string[];
  readonly given: ReadonlySet<string>;
  /** The flag whose value the next word is. */
  readonly open: FlagMetadata | undefined;
  readonly master: string | undefined;
}

function readLine(tree: CommandTree, words: readonly string[]): Line {
  const path: string[] = [];
  const args: string[] = [];
  const given = new Set<string>();
  let command: CommandMetadata | undefined;
  let open: FlagMetadata | undefined;
  let master: string | undefined;
  const close = (flag: FlagMetadata, value: string) => {
    if (flag.name === 'master') master = value;
  };
  for (const word of words) {
    if (open !== undefined) {
      close(open, word);
      open = undefined;
    } else if (word.startsWith('-') && word.length > 1) {
      const [name, value] = splitAtEquals(word);
      const flag = findFlag(command, tree, name);
      if (flag === undefined) continue;
      given.add(flag.name);
      if (flag.type === 'boolean') continue;
      const attached = value ?? attachedValue(word);
      if (attached === undefined) open = flag;
      else close(flag, attached);
    } else if (command !== undefined && !hasMore(tree, [...path, word])) args.push(word);
    else {
      path.push(word);
      command = findCommand(tree, path);
    }
  }
  return { path, command, args, given, open, master };
}

function completeWord(tree: CommandTree, line: Line, current: string): Completion {
  const { command, open } = line;
  if (open !== undefined) return completeFlagValue(open, command, { head: '', typed: current });
  if (current.startsWith('-')) {
    const [name, value] = splitAtEquals(current);
    if (value === undefined) return starting(current, flagCandidates(tree, line, current));
    const flag = findFlag(command, tree, name);
    if (flag === undefined || flag.type === 'boolean') return NOTHING;
    return completeFlagValue(flag, command, { head: `${name}=`, typed: value });
  }
  if (line.path[0] === 'help') return starting(current, helpCandidates(tree, line.path.slice(1)));
  const next = nextWords(tree, line.path);
  if (command === undefined || next.length > 0) return starting(current, next);
  return completeArgument(command, line.args, current);
}

// Commands.

function findCommand(tree: CommandTree, path: readonly string[]): CommandMetadata | undefined {
  const id = path.join(':');
  return tree.commands.find(
    (command) => command.id === id || [...(command.aliases ?? []), ...(command.hiddenAliases ?? [])].includes(id),
  );
}

function hasMore(tree: CommandTree, path: readonly string[]): boolean {
  const id = path.join(':');
  return tree.commands.some((command) => command.id === id || command.id.startsWith(`${id}:`));
}

/** Nouns and single commands, or the verbs of a noun. */
function nextWords(tree: CommandTree, path: readonly string[]): readonly Candidate[] {
  const depth = path.length;
  const found = new Map<string, Candidate>();
  for (const { id, hidden, summary } of tree.commands) {
    const parts = id.split(':');
    const value = parts[depth];
    if (hidden === true || value === undefined || path.some((word, i) => word !== parts[i]) || found.has(value))
      continue;
    const topic = tree.topics[parts.slice(0, depth + 1).join(':')]?.description ?? '';
    const description = parts.length === depth + 1 ? briefOfSummary(summary ?? '') : briefOfTopic(topic);
    found.set(value, { value, description });
  }
  const words = [...found.values()].sort((left, right) => (left.value < right.value ? -1 : 1));
  return depth > 0 ? words : [...words, { value: 'help', description: 'explain a command or a topic' }];
}

function helpCandidates(tree: CommandTree, path: readonly string[]): readonly Candidate[] {
  const commands = nextWords(tree, path).filter(({ value }) => value !== 'help');
  if (path.length > 0) return commands;
  return [...commands, ...HELP_TOPICS.map(({ name, summary }) => ({ value: name, description: summary }))];
}

// Flags.

/** Before the command only those of all commands are known: the first command that has one says what it is. */
function findFlag(command: CommandMetadata | undefined, tree: CommandTree, written: string): FlagMetadata | undefined {
  if (!written.startsWith('--')) {
    const flags = command === undefined ? leadingFlags(tree) : Object.values(command.flags);
    return flags.find(({ char }) => char !== undefined && char === written[1]);
  }
  const name = written.slice(2).replaceAll('_', '-');
  const flags = command === undefined ? leadingFlags(tree) : Object.values(command.flags);
  return flags.find(
    (flag) =>
      flag.name === name ||
      flag.aliases?.includes(name) === true ||
      (flag.allowNo === true && name === `no-${flag.name}`),
  );
}

function leadingFlags(tree: CommandTree): readonly FlagMetadata[] {
  const found = new Map<string, FlagMetadata>();
  for (const command of tree.commands)
    for (const flag of Object.values(command.flags))
      if (`--${flag.name}` in LEADING_FLAGS && !found.has(flag.name)) found.set(flag.name, flag);
  return [...found.values()];
}

function flagCandidates(tree: CommandTree, { command, given }: Line, current: string): readonly Candidate[] {
  const flags = (command === undefined ? leadingFlags(tree) : Object.values(command.flags))
    .filter(({ name, hidden, multiple }) => hidden !== true && (multiple === true || !given.has(name)))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  const candidates = flags.flatMap(({ name, allowNo, summary = '' }): Candidate[] => {
    const plain = { value: `--${name}`, description: summary };
    // The opposites only when asked for: they would double the list.
    return allowNo === true && current.startsWith('--n')
      ? [plain, { value: `--no-${name}`, description: `not: ${summary}` }]
      : [plain];
  });
  return [...candidates, { value: '--help', description: 'show help' }];
}

/** `-ojson` */
function attachedValue(word: string): string | undefined {
  return !word.startsWith('--') && word.length > 2 ? word.slice(2) : undefined;
}

// Values.

function completeArgument(command: CommandMetadata, args: readonly string[], current: string): Completion {
  const known = Object.values(command.args);
  const last = known.at(-1);
  const isOpenEnded = last !== undefined && (last.multiple === true || command.strict === false);
  const arg = known[args.length] ?? (isOpenEnded ? last : undefined);
  if (arg === undefined) return NOTHING;
  // An `id` is of the kind that the word before it says: `why task ID`.
  const kind = arg.name === 'id' ? (args.at(-1) ?? '') : arg.name;
  const answer = completeValue(kind.toUpperCase(), arg.options, { head: '', typed: current });
  return { ...answer, candidates: answer.candidates.filter(({ value }) => !args.includes(value)) };
}

interface Typed {
  /** What stands before the value in the same word. */
  readonly head: string;
  readonly typed: string;
}

/** Of lists the names of columns and fields; else what the name of the value says. */
function completeFlagValue(
  flag: FlagMetadata,
  command: CommandMetadata | undefined,
  { head, typed }: Typed,
): Completion {
  const { columns, fields = [] } = command?.helpExtras ?? {};
  const name = valueNameOf(flag);
  if (name === '[-]FIELD') {
    const sign = typed.startsWith('-') ? '-' : '';
    return completeValue(
      name,
      fields.map((field) => `${sign}${field}`),
      { head, typed },
    );
  }
  if (name === 'FILTER')
    return completeValue(
      name,
      fields.map((field) => `${field}=`),
      { head, typed },
    );
  return completeValue(name, name === 'COLUMN,...' ? columns : flag.options, { head, typed });
}

/** `name` as help writes it: TASK, TASKS, `ROLE,...`, `a|b`. */
function completeValue(name: string, options: readonly string[] | undefined, { head, typed }: Typed): Completion {
  const isList = name.endsWith(',...');
  const listHead = isList ? typed.slice(0, typed.lastIndexOf(',') + 1) : '';
  const kind = name.replace(/[,.]*$/, '').replace(/(?<=[A-Z])S$/, '');
  const liveKind = LIVE_KINDS[kind];
  const reference = typed.slice(listHead.length);
  if (liveKind !== undefined) return { ...NOTHING, live: { kind: liveKind, reference, head: `${head}${listHead}` } };
  if (FILE_KINDS.has(kind)) return { ...NOTHING, files: true };
  const values = options ?? (/^[a-z][\w-]*([|,][a-z][\w-]*)+$/.test(kind) ? kind.split(/[|,]/) : []);
  return starting(
    `${head}${typed}`,
    values.map((value) => ({ value: `${head}${listHead}${value}`, description: '' })),
  );
}

function valueNameOf(flag: FlagMetadata): string {
  return [flag.helpValue ?? flag.options?.join('|') ?? ''].flat()[0] ?? '';
}

function splitAtEquals(word: string): readonly [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function starting(typed: string, candidates: readonly Candidate[]): Completion {
  return { candidates: candidates.filter(({ value }) => value.startsWith(typed)), files: false };
}
