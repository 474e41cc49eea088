// One suite for every implementation of Registry: what the master relies on, whatever is below.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { MemoryRegistry, MemoryRegistryStore } from '../../../src/daemon/master/registry/memory-registry.js';
import type { Registry } from '../../../src/daemon/master/registry/registry.js';
import type * as registry from '../../../src/wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { type Leading, SoloRegistry } from './solo-registry.js';

const master: mesos.MasterInfo = { id: 'm', ip: 16777343, port: 5050 };
let terms = 0;

function openMemory(store: MemoryRegistryStore): TestedRegistry {
  const memory = new MemoryRegistry(store);
  return {
    lead: () => Promise.resolve({ term: ++terms, registry: store.state() }),
    propose: (operations) => memory.propose(operations),
    close: () => Promise.resolve(),
  };
}

/** What the tests do with it. */
type TestedRegistry = Pick<Registry, 'propose' | 'close'> & { lead(): Promise<Pick<Leading, 'term' | 'registry'>> };

interface Harness {
  /** A registry over the same storage each time: calling it twice is a restart. */
  open(): TestedRegistry;
  cleanUp(): void;
}

const HARNESSES: readonly (readonly [string, () => Harness])[] = [
  [
    'memory',
    () => {
      const store = new MemoryRegistryStore();
      return { open: () => openMemory(store), cleanUp: () => undefined };
    },
  ],
  [
    'the replicated log',
    () => {
      const workDir = mkdtempSync(join(tmpdir(), 'mesoctl-registry-'));
      return {
        open: () => new SoloRegistry(workDir, master),
        cleanUp: () => rmSync(workDir, { recursive: true, force: true }),
      };
    },
  ],
];

const agent = (id: string, hostname = 'h'): mesos.AgentInfo => ({ hostname, id: { value: id } });
const framework = (id: string, name = 'f'): mesos.FrameworkInfo => ({ user: 'u', name, id: { value: id } });
const at = (nanoseconds: number | bigint): mesos.TimeInfo => ({ nanoseconds });
const admit = (id: string): registry.Operation => ({ admit_agent: { agent_info: agent(id) } });
const unreachable = (id: string, time = 1): registry.Operation => ({
  mark_agent_unreachable: { agent_id: { value: id }, unreachable_time: at(time) },
});
const gone = (id: string, time = 1): registry.Operation => ({
  mark_agent_gone: { agent_id: { value: id }, gone_time: at(time) },
});

describe.each(HARNESSES)('registry on %s', (_name, createHarness) => {
  const open: TestedRegistry[] = [];
  const harnesses: Harness[] = [];

  function start(): { harness: Harness; first: TestedRegistry; restart(): Promise<TestedRegistry> } {
    const harness = createHarness();
    harnesses.push(harness);
    const first = harness.open();
    open.push(first);
    return {
      harness,
      first,
      async restart() {
        await open.pop()?.close();
        const next = harness.open();
        open.push(next);
        return next;
      },
    };
  }

  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
    for (const each of harnesses.splice(0)) each.cleanUp();
  });

  const ok = (results: readonly { readonly ok: boolean }[]) => results.map((result) => result.ok);

  test('an empty registry leads with a term above 0', async () => {
    const { first } = start();
    const leadership = await first.lead();
    expect(leadership.term).toBeGreaterThan(0);
    expect(leadership.registry.agents.size).toBe(0);
    expect(leadership.registry.frameworks.size).toBe(0);
  });

  test('each start has a higher term', async () => {
    const { first, restart } = start();
    const before = await first.lead();
    const after = await (await restart()).lead();
    expect(after.term).toBeGreaterThan(before.term);
  });

  test('everything proposed survives a restart, times to the nanosecond', async () => {
    const { first, restart } = start();
    await first.lead();
    const precise = 1_790_000_000_123_456_789n;
    const results = await first.propose([
      admit('a1'),
      admit('a2'),
      admit('a3'),
      { mark_agent_unreachable: { agent_id: { value: 'a2' }, unreachable_time: at(precise) } },
      gone('a3', 7),
      { admit_framework: { framework_info: framework('f1', 'größe') } },
      { admit_framework: { framework_info: framework('f2') } },
      { admit_framework: { framework_info: framework('f3') } },
      { disconnect_framework: { framework_id: { value: 'f2' }, disconnected_at: at(precise) } },
      { remove_framework: { framework_id: { value: 'f3' }, removed_at: at(9) } },
    ]);
    expect(ok(results)).toEqual(Array(10).fill(true));
    const { registry: state } = await (await restart()).lead();
    expect([...state.agents.keys()]).toEqual(['a1']);
    expect(state.agents.get('a1')?.hostname).toBe('h');
    expect(state.unreachable.get('a2')?.nanoseconds).toBe(precise);
    expect(state.gone.get('a3')?.nanoseconds).toBe(7);
    expect([...state.frameworks.keys()].sort()).toEqual(['f1', 'f2']);
    expect(state.frameworks.get('f1')?.info.name).toBe('größe');
    expect(state.frameworks.get('f1')?.disconnectedAt).toBeUndefined();
    expect(state.frameworks.get('f2')?.disconnectedAt?.nanoseconds).toBe(precise);
    expect(state.tombstones.get('f3')?.nanoseconds).toBe(9);
  });

  test('a refused operation changes nothing and does not hurt its neighbours', async () => {
    const { first, restart } = start();
    await first.lead();
    const results = await first.propose([
      admit('a1'),
      admit('a1'),
      unreachable('nobody'),
      gone('nobody'),
      { remove_agent: { agent_id: { value: 'nobody' } } },
      { update_agent: { agent_info: agent('nobody') } },
      { update_framework: { framework_info: framework('nobody') } },
      { disconnect_framework: { framework_id: { value: 'nobody' }, disconnected_at: at(1) } },
      admit('a2'),
    ]);
    expect(ok(results)).toEqual([true, false, false, false, false, false, false, false, true]);
    const { registry: state } = await (await restart()).lead();
    expect([...state.agents.keys()]).toEqual(['a1', 'a2']);
    expect(state.frameworks.size + state.gone.size + state.unreachable.size).toBe(0);
  });

  test('the life of an agent: admitted, unreachable, reachable, gone; gone is for ever and keeps its first time', async () => {
    const { first, restart } = start();
    await first.lead();
    expect(ok(await first.propose([admit('a'), unreachable('a'), unreachable('a')]))).toEqual([true, true, false]);
    expect(ok(await first.propose([admit('a')]))).toEqual([false]);
    const back = { mark_agent_reachable: { agent_info: agent('a', 'renamed') } };
    expect(ok(await first.propose([back, gone('a', 5), gone('a', 6), back, admit('a')]))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    const { registry: state } = await (await restart()).lead();
    expect(state.agents.size + state.unreachable.size).toBe(0);
    expect(state.gone.get('a')?.nanoseconds).toBe(5);
  });

  test('an agent that was pruned while away is admitted when it returns', async () => {
    const { first, restart } = start();
    await first.lead();
    await first.propose([admit('a'), admit('b'), unreachable('a'), gone('b')]);
    const pruned = await first.propose([{ prune: { unreachable: [{ value: 'a' }], gone: [{ value: 'b' }] } }]);
    expect(ok(pruned)).toEqual([true]);
    expect(ok(await first.propose([{ mark_agent_reachable: { agent_info: agent('a') } }]))).toEqual([true]);
    const { registry: state } = await (await restart()).lead();
    expect([...state.agents.keys()]).toEqual(['a']);
    expect(state.gone.size).toBe(0);
  });

  test('a removed framework cannot come back, and registering takes the disconnection away', async () => {
    const { first, restart } = start();
    await first.lead();
    const admitFramework = (id: string) => ({ admit_framework: { framework_info: framework(id) } });
    await first.propose([
      admitFramework('f1'),
      { disconnect_framework: { framework_id: { value: 'f1' }, disconnected_at: at(1) } },
      { update_framework: { framework_info: framework('f1', 'renamed') } },
    ]);
    const remove = { remove_framework: { framework_id: { value: 'f2' }, removed_at: at(1) } };
    expect(ok(await first.propose([admitFramework('f2'), remove, admitFramework('f2')]))).toEqual([true, true, false]);
    const { registry: state } = await (await restart()).lead();
    expect(state.frameworks.get('f1')?.disconnectedAt).toBeUndefined();
    expect(state.frameworks.get('f1')?.info.name).toBe('renamed');
    expect(state.frameworks.has('f2')).toBe(false);
    expect(state.tombstones.has('f2')).toBe(true);
  });

  test('concurrent proposals are answered in order, each with its own results', async () => {
    const { first, restart } = start();
    await first.lead();
    const order: number[] = [];
    const all = Array.from({ length: 300 }, async (_, i) => {
      const results = await first.propose([admit(`a${i}`), admit(`a${i}`)]);
      order.push(i);
      return ok(results);
    });
    for (const results of await Promise.all(all)) expect(results).toEqual([true, false]);
    expect(order).toEqual(Array.from({ length: 300 }, (_, i) => i));
    const { registry: state } = await (await restart()).lead();
    expect(state.agents.size).toBe(300);
  });

  test('weights are there until they are changed', async () => {
    const { first, restart } = start();
    await first.lead();
    const weigh = (role: string, weight: number) => ({ update_weights: { weight_infos: [{ role, weight }] } });
    const results = await first.propose([weigh('a', 2.5), weigh('b/c', 3), weigh('a', 0.25), weigh('d', 0)]);
    expect(ok(results)).toEqual([true, true, true, false]);
    const { registry: state } = await (await restart()).lead();
    expect([...state.weights].sort()).toEqual([
      ['a', 0.25],
      ['b/c', 3],
    ]);
  });

  const on = (id: string) => ({ agent_id: { value: id } });
  const drain = (id: string, mark_gone = false): registry.Operation => ({
    drain_agent: { ...on(id), config: { mark_gone } },
  });
  const machine = (hostname: string, ip = '192.0.2.1'): mesos.MachineID => ({ hostname, ip });
  const unavailability: mesos.Unavailability = { start: at(5), duration: at(7) };
  const scheduleOf = (...windows: readonly (readonly mesos.MachineID[])[]): registry.Operation => ({
    update_schedule: { schedule: { windows: windows.map((ids) => ({ machine_ids: [...ids], unavailability })) } },
  });
  const begin = (...ids: readonly mesos.MachineID[]) => ({ start_maintenance: { machine_ids: [...ids] } });
  const stop = (...ids: readonly mesos.MachineID[]) => ({ stop_maintenance: { machine_ids: [...ids] } });

  test('the life of a drain: draining, drained, kept through unreachable and back, ended by reactivation', async () => {
    const { first, restart } = start();
    await first.lead();
    const results = await first.propose([
      admit('a'),
      drain('a'),
      drain('a', true),
      { mark_agent_drained: on('a') },
      { mark_agent_drained: on('a') },
      { deactivate_agent: on('a') },
      unreachable('a'),
      { mark_agent_reachable: { agent_info: agent('a') } },
      admit('b'),
      unreachable('b'),
      { deactivate_agent: on('b') },
      { mark_agent_drained: on('b') },
      admit('c'),
      drain('c'),
      { reactivate_agent: on('c') },
      { reactivate_agent: on('c') },
    ]);
    expect(ok(results)).toEqual([
      ...[true, true, true, true, false, true, true, true],
      ...[true, true, true, false, true, true, true, true],
    ]);
    const { registry: state } = await (await restart()).lead();
    expect([...state.deactivated]).toEqual([
      ['a', { drain: { state: 'DRAINED', config: { mark_gone: true } } }],
      ['b', {}],
    ]);
    expect(state.minimumCapabilities).toEqual(new Set(['AGENT_DRAINING']));
  });

  test('whoever leaves takes its drain along, and only those who are there can be drained', async () => {
    const { first, restart } = start();
    await first.lead();
    const all = ['removed', 'gone', 'pruned', 'back'];
    await first.propose([...all.map(admit), ...all.map((id) => drain(id)), unreachable('pruned')]);
    await first.propose([
      { remove_agent: on('removed') },
      gone('gone'),
      { prune: { unreachable: [{ value: 'pruned' }, { value: 'back' }] } },
    ]);
    const left = ['removed', 'gone', 'pruned', 'nobody'];
    const refused = left.flatMap((id): registry.Operation[] => [
      drain(id),
      { mark_agent_drained: on(id) },
      { deactivate_agent: on(id) },
      { reactivate_agent: on(id) },
    ]);
    expect(ok(await first.propose(refused))).toEqual(Array(16).fill(false));
    const { registry: state } = await (await restart()).lead();
    expect([...state.deactivated.keys()]).toEqual(['back']);
  });

  test('maintenance: scheduled machines are draining, then down, then out of the schedule', async () => {
    const { first, restart } = start();
    await first.lead();
    const [one, two, three] = [machine('One'), machine('two'), machine('three')];
    const modes = async () => {
      const { registry: state } = await (await restart()).lead();
      const machines = Object.fromEntries(Array.from(state.machines.values(), ({ id, mode }) => [id.hostname, mode]));
      return { machines, windows: state.schedule?.windows?.map(({ machine_ids: ids }) => ids) };
    };
    expect(ok(await first.propose([scheduleOf([one], [two, three]), begin(machine('oNE'), two)]))).toEqual([
      true,
      true,
    ]);
    expect(await modes()).toEqual({
      machines: { One: 'DOWN', two: 'DOWN', three: 'DRAINING' },
      windows: [[one], [two, three]],
    });
    const second = open[0] as TestedRegistry;
    // 'one' is down and has to stay; 'three' leaves; case of a hostname does not matter.
    const four = machine('four');
    const changes = [scheduleOf([two, four]), scheduleOf([machine('ONE'), two, four]), stop(two), stop(four)];
    expect(ok(await second.propose(changes))).toEqual([false, true, true, false]);
    expect(await modes()).toEqual({ machines: { ONE: 'DOWN', four: 'DRAINING' }, windows: [[machine('ONE'), four]] });
    const third = open[0] as TestedRegistry;
    expect(ok(await third.propose([stop(one), scheduleOf()]))).toEqual([true, true]);
    expect(await modes()).toEqual({ machines: {}, windows: undefined });
  });

  test('maintenance that makes no sense is refused and changes nothing', async () => {
    const { first, restart } = start();
    await first.lead();
    await first.propose([scheduleOf([machine('a')], [machine('b')]), begin(machine('b'))]);
    const backwards = { start: at(5), duration: at(-1) };
    const refused = [
      scheduleOf([]),
      scheduleOf([{}]),
      scheduleOf([machine('b')], [machine('B')]),
      { update_schedule: { schedule: { windows: [{ machine_ids: [machine('b')], unavailability: backwards }] } } },
      begin(),
      begin(machine('a'), machine('a')),
      begin(machine('a'), machine('b')),
      begin(machine('a'), machine('c')),
      // Both hostname and ip count.
      begin(machine('a', '192.0.2.2')),
      stop(machine('b'), machine('a')),
      stop(),
    ];
    expect(ok(await first.propose(refused))).toEqual(refused.map(() => false));
    const { registry: state } = await (await restart()).lead();
    expect(Array.from(state.machines.values(), ({ id, mode }) => [id.hostname, mode])).toEqual([
      ['a', 'DRAINING'],
      ['b', 'DOWN'],
    ]);
    expect(state.schedule?.windows).toHaveLength(2);
  });

  test('quotas are there until they are empty; with them, masters need QUOTA_V2', async () => {
    const { first, restart } = start();
    await first.lead();
    const quota = (role: string, limits?: Record<string, mesos.Value_Scalar>, guarantees = limits) => ({
      update_quota: { quota_configs: [{ role, limits, guarantees }] },
    });
    const results = await first.propose([
      quota('a', { cpus: { value: 4 } }),
      quota('b/c', { mem: { value: 0 } }),
      quota('a', { cpus: { value: 2.5 } }, {}),
      quota('b/c', {}),
      quota('never'),
      quota('', { cpus: { value: 4 } }),
      quota('d', { cpus: { value: -1 } }),
      quota('d', { cpus: { value: Number.POSITIVE_INFINITY } }),
    ]);
    expect(ok(results)).toEqual([true, true, true, true, true, false, false, false]);
    const { registry: state } = await (await restart()).lead();
    expect([...state.quotas.keys()]).toEqual(['a']);
    expect({ ...state.quotas.get('a')?.limits }).toEqual({ cpus: { value: 2.5 } });
    expect(state.minimumCapabilities).toEqual(new Set(['QUOTA_V2']));
  });
});

test('a closed registry refuses proposals, and its cluster has one id through restarts', async () => {
  const workDir = mkdtempSync(join(tmpdir(), 'mesoctl-registry-'));
  try {
    const first = new SoloRegistry(workDir, master);
    const { clusterId } = await first.lead();
    await first.close();
    await expect(first.propose([admit('a')])).rejects.toMatchObject({ code: 'NOT_LEADER' });
    const second = new SoloRegistry(workDir, master);
    expect((await second.lead()).clusterId).toBe(clusterId);
    await second.close();
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
});

test('a directory that another master holds is refused, through the threads', async () => {
  const workDir = mkdtempSync(join(tmpdir(), 'mesoctl-registry-'));
  const first = new SoloRegistry(workDir, master);
  const second = await first.lead().then(() => new SoloRegistry(workDir, master));
  try {
    await expect(second.lead()).rejects.toMatchObject({ code: 'WORK_DIR_LOCKED' });
  } finally {
    await second.close();
    await first.close();
    rmSync(workDir, { recursive: true, force: true });
  }
});
