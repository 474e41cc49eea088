/** What `task launch` and `dev` are asked to run, checked. Pure but for the names of the user and of its environment. */
import { MesoError } from '../../base/error.js';
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { validateRole } from '../../wire/validation/roles.js';

/** Cores, MB, MB. */
export interface Amounts {
  readonly cpus: number;
  readonly mem: number;
  readonly disk: number;
}

export interface TaskRequest {
  readonly name: string;
  readonly command: mesos.CommandInfo;
  readonly amounts: Amounts;
  readonly role: string;
  readonly user: string;
}

/** As the command line gives it. */
export interface TaskRequestInput {
  /** Everything after `--`. */
  readonly words: readonly string[];
  readonly name?: string | undefined;
  readonly cpus: string;
  readonly mem: string;
  readonly disk: string;
  /** NAME=VALUE, or NAME to pass on the caller's own value. */
  readonly env: readonly string[];
  readonly role: string;
  readonly user?: string | undefined;
}

export interface Surroundings {
  readonly userName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Small enough for any agent: a task gets idle cpus beyond its share, but not memory. */
export const DEFAULT_CPUS = '0.1';
export const DEFAULT_MEM = '256';
export const DEFAULT_DISK = '0';

const MEGABYTES_OF_UNIT: Readonly<Record<string, number>> = { K: 1 / 1024, M: 1, G: 1024, T: 1024 ** 2 };
/** Mesos counts in thousandths, and no machine has more. */
const MIN_CPUS = 0.001;
const MAX_AMOUNT = 1e12;

/** Throws BAD_INPUT naming the flag. */
export function parseTaskRequest(input: TaskRequestInput, { userName, env }: Surroundings): TaskRequest {
  const [first] = input.words;
  if (first === undefined || first === '')
    throw new MesoError('BAD_INPUT', 'nothing to run: write -- and then the command', {
      suggestions: ['mesoctl task launch -- echo hello'],
    });
  const environment = check('--env', parseEnvironment(input.env, env));
  const roleProblem = validateRole(input.role);
  if (roleProblem !== undefined) check('--role', roleProblem);
  return {
    name: check('--name', parseName(input.name ?? nameOfProgram(input.words))),
    command: { ...commandOf(input.words), user: input.user, environment },
    amounts: {
      cpus: check('--cpus', parseAmount(input.cpus, MIN_CPUS)),
      mem: check('--mem', parseMegabytes(input.mem)),
      disk: check('--disk', parseMegabytes(input.disk)),
    },
    role: input.role,
    user: input.user ?? userName,
  };
}

/**
 * Several words are a program and its arguments, as they are. A single word with blanks cannot be meant as the name of a
 * program: it is a command line, and a shell reads it.
 */
function commandOf(words: readonly string[]): mesos.CommandInfo {
  const [first = ''] = words;
  if (words.length === 1 && /\s/.test(first)) return { shell: true, value: first };
  return { shell: false, value: first, arguments: [...words] };
}

function check<T>(flag: string, parsed: T | Rejection): T {
  if (isRejection(parsed)) throw new MesoError('BAD_INPUT', `${flag}: ${parsed.message}`, { details: { flag } });
  return parsed;
}

/** A number of at least `min`. */
export function parseAmount(text: string, min: number): number | Rejection {
  const value = /^\d*\.?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (Number.isNaN(value) || value < min || value > MAX_AMOUNT)
    return reject('invalid', `"${text}" is not a number of at least ${min}`);
  return value;
}

/** `512`, `512M`, `0.5G`, `512MB`: MB, powers of 1024. */
export function parseMegabytes(text: string): number | Rejection {
  const match = /^(\d*\.?\d+)\s*([KMGT])?B?$/i.exec(text.trim());
  const perUnit = MEGABYTES_OF_UNIT[match?.[2]?.toUpperCase() ?? 'M'];
  const value = Number(match?.[1] ?? Number.NaN) * (perUnit ?? Number.NaN);
  if (Number.isNaN(value) || value > MAX_AMOUNT)
    return reject('invalid', `"${text}" is not a size: write 512, 512M or 2G`);
  return value;
}

function parseEnvironment(
  pairs: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): mesos.Environment | undefined | Rejection {
  const variables: mesos.Environment_Variable[] = [];
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const name = at < 0 ? pair : pair.slice(0, at);
    const value = at < 0 ? env[name] : pair.slice(at + 1);
    if (name === '' || pair.includes('\0')) return reject('invalid', `"${pair}" is not NAME=VALUE`);
    if (value === undefined) return reject('invalid', `"${name}" has no value here: write ${name}=VALUE`);
    variables.push({ name, type: 'VALUE', value });
  }
  return variables.length === 0 ? undefined : { variables };
}

/** A name becomes part of the task's id and of a directory. */
function parseName(name: string): string | Rejection {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name)) return name;
  return reject('invalid', `"${name}" is not a name: up to 100 letters, digits, "_", "-" and "."`);
}

function nameOfProgram(words: readonly string[]): string {
  const [first = ''] = words;
  const program = words.length === 1 ? (first.trim().split(/\s/)[0] ?? '') : first;
  const plain = (program.split('/').at(-1) ?? '')
    .replace(/[^A-Za-z0-9_.-]/g, '-')
    .replace(/^[^A-Za-z0-9_]+/, '')
    .slice(0, 60);
  return plain === '' ? 'task' : plain;
}
