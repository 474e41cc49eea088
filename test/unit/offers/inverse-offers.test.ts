// Inverse offers of the allocator (spec page 06, 6.6): who is asked, once, and when again.
import { describe, expect, it } from 'vitest';
import type { Allocator } from '../../../src/offers/allocator/allocator.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { agent, framework, newAllocator } from './fixtures.js';

const SOON: mesos.Unavailability = { start: { nanoseconds: 1 } };
const LATER: mesos.Unavailability = { start: { nanoseconds: 2 } };
const status = (frameworkId: string) => ({
  status: 'ACCEPT' as const,
  framework_id: { value: frameworkId },
  timestamp: { nanoseconds: 5 },
});

/** `f` holds what was free of `a`; `idle` holds nothing. */
function held(): Allocator {
  const allocator = newAllocator();
  allocator.addAgent(agent('a', 'cpus:4;mem:4096'));
  allocator.addFramework(framework('f', ['r']), new Map());
  allocator.allocate(undefined, 0);
  allocator.addFramework(framework('idle', ['r']), new Map());
  return allocator;
}

const asked = (allocator: Allocator, nowMs: number, agentIds?: ReadonlySet<string>) =>
  allocator.allocate(agentIds, nowMs).inverseOffers.map(({ frameworkId, agentId }) => `${frameworkId} ${agentId}`);

describe('inverse offers', () => {
  it('ask holders of agents under maintenance, once, although nothing is free there', () => {
    const allocator = held();
    expect(asked(allocator, 0)).toEqual([]);
    allocator.updateUnavailability('a', SOON);
    expect(allocator.allocate(undefined, 0).inverseOffers).toEqual([
      { frameworkId: 'f', agentId: 'a', unavailability: SOON },
    ]);
    expect(asked(allocator, 1000)).toEqual([]);
  });

  it('concern the agents of the run only', () => {
    const allocator = held();
    allocator.updateUnavailability('a', SOON);
    expect(asked(allocator, 0, new Set(['b']))).toEqual([]);
    expect(asked(allocator, 0, new Set(['a', 'b']))).toEqual(['f a']);
  });

  it('count what the same run offers, and come with its last slice', () => {
    const allocator = newAllocator();
    for (const id of ['a', 'b']) allocator.addAgent(agent(id, 'cpus:4;mem:4096'));
    allocator.addFramework(framework('f', ['r']), new Map());
    for (const id of ['a', 'b']) allocator.updateUnavailability(id, SOON);
    const slices = [];
    for (let more = true; more; ) {
      const slice = allocator.allocate(undefined, 0, 1);
      slices.push(slice.inverseOffers.length);
      more = slice.more;
    }
    expect(slices.length).toBeGreaterThan(1);
    expect([slices.slice(0, -1).every((count) => count === 0), slices.at(-1)]).toEqual([true, 2]);
  });

  it('ask again when taken back, or when the filter of the answer ends', () => {
    const allocator = held();
    allocator.updateUnavailability('a', SOON);
    asked(allocator, 0);
    allocator.updateInverseOffer('f', 'a');
    expect(asked(allocator, 0)).toEqual(['f a']);
    allocator.updateInverseOffer('f', 'a', { status: status('f'), untilMs: 5000 });
    expect(asked(allocator, 4999)).toEqual([]);
    expect(asked(allocator, 5000)).toEqual(['f a']);
    expect(allocator.inverseOfferStatuses()).toEqual(new Map([['a', [status('f')]]]));
  });

  it('an answer that nobody asked for is none', () => {
    const allocator = held();
    allocator.updateUnavailability('a', SOON);
    allocator.updateInverseOffer('f', 'a', { status: status('f'), untilMs: 5000 });
    expect(allocator.inverseOfferStatuses()).toEqual(new Map([['a', []]]));
    expect(asked(allocator, 0)).toEqual(['f a']);
  });

  it('another time drops answers and filters, none drops all', () => {
    const allocator = held();
    allocator.updateUnavailability('a', SOON);
    asked(allocator, 0);
    allocator.updateInverseOffer('f', 'a', { status: status('f'), untilMs: 5000 });
    allocator.updateUnavailability('a', LATER);
    expect(allocator.inverseOfferStatuses()).toEqual(new Map([['a', []]]));
    expect(allocator.allocate(undefined, 0).inverseOffers).toMatchObject([{ unavailability: LATER }]);
    allocator.updateUnavailability('a', undefined);
    expect(allocator.inverseOfferStatuses().size).toBe(0);
    expect(asked(allocator, 9000)).toEqual([]);
  });

  it.each<[string, (allocator: Allocator) => void]>([
    ['the framework is not connected', (allocator) => allocator.deactivateFramework('f')],
    ['the framework has too much to read', (allocator) => allocator.setBackPressure('f', true)],
    ['the agent is not active', (allocator) => allocator.deactivateAgent('a')],
    ['allocation is paused', (allocator) => allocator.pause()],
  ])('ask nobody while %s', (_why, change) => {
    const allocator = held();
    allocator.updateUnavailability('a', SOON);
    change(allocator);
    expect(asked(allocator, 0)).toEqual([]);
    allocator.activateFramework('f');
    allocator.setBackPressure('f', false);
    allocator.activateAgent('a');
    allocator.resume();
    expect(asked(allocator, 0)).toEqual(['f a']);
  });

  it.each<[string, (allocator: Allocator) => void]>([
    ['REVIVE', (allocator) => allocator.reviveRoles('f', [])],
    [
      'a new connection',
      (allocator) => {
        allocator.deactivateFramework('f');
        allocator.activateFramework('f');
      },
    ],
  ])('%s ends the filter', (_what, change) => {
    const allocator = held();
    allocator.updateUnavailability('a', SOON);
    asked(allocator, 0);
    allocator.updateInverseOffer('f', 'a', { status: status('f'), untilMs: 5000 });
    change(allocator);
    expect(asked(allocator, 0)).toEqual(['f a']);
  });

  it('are forgotten with the agent, and with the framework', () => {
    const allocator = held();
    allocator.updateUnavailability('a', SOON);
    asked(allocator, 0);
    allocator.updateInverseOffer('f', 'a', { status: status('f'), untilMs: undefined });
    const resources = allocator.snapshot().agents.get('a')?.offeredOrAllocated;
    if (resources !== undefined)
      allocator.recoverResources({ frameworkId: 'f', agentId: 'a', resources, allocated: false });
    allocator.removeFramework('f');
    expect(allocator.inverseOfferStatuses()).toEqual(new Map([['a', []]]));
    allocator.removeAgent('a');
    expect(allocator.inverseOfferStatuses().size).toBe(0);
  });
});
