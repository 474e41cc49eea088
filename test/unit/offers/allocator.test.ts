import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { isRejection } from '../../../src/base/rejection.js';
import { ScalarNames } from '../../../src/offers/allocator/quantities.js';
import { shrinkScalars } from '../../../src/offers/allocator/shrink.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import { agent, framework, lines, NO_USE, newAllocator, res } from './fixtures.js';

describe('slices of a run', () => {
  // Stage 1 gives web the guaranteed cpus, stage 2 what is reserved to its parent role: one offer.
  function withGuarantee() {
    const allocator = newAllocator();
    allocator.updateQuota('eng', { guarantees: new Map([['cpus', 2]]), limits: new Map() });
    allocator.addFramework(framework('web', ['eng/web']), NO_USE);
    allocator.addAgent(agent('a1', 'cpus:2;mem:64;cpus(eng):1'));
    return allocator;
  }
  const free = (allocator: ReturnType<typeof newAllocator>) => allocator.snapshot().agents.get('a1')?.available;

  it('hold what stage 1 decided until stage 2 has seen the agent', () => {
    const allocator = withGuarantee();
    const first = allocator.allocate(undefined, 0, 1);
    expect(first).toEqual({ offers: [], inverseOffers: [], more: true });
    const second = allocator.allocate(undefined, 0, 100);
    expect(second.more).toBe(false);
    expect(second.offers.length).toBe(1);
    expect(second.offers[0]?.resources.unallocated().equals(res('cpus:2;mem:64;cpus(eng):1'))).toBe(true);
  });

  it('give back what was held for a framework that leaves in between', () => {
    const allocator = withGuarantee();
    allocator.allocate(undefined, 0, 1);
    expect(free(allocator)?.equals(res('cpus(eng):1'))).toBe(true);
    allocator.deactivateFramework('web');
    expect(free(allocator)?.equals(res('cpus:2;mem:64;cpus(eng):1'))).toBe(true);
    expect(allocator.allocate(undefined, 0)).toEqual({ offers: [], inverseOffers: [], more: false });
    allocator.removeFramework('web');
    expect(allocator.snapshot().roles.get('eng/web')).toBeUndefined();
  });

  it('give back what was held on an agent that leaves in between', () => {
    const allocator = withGuarantee();
    allocator.allocate(undefined, 0, 1);
    allocator.removeAgent('a1');
    expect(allocator.allocate(undefined, 0)).toEqual({ offers: [], inverseOffers: [], more: false });
    expect(allocator.snapshot().roles.get('eng')?.dominantShare).toBe(0);
  });

  it('go on with the run begun, whatever the arguments; the next run sees the new ones', () => {
    const allocator = newAllocator();
    allocator.addFramework(framework('f'), NO_USE);
    for (const id of ['a1', 'a2', 'a3']) allocator.addAgent(agent(id, 'cpus:1;mem:64'));
    const first = allocator.allocate(new Set(['a1', 'a2']), 0, 1);
    expect(first.more).toBe(true);
    const second = allocator.allocate(new Set(['a3']), 0);
    expect([...first.offers, ...second.offers].map(({ agentId }) => agentId).sort()).toEqual(['a1', 'a2']);
    expect(lines(allocator.allocate(undefined, 0).offers)).toEqual(['f <- a3 (*): cpus:1; mem:64']);
  });
});

describe('books', () => {
  it('count what both the agent and the framework report only once', () => {
    const used = res('cpus:3;mem:64').allocatedTo('*');
    const allocator = newAllocator();
    allocator.addAgent(agent('a1', 'cpus:4;mem:128', { used: new Map([['f', used]]) }));
    allocator.addFramework(framework('f'), new Map([['a1', used]]));
    expect(allocator.snapshot().agents.get('a1')?.available.equals(res('cpus:1;mem:64'))).toBe(true);
    expect(allocator.snapshot().roles.get('*')?.dominantShare).toBe(0.75);
  });

  it('add what turns out to run on an agent', () => {
    const allocator = newAllocator();
    allocator.addAgent(agent('a1', 'cpus:4;mem:128'));
    allocator.addFramework(framework('f'), NO_USE);
    allocator.addAllocated('f', 'a1', res('cpus:3;mem:64').allocatedTo('*'));
    expect(lines(allocator.allocate(undefined, 0).offers)).toEqual(['f <- a1 (*): cpus:1; mem:64']);
  });

  it('ignore what comes back from an agent that is gone', () => {
    const allocator = newAllocator();
    allocator.addFramework(framework('f'), NO_USE);
    allocator.addAgent(agent('a1', 'cpus:1;mem:64'));
    const [offer] = allocator.allocate(undefined, 0).offers;
    if (offer === undefined) throw new Error('an offer is made');
    allocator.removeAgent('a1');
    allocator.recoverResources({ ...offer, allocated: false });
    expect(allocator.snapshot().agents.size).toBe(0);
    expect(allocator.snapshot().activeFilters).toBe(0);
  });

  it('refuse to take back more than was given: that is a bug of the caller', () => {
    const allocator = newAllocator();
    allocator.addFramework(framework('f'), NO_USE);
    allocator.addAgent(agent('a1', 'cpus:1;mem:64'));
    const [offer] = allocator.allocate(undefined, 0).offers;
    if (offer === undefined) throw new Error('an offer is made');
    const resources = res('cpus:2').allocatedTo('*');
    expect(() => allocator.recoverResources({ ...offer, resources, allocated: false })).toThrow(/holds/);
    expect(() => allocator.addAgent(agent('a1', 'cpus:1'))).toThrow(/once/);
    expect(() => allocator.addFramework(framework('f'), NO_USE)).toThrow(/once/);
  });

  it('say which agent an operator operation missed', () => {
    const refused = newAllocator().updateAvailable('nobody', res('cpus:1'), res('cpus(eng):1'));
    expect(isRejection(refused) ? refused.code : undefined).toBe('not-found');
  });

  it('track a framework without MULTI_ROLE under its one role', () => {
    const allocator = newAllocator();
    allocator.addFramework({ ...framework('f'), info: { user: 'u', name: 'f' } }, NO_USE);
    allocator.addFramework({ ...framework('g'), info: { user: 'u', name: 'g', role: 'eng' } }, NO_USE);
    expect([...allocator.snapshot().roles.keys()].sort()).toEqual(['*', 'eng']);
    allocator.addAgent(agent('a1', 'cpus:1;mem:64', { capabilities: new Set() }));
    expect(allocator.allocate(undefined, 0).offers.length).toBe(1);
  });

  it('count a shared volume once, for each role and for those above, however many tasks use it', () => {
    const volume = Resources.of([
      {
        name: 'disk',
        type: 'SCALAR',
        scalar: { value: 64 },
        reservations: [{ type: 'DYNAMIC', role: 'eng' }],
        disk: { persistence: { id: 'v' }, volume: { container_path: 'd', mode: 'RW' } },
        shared: {},
      },
    ]);
    const allocator = newAllocator();
    allocator.addAgent(agent('a1', res('cpus:4;mem:512').add(volume)));
    for (const name of ['web', 'db']) allocator.addFramework(framework(name, [`eng/${name}`]), NO_USE);
    const used = () =>
      allocator
        .roles()
        .filter(({ name }) => name.startsWith('eng'))
        .map(({ name, allocated }) => `${name} ${allocated.get('disk') ?? 0}`)
        .sort()
        .join();
    const task = (name: string) => res('cpus:1;mem:32').add(volume).allocatedTo(`eng/${name}`);
    const ends = (name: string) =>
      allocator.recoverResources({ frameworkId: name, agentId: 'a1', resources: task(name), allocated: true });
    for (const name of ['web', 'web', 'db']) allocator.addAllocated(name, 'a1', task(name));
    expect(used()).toBe('eng 64,eng/db 64,eng/web 64');
    ends('web');
    expect(used()).toBe('eng 64,eng/db 64,eng/web 64');
    ends('web');
    expect(used()).toBe('eng 64,eng/db 64,eng/web 0');
    ends('db');
    expect(used()).toBe('eng 0,eng/db 0,eng/web 0');
    for (const name of ['web', 'db', 'db']) allocator.addAllocated(name, 'a1', task(name));
    allocator.removeAgent('a1');
    expect(used()).toBe('eng 0,eng/db 0,eng/web 0');
  });

  it('forget roles that nobody uses any more', () => {
    const allocator = newAllocator();
    allocator.addFramework(framework('f', ['a/b/c']), NO_USE);
    allocator.addAgent(agent('a1', 'cpus:1;mem:64;cpus(x/y):1'));
    expect([...allocator.snapshot().roles.keys()].sort()).toEqual(['a', 'a/b', 'a/b/c', 'x', 'x/y']);
    allocator.removeFramework('f');
    allocator.updateAgent('a1', { total: res('cpus:1') });
    expect([...allocator.snapshot().roles.keys()]).toEqual([]);
  });
});

describe('shrinking to a target', () => {
  const names = new ScalarNames(new Set());
  const target = (cpus: number, disk: number) => Float64Array.from([cpus, 0, disk, 0]);
  const disk = (size: number, root: string | undefined) => ({
    name: 'disk',
    type: 'SCALAR' as const,
    scalar: { value: size },
    disk: root === undefined ? undefined : { source: { type: 'MOUNT' as const, mount: { root } } },
  });

  it('chops what can be chopped and drops names without a target', () => {
    const shrunk = shrinkScalars(res('cpus:4;mem:64'), target(1500, 0), names, seededRandom(1));
    expect(shrunk.toString()).toBe('cpus:1.5');
  });

  it('takes whole disks or leaves them, never more than the target in sum', () => {
    const disks = Resources.of([disk(60, '/a'), disk(60, '/b'), disk(10, undefined)]);
    for (let seed = 0; seed < 20; seed++) {
      const shrunk = shrinkScalars(disks, target(0, 65_000), names, seededRandom(seed));
      expect(shrunk.scalar('disk')).toBeLessThanOrEqual(65);
      expect(shrunk.entries.filter(({ kind, milli }) => kind.whole && milli !== 60_000)).toEqual([]);
    }
  });

  it('returns the very object when all of it fits', () => {
    const all = res('cpus:4');
    expect(shrinkScalars(all, target(4000, 0), names, seededRandom(1))).toBe(all);
  });
});
