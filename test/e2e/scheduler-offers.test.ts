// Which offers a framework gets, in which format, and how it says that it wants others. A real master and a real agent.
// Spec pages 01 (DECLINE, REVIVE, UPDATE_FRAMEWORK, 1.3), 06 and 13 (13.4).
import { describe, expect, test } from 'vitest';
import { get, type Json, offered, scalars, type TestScheduler } from '../harness/api.mjs';
import { until } from '../harness/process.mjs';
import { agentCluster, capable, multiRole, NOW, nextOffer, runTask, taskInfo, updateOf } from './scheduler-fixture.js';

const site = agentCluster('cpus:4;mem:4096;disk:1000;ports:[31000-31010];cpus(res):1;mem(res):64');
const { subscribe } = site;

describe('the format of offers', () => {
  const byRole = (offer: Json, role: string) => offer.resources.filter((resource: Json) => resource.role === role);

  test('without capabilities: the old resources, no allocation', async () => {
    const framework = await subscribe({ role: 'res' });
    const offer = await nextOffer(framework);
    expect(Object.keys(offer).sort()).toEqual([
      'agent_id',
      'attributes',
      'framework_id',
      'hostname',
      'id',
      'resources',
      'url',
    ]);
    expect(offer.id.value).toMatch(/^[0-9a-f-]{36}-O[0-9]+$/);
    expect(offer.agent_id.value).toBe(`${offer.id.value.slice(0, 36)}-S0`);
    const { ip, port } = site.agent;
    expect(offer.url).toMatchObject({ scheme: 'http', address: { ip, port }, path: '/slave(1)' });
    expect(offer.attributes.find(({ name }: Json) => name === 'weight')).toEqual({
      name: 'weight',
      type: 'SCALAR',
      scalar: { value: 2.5 },
    });
    for (const resource of offer.resources) {
      expect(resource).not.toHaveProperty('allocation_info');
      expect(resource).not.toHaveProperty('reservations');
      expect(['SCALAR', 'RANGES']).toContain(resource.type);
    }
    expect(byRole(offer, 'res').map(({ name, scalar }: Json) => [name, scalar.value])).toEqual([
      ['cpus', 1],
      ['mem', 64],
    ]);
    const ports = byRole(offer, '*').find(({ name }: Json) => name === 'ports');
    expect(ports.ranges).toEqual({ range: [{ begin: 31000, end: 31010 }] });
  });

  test('MULTI_ROLE: the old resources, allocated', async () => {
    const framework = await subscribe({ roles: ['res'], ...multiRole });
    const offer = await nextOffer(framework);
    expect(offer.allocation_info).toEqual({ role: 'res' });
    for (const resource of offer.resources) expect(resource.allocation_info).toEqual({ role: 'res' });
    expect(byRole(offer, 'res')).toHaveLength(2);
    expect(byRole(offer, '*').length).toBeGreaterThan(0);
  });

  test('RESERVATION_REFINEMENT: stacks of reservations and no role', async () => {
    const framework = await subscribe({ roles: ['res'], ...capable('MULTI_ROLE', 'RESERVATION_REFINEMENT') });
    const offer = await nextOffer(framework);
    for (const resource of offer.resources) {
      expect(resource).not.toHaveProperty('role');
      expect(resource).not.toHaveProperty('reservation');
    }
    const reserved = offer.resources.filter(({ reservations }: Json) => reservations !== undefined);
    expect(reserved.map(({ name, reservations }: Json) => [name, reservations])).toEqual([
      ['cpus', [{ type: 'STATIC', role: 'res' }]],
      ['mem', [{ type: 'STATIC', role: 'res' }]],
    ]);
  });

  test('nobody sees what is reserved for others; a task may use what is reserved for its role', async () => {
    const other = await subscribe({ role: 'other' });
    expect(offered([await nextOffer(other)], 'cpus')).toBe(4);
    await other.call({ type: 'SUPPRESS' });
    await other.call({ type: 'DECLINE', decline: { offer_ids: [(await nextOffer(other)).id] } });
    const framework = await subscribe({ role: 'res' });
    const offer = await until('all of it', () => framework.offers().find((each) => offered([each], 'cpus') === 5));
    const reserved = scalars({ cpus: 1, mem: 64 }).map((resource) => ({ ...resource, role: 'res' }));
    await runTask(framework, taskInfo('reserved', 'sleep 100', { resources: reserved }), offer);
    const [rest] = await until('the rest', () => framework.offers().length > 1 && framework.offers().slice(1));
    expect(byRole(rest, 'res')).toEqual([]);
  });
});

describe('who is offered what', () => {
  test('DECLINE keeps an offer away for 5 s by default, a negative time is the default, 0 is not at all', async () => {
    const [first, second] = [await subscribe({ role: 'one' }), await subscribe({ role: 'two' })];
    const decline = (framework: TestScheduler, offer: Json, filters?: Json) =>
      framework.call({ type: 'DECLINE', decline: { offer_ids: [offer.id, { value: 'unknown' }], filters } });
    const started = performance.now();
    await decline(first, await nextOffer(first));
    const toSecond = await nextOffer(second);
    await decline(second, toSecond, NOW);
    await decline(second, await nextOffer(second, 1), { refuse_seconds: -3 });
    // Now both refuse it; whose filter ends first gets it.
    await nextOffer(first, 1);
    expect(performance.now() - started).toBeGreaterThan(4900);
    expect(performance.now() - started).toBeLessThan(8000);
    expect(second.offers()).toHaveLength(2);
    expect(first.events.filter(({ type }) => type === 'RESCIND')).toEqual([]);
  });

  test('REVIVE ends filters; a filter does not keep away more than was refused', async () => {
    const framework = await subscribe();
    const offer = await nextOffer(framework);
    await framework.call({ type: 'DECLINE', decline: { offer_ids: [offer.id], filters: { refuse_seconds: 1e12 } } });
    await framework.call({ type: 'REVIVE' });
    const again = await nextOffer(framework, 1);
    expect(again.id).not.toEqual(offer.id);
    const filters = { refuse_seconds: 3600 };
    // The running task's resources make the offer larger than the one that was refused.
    await framework.launch(again, [taskInfo('t', 'sleep 0.2')], filters);
    await framework.runToEnd('t');
    expect(offered([await nextOffer(framework, 2)], 'cpus')).toBe(0.1 + 3.9);
  });

  test('offers are for their framework alone: nobody else accepts or declines them', async () => {
    const [owner, thief] = [await subscribe(), await subscribe()];
    const offer = await until('an offer', () => [...owner.offers(), ...thief.offers()][0]);
    const [rightful, other] = owner.offers().includes(offer) ? [owner, thief] : [thief, owner];
    await other.launch(offer, [taskInfo('stolen')]);
    await updateOf(other, 'stolen', 'TASK_LOST', ({ reason }) => reason === 'REASON_INVALID_OFFERS');
    await other.call({ type: 'DECLINE', decline: { offer_ids: [offer.id] } });
    await runTask(rightful, taskInfo('own'), offer);
  });

  test('offer constraints keep agents away', async () => {
    const groups = (value: string) => {
      const predicate = { text_equals: { value } };
      return [{ attribute_constraints: [{ selector: { attribute_name: 'rack' }, predicate }] }];
    };
    const role_constraints = { '*': { groups: groups('b1') } };
    const framework = await subscribe({}, { offer_constraints: { role_constraints } });
    const witness = await subscribe({ role: 'witness' });
    await nextOffer(witness);
    expect(framework.offers()).toEqual([]);
    await witness.call({ type: 'TEARDOWN' });
    const framework_info = { user: 'root', name: 'test', id: framework.frameworkId };
    const offer_constraints = { role_constraints: { '*': { groups: groups('a1') } } };
    const update = { type: 'UPDATE_FRAMEWORK', update_framework: { framework_info, offer_constraints } };
    expect((await framework.call(update)).status).toBe(200);
    await nextOffer(framework);
  });

  test('SUPPRESS and REVIVE, for all roles or some; roles of others spoil the call', async () => {
    const info = { roles: ['one', 'two'], ...multiRole };
    const framework = await subscribe(info, { suppressed_roles: ['one', 'two'] });
    const witness = await subscribe({ role: 'witness' });
    const seen = await nextOffer(witness);
    expect(framework.offers()).toEqual([]);
    await witness.call({ type: 'SUPPRESS', suppress: { roles: [] } });
    await witness.call({ type: 'DECLINE', decline: { offer_ids: [seen.id] } });
    await framework.call({ type: 'REVIVE', revive: { roles: ['two', 'witness'] } });
    await framework.call({ type: 'REVIVE', revive: { roles: ['two'] } });
    const offer = await nextOffer(framework);
    expect(offer.allocation_info.role).toBe('two');
    await framework.call({ type: 'SUPPRESS', suppress: { roles: ['two', 'nobodys'] } });
    await framework.call({ type: 'DECLINE', decline: { offer_ids: [offer.id], filters: NOW } });
    expect((await nextOffer(framework, 1)).allocation_info.role).toBe('two');
    await framework.call({ type: 'SUPPRESS' });
    expect(framework.offers()).toHaveLength(2);
    await framework.call({ type: 'DECLINE', decline: { offer_ids: [framework.offers()[1].id], filters: NOW } });
    await witness.call({ type: 'REVIVE' });
    await nextOffer(witness, 1);
    expect(framework.offers()).toHaveLength(2);
  });

  test('UPDATE_FRAMEWORK: 200 and new roles at once, or 400 and nothing', async () => {
    const framework = await subscribe({ roles: ['one'], principal: 'p', ...multiRole });
    const { frameworkId: id } = framework;
    const info = { user: 'root', name: 'test', principal: 'p', id, ...multiRole };
    const update = (framework_info: Json, more: Json = {}) =>
      framework.call({ type: 'UPDATE_FRAMEWORK', update_framework: { framework_info, ...more } });
    const offer = await nextOffer(framework);
    const wrong = [
      await update({ ...info, roles: ['one', 'one'] }),
      await update({ ...info, roles: ['a b'] }),
      await update({ ...info, roles: ['two'], user: 'somebody' }),
      await update({ ...info, roles: ['two'], principal: 'q' }),
      await update({ ...info, roles: ['two'], checkpoint: true }),
      await update({ ...info, roles: ['two'] }, { suppressed_roles: ['one'] }),
      await update({ ...info, roles: ['two'] }, { offer_constraints: { role_constraints: { one: { groups: [{}] } } } }),
      await update({ ...info, roles: ['two'], failover_timeout: 1e30 }),
    ];
    for (const [index, answer] of wrong.entries()) {
      expect([index, answer.status]).toEqual([index, 400]);
      expect(answer.text.length).toBeGreaterThan(10);
    }
    const state = async () =>
      JSON.parse((await get(`${site.url}/frameworks?framework_id=${id.value}`)).text).frameworks[0];
    expect(await state()).toMatchObject({ roles: ['one'], name: 'test' });
    expect(framework.offers()).toHaveLength(1);

    const right = await update({ ...info, name: 'renamed', roles: ['two'], failover_timeout: 30 });
    expect([right.status, right.text, right.headers['content-type']]).toEqual([200, '', undefined]);
    expect((await framework.waitFor('RESCIND')).rescind).toEqual({ offer_id: offer.id });
    expect((await nextOffer(framework)).allocation_info.role).toBe('two');
    expect(await state()).toMatchObject({ roles: ['two'], name: 'renamed', failover_timeout: 30 });
    expect((await update({ ...info, roles: ['two'] }, { suppressed_roles: ['two'] })).status).toBe(200);
    expect(framework.offers()).toHaveLength(1);
    expect(framework.events.filter(({ type }) => type === 'RESCIND')).toHaveLength(1);
  });

  test('offers of two roles cannot be accepted together; both come back', async () => {
    const framework = await subscribe({ roles: ['one', 'two'], ...multiRole }, { suppressed_roles: ['two'] });
    await runTask(framework, taskInfo('holder', 'sleep 0.3'));
    const one = await nextOffer(framework, 1);
    await framework.call({ type: 'SUPPRESS', suppress: { roles: ['one'] } });
    await framework.call({ type: 'REVIVE', revive: { roles: ['two'] } });
    await framework.runToEnd('holder');
    const two = await nextOffer(framework, 2);
    expect([one, two].map((offer) => offer.allocation_info.role)).toEqual(['one', 'two']);
    await framework.launch([one, two], [taskInfo('t')]);
    const status = await updateOf(framework, 't', 'TASK_LOST');
    expect(status).toMatchObject({ reason: 'REASON_INVALID_OFFERS', source: 'SOURCE_MASTER' });
    expect(offered([await nextOffer(framework, 3)], 'cpus')).toBe(4);
  });
});
