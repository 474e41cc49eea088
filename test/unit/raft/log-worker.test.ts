// The loop of the log worker over a real port: order, group commit, transfers, failures.
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { type LogStore, LogStore as Store } from '../../../src/raft/sqlite/log-store.js';
import { runLogWorker } from '../../../src/raft/sqlite/log-worker.js';
import type { LogReply, LogRequest } from '../../../src/raft/sqlite/protocol.js';
import { batch, CLUSTER, configurationOf, data, LogFixture } from './log-fixture.js';

/** The other end of the port: keeps every reply. */
class Asker {
  readonly replies: LogReply[] = [];
  readonly #port: MessagePort;
  #woken: (() => void) | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (reply: LogReply) => {
      this.replies.push(reply);
      this.#woken?.();
    });
  }

  post(...requests: LogRequest[]): void {
    for (const request of requests) this.#port.postMessage(request);
  }

  get kinds(): string[] {
    return this.replies.map(({ kind }) => kind);
  }

  async until<K extends LogReply['kind']>(kind: K): Promise<Extract<LogReply, { kind: K }>> {
    for (;;) {
      const found = this.replies.find((reply) => reply.kind === kind);
      if (found !== undefined) return found as Extract<LogReply, { kind: K }>;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${kind} within 10 s: ${this.kinds}`)), 10_000);
        this.#woken = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): void {
    this.#port.close();
  }
}

let fixture: LogFixture;
let asker: Asker;
let workerPort: MessagePort;

beforeEach(() => {
  fixture = new LogFixture();
  const { port1, port2 } = new MessageChannel();
  asker = new Asker(port1);
  workerPort = port2;
});

afterEach(() => {
  asker.close();
  fixture.dispose();
});

function start(open: () => LogStore = () => fixture.openMember()): void {
  runLogWorker({ port: workerPort, open });
}

const persist = (...args: Parameters<typeof batch>): LogRequest => ({ kind: 'persist', batch: batch(...args) });

test('what it found comes first', async () => {
  start();
  expect((await asker.until('opened')).identity.standing).toEqual({ kind: 'member', clusterId: CLUSTER });
  expect(asker.kinds).toEqual(['opened']);
});

test('persists that wait together are one transaction, confirmed in order', async () => {
  let commits = 0;
  start(() => {
    const store = fixture.openMember();
    const commit = store.commit.bind(store);
    store.commit = () => {
      commits += 1;
      commit();
    };
    return store;
  });
  const requests = Array.from({ length: 20 }, (_, i) => persist([data(i + 1, 1, `k${i} v`)]));
  asker.post(...requests, { kind: 'close' });
  await asker.until('closed');
  const batches = requests.map((request) => (request.kind === 'persist' ? request.batch.batch : 0));
  expect(asker.replies.flatMap((reply) => (reply.kind === 'persisted' ? [reply.batch] : []))).toEqual(batches);
  expect(commits).toBeLessThan(5);
});

test('it applies, answers from a state that has all of it, and reads the log', async () => {
  start();
  asker.post(
    persist([data(1, 1, '=master one'), data(2, 1, 'a 1')]),
    { kind: 'apply', index: 2, resultsFrom: 2 },
    { kind: 'read-state', requestId: 7 },
    { kind: 'read-log', to: 'b', fromIndex: 1, toIndex: 2, maxBytes: 1e6 },
  );
  const state = await asker.until('state');
  expect(state).toMatchObject({ requestId: 7, index: 2 });
  expect(Buffer.from(state.state).toString()).toBe('{"=master":"one","a":"1"}');
  const applied = await asker.until('applied');
  expect(applied.results.map(({ index, result }) => [index, Buffer.from(result).toString()])).toEqual([[2, 'a@2']]);
  expect(Buffer.from(applied.notice?.data ?? []).toString()).toBe('one');
  const { entries } = await asker.until('log-read');
  expect(entries.map(({ index, body }) => [index, body.kind === 'data' && Buffer.from(body.data).toString()])).toEqual([
    [1, '=master one'],
    [2, 'a 1'],
  ]);
});

test('what was applied is committed without anything else being written', async () => {
  start();
  asker.post(persist([data(1, 1, 'a 1')]), { kind: 'apply', index: 1 });
  await asker.until('applied');
  const deadline = performance.now() + 10_000;
  for (;;) {
    // A reader of its own sees only what was committed.
    const copy = fixture.open({ file: fixture.crashCopy({ file: fixture.file } as LogStore) });
    const { applied } = copy.load().stored;
    if (applied === 1) break;
    expect(performance.now()).toBeLessThan(deadline);
    await new Promise(setImmediate);
  }
});

test('a snapshot is opened, read in chunks and installed elsewhere', async () => {
  start();
  asker.post(
    persist([data(1, 1, 'a 1'), data(2, 1, 'b 2')]),
    { kind: 'apply', index: 2 },
    { kind: 'open-snapshot', to: 'b' },
  );
  const { snapshot } = await asker.until('snapshot-opened');
  if (snapshot === undefined) throw new Error('no snapshot');
  asker.post({ kind: 'read-snapshot', to: 'b', snapshotId: snapshot.id, offset: 0, maxBytes: 1e9 });
  const { data: bytes } = await asker.until('snapshot-read');
  expect(bytes.length).toBe(snapshot.sizeBytes);
  asker.post({ kind: 'close-snapshot', snapshotId: snapshot.id });

  const { port1, port2 } = new MessageChannel();
  const other = new Asker(port1);
  runLogWorker({ port: port2, open: () => fixture.openMember({ file: fixture.newFile() }) });
  const more = { chunk: { snapshot, offset: 0, data: bytes }, install: snapshot };
  other.post(persist([], more), { kind: 'read-state', requestId: 1 });
  expect(Buffer.from((await other.until('state')).state).toString()).toBe('{"a":"1","b":"2"}');
  expect(other.kinds).toEqual(['opened', 'installed', 'persisted', 'state']);
  other.post({ kind: 'close' });
  await other.until('closed');
  other.close();
});

test('a snapshot that cannot be saved is an answer, not an end', async () => {
  start();
  const path = `${fixture.root}/nowhere/file`;
  asker.post({ kind: 'save-snapshot', requestId: 3, path });
  const { snapshot, error } = await asker.until('snapshot-saved');
  expect([snapshot, error?.code]).toEqual([undefined, 'DISK']);
  asker.post({ kind: 'close' });
  await asker.until('closed');
});

test('standing is confirmed when it is durable', async () => {
  start(() => fixture.open());
  asker.post({
    kind: 'keep-standing',
    standing: { kind: 'member', clusterId: 'c' },
    configuration: configurationOf('x'),
  });
  await asker.until('standing-kept');
  asker.post({ kind: 'close' });
  await asker.until('closed');
  expect(fixture.open().load()).toMatchObject({
    identity: { standing: { kind: 'member', clusterId: 'c' } },
    stored: { base: { configuration: configurationOf('x') } },
  });
});

test('a directory that cannot be opened fails everything', async () => {
  start(() => {
    throw new MesoError('WORK_DIR_LOCKED', 'taken');
  });
  asker.post(persist([]), { kind: 'close' });
  await new Promise((resolve) => workerPort.once('close', resolve));
  expect(asker.replies.length).toBeGreaterThan(0);
  expect(new Set(asker.kinds)).toEqual(new Set(['failed']));
});

test('after a failure nothing is acknowledged any more', async () => {
  start();
  asker.post(persist([data(9, 1, 'gap')]), persist([data(1, 1, 'a 1')]), { kind: 'apply', index: 1 });
  await asker.until('failed');
  asker.post({ kind: 'close' });
  await new Promise((resolve) => workerPort.once('close', resolve));
  expect(new Set(asker.kinds)).toEqual(new Set(['opened', 'failed']));
  expect(Store.open(fixture.options()).load().stored.lastIndex).toBe(0);
});
