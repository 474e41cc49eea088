/** A disk that is full ends a member cleanly: nothing that was acknowledged is lost, and it opens again when there is room. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MesoError } from '../../src/base/error.js';
import type { LogStore } from '../../src/raft/sqlite/log-store.js';
import { runLogWorker } from '../../src/raft/sqlite/log-worker.js';
import type { LogReply } from '../../src/raft/sqlite/protocol.js';
import { applyAll, batch, data, failureOf, LogFixture, stateOf } from '../unit/raft/log-fixture.js';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log('full disk test of the log: skipped, it mounts a small file system and needs root');

describe.skipIf(!isRoot)('a full disk', () => {
  let fixture: LogFixture;
  let dir: string;
  let filler: string;

  beforeEach(() => {
    fixture = new LogFixture();
    dir = mkdtempSync(join(tmpdir(), 'mesoctl-log-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=700', 'none', dir]);
    filler = join(dir, 'filler');
  });

  afterEach(() => {
    try {
      fixture.dispose();
    } finally {
      execFileSync('umount', ['--lazy', dir]);
      rmSync(dir, { recursive: true });
    }
  });

  const file = () => join(dir, 'log', 'log.sqlite');

  function fill(): void {
    expect(() => {
      for (;;) appendFileSync(filler, Buffer.alloc(4096));
    }).toThrow(/ENOSPC/);
  }

  /** Persists until it fails; returns what was acknowledged last, and why no more. */
  function persistUntilFull(store: LogStore): { readonly acknowledged: number; readonly error: MesoError } {
    let acknowledged = store.lastIndex;
    const error = failureOf(() => {
      for (;;) {
        store.persist(batch([data(store.lastIndex + 1, 1, `k${store.lastIndex} ${'x'.repeat(900)}`)]));
        store.commit();
        acknowledged = store.lastIndex;
      }
    });
    return { acknowledged, error };
  }

  function expectEverything(acknowledged: number): LogStore {
    const store = fixture.open({ file: file() });
    expect(store.lastIndex).toBeGreaterThanOrEqual(acknowledged);
    expect(store.readLog(1, acknowledged, 1e9).map(({ index }) => index)).toEqual(
      Array.from({ length: acknowledged }, (_, i) => i + 1),
    );
    return store;
  }

  it('refuses what it cannot write, says so, and goes on when there is room', () => {
    const store = fixture.openMember({ file: file() });
    fill();
    const { acknowledged, error } = persistUntilFull(store);
    expect(error.code).toBe('DISK');
    expect(error.message).toContain(file());
    expect(error.suggestions.join(' ')).toContain('make room');
    expect(failureOf(() => store.commit())).toBe(error);
    rmSync(filler);
    const again = expectEverything(acknowledged);
    again.persist(batch([data(again.lastIndex + 1, 1, 'more 1')]));
    again.commit();
  });

  it('that fills up under the log itself loses nothing either', () => {
    const { acknowledged, error } = persistUntilFull(fixture.openMember({ file: file() }));
    expect(acknowledged).toBeGreaterThan(100);
    expect(error.code).toBe('DISK');
    execFileSync('mount', ['-o', 'remount,size=16m', dir]);
    expectEverything(acknowledged);
  });

  it('while what was applied is not committed yet', () => {
    const store = fixture.openMember({ file: file() });
    const entries = Array.from({ length: 300 }, (_, i) => data(i + 1, 1, `k${i} ${'x'.repeat(900)}`));
    store.persist(batch(entries));
    store.commit();
    fill();
    const error = failureOf(() => {
      applyAll(store, 300);
      store.commit();
    });
    expect(error.code).toBe('DISK');
    rmSync(filler);
    execFileSync('mount', ['-o', 'remount,size=16m', dir]);
    const again = expectEverything(300);
    expect(again.applied).toBe(0);
    applyAll(again, 300);
    expect(Object.keys(stateOf(again))).toHaveLength(300);
  });

  it('is the end of the worker, without a confirmation too many', async () => {
    const { port1, port2 } = new MessageChannel();
    runLogWorker({ port: port2, open: () => fixture.openMember({ file: file() }) });
    const replies: LogReply[] = [];
    const over = new Promise<void>((resolve) => {
      let next = 1;
      port1.on('message', (reply: LogReply) => {
        replies.push(reply);
        if (reply.kind === 'failed') resolve();
        else port1.postMessage({ kind: 'persist', batch: batch([data(next, 1, `k${next++} ${'x'.repeat(9_000)}`)]) });
      });
    });
    await over;
    port1.close();
    const acknowledged = replies.filter(({ kind }) => kind === 'persisted').length;
    expect(replies.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'DISK' } });
    execFileSync('mount', ['-o', 'remount,size=16m', dir]);
    expectEverything(acknowledged);
  });

  it('costs a snapshot, not the member', async () => {
    const store = fixture.openMember({ file: file() });
    store.persist(batch(Array.from({ length: 200 }, (_, i) => data(i + 1, 1, `k${i} ${'x'.repeat(900)}`))));
    store.commit();
    applyAll(store, 200);
    store.commit();
    fill();
    expect(await store.openSnapshot()).toBeUndefined();
    await expect(store.saveSnapshot(join(dir, 'saved'))).rejects.toMatchObject({ code: 'DISK' });
    rmSync(filler);
    expect((await store.openSnapshot())?.index).toBe(200);
  });
});
