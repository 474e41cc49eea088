// Every bit that flips on the disk of a member, and every cut, is found when the log is opened or read, or changes nothing.
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { LogStore } from '../../../src/raft/sqlite/log-store.js';
import { findWalDamage } from '../../../src/raft/sqlite/wal-check.js';
import { applyAll, batch, configurationOf, data, LogFixture, stateOf } from './log-fixture.js';

const FRAME_BYTES = 4_096 + 24;
const WAL_HEADER_BYTES = 32;

let fixture: LogFixture;
/** A member that crashed: a part of its log in the database, the rest in the write-ahead log. */
let crashed: string;
let whole: string;

beforeEach(() => {
  fixture = new LogFixture();
  const first = fixture.openMember();
  const configuration = configurationOf('a', 'b');
  first.persist(
    batch([{ index: 1, term: 1, body: { kind: 'configuration', configuration } }, data(2, 1, '=master one')]),
  );
  for (let index = 3; index <= 12; index++)
    first.persist(batch([data(index, 1, `key-${index} ${'v'.repeat(index * 40)}`)]));
  first.commit();
  applyAll(first, 10);
  first.close();
  const store = fixture.open();
  for (let index = 13; index <= 18; index++) {
    store.persist(
      batch([data(index, 2, `key-${index} ${'w'.repeat(100)}`)], { hardState: { term: 2, vote: 'b', commit: 12 } }),
    );
    store.commit();
  }
  crashed = fixture.crashCopy(store);
  whole = contentsOf(crashed) as string;
  // What opening it does must not be undone by later copies.
  crashed = fixture.crashCopy(store);
});

afterEach(() => fixture.dispose());

/** Everything it says, before and after it went on and was opened again; undefined: it says that it is damaged. */
function contentsOf(file: string): string | undefined {
  let store: LogStore | undefined;
  try {
    store = LogStore.open(fixture.options({ file }));
    const before = tell(store);
    const next = store.lastIndex + 1;
    store.persist(batch([data(next, 9, 'next 1')], { hardState: { term: 9, vote: 'a', commit: 0 } }));
    store.commit();
    applyAll(store, next);
    store.close();
    store = LogStore.open(fixture.options({ file }));
    return before + tell(store);
  } catch (error) {
    if (error instanceof MesoError && /^WORK_DIR_(CORRUPT|NEWER)$/.test(error.code) && error.message.includes(file))
      return undefined;
    throw error;
  } finally {
    store?.abandon();
  }
}

function tell(store: LogStore): string {
  const { identity, stored, notice } = store.load();
  return JSON.stringify([identity, stored, notice, store.readLog(1, 99, 1e9), stateOf(store)]);
}

/** The crashed member with its database or its write-ahead log exchanged. */
function withBytes(suffix: '' | '-wal', bytes: Uint8Array): string {
  const file = fixture.newFile();
  mkdirSync(dirname(file));
  copyFileSync(crashed, file);
  copyFileSync(`${crashed}-wal`, `${file}-wal`);
  writeFileSync(`${file}${suffix}`, bytes);
  return file;
}

function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  return copy;
}

/** Positions all over the file; every run of the test takes the same ones. */
function* positions(length: number, step: number): Generator<readonly [at: number, bit: number]> {
  for (let at = 0; at < length; at += at < 128 ? 1 : step) yield [at, (at * 5) % 8];
}

test.each([
  ['the database', '' as const, 41],
  ['the write-ahead log', '-wal' as const, 61],
])(
  'a flipped bit in %s',
  (_what, suffix, step) => {
    const bytes = readFileSync(`${crashed}${suffix}`);
    let found = 0;
    for (const [at, bit] of positions(bytes.length, step)) {
      const file = withBytes(suffix, flipped(bytes, at, bit));
      const contents = contentsOf(file);
      if (contents === undefined) found += 1;
      else expect(contents === whole, `bit ${bit} of byte ${at} is not noticed`).toBe(true);
      rmSync(dirname(file), { recursive: true });
    }
    expect(found).toBeGreaterThan(100);
  },
  120_000,
);

test('a shorter database', () => {
  const bytes = readFileSync(crashed);
  for (let length = 1; length < bytes.length; length += 1_023)
    expect([undefined, whole]).toContain(contentsOf(withBytes('', bytes.subarray(0, length))));
});

test('a write that a crash tore in the write-ahead log is no damage: the transaction is not there', () => {
  const wal = readFileSync(`${crashed}-wal`);
  const last = lastFrameOf(wal);
  for (const cut of [last, last + 10, last + 24, last + 512, last + FRAME_BYTES - 1]) {
    const file = withBytes('-wal', wal.subarray(0, cut));
    expect(findWalDamage(`${file}-wal`)).toBeUndefined();
    const store = fixture.open({ file });
    expect(store.lastIndex).toBe(17);
    store.abandon();
  }
  // Some sectors of the frame made it to the disk, others did not.
  const torn = Buffer.from(wal);
  torn.fill(0, last + 24 + 1_024, last + FRAME_BYTES - 512);
  const file = withBytes('-wal', torn.subarray(0, last + FRAME_BYTES));
  expect(findWalDamage(`${file}-wal`)).toBeUndefined();
  expect(fixture.open({ file }).lastIndex).toBe(17);
});

test('the same in the middle of the write-ahead log is damage', () => {
  const wal = readFileSync(`${crashed}-wal`);
  const torn = Buffer.from(wal);
  const last = lastFrameOf(wal);
  torn.fill(0xaa, last - 4 * FRAME_BYTES + 24, last - 4 * FRAME_BYTES + 1_024);
  const file = withBytes('-wal', torn);
  expect(findWalDamage(`${file}-wal`)).toMatch(/frame \d+ of its write-ahead log/);
  expect(contentsOf(file)).toBeUndefined();
});

/** Offset of the last frame of the last transaction. */
function lastFrameOf(wal: Buffer): number {
  const salt = wal.subarray(16, 24);
  let last = WAL_HEADER_BYTES;
  for (let at = WAL_HEADER_BYTES; at + FRAME_BYTES <= wal.length; at += FRAME_BYTES)
    if (wal.subarray(at + 8, at + 16).equals(salt)) last = at;
  expect(statSync(`${crashed}-wal`).size).toBe(wal.length);
  return last;
}
