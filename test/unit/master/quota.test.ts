// Quota in the core: judged by what the cluster has and uses, the registry next, then the allocator and the offers in the way.
import { describe, expect, it } from 'vitest';
import { getRoles } from '../../../src/daemon/master/core/snapshot.js';
import type * as master from '../../../src/wire/gen/master.js';
import type * as quota from '../../../src/wire/gen/quota.js';
import { type FakeScheduler, taskInfo } from './support/fake-scheduler.js';
import { cpusMem, Harness, resource } from './support/harness.js';
import { realAllocator } from './support/real-allocator.js';

type Amounts = Readonly<Record<string, number>>;

const scalars = (amounts: Amounts) =>
  Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, { value }]));
const limited = (role: string, limits: Amounts, guarantees: Amounts = {}): quota.QuotaConfig => ({
  role,
  ...(Object.keys(guarantees).length === 0 ? {} : { guarantees: scalars(guarantees) }),
  ...(Object.keys(limits).length === 0 ? {} : { limits: scalars(limits) }),
});
const guaranteed = (role: string, guarantees: Amounts) => limited(role, {}, guarantees);
const update = (...quota_configs: quota.QuotaConfig[]): master.Call => ({
  type: 'UPDATE_QUOTA',
  update_quota: { quota_configs },
});
const forced = (...quota_configs: quota.QuotaConfig[]): master.Call => ({
  type: 'UPDATE_QUOTA',
  update_quota: { force: true, quota_configs },
});
const set = (role: string, amounts: Amounts, force?: boolean): master.Call => ({
  type: 'SET_QUOTA',
  set_quota: {
    quota_request: { role, force, guarantee: Object.entries(amounts).map(([name, value]) => resource(name, value)) },
  },
});
const remove = (role: string): master.Call => ({ type: 'REMOVE_QUOTA', remove_quota: { role } });
const quotasOf = (harness: Harness) => Object.fromEntries(harness.core.view.quotas);
const rescinds = (scheduler: FakeScheduler) => scheduler.types().filter((type) => type === 'RESCIND').length;

/** One agent of 4 cpus and 4096 MB. */
function cluster(options: ConstructorParameters<typeof Harness>[0] = {}): Harness {
  const harness = new Harness({ allocator: realAllocator(), ...options });
  harness.agent().register();
  return harness;
}

function subscribed(harness: Harness, role: string): FakeScheduler {
  const scheduler = harness.scheduler({ role });
  scheduler.subscribe();
  harness.settle();
  return scheduler;
}

describe('UPDATE_QUOTA', () => {
  it('shows and answers nothing before the registry has it', () => {
    const harness = cluster();
    harness.holdsProposals = true;
    expect(harness.operatorCall(update(limited('eng', { cpus: 2 })))).toBeUndefined();
    expect(quotasOf(harness)).toEqual({});
    harness.releaseProposals();
    expect([...harness.answers.values()].at(-1)).toMatchObject({ status: 200 });
    expect(quotasOf(harness)).toEqual({ eng: limited('eng', { cpus: 2 }) });
    expect(getRoles(harness.core.view).roles).toMatchObject([{ name: 'eng' }]);
  });

  it('changes the roles that it names, at any level; an empty one removes a quota; survives the leader', () => {
    const harness = cluster();
    harness.operatorCall(update(limited('eng', { cpus: 3 }), limited('ops', { mem: 64 })));
    harness.operatorCall(update({ role: 'ops' }, limited('eng/web', { cpus: 1 })));
    const expected = { eng: limited('eng', { cpus: 3 }), 'eng/web': limited('eng/web', { cpus: 1 }) };
    expect(quotasOf(harness)).toEqual(expected);
    const successor = new Harness({ store: harness.store, masterId: 'm2' });
    expect(quotasOf(successor)).toEqual(expected);
  });

  it('binds the allocator, from the next interval on', () => {
    const harness = cluster();
    harness.operatorCall(update(limited('eng', { cpus: 1, mem: 100 })));
    const scheduler = subscribed(harness, 'eng/web');
    expect(scheduler.takeOffer().resources).toMatchObject([{ scalar: { value: 1 } }, { scalar: { value: 100 } }]);
    harness.operatorCall(update({ role: 'eng' }));
    harness.advance(1_000);
    expect(scheduler.takeOffer().resources).toMatchObject([{ scalar: { value: 3 } }, { scalar: { value: 3996 } }]);
  });

  it.each<[string, master.Call, string]>([
    [
      'a role that is not listed',
      update(limited('eng', { cpus: 1 }), limited('hr', { cpus: 1 })),
      "role 'hr' is not among",
    ],
    ['a limit below what is in use', update(limited('eng', { cpus: 0.5 })), "role 'eng' uses 1 cpus"],
    ['a limit of a parent below it', update(limited('eng', { mem: 100 })), "role 'eng' uses 128 mem"],
    [
      'a limit above that of its parent',
      update(limited('eng', { cpus: 2 }), limited('eng/web', { cpus: 3 })),
      "the limit of 3 cpus of role 'eng/web' is above the 2",
    ],
    [
      'a guarantee that its parent does not cover',
      update(guaranteed('eng/web', { cpus: 1 })),
      "role 'eng' guarantees 0",
    ],
    ['more than the cluster has', update(guaranteed('ops', { cpus: 5 })), 'guarantees of 5 cpus are more than the 4'],
    [
      'more than it has of several roles',
      update(guaranteed('ops', { mem: 4000 }), guaranteed('eng', { mem: 200 })),
      'guarantees of 4200 mem are more than the 4096',
    ],
    ['a resource that nobody has', update(guaranteed('ops', { gpus: 1 })), 'guarantees of 1 gpus are more than the 0'],
  ])('%s is 400 and changes nothing', (_what, call, message) => {
    const harness = cluster({ config: { roles: ['eng', 'eng/web', 'ops'] } });
    const scheduler = subscribed(harness, 'eng/web');
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 't'));
    const before = harness.store.state().quotas;
    expect(harness.operatorCall(call)).toMatchObject({
      status: 400,
      rejection: { message: expect.stringContaining(message) },
    });
    expect(quotasOf(harness)).toEqual({});
    expect(harness.store.state().quotas).toEqual(before);
    // What is wrong with the quotas themselves cannot be forced.
    const isInvalid = /not among|above the|guarantees 0/.test(message);
    expect(harness.operatorCall({ ...call, update_quota: { ...call.update_quota, force: true } })).toMatchObject({
      status: isInvalid ? 400 : 200,
    });
  });

  it('takes an offer for no use, and a reservation for one', () => {
    const harness = new Harness({ allocator: realAllocator() });
    harness.agent({ resources: [...cpusMem(4, 4096), resource('cpus', 2, 'eng/web')] }).register();
    subscribed(harness, 'eng/web');
    expect(harness.operatorCall(update(limited('eng', { cpus: 1 })))).toMatchObject({ status: 400 });
    expect(harness.operatorCall(update(limited('eng', { cpus: 2 })))).toMatchObject({ status: 200 });
  });

  it('does not mind an overcommitment that it does not make greater', () => {
    const harness = cluster();
    harness.operatorCall(forced(guaranteed('ops', { cpus: 9 })));
    expect(harness.operatorCall(update(guaranteed('eng', { cpus: 1 })))).toMatchObject({ status: 400 });
    expect(harness.operatorCall(update(guaranteed('ops', { cpus: 8 })))).toMatchObject({ status: 200 });
    expect(harness.operatorCall(update({ role: 'ops' }))).toMatchObject({ status: 200 });
  });

  it('counts a guarantee below another once', () => {
    const harness = cluster();
    const call = update(guaranteed('eng', { cpus: 4 }), guaranteed('eng/web', { cpus: 2 }));
    expect(harness.operatorCall(call)).toMatchObject({ status: 200 });
  });

  it('is judged when it is its turn: of two that fit alone the second is refused', () => {
    const harness = cluster();
    harness.holdsProposals = true;
    harness.operatorCall(update(guaranteed('eng', { cpus: 3 })));
    harness.operatorCall(update(guaranteed('ops', { cpus: 3 })));
    expect(harness.heldProposals).toHaveLength(1);
    harness.releaseProposals();
    expect([...harness.answers.values()].slice(-2)).toMatchObject([{ status: 200 }, { status: 400 }]);
    expect(Object.keys(quotasOf(harness))).toEqual(['eng']);
  });

  it('of nothing is 200 and costs no entry of the log', () => {
    const harness = new Harness();
    expect(harness.operatorCall(update())).toMatchObject({ status: 200 });
    expect(harness.effects.filter(({ kind }) => kind === 'propose')).toEqual([]);
  });

  it('rescinds offers beyond a new limit and leaves others alone', () => {
    const harness = cluster();
    const eng = subscribed(harness, 'eng');
    harness.agent({ hostname: 'other', port: 6000 }).register();
    const ops = subscribed(harness, 'ops');
    harness.advance(1_000);
    const before = { eng: eng.offers.length, ops: ops.offers.length };
    expect(before).toEqual({ eng: 2, ops: 0 });
    expect(harness.operatorCall(update(limited('eng', { cpus: 4 })))).toMatchObject({ status: 200 });
    expect([rescinds(eng), rescinds(ops)]).toEqual([1, 0]);
    harness.advance(1_000);
    expect(ops.offers).toHaveLength(1);
  });

  it('rescinds what a new guarantee lacks; it is served at the next interval', () => {
    const harness = cluster();
    harness.agent({ hostname: 'other', port: 6000 }).register();
    const greedy = subscribed(harness, 'greedy');
    const eng = subscribed(harness, 'eng');
    expect([greedy.offers.length, eng.offers.length]).toEqual([2, 0]);
    harness.operatorCall(update(guaranteed('eng', { cpus: 3 })));
    expect([rescinds(greedy), rescinds(eng)]).toEqual([1, 0]);
    harness.advance(1_000);
    expect(eng.offers).toHaveLength(1);
  });
});

describe('SET_QUOTA and REMOVE_QUOTA', () => {
  it('guarantees and limits at once, and takes both away', () => {
    const harness = cluster();
    expect(harness.operatorCall(set('eng', { cpus: 2 }))).toMatchObject({ status: 200 });
    expect(quotasOf(harness)).toEqual({ eng: limited('eng', { cpus: 2 }, { cpus: 2 }) });
    expect(harness.operatorCall(remove('eng'))).toMatchObject({ status: 200 });
    expect(quotasOf(harness)).toEqual({});
  });

  it.each<[string, number, master.Call, string]>([
    ['a role that has one', 400, set('eng', { cpus: 1 }), "role 'eng' has a quota already"],
    ['more than the cluster has', 409, set('ops', { cpus: 4 }), 'guarantees of 5 cpus are more than the 4'],
    ['the removal of none', 400, remove('ops'), "role 'ops' has no quota"],
  ])('%s is %i and changes nothing', (_what, status, call, message) => {
    const harness = cluster();
    harness.operatorCall(set('eng', { cpus: 1 }));
    const before = quotasOf(harness);
    expect(harness.operatorCall(call)).toMatchObject({
      status,
      rejection: { message: expect.stringContaining(message) },
    });
    expect(quotasOf(harness)).toEqual(before);
  });

  it('sets more than the cluster has when it is forced', () => {
    const harness = cluster();
    expect(harness.operatorCall(set('eng', { cpus: 40 }, true))).toMatchObject({ status: 200 });
  });
});

describe('offers after an election with quotas', () => {
  function successor(agents: number, options: ConstructorParameters<typeof Harness>[0] = {}) {
    const first = cluster();
    for (let i = 1; i < agents; i++) first.agent({ hostname: `h${i}`, port: 6000 + i }).register();
    first.operatorCall(update(limited('eng', { cpus: 2 })));
    const harness = new Harness({ store: first.store, masterId: 'm2', allocator: realAllocator(), ...options });
    const scheduler = subscribed(harness, 'ops');
    return { harness, scheduler, returning: first.agents.map((agent) => agent.moveTo(harness)) };
  }

  it('wait for four agents of five', () => {
    const { harness, scheduler, returning } = successor(5);
    for (const agent of returning.slice(0, 3)) agent.reregister();
    harness.advance(5_000);
    expect(scheduler.offers).toEqual([]);
    returning[3]?.reregister();
    harness.settle();
    expect(scheduler.offers).toHaveLength(4);
  });

  it('wait no longer than --allocator-recovery-timeout', () => {
    const { harness, scheduler, returning } = successor(5, { config: { allocatorRecoveryTimeoutMs: 30_000 } });
    returning[0]?.reregister();
    harness.advance(29_000);
    expect(scheduler.offers).toEqual([]);
    harness.advance(2_000);
    expect(scheduler.offers).toHaveLength(1);
  });

  it.each([
    ['the part is 0', 5, 0],
    ['one agent of 0.8 is none', 1, 0.8],
  ])('do not wait when %s', (_why, agents, allocatorAgentRecoveryFactor) => {
    const { harness, scheduler, returning } = successor(agents, { config: { allocatorAgentRecoveryFactor } });
    returning[0]?.reregister();
    harness.settle();
    expect(scheduler.offers).toHaveLength(1);
  });
});
