/**
 * Reads everything that a member finds in its database when it starts, verifies each row of it and that the rows agree with
 * each other. Throws WORK_DIR_CORRUPT naming the file: the Raft core only ever sees a log without gaps or doubts.
 */
import type { Database } from 'better-sqlite3';
import type { Configuration } from '../core/configuration.js';
import type { Entry, HardState, StoredState } from '../core/protocol.js';
import { corrupt } from './log-error.js';
import { type Applied, type Base, type RaftTables, sizeOnDisk } from './raft-tables.js';

export interface LoadedLog {
  readonly stored: StoredState;
  readonly applied: Applied;
  /** Of all entries, as `sizeOnDisk` counts. */
  readonly bytes: number;
}

/** `recentBytes`: how much of the end of the log to keep in memory. */
export function loadLog(database: Database, tables: RaftTables, file: string, recentBytes: number): LoadedLog {
  const hardState = tables.getHardState();
  const base = tables.getBase();
  const applied = tables.getApplied();
  const { first, last } = extentOf(database);
  const lastIndex = last ?? base.index;
  if (first !== undefined && first !== base.index + 1)
    throw corrupt(file, `its log begins at ${first}, behind ${base.index}`);
  const scan = scanEntries(tables.iterate(base.index + 1, lastIndex), recentBytes);
  checkAgreement({ hardState, base, applied, lastIndex, terms: scan.terms }, file);
  const { terms, configurations, recent } = scan;
  return {
    stored: { hardState, base, terms, lastIndex, configurations, recent, applied: applied.index },
    applied,
    bytes: scan.bytes,
  };
}

function extentOf(database: Database): { readonly first: number | undefined; readonly last: number | undefined } {
  const row = database
    .prepare<[], { first: number | null; last: number | null }>(
      'SELECT (SELECT min(idx) FROM raft_entries) AS first, (SELECT max(idx) FROM raft_entries) AS last',
    )
    .get();
  return { first: row?.first ?? undefined, last: row?.last ?? undefined };
}

interface Scan {
  readonly terms: { term: number; firstIndex: number }[];
  readonly configurations: { index: number; configuration: Configuration }[];
  readonly recent: Entry[];
  readonly bytes: number;
}

function scanEntries(entries: Iterable<Entry>, recentBytes: number): Scan {
  const terms: { term: number; firstIndex: number }[] = [];
  const configurations: { index: number; configuration: Configuration }[] = [];
  let recent: Entry[] = [];
  let [bytes, keptBytes, dropped] = [0, 0, 0];
  for (const entry of entries) {
    const { index, term, body } = entry;
    if (terms.at(-1)?.term !== term) terms.push({ term, firstIndex: index });
    if (body.kind === 'configuration') configurations.push({ index, configuration: body.configuration });
    recent.push(entry);
    bytes += sizeOnDisk(entry);
    keptBytes += sizeOnDisk(entry);
    while (keptBytes > recentBytes) keptBytes -= sizeOnDisk(recent[dropped++] as Entry);
    // In lots: moving what stays costs as much as what is dropped.
    if (dropped > recent.length / 2) {
      recent = recent.slice(dropped);
      dropped = 0;
    }
  }
  return { terms, configurations, recent: recent.slice(dropped), bytes };
}

interface Facts {
  readonly hardState: HardState;
  readonly base: Base;
  readonly applied: Applied;
  readonly lastIndex: number;
  readonly terms: StoredState['terms'];
}

function checkAgreement({ hardState, base, applied, lastIndex, terms }: Facts, file: string): void {
  let term = base.term;
  for (const run of terms) {
    if (run.term < term) throw corrupt(file, `the term of its log goes back at ${run.firstIndex}`);
    term = run.term;
  }
  if (hardState.term < term) throw corrupt(file, `its term is ${hardState.term}, that of its log ${term}`);
  if (hardState.commit > lastIndex)
    throw corrupt(file, `its log ends at ${lastIndex}, and ${hardState.commit} was agreed on`);
  if (applied.index < base.index || applied.index > lastIndex)
    throw corrupt(file, `its log holds ${base.index} to ${lastIndex}, its tables are those of ${applied.index}`);
  const appliedTerm = terms.findLast(({ firstIndex }) => firstIndex <= applied.index)?.term ?? base.term;
  if (applied.term !== appliedTerm)
    throw corrupt(file, `entry ${applied.index} is of term ${appliedTerm}, its tables say ${applied.term}`);
}
