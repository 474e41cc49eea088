// A reservation and a persistent volume through their whole life with real processes: made by a scheduler, used by tasks, kept
// through kill -9 of agent and master, and given back by an operator. Issue 5, rows f and g.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Json, postJson, scalars, TestScheduler } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { agentOf, isRoot } from './agent-fixture.js';

if (!isRoot) console.log('volumes: skipped, containers need root');

const ENG = { type: 'DYNAMIC', role: 'eng', principal: 'ops' };
const FRAMEWORK = {
  user: 'root',
  name: 'volumes',
  principal: 'ops',
  roles: ['eng'],
  checkpoint: true,
  failover_timeout: 600,
  capabilities: [{ type: 'MULTI_ROLE' }, { type: 'RESERVATION_REFINEMENT' }, { type: 'PARTITION_AWARE' }],
};

const disk = (value: number): Json => ({ name: 'disk', type: 'SCALAR', scalar: { value }, reservations: [ENG] });
const volume = (value: number): Json => ({
  ...disk(value),
  disk: { persistence: { id: 'v1', principal: 'ops' }, volume: { container_path: 'data', mode: 'RW' } },
});

describe.skipIf(!isRoot)('a persistent volume', () => {
  let cluster: Cluster;
  let scheduler: TestScheduler;
  let agentId: Json;

  beforeAll(async () => {
    cluster = await startCluster({ agents: 1, agent: { resources: 'cpus:4;mem:2048;disk:1024' } });
    scheduler = await TestScheduler.subscribe(cluster.master.url, FRAMEWORK);
  });
  afterAll(() => cluster?.stop());

  const used = new Set<string>();
  const holdsVolume = (offer: Json) =>
    offer.resources.some((resource: Json) => resource.disk?.persistence?.id === 'v1');
  const statuses = (): Json[] => scheduler.events.flatMap<Json>((event) => event.update_operation_status?.status ?? []);
  const finished = (id: string) =>
    until(
      `operation ${id} is finished`,
      () => statuses().find(({ operation_id, state }) => operation_id?.value === id && state === 'OPERATION_FINISHED'),
      { explain: () => `${JSON.stringify(statuses())}\n${cluster.logs()}` },
    );
  const operator = (call: Json) => postJson(`${cluster.master.url}/api/v1`, call);
  const operations = async (): Promise<Json[]> =>
    JSON.parse((await operator({ type: 'GET_OPERATIONS' })).text).get_operations.operations ?? [];
  const total = async (): Promise<Json[]> =>
    JSON.parse((await operator({ type: 'GET_AGENTS' })).text).get_agents.agents?.[0]?.total_resources ?? [];
  const directory = () => join(agentOf(cluster).workDir, 'volumes/roles/eng/v1');

  function acknowledge({ operation_id, uuid, agent_id }: Json) {
    const acknowledge_operation_status = { operation_id, uuid: uuid.value, agent_id };
    return scheduler.call({ type: 'ACKNOWLEDGE_OPERATION_STATUS', acknowledge_operation_status });
  }

  /** An offer that no test has used yet. */
  async function takeOffer(accept: (offer: Json) => boolean): Promise<Json> {
    const offer: Json = await until('an offer', () =>
      scheduler.offers().find((each: Json) => !used.has(each.id.value) && accept(each)),
    );
    used.add(offer.id.value);
    agentId = offer.agent_id;
    return offer;
  }

  function accept(offer: Json, operations: Json[]) {
    const filters = { refuse_seconds: 0 };
    return scheduler.call({ type: 'ACCEPT', accept: { offer_ids: [offer.id], operations, filters } });
  }

  function launch(id: string, script: string): Json {
    const resources = [...scalars({ cpus: 0.1, mem: 32 }), volume(64)];
    const command = { shell: true, value: script };
    return {
      type: 'LAUNCH',
      launch: { task_infos: [{ name: id, task_id: { value: id }, agent_id: agentId, resources, command }] },
    };
  }

  const lastState = async (id: string) => (await scheduler.runToEnd(id)).at(-1)?.state;

  it('is reserved, created and used in one ACCEPT, and the scheduler hears of it', async () => {
    const offer = await takeOffer(() => true);
    await accept(offer, [
      { type: 'RESERVE', id: { value: 'r1' }, reserve: { resources: [disk(100)] } },
      { type: 'CREATE', id: { value: 'c1' }, create: { volumes: [volume(64)] } },
      launch('writer', 'echo kept > data/file'),
    ]);
    expect(await lastState('writer')).toBe('TASK_FINISHED');
    await acknowledge(await finished('r1'));
    await finished('c1');
    expect(readFileSync(join(directory(), 'file'), 'utf8')).toBe('kept\n');
    await until('only c1 waits', async () => (await operations()).length === 1);
  });

  it('outlives kill -9 of agent and master, and so does the unacknowledged outcome', async () => {
    await agentOf(cluster).kill();
    await cluster.master.kill();
    await cluster.master.restart();
    await agentOf(cluster).restart();
    const info = { ...FRAMEWORK, id: scheduler.frameworkId };
    scheduler.close();
    scheduler = await TestScheduler.subscribe(cluster.master.url, info);
    await finished('c1');
    // An acknowledgement may have been lost with the agent: whatever is repeated is acknowledged again.
    let acknowledged = 0;
    await until(
      'nothing waits',
      async () => {
        for (; acknowledged < statuses().length; acknowledged++) await acknowledge(statuses()[acknowledged]);
        return (await operations()).length === 0;
      },
      { explain: () => `${JSON.stringify(statuses())}\n${cluster.logs()}` },
    );
    await accept(await takeOffer(holdsVolume), [launch('reader', 'test "$(cat data/file)" = kept')]);
    expect(await lastState('reader')).toBe('TASK_FINISHED');
  });

  it('is refused what is wrong, with nothing changed', async () => {
    const before = JSON.stringify(await total());
    const wrong: readonly [call: Json, status: number, text: RegExp][] = [
      [
        { type: 'CREATE_VOLUMES', create_volumes: { agent_id: agentId, volumes: [volume(10)] } },
        400,
        /'v1' of role 'eng' is in use/,
      ],
      [
        { type: 'DESTROY_VOLUMES', destroy_volumes: { agent_id: agentId, volumes: [volume(63)] } },
        400,
        /no such volume/,
      ],
      [
        { type: 'UNRESERVE_RESOURCES', unreserve_resources: { agent_id: agentId, resources: [disk(100)] } },
        409,
        /do not contain/,
      ],
      [
        { type: 'RESERVE_RESOURCES', reserve_resources: { agent_id: { value: 'x' }, resources: [disk(1)] } },
        400,
        /not registered/,
      ],
      [
        { type: 'RESERVE_RESOURCES', reserve_resources: { agent_id: agentId, resources: [disk(9999)] } },
        409,
        /do not contain/,
      ],
    ];
    for (const [call, status, text] of wrong) {
      const answer = await operator(call);
      expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(text)]);
    }
    for (const [path, body, text] of [
      ['/reserve', 'resources=[]', /slaveId/],
      ['/unreserve', `slaveId=${agentId.value}`, /'resources'/],
      ['/create-volumes', `slaveId=${agentId.value}&volumes=%7B`, /./],
      ['/destroy-volumes', `slaveId=${agentId.value}&volumes=[1]`, /./],
    ] as const) {
      const answer = await postForm(path, body);
      expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(text)]);
    }
    expect(JSON.stringify(await total())).toBe(before);
  });

  it('goes with its directory when an operator destroys it, and the reservation after it', async () => {
    const { status } = await operator({
      type: 'DESTROY_VOLUMES',
      destroy_volumes: { agent_id: agentId, volumes: [volume(64)] },
    });
    expect(status).toBe(202);
    await until('the directory is gone', () => !existsSync(directory()));
    const resources = encodeURIComponent(JSON.stringify([disk(100)]));
    expect((await postForm('/master/unreserve', `slaveId=${agentId.value}&resources=${resources}`)).status).toBe(202);
    await until('nothing is reserved', async () =>
      (await total()).every(({ reservations }) => reservations === undefined),
    );
    await until('nothing waits', async () => (await operations()).length === 0);
    expect((await total()).find(({ name }) => name === 'disk')?.scalar.value).toBe(1024);
  });

  async function postForm(path: string, body: string) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(`${cluster.master.url}${path}`, { method: 'POST', headers, body });
    return { status: answer.status, text: await answer.text() };
  }
});
