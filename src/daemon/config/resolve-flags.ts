/**
 * Which value each flag of a table has: flag, else environment, else configuration file, else default. Every error names
 * the flag, where its value came from, and what is allowed. Reads files only for `file://` values, through `readText`.
 */
import { MesoError, messageOf } from '../../base/error.js';
import { isRejection } from '../../base/rejection.js';
import {
  defaultTextOf,
  environmentNamesOf,
  type Flag,
  type FlagContext,
  type FlagTable,
  type FlagValues,
  mesosNameOf,
} from './flag.js';

/** What a command line, a file or a test gives for one flag. */
export type FlagInput = string | number | boolean;

export interface FlagSources {
  /** By flag name in kebab case, from the command line. */
  readonly flags: Readonly<Record<string, FlagInput | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By flag name in either spelling, from the configuration file. */
  readonly file?: Readonly<Record<string, unknown>> | undefined;
  readonly isRoot: boolean;
  /** Reads the file of a `file://` value; throws when it cannot. */
  readonly readText: (path: string) => string;
}

export interface ResolvedFlags<Table extends FlagTable> {
  readonly values: FlagValues<Table>;
  /** Mesos flag name (underscores) to text, defaults included, for GET_FLAGS and /state. */
  readonly texts: Readonly<Record<string, string>>;
  /** Keys of the table that somebody gave, and where: `--port`, `MESOS_PORT`, `port in /etc/mesoctl.json`. */
  readonly origins: ReadonlyMap<string, string>;
}

interface Found {
  readonly text: string;
  readonly origin: string;
}

export function resolveFlags<Table extends FlagTable>(table: Table, sources: FlagSources): ResolvedFlags<Table> {
  refuseUnknownKeys(table, sources.file ?? {});
  const values: Record<string, unknown> = {};
  const texts: Record<string, string> = {};
  const origins = new Map<string, string>();
  const context: FlagContext = { isRoot: sources.isRoot, env: sources.env };
  for (const [key, row] of Object.entries(table)) {
    const found = findText(row, sources);
    if (found !== undefined) origins.set(key, found.origin);
    const text = found?.text ?? defaultTextOf(row, context);
    values[key] = undefined;
    if (text === undefined) continue;
    values[key] = parseFlag(row, { text, origin: found?.origin ?? `--${row.spec.name}` }, sources);
    texts[mesosNameOf(row.spec.name)] = text;
  }
  // Each key of the table was parsed by its own kind, or is absent, which its type allows.
  return { values: values as FlagValues<Table>, texts, origins };
}

function findText({ spec }: Flag<unknown>, { flags, env, file }: FlagSources): Found | undefined {
  const given = flags[spec.name];
  if (given !== undefined) return { text: String(given), origin: `--${spec.name}` };
  for (const name of environmentNamesOf(spec)) {
    const value = env[name];
    if (value !== undefined && value !== '') return { text: value, origin: name };
  }
  for (const name of [spec.name, ...(spec.aliases ?? [])])
    for (const spelling of [name, mesosNameOf(name)]) {
      const value = file?.[spelling];
      if (value !== undefined && value !== null)
        return { text: textOfFileValue(value), origin: `"${spelling}" of the configuration file` };
    }
  return undefined;
}

/** Objects and arrays are how a file writes JSON values. */
function textOfFileValue(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function parseFlag({ spec }: Flag<unknown>, found: Found, sources: FlagSources): unknown {
  const text =
    found.text.startsWith('file://') && spec.kind.isPath !== true ? readValue(spec.name, found, sources) : found.text;
  const value = spec.kind.parse(text);
  if (!isRejection(value)) return value;
  throw badFlag(spec.name, found, value.message, spec.kind.allowed);
}

function readValue(name: string, found: Found, sources: FlagSources): string {
  try {
    return sources.readText(found.text.slice('file://'.length)).trim();
  } catch (error) {
    throw badFlag(name, found, `cannot read the file: ${messageOf(error)}`, 'a readable file');
  }
}

function badFlag(name: string, { text, origin }: Found, problem: string, allowed: string): MesoError {
  const shown = text.length > 100 ? `${text.slice(0, 100)}...` : text;
  return new MesoError('BAD_INPUT', `${origin} is "${shown}": ${problem}`, {
    details: { flag: name, value: text, origin, allowed },
    suggestions: [`--${name} takes ${allowed}`],
  });
}

function refuseUnknownKeys(table: FlagTable, file: Readonly<Record<string, unknown>>): void {
  const known = new Set(
    Object.values(table).flatMap(({ spec }) => [spec.name, ...(spec.aliases ?? [])].map(mesosNameOf)),
  );
  for (const key of Object.keys(file))
    if (!known.has(mesosNameOf(key)))
      throw new MesoError('BAD_INPUT', `the configuration file has the key "${key}", which is not a flag`, {
        details: { key },
      });
}
