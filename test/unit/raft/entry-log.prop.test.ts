/** The log with its runs of terms and its window of entries against a plain array. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EMPTY_CONFIGURATION } from '../../../src/raft/core/configuration.js';
import { EntryLog } from '../../../src/raft/core/entry-log.js';
import type { Entry } from '../../../src/raft/core/protocol.js';

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 5 }),
      raise: fc.nat(2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('truncate' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('compact' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'hand' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'persist' as const }) },
);

it('agrees with a plain array, and never calls durable what a later batch overwrites', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const log = new EntryLog(
        {
          hardState: { term: 0, vote: undefined, commit: 0 },
          base: { index: 0, term: 0, configuration: EMPTY_CONFIGURATION },
          terms: [],
          lastIndex: 0,
          configurations: [],
          recent: [],
          applied: 0,
        },
        400,
      );
      let entries: Entry[] = [];
      let base = { index: 0, term: 0 };
      let term = 1;
      // What a disk would hold: batches are written in order.
      let disk: Entry[] = [];
      const batches: { readonly batch: number; readonly entries: readonly Entry[] }[] = [];
      let batch = 0;
      const last = () => base.index + entries.length;
      for (const step of commands) {
        if (step.kind === 'append') {
          term += step.raise;
          const made = Array.from({ length: step.count }, (_, i): Entry => {
            const data = Buffer.alloc(step.raise * 10, i);
            return { index: last() + 1 + i, term, body: { kind: 'data', data } };
          });
          log.append(made);
          entries.push(...made);
        } else if (step.kind === 'truncate' && entries.length > 0) {
          const index = base.index + 1 + Math.floor(step.at * (entries.length - 1));
          log.truncateFrom(index);
          entries = entries.filter((entry) => entry.index < index);
          term += 1;
        } else if (step.kind === 'hand') {
          const handed = log.takeUnhanded();
          batch += 1;
          log.onBatch(batch);
          batches.push({ batch, entries: handed });
        } else if (step.kind === 'persist' && batches.length > 0) {
          const written = batches.shift();
          const from = written?.entries[0]?.index ?? Number.POSITIVE_INFINITY;
          disk = [...disk.filter((entry) => entry.index < from), ...(written?.entries ?? [])];
          log.onPersisted(written?.batch ?? 0);
        } else if (step.kind === 'compact') {
          const index = base.index + Math.floor(step.at * (log.stable - base.index));
          if (index <= base.index) continue;
          const dropped = entries.find((entry) => entry.index === index);
          log.compactTo(index);
          base = { index, term: dropped?.term ?? 0 };
          entries = entries.filter((entry) => entry.index > index);
        }
        compare(log, base, entries);
        for (const entry of entries)
          if (entry.index <= log.stable) expect(disk.find(({ index }) => index === entry.index)).toBe(entry);
      }
    }),
    { numRuns: 500 },
  );
});

function compare(log: EntryLog, base: { index: number; term: number }, entries: readonly Entry[]): void {
  expect(log.baseIndex).toBe(base.index);
  expect(log.lastIndex).toBe(base.index + entries.length);
  expect(log.lastTerm).toBe(entries.at(-1)?.term ?? base.term);
  for (let index = base.index - 1; index <= log.lastIndex + 1; index++) {
    const expected = index === base.index ? base.term : entries[index - base.index - 1]?.term;
    expect(log.termAt(index)).toBe(index < base.index ? undefined : expected);
    for (const term of [0, 1, 2, 5, 9]) {
      const newest = entries.findLast((entry) => entry.index <= index && entry.term <= term)?.index ?? base.index;
      expect(log.newestNotAfter(index, term)).toBe(newest);
    }
    const found = log.entriesFrom(index, 100);
    if (index <= base.index) expect(found).toBe('compacted');
    else if (found === 'on-disk') expect(index).toBeLessThanOrEqual(log.stable);
    else expect(found).toEqual(entries.slice(index - base.index - 1, index - base.index - 1 + found.length));
    if (typeof found !== 'string' && index <= log.lastIndex) expect(found.length).toBeGreaterThan(0);
  }
}
