import { describe, expect, it } from 'vitest';
import { findThings } from '../../../src/daemon/master/core/find.js';
import { createAllocator } from '../../../src/offers/allocator/hierarchical-allocator.js';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import { taskInfo } from './support/fake-scheduler.js';
import { Harness } from './support/harness.js';
import { runningPair } from './support/scenarios.js';

type Found = {
  readonly total: number;
  readonly ids: readonly (string | undefined)[];
  readonly first?: api.Response_Match;
};

function find(harness: Harness, question: api.Call_Find): Found {
  const { total, matches = [] } = findThings(harness.core.view, question);
  const ids = matches.map(
    ({ task, agent, framework, offer, role }) =>
      task?.task_id.value ??
      offer?.offer_id.value ??
      role?.name ??
      (question.kind === 'AGENTS' ? agent?.agent_id.value : framework?.framework_id.value),
  );
  return { total, ids, ...(matches[0] === undefined ? {} : { first: matches[0] }) };
}

describe('FIND of tasks', () => {
  const ids = ['web.1', 'web.2', 'webber', 'db-1', 'db-11'];
  const scene = () => runningPair(ids, {}, {}, { resources: [cpus(64), mem(64_000)] });
  const tasks = (reference: string, more: Partial<api.Call_Find> = {}): api.Call_Find => ({
    kind: 'TASKS',
    reference,
    ...more,
  });

  it.each<[string, string, readonly string[]]>([
    ['a full id, though others begin so', 'db-1', ['db-1']],
    ['the last part before the beginning', '11', ['db-11']],
    ['the beginning before the end', 'web', ['web.1', 'web.2', 'webber']],
    ['the end', 'ber', ['webber']],
    ['nothing', 'WEB', []],
  ])('%s', (_what, reference, expected) => {
    const found = find(scene().harness, tasks(reference));
    expect([...found.ids].sort()).toEqual(expected);
    expect(found.total).toBe(expected.length);
  });

  it('a name before parts of ids', () => {
    const { harness, scheduler } = scene();
    harness.advance(6_000);
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 'odd', { name: '11' }));
    expect(find(harness, tasks('11')).ids).toEqual(['odd']);
  });

  it('everything for an empty reference, bounded, live and new ones first', () => {
    const { harness, scheduler, agent } = scene();
    agent.update('web.1', 'TASK_FINISHED');
    scheduler.acknowledge(scheduler.lastUpdate);
    harness.advance(6_000);
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 'new'));
    const all = find(harness, tasks(''));
    expect([all.total, all.ids[0], all.ids.at(-1)]).toEqual([6, 'new', 'web.1']);
    expect(find(harness, tasks('', { limit: 2 }))).toMatchObject({ total: 6, ids: ['new', 'db-1'] });
    expect(find(harness, tasks('', { limit: 0 }))).toMatchObject({ total: 6, ids: [] });
    expect(find(harness, tasks('', { framework_id: { value: 'nobody' } })).total).toBe(0);
  });

  it('a task once, though its id was used again, with what it belongs to', () => {
    const { harness, scheduler, agent } = scene();
    agent.update('db-1', 'TASK_FAILED');
    scheduler.acknowledge(scheduler.lastUpdate);
    harness.advance(6_000);
    const offer = scheduler.takeOffer();
    scheduler.launch(offer, taskInfo(offer, 'db-1'));
    const { total, first } = find(harness, tasks('db-1'));
    expect(total).toBe(1);
    expect(first).toMatchObject({
      task: { state: 'TASK_STAGING' },
      agent: { agent_id: { value: agent.id } },
      framework: { framework_id: { value: scheduler.id } },
      task_detail: { task_id: { value: 'db-1' } },
    });
    expect(find(harness, tasks('web')).first?.task_detail).toBeUndefined();
  });

  it('completes ids, last parts and names in order', () => {
    const { harness } = scene();
    expect(find(harness, tasks('1', { complete: true })).ids).toEqual(['db-1', 'web.1', 'db-11']);
    expect(find(harness, tasks('we', { complete: true })).ids).toEqual(['web.1', 'web.2', 'webber']);
    expect(find(harness, tasks('ebber', { complete: true })).total).toBe(0);
  });
});

describe('FIND of the others', () => {
  it('agents by id, last part and hostname, in any state', () => {
    const before = new Harness();
    before.agent({ hostname: 'away' }).register();
    const harness = new Harness({ store: before.store, masterId: 'm2' });
    const agents = ['n1', 'n2', 'n2'].map((hostname) => harness.agent({ hostname }).register());
    const agent = (reference: string) => find(harness, { kind: 'AGENTS', reference });
    expect(agent('S1').ids).toEqual([agents[1]?.id]);
    expect(agent('n2').total).toBe(2);
    expect(agent('n1').first?.agent_detail?.agent_info.hostname).toBe('n1');
    expect(agent('away').first?.agent?.state).toBe('RECOVERED');
    harness.advance(700_000);
    expect(agent('away').first?.agent?.state).toBe('UNREACHABLE');
    expect(agent('m2-').total).toBe(3);
  });

  it('frameworks, completed ones last', () => {
    const { harness, scheduler } = runningPair(['a']);
    scheduler.call({ type: 'TEARDOWN' });
    const other = harness.scheduler({ name: 'test' });
    other.subscribe();
    const frameworks = (reference: string) => find(harness, { kind: 'FRAMEWORKS', reference });
    expect(frameworks('test').ids).toEqual([other.id, scheduler.id]);
    expect(frameworks('0001').first?.framework_detail?.framework_info.name).toBe('test');
    expect(frameworks('0000').first?.framework?.state).toBe('COMPLETED');
  });

  it('offers and roles', () => {
    const allocator = createAllocator({
      seed: 1,
      minAllocatable: [],
      roleSorter: 'drf',
      frameworkSorter: 'drf',
      excludedResourceNames: new Set(),
      filterGpuResources: true,
    });
    const harness = new Harness({ allocator });
    const agent = harness.agent().register();
    const scheduler = harness.scheduler({ role: 'eng/web' });
    scheduler.subscribe();
    harness.settle();
    const offer = scheduler.takeOffer();
    expect(find(harness, { kind: 'OFFERS', reference: 'O0' })).toMatchObject({
      total: 1,
      ids: [offer.id.value],
      first: { agent: { agent_id: { value: agent.id } }, offer_detail: { id: offer.id } },
    });
    const roles = (reference: string) => find(harness, { kind: 'ROLES', reference }).ids;
    expect([roles('eng'), roles('web'), roles('')]).toEqual([['eng'], ['eng/web'], ['eng', 'eng/web']]);
  });
});

function cpus(value: number) {
  return { name: 'cpus', type: 'SCALAR' as const, scalar: { value } };
}

function mem(value: number) {
  return { name: 'mem', type: 'SCALAR' as const, scalar: { value } };
}
