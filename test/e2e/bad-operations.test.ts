/**
 * Every operation on reservations and volumes that is wrong: by ACCEPT it is an OPERATION_ERROR that names what is wrong, by
 * the operator API a 400 or 409 with the same words, and nothing changes. Issue 5, row g; spec page 01, "Operation
 * validation"; page 03, section 3.1; page 05, sections 5.2 and 5.5 to 5.7.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../unit/http/fixture.js';
import { type AnyEvent, Framework, LinkedAgent, post, startTestMaster, type TestMaster } from './bad-input-fixture.js';

const ROLE = 'eng';
const dynamic = (role: unknown, more: object = {}): AnyEvent => ({ type: 'DYNAMIC', role, ...more });
const ENG = dynamic(ROLE, { principal: 'ops' });
const on = (name: string, value: number, more: object = {}): AnyEvent => ({
  name,
  type: 'SCALAR',
  scalar: { value },
  reservations: [ENG],
  ...more,
});
const plain = (name: string, value: number, more: object = {}) => on(name, value, { reservations: undefined, ...more });
const volume = (id: unknown, value: number, more: object = {}, info: object = {}): AnyEvent =>
  on('disk', value, {
    disk: {
      persistence: { id, principal: 'ops' },
      volume: { container_path: 'data', mode: 'RW' },
      ...info,
    },
    ...more,
  });

const TAKEN = volume('taken', 100);
const SHARED = volume('shared', 100, { shared: {} });

type Operation = Readonly<Record<string, unknown>>;
const reserve = (...resources: AnyEvent[]): Operation => ({ type: 'RESERVE', reserve: { resources } });
const unreserve = (...resources: AnyEvent[]): Operation => ({ type: 'UNRESERVE', unreserve: { resources } });
const create = (...volumes: AnyEvent[]): Operation => ({ type: 'CREATE', create: { volumes } });
const destroy = (...volumes: AnyEvent[]): Operation => ({ type: 'DESTROY', destroy: { volumes } });
const grow = (of: AnyEvent, addition: AnyEvent): Operation => ({
  type: 'GROW_VOLUME',
  grow_volume: { volume: of, addition },
});
const shrink = (of: AnyEvent, value: number): Operation => ({
  type: 'SHRINK_VOLUME',
  shrink_volume: { volume: of, subtract: { value } },
});
const stacked = (...reservations: AnyEvent[]) => reserve(on('cpus', 1, { reservations }));

/** Both ways in answer alike; 400 unless it is a conflict with what the agent has. */
const BOTH: readonly [what: string, operation: Operation, message: string, status?: 409][] = [
  ['RESERVE of nothing', reserve(), 'is empty'],
  ['RESERVE that is static', stacked({ type: 'STATIC', role: ROLE }), 'not DYNAMIC'],
  ['RESERVE without a type', stacked({ role: ROLE }), 'no known type'],
  ['RESERVE without a role', stacked({ type: 'DYNAMIC' }), 'no role'],
  ["RESERVE to '*'", stacked(dynamic('*')), "role '*' cannot be reserved to"],
  ...['', '.', '..', 'a b', '/a', 'a/', 'a//b', 'a/../b', '-a', 'a/*', 'a\tb'].map(
    (role): [string, Operation, string] => [
      `RESERVE to the role ${JSON.stringify(role)}`,
      stacked(dynamic(role)),
      'ole',
    ],
  ),
  ['RESERVE refined to no subrole', stacked(ENG, dynamic('ops')), "not for a subrole of 'eng'"],
  ['RESERVE refined to the same role', stacked(ENG, ENG), "not for a subrole of 'eng'"],
  ['RESERVE with a static on top', stacked(ENG, { type: 'STATIC', role: 'eng/a' }), 'only the first'],
  ['RESERVE of what is revocable', reserve(on('cpus', 1, { revocable: {} })), 'revocable resources cannot be'],
  ['RESERVE of a negative amount', reserve(on('cpus', -1)), 'negative'],
  ['RESERVE of no amount', reserve(on('cpus', 0)), 'its amount is zero'],
  ['RESERVE of an endless amount', reserve(on('cpus', 1e18)), 'is above'],
  ['RESERVE of a nameless resource', reserve(on('', 1)), 'its name is empty'],
  ['RESERVE of a provider', reserve(on('disk', 1, { provider_id: { value: 'p' } })), 'resource providers are not'],
  ['RESERVE in two formats at once', reserve(on('cpus', 1, { role: ROLE })), 'exclude each other'],
  ['RESERVE of a volume', reserve(TAKEN), 'reserved before it is created'],
  ['RESERVE of a shared resource', reserve(on('disk', 1, { shared: {} })), 'only persistent volumes can be shared'],
  ['RESERVE of more than there is', reserve(on('cpus', 1000)), 'do not contain', 409],
  ['RESERVE of what nobody has', reserve(on('quarks', 1)), 'do not contain', 409],
  [
    'RESERVE of ports that begin after their end',
    reserve({ name: 'ports', type: 'RANGES', ranges: { range: [{ begin: 2, end: 1 }] }, reservations: [ENG] }),
    'begins after its end',
  ],
  ['UNRESERVE of nothing', unreserve(), 'is empty'],
  ['UNRESERVE of what is free', unreserve(plain('cpus', 1)), 'not dynamically reserved'],
  [
    'UNRESERVE of what is static',
    unreserve(on('cpus', 1, { reservations: [{ type: 'STATIC', role: ROLE }] })),
    'not dyn',
  ],
  ['UNRESERVE of a volume', unreserve(TAKEN), 'until it is destroyed'],
  ['UNRESERVE of more than is reserved', unreserve(on('disk', 999)), 'do not contain', 409],
  [
    "UNRESERVE of another's",
    unreserve(on('disk', 1, { reservations: [dynamic(ROLE, { principal: 'x' })] })),
    'do not',
    409,
  ],
  ['CREATE of nothing', create(), 'is empty'],
  ...['', '.', '..', 'a/b', '../a', '/a', 'x'.repeat(300), 'a\u0000b', 'a\nb'].map(
    (id): [string, Operation, string] => [
      `CREATE with the id ${JSON.stringify(id).slice(0, 20)}`,
      create(volume(id, 1)),
      'id',
    ],
  ),
  ['CREATE without persistence', create(volume('n', 1, {}, { persistence: undefined })), 'needs `disk.persistence`'],
  ['CREATE without a volume', create(volume('n', 1, {}, { volume: undefined })), 'needs `disk.volume`'],
  ['CREATE that is read-only', create(volume('n', 1, {}, { volume: { container_path: 'd', mode: 'RO' } })), 'mode RW'],
  [
    'CREATE of a directory of the host',
    create(volume('n', 1, {}, { volume: { container_path: 'd', mode: 'RW', host_path: '/etc' } })),
    'no host_path',
  ],
  ['CREATE of free disk', create(volume('n', 1, { reservations: undefined })), 'must be of reserved disk'],
  ['CREATE of revocable disk', create(volume('n', 1, { revocable: {} })), 'revocable'],
  ['CREATE of memory', create({ ...volume('n', 1), name: 'mem' }), "belongs to the resource named 'disk'"],
  ['CREATE of a RAW disk', create(volume('n', 1, {}, { source: { type: 'RAW' } })), 'cannot be of a RAW disk'],
  ['CREATE of a BLOCK disk', create(volume('n', 1, {}, { source: { type: 'BLOCK' } })), 'cannot be of a BLOCK disk'],
  [
    'CREATE of a PATH disk with a mount',
    create(volume('n', 1, {}, { source: { type: 'PATH', mount: { root: '/m' } } })),
    'a PATH disk carries no mount',
  ],
  ['CREATE of an id that is taken', create(volume('taken', 1)), "'taken' of role 'eng' is in use"],
  ['CREATE of one id twice', create(volume('n', 1), volume('n', 2)), 'two new volumes have the same id'],
  ['CREATE of more than is reserved', create(volume('n', 999)), 'do not contain', 409],
  [
    'CREATE on a disk that is not there',
    create(volume('n', 1, {}, { source: { type: 'PATH', path: { root: '/p' } } })),
    'do not contain',
    409,
  ],
  ['DESTROY of nothing', destroy(), 'is empty'],
  ['DESTROY of what is no volume', destroy(on('disk', 1)), 'is not a persistent volume'],
  ['DESTROY of an unknown volume', destroy(volume('none', 100)), "no such volume 'none'"],
  ['DESTROY of a part of a volume', destroy(volume('taken', 99)), "no such volume 'taken'"],
  ['DESTROY of one volume twice', destroy(TAKEN, TAKEN), 'destroyed twice'],
  ['GROW_VOLUME of what is no volume', grow(on('disk', 1), on('disk', 1)), 'is not a persistent volume'],
  ['GROW_VOLUME by a volume', grow(TAKEN, TAKEN), 'is itself a persistent volume'],
  ['GROW_VOLUME by free disk', grow(TAKEN, plain('disk', 1)), 'with the same reservations'],
  ['GROW_VOLUME by nothing', grow(TAKEN, on('disk', 0)), 'its amount is zero'],
  ['GROW_VOLUME of a shared volume', grow(SHARED, on('disk', 1)), 'a shared volume cannot be resized'],
  ['GROW_VOLUME beyond the disk', grow(TAKEN, on('disk', 999)), 'do not contain', 409],
  ['SHRINK_VOLUME to nothing', shrink(TAKEN, 100), 'cannot shrink by 100 MB'],
  ['SHRINK_VOLUME by nothing', shrink(TAKEN, 0), 'above 0'],
  ['SHRINK_VOLUME by less than nothing', shrink(TAKEN, -5), 'above 0'],
  ['SHRINK_VOLUME of a shared volume', shrink(SHARED, 1), 'a shared volume cannot be resized'],
  ['SHRINK_VOLUME of an unknown volume', shrink(volume('none', 100), 1), 'do not contain', 409],
];

/** Where the framework counts, or nothing an operator could ask for. */
const BY_ACCEPT: readonly [what: string, operation: Operation, message: string][] = [
  [
    'RESERVE with a source',
    { type: 'RESERVE', reserve: { resources: [on('cpus', 1)], source: [plain('cpus', 1)] } },
    'for operators only',
  ],
  ['RESERVE by another principal', stacked(dynamic(ROLE, { principal: 'x' })), "'x' instead of 'ops'"],
  ['RESERVE without principal', stacked(dynamic(ROLE)), "no principal: it must be 'ops'"],
  ['RESERVE to another role', stacked(dynamic('ops', { principal: 'ops' })), "cannot be reserved to role 'ops'"],
  [
    'CREATE by another principal',
    create(volume('n', 1, {}, { persistence: { id: 'n', principal: 'x' } })),
    "'x' instead of",
  ],
  ['CREATE without principal', create(volume('n', 1, {}, { persistence: { id: 'n' } })), 'no principal'],
  ['CREATE of a shared volume by one who cannot share', create(volume('n', 1, { shared: {} })), 'SHARED_RESOURCES'],
  [
    'CREATE_DISK',
    { type: 'CREATE_DISK', create_disk: { source: plain('disk', 1), target_type: 'MOUNT' } },
    'not supported',
  ],
  ['DESTROY_DISK', { type: 'DESTROY_DISK', destroy_disk: { source: plain('disk', 1) } }, 'not supported'],
  ['an operation without its payload', { type: 'RESERVE' }, ''],
];

const BY_OPERATOR: readonly [what: string, call: (agentId: object) => Operation, status: number, message: string][] = [
  [
    'RESERVE_RESOURCES on nobody',
    () => resources('RESERVE', { value: 'nobody' }, [on('cpus', 1)]),
    400,
    'not registered',
  ],
  [
    'RESERVE_RESOURCES of what is allocated',
    (id) => resources('RESERVE', id, [on('cpus', 1, { allocation_info: { role: ROLE } })]),
    400,
    "carry no 'allocation_info'",
  ],
  [
    'RESERVE_RESOURCES from a source that is another amount',
    (id) => ({
      type: 'RESERVE_RESOURCES',
      reserve_resources: { agent_id: id, resources: [on('cpus', 1)], source: [plain('cpus', 2)] },
    }),
    400,
    'are not the same resources',
  ],
  ['RESERVE_RESOURCES without its payload', () => ({ type: 'RESERVE_RESOURCES' }), 400, 'reserve_resources'],
  ['GROW_VOLUME without an agent', () => ({ type: 'GROW_VOLUME', ...grow(TAKEN, on('disk', 1)) }), 400, 'agent'],
  [
    'CREATE_VOLUMES without an agent',
    () => ({ type: 'CREATE_VOLUMES', create_volumes: { volumes: [TAKEN] } }),
    400,
    'agent_id',
  ],
];

function resources(type: 'RESERVE' | 'UNRESERVE', agent_id: object, list: readonly AnyEvent[]): Operation {
  return { type: `${type}_RESOURCES`, [`${type.toLowerCase()}_resources`]: { agent_id, resources: list } };
}

/** The same as a call of the operator API. */
function asCall(operation: AnyEvent, agent_id: object): Operation {
  const { type, reserve: r, unreserve: u, create: c, destroy: d, grow_volume, shrink_volume } = operation;
  if (type === 'RESERVE' || type === 'UNRESERVE') return resources(type, agent_id, (r ?? u).resources);
  if (type === 'CREATE') return { type: 'CREATE_VOLUMES', create_volumes: { agent_id, ...c } };
  if (type === 'DESTROY') return { type: 'DESTROY_VOLUMES', destroy_volumes: { agent_id, ...d } };
  return type === 'GROW_VOLUME'
    ? { type, grow_volume: { agent_id, ...grow_volume } }
    : { type, shrink_volume: { agent_id, ...shrink_volume } };
}

describe('a wrong operation', () => {
  let master: TestMaster;
  let agent: LinkedAgent;
  let agentId: { readonly value: string };
  let framework: Framework;
  const answered = new Set<string>();
  let operations = 0;

  beforeAll(async () => {
    master = await startTestMaster();
    agent = new LinkedAgent(master.port, 'cpus:8;mem:4096;disk:1000;ports:[1-10]', 5051, {
      capabilities: ['AGENT_OPERATION_FEEDBACK', 'RESIZE_VOLUME'],
      checkpointed: [on('disk', 200), TAKEN, SHARED],
    });
    agentId = { value: await agent.registered() };
    const capabilities = ['MULTI_ROLE', 'RESERVATION_REFINEMENT'].map((type) => ({ type }));
    framework = new Framework(master.port, { roles: [ROLE], principal: 'ops', capabilities });
    await framework.waitFor('SUBSCRIBED');
  });
  afterAll(async () => {
    framework.disconnect();
    agent.close();
    await master.stop();
  });

  const operator = (call: Operation) => post(master.port, '/api/v1', call);
  const total = async () => {
    const { agents } = JSON.parse((await operator({ type: 'GET_AGENTS' })).body).get_agents;
    return JSON.stringify(agents[0].total_resources);
  };
  const applied = () => agent.frames.filter((frame) => frame.apply_operation !== undefined).length;

  async function takeOffer(): Promise<AnyEvent> {
    const find = () =>
      framework.events
        .flatMap((event) => event.offers?.offers ?? [])
        .find((offer) => !answered.has(offer.id.value) && !isRescinded(offer));
    await until('an offer', () => find() !== undefined);
    const offer = find();
    answered.add(offer.id.value);
    return offer;
  }

  const isRescinded = (offer: AnyEvent) =>
    framework.find('RESCIND', ({ rescind }) => rescind.offer_id.value === offer.id.value) !== undefined;

  /** The status that an operation of an ACCEPT ends with. */
  async function outcomeOf(operation: Operation): Promise<AnyEvent> {
    const id = `op-${++operations}`;
    const offer = await takeOffer();
    const accept = {
      offer_ids: [offer.id],
      operations: [{ ...operation, id: { value: id } }],
      filters: { refuse_seconds: 0 },
    };
    const reply = await framework.call({ type: 'ACCEPT', accept });
    expect([reply.status, reply.body]).toEqual([202, '']);
    const isIt = (event: AnyEvent) => event.update_operation_status.status.operation_id?.value === id;
    return (await framework.waitFor('UPDATE_OPERATION_STATUS', isIt)).update_operation_status.status;
  }

  test.each([...BOTH, ...BY_ACCEPT])('by ACCEPT: %s', async (_, operation, message) => {
    const before = await total();
    const status = await outcomeOf(operation);
    expect(status).toMatchObject({ state: 'OPERATION_ERROR', message: expect.stringContaining(message) });
    expect([status.message.length > 0, status.uuid, status.agent_id]).toEqual([true, undefined, undefined]);
    expect([await total(), applied()]).toEqual([before, 0]);
  });

  test.each(BOTH)('by an operator: %s', async (_, operation, message, conflict) => {
    const before = await total();
    const reply = await operator(asCall(operation, agentId));
    expect([reply.status, reply.body]).toEqual([conflict ?? 400, expect.stringContaining(message)]);
    expect([await total(), applied()]).toEqual([before, 0]);
  });

  test.each(BY_OPERATOR)('by an operator: %s', async (_, callOf, status, message) => {
    const before = await total();
    const reply = await operator(callOf(agentId));
    expect([reply.status, reply.body]).toEqual([status, expect.stringContaining(message)]);
    expect([await total(), applied()]).toEqual([before, 0]);
  });

  test('leaves those before and after it in the same ACCEPT alone', async () => {
    const offer = await takeOffer();
    const ids = ['before', 'wrong', 'after'].map((value) => ({ id: { value } }));
    const all = [reserve(on('cpus', 1)), reserve(on('cpus', 1000)), reserve(on('mem', 1))];
    const accept = { offer_ids: [offer.id], operations: all.map((one, i) => ({ ...one, ...ids[i] })) };
    await framework.call({ type: 'ACCEPT', accept });
    const { update_operation_status } = await framework.waitFor(
      'UPDATE_OPERATION_STATUS',
      (event) => event.update_operation_status.status.operation_id?.value === 'wrong',
    );
    expect(update_operation_status.status.state).toBe('OPERATION_ERROR');
    await until('both others are sent', () => applied() === 2);
  });

  test('for an agent that cannot resize volumes says so, whoever asks', async () => {
    const old = new LinkedAgent(master.port, 'cpus:8;mem:4096;disk:1000', 5052, {
      capabilities: ['AGENT_OPERATION_FEEDBACK'],
      checkpointed: [on('disk', 200), TAKEN],
    });
    const id = { value: await old.registered() };
    for (const operation of [grow(TAKEN, on('disk', 1)), shrink(TAKEN, 1)]) {
      const reply = await operator(asCall(operation, id));
      expect([reply.status, reply.body]).toEqual([400, expect.stringContaining('cannot resize volumes')]);
    }
    await operator({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: id } });
    old.close();
  });
});
