/**
 * Command lines as users of Mesos and of other tools write them, brought into the form that the parser takes: global flags
 * before the command, `--agent_ping_timeout`, `--insecure=true`. What follows `--` belongs to the task and is never
 * touched. Pure.
 */

/** Flags that may stand before the command; true: with a value. */
export const LEADING_FLAGS: Readonly<Record<string, boolean>> = {
  '--master': true,
  '--timeout': true,
  '--color': true,
  '--output': true,
  '-o': true,
  '--columns': true,
  '--sort': true,
  '--limit': true,
  '-l': true,
  '--json': false,
  '--no-header': false,
  '--watch': false,
  '-w': false,
  '--quiet': false,
  '-q': false,
  '--yes': false,
  '-y': false,
  '--no-input': false,
  '--debug': false,
};

/** Nouns in the plural, as people type them; help does not list them. */
const PLURALS: Readonly<Record<string, string>> = {
  tasks: 'task',
  agents: 'agent',
  frameworks: 'framework',
  offers: 'offer',
  roles: 'role',
  masters: 'master',
};
const NOUNS: ReadonlySet<string> = new Set(Object.values(PLURALS));
/** Whole commands under another name. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  ls: ['task', 'list'],
  ps: ['task', 'list'],
};

/** `before` the first `--`, and what is `after` it; undefined: there is no `--`. */
export function splitAtDoubleDash(argv: readonly string[]): {
  readonly before: readonly string[];
  readonly after: readonly string[] | undefined;
} {
  const at = argv.indexOf('--');
  return at < 0 ? { before: argv, after: undefined } : { before: argv.slice(0, at), after: argv.slice(at + 1) };
}

/** `--master M task launch x` becomes `task launch x --master M`. */
export function moveLeadingFlags(argv: readonly string[]): readonly string[] {
  const { before, after } = splitAtDoubleDash(argv);
  let at = 0;
  while (at < before.length) {
    const [name = '', inlineValue] = splitAssignment(before[at] ?? '');
    const takesValue = LEADING_FLAGS[name];
    if (takesValue === undefined) break;
    at += takesValue && inlineValue === undefined ? 2 : 1;
  }
  const rest = before.slice(at);
  if (at === 0 || rest.length === 0) return argv;
  return [...rest, ...before.slice(0, at), ...(after === undefined ? [] : ['--', ...after])];
}

/** `ps`, `ls`, `tasks`, `agents show x`, `offer ls`: the hidden names of commands (design/ux, "Grammar"). */
export function expandHiddenNames(argv: readonly string[]): readonly string[] {
  const [first = '', second, ...rest] = argv;
  const other = OTHER_NAMES[first];
  if (other !== undefined) return [...other, ...argv.slice(1)];
  const noun = PLURALS[first] ?? first;
  if (!NOUNS.has(noun)) return argv;
  if (second === 'ls') return [noun, 'list', ...rest];
  const isBarePlural = noun !== first && noun !== 'master' && (second === undefined || second.startsWith('-'));
  return isBarePlural && !isHelp(second) ? [noun, 'list', ...argv.slice(1)] : [noun, ...argv.slice(1)];
}

/** `--sort -mem` becomes `--sort=-mem`: the parser would take the column for flags. */
export function joinSortValue(argv: readonly string[]): readonly string[] {
  const { before, after } = splitAtDoubleDash(argv);
  const joined: string[] = [];
  for (let i = 0; i < before.length; i++) {
    const [word = '', value] = before.slice(i, i + 2);
    const isJoined = word === '--sort' && value !== undefined && /^-[a-z]/i.test(value);
    joined.push(isJoined ? `${word}=${value}` : word);
    if (isJoined) i++;
  }
  return after === undefined ? joined : [...joined, '--', ...after];
}

/** Underscores in flag names become dashes; `--x=true` and `--x=false` of the named booleans become `--x` and `--no-x`. */
export function normalizeFlagSpelling(argv: readonly string[], booleanNames: ReadonlySet<string>): string[] {
  const { before, after } = splitAtDoubleDash(argv);
  const normalized = before.map((word) => {
    if (!/^--[A-Za-z]/.test(word)) return word;
    const [name = '', value] = splitAssignment(word);
    const plain = name.replaceAll('_', '-');
    if (value === undefined) return plain;
    if (!booleanNames.has(plain.slice(2))) return `${plain}=${value}`;
    if (value === 'true' || value === '1') return plain;
    return value === 'false' || value === '0' ? `--no-${plain.slice(2)}` : `${plain}=${value}`;
  });
  return after === undefined ? normalized : [...normalized, '--', ...after];
}

/** Whether errors are to be printed as JSON: `--json`, `-o json`. */
export function wantsJson(argv: readonly string[]): boolean {
  const { before } = splitAtDoubleDash(argv);
  return before.some(
    (word, i) =>
      word === '--json' ||
      word === '--output=json' ||
      word === '-ojson' ||
      (word === 'json' && ['-o', '--output'].includes(before[i - 1] ?? '')),
  );
}

export function wantsDebug(argv: readonly string[]): boolean {
  return splitAtDoubleDash(argv).before.includes('--debug');
}

function splitAssignment(word: string): readonly [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function isHelp(word: string | undefined): boolean {
  return word === '--help' || word === '-h';
}
