// What only the durable registry can get wrong: locks, formats, damage, crashes in the middle of a commit.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { systemClock } from '../../../src/base/system/clock.js';
import { registryFile } from '../../../src/daemon/master/registry/registry-location.js';
import { MAX_TOMBSTONES } from '../../../src/daemon/master/registry/registry-machine.js';
import { RegistryStore } from '../../../src/daemon/master/registry/registry-store.js';
import { SqliteRegistry } from '../../../src/daemon/master/registry/sqlite-registry.js';
import type * as registry from '../../../src/wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

const master: mesos.MasterInfo = { id: 'm', ip: 1, port: 5050 };
const admit = (id: string): registry.Operation => ({
  admit_agent: { agent_info: { hostname: 'h', id: { value: id } } },
});

let workDir = '';
const stores: RegistryStore[] = [];

function open(): RegistryStore {
  const store = RegistryStore.open(workDir, 'c1');
  stores.push(store);
  return store;
}

function closeAll(): void {
  for (const store of stores.splice(0)) store.close();
}

function openFailure(): MesoError {
  try {
    open();
  } catch (error) {
    if (error instanceof MesoError) return error;
    throw error;
  }
  throw new Error('it opened');
}

beforeEach(() => {
  workDir = mkdtempSync(join(tmpdir(), 'mesoctl-store-'));
});

afterEach(() => {
  closeAll();
  rmSync(workDir, { recursive: true, force: true });
});

function seed(): void {
  const store = open();
  store.lead(master, 1);
  store.commit([admit('a1'), admit('a2')], 2);
  closeAll();
}

function change(sql: string): void {
  const database = new Sqlite(registryFile(workDir));
  database.exec(sql);
  database.close();
}

describe('opening', () => {
  test('a locked directory names the process that holds it', () => {
    open().lead(master, 1);
    const error = openFailure();
    expect(error.code).toBe('WORK_DIR_LOCKED');
    expect(error.message).toContain(`pid ${process.pid}`);
  });

  test('the lock goes with the process that held it', () => {
    open().lead(master, 1);
    closeAll();
    expect(open().lead(master, 1).term).toBe(2);
  });

  test('a newer format is refused and left alone', () => {
    seed();
    change('PRAGMA user_version = 99');
    const before = readFileSync(registryFile(workDir));
    const error = openFailure();
    expect(error.code).toBe('WORK_DIR_NEWER');
    expect(error.message).toContain(registryFile(workDir));
    expect(readFileSync(registryFile(workDir)).equals(before)).toBe(true);
  });

  test.each([
    ['a file that is no database', () => writeFileSync(registryFile(workDir), 'x'.repeat(10_000))],
    ['a foreign database', () => change('PRAGMA user_version = 0')],
    ['a log that ends before the tables', () => change('DELETE FROM log WHERE idx = 2')],
    ['a damaged log entry', () => change("UPDATE log SET entry = x'0801' WHERE idx = 1")],
  ])('%s is corrupt, with the file and a repair named', (_what, damage) => {
    seed();
    damage();
    const error = openFailure();
    expect(error.code).toBe('WORK_DIR_CORRUPT');
    expect(error.message).toContain(registryFile(workDir));
    expect(error.suggestions.join(' ')).toContain('.recover');
  });

  test('a flipped byte in a page is found', () => {
    seed();
    const descriptor = openSync(registryFile(workDir), 'r+');
    const size = readFileSync(registryFile(workDir)).length;
    for (let at = 4096; at < size; at += 512) writeSync(descriptor, Buffer.from([0xff, 0xff, 0xff]), 0, 3, at);
    closeSync(descriptor);
    expect(openFailure().code).toBe('WORK_DIR_CORRUPT');
  });

  test('damage inside a value is found when it is read', () => {
    seed();
    change("UPDATE agents SET info = x'0a0168' WHERE id = 'a1'");
    const store = open();
    expect(() => store.lead(master, 1)).toThrow(/a1 in agents has a wrong checksum/);
  });

  test('a directory that cannot be made is not a crash', () => {
    writeFileSync(join(workDir, 'file'), '');
    const error = (() => {
      try {
        RegistryStore.open(join(workDir, 'file'), 'c1');
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(MesoError);
    expect(existsSync(join(workDir, 'file'))).toBe(true);
  });
});

describe('committing', () => {
  test('tombstones are bounded, the oldest go first', () => {
    const store = open();
    store.lead(master, 1);
    const remove = (i: number): registry.Operation => ({
      remove_framework: { framework_id: { value: `f${i}` }, removed_at: { nanoseconds: 1 } },
    });
    store.commit(
      Array.from({ length: 50 }, (_, i) => remove(i)),
      1,
    );
    closeAll();
    // The rest of them without waiting for as many operations.
    const values = Array.from({ length: MAX_TOMBSTONES - 50 }, (_, i) => `('g${i}', 1, ${1000 + i})`);
    change(`INSERT INTO tombstones VALUES ${values.join(',')}`);
    const again = open();
    again.lead(master, 1);
    again.commit([remove(0), remove(100)], 2);
    const { tombstones } = again.lead(master, 3).registry;
    expect(tombstones.size).toBe(MAX_TOMBSTONES);
    // f0 was removed again and is new; f1 was the oldest.
    expect([tombstones.has('f0'), tombstones.has('f1'), tombstones.has('f2')]).toEqual([true, false, true]);
  });

  test('old entries leave the log', () => {
    seed();
    // As after many commits: the entry that matches the tables is far ahead of the older ones.
    change("UPDATE log SET idx = 20990 WHERE idx = 2; UPDATE meta SET value = 20990 WHERE key = 'applied_index'");
    const store = open();
    for (let i = 0; i < 20; i++) store.commit([{ prune: {} }], i);
    closeAll();
    const database = new Sqlite(registryFile(workDir));
    const kept = database.prepare('SELECT idx FROM log ORDER BY idx').pluck().all();
    database.close();
    expect(kept).toEqual(Array.from({ length: 21 }, (_, i) => 20_990 + i));
    expect([...open().lead(master, 1).registry.agents.keys()]).toEqual(['a1', 'a2']);
  });
});

test('a process killed between commits loses nothing it was told is durable', async () => {
  const module = pathToFileURL(join(import.meta.dirname, '../../../src/daemon/master/registry/registry-store.ts')).href;
  const script = `
    const { RegistryStore } = await import(${JSON.stringify(module)});
    const store = RegistryStore.open(${JSON.stringify(workDir)}, 'c1');
    store.lead({ id: 'm', ip: 1, port: 1 }, 1);
    for (let i = 0; ; i++) {
      store.commit([{ admit_agent: { agent_info: { hostname: 'h', id: { value: 'a' + i } } } }], i);
      process.stdout.write(i + '\\n');
    }`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (output.split('\n').length > 200) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const durable = output.split('\n').length - 1;
  expect(durable).toBeGreaterThan(100);
  const { agents } = open().lead(master, 1).registry;
  expect(agents.size).toBeGreaterThanOrEqual(durable);
  for (let i = 0; i < durable; i++) expect(agents.has(`a${i}`)).toBe(true);
});

test('errors come through the thread with their code', async () => {
  open().lead(master, 1);
  const second = new SqliteRegistry({ workDir, clock: systemClock, newClusterId: 'c2' });
  await expect(second.lead(master)).rejects.toMatchObject({ code: 'WORK_DIR_LOCKED' });
  await expect(second.propose([admit('a')])).rejects.toMatchObject({ code: 'WORK_DIR_LOCKED' });
  await second.close();
});
