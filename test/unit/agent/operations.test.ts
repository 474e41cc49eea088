/** Operations on an agent's resources: the core alone, the shell's part played by the test. */
import { describe, expect, test } from 'vitest';
import { Resources } from '../../../src/offers/resources/resources.js';
import type * as link from '../../../src/wire/gen/mesoctl-link.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import {
  AGENT_ID,
  CoreHarness,
  FRAMEWORK_ID,
  type HarnessOptions,
  runTasks,
  statesOf,
  taskInfo,
} from './core-harness.js';

const CONFIGURED: mesos.Resource[] = [scalar('cpus', 8), scalar('disk', 1000)];

function scalar(name: string, value: number, more: Partial<mesos.Resource> = {}): mesos.Resource {
  return { name, type: 'SCALAR', scalar: { value }, ...more };
}

function reserved(name: string, value: number, more: Partial<mesos.Resource> = {}): mesos.Resource {
  return scalar(name, value, { reservations: [{ type: 'DYNAMIC', role: 'eng', principal: 'p' }], ...more });
}

function volume(value: number, id = 'v', containerPath = 'data'): mesos.Resource {
  return reserved('disk', value, {
    disk: { persistence: { id, principal: 'p' }, volume: { container_path: containerPath, mode: 'RW' } },
  });
}

const uuidOf = (n: number) => new Uint8Array(16).fill(n);
const RESERVE: mesos.Offer_Operation = { type: 'RESERVE', reserve: { resources: [reserved('disk', 100)] } };
const CREATE: mesos.Offer_Operation = { type: 'CREATE', create: { volumes: [volume(64)] } };
const DESTROY: mesos.Offer_Operation = { type: 'DESTROY', destroy: { volumes: [volume(64)] } };

class OperationHarness extends CoreHarness {
  constructor(options: HarnessOptions = {}) {
    super({ resources: CONFIGURED, ...options });
  }

  apply(n: number, info: mesos.Offer_Operation): void {
    this.frame({ apply_operation: { framework_id: { value: FRAMEWORK_ID }, uuid: uuidOf(n), info } });
  }

  /** The shell's answer to the last `change-volumes`. */
  changed(failure?: string): void {
    const [effect] = this.take('change-volumes');
    if (effect === undefined) throw new Error('no volume was to be changed');
    this.post({ kind: 'volumes-changed', uuid: effect.uuid, failure });
  }

  /** A volume of 64 MB for role eng. */
  withVolume(): this {
    this.apply(1, RESERVE);
    this.apply(2, CREATE);
    this.changed();
    this.settle();
    return this;
  }

  takeOutcomes(): link.OperationUpdate[] {
    const outcomes = this.sent.flatMap((message) => message.operation_update ?? []);
    this.sent = this.sent.filter((message) => message.operation_update === undefined);
    return outcomes;
  }

  /** Acknowledges all outcomes. */
  settle(): void {
    for (const { uuid, status } of this.takeOutcomes())
      this.frame({
        acknowledge_operation: { operation_uuid: uuid, status_uuid: status.uuid?.value ?? new Uint8Array() },
      });
  }

  get total(): string {
    return this.core.view.total.toString();
  }

  again(): OperationHarness {
    return new OperationHarness({
      store: this.store.fork(),
      unixMs: this.unixMs,
      monotonicMs: this.monotonicMs,
      seed: 2,
    });
  }
}

const textOf = (...resources: mesos.Resource[]) => Resources.of(resources).toString();

describe('an operation without directories', () => {
  test('is durable with its effect before its outcome leaves, and tells the new total', () => {
    const agent = new OperationHarness();
    agent.effects = [];
    agent.apply(1, { ...RESERVE, id: { value: 'mine' } });
    expect(agent.effects.filter(({ kind }) => kind !== 'log').map(({ type, kind }) => [type, kind])).toEqual([
      ['persist', 'change'],
      ['persist', 'change'],
      ['afterPersist', 'send'],
    ]);
    expect(agent.take('change').map(({ change, durability }) => [change.kind, durability])).toEqual([
      ['put-resources', 'machine'],
      ['put-operation', 'machine'],
    ]);
    const [outcome] = agent.takeOutcomes();
    expect(outcome).toMatchObject({
      framework_id: { value: FRAMEWORK_ID },
      uuid: uuidOf(1),
      status: {
        state: 'OPERATION_FINISHED',
        operation_id: { value: 'mine' },
        agent_id: { value: AGENT_ID },
        converted_resources: [reserved('disk', 100)],
      },
    });
    expect(textOf(...(outcome?.total_resources ?? []))).toBe(agent.total);
    expect(agent.store.read().resources).toEqual([reserved('disk', 100)]);
  });

  test('is carried out once, however often it is ordered', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    const [first] = agent.takeOutcomes();
    agent.apply(1, RESERVE);
    expect(agent.takeOutcomes()).toEqual([first]);
    expect(agent.store.read().resources).toEqual([reserved('disk', 100)]);
    agent.apply(2, RESERVE);
    expect(agent.store.read().resources).toEqual([reserved('disk', 200)]);
  });

  test('that the resources do not allow fails and changes nothing', () => {
    const agent = new OperationHarness();
    const before = agent.total;
    agent.apply(1, { type: 'RESERVE', reserve: { resources: [reserved('disk', 1001)] } });
    expect(agent.takeOutcomes()).toMatchObject([
      { status: { state: 'OPERATION_FAILED', message: expect.stringContaining('do not contain') } },
    ]);
    expect(agent.total).toBe(before);
    expect(agent.store.read().resources).toEqual([]);
  });

  test('is sent again after 10 s, then twice that, until it is acknowledged', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    const [first] = agent.takeOutcomes();
    for (const seconds of [10, 20]) {
      agent.frame({ ping: { connected: true } });
      agent.advance(seconds * 1000 - 1);
      expect(agent.takeOutcomes()).toEqual([]);
      agent.advance(1);
      expect(agent.takeOutcomes()).toEqual([first]);
    }
    agent.frame({ acknowledge_operation: { operation_uuid: uuidOf(1), status_uuid: uuidOf(9) } });
    expect(agent.core.view.operations.size).toBe(1);
    agent.frame({
      acknowledge_operation: { operation_uuid: uuidOf(1), status_uuid: first?.status.uuid?.value ?? uuidOf(0) },
    });
    expect([agent.core.view.operations.size, agent.store.read().operations]).toEqual([0, []]);
    agent.frame({ ping: { connected: true } });
    agent.advance(60_000);
    expect(agent.takeOutcomes()).toEqual([]);
  });

  test('survives a restart with its outcome, which is told when the agent registers again', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    const [first] = agent.takeOutcomes();
    const next = agent.again();
    const reregister = next.sent.find((message) => message.reregister !== undefined)?.reregister;
    expect(reregister).toMatchObject({
      checkpointed_resources: [reserved('disk', 100)],
      operations: [{ uuid: { value: uuidOf(1) }, latest_status: { state: 'OPERATION_FINISHED' } }],
    });
    expect(next.takeOutcomes()).toEqual([first]);
    expect(next.total).toBe(agent.total);
  });
});

describe('operations nobody here knows', () => {
  test('are answered OPERATION_DROPPED until that is acknowledged; known ones are not', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    agent.takeOutcomes();
    const ask = () =>
      agent.frame({
        reconcile_operations: {
          operations: [{ uuid: uuidOf(1) }, { uuid: uuidOf(7), operation_id: { value: 'lost' } }],
        },
      });
    ask();
    ask();
    const outcomes = agent.takeOutcomes();
    expect(outcomes).toMatchObject([
      { uuid: uuidOf(7), status: { state: 'OPERATION_DROPPED', operation_id: { value: 'lost' } } },
    ]);
    expect(agent.store.read().operations).toHaveLength(1);
    expect(agent.again().core.view.operations.size).toBe(1);
  });
});

describe('a volume', () => {
  test('is made after the intent is durable, and counts when it is there', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    agent.settle();
    agent.apply(2, CREATE);
    expect(agent.takeOutcomes()).toEqual([]);
    expect(agent.store.read().operations).toMatchObject([{ status: { state: 'OPERATION_PENDING' } }]);
    expect(agent.take('change-volumes')).toMatchObject([
      { type: 'afterPersist', create: [{ role: 'eng', id: 'v', place: { kind: 'root' } }], destroy: [] },
    ]);
    agent.post({ kind: 'volumes-changed', uuid: uuidOf(2), failure: undefined });
    expect(agent.takeOutcomes()).toMatchObject([
      { status: { state: 'OPERATION_FINISHED', converted_resources: [volume(64)] } },
    ]);
    expect(textOf(...agent.store.read().resources)).toBe(textOf(reserved('disk', 36), volume(64)));
  });

  test('that cannot be made fails its operation, and nothing has changed', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    agent.settle();
    const before = agent.total;
    agent.apply(2, CREATE);
    agent.changed('no space left');
    expect(agent.takeOutcomes()).toMatchObject([{ status: { state: 'OPERATION_FAILED', message: 'no space left' } }]);
    expect(agent.total).toBe(before);
    expect(agent.again().total).toBe(before);
  });

  test('is made again when the agent died meanwhile', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    agent.apply(2, CREATE);
    const next = agent.again();
    expect(next.take('change-volumes')).toMatchObject([{ uuid: uuidOf(2), create: [{ id: 'v' }] }]);
    next.post({ kind: 'volumes-changed', uuid: uuidOf(2), failure: undefined });
    expect(next.total).toContain('v');
    expect(next.store.read().operations.map(({ status }) => status.state)).toEqual([
      'OPERATION_FINISHED',
      'OPERATION_FINISHED',
    ]);
  });

  test('keeps later operations waiting, in their order', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    agent.apply(2, CREATE);
    agent.apply(3, DESTROY);
    agent.apply(4, { type: 'UNRESERVE', unreserve: { resources: [reserved('disk', 100)] } });
    agent.settle();
    agent.changed();
    expect(agent.takeOutcomes().map(({ uuid }) => uuid[0])).toEqual([2]);
    agent.changed();
    expect(agent.takeOutcomes().map(({ uuid, status }) => [uuid[0], status.state])).toEqual([
      [3, 'OPERATION_FINISHED'],
      [4, 'OPERATION_FINISHED'],
    ]);
    expect(agent.total).toBe(textOf(...CONFIGURED));
  });

  test('that a task has is not destroyed', () => {
    const agent = new OperationHarness().withVolume();
    const container = agent.start('t1', { resources: [scalar('cpus', 1), volume(64)] });
    agent.apply(3, DESTROY);
    expect(agent.takeOutcomes()).toMatchObject([
      { status: { state: 'OPERATION_FAILED', message: "the volume 'v' of role 'eng' is in use by the task t1" } },
    ]);
    agent.terminate(container, { waitStatus: 0 });
    agent.apply(4, DESTROY);
    expect(agent.take('change-volumes')).toMatchObject([{ create: [], destroy: [{ id: 'v' }] }]);
  });

  test('changes its size, and nothing else', () => {
    const agent = new OperationHarness().withVolume();
    const addition = reserved('disk', 36);
    agent.apply(3, { type: 'GROW_VOLUME', grow_volume: { volume: volume(64), addition } });
    expect(agent.store.read().resources).toEqual([volume(100)]);
    agent.apply(4, { type: 'SHRINK_VOLUME', shrink_volume: { volume: volume(100), subtract: { value: 99 } } });
    expect(textOf(...agent.store.read().resources)).toBe(textOf(volume(1), reserved('disk', 99)));
    expect(agent.take('change-volumes')).toEqual([]);
    expect(statesOf(agent.takeOutcomes().map(({ status }) => status as never))).toEqual([
      'OPERATION_FINISHED',
      'OPERATION_FINISHED',
    ]);
  });

  test('outlives the agent that unregisters', () => {
    const agent = new OperationHarness().withVolume();
    agent.post({ kind: 'unregister' });
    expect(agent.take('end')).toHaveLength(1);
    const next = agent.again();
    expect(next.total).toContain('v');
    expect(next.sent.find((message) => message.register !== undefined)?.register?.checkpointed_resources).toHaveLength(
      2,
    );
  });
});

describe('a task with a volume', () => {
  const withVolume = { resources: [scalar('cpus', 1), volume(64)] };

  test('waits for the operation that makes it', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    agent.apply(2, CREATE);
    agent.frame(runTasks([taskInfo('t1', withVolume), taskInfo('t2')]));
    expect(agent.launches.map(({ task }) => task.task_id.value)).toEqual(['t2']);
    expect(agent.store.read().tasks).toHaveLength(2);
    agent.changed();
    expect(agent.launches.map(({ task }) => task.task_id.value)).toEqual(['t2', 't1']);
  });

  test('is killed while it waits', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    agent.apply(2, CREATE);
    agent.frame(runTasks([taskInfo('t1', withVolume)]));
    agent.kill('t1');
    expect(agent.drain()).toMatchObject([{ state: 'TASK_KILLED', reason: 'REASON_TASK_KILLED_DURING_LAUNCH' }]);
    agent.changed();
    expect(agent.launches).toEqual([]);
  });

  test('waits again after a restart in between', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    agent.apply(2, CREATE);
    agent.frame(runTasks([taskInfo('t1', withVolume)]));
    const next = agent.again();
    expect(next.launches).toEqual([]);
    next.changed();
    expect(next.launches.map(({ task }) => task.task_id.value)).toEqual(['t1']);
  });

  test('is dropped where the volume is not', () => {
    const agent = new OperationHarness();
    agent.apply(1, RESERVE);
    agent.apply(2, CREATE);
    agent.frame(runTasks([taskInfo('t1', withVolume)]));
    agent.changed('no space left');
    agent.frame(runTasks([taskInfo('t2', withVolume)]));
    expect(agent.launches).toEqual([]);
    expect(agent.drain().map(({ task_id, state, reason }) => [task_id.value, state, reason])).toEqual([
      ['t1', 'TASK_DROPPED', 'REASON_RESOURCES_UNKNOWN'],
      ['t2', 'TASK_DROPPED', 'REASON_RESOURCES_UNKNOWN'],
    ]);
  });

  test.each([
    ['/data', 'is absolute'],
    ['../data', "has '..' in it"],
    ['a/../../b', "has '..' in it"],
    ['.', 'names the sandbox itself'],
    ['', 'names the sandbox itself'],
    ['stdout', 'is where the output of the task goes'],
  ])('is refused for the container path %j', (containerPath, why) => {
    const agent = new OperationHarness().withVolume();
    agent.frame(runTasks([taskInfo('t1', { resources: [volume(64, 'v', containerPath)] })]));
    expect(agent.launches).toEqual([]);
    const [status] = agent.drain();
    expect(status).toMatchObject({ state: 'TASK_FAILED', reason: 'REASON_CONTAINER_LAUNCH_FAILED' });
    expect(status?.message).toContain(why);
  });

  test('is refused when one volume would lie in another', () => {
    const agent = new OperationHarness().withVolume();
    agent.frame(runTasks([taskInfo('t1', { resources: [volume(64), volume(36, 'w', 'data/./deeper')] })]));
    expect(agent.drain()[0]?.message).toContain("lie in one another, 'data' and 'data/deeper'");
  });
});
