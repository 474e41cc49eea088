import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryCheckpointStore } from '../../src/daemon/agent/checkpoint/memory-store.js';
import { SqliteCheckpointStore } from '../../src/daemon/agent/checkpoint/sqlite-store.js';
import { checkpointContract, type StoreFactory, task, update } from './checkpoint.js';

function memoryFactory(): StoreFactory {
  let last = new MemoryCheckpointStore();
  return {
    open: () => {
      last = last.fork();
      return last;
    },
    dispose: () => undefined,
  };
}

function sqliteFactory(): StoreFactory {
  const scratch = mkdtempSync(join(tmpdir(), 'mesoctl-checkpoint-'));
  return {
    open: () => new SqliteCheckpointStore(join(scratch, 'checkpoint')),
    dispose: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

describe('in memory', () => checkpointContract(memoryFactory));
describe('on SQLite', () => checkpointContract(sqliteFactory));

describe('the file of a checkpoint', () => {
  let scratch: string;
  let directory: string;
  let file: string;
  const open = () => new SqliteCheckpointStore(directory);
  /** Opens, expects to be refused with `code`, and closes. */
  const refused = async (code: string): Promise<Error> => {
    const store = open();
    const error = await store.load().then(
      () => new Error('it was opened'),
      (thrown: Error) => thrown,
    );
    await store.close();
    expect(error).toMatchObject({ code });
    return error;
  };
  const fill = async () => {
    const store = open();
    await store.load();
    await store.commit(
      Array.from({ length: 200 }, (_, i) => ({ kind: 'put-task', task: task('f', `t${i}`) }) as const),
      'machine',
    );
    await store.close();
  };

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'mesoctl-checkpoint-'));
    directory = join(scratch, 'checkpoint');
    file = join(directory, 'agent.sqlite');
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  test('belongs to one agent at a time', async () => {
    const first = open();
    await first.load();
    const error = await refused('WORK_DIR_LOCKED');
    expect(error.message).toContain(`pid ${process.pid}`);
    await first.commit([{ kind: 'put-update', update: update('f', 't', 1) }], 'machine');
    await first.close();
    const second = open();
    expect((await second.load()).updates).toHaveLength(1);
    await second.close();
  });

  test('of a newer format is refused', async () => {
    await fill();
    const database = new Sqlite(file);
    database.pragma('user_version = 99');
    database.close();
    expect((await refused('WORK_DIR_NEWER')).message).toContain('format 99');
  });

  test('of the first format is taken over as it is, and is of the newest format then', async () => {
    mkdirSync(directory);
    copyFileSync(join(import.meta.dirname, '../fixtures/checkpoint/format-1/agent.sqlite'), file);
    const store = open();
    expect(await store.load()).toMatchObject({
      agent: { agent_info: { id: { value: 'a' } }, highest_term: 7 },
      frameworks: [{ framework_info: { id: { value: 'f' } } }],
      tasks: [task('f', 't', 'TASK_RUNNING')],
      updates: [{ position: 1 }],
      operations: [],
      resources: [],
    });
    const resources = [{ name: 'cpus', type: 'SCALAR' as const, scalar: { value: 1 } }];
    await store.commit([{ kind: 'put-resources', resources }], 'machine');
    await store.close();
    const database = new Sqlite(file);
    expect(database.pragma('user_version', { simple: true })).toBe(2);
    database.close();
    const next = open();
    expect((await next.load()).resources).toEqual(resources);
    await next.close();
  });

  test('that is damaged is refused', async () => {
    await fill();
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 4096, Math.min(bytes.length, 4096 * 4));
    writeFileSync(file, bytes);
    expect(await refused('WORK_DIR_CORRUPT')).toMatchObject({
      suggestions: [expect.stringContaining('backup'), expect.anything()],
    });
  });

  test('that is no database is refused', async () => {
    await fill();
    writeFileSync(file, 'not a database at all, but long enough to be looked at as one'.repeat(100));
    rmSync(`${file}-wal`, { force: true });
    await refused('WORK_DIR_CORRUPT');
  });

  test('of another program is refused', async () => {
    await fill();
    const database = new Sqlite(file);
    database.pragma('application_id = 7');
    database.close();
    await refused('WORK_DIR_CORRUPT');
  });

  test('with a row that cannot be decoded is refused, not read in part', async () => {
    await fill();
    const database = new Sqlite(file);
    database.prepare('UPDATE tasks SET record = ? WHERE task_id = ?').run(Buffer.from([0xff, 0xff]), 't7');
    database.close();
    expect((await refused('WORK_DIR_CORRUPT')).message).toContain('tasks');
  });

  test('waits for the disk once for what comes together', async () => {
    const store = open();
    await store.load();
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => store.commit([{ kind: 'put-task', task: task('f', `t${i}`) }], 'machine')),
    );
    expect(store.counts.calls).toBe(100);
    expect(store.counts.syncs).toBeLessThan(10);
    const { syncs } = store.counts;
    await store.commit([{ kind: 'remove-task', frameworkId: 'f', taskId: 't1' }], 'process');
    expect(store.counts.syncs).toBe(syncs);
    await store.close();
  });
});
