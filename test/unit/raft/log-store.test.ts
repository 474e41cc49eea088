// A member's log on its disk: what is kept, replaced, applied, compacted, and what it says when it cannot.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogStore } from '../../../src/raft/sqlite/log-store.js';
import { KV_MIGRATIONS, NEXT_KV_MIGRATIONS } from './kv-machine.js';
import {
  applyAll,
  batch,
  CLUSTER,
  configurationOf,
  data,
  directoryOf,
  failureOf,
  LogFixture,
  stateOf,
} from './log-fixture.js';

let fixture: LogFixture;

beforeEach(() => {
  fixture = new LogFixture();
});

afterEach(() => fixture.dispose());

function seed(): void {
  const store = fixture.openMember();
  store.persist(batch([{ index: 1, term: 1, body: { kind: 'no-op' } }, data(2, 1, 'a 1'), data(3, 1, 'b 2')]));
  store.commit();
  store.apply(3);
  store.close();
}

function change(sql: string): void {
  const database = new Sqlite(fixture.file);
  database.exec(sql);
  database.close();
}

describe('what is kept', () => {
  test('a new directory is empty, and its member id stays', () => {
    const { identity, stored } = fixture.open().load();
    expect(identity).toEqual({ memberId: 'id-1', name: '', standing: { kind: 'empty' } });
    expect(stored).toMatchObject({
      lastIndex: 0,
      applied: 0,
      terms: [],
      recent: [],
      hardState: { term: 0, commit: 0 },
    });
    fixture.dispose();
  });

  test('standing, name, vote, entries of every kind and the applied index are there again', () => {
    const store = fixture.open();
    store.keepName('m1');
    store.keepStanding({ kind: 'promised', clusterId: CLUSTER, configuration: configurationOf('a') }, undefined);
    store.keepStanding({ kind: 'member', clusterId: CLUSTER }, configurationOf('a'));
    const configuration = configurationOf('a', 'b');
    const entries = [
      { index: 1, term: 1, body: { kind: 'no-op' } as const },
      data(2, 1, 'k v'),
      { index: 3, term: 2, body: { kind: 'configuration', configuration } as const },
      { index: 4, term: 2, body: { kind: 'data', data: new Uint8Array(0) } as const },
    ];
    store.persist(batch(entries, { hardState: { term: 3, vote: 'b', commit: 2 } }));
    store.commit();
    expect(store.apply(2).results).toMatchObject([{ index: 2, term: 1, result: Buffer.from('k@2') }]);
    store.close();
    const again = fixture.open();
    const { identity, stored } = again.load();
    expect(identity).toEqual({ memberId: 'id-1', name: 'm1', standing: { kind: 'member', clusterId: CLUSTER } });
    expect(stored).toEqual({
      hardState: { term: 3, vote: 'b', commit: 2 },
      base: { index: 0, term: 0, configuration: configurationOf('a') },
      terms: [
        { term: 1, firstIndex: 1 },
        { term: 2, firstIndex: 3 },
      ],
      lastIndex: 4,
      configurations: [{ index: 3, configuration }],
      recent: entries.map(({ body, ...rest }) => ({
        ...rest,
        body: body.kind === 'data' ? { kind: 'data', data: Buffer.from(body.data) } : body,
      })),
      applied: 2,
    });
    expect(stateOf(again)).toEqual({ k: 'v' });
  });

  test('entries replace everything from the first of them on', () => {
    seed();
    const store = fixture.open();
    store.persist(batch([data(4, 1, 'c 3'), data(5, 1, 'd 4'), data(6, 1, 'e 5')]));
    store.persist(batch([data(5, 2, 'd 9')]));
    store.commit();
    expect(store.readLog(1, 99, 1e6).map(({ index, term }) => [index, term])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 2],
    ]);
    applyAll(store, 5);
    expect(stateOf(store)).toEqual({ a: '1', b: '2', c: '3', d: '9' });
    expect(() => store.persist(batch([data(5, 3, 'x')]))).toThrow('what is agreed on stays');
  });

  test('a log is read by bytes, at least one entry, and nothing where there is none', () => {
    seed();
    const store = fixture.open();
    expect(store.readLog(2, 3, 1).map(({ index }) => index)).toEqual([2]);
    expect(store.readLog(2, 3, 1000).map(({ index }) => index)).toEqual([2, 3]);
    expect(store.readLog(0, 3, 1000)).toEqual([]);
    expect(store.readLog(4, 9, 1000)).toEqual([]);
  });

  test('only the end of a long log is loaded', () => {
    seed();
    const { stored } = fixture.open({ limits: { recentBytes: 40 } }).load();
    expect(stored.recent.map(({ index }) => index)).toEqual([3]);
    expect(stored.lastIndex).toBe(3);
  });

  test('results are told from where somebody waits for them', () => {
    const store = fixture.openMember();
    store.persist(batch([data(1, 1, 'a 1'), data(2, 1, 'a 2'), data(3, 1, 'a 3')]));
    store.commit();
    expect(store.apply(3, 3).results.map(({ index }) => index)).toEqual([3]);
  });

  test('what everybody may know comes with the term of its entry, now and after a restart', () => {
    const store = fixture.openMember();
    store.persist(
      batch([data(1, 1, '=master one'), data(2, 1, 'a 1'), { index: 3, term: 4, body: { kind: 'no-op' } }]),
    );
    store.commit();
    expect(store.apply(3)).toMatchObject({ index: 2, notice: { term: 1, data: Buffer.from('one') } });
    expect(store.apply(3)).toMatchObject({ index: 3, notice: undefined });
    store.close();
    expect(fixture.open().load().notice).toEqual({ term: 1, data: Buffer.from('one') });
  });

  test('applying goes in slices', () => {
    const store = fixture.openMember({ nowMs: () => (fixture.nowMs += 3) });
    store.persist(batch(Array.from({ length: 200 }, (_, i) => data(i + 1, 1, `k${i} v`))));
    store.commit();
    const { index } = store.apply(200);
    expect(index).toBeGreaterThan(0);
    expect(index).toBeLessThan(200);
    applyAll(store, 200);
    expect(Object.keys(stateOf(store))).toHaveLength(200);
  });

  test('what was applied and not committed is applied again after a crash', () => {
    const store = fixture.openMember();
    store.persist(batch([data(1, 1, 'a 1'), data(2, 1, 'b 2')]));
    store.commit();
    store.apply(2);
    const copy = fixture.open({ file: fixture.crashCopy(store) });
    expect(copy.load().stored).toMatchObject({ applied: 0, lastIndex: 2 });
    applyAll(copy, 2);
    expect(stateOf(copy)).toEqual(stateOf(store));
  });

  test('what was not committed is not there after a crash', () => {
    const store = fixture.openMember();
    store.persist(batch([data(1, 1, 'a 1')]));
    expect(fixture.open({ file: fixture.crashCopy(store) }).load().stored.lastIndex).toBe(0);
    store.commit();
    expect(fixture.open({ file: fixture.crashCopy(store) }).load().stored.lastIndex).toBe(1);
  });
});

describe('compaction', () => {
  const fill = (store: LogStore, count: number) => {
    for (let at = store.lastIndex + 1; at <= count; at += 500)
      store.persist(batch(Array.from({ length: 500 }, (_, i) => data(at + i, 1, `k${i} v`))));
    store.commit();
    applyAll(store, count);
  };

  test('a bounded number of entries stays, and the log continues after a restart', () => {
    const store = fixture.openMember({ limits: { keepEntries: 1_000 } });
    const configuration = configurationOf('a', 'b');
    store.persist(batch([{ index: 1, term: 1, body: { kind: 'configuration', configuration } }]));
    fill(store, 10_001);
    expect(store.baseIndex).toBeGreaterThan(6_000);
    expect(store.applied - store.baseIndex).toBeGreaterThanOrEqual(1_000);
    store.close();
    const { stored } = fixture.open().load();
    expect(stored.base).toEqual({ index: store.baseIndex, term: 1, configuration });
    expect(stored.lastIndex).toBe(10_001);
    expect(stored.recent[0]?.index).toBe(store.baseIndex + 1);
  });

  test('bytes are bounded too', () => {
    const store = fixture.openMember({ limits: { keepBytes: 100_000 } });
    for (let index = 1; index <= 100; index++) store.persist(batch([data(index, 1, `k ${'x'.repeat(10_000)}`)]));
    store.commit();
    applyAll(store, 100);
    expect(100 - store.baseIndex).toBeLessThanOrEqual(10);
    expect(100 - store.baseIndex).toBeGreaterThanOrEqual(5);
  });

  test('what continues a snapshot that is being sent stays', async () => {
    const store = fixture.openMember({ limits: { keepEntries: 1_000, holdFactor: 8 } });
    fill(store, 1_000);
    const snapshot = await store.openSnapshot();
    expect(snapshot?.index).toBe(1_000);
    fill(store, 6_000);
    expect(store.baseIndex).toBeLessThanOrEqual(1_000);
    store.closeSnapshot(snapshot?.id ?? '');
    fill(store, 6_500);
    expect(store.baseIndex).toBeLessThanOrEqual(1_000);
    fixture.nowMs += 61_000;
    fill(store, 7_000);
    expect(store.baseIndex).toBeGreaterThan(1_000);
  });
});

describe('opening', () => {
  test('a locked directory names the process that holds it', () => {
    fixture.open();
    const error = failureOf(() => fixture.open());
    expect(error.code).toBe('WORK_DIR_LOCKED');
    expect(error.message).toContain(`pid ${process.pid}`);
  });

  test('another process is kept out, and comes in when the first is gone', async () => {
    seed();
    const child = openElsewhere();
    await once(child.stdout, 'data');
    expect(failureOf(() => fixture.open())).toMatchObject({ code: 'WORK_DIR_LOCKED' });
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(fixture.open().load().stored.lastIndex).toBeGreaterThanOrEqual(3);
  });

  test('a master that locks the database itself is respected', async () => {
    seed();
    const url = JSON.stringify(pathToFileURL(createRequire(import.meta.url).resolve('better-sqlite3')).href);
    const script = `
      const { default: Sqlite } = await import(${url});
      const old = new Sqlite(${JSON.stringify(fixture.file)});
      old.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
      process.stdout.write('locked');
      setInterval(() => old, 1e6);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(failureOf(() => fixture.open()).code).toBe('WORK_DIR_LOCKED');
    child.kill('SIGKILL');
    await once(child, 'close');
    fixture.open();
  });

  test('a newer format is refused and left alone', () => {
    fixture.open({ migrations: NEXT_KV_MIGRATIONS }).close();
    const before = readFileSync(fixture.file);
    const error = failureOf(() => fixture.open());
    expect(error.code).toBe('WORK_DIR_NEWER');
    expect(error.message).toContain(fixture.file);
    expect(readFileSync(fixture.file).equals(before)).toBe(true);
  });

  test('an older format is migrated, with everything in it', () => {
    seed();
    const store = fixture.open({ migrations: NEXT_KV_MIGRATIONS });
    expect(store.load().stored).toMatchObject({ lastIndex: 3, applied: 3 });
    store.close();
    expect(failureOf(() => fixture.open({ migrations: KV_MIGRATIONS })).code).toBe('WORK_DIR_NEWER');
  });

  test.each([
    ['a file that is no database', () => writeFileSync(fixture.file, 'x'.repeat(10_000))],
    ['a foreign database', () => change('PRAGMA user_version = 0')],
    ['a missing entry', () => change('DELETE FROM raft_entries WHERE idx = 2')],
    ['a log that ends before the tables', () => change('DELETE FROM raft_entries WHERE idx = 3')],
    ['a damaged entry', () => change("UPDATE raft_entries SET body = x'00' WHERE idx = 2")],
    ['an entry of another term', () => change('UPDATE raft_entries SET term = 7 WHERE idx = 3')],
    ['a damaged vote', () => change("UPDATE raft_state SET value = x'0801' WHERE key = 'hard-state'")],
    ['a missing identity', () => change("DELETE FROM raft_state WHERE key = 'identity'")],
    ['another index', () => change("UPDATE raft_state SET key = 'x' WHERE key = 'applied'")],
    ['another schema', () => change('ALTER TABLE keys ADD COLUMN more TEXT')],
    ['damage in the tables of the state machine', () => change("UPDATE keys SET value = '9' WHERE key = 'a'")],
  ])('%s is corrupt, with the file and a repair named', (_what, damage) => {
    seed();
    damage();
    const error = failureOf(() => fixture.open());
    expect(error.code).toBe('WORK_DIR_CORRUPT');
    expect(error.message).toContain(fixture.file);
    expect(error.suggestions.join(' ')).toMatch(/master remove NAME.*snapshot restore FILE/);
  });

  test('a directory that cannot be made is not a crash', () => {
    writeFileSync(join(fixture.root, 'file'), '');
    expect(failureOf(() => fixture.open({ file: join(fixture.root, 'file', 'log', 'x') })).message).toContain('file');
  });

  test('after a failure nothing works, and the directory is free', () => {
    const store = fixture.openMember();
    expect(() => store.persist(batch([data(5, 1, 'gap')]))).toThrow('the log has no gaps');
    expect(() => store.commit()).toThrow('the log has no gaps');
    expect(fixture.open().load().stored.lastIndex).toBe(0);
    expect(directoryOf(store)).toBe(join(fixture.root, 'log'));
  });
});

/** Another process that writes entries without end, saying so after each commit. */
function openElsewhere() {
  const url = (path: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, path)).href);
  const script = `
    const { LogStore } = await import(${url('../../../src/raft/sqlite/log-store.ts')});
    const { KV_MIGRATIONS, KvMachine } = await import(${url('kv-machine.ts')});
    const store = LogStore.open({
      file: ${JSON.stringify(fixture.file)}, migrations: KV_MIGRATIONS, newId: () => 'x', nowMs: () => performance.now(),
      createStateMachine: (options) => new KvMachine(options),
    });
    for (let index = store.lastIndex + 1; ; index++) {
      const body = { kind: 'data', data: Buffer.from('k' + index + ' v') };
      store.persist({ batch: index, hardState: { term: 1, vote: 'a', commit: 0 }, entries: [{ index, term: 1, body }] });
      store.commit();
      process.stdout.write(index + '\\n');
    }`;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('a process killed between commits loses nothing it was told is durable', async () => {
  seed();
  const child = openElsewhere();
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (output.split('\n').length > 200) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const told = output.trim().split('\n').slice(0, -1).map(Number);
  expect(told.length).toBeGreaterThan(100);
  const store = fixture.open();
  const kept = new Set(store.readLog(1, store.lastIndex, 1e9).map(({ index }) => index));
  expect(told.filter((index) => !kept.has(index))).toEqual([]);
});
