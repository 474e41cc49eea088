// WHY on the real master core and the real allocator: what only the master knows gets into the answer, with the right times and ids.
import { describe, expect, it } from 'vitest';
import { present } from '../../../src/base/assert.js';
import { clusterFactsOf } from '../../../src/daemon/master/core/cluster-facts.js';
import { createAllocator } from '../../../src/offers/allocator/hierarchical-allocator.js';
import type { Answer, Code, Question, Reason } from '../../../src/offers/explain/answer.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import type * as master from '../../../src/wire/gen/master.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { res } from '../offers/fixtures.js';
import { taskInfo } from './support/fake-scheduler.js';
import type { Harness } from './support/harness.js';
import { START_UNIX_MS } from './support/harness.js';
import { offeredPair, type Pair, runningPair } from './support/scenarios.js';

const H1 = {
  hostname: 'h1',
  ip: '10.0.0.1',
  capabilities: ['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'AGENT_DRAINING'] as const,
};

function allocator() {
  return createAllocator({
    seed: 7,
    minAllocatable: [res('cpus:0.01'), res('mem:32')],
    roleSorter: 'drf',
    frameworkSorter: 'drf',
    excludedResourceNames: new Set(),
    filterGpuResources: true,
  });
}

/** A pair on h1 and the allocator that its master has. */
function pairOf(make: typeof offeredPair | typeof busyPair): Pair & { why(question?: Partial<Question>): Answer } {
  const own = allocator();
  const pair = make({ name: 'shop' }, { allocator: own }, H1);
  const why = (question: Partial<Question> = {}) =>
    own.explain({ wanted: Resources.empty, ...question }, pair.harness.now(), clusterFactsOf(pair.harness.core.view));
  return { ...pair, why };
}

function busyPair(...[info, options, agent]: Parameters<typeof offeredPair>): Pair {
  return runningPair(['t'], info, options, agent);
}

const idOf = (scheduler: Pair['scheduler']) => present(scheduler.id, 'the scheduler is subscribed');

function expectFirst(answer: Answer, code: Code, numbers: object): Reason {
  const [first] = answer.reasons as [Reason];
  expect(first.code, answer.summary).toBe(code);
  expect(first).toMatchObject(numbers);
  return first;
}

const call = (harness: Harness, body: master.Call) => expect(harness.operatorCall(body)).toMatchObject({ status: 200 });
const agentCall = (type: 'DRAIN_AGENT' | 'DEACTIVATE_AGENT' | 'REACTIVATE_AGENT', id: string): master.Call => ({
  type,
  [type.toLowerCase()]: { agent_id: { value: id } },
});

describe('WHY of the master core', () => {
  it('names the offer that is held, by whom and since when', () => {
    const { harness, scheduler, why } = pairOf(offeredPair);
    const [offer] = scheduler.offers as [mesos.Offer];
    const answer = why({ wanted: res('cpus:1') });
    expectFirst(answer, 'OFFERED', {
      bestHostname: 'h1',
      holders: [
        {
          frameworkId: idOf(scheduler),
          frameworkName: 'shop',
          offerId: offer.id.value,
          sinceUnixMs: harness.core.view.offers.get(offer.id.value)?.madeAtUnixMs,
        },
      ],
    });
    expect(answer.summary).toContain('h1 is offered to shop in role *, offer ');
    expect(answer.commands).toEqual(['mesoctl offer list --filter host==h1']);
    expectFirst(why({ frameworkId: idOf(scheduler) }), 'OFFERED', { isOwn: true });
  });

  it('names the decline that a filter comes from', () => {
    const { harness, scheduler, why } = pairOf(offeredPair);
    harness.advance(2_000);
    const offer = scheduler.takeOffer();
    const atMs = harness.nowMs;
    scheduler.decline([offer], 60);
    harness.advance(20_000);
    expectFirst(why({ frameworkId: idOf(scheduler) }), 'FILTERED', {
      offerId: offer.id.value,
      sinceUnixMs: START_UNIX_MS + atMs,
      untilUnixMs: START_UNIX_MS + atMs + 60_000,
    });
  });

  it('names the offer that a launch left the rest of', () => {
    const { harness, scheduler, why } = pairOf(offeredPair);
    const offer = scheduler.takeOffer();
    scheduler.accept([offer], [{ type: 'LAUNCH', launch: { task_infos: [taskInfo(offer, 't')] } }], {
      refuse_seconds: 30,
    });
    harness.advance(1_000);
    expectFirst(why({ frameworkId: idOf(scheduler) }), 'FILTERED', { offerId: offer.id.value });
  });

  it('names who uses what', () => {
    const { harness, scheduler, why } = pairOf(busyPair);
    harness.advance(6_000);
    const [offer] = scheduler.offers as [mesos.Offer];
    scheduler.launch(offer, taskInfo(offer, 'u', { resources: offer.resources ?? [] }));
    expectFirst(why({ wanted: res('cpus:1') }), 'IN_USE', {
      holders: [{ frameworkId: idOf(scheduler), frameworkName: 'shop', role: '*' }],
    });
    expectFirst(why({ agentId: pairAgent(harness) }), 'IN_USE', { frameworks: 1 });
  });

  it('tells since when an agent is away', () => {
    const { harness, agent, why } = pairOf(offeredPair);
    harness.advance(3_000);
    const atMs = harness.nowMs;
    agent.disconnect();
    harness.advance(4_000);
    expectFirst(why({ wanted: res('cpus:1') }), 'UNREACHABLE', {
      state: 'DISCONNECTED',
      sinceUnixMs: START_UNIX_MS + atMs,
    });
    harness.advance(700_000);
    expectFirst(why({ agentId: agent.id }), 'UNREACHABLE', { state: 'UNREACHABLE', bestHostname: 'h1' });
  });

  it('tells agents that drain, have drained or are deactivated, and since when', () => {
    const { harness, agent, why } = pairOf(busyPair);
    harness.advance(1_000);
    const atMs = harness.nowMs;
    call(harness, agentCall('DRAIN_AGENT', agent.id));
    harness.advance(5_000);
    expectFirst(why({ wanted: res('cpus:1') }), 'DRAINING', { state: 'DRAINING', sinceUnixMs: atMs + START_UNIX_MS });
    const deactivated = pairOf(offeredPair);
    call(deactivated.harness, agentCall('DEACTIVATE_AGENT', deactivated.agent.id));
    expectFirst(deactivated.why({ agentId: deactivated.agent.id }), 'DEACTIVATED', { frameworks: 1 });
    call(deactivated.harness, agentCall('DRAIN_AGENT', deactivated.agent.id));
    deactivated.harness.advance(5_000);
    expectFirst(deactivated.why(), 'DRAINING', { state: 'DRAINED' });
  });

  it('tells machines that are down, until when', () => {
    const { harness, why } = pairOf(offeredPair);
    const machine = { hostname: 'h1', ip: '10.0.0.1' };
    const start = { nanoseconds: START_UNIX_MS * 1e6 };
    const unavailability = { start, duration: { nanoseconds: 3_600e9 } };
    const windows = [{ machine_ids: [machine], unavailability }];
    call(harness, { type: 'UPDATE_MAINTENANCE_SCHEDULE', update_maintenance_schedule: { schedule: { windows } } });
    call(harness, { type: 'START_MAINTENANCE', start_maintenance: { machines: [machine] } });
    harness.advance(1_000);
    const first = expectFirst(why({ wanted: res('cpus:1') }), 'MAINTENANCE', { agents: 1, bestHostname: 'h1' });
    expect(first.untilUnixMs).toBeCloseTo(START_UNIX_MS + 3_600_000, -1);
  });

  it('tells frameworks that are away from those that suppressed', () => {
    const { harness, scheduler, why } = pairOf(offeredPair);
    const frameworkId = idOf(scheduler);
    scheduler.decline(scheduler.takeOffers());
    scheduler.call({ type: 'SUPPRESS' });
    harness.advance(10_000);
    expectFirst(why({ frameworkId }), 'SUPPRESSED', { role: '*', agents: 1 });
    const atMs = harness.nowMs;
    scheduler.disconnect();
    harness.advance(2_000);
    expectFirst(why({ frameworkId }), 'NOT_SUBSCRIBED', {
      state: 'DISCONNECTED',
      sinceUnixMs: START_UNIX_MS + atMs,
    });
  });

  it('tells a quota by the role that has it', () => {
    const { harness, scheduler, why } = pairOf(busyPair);
    harness.advance(6_000);
    scheduler.decline(scheduler.takeOffers());
    const limits = { cpus: { value: 1 } };
    call(harness, {
      type: 'UPDATE_QUOTA',
      update_quota: { force: true, quota_configs: [{ role: 'eng', guarantees: {}, limits }] },
    });
    expectFirst(why({ role: 'eng/web', wanted: res('cpus:2') }), 'QUOTA_LIMIT', {
      role: 'eng',
      shortages: [{ name: 'cpus', wanted: 2, has: 1, lacks: 1, limit: 1, consumed: 0 }],
    });
  });

  it('changes nothing', () => {
    const { harness, scheduler, why } = pairOf(busyPair);
    const before = JSON.stringify(harness.core.view.roles().map(({ name, dominantShare }) => [name, dominantShare]));
    for (const question of [{}, { role: 'new/role', wanted: res('cpus:1') }, { frameworkId: idOf(scheduler) }])
      why(question);
    expect(JSON.stringify(harness.core.view.roles().map(({ name, dominantShare }) => [name, dominantShare]))).toBe(
      before,
    );
    harness.advance(6_000);
    expect(scheduler.offers).toHaveLength(1);
  });
});

function pairAgent(harness: Harness): string {
  const [id] = harness.core.view.agents.keys();
  return present(id, 'there is an agent');
}
