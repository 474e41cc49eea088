/**
 * Command lines as users of Mesos and of other tools write them, brought into the form that the parser takes: global flags
 * before the command, `--agent_ping_timeout`, `--insecure=true`. What follows `--` belongs to the task and is never
 * touched. Pure.
 */

/** Flags that may stand before the command; true: with a value. */
const LEADING_FLAGS: Readonly<Record<string, boolean>> = {
  '--master': true,
  '--timeout': true,
  '--color': true,
  '--output': true,
  '-o': true,
  '--json': false,
  '--debug': false,
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
