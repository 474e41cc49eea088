// What only the registry on SQLite can get wrong: rows, formats, damage, entries of newer versions. Rules of operations are
// tested for all implementations in test/contract/registry.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import type { RegistryState } from '../../../src/daemon/master/core/protocol.js';
import {
  decodeRegistryState,
  decodeResults,
  encodeEntry,
  encodeRegistryState,
  featuresNeeded,
  MAX_ENTRY_OPERATIONS,
  REGISTRY_FEATURES,
  splitOperations,
} from '../../../src/daemon/master/registry/registry-codec.js';
import { registryFile } from '../../../src/daemon/master/registry/registry-location.js';
import { MAX_TOMBSTONES } from '../../../src/daemon/master/registry/registry-machine.js';
import { MIGRATIONS } from '../../../src/daemon/master/registry/registry-schema.js';
import { RegistryStateMachine } from '../../../src/daemon/master/registry/registry-state-machine.js';
import { timeCrc } from '../../../src/daemon/master/registry/row-checksums.js';
import { LogStore } from '../../../src/raft/sqlite/log-store.js';
import { encodeProtobuf } from '../../../src/wire/codec.js';
import * as registry from '../../../src/wire/gen/mesoctl-registry.js';
import { projectRoot } from '../../harness/process.mjs';

const admit = (id: string): registry.Operation => ({
  admit_agent: { agent_info: { hostname: 'h', id: { value: id } } },
});

const directories: string[] = [];
const databases: Database[] = [];
const stores: LogStore[] = [];

afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  for (const database of databases.splice(0)) database.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mesoctl-registry-'));
  directories.push(directory);
  return directory;
}

function createMachine(): { readonly machine: RegistryStateMachine; readonly database: Database } {
  const database = new Sqlite(':memory:');
  databases.push(database);
  for (const step of MIGRATIONS) step(database, 'registry');
  return { machine: new RegistryStateMachine({ database, file: 'registry' }), database };
}

let index = 0;
function apply(machine: RegistryStateMachine, ...operations: readonly registry.Operation[]) {
  index += 1;
  return decodeResults(machine.apply({ index, data: encodeEntry(operations, 1) }));
}

function openStore(workDir: string): { readonly store: LogStore; readonly machine: RegistryStateMachine } {
  let machine: RegistryStateMachine | undefined;
  const store = LogStore.open({
    file: registryFile(workDir),
    migrations: MIGRATIONS,
    createStateMachine: (options) => {
      machine = new RegistryStateMachine(options);
      return machine;
    },
    newId: () => 'new-id',
    nowMs: () => 0,
  });
  stores.push(store);
  if (machine === undefined) throw new Error('no state machine was made');
  return { store, machine };
}

const unavailability = { start: { nanoseconds: 5 } };

/** Something of everything. */
const FULL: readonly registry.Operation[] = [
  ...['a1', 'a2', 'a3'].map(admit),
  { mark_agent_unreachable: { agent_id: { value: 'a2' }, unreachable_time: { nanoseconds: 7 } } },
  { mark_agent_gone: { agent_id: { value: 'a3' }, gone_time: { nanoseconds: 8 } } },
  { admit_framework: { framework_info: { user: 'u', name: 'n', id: { value: 'f1' } } } },
  { disconnect_framework: { framework_id: { value: 'f1' }, disconnected_at: { nanoseconds: 9 } } },
  { remove_framework: { framework_id: { value: 'f2' }, removed_at: { nanoseconds: 10 } } },
  { drain_agent: { agent_id: { value: 'a1' }, config: { mark_gone: true } } },
  { update_schedule: { schedule: { windows: [{ machine_ids: [{ hostname: 'm' }], unavailability }] } } },
  { update_weights: { weight_infos: [{ role: 'r', weight: 0.1 }] } },
  { update_quota: { quota_configs: [{ role: 'r', limits: { cpus: { value: 1 } } }] } },
];

describe('rows', () => {
  test('tombstones are bounded, the oldest go first', () => {
    const { machine, database } = createMachine();
    const remove = (i: number): registry.Operation => ({
      remove_framework: { framework_id: { value: `f${i}` }, removed_at: { nanoseconds: 1 } },
    });
    apply(machine, ...Array.from({ length: 50 }, (_, i) => remove(i)));
    // The rest of them without as many operations.
    const values = Array.from(
      { length: MAX_TOMBSTONES - 50 },
      (_, i) => `('g${i}', 1, ${1000 + i}, ${timeCrc(`g${i}`, 1n, BigInt(1000 + i))})`,
    );
    database.exec(`INSERT INTO tombstones VALUES ${values.join(',')}`);
    apply(machine, remove(0), remove(100));
    const { tombstones } = machine.readState();
    expect(tombstones.size).toBe(MAX_TOMBSTONES);
    // f0 was removed again and is new; f1 was the oldest.
    expect([tombstones.has('f0'), tombstones.has('f1'), tombstones.has('f2')]).toEqual([true, false, true]);
  });

  test.each([
    ["UPDATE agents SET info = x'0a0168' WHERE id = 'a1'", /a1 in agents has a wrong checksum/],
    ["UPDATE weights SET weight = 7 WHERE role = 'r'", /the weight of r has a wrong checksum/],
    ["UPDATE agents SET id = 'a9' WHERE id = 'a1'", /a9 in agents has a wrong checksum/],
    ['UPDATE unreachable SET at = at + 64', /a2 in unreachable has a wrong checksum/],
    ['UPDATE gone SET sequence = 9', /a3 in gone has a wrong checksum/],
    ['UPDATE tombstones SET at = 3', /f2 in tombstones has a wrong checksum/],
    ['UPDATE frameworks SET disconnected_at = 3', /the time of f1 in frameworks has a wrong checksum/],
    ['UPDATE frameworks SET disconnected_at = NULL', /the time of f1 in frameworks has a wrong checksum/],
    ["UPDATE deactivated SET drain = x'08011200'", /a1 in deactivated has a wrong checksum/],
    ['UPDATE deactivated SET drain = NULL', /a1 in deactivated has a wrong checksum/],
    ["UPDATE machines SET info = x'0a00'", /in machines has a wrong checksum/],
    ["UPDATE schedule SET schedule = x''", /schedule has a wrong checksum/],
    ["UPDATE quotas SET role = 's'", /s in quotas has a wrong checksum/],
    ["UPDATE leader SET info = x'0a016d'", /the address of its leader has a wrong checksum/],
  ])('damage inside a value is found: %s', (damage, message) => {
    const { machine, database } = createMachine();
    apply(machine, ...FULL, { set_master: { master_info: { id: 'm', ip: 1, port: 5050 } } });
    machine.check();
    database.exec(damage);
    expect(() => machine.check()).toThrow(message);
  });
});

describe('entries', () => {
  const entryOf = (message: registry.Entry) => ({ index: 1, data: encodeProtobuf(registry.Entry, message) });

  test.each([
    ['a newer format', entryOf({ version: 99, stamped_at_ms: 1, operations: [] })],
    // Field 500, which this version does not know.
    ['an operation of a newer version', { index: 1, data: Buffer.from('080110021a05a21f020801', 'hex') }],
  ])('%s stops this build and is not skipped', (_what, entry) => {
    const { machine } = createMachine();
    expect(() => machine.apply(entry)).toThrow(expect.objectContaining({ code: 'WORK_DIR_NEWER' }) as unknown);
  });

  test('bytes that are no entry are damage', () => {
    const { machine } = createMachine();
    const apply = () => machine.apply({ index: 9, data: Buffer.from('ff', 'hex') });
    expect(apply).toThrow(/entry 9 of its log/);
  });

  test('50,000 admissions are a few entries, none longer than the log takes', () => {
    const operations = Array.from({ length: 50_000 }, (_, i) => admit(`agent-${i}`));
    const lots = splitOperations(operations);
    expect(lots.length).toBeLessThanOrEqual(Math.ceil(50_000 / MAX_ENTRY_OPERATIONS) + 1);
    expect(lots.flat()).toEqual(operations);
    for (const lot of lots) expect(encodeEntry(lot, 1).length).toBeLessThan(4 * 1024 * 1024);
  });

  test('large operations get entries of their own', () => {
    const large = (id: string): registry.Operation => ({
      admit_agent: { agent_info: { hostname: 'h'.repeat(700_000), id: { value: id } } },
    });
    expect(splitOperations([large('a'), large('b'), admit('c')]).map((lot) => lot.length)).toEqual([1, 2]);
  });

  test('no operation needs more than this build announces', () => {
    expect(featuresNeeded([admit('a'), { prune: {} }])).toBeLessThanOrEqual(REGISTRY_FEATURES);
  });
});

test('the whole state survives its encoding', () => {
  const { machine } = createMachine();
  apply(machine, ...FULL);
  const state = machine.readState();
  expect(state.weights).toEqual(new Map([['r', 0.1]]));
  expect(state.minimumCapabilities).toEqual(new Set(['AGENT_DRAINING', 'QUOTA_V2']));
  const decoded = decodeRegistryState(encodeRegistryState(state));
  expect(decoded).toEqual(state);
});

describe('directories of every format', () => {
  /** What test/fixtures/registry holds in every format that has it. */
  function expectContents(state: RegistryState): void {
    expect([...state.agents.keys()]).toEqual([0, 1, 2, 3].map((n) => `a1f0c1de-S${n}`));
    expect(state.agents.get('a1f0c1de-S2')?.hostname).toBe('node2');
    expect([...state.unreachable]).toEqual([['a1f0c1de-S4', { nanoseconds: 1_700_000_001_000_000_000n }]]);
    expect([...state.gone]).toEqual([['a1f0c1de-S5', { nanoseconds: 1_700_000_002_000_000_000n }]]);
    expect([...state.frameworks.keys()]).toEqual(['a1f0c1de-0000', 'a1f0c1de-0001']);
    expect(state.frameworks.get('a1f0c1de-0001')?.disconnectedAt).toEqual({ nanoseconds: 1_700_000_004_000_000_000n });
    expect([...state.tombstones.keys()]).toEqual(['a1f0c1de-0002']);
  }

  /** Since format 3. */
  function expectOperators(state: RegistryState): void {
    const config = { max_grace_period: { nanoseconds: 5_000_000_000 }, mark_gone: true };
    expect([...state.deactivated]).toEqual([
      ['a1f0c1de-S1', { drain: { state: 'DRAINED', config } }],
      ['a1f0c1de-S4', {}],
    ]);
    const modes = Array.from(state.machines.values(), ({ id, mode }) => [id.hostname, mode]);
    expect(modes).toEqual([
      ['node2', 'DRAINING'],
      ['node3', 'DOWN'],
    ]);
    expect(state.schedule?.windows?.[0]?.unavailability.duration).toEqual({ nanoseconds: 3_600_000_000_000 });
    expect([...state.weights]).toEqual([
      ['web', 2],
      ['dev', 2.5],
    ]);
    expect(state.quotas.get('dev')?.limits?.cpus).toEqual({ value: 4 });
  }

  function copyOf(format: number): string {
    const workDir = temporary();
    cpSync(join(projectRoot, `test/fixtures/registry/format-${format}`), workDir, { recursive: true });
    return workDir;
  }

  test.each(MIGRATIONS.map((_, at) => at + 1))('format %i opens, migrates and serves', (format) => {
    const { store, machine } = openStore(copyOf(format));
    const { identity, stored } = store.load();
    expect(identity.standing).toEqual({ kind: 'member', clusterId: '5b0c7f3e-7f62-4b0f-9a51-0f6a3f0f7a11' });
    expect(stored.hardState.term).toBeGreaterThan(0);
    expect(stored.base.configuration.voters).toEqual([identity.memberId]);
    expectContents(machine.readState());
    if (format >= 3) expectOperators(machine.readState());
  });

  test('damage in an older format is found when it is migrated', () => {
    const workDir = copyOf(2);
    const database = new Sqlite(registryFile(workDir));
    database.exec("UPDATE agents SET info = x'0a0168' WHERE id = 'a1f0c1de-S2'");
    database.close();
    expect(() => openStore(workDir)).toThrow(/a1f0c1de-S2 in agents has a wrong checksum/);
  });

  test('a newer one is refused and left alone', () => {
    const workDir = copyOf(MIGRATIONS.length);
    const database = new Sqlite(registryFile(workDir));
    database.pragma('user_version = 99');
    database.close();
    expect(() => openStore(workDir)).toThrow(expect.objectContaining({ code: 'WORK_DIR_NEWER' }) as unknown);
    const again = new Sqlite(registryFile(workDir), { readonly: true });
    expect(again.pragma('user_version', { simple: true })).toBe(99);
    again.close();
  });
});

test('decoding nonsense is a rejection', () => {
  expect(isRejection(decodeRegistryState(Buffer.from('ff', 'hex')))).toBe(true);
});
