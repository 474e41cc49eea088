// UPDATE_WEIGHTS in the core: the registry first, then the allocator and the outstanding offers; and what --weights means.
import { describe, expect, it } from 'vitest';
import { getRoles } from '../../../src/daemon/master/core/snapshot.js';
import { MemoryRegistryStore } from '../../../src/daemon/master/registry/memory-registry.js';
import type * as master from '../../../src/wire/gen/master.js';
import type { FakeScheduler } from './support/fake-scheduler.js';
import { Harness, type HarnessOptions } from './support/harness.js';
import { realAllocator } from './support/real-allocator.js';
import { offeredPair } from './support/scenarios.js';

const update = (weights: Readonly<Record<string, number>>): master.Call => ({
  type: 'UPDATE_WEIGHTS',
  update_weights: { weight_infos: Object.entries(weights).map(([role, weight]) => ({ role, weight })) },
});
const weightsOf = (harness: Harness) => Object.fromEntries(harness.core.view.weights);
const storedBy = (store: MemoryRegistryStore) => Object.fromEntries(store.state().weights);
const rescinds = (scheduler: FakeScheduler) => scheduler.types().filter((type) => type === 'RESCIND').length;
const warnings = (harness: Harness) =>
  harness.effects.filter((effect) => effect.kind === 'log' && effect.level === 'warn').length;

describe('UPDATE_WEIGHTS', () => {
  it('shows and answers nothing before the registry has it', () => {
    const harness = new Harness();
    harness.holdsProposals = true;
    expect(harness.operatorCall(update({ eng: 2 }))).toBeUndefined();
    expect(weightsOf(harness)).toEqual({});
    expect(getRoles(harness.core.view).roles).toEqual([]);
    harness.releaseProposals();
    expect([...harness.answers.values()]).toMatchObject([{ status: 200 }]);
    expect(weightsOf(harness)).toEqual({ eng: 2 });
    expect(getRoles(harness.core.view).roles).toMatchObject([{ name: 'eng', weight: 2 }]);
  });

  it('changes only the roles that it names; the last of two weights counts', () => {
    const harness = new Harness();
    expect(harness.operatorCall(update({ eng: 2, ops: 3 }))).toMatchObject({ status: 200 });
    const twice = { type: 'UPDATE_WEIGHTS' as const, update_weights: { weight_infos: [4, 5].map(weighted('eng')) } };
    expect(harness.operatorCall(twice)).toMatchObject({ status: 200 });
    expect(weightsOf(harness)).toEqual({ eng: 5, ops: 3 });
    expect(storedBy(harness.store)).toEqual({ eng: 5, ops: 3 });
  });

  it('of nothing is 200 and costs no entry of the log', () => {
    const harness = new Harness();
    expect(harness.operatorCall(update({}))).toMatchObject({ status: 200 });
    expect(harness.effects.filter(({ kind }) => kind === 'propose')).toEqual([]);
  });

  it('is all or nothing where --roles lists the roles; * is always among them', () => {
    const harness = new Harness({ config: { roles: ['eng'] } });
    expect(harness.operatorCall(update({ eng: 2, ops: 3 }))).toMatchObject({
      status: 400,
      rejection: { message: "role 'ops' is not among the roles of this master (--roles)" },
    });
    expect(weightsOf(harness)).toEqual({});
    expect(harness.operatorCall(update({ eng: 2, '*': 3 }))).toMatchObject({ status: 200 });
  });

  it.each([
    ['its own', { 'eng/web': 2 }],
    ['one above it', { eng: 2 }],
  ])('rescinds all offers when a role in use is %s; they come again at the interval', (_which, weights) => {
    const { harness, scheduler } = offeredPair({ role: 'eng/web' });
    expect(scheduler.offers).toHaveLength(1);
    harness.operatorCall(update(weights));
    expect(rescinds(scheduler)).toBe(1);
    expect(scheduler.offers).toHaveLength(0);
    harness.advance(1_000);
    expect(scheduler.offers).toHaveLength(1);
  });

  it('leaves offers alone when nobody takes part, and when it is the weight that was', () => {
    const { harness, scheduler } = offeredPair({ role: 'eng' });
    harness.operatorCall(update({ ops: 2, 'eng/web': 2, engine: 2, eng: 1 }));
    expect(rescinds(scheduler)).toBe(0);
    expect(weightsOf(harness)).toEqual({ ops: 2, 'eng/web': 2, engine: 2, eng: 1 });
  });

  it('rescinds in small steps', () => {
    const harness = new Harness({ stepBudget: 2 });
    const schedulers = Array.from({ length: 10 }, (_, i) => {
      harness.agent({ hostname: `h${i}`, port: 6000 + i }).register();
      const scheduler = harness.scheduler({ role: 'eng' });
      scheduler.subscribe();
      harness.settle();
      return scheduler;
    });
    expect(schedulers.reduce((sum, { offers }) => sum + offers.length, 0)).toBe(10);
    const perStep: number[] = [];
    harness.onStep = (effects) => {
      perStep.push(
        effects.filter((effect) => effect.kind === 'scheduler-event' && effect.event.type === 'RESCIND').length,
      );
    };
    expect(harness.operatorCall(update({ eng: 2 }))).toMatchObject({ status: 200 });
    expect(Math.max(...perStep)).toBeLessThanOrEqual(3);
    expect(perStep.reduce((sum, count) => sum + count, 0)).toBe(10);
  });

  it('is told to who watches roles, also of a role that nobody takes part in', () => {
    const harness = new Harness({ allocator: realAllocator() });
    const watcher = harness.watch({ kinds: ['ROLES'] });
    harness.operatorCall(update({ eng: 2 }));
    harness.advance(1_000);
    expect(watcher.roles.get('eng')).toMatchObject({ weight: 2 });
    harness.operatorCall(update({ eng: 1 }));
    harness.advance(1_000);
    expect(watcher.roles.has('eng')).toBe(false);
  });

  it('is followed by the allocator: the heavier role is served first', () => {
    const harness = new Harness({ allocator: realAllocator() });
    harness.operatorCall(update({ light: 1, heavy: 10 }));
    const [light, heavy] = ['light', 'heavy'].map((role) => {
      const scheduler = harness.scheduler({ role });
      scheduler.subscribe();
      return scheduler;
    });
    for (let i = 0; i < 6; i++) harness.agent({ hostname: `h${i}`, port: 6000 + i }).register();
    harness.settle();
    expect(light?.offers).toHaveLength(1);
    expect(heavy?.offers).toHaveLength(5);
  });
});

describe('--weights', () => {
  const start = (options: HarnessOptions) => new Harness({ config: { weights: { eng: 2 } }, ...options });

  it('founds an empty registry, and counts once it is there', () => {
    const store = new MemoryRegistryStore();
    const harness = start({ store, elect: false });
    harness.holdsProposals = true;
    harness.elect();
    expect(weightsOf(harness)).toEqual({});
    harness.releaseProposals();
    expect(weightsOf(harness)).toEqual({ eng: 2 });
    expect(storedBy(store)).toEqual({ eng: 2 });
  });

  it('is ignored, with a warning if it says something else, where the registry has weights', () => {
    const { store } = start({});
    const same = start({ store });
    expect(warnings(same)).toBe(0);
    same.operatorCall(update({ eng: 3 }));
    const other = start({ store });
    expect(weightsOf(other)).toEqual({ eng: 3 });
    expect(storedBy(store)).toEqual({ eng: 3 });
    expect(warnings(other)).toBe(1);
  });
});

function weighted(role: string) {
  return (weight: number) => ({ role, weight });
}
