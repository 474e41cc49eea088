// The extension API over real HTTP, in both formats: one stream tells the whole story of a task, an agent and a framework,
// KILL_TASK ends a task of somebody else, FIND knows what was meant; and a mirror of the stream is what GET_STATE says.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OperatorClient } from '../../src/client/operator-client.js';
import type { Disconnected } from '../../src/client/subscription.js';
import type * as api from '../../src/wire/gen/mesoctl-api.js';
import { type Json, postJson, scalars, TestScheduler } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ agents: 1, agent: { resources: 'cpus:2;mem:512;ports:[31000-31009]' } });
});
afterAll(() => cluster?.stop());

/** Collects what one watcher hears. */
class Watch {
  readonly events: (api.Event | Disconnected)[] = [];
  readonly ended: Promise<void>;
  readonly #abort = new AbortController();

  constructor(client: OperatorClient, subscribe: api.Call_Subscribe = {}) {
    this.ended = this.#collect(client, subscribe);
  }

  async #collect(client: OperatorClient, subscribe: api.Call_Subscribe): Promise<void> {
    for await (const event of client.watch(subscribe, this.#abort.signal)) this.events.push(event);
  }

  /** The first event that `pick` makes something of. */
  waitFor<T>(what: string, pick: (event: api.Event) => T | undefined | false): Promise<T> {
    return until<T>(
      what,
      () => {
        for (const event of this.events) {
          const found = event.type === 'DISCONNECTED' ? undefined : pick(event);
          if (found !== undefined && found !== false) return found;
        }
        return undefined;
      },
      { explain: () => `${this.events.map(({ type }) => type).join(' ')}\n${cluster.logs()}` },
    );
  }

  close(): Promise<void> {
    this.#abort.abort();
    return this.ended;
  }
}

const taskIn = (id: string, fits: (task: api.Task) => boolean) => (event: api.Event) =>
  event.tasks_updated?.find((task) => task.task_id.value === id && fits(task));

/** Every update is acknowledged, those that come from here on as they come; returns the states, as they come. */
function acknowledgeAll(scheduler: TestScheduler): readonly string[] {
  const states: string[] = [];
  const onEvent = (event: Json) => {
    if (event.type !== 'UPDATE') return;
    states.push(event.update.status.state);
    scheduler.acknowledge(event.update.status)?.catch(() => undefined);
  };
  scheduler.onEvent = onEvent;
  for (const event of scheduler.events) onEvent(event);
  return states;
}

describe.each(['json', 'protobuf'] as const)('in %s', (format) => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  function client(): OperatorClient {
    const made = new OperatorClient({ masters: cluster.master.address, format });
    open.push(made);
    return made;
  }

  function watch(subscribe?: api.Call_Subscribe): Watch {
    const made = new Watch(client(), subscribe);
    open.unshift(made);
    return made;
  }

  async function framework(name: string): Promise<TestScheduler> {
    const scheduler = await TestScheduler.subscribe(cluster.master.url, { user: 'root', name, failover_timeout: 3600 });
    open.unshift(scheduler);
    return scheduler;
  }

  /** Launches `sleep` on the next offer. */
  async function launch(scheduler: TestScheduler, taskId: string): Promise<Json> {
    const event = await scheduler.waitFor('OFFERS');
    const [offer] = event.offers.offers;
    await scheduler.launch(offer, [
      {
        name: taskId,
        task_id: { value: taskId },
        resources: scalars({ cpus: 0.1, mem: 32 }),
        command: { value: 'sleep 300' },
      },
    ]);
    return offer;
  }

  it('says of itself who it is', async () => {
    const info = await client().getInfo();
    expect(info.api_version).toBe(5);
    expect(info.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(info.elected_at ?? 0).toBeGreaterThanOrEqual(info.started_at ?? Number.POSITIVE_INFINITY);
  });

  it('tells the life of a task, and ends it for an operator', async () => {
    const taskId = `slept-${format}`;
    const stream = watch();
    await stream.waitFor('the end of the snapshot', ({ type }) => type === 'SNAPSHOT_END');
    const scheduler = await framework(`life-${format}`);
    const { value: frameworkId } = scheduler.frameworkId;
    await stream.waitFor('the framework', ({ frameworks_updated }) =>
      frameworks_updated?.frameworks?.some(({ framework_id }) => framework_id.value === frameworkId),
    );
    const offer = await launch(scheduler, taskId);
    const states = acknowledgeAll(scheduler);
    const made = await stream.waitFor('the offer', ({ offers_made }) =>
      offers_made?.find(({ offer_id }) => offer_id.value === offer.id.value),
    );
    expect(made).toMatchObject({ role: '*', resources: { cpus: 2, mem_mb: 512 }, ports: 10 });
    const ended = await stream.waitFor('its end', ({ offers_ended }) =>
      offers_ended?.find(({ offer_id }) => offer_id.value === offer.id.value),
    );
    expect(ended.outcome).toBe('ACCEPTED');
    await stream.waitFor(
      'TASK_RUNNING',
      taskIn(taskId, ({ state }) => state === 'TASK_RUNNING'),
    );
    const used = await stream.waitFor('what it uses', ({ agents_used }) =>
      agents_used?.find(({ tasks }) => tasks === 1),
    );
    expect(used.allocated).toMatchObject({ cpus: 0.1, mem_mb: 32 });

    const operator = client();
    const dry = await operator.killTask({ task_id: { value: taskId }, dry_run: true });
    expect(dry.task).toMatchObject({ state: 'TASK_RUNNING', framework_id: { value: frameworkId } });
    await operator.killTask({ task_id: { value: taskId }, kill_policy: { grace_period: { nanoseconds: 0 } } });
    const killed = await stream.waitFor(
      'its kill',
      taskIn(taskId, ({ state }) => state === 'TASK_KILLED'),
    );
    expect(killed.since ?? 0).toBeGreaterThan(killed.launched_at ?? Number.POSITIVE_INFINITY);
    await until('its scheduler hears of it', () => states.includes('TASK_KILLED'));
    const again = operator.killTask({ task_id: { value: taskId } });
    await expect(again).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining('TASK_KILLED') });
    await expect(operator.killTask({ task_id: { value: 'nobody' } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await stream.waitFor(
      'its place in history',
      taskIn(taskId, ({ place }) => place === 'COMPLETED'),
    );

    const found = await operator.find({ kind: 'TASKS', reference: taskId });
    expect(found).toMatchObject({
      total: 1,
      matches: [{ task: { place: 'COMPLETED' }, task_detail: { name: taskId } }],
    });
    scheduler.close();
    await stream.waitFor('the disconnection', ({ frameworks_updated }) =>
      frameworks_updated?.frameworks?.some(
        (one) => one.state === 'DISCONNECTED' && one.failover_deadline !== undefined,
      ),
    );
    await operator.teardown({ value: frameworkId });
    const removed = await stream.waitFor('the removal', ({ framework_removed }) => framework_removed);
    expect(removed).toMatchObject({ framework_id: { value: frameworkId }, reason: 'TEARDOWN' });
    expect(stream.events.filter(({ type }) => type === 'DISCONNECTED')).toEqual([]);
  });

  it('says when an agent is killed, and when it is back', async () => {
    const stream = watch({ kinds: ['AGENTS'] });
    await stream.waitFor('the snapshot', ({ type }) => type === 'SNAPSHOT_END');
    const agent = await cluster.addAgent({ name: `victim-${format}`, resources: 'cpus:1;mem:64' });
    const states = () =>
      stream.events.flatMap((event) => ('agents_updated' in event ? (event.agents_updated?.agents ?? []) : []));
    const isNow = (state: api.Agent_State) =>
      until(`it is ${state}`, () => states().findLast(({ port }) => port === agent.port)?.state === state);
    await isNow('ACTIVE');
    await agent.kill();
    await isNow('DISCONNECTED');
    await agent.restart();
    await isNow('ACTIVE');
    await agent.unregister();
    const gone = await stream.waitFor('its end', ({ agent_removed }) => agent_removed);
    expect(gone.reason).toBe('UNREGISTERED');
  });

  it('gives a snapshot that agrees with GET_STATE', async () => {
    const snapshot = watch({ snapshot_only: true });
    await snapshot.ended;
    expect(snapshot.events.at(-1)?.type).toBe('SNAPSHOT_END');
    const parts = snapshot.events.flatMap((event) => ('snapshot' in event ? (event.snapshot ?? []) : []));
    const state = await client().getState();
    const ids = (list: readonly { readonly value: string }[]) => list.map(({ value }) => value).sort();
    expect(ids(parts.flatMap(({ agents }) => agents ?? []).map(({ agent_id }) => agent_id))).toEqual(
      ids((state.get_agents?.agents ?? []).map(({ agent_info }) => agent_info.id ?? { value: '' })),
    );
    const { tasks = [], completed_tasks = [] } = state.get_tasks ?? {};
    expect(ids(parts.flatMap((part) => part.tasks ?? []).map(({ task_id }) => task_id))).toEqual(
      ids([...tasks, ...completed_tasks].map(({ task_id }) => task_id)),
    );
  });
});

it('comes from the master that lives: a killed one is missed and its successor found', async () => {
  const operator = new OperatorClient({ masters: cluster.master.address });
  const stream = new Watch(operator, { kinds: ['AGENTS'] });
  await stream.waitFor('the snapshot', ({ type }) => type === 'SNAPSHOT_END');
  const termBefore = (await operator.getInfo()).term;
  await cluster.master.kill();
  await until('the loss', () => stream.events.some(({ type }) => type === 'DISCONNECTED'));
  await cluster.master.restart();
  const info = await stream.waitFor('the next term', ({ subscribed }) =>
    subscribed !== undefined && subscribed.info.term > termBefore ? subscribed.info : undefined,
  );
  expect(Number(info.term)).toBe(Number(termBefore) + 1);
  // They may have returned before the stream did: then they are in its snapshot.
  await until('the agents', () => {
    const since = stream.events.findLastIndex(({ type }) => type === 'SUBSCRIBED');
    const told = stream.events
      .slice(since)
      .flatMap((event) =>
        event.type === 'DISCONNECTED'
          ? []
          : [...(event.agents_updated?.agents ?? []), ...(event.snapshot?.agents ?? [])],
      );
    return told.some(({ state }) => state === 'ACTIVE');
  });
  await stream.close();
  operator.close();
});

it('leaves the Mesos API as it is', async () => {
  const reply = await postJson(`${cluster.master.url}/api/v1`, { type: 'KILL_TASK', kill_task: {} });
  expect(reply.status).toBe(400);
});
