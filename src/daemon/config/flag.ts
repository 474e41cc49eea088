/**
 * What a flag of a daemon is, as data: command line, environment, configuration file, validation, help and man page are
 * all made of the same row (architecture, section 8). A table maps the property of the daemon's config to its flag.
 *
 * Invariants: names are Mesos' own where Mesos has the flag, in kebab case; a default is text and goes through the same
 * parser as what users write, so no default can be invalid; nothing here reads the machine.
 */
import type { Rejection } from '../../base/rejection.js';

/** How a value is written and what is allowed. */
export interface FlagKind<T> {
  /** Stands for the value in help: DURATION, PORT, ... */
  readonly label: string;
  /** What is allowed, for people: "a duration from 1secs to 15mins". */
  readonly allowed: string;
  parse(text: string): T | Rejection;
  /** on or off: `--x` and `--no-x`. */
  readonly isBoolean?: boolean | undefined;
  /** `file:///path` is the value itself (a path), not where the value is to be read. */
  readonly isPath?: boolean | undefined;
}

/** Sections of the help. */
export type FlagGroup = 'network' | 'raft' | 'storage' | 'cluster' | 'limits' | 'isolation' | 'tasks' | 'other';

/** What a default may depend on. */
export interface FlagContext {
  readonly isRoot: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface FlagSpec<T> {
  readonly name: string;
  readonly summary: string;
  readonly kind: FlagKind<T>;
  readonly group: FlagGroup;
  /** Other spellings: old names of Mesos. */
  readonly aliases?: readonly string[] | undefined;
  /** Further environment variables, after the MESOS_ ones. */
  readonly environment?: readonly string[] | undefined;
}

type DefaultText = string | ((context: FlagContext) => string);

export interface Flag<T> {
  readonly spec: FlagSpec<NonNullable<T>>;
  /** undefined: the value is undefined when nobody gives one. */
  readonly defaultText?: DefaultText | undefined;
  /** Only carries the type. */
  readonly valueType?: T | undefined;
}

/** Property of the daemon's config to flag. */
export type FlagTable = Readonly<Record<string, Flag<unknown>>>;

export type FlagValues<Table extends FlagTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Flag<infer T> ? T : never;
};

/** A flag that always has a value. */
export function flag<T>(spec: FlagSpec<NonNullable<T>>, defaultText: DefaultText): Flag<T> {
  return { spec, defaultText };
}

/** A flag that may be left out, then its value is undefined. */
export function optionalFlag<T>(spec: FlagSpec<NonNullable<T>>): Flag<T | undefined> {
  return { spec };
}

/** `agent-ping-timeout` as Mesos writes it: `agent_ping_timeout`. */
export function mesosNameOf(name: string): string {
  return name.replaceAll('-', '_');
}

/** Environment variables of a flag, the first one set counts. */
export function environmentNamesOf(spec: Pick<FlagSpec<never>, 'name' | 'aliases' | 'environment'>): readonly string[] {
  const names = [spec.name, ...(spec.aliases ?? [])].map((name) => `MESOS_${mesosNameOf(name).toUpperCase()}`);
  return [...names, ...(spec.environment ?? [])];
}

/** The text of the default in `context`. */
export function defaultTextOf(flagRow: Flag<unknown>, context: FlagContext): string | undefined {
  return typeof flagRow.defaultText === 'function' ? flagRow.defaultText(context) : flagRow.defaultText;
}
