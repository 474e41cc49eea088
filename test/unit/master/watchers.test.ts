import { describe, expect, it } from 'vitest';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import { LAUNCH_LABEL } from '../../../src/wire/launch-label.js';
import { taskInfo } from './support/fake-scheduler.js';
import { Harness, type HarnessOptions, resource } from './support/harness.js';
import { checkSettledMirror, pictureOf } from './support/mirrored.js';
import { realAllocator } from './support/real-allocator.js';
import { offeredPair, runningPair } from './support/scenarios.js';

const withRealAllocator = (): HarnessOptions => ({ allocator: realAllocator() });

function outcomes(events: readonly api.Event[]): (string | undefined)[] {
  return events.flatMap(({ offers_ended }) => offers_ended ?? []).map(({ outcome }) => outcome);
}

describe('the snapshot of a watcher', () => {
  it('follows SUBSCRIBED and ends; kinds that were not asked for stay away', () => {
    const { harness, scheduler, agent } = runningPair(['a', 'b']);
    const all = harness.watch();
    expect(all.types().at(0)).toBe('SUBSCRIBED');
    expect(all.types().at(-1)).toBe('SNAPSHOT_END');
    expect(all.last('SUBSCRIBED').subscribed).toMatchObject({
      heartbeat_interval_seconds: 1,
      agents: 1,
      frameworks: 1,
      tasks: 2,
      info: { cluster_id: 'cluster' },
    });
    checkSettledMirror(all, pictureOf(harness.core.view));
    expect(all.tasks.get(`${scheduler.id}/a`)).toMatchObject({
      state: 'TASK_RUNNING',
      place: 'LIVE',
      role: '*',
      agent_id: { value: agent.id },
      executor_id: { value: 'a' },
      resources: { cpus: 1, mem_mb: 128 },
    });
    const some = harness.watch({ kinds: ['AGENTS'] });
    expect([some.agents.size, some.tasks.size, some.frameworks.size, some.counts]).toEqual([1, 0, 0, undefined]);
  });

  it('ends the stream where nothing more was asked for', () => {
    const { harness } = runningPair(['a']);
    const watcher = harness.watch({ kinds: ['TASKS'], snapshot_only: true });
    expect([watcher.tasks.size, watcher.isSynced, watcher.isClosed]).toEqual([1, true, true]);
    expect(harness.core.view.watchers).toBe(0);
  });

  it('comes in parts of at most 500', () => {
    const harness = new Harness();
    for (let i = 0; i < 1100; i++) harness.agent().register();
    const watcher = harness.watch({ kinds: ['AGENTS'] });
    const parts = watcher.events.flatMap(({ snapshot }) => snapshot?.agents?.length ?? []);
    expect(Math.max(...parts)).toBeLessThanOrEqual(500);
    expect(parts.reduce((sum, size) => sum + size, 0)).toBe(1100);
  });

  it('waits for a slow reader, who hears of changes meanwhile', () => {
    const ids = ['a', 'b', 'c'];
    const { harness, agent } = runningPair(ids, {}, { stepBudget: 1 });
    const watcher = harness.watch({ kinds: ['TASKS'] }, 1);
    expect([watcher.tasks.size, watcher.isSynced]).toEqual([1, false]);
    agent.update('c', 'TASK_FAILED');
    harness.advance(5_000);
    expect([watcher.tasks.size, watcher.isSynced]).toEqual([2, false]);
    harness.catchUp(watcher);
    expect(watcher.isSynced).toBe(true);
    checkSettledMirror(watcher, pictureOf(harness.core.view));
  });

  it('does not hold up what else is to be done', () => {
    const { harness, scheduler } = runningPair(['a', 'b', 'c'], {}, { stepBudget: 1 });
    const slow = harness.watch({}, 1);
    scheduler.call({ type: 'TEARDOWN' });
    expect(harness.core.view.completedFrameworks.has(scheduler.id)).toBe(true);
    harness.catchUp(slow);
    checkSettledMirror(slow, pictureOf(harness.core.view));
  });

  it('says of namesakes what the newest is, also to a slow reader', () => {
    const { harness, scheduler, agent } = runningPair(['a', 'other'], {}, { stepBudget: 1 });
    const end = () => {
      agent.update('a', 'TASK_FINISHED');
      scheduler.acknowledge(scheduler.lastUpdate);
    };
    end();
    const slow = harness.watch({ kinds: ['TASKS'] }, 0);
    harness.advance(6_000);
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 'a'));
    harness.catchUp(slow);
    expect(slow.tasks.get(`${scheduler.id}/a`)).toMatchObject({ state: 'TASK_STAGING', place: 'LIVE' });
    checkSettledMirror(slow, pictureOf(harness.core.view));
  });

  it('keeps a role that came and went between two tellings from staying', () => {
    const harness = new Harness(withRealAllocator());
    harness.agent().register();
    const early = harness.watch({ kinds: ['ROLES'] });
    harness.scheduler({ role: 'brief' }).subscribe();
    harness.advance(100);
    const brief = harness.scheduler({ role: 'briefer' });
    brief.subscribe();
    const late = harness.watch({ kinds: ['ROLES'] });
    expect([...late.roles.keys()]).toContain('briefer');
    brief.call({ type: 'TEARDOWN' });
    harness.advance(5_000);
    for (const watcher of [early, late]) expect([...watcher.roles.keys()]).toEqual(['brief']);
  });
});

describe('who watches', () => {
  it('costs nothing when nobody does', () => {
    const { harness, agent } = runningPair(['a']);
    const watcher = harness.watch();
    harness.unwatch(watcher);
    harness.effects.length = 0;
    agent.update('a', 'TASK_FAILED');
    harness.advance(3_000);
    expect(harness.effects.filter(({ kind }) => kind === 'watch-event')).toEqual([]);
  });

  it('is told once for all of a kind', () => {
    const { harness, agent } = runningPair(['a']);
    harness.watch();
    harness.watch({ kinds: ['TASKS'] });
    harness.watch({ kinds: ['AGENTS'] });
    harness.effects.length = 0;
    agent.update('a', 'TASK_FAILED');
    const told = harness.effects.filter(
      (effect) => effect.kind === 'watch-event' && effect.event.type === 'TASKS_UPDATED',
    );
    expect(told).toMatchObject([{ connectionIds: [expect.any(Number), expect.any(Number)] }]);
  });

  it('is bounded: the oldest is dropped', () => {
    const harness = new Harness({ config: { maxOperatorEventStreamSubscribers: 2 } });
    const watchers = [harness.watch(), harness.watch(), harness.watch()];
    expect(watchers.map(({ isClosed }) => isClosed)).toEqual([true, false, false]);
    expect(harness.core.view.watchers).toBe(2);
  });

  it('gets a heartbeat in each second without another event, and only then', () => {
    const { harness, agent } = runningPair(['a']);
    const watcher = harness.watch({ kinds: ['TASKS'] });
    const heartbeats = () => watcher.events.filter(({ type }) => type === 'HEARTBEAT').length;
    harness.advance(3_000);
    expect(heartbeats()).toBe(3);
    harness.advance(900);
    agent.update('a', 'TASK_FAILED');
    harness.advance(900);
    expect(heartbeats()).toBe(3);
    harness.advance(100);
    expect(heartbeats()).toBe(4);
  });
});

describe('what watchers hear of offers', () => {
  it('made together, and how each ended', () => {
    const harness = new Harness({ config: { offerTimeoutMs: 60_000 } });
    const watcher = harness.watch({ kinds: ['OFFERS'] });
    const agents = Array.from({ length: 6 }, () => harness.agent().register());
    const scheduler = harness.scheduler({ failover_timeout: 3600 });
    scheduler.subscribe();
    harness.settle();
    const offers = scheduler.takeOffers();
    expect(watcher.last('OFFERS_MADE').offers_made).toHaveLength(6);
    expect(watcher.offers.get(offers[0]?.id.value ?? '')).toMatchObject({
      role: '*',
      resources: { cpus: 4, mem_mb: 4096 },
      expires_at: (watcher.last('OFFERS_MADE').offers_made?.[0]?.made_at ?? 0) + 60,
    });
    const [accepted, declined, stale] = offers;
    if (accepted === undefined || declined === undefined || stale === undefined) throw new Error('offers');
    scheduler.launch(accepted, taskInfo(accepted, 't'));
    scheduler.decline([declined], 30);
    expect(watcher.last('OFFERS_ENDED').offers_ended).toMatchObject([{ outcome: 'DECLINED', refuse_seconds: 30 }]);
    scheduler.accept([stale, { ...stale, id: { value: 'unknown' } }], [{ type: 'LAUNCH' }]);
    agents.find(({ id }) => id === offers[3]?.agent_id.value)?.disconnect();
    harness.advance(60_000);
    scheduler.disconnect();
    const ended = outcomes(watcher.events);
    expect(ended.slice(0, 4)).toEqual(['ACCEPTED', 'DECLINED', 'RETURNED', 'RESCINDED']);
    expect(ended.filter((outcome) => outcome === 'EXPIRED')).toHaveLength(2);
    expect(new Set(ended.slice(6))).toEqual(new Set(['RETURNED']));
    expect(watcher.offers.size).toBe(0);
  });

  it('counts, at most once a second, only to those who take everything', () => {
    const { harness, scheduler } = offeredPair();
    const watcher = harness.watch();
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 'a'), taskInfo(offer, 'b', { agent_id: { value: 'another' } }));
    harness.advance(3_000);
    expect(watcher.counts).toMatchObject({ offers_accepted: 1, tasks_launched: 1, tasks_error: 1 });
    const usage = watcher.frameworks.get(scheduler.id)?.usage;
    expect(usage).toMatchObject({ offers_accepted: 1, tasks_failed: 1, tasks: 1 });
    const times = watcher.events.filter(({ type }) => type === 'COUNTED').map(({ time }) => time);
    for (const [i, time] of times.entries()) if (i > 0) expect(time - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(1);
  });
});

describe('what watchers hear of agents', () => {
  it('of every change, with its reason', () => {
    const harness = new Harness({ config: { agentReregisterTimeoutMs: 10_000 } });
    const watcher = harness.watch({ kinds: ['AGENTS'] });
    const agent = harness.agent({ hostname: 'n1', resources: [resource('cpus', 4), resource('mem', 64, 'eng')] });
    agent.register();
    expect(watcher.agents.get(agent.id)).toMatchObject({
      state: 'ACTIVE',
      hostname: 'n1',
      total: { cpus: 4, mem_mb: 64 },
      reserved: { mem_mb: 64 },
      usage: { tasks: 0 },
    });
    agent.frame({ update_agent: { total_resources: [resource('cpus', 8)] } });
    expect(watcher.agents.get(agent.id)?.total).toEqual({ cpus: 8 });
    agent.disconnect();
    const since = watcher.agents.get(agent.id)?.since;
    expect(since).toBe(harness.now().unixMs / 1000);
    harness.advance(11_000);
    expect(watcher.agents.get(agent.id)).toMatchObject({ state: 'UNREACHABLE', hostname: 'n1', total: { cpus: 8 } });
    expect(watcher.last('AGENTS_UPDATED').agents_updated?.message).toBe('the agent did not re-register in time');
    agent.connect();
    agent.reregister();
    expect(watcher.agents.get(agent.id)?.state).toBe('ACTIVE');
    agent.frame({ unregister: {} });
    expect(watcher.agents.size).toBe(0);
    expect(watcher.events.flatMap(({ agents_updated }) => agents_updated?.reason ?? [])).toEqual([
      'REGISTERED',
      'CHANGED',
      'DISCONNECTED',
      'UNREACHABLE',
      'REREGISTERED',
    ]);
    expect(watcher.last('AGENT_REMOVED').agent_removed).toEqual({
      agent_id: { value: agent.id },
      reason: 'UNREGISTERED',
      hostname: 'n1',
    });
  });

  it('of those an earlier master admitted, until they are given up, and of the gone', () => {
    const before = new Harness();
    const [lost, gone] = [before.agent({ hostname: 'lost' }), before.agent({ hostname: 'gone' })];
    lost?.register();
    gone?.register();
    const config = { registryMaxAgentAgeMs: 1_000_000 };
    const harness = new Harness({ store: before.store, masterId: 'm2', config });
    const watcher = harness.watch({ kinds: ['AGENTS'] });
    expect([...watcher.agents.values()].map(({ state }) => state)).toEqual(['RECOVERED', 'RECOVERED']);
    const call = { type: 'MARK_AGENT_GONE' as const, mark_agent_gone: { agent_id: { value: gone?.id ?? '' } } };
    expect(harness.operatorCall(call)).toMatchObject({ status: 200 });
    expect(watcher.last('AGENT_REMOVED').agent_removed).toMatchObject({ reason: 'GONE', hostname: 'gone' });
    harness.advance(700_000);
    expect(watcher.agents.get(lost?.id ?? '')).toMatchObject({ state: 'UNREACHABLE', hostname: 'lost' });
    harness.advance(2_000_000);
    expect(watcher.last('AGENT_REMOVED').agent_removed).toMatchObject({ reason: 'PRUNED', hostname: 'lost' });
    expect(watcher.agents.size).toBe(0);
  });
});

describe('what watchers hear of frameworks and tasks', () => {
  it('that a framework was left behind on purpose', () => {
    const labels = { labels: [{ key: LAUNCH_LABEL, value: 'detached' }] };
    const { harness, scheduler } = runningPair(['a'], { failover_timeout: 50, labels });
    const watcher = harness.watch({ kinds: ['FRAMEWORKS'] });
    expect(watcher.frameworks.get(scheduler.id)).toMatchObject({ detached: true });
    const { scheduler: other, harness: elsewhere } = runningPair(['a'], { failover_timeout: 50 });
    const unset = elsewhere.watch({ kinds: ['FRAMEWORKS'] }).frameworks.get(other.id);
    expect(unset?.detached).toBeUndefined();
  });

  it('of the life of a framework', () => {
    const { harness, scheduler } = runningPair(['a'], { failover_timeout: 50 });
    const watcher = harness.watch({ kinds: ['FRAMEWORKS', 'TASKS'] });
    scheduler.disconnect();
    expect(watcher.frameworks.get(scheduler.id)).toMatchObject({
      state: 'DISCONNECTED',
      failover_deadline: harness.now().unixMs / 1000 + 50,
    });
    scheduler.subscribe();
    scheduler.call({ type: 'SUPPRESS', suppress: {} });
    expect(watcher.frameworks.get(scheduler.id)).toMatchObject({ state: 'ACTIVE', suppressed_roles: ['*'] });
    const connectionId = scheduler.connectionId ?? 0;
    harness.send({ kind: 'scheduler-backlog', connectionId, high: true });
    expect(watcher.frameworks.get(scheduler.id)?.back_pressured).toBe(true);
    scheduler.disconnect();
    harness.advance(50_000);
    expect(watcher.last('FRAMEWORK_REMOVED').framework_removed).toMatchObject({ reason: 'FAILOVER_TIMEOUT' });
    expect(watcher.frameworks.get(scheduler.id)?.state).toBe('COMPLETED');
    expect(watcher.tasks.get(`${scheduler.id}/a`)).toMatchObject({ state: 'TASK_KILLED', place: 'COMPLETED' });
    expect(watcher.events.flatMap(({ frameworks_updated }) => frameworks_updated?.reason ?? [])).toEqual([
      'DISCONNECTED',
      'RESUBSCRIBED',
      'CHANGED',
      'CHANGED',
      'DISCONNECTED',
      'CHANGED',
      'CHANGED',
    ]);
    checkSettledMirror(watcher, pictureOf(harness.core.view));
  });

  it('of history that is forgotten', () => {
    const config = { maxCompletedFrameworks: 1, maxCompletedTasksPerFramework: 1 };
    const { harness, scheduler, agent } = runningPair(['a', 'b'], {}, { config });
    const watcher = harness.watch();
    for (const id of ['a', 'b']) {
      agent.update(id, 'TASK_FINISHED');
      scheduler.acknowledge(scheduler.lastUpdate);
    }
    expect(watcher.last('TASKS_REMOVED').tasks_removed).toMatchObject([{ task_id: { value: 'a' } }]);
    const first = scheduler.id;
    scheduler.call({ type: 'TEARDOWN' });
    const second = harness.scheduler();
    second.subscribe();
    second.call({ type: 'TEARDOWN' });
    expect(watcher.last('FRAMEWORK_REMOVED').framework_removed).toMatchObject({
      framework_id: { value: first },
      reason: 'FORGOTTEN',
    });
    expect([...watcher.frameworks.keys()]).toEqual([second.id]);
    expect(watcher.tasks.size).toBe(0);
  });

  it('of a namesake that is left when the newer task is forgotten', () => {
    const config = { maxUnreachableTasksPerFramework: 0, agentReregisterTimeoutMs: 10_000 };
    const { harness, scheduler, agent } = runningPair(['a'], {}, { config });
    agent.update('a', 'TASK_FINISHED');
    scheduler.acknowledge(scheduler.lastUpdate);
    const watcher = harness.watch({ kinds: ['TASKS'] });
    harness.advance(6_000);
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 'a'));
    agent.disconnect();
    harness.advance(11_000);
    expect(watcher.tasks.get(`${scheduler.id}/a`)).toMatchObject({ state: 'TASK_FINISHED', place: 'COMPLETED' });
  });

  it('when a task launched, and since when it has its state', () => {
    const { harness, scheduler, agent } = offeredPair();
    const watcher = harness.watch({ kinds: ['TASKS'] });
    const offer = scheduler.takeOffer();
    const launchedAt = harness.now().unixMs / 1000;
    scheduler.launch(offer, taskInfo(offer, 'a', { limits: { mem: { value: 512 }, cpus: { value: 1 } } }));
    harness.advance(2_000);
    agent.update('a', 'TASK_RUNNING');
    harness.advance(2_000);
    agent.update('a', 'TASK_RUNNING', { healthy: false, message: `${'x'.repeat(511)}😀` });
    expect(watcher.tasks.get(`${scheduler.id}/a`)).toMatchObject({
      launched_at: launchedAt,
      since: launchedAt + 2,
      healthy: false,
      message: 'x'.repeat(511),
      limits: { mem_mb: 512 },
    });
  });
});

describe('what watchers hear of roles', () => {
  it('shares of the subtree and what is fair by weight', () => {
    const harness = new Harness({ ...withRealAllocator(), config: { weights: { 'eng/web': 3 } } });
    harness.agent({ resources: [resource('cpus', 4), resource('mem', 1000)] }).register();
    const watcher = harness.watch({ kinds: ['ROLES'] });
    const web = harness.scheduler({ role: 'eng/web' });
    web.subscribe();
    harness.settle();
    const offer = web.takeOffer();
    web.launch(offer, taskInfo(offer, 'a', { resources: [resource('cpus', 1), resource('mem', 500)] }));
    harness.scheduler({ role: 'eng/db' }).subscribe();
    harness.scheduler({ role: 'ops' }).subscribe();
    harness.advance(3_000);
    expect(watcher.roles.get('eng')).toMatchObject({ frameworks: 0, dominant_share: 0.5, fair_share: 0.5 });
    expect(watcher.roles.get('eng')?.allocated).toEqual({ cpus: 1, mem_mb: 500 });
    expect(watcher.roles.get('eng/web')).toMatchObject({ weight: 3, frameworks: 1, fair_share: 0.375 });
    expect(watcher.roles.get('eng/db')).toMatchObject({ weight: 1, fair_share: 0.125 });
    expect(watcher.roles.get('ops')?.fair_share).toBe(0.5);
    web.call({ type: 'SUPPRESS', suppress: {} });
    harness.advance(1_000);
    expect(watcher.roles.get('eng/web')?.fair_share).toBeUndefined();
    expect(watcher.roles.get('eng/db')?.fair_share).toBe(0.5);
  });
});
