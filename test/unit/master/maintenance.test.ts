// Maintenance in the core: the schedule and the modes of machines, what they mean for agents, and inverse offers from end to end.
import { describe, expect, it } from 'vitest';
import { describeFramework } from '../../../src/daemon/master/core/snapshot.js';
import { maintenanceStatus } from '../../../src/daemon/master/http/registry-reads.js';
import type * as maintenance from '../../../src/wire/gen/maintenance.js';
import type * as master from '../../../src/wire/gen/master.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import type { FakeScheduler } from './support/fake-scheduler.js';
import { Harness, type HarnessOptions, START_UNIX_MS } from './support/harness.js';
import { realAllocator } from './support/real-allocator.js';
import { type Pair, runningPair } from './support/scenarios.js';

const H1 = { hostname: 'h1', ip: '10.0.0.1' };
const H2 = { hostname: 'h2', ip: '10.0.0.2' };
const START: mesos.Unavailability = { start: { nanoseconds: 7e18 }, duration: { nanoseconds: 3.6e12 } };

const window = (...machine_ids: mesos.MachineID[]): maintenance.Window => ({ machine_ids, unavailability: START });
const schedule = (...windows: maintenance.Window[]): master.Call => ({
  type: 'UPDATE_MAINTENANCE_SCHEDULE',
  update_maintenance_schedule: { schedule: { windows } },
});
const start = (...machines: mesos.MachineID[]): master.Call => ({
  type: 'START_MAINTENANCE',
  start_maintenance: { machines },
});
const stop = (...machines: mesos.MachineID[]): master.Call => ({
  type: 'STOP_MAINTENANCE',
  stop_maintenance: { machines },
});

const modes = ({ core }: Harness) =>
  Object.fromEntries(Array.from(core.view.machines.values(), ({ id, mode }) => [id.hostname, mode]));
const rescinds = (scheduler: FakeScheduler) => scheduler.types().filter((type) => type === 'RESCIND').length;
const asked = (scheduler: FakeScheduler) =>
  scheduler.events.flatMap(({ inverse_offers }) => inverse_offers?.inverse_offers ?? []);
const takenBack = (scheduler: FakeScheduler) =>
  scheduler.events.flatMap(({ rescind_inverse_offer }) => rescind_inverse_offer?.inverse_offer_id.value ?? []);

/** A task on h1, and the rest of it offered. */
function pairOn(options: HarnessOptions = {}): Pair {
  const pair = runningPair(['t'], {}, { allocator: realAllocator(), ...options }, H1);
  pair.harness.advance(6_000);
  return pair;
}

function answer(
  scheduler: FakeScheduler,
  how: 'ACCEPT' | 'DECLINE',
  offers: readonly mesos.InverseOffer[],
  refuse_seconds?: number,
): void {
  const given = {
    inverse_offer_ids: offers.map(({ id }) => id),
    filters: refuse_seconds === undefined ? undefined : { refuse_seconds },
  };
  if (how === 'ACCEPT') scheduler.call({ type: 'ACCEPT_INVERSE_OFFERS', accept_inverse_offers: given });
  else scheduler.call({ type: 'DECLINE_INVERSE_OFFERS', decline_inverse_offers: given });
}

describe('the maintenance schedule', () => {
  it('shows and answers nothing before the registry has it; survives the leader', () => {
    const harness = new Harness();
    harness.holdsProposals = true;
    expect(harness.operatorCall(schedule(window(H1, H2)))).toBeUndefined();
    expect(modes(harness)).toEqual({});
    harness.releaseProposals();
    expect([...harness.answers.values()]).toMatchObject([{ status: 200 }]);
    expect(modes(harness)).toEqual({ h1: 'DRAINING', h2: 'DRAINING' });
    harness.operatorCall(start(H2));
    const successor = new Harness({ store: harness.store, masterId: 'm2' });
    expect(modes(successor)).toEqual({ h1: 'DRAINING', h2: 'DOWN' });
    expect(successor.core.view.maintenanceSchedule).toEqual({ windows: [window(H1, H2)] });
  });

  it('is replaced as a whole; what leaves it is up again', () => {
    const harness = new Harness();
    harness.operatorCall(schedule(window(H1), window(H2)));
    harness.operatorCall(schedule(window(H2)));
    expect(modes(harness)).toEqual({ h2: 'DRAINING' });
    harness.operatorCall(schedule());
    expect(modes(harness)).toEqual({});
    expect(harness.core.view.maintenanceSchedule).toBeUndefined();
  });

  it('goes DRAINING, DOWN, UP, and the machine leaves the schedule', () => {
    const harness = new Harness();
    harness.operatorCall(schedule(window(H1, H2)));
    expect(harness.operatorCall(start(H1))).toMatchObject({ status: 200 });
    expect(modes(harness)).toEqual({ h1: 'DOWN', h2: 'DRAINING' });
    expect(harness.operatorCall(stop({ ...H1, hostname: 'H1' }))).toMatchObject({ status: 200 });
    expect(modes(harness)).toEqual({ h2: 'DRAINING' });
    expect(harness.core.view.maintenanceSchedule).toEqual({ windows: [window(H2)] });
  });

  const negative = { start: START.start, duration: { nanoseconds: -1 } };
  it.each<[string, master.Call, string]>([
    ['a window without machines', schedule(window(H1), window()), 'has no machines'],
    ['a machine without names', schedule(window({})), 'neither hostname nor ip'],
    ['a machine twice', schedule(window(H1), window({ ...H1, hostname: 'H1' })), 'more than once'],
    ['a negative duration', schedule({ machine_ids: [H1], unavailability: negative }), 'negative duration'],
    ['a schedule without a machine that is down', schedule(window(H2)), 'h1 (10.0.0.1) is DOWN and cannot leave'],
    ['no schedule while a machine is down', schedule(), 'cannot leave the schedule'],
    ['the start of nothing', start(), 'No machine is named'],
    ['the start of one that is not scheduled', start({ hostname: 'h9' }), 'h9 is not in the maintenance schedule'],
    ['the start of one that is down', start(H1), 'is not DRAINING, it is DOWN'],
    ['the start of one twice', start(H2, H2), 'named twice'],
    ['the start of one that may and one that may not', start(H2, H1), 'is not DRAINING'],
    ['the stop of nothing', stop(), 'No machine is named'],
    ['the stop of one that drains', stop(H2), 'is not DOWN, it is DRAINING'],
    ['the stop of one that is up', stop({ hostname: 'h9' }), 'not in the maintenance schedule'],
  ])('%s is 400 and changes nothing', (_what, call, message) => {
    const harness = new Harness();
    harness.operatorCall(schedule(window(H1, H2)));
    harness.operatorCall(start(H1));
    const before = harness.store.state();
    expect(harness.operatorCall(call)).toMatchObject({
      status: 400,
      rejection: { message: expect.stringContaining(message) },
    });
    expect(modes(harness)).toEqual({ h1: 'DOWN', h2: 'DRAINING' });
    expect(harness.store.state()).toEqual(before);
  });
});

describe('agents of a machine in the schedule', () => {
  it('are offered anew with their unavailability, and without it when they leave the schedule', () => {
    const { harness, scheduler } = pairOn();
    expect(scheduler.takeOffer().unavailability).toBeUndefined();
    harness.operatorCall(schedule(window(H1)));
    expect(rescinds(scheduler)).toBe(1);
    harness.advance(1_000);
    expect(scheduler.takeOffer().unavailability).toEqual(START);
    harness.operatorCall(schedule(window(H2)));
    harness.advance(1_000);
    expect(scheduler.takeOffer().unavailability).toBeUndefined();
  });

  it.each([
    ['hostname and ip', H1, true],
    ['hostname in capitals', { hostname: 'H1', ip: '10.0.0.1' }, true],
    ['hostname alone', { hostname: 'h1' }, true],
    ['ip alone', { ip: '10.0.0.1' }, true],
    ['the hostname with another ip', { hostname: 'h1', ip: '10.0.0.9' }, false],
    ['another hostname with the ip', { hostname: 'h9', ip: '10.0.0.1' }, false],
  ])('are found by %s', (_how, machine, found) => {
    const { harness, scheduler } = pairOn();
    harness.operatorCall(schedule(window(machine)));
    expect(rescinds(scheduler)).toBe(found ? 1 : 0);
  });

  it('are offered with it when they register later, and after a change of leader', () => {
    const harness = new Harness({ allocator: realAllocator() });
    harness.operatorCall(schedule(window(H1)));
    const agent = harness.agent(H1).register();
    const scheduler = harness.scheduler();
    scheduler.subscribe();
    harness.settle();
    expect(scheduler.takeOffer().unavailability).toEqual(START);
    const successor = new Harness({ store: harness.store, masterId: 'm2', allocator: realAllocator() });
    agent.moveTo(successor).reregister();
    const next = successor.scheduler();
    next.subscribe();
    successor.settle();
    expect(next.takeOffer().unavailability).toEqual(START);
  });

  it('are shut down when it goes down: tasks lost, the agent removed, no return before it is up', () => {
    const pair = pairOn();
    const { harness, scheduler, agent } = pair;
    harness.operatorCall(schedule(window(H1)));
    harness.advance(1_000);
    expect(harness.operatorCall(start(H1))).toMatchObject({ status: 200 });
    expect(agent.isShutDown).toBe(true);
    expect(scheduler.lastUpdate).toMatchObject({ state: 'TASK_LOST', reason: 'REASON_AGENT_REMOVED' });
    expect(harness.core.view.agents.size).toBe(0);
    expect(harness.store.state().agents.size).toBe(0);
    expect(scheduler.offers).toEqual([]);
    for (const come of ['register', 'reregister'] as const) {
      const returning = come === 'register' ? harness.agent(H1) : agent.moveTo(harness);
      returning[come]();
      expect(returning.received('shutdown')[0]?.message).toBe('machine h1 (10.0.0.1) is down for maintenance');
      expect(harness.core.view.agents.size).toBe(0);
    }
    harness.operatorCall(stop(H1));
    harness.agent(H1).register();
    expect(harness.core.view.agents.size).toBe(1);
  });

  it('are shut down also when they were being admitted as it went down', () => {
    const harness = new Harness();
    harness.operatorCall(schedule(window(H1)));
    harness.holdsProposals = true;
    const agent = harness.agent(H1).register();
    harness.operatorCall(start(H1));
    expect(harness.heldProposals).toHaveLength(2);
    const [admission, down] = harness.heldProposals.splice(0);
    harness.holdsProposals = false;
    for (const proposal of [down, admission]) {
      harness.holdsProposals = true;
      if (proposal !== undefined) harness.heldProposals.push(proposal);
      harness.releaseProposals();
    }
    expect(agent.isShutDown).toBe(true);
    expect(harness.core.view.agents.size).toBe(0);
  });

  it('leave the books in small steps', () => {
    const harness = new Harness({ stepBudget: 2 });
    for (let i = 0; i < 10; i++) harness.agent({ hostname: 'h1', ip: '10.0.0.1', port: 6000 + i }).register();
    const perStep: number[] = [];
    harness.operatorCall(schedule(window(H1)));
    harness.onStep = (effects) =>
      perStep.push(effects.filter((effect) => effect.kind === 'agent-message' && effect.message.shutdown).length);
    harness.operatorCall(start(H1));
    expect(Math.max(...perStep)).toBeLessThanOrEqual(2);
    expect(harness.core.view.agents.size).toBe(0);
  });
});

describe('inverse offers', () => {
  /** The framework of a task on h1 was asked to leave. */
  function askedPair(options: HarnessOptions = {}): Pair & { readonly offer: mesos.InverseOffer } {
    const pair = pairOn(options);
    pair.harness.operatorCall(schedule(window(H1)));
    pair.harness.settle();
    const [offer] = asked(pair.scheduler);
    if (offer === undefined) throw new Error('there is no inverse offer');
    return { ...pair, offer };
  }
  const statuses = (harness: Harness) => maintenanceStatus(harness.core.view).draining_machines?.[0]?.statuses;

  it('go once to each framework that holds something of the agent, and show in its picture', () => {
    const { harness, scheduler, agent, offer } = askedPair();
    expect(offer).toMatchObject({
      id: { value: expect.stringMatching(/^m1-O\d+$/) },
      url: { scheme: 'http', path: '/slave(1)', address: { hostname: 'h1', ip: '10.0.0.1' } },
      framework_id: { value: scheduler.id },
      agent_id: { value: agent.id },
      unavailability: START,
    });
    expect(offer.resources).toBeUndefined();
    const other = harness.scheduler({ role: 'other' });
    other.subscribe({ suppressed_roles: ['other'] });
    harness.advance(10_000);
    expect(asked(scheduler)).toHaveLength(1);
    expect(asked(other)).toEqual([]);
    const framework = harness.core.view.frameworks.get(scheduler.id);
    expect(framework === undefined ? undefined : describeFramework(framework).inverse_offers).toEqual([offer]);
  });

  it.each(['ACCEPT', 'DECLINE'] as const)('%s is recorded with its time; asked again when the filter ends', (how) => {
    const { harness, scheduler, offer } = askedPair();
    answer(scheduler, how, [offer], 20);
    const timestamp = { nanoseconds: (BigInt(START_UNIX_MS) + BigInt(harness.nowMs)) * 1_000_000n };
    expect(statuses(harness)).toEqual([{ status: how, framework_id: { value: scheduler.id }, timestamp }]);
    harness.advance(18_000);
    expect(asked(scheduler)).toHaveLength(1);
    harness.advance(4_000);
    expect(asked(scheduler)).toHaveLength(2);
    expect(statuses(harness)).toMatchObject([{ status: how }]);
  });

  it('is asked again at once when no filter is wanted, and after REVIVE', () => {
    const { harness, scheduler, offer } = askedPair();
    answer(scheduler, 'DECLINE', [offer], 0);
    harness.advance(1_000);
    const again = asked(scheduler);
    expect(again).toHaveLength(2);
    answer(scheduler, 'DECLINE', again, 3600);
    harness.advance(5_000);
    expect(asked(scheduler)).toHaveLength(2);
    scheduler.call({ type: 'REVIVE' });
    harness.settle();
    expect(asked(scheduler)).toHaveLength(3);
  });

  it('answers to unknown ones, or of others, are skipped', () => {
    const { harness, scheduler, offer } = askedPair();
    const other = harness.scheduler({ role: 'other' });
    other.subscribe();
    answer(other, 'ACCEPT', [offer]);
    answer(scheduler, 'ACCEPT', [{ ...offer, id: { value: 'no-such' } }]);
    expect(statuses(harness)).toEqual([]);
    answer(scheduler, 'ACCEPT', [offer, offer]);
    expect(statuses(harness)).toHaveLength(1);
  });

  it('are taken back after --offer-timeout, and made anew', () => {
    const { harness, scheduler, offer } = askedPair({ config: { offerTimeoutMs: 10_000 } });
    harness.advance(12_000);
    expect(takenBack(scheduler)).toEqual([offer.id.value]);
    expect(asked(scheduler)).toHaveLength(2);
    expect(harness.core.view.inverseOffers.size).toBe(1);
  });

  it('are taken back by another schedule, which forgets the answers', () => {
    const { harness, scheduler, offer } = askedPair();
    const later = { ...START, duration: { nanoseconds: 1 } };
    harness.operatorCall(schedule({ machine_ids: [H1], unavailability: later }));
    harness.settle();
    expect(takenBack(scheduler)).toEqual([offer.id.value]);
    const [, next] = asked(scheduler);
    expect(next?.unavailability).toEqual(later);
    if (next !== undefined) answer(scheduler, 'ACCEPT', [next]);
    expect(statuses(harness)).toHaveLength(1);
    harness.operatorCall(schedule(window(H1)));
    expect(statuses(harness)).toEqual([]);
    harness.operatorCall(schedule());
    harness.advance(5_000);
    expect(harness.core.view.inverseOffers.size).toBe(0);
  });

  it('the same schedule again changes nothing', () => {
    const { harness, scheduler } = askedPair();
    harness.operatorCall(schedule(window(H1), window(H2)));
    expect(takenBack(scheduler)).toEqual([]);
  });

  it.each<[string, (pair: Pair) => void]>([
    ['the agent loses its link', ({ agent }) => agent.disconnect()],
    ['the machine goes down', ({ harness }) => void harness.operatorCall(start(H1))],
    [
      'the agent is deactivated',
      ({ harness, agent }) =>
        void harness.operatorCall({ type: 'DEACTIVATE_AGENT', deactivate_agent: { agent_id: { value: agent.id } } }),
    ],
  ])('are taken back when %s', (_when, happen) => {
    const pair = askedPair();
    happen(pair);
    pair.harness.advance(2_000);
    expect(takenBack(pair.scheduler)).toEqual([pair.offer.id.value]);
    expect(asked(pair.scheduler)).toHaveLength(1);
    expect(pair.harness.core.view.inverseOffers.size).toBe(0);
  });

  it('go with their framework and come anew with it', () => {
    const { harness, scheduler } = askedPair();
    scheduler.disconnect();
    expect(harness.core.view.inverseOffers.size).toBe(0);
    scheduler.subscribe();
    harness.settle();
    expect(asked(scheduler)).toHaveLength(1);
    scheduler.call({ type: 'TEARDOWN' });
    harness.advance(1_000);
    expect(harness.core.view.inverseOffers.size).toBe(0);
  });

  it('come also to those whose first resources there were offered after the schedule', () => {
    const harness = new Harness({ allocator: realAllocator() });
    harness.operatorCall(schedule(window(H1)));
    harness.agent(H1).register();
    const scheduler = harness.scheduler();
    scheduler.subscribe();
    harness.settle();
    expect(scheduler.types().filter((type) => type.endsWith('OFFERS'))).toEqual(['OFFERS', 'INVERSE_OFFERS']);
  });

  it('status: machines that drain with the answers, machines that are down', () => {
    const { harness, scheduler, offer } = askedPair();
    answer(scheduler, 'ACCEPT', [offer]);
    harness.operatorCall(schedule(window(H1, H2)));
    harness.operatorCall(start(H2));
    expect(maintenanceStatus(harness.core.view)).toMatchObject({
      draining_machines: [{ id: H1, statuses: [{ status: 'ACCEPT' }] }],
      down_machines: [H2],
    });
  });
});
