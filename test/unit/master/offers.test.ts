import { describe, expect, it } from 'vitest';
import { Timers } from '../../../src/base/timers.js';
import { AllocationSchedule } from '../../../src/offers/allocator/allocation-schedule.js';
import { BookkeepingAllocator } from './support/bookkeeping-allocator.js';
import { taskInfo } from './support/fake-scheduler.js';
import { Harness, resource } from './support/harness.js';
import { offeredPair, runningPair } from './support/scenarios.js';

describe('when resources are offered', () => {
  it('an agent that joins is offered at once', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler();
    scheduler.subscribe();
    harness.advance(100);
    harness.agent().register();
    expect(scheduler.offers).toHaveLength(1);
  });

  it('what a task leaves behind is offered at once', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    harness.advance(6_000);
    scheduler.takeOffers();
    agent.update('t', 'TASK_FINISHED');
    expect(scheduler.takeOffer().resources?.map(({ scalar }) => scalar?.value)).toEqual([1, 128]);
  });

  it('a burst of ends is coalesced within two milliseconds', () => {
    const { harness, scheduler, agent } = runningPair(['a', 'b', 'c']);
    harness.advance(6_000);
    scheduler.takeOffers();
    agent.update('a', 'TASK_FINISHED');
    agent.update('b', 'TASK_FINISHED');
    agent.update('c', 'TASK_FINISHED');
    harness.advance(2);
    const counts = scheduler.events.filter(({ type }) => type === 'OFFERS').map(({ offers }) => offers?.offers?.length);
    expect(counts).toEqual([1, 1]);
  });

  it('what was declined comes back at the next interval, not before its filter ends', () => {
    const { harness, scheduler } = offeredPair();
    harness.advance(300);
    scheduler.decline([scheduler.takeOffer()], 0);
    harness.advance(600);
    expect(scheduler.offers).toEqual([]);
    harness.advance(200);
    scheduler.decline([scheduler.takeOffer()], 10);
    harness.advance(9_500);
    expect(scheduler.offers).toEqual([]);
    harness.advance(1_500);
    expect(scheduler.offers).toHaveLength(1);
  });

  it.each([
    ['five seconds by default', undefined, 5_000],
    ['five seconds for a negative wish', -3, 5_000],
    ['at least an interval', 0.001, 1_000],
  ])('refuses for %s', (_what, seconds, untilMs) => {
    const { harness, scheduler } = offeredPair();
    const declinedAtMs = harness.nowMs;
    scheduler.decline([scheduler.takeOffer()], seconds);
    harness.advance(untilMs - 1);
    expect(scheduler.offers).toEqual([]);
    harness.nowMs = declinedAtMs + untilMs;
    harness.advance(1_001);
    expect(scheduler.offers).toHaveLength(1);
  });

  it('refuses for a year at most', () => {
    const allocator = new BookkeepingAllocator();
    const { harness, scheduler } = offeredPair({}, { allocator });
    const untilMs: (number | undefined)[] = [];
    const recover = allocator.recoverResources.bind(allocator);
    allocator.recoverResources = (recovered) => {
      untilMs.push(recovered.refuse?.untilMs);
      recover(recovered);
    };
    scheduler.decline([scheduler.takeOffer()], 1e12);
    expect(untilMs).toEqual([harness.nowMs + 365 * 24 * 3_600_000]);
  });

  it('a scheduler that takes over begins without the filters of its predecessor', () => {
    const { harness, scheduler } = offeredPair();
    scheduler.decline([scheduler.takeOffer()], 3600);
    scheduler.subscribe();
    harness.settle();
    expect(scheduler.offers).toHaveLength(1);
  });

  it('REVIVE lifts filters at once, SUPPRESS stops offers and leaves those that are out', () => {
    const { harness, scheduler, agent } = offeredPair();
    scheduler.decline([scheduler.takeOffer()], 3600);
    harness.advance(5_000);
    expect(scheduler.offers).toEqual([]);
    scheduler.call({ type: 'REVIVE' });
    expect(scheduler.offers).toHaveLength(1);
    scheduler.call({ type: 'SUPPRESS' });
    expect(scheduler.types()).not.toContain('RESCIND');
    expect(harness.core.view.frameworks.get(scheduler.id)?.suppressedRoles).toEqual(new Set(['*']));
    scheduler.decline([scheduler.takeOffer()], 0);
    harness.advance(5_000);
    expect(scheduler.offers).toEqual([]);
    scheduler.call({ type: 'REVIVE', revive: { roles: ['not-mine'] } });
    harness.advance(5_000);
    expect(scheduler.offers).toEqual([]);
    scheduler.call({ type: 'REVIVE', revive: { roles: ['*'] } });
    expect(scheduler.offers).toHaveLength(1);
    expect(agent.messages.some(({ ping }) => ping !== undefined)).toBe(true);
  });

  it('an offer times out when --offer-timeout is set', () => {
    const { harness, scheduler } = offeredPair({}, { config: { offerTimeoutMs: 3_000 } });
    const first = scheduler.offers[0];
    harness.advance(3_000);
    expect(scheduler.events).toContainEqual({ type: 'RESCIND', rescind: { offer_id: first?.id } });
    harness.advance(1_000);
    expect(scheduler.offers).toHaveLength(1);
  });

  it('an idle cluster wants no steps but heartbeats and pings', () => {
    const { harness } = offeredPair();
    harness.advance(2_000);
    const deadline = harness.core.nextDeadlineMs() ?? 0;
    expect(deadline).toBeGreaterThan(harness.nowMs + 1_000);
  });

  it('follows the whitelist', () => {
    const harness = new Harness({ elect: false });
    harness.send({ kind: 'whitelist', hostnames: new Set(['good']) });
    harness.elect();
    const scheduler = harness.scheduler();
    scheduler.subscribe();
    harness.agent({ hostname: 'bad' }).register();
    harness.agent({ hostname: 'good' }).register();
    harness.settle();
    expect(scheduler.offers.map(({ hostname }) => hostname)).toEqual(['good']);
    harness.send({ kind: 'whitelist', hostnames: null });
    harness.settle();
    expect(scheduler.offers).toHaveLength(2);
  });
});

describe('back-pressure', () => {
  it('holds new offers back while updates flow', () => {
    const { harness, scheduler, agent } = runningPair(['t']);
    const connectionId = scheduler.connectionId ?? 0;
    harness.send({ kind: 'scheduler-backlog', connectionId, high: true });
    expect(harness.core.view.frameworks.get(scheduler.id)?.backPressured).toBe(true);
    scheduler.events = [];
    agent.update('t', 'TASK_FINISHED');
    harness.advance(10_000);
    expect(scheduler.types()).toContain('UPDATE');
    expect(scheduler.types()).not.toContain('OFFERS');
    harness.send({ kind: 'scheduler-backlog', connectionId, high: false });
    expect(scheduler.types()).toContain('OFFERS');
  });
});

describe('OFFERS events', () => {
  it('hold at most 500 offers', () => {
    const harness = new Harness();
    for (let i = 0; i < 1100; i++) harness.agent({ hostname: `node${i}` }).register();
    const scheduler = harness.scheduler();
    scheduler.subscribe();
    harness.settle();
    const sizes = scheduler.events.flatMap(({ offers }) =>
      offers?.offers === undefined ? [] : [offers.offers.length],
    );
    expect(sizes).toEqual([500, 500, 100]);
  });

  it('show an offer as the framework can read it', () => {
    const resources = [resource('cpus', 4), resource('mem', 100, 'web')];
    const plain = offeredPair({ role: 'web' }, {}, { resources, ip: '10.0.0.7', port: 6000 }).scheduler.takeOffer();
    expect(plain).toMatchObject({
      id: { value: 'm1-O0' },
      agent_id: { value: 'm1-S0' },
      hostname: 'node',
      url: { scheme: 'http', address: { hostname: 'node', ip: '10.0.0.7', port: 6000 }, path: '/slave(1)' },
    });
    expect(plain.allocation_info).toBeUndefined();
    expect(plain.resources).toEqual([
      { name: 'cpus', type: 'SCALAR', scalar: { value: 4 }, role: '*' },
      { name: 'mem', type: 'SCALAR', scalar: { value: 100 }, role: 'web' },
    ]);
    const capabilities = [{ type: 'MULTI_ROLE' as const }, { type: 'RESERVATION_REFINEMENT' as const }];
    const rich = offeredPair({ roles: ['web'], capabilities }, {}, { resources }).scheduler.takeOffer();
    expect(rich.allocation_info).toEqual({ role: 'web' });
    expect(rich.resources).toEqual([
      { name: 'cpus', type: 'SCALAR', scalar: { value: 4 }, allocation_info: { role: 'web' } },
      {
        name: 'mem',
        type: 'SCALAR',
        scalar: { value: 100 },
        allocation_info: { role: 'web' },
        reservations: [{ type: 'STATIC', role: 'web' }],
      },
    ]);
  });

  it('name the executors of the framework on the agent', () => {
    const { harness, scheduler } = offeredPair();
    const offer = scheduler.takeOffer();
    const executor = { executor_id: { value: 'e' }, command: { value: 'c' } };
    scheduler.launch(offer, taskInfo(offer, 't', { command: undefined, executor }));
    harness.advance(6_000);
    expect(scheduler.takeOffer().executor_ids).toEqual([{ value: 'e' }]);
  });
});

describe('AllocationSchedule', () => {
  it('answers the first request at once, and the next within two milliseconds', () => {
    const timers = new Timers<() => void>();
    const schedule = new AllocationSchedule(timers, 1000);
    schedule.requestNow(10, 'a');
    expect(schedule.currentRun()?.agentIds).toEqual(new Set(['a']));
    schedule.endRun();
    schedule.requestNow(11, 'b');
    schedule.requestNow(11.5, 'c');
    expect(schedule.currentRun()).toBeUndefined();
    timers.pop(12)?.();
    expect(schedule.currentRun()?.agentIds).toEqual(new Set(['b', 'c']));
  });

  it('keeps a run that goes on apart from what is asked meanwhile', () => {
    const timers = new Timers<() => void>();
    const schedule = new AllocationSchedule(timers, 1000);
    schedule.requestNow(0, 'a');
    const run = schedule.currentRun();
    schedule.requestNow(5, 'b');
    expect(schedule.currentRun()).toBe(run);
    schedule.endRun();
    expect(schedule.currentRun()?.agentIds).toEqual(new Set(['b']));
  });

  it('makes one run of all agents at an interval, however many ask', () => {
    const timers = new Timers<() => void>();
    const schedule = new AllocationSchedule(timers, 1000);
    schedule.requestAtInterval(100);
    schedule.requestAtInterval(999);
    expect(timers.size).toBe(1);
    expect(timers.nextDeadlineMs()).toBe(1000);
    timers.pop(1000)?.();
    expect(schedule.currentRun()).toEqual({ agentIds: undefined });
    schedule.requestAtInterval(1000);
    expect(timers.nextDeadlineMs()).toBe(2000);
  });
});
