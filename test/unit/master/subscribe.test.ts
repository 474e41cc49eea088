import { describe, expect, it } from 'vitest';
import { Harness } from './support/harness.js';

describe('SUBSCRIBE', () => {
  it('registers a new framework under an id of the master and greets it', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler();
    expect(scheduler.subscribe()).toEqual({ status: 200 });
    expect(scheduler.types()).toEqual(['SUBSCRIBED', 'HEARTBEAT']);
    expect(scheduler.events[0]?.subscribed).toEqual({
      framework_id: { value: 'm1-0000' },
      heartbeat_interval_seconds: 15,
      master_info: harness.masterInfo,
    });
    const other = harness.scheduler();
    other.subscribe();
    expect(other.id).toBe('m1-0001');
  });

  it('is in the registry before it is answered', () => {
    const harness = new Harness();
    harness.holdsProposals = true;
    const scheduler = harness.scheduler();
    expect(scheduler.subscribe()).toBeUndefined();
    expect(harness.core.view.frameworks.size).toBe(0);
    harness.releaseProposals();
    expect(harness.store.state().frameworks.has('m1-0000')).toBe(true);
    expect(scheduler.types()).toEqual(['SUBSCRIBED', 'HEARTBEAT']);
  });

  it('takes an id that the client chose', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler({ id: { value: 'Singularity' } });
    scheduler.subscribe();
    expect(scheduler.id).toBe('Singularity');
    expect(harness.core.view.frameworks.get('Singularity')?.connected).toBe(true);
  });

  it('sends a heartbeat every 15 seconds and none after the stream closed', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler({ failover_timeout: 1000 });
    scheduler.subscribe();
    harness.advance(45_000);
    expect(scheduler.types().filter((type) => type === 'HEARTBEAT')).toHaveLength(4);
    scheduler.disconnect();
    const before = scheduler.events.length;
    harness.advance(60_000);
    expect(scheduler.events).toHaveLength(before);
  });

  it('does not make up for heartbeats of a sleep', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler();
    scheduler.subscribe();
    harness.nowMs += 3_600_000;
    harness.send({ kind: 'tick' });
    expect(scheduler.types().filter((type) => type === 'HEARTBEAT')).toHaveLength(2);
  });

  it.each([
    ['a role that is none', { role: '/x' }],
    ['roles without MULTI_ROLE', { roles: ['a'] }],
    ['a role beside MULTI_ROLE', { role: 'a', capabilities: [{ type: 'MULTI_ROLE' as const }] }],
    ['an id with a slash', { id: { value: 'a/b' } }],
    ['a failover timeout that is no duration', { failover_timeout: 1e12 }],
  ])('answers 200, ERROR and closes for %s', (_what, info) => {
    const harness = new Harness();
    const scheduler = harness.scheduler(info);
    expect(scheduler.subscribe()).toEqual({ status: 200 });
    expect(scheduler.types()).toEqual(['ERROR']);
    expect(scheduler.isClosed).toBe(true);
    expect(harness.core.view.frameworks.size).toBe(0);
  });

  it('refuses suppressed roles and constraints of foreign roles', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler({ role: 'a' });
    scheduler.subscribe({ suppressed_roles: ['b'] });
    expect(scheduler.types()).toEqual(['ERROR']);
    scheduler.subscribe({ offer_constraints: { role_constraints: { b: { groups: [] } } } });
    expect(scheduler.types()).toEqual(['ERROR']);
  });

  it('bounds regular expressions of constraints by its flags, and by nothing smaller', () => {
    const subscribed = (regex: string, config: ConstructorParameters<typeof Harness>[0] = {}) => {
      const scheduler = new Harness(config).scheduler({ role: 'a' });
      const constraint = { selector: { attribute_name: 'rack' }, predicate: { text_matches: { regex } } };
      const groups = [{ attribute_constraints: [constraint] }];
      scheduler.subscribe({ offer_constraints: { role_constraints: { a: { groups } } } });
      return scheduler.types();
    };
    expect(subscribed('(rack){9}')).toContain('SUBSCRIBED');
    expect(subscribed('(rack){9}', { config: { offerConstraintsRe2MaxProgramSize: 20 } })).toEqual(['ERROR']);
    expect(subscribed('(rack){9}', { config: { offerConstraintsRe2MaxMem: 8 } })).toEqual(['ERROR']);
    expect(subscribed('(rack){90}')).toEqual(['ERROR']);
    expect(subscribed('(rack){90}', { config: { offerConstraintsRe2MaxProgramSize: 1000 } })).toContain('SUBSCRIBED');
  });

  it('honours --roles and --no-root-submissions', () => {
    const harness = new Harness({ config: { roles: ['web'], rootSubmissions: false } });
    const unlisted = harness.scheduler({ role: 'db' });
    unlisted.subscribe();
    expect(unlisted.events[0]?.error?.message).toContain("'db'");
    const root = harness.scheduler({ role: 'web', user: 'root' });
    root.subscribe();
    expect(root.events[0]?.error?.message).toContain('root');
    const fine = harness.scheduler({ role: 'web' });
    fine.subscribe();
    expect(fine.types()).toEqual(['SUBSCRIBED', 'HEARTBEAT']);
  });

  it('fills in the authenticated principal', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler();
    scheduler.subscribe({ principal: 'alice' });
    expect(harness.core.view.frameworks.get(scheduler.id)?.info.principal).toBe('alice');
  });

  it('lets the newcomer win: the old stream hears of it, its offers go without a word', () => {
    const harness = new Harness();
    harness.agent().register();
    const scheduler = harness.scheduler();
    scheduler.subscribe();
    harness.settle();
    expect(scheduler.offers).toHaveLength(1);
    const newcomer = harness.scheduler({ id: { value: scheduler.id } });
    newcomer.subscribe();
    expect(scheduler.events.at(-1)).toEqual({ type: 'ERROR', error: { message: 'Framework failed over' } });
    expect(scheduler.types()).not.toContain('RESCIND');
    expect(scheduler.isClosed).toBe(true);
    expect(newcomer.types().slice(0, 2)).toEqual(['SUBSCRIBED', 'HEARTBEAT']);
    harness.settle();
    expect(newcomer.offers).toHaveLength(1);
    expect(harness.core.view.offers.size).toBe(1);
    // The end of the old stream, reported late, concerns nobody.
    scheduler.disconnect();
    expect(harness.core.view.frameworks.get(newcomer.id)?.connected).toBe(true);
  });

  it('keeps user and checkpoint, and refuses another principal', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler({ principal: 'p', checkpoint: true });
    scheduler.subscribe();
    scheduler.info = { ...scheduler.info, user: 'other', checkpoint: false, name: 'renamed' };
    scheduler.subscribe();
    const info = harness.core.view.frameworks.get(scheduler.id)?.info;
    expect(info).toMatchObject({ user: 'nobody', checkpoint: true, name: 'renamed' });
    scheduler.info = { ...scheduler.info, principal: 'q' };
    scheduler.subscribe();
    expect(scheduler.types()).toEqual(['ERROR']);
    expect(harness.core.view.frameworks.get(scheduler.id)?.info.principal).toBe('p');
  });

  it('refuses a framework that was removed', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler();
    scheduler.subscribe();
    scheduler.call({ type: 'TEARDOWN' });
    expect(scheduler.isClosed).toBe(true);
    scheduler.subscribe();
    expect(scheduler.events).toEqual([{ type: 'ERROR', error: { message: 'Framework has been removed' } }]);
  });

  it('subscribes and disconnects a stream that closed while the registry was asked', () => {
    const harness = new Harness();
    harness.holdsProposals = true;
    const scheduler = harness.scheduler({ failover_timeout: 100 });
    scheduler.subscribe();
    scheduler.disconnect();
    harness.releaseProposals();
    const framework = harness.core.view.frameworks.get('m1-0000');
    expect(framework?.connected).toBe(false);
    expect(harness.store.state().frameworks.get('m1-0000')?.disconnectedAt).toBeDefined();
    harness.advance(100_001);
    expect(harness.core.view.frameworks.size).toBe(0);
  });

  it('keeps the order of changes of one framework while each awaits the registry', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler({ id: { value: 'f' } });
    scheduler.subscribe();
    harness.holdsProposals = true;
    scheduler.call({ type: 'TEARDOWN' });
    const again = harness.scheduler({ id: { value: 'f' } });
    expect(again.subscribe()).toBeUndefined();
    harness.releaseProposals();
    expect(again.events).toEqual([{ type: 'ERROR', error: { message: 'Framework has been removed' } }]);
  });

  it('answers 503 when too many changes of one framework wait', () => {
    const harness = new Harness();
    harness.holdsProposals = true;
    const schedulers = Array.from({ length: 66 }, () => harness.scheduler({ id: { value: 'f' } }));
    const outcomes = schedulers.map((scheduler) => scheduler.subscribe());
    expect(outcomes.at(-1)).toMatchObject({ status: 503 });
    harness.releaseProposals();
    expect(schedulers[64]?.types().slice(0, 2)).toEqual(['SUBSCRIBED', 'HEARTBEAT']);
    expect(harness.core.view.frameworks.get('f')?.connected).toBe(true);
  });
});

describe('disconnection', () => {
  it('removes a framework at once without a failover timeout', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler();
    scheduler.subscribe();
    scheduler.disconnect();
    expect(harness.core.view.frameworks.size).toBe(0);
    expect(harness.core.view.completedFrameworks.has(scheduler.id)).toBe(true);
    expect(harness.store.state().tombstones.has(scheduler.id)).toBe(true);
  });

  it('waits for failover_timeout and takes the framework back', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler({ failover_timeout: 10 });
    scheduler.subscribe();
    scheduler.disconnect();
    expect(harness.store.state().frameworks.get(scheduler.id)?.disconnectedAt).toBeDefined();
    harness.advance(9_999);
    scheduler.subscribe();
    expect(scheduler.types()).toEqual(['SUBSCRIBED', 'HEARTBEAT']);
    expect(harness.store.state().frameworks.get(scheduler.id)?.disconnectedAt).toBeUndefined();
    harness.advance(20_000);
    expect(harness.core.view.frameworks.has(scheduler.id)).toBe(true);
    expect(harness.core.view.frameworks.get(scheduler.id)?.reregisteredAtUnixMs).toBeDefined();
  });

  it('gives 60 seconds to a framework that the master cut off', () => {
    const harness = new Harness();
    const scheduler = harness.scheduler();
    scheduler.subscribe();
    scheduler.disconnect(true);
    harness.advance(59_999);
    expect(harness.core.view.frameworks.has(scheduler.id)).toBe(true);
    harness.advance(2);
    expect(harness.core.view.frameworks.has(scheduler.id)).toBe(false);
  });

  it('takes its offers back for others', () => {
    const harness = new Harness();
    harness.agent().register();
    const first = harness.scheduler({ failover_timeout: 100 });
    first.subscribe();
    const second = harness.scheduler();
    second.subscribe();
    expect(second.offers).toHaveLength(0);
    first.disconnect();
    harness.advance(1000);
    expect(second.offers).toHaveLength(1);
  });
});
