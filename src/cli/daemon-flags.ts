/** From a flag table to what oclif takes: the only place where the two meet. */

import { defaultTextOf, type FlagTable } from '../daemon/config/flag.js';
import type { FlagInput } from '../daemon/config/resolve-flags.js';
import { Flags } from './oclif.js';

const HELP_CONTEXT = { isRoot: true, env: {} };

/**
 * No default is handed over: oclif must not know one, or the environment and the file could never win over it. Help shows
 * the default of root.
 */
export function daemonFlagsOf(table: FlagTable) {
  const entries = Object.values(table).map((row) => {
    const { spec } = row;
    const text = defaultTextOf(row, HELP_CONTEXT);
    const summary =
      text === undefined || text === '' || spec.kind.isBoolean ? spec.summary : `${spec.summary} (${text})`;
    const shared = { summary, aliases: [...(spec.aliases ?? [])], helpGroup: spec.group.toUpperCase() };
    const option =
      spec.kind.isBoolean === true
        ? Flags.boolean({ ...shared, allowNo: true })
        : Flags.string({ ...shared, helpValue: spec.kind.label, noCacheDefault: true });
    return [spec.name, option] as const;
  });
  return {
    ...Object.fromEntries(entries),
    config: Flags.string({
      summary: 'JSON file of flags; the command line and MESOS_* win over it',
      helpValue: 'FILE',
      helpGroup: 'OTHER',
    }),
  };
}

export function booleanNamesOf(table: FlagTable): ReadonlySet<string> {
  return new Set(
    Object.values(table).flatMap(({ spec }) =>
      spec.kind.isBoolean === true ? [spec.name, ...(spec.aliases ?? [])] : [],
    ),
  );
}

/** What the parser found, by flag name. */
export function givenFlags(
  table: FlagTable,
  parsed: Readonly<Record<string, unknown>>,
): Record<string, FlagInput | undefined> {
  return Object.fromEntries(
    Object.values(table).map(({ spec }) => {
      const value = parsed[spec.name];
      return [spec.name, typeof value === 'string' || typeof value === 'boolean' ? value : undefined];
    }),
  );
}
