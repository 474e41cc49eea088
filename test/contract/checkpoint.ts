/** What every checkpoint store must do; run against each implementation by checkpoint.test.ts. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CheckpointStore } from '../../src/daemon/agent/checkpoint/checkpoint-store.js';
import type { CheckpointState } from '../../src/daemon/agent/core/protocol.js';
import type * as checkpoint from '../../src/wire/gen/mesoctl-checkpoint.js';
import type * as mesos from '../../src/wire/gen/mesos.js';

export interface StoreFactory {
  /** A store on the content of the last one of this factory. */
  open(): CheckpointStore;
  dispose(): void;
}

const EMPTY: CheckpointState = {
  agent: undefined,
  frameworks: [],
  tasks: [],
  updates: [],
  containers: [],
  resources: [],
  operations: [],
};

export function task(
  frameworkId: string,
  taskId: string,
  state: checkpoint.Task['state'] = 'TASK_STARTING',
): checkpoint.Task {
  return {
    framework_id: { value: frameworkId },
    task_info: { name: taskId, task_id: { value: taskId }, agent_id: { value: 'a' } },
    container_id: { value: `c-${taskId}` },
    state,
    launched_at_ms: 1_700_000_000_123,
  };
}

export function update(frameworkId: string, taskId: string, position: number): checkpoint.PendingUpdate {
  return {
    framework_id: { value: frameworkId },
    position,
    status: { task_id: { value: taskId }, state: 'TASK_RUNNING', uuid: new Uint8Array([position % 256, 1, 2]) },
  };
}

const CONTAINER: checkpoint.Container = {
  container_id: { value: 'c1' },
  supervisor_pid: 17,
  supervisor_start_ticks: 123_456_789,
  boot_id: 'b',
  runtime_dir: '/r',
  sandbox_dir: '/s',
};

export function checkpointContract(createFactory: () => StoreFactory): void {
  let factory: StoreFactory;
  let store: CheckpointStore;
  const reopened = async (): Promise<CheckpointState> => {
    await store.close();
    store = factory.open();
    return store.load();
  };

  beforeEach(async () => {
    factory = createFactory();
    store = factory.open();
    expect(await store.load()).toEqual(EMPTY);
  });
  afterEach(async () => {
    await store.close();
    factory.dispose();
  });

  test('what was committed is there after a restart', async () => {
    const agent: checkpoint.Agent = {
      agent_info: { hostname: 'h', id: { value: 'a' } },
      highest_term: 9,
      boot_id: 'b',
    };
    const framework: checkpoint.Framework = { framework_info: { user: 'u', name: 'n', id: { value: 'f' } } };
    await store.commit(
      [
        { kind: 'put-agent', agent },
        { kind: 'put-framework', framework },
        { kind: 'put-task', task: task('f', 't') },
        { kind: 'put-update', update: update('f', 't', 0) },
        { kind: 'put-container', container: CONTAINER },
      ],
      'machine',
    );
    expect(await reopened()).toEqual({
      agent,
      frameworks: [framework],
      tasks: [task('f', 't')],
      updates: [update('f', 't', 0)],
      containers: [CONTAINER],
      resources: [],
      operations: [],
    });
  });

  test('operations, reservations and volumes are there after a restart', async () => {
    const volume: mesos.Resource = {
      name: 'disk',
      type: 'SCALAR',
      scalar: { value: 64 },
      reservations: [{ type: 'DYNAMIC', role: 'eng', principal: 'p' }],
      disk: { persistence: { id: 'v' }, volume: { container_path: 'data', mode: 'RW' } },
    };
    const operation = (n: number, state: mesos.OperationState): checkpoint.Operation => ({
      framework_id: { value: 'f' },
      uuid: new Uint8Array(16).fill(n),
      info: { type: 'CREATE', create: { volumes: [volume] } },
      status: { state },
    });
    await store.commit(
      [
        { kind: 'put-resources', resources: [{ ...volume, scalar: { value: 32 } }] },
        { kind: 'put-operation', operation: operation(1, 'OPERATION_PENDING') },
        { kind: 'put-operation', operation: operation(2, 'OPERATION_PENDING') },
      ],
      'machine',
    );
    await store.commit(
      [
        { kind: 'put-resources', resources: [volume] },
        { kind: 'put-operation', operation: operation(1, 'OPERATION_FINISHED') },
        { kind: 'remove-operation', uuid: new Uint8Array(16).fill(2) },
        { kind: 'remove-operation', uuid: new Uint8Array(16).fill(3) },
      ],
      'machine',
    );
    const state = await reopened();
    expect(state.resources).toEqual([volume]);
    expect(state.operations).toEqual([operation(1, 'OPERATION_FINISHED')]);
    await store.commit([{ kind: 'clear' }], 'machine');
    expect(await reopened()).toEqual({ ...EMPTY, resources: [volume] });
    await store.commit([{ kind: 'put-resources', resources: [] }], 'machine');
    expect(await reopened()).toEqual(EMPTY);
  });

  test('commits that need not survive a power failure survive a restart all the same', async () => {
    await store.commit([{ kind: 'put-task', task: task('f', 't') }], 'process');
    expect((await reopened()).tasks).toHaveLength(1);
  });

  test('a later put replaces, a removal removes, of what is absent too', async () => {
    await store.commit([{ kind: 'put-task', task: task('f', 't') }], 'machine');
    await store.commit([{ kind: 'put-task', task: task('f', 't', 'TASK_RUNNING') }], 'machine');
    expect((await reopened()).tasks).toEqual([task('f', 't', 'TASK_RUNNING')]);
    await store.commit(
      [
        { kind: 'remove-task', frameworkId: 'f', taskId: 't' },
        { kind: 'remove-container', containerId: 'nobody' },
        { kind: 'remove-framework', frameworkId: 'nobody' },
        { kind: 'remove-update', frameworkId: 'f', taskId: 't', position: 3 },
      ],
      'process',
    );
    expect(await reopened()).toEqual(EMPTY);
  });

  test('updates come in order of their positions, and go with their task only', async () => {
    const positions = [10, 2, 1, 300, 20];
    await store.commit(
      positions.map((position) => ({ kind: 'put-update', update: update('f', 't', position) }) as const),
      'machine',
    );
    await store.commit([{ kind: 'put-update', update: update('f', 'other', 5) }], 'machine');
    await store.commit([{ kind: 'remove-update', frameworkId: 'f', taskId: 't', position: 20 }], 'machine');
    const seen = (await reopened()).updates.map((row) => [row.status.task_id.value, Number(row.position)]);
    expect(seen.filter(([taskId]) => taskId === 't')).toEqual([1, 2, 10, 300].map((position) => ['t', position]));
    await store.commit([{ kind: 'remove-task', frameworkId: 'f', taskId: 't' }], 'machine');
    expect((await reopened()).updates).toEqual([update('f', 'other', 5)]);
  });

  test('changes of one commit apply in their order', async () => {
    await store.commit(
      [
        { kind: 'put-update', update: update('f', 't', 1) },
        { kind: 'remove-task', frameworkId: 'f', taskId: 't' },
        { kind: 'put-update', update: update('f', 't', 2) },
      ],
      'machine',
    );
    expect((await reopened()).updates).toEqual([update('f', 't', 2)]);
  });

  test('clear forgets everything but reservations and volumes', async () => {
    await store.commit(
      [
        { kind: 'put-task', task: task('f', 't') },
        { kind: 'put-container', container: CONTAINER },
      ],
      'machine',
    );
    await store.commit([{ kind: 'clear' }, { kind: 'put-update', update: update('f', 't', 1) }], 'machine');
    expect(await reopened()).toEqual({ ...EMPTY, updates: [update('f', 't', 1)] });
  });

  test('concurrent commits resolve in the order of their calls, and none is lost', async () => {
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        store
          .commit([{ kind: 'put-task', task: task('f', `t${i}`) }], i % 3 === 0 ? 'process' : 'machine')
          .then(() => order.push(i)),
      ),
    );
    expect(order).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect((await reopened()).tasks).toHaveLength(200);
  });

  test('what is not text of the usual kind is kept', async () => {
    const odd = 'ü ☃ \u{1F600} %00 " \' ; --';
    await store.commit([{ kind: 'put-task', task: task(odd, odd) }], 'machine');
    expect((await reopened()).tasks).toEqual([task(odd, odd)]);
  });

  test('a closed store takes nothing', async () => {
    await store.close();
    await expect(store.commit([{ kind: 'clear' }], 'machine')).rejects.toThrow('closed');
  });
}
