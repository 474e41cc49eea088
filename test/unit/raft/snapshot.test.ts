// Snapshots of the log worker: written while the log goes on, verified, installed whole or not at all, restored.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import type { SnapshotInfo } from '../../../src/raft/core/protocol.js';
import { LogStore } from '../../../src/raft/sqlite/log-store.js';
import { restoreSnapshot } from '../../../src/raft/sqlite/restore-snapshot.js';
import { readSnapshotFile } from '../../../src/raft/sqlite/snapshot-file.js';
import { KV_MIGRATIONS, NEXT_KV_MIGRATIONS } from './kv-machine.js';
import { applyAll, batch, CLUSTER, configurationOf, data, failureOf, LogFixture, stateOf } from './log-fixture.js';

const HARD_STATE = { term: 5, vote: 'a', commit: 0 };

let fixture: LogFixture;

beforeEach(() => {
  fixture = new LogFixture();
});

afterEach(() => fixture.dispose());

function seeded(count = 3): LogStore {
  const store = fixture.openMember();
  const configuration = configurationOf('a', 'b', 'c');
  store.persist(
    batch([{ index: 1, term: 1, body: { kind: 'configuration', configuration } }, data(2, 1, '=master one')]),
  );
  for (let index = 3; index <= count; index++)
    store.persist(batch([data(index, 2, `key-${index} ${'v'.repeat(200)}`)]));
  store.commit();
  applyAll(store, count);
  return store;
}

async function opened(store: LogStore): Promise<SnapshotInfo> {
  const snapshot = await store.openSnapshot();
  if (snapshot === undefined) throw new Error('no snapshot');
  return snapshot;
}

function bytesOf(store: LogStore, { id, sizeBytes }: SnapshotInfo, chunkBytes = sizeBytes): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < sizeBytes; at += chunkBytes)
    chunks.push(store.readSnapshot(id, at, chunkBytes) ?? new Uint8Array(0));
  return chunks;
}

/** As the core does it: the last chunk and the installation are one batch. */
function receive(store: LogStore, snapshot: SnapshotInfo, chunks: readonly Uint8Array[]): void {
  let offset = 0;
  chunks.forEach((chunk, at) => {
    const install = at === chunks.length - 1 ? snapshot : undefined;
    store.persist(
      batch([], {
        chunk: { snapshot, offset, data: chunk },
        install,
        hardState: { term: 5, vote: 'a', commit: install?.index ?? 0 },
      }),
    );
    store.commit();
    offset += chunk.length;
  });
}

const snapshotFile = () => join(fixture.root, 'saved.snapshot');

describe('writing', () => {
  test('it holds what was applied when it began, and nothing of the member itself', async () => {
    const store = seeded(2_000);
    const writing = store.saveSnapshot(snapshotFile());
    // The log goes on meanwhile.
    store.persist(
      batch([data(2_001, 3, 'key-3 changed'), data(2_002, 3, 'late 1')], {
        hardState: { term: 3, vote: 'secret-vote', commit: 0 },
      }),
    );
    store.commit();
    applyAll(store, 2_002);
    const snapshot = await writing;
    expect(snapshot).toMatchObject({ index: 2_000, term: 2, configuration: configurationOf('a', 'b', 'c') });
    expect(readSnapshotFile(snapshotFile())).toMatchObject({
      clusterId: CLUSTER,
      index: 2_000,
      term: 2,
      configuration: configurationOf('a', 'b', 'c'),
      format: 1,
      noticeTerm: 1,
      sizeBytes: snapshot.sizeBytes,
    });
    const bytes = readFileSync(snapshotFile());
    expect(bytes.length).toBe(snapshot.sizeBytes);
    for (const word of ['secret-vote', 'late', 'id-1']) expect(bytes.includes(word)).toBe(false);
    const database = new Sqlite(snapshotFile(), { readonly: true });
    const count = (table: string) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    expect([count('keys'), count('raft_entries'), count('raft_state')]).toEqual([1_999, 0, 0]);
    expect(database.prepare("SELECT value FROM keys WHERE key = 'key-3'").pluck().get()).toBe('v'.repeat(200));
    database.close();
  });

  test('persists come in between its slices', async () => {
    let reads = 0;
    fixture.dispose();
    fixture = new LogFixture();
    const store = fixture.openMember({ nowMs: () => (reads += 1) });
    store.persist(batch(Array.from({ length: 500 }, (_, i) => data(i + 1, 1, `k${i} v`))));
    store.commit();
    applyAll(store, 500);
    let isWriting = true;
    const writing = store.openSnapshot().finally(() => {
      isWriting = false;
    });
    let between = 0;
    while (isWriting) {
      store.persist(batch([data(501 + between, 1, 'x y')]));
      store.commit();
      between += 1;
      await new Promise(setImmediate);
    }
    expect((await writing)?.index).toBe(500);
    expect(between).toBeGreaterThan(3);
  });

  test('one that holds up too much of the write-ahead log is given up', async () => {
    const store = fixture.openMember({ nowMs: () => (fixture.nowMs += 3), limits: { maxSnapshotWalBytes: 1 } });
    store.persist(batch(Array.from({ length: 100 }, (_, i) => data(i + 1, 1, `k${i} v`))));
    store.commit();
    applyAll(store, 100);
    expect(await store.openSnapshot()).toBeUndefined();
    await expect(store.saveSnapshot(snapshotFile())).rejects.toMatchObject({ code: 'REFUSED' });
    expect(readdirSync(fixture.root)).toEqual(['log']);
    store.commit();
  });

  test("it takes no other file's place, and leaves nothing where it cannot be", async () => {
    const store = seeded();
    writeFileSync(snapshotFile(), 'mine');
    await expect(store.saveSnapshot(snapshotFile())).rejects.toMatchObject({ code: 'REFUSED' });
    expect(readFileSync(snapshotFile(), 'utf8')).toBe('mine');
    await expect(store.saveSnapshot(join(fixture.root, 'no', 'where'))).rejects.toBeInstanceOf(MesoError);
    expect(readdirSync(fixture.root).sort()).toEqual(['log', 'saved.snapshot']);
  });

  test('a member of nothing has none', async () => {
    const store = fixture.open();
    expect(await store.openSnapshot()).toBeUndefined();
    await expect(store.saveSnapshot(snapshotFile())).rejects.toMatchObject({ code: 'REFUSED' });
  });

  test('one file serves all who ask, and goes with the last of them', async () => {
    const store = seeded();
    const [first, second] = await Promise.all([opened(store), opened(store)]);
    expect(second).toEqual(first);
    store.closeSnapshot(first.id);
    expect(store.readSnapshot(first.id, 0, 16)?.length).toBe(16);
    store.closeSnapshot(first.id);
    expect(store.readSnapshot(first.id, 0, 16)).toBeUndefined();
    expect(readdirSync(dirname(store.file)).filter((name) => name.startsWith('snapshot-'))).toEqual([]);
  });
});

describe('installing', () => {
  test('log and tables are replaced, identity and name stay, and the log goes on behind it', async () => {
    const source = seeded(50);
    const snapshot = await opened(source);
    const target = fixture.openMember({ file: fixture.newFile() });
    target.persist(batch([data(1, 1, 'old 1'), data(2, 1, 'old 2'), data(3, 1, 'gone 3')]));
    target.commit();
    applyAll(target, 2);
    const { memberId } = target.load().identity;
    receive(target, snapshot, bytesOf(source, snapshot, 5_000));
    expect(stateOf(target)).toEqual(stateOf(source));
    target.persist(batch([data(51, 5, 'next 1')]));
    target.commit();
    applyAll(target, 51);
    target.close();
    const again = fixture.open({ file: target.file });
    expect(again.load()).toMatchObject({
      identity: { memberId, standing: { kind: 'member', clusterId: CLUSTER } },
      stored: {
        hardState: { term: 5, vote: 'a' },
        base: { index: 50, term: 2, configuration: configurationOf('a', 'b', 'c') },
        lastIndex: 51,
        applied: 51,
      },
      notice: { term: 1, data: Buffer.from('one') },
    });
    expect(readdirSync(dirname(target.file)).sort()).toEqual([
      'log.sqlite',
      'log.sqlite-shm',
      'log.sqlite-wal',
      'owner.lock',
      'owner.pid',
    ]);
  });

  test('a crash at any moment leaves the old or the new', async () => {
    const source = seeded(50);
    const snapshot = await opened(source);
    const chunks = bytesOf(source, snapshot, 3_000);
    const target = fixture.openMember({ file: fixture.newFile() });
    target.persist(batch([data(1, 1, 'old 1')]));
    target.commit();
    applyAll(target, 1);
    target.commit();
    const before = stateOf(target);
    const seen = new Set<string>();
    let offset = 0;
    for (const [at, chunk] of chunks.entries()) {
      const install = at === chunks.length - 1 ? snapshot : undefined;
      target.persist(batch([], { chunk: { snapshot, offset, data: chunk }, install, hardState: HARD_STATE }));
      // Not committed by us: an installation does that itself.
      const copy = fixture.open({ file: crashWithFiles(target) });
      const { stored } = copy.load();
      const isNew = stored.applied === 50;
      seen.add(isNew ? 'new' : 'old');
      expect(stateOf(copy)).toEqual(isNew ? stateOf(source) : before);
      expect(stored).toMatchObject(
        isNew ? { lastIndex: 50, base: { index: 50 } } : { lastIndex: 1, base: { index: 0 } },
      );
      expect(readdirSync(dirname(copy.file)).filter((name) => /snapshot/.test(name))).toEqual([]);
      offset += chunk.length;
    }
    expect([...seen].sort()).toEqual(['new', 'old']);
  });

  test('a torn write-ahead log in the middle of an installation is the old state', async () => {
    const source = seeded(200);
    const snapshot = await opened(source);
    const target = fixture.openMember({ file: fixture.newFile() });
    target.persist(batch([data(1, 1, 'old 1')]));
    target.commit();
    applyAll(target, 1);
    target.commit();
    const walBefore = readFileSync(`${target.file}-wal`).length;
    receive(target, snapshot, bytesOf(source, snapshot));
    const copy = fixture.crashCopy(target);
    const wal = readFileSync(`${copy}-wal`);
    expect(wal.length).toBeGreaterThan(walBefore + 10_000);
    for (let cut = walBefore; cut < wal.length; cut += 4_096 + 24) {
      const file = fixture.newFile();
      mkdirSync(dirname(file));
      copyFileSync(copy, file);
      writeFileSync(`${file}-wal`, wal.subarray(0, cut));
      const store = LogStore.open(fixture.options({ file }));
      expect(stateOf(store)).toEqual({ old: '1' });
      expect(store.lastIndex).toBe(1);
      store.close();
    }
  });

  test('a damaged one, or one of another cluster, ends the member, which then starts as it was', async () => {
    const source = seeded(50);
    const snapshot = await opened(source);
    const [whole = new Uint8Array(0)] = bytesOf(source, snapshot);
    const flipped = Uint8Array.from(whole);
    flipped[5_000] = (flipped[5_000] ?? 0) ^ 1;
    const target = fixture.openMember({ file: fixture.newFile() });
    expect(failureOf(() => receive(target, snapshot, [flipped])).code).toBe('WORK_DIR_CORRUPT');
    const other = fixture.open({ file: fixture.newFile() });
    other.keepStanding({ kind: 'member', clusterId: 'another' }, configurationOf('x'));
    expect(failureOf(() => receive(other, snapshot, [whole])).message).toContain(CLUSTER);
    expect(fixture.open({ file: target.file }).load().stored.lastIndex).toBe(0);
  });

  test('one of an older format is brought to the newest', async () => {
    const source = seeded(50);
    const snapshot = await opened(source);
    const target = fixture.openMember({ file: fixture.newFile(), migrations: NEXT_KV_MIGRATIONS });
    receive(target, snapshot, bytesOf(source, snapshot));
    expect(stateOf(target)).toEqual(stateOf(source));
  });

  test('one of a newer format is refused', async () => {
    const source = fixture.openMember({ migrations: NEXT_KV_MIGRATIONS });
    source.persist(batch([data(1, 1, 'a 1')]));
    source.commit();
    applyAll(source, 1);
    const snapshot = await opened(source);
    const target = fixture.openMember({ file: fixture.newFile() });
    expect(failureOf(() => receive(target, snapshot, bytesOf(source, snapshot))).code).toBe('WORK_DIR_NEWER');
  });
});

/** As crashCopy, with what was received as well. */
function crashWithFiles(store: LogStore): string {
  const copy = fixture.crashCopy(store);
  const received = join(dirname(store.file), 'received.snapshot');
  if (existsSync(received)) copyFileSync(received, join(dirname(copy), 'received.snapshot'));
  writeFileSync(join(dirname(copy), 'snapshot-leftover'), 'x');
  return copy;
}

describe('a saved file', () => {
  test('every flipped bit and every cut is found', async () => {
    const store = seeded(20);
    await store.saveSnapshot(snapshotFile());
    const whole = readFileSync(snapshotFile());
    const damaged = join(fixture.root, 'damaged');
    const isFound = (bytes: Uint8Array) => {
      writeFileSync(damaged, bytes);
      const error = failureOf(() => readSnapshotFile(damaged));
      return error.code === 'WORK_DIR_CORRUPT' && error.message.includes(damaged);
    };
    for (let at = 0; at < whole.length; at += at > whole.length - 400 ? 1 : 97) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      expect(isFound(flipped)).toBe(true);
    }
    for (const length of [0, 10, 4_096, whole.length - 1]) expect(isFound(whole.subarray(0, length))).toBe(true);
    expect(failureOf(() => readSnapshotFile(join(fixture.root, 'none'))).message).toContain('none');
  });

  test('restoring makes a new cluster of one, and says what it drops', async () => {
    const store = seeded(50);
    await store.saveSnapshot(snapshotFile());
    const before = readFileSync(snapshotFile());
    const file = fixture.newFile();
    let ids = 0;
    const options = {
      snapshotFile: snapshotFile(),
      file,
      migrations: NEXT_KV_MIGRATIONS,
      name: 'm9',
      address: 'h:1',
      newId: () => `new-${++ids}`,
    };
    const restored = restoreSnapshot(options);
    expect(restored).toMatchObject({
      identity: { memberId: 'new-1', name: 'm9', standing: { kind: 'member', clusterId: 'new-2' } },
      index: 50,
      dropped: { clusterId: CLUSTER, members: configurationOf('a', 'b', 'c').members },
    });
    const opened = fixture.open({ file, migrations: NEXT_KV_MIGRATIONS });
    const { identity, stored } = opened.load();
    expect(identity).toEqual(restored.identity);
    expect(stored).toMatchObject({
      hardState: { term: 2, vote: undefined, commit: 50 },
      base: {
        index: 50,
        term: 2,
        configuration: { voters: ['new-1'], members: [{ id: 'new-1', name: 'm9', address: 'h:1' }] },
      },
      lastIndex: 50,
      applied: 50,
    });
    expect(stateOf(opened)).toEqual(stateOf(store));
    expect(readFileSync(snapshotFile()).equals(before)).toBe(true);
    expect(failureOf(() => restoreSnapshot(options)).code).toBe('REFUSED');
  });

  test('a damaged file restores nothing', async () => {
    const store = seeded(5);
    await store.saveSnapshot(snapshotFile());
    const bytes = readFileSync(snapshotFile());
    rmSync(snapshotFile());
    writeFileSync(snapshotFile(), bytes.subarray(0, bytes.length - 3));
    const file = fixture.newFile();
    const options = {
      snapshotFile: snapshotFile(),
      file,
      migrations: KV_MIGRATIONS,
      name: 'm',
      address: 'h:1',
      newId: () => 'x',
    };
    expect(failureOf(() => restoreSnapshot(options)).code).toBe('WORK_DIR_CORRUPT');
    expect(existsSync(file)).toBe(false);
  });
});
