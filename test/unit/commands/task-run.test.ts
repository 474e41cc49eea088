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
      send({ type: 'HEARTBEAT' });
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
  /** A task that ran, a connection that was lost, and what `onReconcile` answers then: the times it was asked, from 1. */
  async function lostAndFound(onReconcile: (times: number, tell: (more: Partial<mesos.TaskStatus>) => void) => void) {
    let taskId: mesos.TaskID = { value: '' };
    let times = 0;
    const { master, cut } = await scripted((call, send) => {
      const tell = (more: Partial<mesos.TaskStatus>) => {
        const status: mesos.TaskStatus = { task_id: taskId, agent_id: { value: 'S' }, state: 'TASK_FAILED', ...more };
        send({ type: 'UPDATE', update: { status } });
      };
      const task = launchedTask(call);
      if (task !== undefined) {
        taskId = task.task_id;
        tell({ state: 'TASK_RUNNING', uuid: UUID });
      }
      if (call.type === 'ACKNOWLEDGE' && call.acknowledge?.uuid[0] === 7) cut();
      if (call.type === 'RECONCILE') onReconcile(++times, tell);
    });
    return master;
  }
  const SECOND_HAND = { reason: 'REASON_RECONCILIATION', message: 'latest known state' } as const;
  const OWN_WORD = { message: 'Command exited with status 5', uuid: new Uint8Array(16).fill(8) };

  it('waits for the update of the agent when the master only knows the state', async () => {
    const master = await lostAndFound((_, tell) => {
      tell(SECOND_HAND);
      tell(OWN_WORD);
    });
    expect(await runOn(master).run).toMatchObject({ kind: 'ended', outcome: { exitStatus: 5 } });
    expect(master.types.at(-1)).toBe('TEARDOWN');
  });

  it('does so although the master was asked twice: the first heartbeat follows the subscription', async () => {
    const master = await lostAndFound((times, tell) => {
      tell(SECOND_HAND);
      if (times === 2) tell(OWN_WORD);
    });
    expect(await runOn(master).run).toMatchObject({ kind: 'ended', outcome: { exitStatus: 5 } });
    expect(master.types.filter((type) => type === 'RECONCILE')).toHaveLength(2);
  });

  it('makes do with the state when the agent says nothing in time', async () => {
    const master = await lostAndFound((_, tell) => tell(SECOND_HAND));
    expect(await runOn(master, { ownWordMs: 0 }).run).toMatchObject({
      kind: 'ended',
      outcome: { exitStatus: 125, problem: expect.stringContaining('latest known state') },
    });
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
