/** The framework of `task launch` against a master that misbehaves on purpose. */
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { parseTaskRequest } from '../../../src/cli/task/task-request.js';
import { TaskRun, type TaskRunOptions } from '../../../src/cli/task/task-run.js';
import { encodeProtobuf } from '../../../src/wire/codec.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import * as scheduler from '../../../src/wire/gen/scheduler.js';
import { encodeRecord } from '../../../src/wire/recordio.js';
import { FakeMaster, openStream } from '../client/fake-master.js';

const masters: FakeMaster[] = [];
afterEach(async () => {
  for (const master of masters.splice(0)) await master.close();
});

/** Offers one agent, then lets the test speak. `onCall` sees every call but SUBSCRIBE and DECLINE. */
async function scripted(onCall: (call: scheduler.Call, send: (event: scheduler.Event) => void) => void) {
  let stream: ServerResponse | undefined;
  const send = (event: scheduler.Event) => void stream?.write(encodeRecord(encodeProtobuf(scheduler.Event, event)));
  const offer = () => {
    const resources: mesos.Resource[] = [
      { name: 'cpus', type: 'SCALAR', scalar: { value: 1 } },
      { name: 'mem', type: 'SCALAR', scalar: { value: 1024 } },
    ];
    send({
      type: 'OFFERS',
      offers: {
        offers: [
          { id: { value: 'O' }, framework_id: { value: 'fw' }, agent_id: { value: 'S' }, hostname: 'h', resources },
        ],
      },
    });
  };
  const master = await FakeMaster.start(({ call }, response) => {
    if (call.type === 'SUBSCRIBE') {
      stream = response;
      openStream(response);
      send({ type: 'SUBSCRIBED', subscribed: { framework_id: { value: 'fw' }, heartbeat_interval_seconds: 15 } });
      if ((call as scheduler.Call).framework_id === undefined) offer();
      return;
    }
    response.writeHead(202).end();
    if (call.type === 'REVIVE') offer();
    onCall(call, send);
  });
  masters.push(master);
  return { master, send, cut: () => master.cutConnections() };
}

function runOn(master: FakeMaster, options: Partial<TaskRunOptions> = {}) {
  const said: string[] = [];
  const request = parseTaskRequest(
    { words: ['sleep', '1'], cpus: '0.1', mem: '32', disk: '0', env: [], role: '*' },
    { userName: 'me', env: {} },
  );
  const never = new AbortController().signal;
  const run = new TaskRun({
    masters: [{ host: '127.0.0.1', port: master.port }],
    request,
    detach: false,
    fitTimeoutMs: 60_000,
    write: () => Promise.resolve(),
    say: (line) => said.push(line),
    debug: () => undefined,
    interrupt: never,
    leave: never,
    ...options,
  }).run();
  return { run, said };
}

function launchedTask(call: scheduler.Call): mesos.TaskInfo | undefined {
  return call.accept?.operations?.[0]?.launch?.task_infos?.[0];
}

const UUID = new Uint8Array(16).fill(7);

describe('TaskRun', () => {
  it('waits for the update of the agent when the master only knows the state', async () => {
    let taskId: mesos.TaskID = { value: '' };
    const status = (more: Partial<mesos.TaskStatus>): scheduler.Event => ({
      type: 'UPDATE',
      update: { status: { task_id: taskId, agent_id: { value: 'S' }, state: 'TASK_FAILED', ...more } },
    });
    const { master, cut } = await scripted((call, send) => {
      const task = launchedTask(call);
      if (task !== undefined) {
        taskId = task.task_id;
        send(status({ state: 'TASK_RUNNING', uuid: UUID }));
      }
      if (call.type === 'ACKNOWLEDGE' && call.acknowledge?.uuid[0] === 7) cut();
      if (call.type !== 'RECONCILE') return;
      send(status({ reason: 'REASON_RECONCILIATION', message: 'latest known state' }));
      send(status({ message: 'Command exited with status 5', uuid: new Uint8Array(16).fill(8) }));
    });
    const { run } = runOn(master);
    expect(await run).toMatchObject({ kind: 'ended', outcome: { exitStatus: 5 } });
    expect(master.types.at(-1)).toBe('TEARDOWN');
  });

  it('launches again what was dropped, with a new id, and gives up in the end', async () => {
    const ids = new Set<string>();
    const { master } = await scripted((call, send) => {
      const task = launchedTask(call);
      if (task === undefined) return;
      ids.add(task.task_id.value);
      const status: mesos.TaskStatus = { task_id: task.task_id, state: 'TASK_DROPPED', message: 'offer is gone' };
      send({ type: 'UPDATE', update: { status } });
    });
    expect(await runOn(master).run).toMatchObject({
      kind: 'ended',
      outcome: { exitStatus: 125, problem: expect.stringContaining('offer is gone') },
    });
    expect(ids.size).toBe(5);
    expect(master.types.at(-1)).toBe('TEARDOWN');
  });

  it('tears down without launching when it is interrupted in time', async () => {
    const { master } = await scripted(() => undefined);
    const abort = new AbortController();
    abort.abort({ signal: 2 });
    expect(await runOn(master, { interrupt: abort.signal }).run).toEqual({ kind: 'left', place: undefined });
    expect(master.types).toEqual([]);
  });

  it('gives up when nothing fits in time, saying what was asked', async () => {
    const { master } = await scripted(() => undefined);
    const request = parseTaskRequest(
      { words: ['big'], cpus: '64', mem: '32', disk: '0', env: [], role: '*' },
      { userName: 'me', env: {} },
    );
    await expect(runOn(master, { request, fitTimeoutMs: 50 }).run).rejects.toMatchObject({
      code: 'NO_FIT',
      message: expect.stringContaining('cpus 64, mem 32M'),
    });
    expect(master.types).toContain('DECLINE');
    expect(master.types).not.toContain('ACCEPT');
    expect(master.types.at(-1)).toBe('TEARDOWN');
  });

  it('leaves the framework alone when it detaches', async () => {
    const { master } = await scripted((call, send) => {
      const task = launchedTask(call);
      if (task === undefined) return;
      const status: mesos.TaskStatus = {
        task_id: task.task_id,
        agent_id: { value: 'S' },
        state: 'TASK_RUNNING',
        uuid: UUID,
      };
      send({ type: 'UPDATE', update: { status } });
    });
    expect(await runOn(master, { detach: true }).run).toMatchObject({
      kind: 'detached',
      place: { frameworkId: 'fw', hostname: 'h' },
    });
    expect(master.types).toContain('ACKNOWLEDGE');
    expect(master.types).not.toContain('TEARDOWN');
    const subscribe = master.seen[0]?.call as scheduler.Call;
    expect(subscribe.subscribe?.framework_info.failover_timeout).toBeGreaterThan(86_400);
  });
});
