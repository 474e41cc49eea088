// Random work against a model: batches with truncations, applying, compaction, restarts and crashes. What was committed is there
// after each of them, nothing else is, and the state machine is that of the applied entries.
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry, HardState } from '../../../src/raft/core/protocol.js';
import type { LogStore } from '../../../src/raft/sqlite/log-store.js';
import { applyAll, batch, data, LogFixture, stateOf } from './log-fixture.js';

type Step =
  | { readonly kind: 'append'; readonly count: number; readonly back: number; readonly bytes: number }
  | { readonly kind: 'commit' | 'crash' | 'restart' }
  | { readonly kind: 'apply'; readonly part: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 0, max: 40 }),
      back: fc.integer({ min: 0, max: 10 }),
      bytes: fc.integer({ min: 0, max: 500 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('apply' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('crash' as const, 'restart' as const) }) },
);

interface Contents {
  readonly entries: readonly Entry[];
  readonly hardState: HardState;
  readonly applied: number;
  readonly base: number;
}

/** Small bounds, so that compaction has something to do. */
const LIMITS = { keepBytes: 1_000, recentBytes: 1_000 };

class Run {
  readonly fixture = new LogFixture();
  #store = this.fixture.openMember({ limits: LIMITS });
  #now: Contents = { entries: [], hardState: { term: 0, vote: undefined, commit: 0 }, applied: 0, base: 0 };
  #durable: Contents = this.#now;
  #serial = 0;

  get hasCompacted(): boolean {
    return this.#now.base > 0;
  }

  play(one: Step): void {
    switch (one.kind) {
      case 'append':
        this.#append(one);
        return;
      case 'commit':
        this.#store.commit();
        this.#durable = this.#now;
        return;
      case 'apply':
        this.#apply(one.part);
        return;
      case 'restart':
        this.#store.close();
        this.#durable = this.#now;
        this.#reopen(this.#store.file);
        return;
      case 'crash':
        this.#reopen(this.fixture.crashCopy(this.#store));
        return;
    }
  }

  #append({ count, back, bytes }: Extract<Step, { kind: 'append' }>): void {
    const { entries, applied, hardState } = this.#now;
    const last = entries.at(-1)?.index ?? 0;
    const first = Math.max(applied + 1, last + 1 - back);
    const term = hardState.term + (first <= last ? 1 : 0) || 1;
    const added = Array.from({ length: count }, (_, i) => {
      this.#serial += 1;
      return data(first + i, term, `key-${this.#serial % 7} ${String(this.#serial).padEnd(bytes, '.')}`);
    });
    const next = { term, vote: `v${this.#serial}`, commit: applied };
    this.#store.persist(batch(added, { hardState: next }));
    const kept = count === 0 ? entries : entries.filter(({ index }) => index < first);
    this.#now = { ...this.#now, entries: [...kept, ...added], hardState: next };
  }

  /** Only what is durable is ever agreed on. */
  #apply(part: number): void {
    this.#store.commit();
    const last = this.#now.entries.at(-1)?.index ?? 0;
    const index = Math.floor(this.#now.applied + (last - this.#now.applied) * part);
    this.#durable = this.#now;
    applyAll(this.#store, index);
    this.#now = { ...this.#now, applied: index, base: this.#store.baseIndex };
    this.#check(this.#store);
  }

  #reopen(file: string): void {
    const old = this.#store;
    this.#store = this.fixture.open({ file, limits: LIMITS });
    if (file !== old.file) {
      old.abandon();
      rmSync(dirname(old.file), { recursive: true });
    }
    this.#now = this.#durable;
    const { stored } = this.#store.load();
    const { hardState, applied, base, entries } = this.#now;
    expect(stored.hardState).toEqual(hardState);
    expect([stored.applied, stored.base.index]).toEqual([applied, base]);
    expect(stored.lastIndex).toBe(entries.at(-1)?.index ?? 0);
    const recent = stored.recent.map(({ index }) => index);
    expect(recent).toEqual(recent.map((_, i) => stored.lastIndex + 1 - recent.length + i));
    for (const { term, firstIndex } of stored.terms)
      if (firstIndex > base + 1) expect(entries[firstIndex - 1]?.term).toBe(term);
    this.#check(this.#store);
  }

  #check(store: LogStore): void {
    const { entries, applied, base } = this.#now;
    const bytes = (list: readonly Entry[]) =>
      list.map(({ index, term, body }) => [index, term, body.kind === 'data' && Buffer.from(body.data).toString()]);
    expect(bytes(store.readLog(base + 1, store.lastIndex, 1e9))).toEqual(bytes(entries.slice(base)));
    const state: Record<string, string> = {};
    for (const { body } of entries.slice(0, applied)) {
      const [key = '', value = ''] = body.kind === 'data' ? Buffer.from(body.data).toString().split(' ') : [];
      state[key] = value;
    }
    expect(stateOf(store)).toEqual(state);
  }
}

test('what was committed is there after crashes and restarts, and nothing else', () => {
  let [compacted, crashes] = [0, 0];
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
      const run = new Run();
      try {
        for (const one of steps) {
          run.play(one);
          if (one.kind === 'crash') crashes += 1;
        }
        if (run.hasCompacted) compacted += 1;
      } finally {
        run.fixture.dispose();
      }
    }),
    { numRuns: 60 },
  );
  // Otherwise it would have shown little.
  expect(compacted).toBeGreaterThan(5);
  expect(crashes).toBeGreaterThan(30);
}, 60_000);
