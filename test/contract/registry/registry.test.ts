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
