/** `task kill` against a master of a few lines: what is killed, what is asked about, what is left alone. */
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import type { Session } from '../../../src/cli/cluster/session.js';
import { expandReferences, type Reference } from '../../../src/cli/references.js';
import { type KillOptions, killTasks } from '../../../src/cli/task/kill-tasks.js';
import { OperatorClient } from '../../../src/client/operator-client.js';
import { encodeProtobuf } from '../../../src/wire/codec.js';
import * as api from '../../../src/wire/gen/mesoctl-api.js';
import { encodeRecord } from '../../../src/wire/recordio.js';
import { FakeMaster, openStream } from '../client/fake-master.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function task(id: string, more: Partial<api.Task> = {}): api.Task {
  return { framework_id: { value: 'f1' }, task_id: { value: id }, state: 'TASK_RUNNING', name: 'any', ...more };
}

/** Finds by the whole id, else by a beginning; ends what it is told to kill. `refuse`: KILL_TASK gets 409 for these. `endsBefore`: they end by themselves just before the order comes. */
async function clusterOf(
  tasks: readonly api.Task[],
  options: { readonly refuse?: readonly string[]; readonly endsBefore?: readonly string[] } = {},
) {
  const books = new Map(tasks.map((one) => [one.task_id.value, one]));
  const killed: string[] = [];
  let tell: (event: api.Event) => void = () => undefined;
  const find = (reference: string): api.Task[] => {
    const whole = books.get(reference);
    return whole === undefined
      ? [...books.values()].filter(({ task_id }) => task_id.value.startsWith(reference))
      : [whole];
  };
  const master = await FakeMaster.start(({ call: seen }, response) => {
    const call = seen as unknown as api.Call;
    const answer = (body: Omit<api.Response, 'type'>) =>
      response
        .writeHead(200, { 'Content-Type': 'application/x-protobuf' })
        .end(encodeProtobuf(api.Response, { type: call.type, ...body }));
    if (call.type === 'FIND') {
      const found = find(call.find?.reference ?? '');
      answer({ find: { total: found.length, matches: found.map((one) => ({ task: one })) } });
    } else if (call.type === 'KILL_TASK') {
      const id = call.kill_task?.task_id.value ?? '';
      const hasEnded = options.endsBefore?.includes(id) === true;
      if (hasEnded) books.set(id, task(id, { state: 'TASK_FINISHED' }));
      if (hasEnded || options.refuse?.includes(id)) {
        response.writeHead(409).end(`task ${id} cannot be killed`);
        return;
      }
      killed.push(id);
      const over: api.Task = { ...task(id), state: 'TASK_KILLED' };
      answer({ kill_task: { task: task(id) } });
      tell({ type: 'TASKS_UPDATED', time: 1, tasks_updated: [over] });
    } else if (call.type === 'SUBSCRIBE') {
      openStream(response);
      tell = (event) => void response.write(encodeRecord(encodeProtobuf(api.Event, event)));
      const master_info = { id: 'm', ip: 0, port: 1 };
      const info = { cluster_id: 'c', term: 1n, master_info, api_version: 2 };
      tell({ type: 'SUBSCRIBED', time: 1, subscribed: { info, heartbeat_interval_seconds: 60 } });
      tell({ type: 'SNAPSHOT', time: 1, snapshot: { tasks: [...books.values()] } });
      tell({ type: 'SNAPSHOT_END', time: 1 });
      if (call.subscribe?.snapshot_only === true) response.end();
    } else {
      answer({ info: { cluster_id: 'c', term: 1n, master_info: { id: 'm', ip: 0, port: 1 }, api_version: 2 } });
    }
  });
  closers.push(() => master.close());
  const client = new OperatorClient({ masters: master.address });
  closers.push(() => client.close());
  return { killed, client, books };
}

function kill(client: OperatorClient, options: Partial<KillOptions>) {
  const printed: string[] = [];
  const session: Session = {
    client,
    timeoutMs: 20_000,
    nowMs: () => 1_000,
    console: {
      columns: undefined,
      rows: 24,
      color: false,
      canAsk: false,
      isLively: false,
      canRepaint: false,
      print: async (data) => void printed.push(String(data)),
      say: () => undefined,
      hint: () => undefined,
      writeTalk: () => undefined,
      readLine: async () => undefined,
    },
  };
  const all: KillOptions = {
    references: [],
    filter: undefined,
    framework: undefined,
    yes: false,
    noInput: false,
    dryRun: false,
    wait: true,
    json: false,
    ...options,
  };
  return { printed, done: killTasks(all, session) };
}

const typed = (...texts: string[]): Reference[] => texts.map((text) => ({ text, isWhole: false }));
const read = (...texts: string[]): Reference[] => texts.map((text) => ({ text, isWhole: true }));

describe('task kill', () => {
  it('kills what is named by its id, its last part or its name, without a question', async () => {
    for (const [reference, target] of [
      ['web.1', task('web.1')],
      ['7f3a', task('web.7f3a')],
      ['server', task('x9', { name: 'server' })],
    ] as const) {
      const { client, killed, books } = await clusterOf([target]);
      books.set(reference, target);
      expect(await kill(client, { references: typed(reference) }).done).toBe(0);
      expect(killed).toEqual([target.task_id.value]);
    }
  });

  it('takes no other task for one that is gone: web.1 is no more, web.10 lives', async () => {
    const { client, killed } = await clusterOf([task('web.10')]);
    await expect(kill(client, { references: typed('web.1') }).done).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('"web.1" is only a part of web.10'),
    });
    expect(killed).toEqual([]);
    expect(await kill(client, { references: typed('web.1'), yes: true }).done).toBe(0);
    expect(killed).toEqual(['web.10']);
  });

  it('takes ids that a program wrote for whole ones, --yes or not', async () => {
    const { client, killed } = await clusterOf([task('web.10'), task('web.2')]);
    await expect(kill(client, { references: read('web.1', 'web.2'), yes: true }).done).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(killed).toEqual([]);
  });

  it.each(['framework=', 'state=RUNNING name==', '!', '""', '!state='])(
    'kills nothing by a filter of which a part is missing: %s',
    async (filter) => {
      const { client, killed } = await clusterOf([task('a'), task('b')]);
      await expect(kill(client, { filter, yes: true }).done).rejects.toMatchObject({ code: 'BAD_INPUT' });
      expect(killed).toEqual([]);
    },
  );

  it('takes a task that ended meanwhile for what was wanted', async () => {
    const { client, killed } = await clusterOf([task('a'), task('b')], { endsBefore: ['b'] });
    const { done, printed } = kill(client, { references: typed('a', 'b'), yes: true, wait: false });
    expect(await done).toBe(0);
    expect(killed).toEqual(['a']);
    expect(printed.join('')).toContain('a is told to end');
  });

  it('waits for the others when one is refused, and says then why', async () => {
    const { client, killed } = await clusterOf([task('a'), task('away'), task('c')], { refuse: ['away'] });
    const { done, printed } = kill(client, { references: typed('a', 'away', 'c'), yes: true });
    const failure = await done.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MesoError);
    expect(failure).toMatchObject({ code: 'REFUSED', message: expect.stringContaining('away') });
    expect(killed).toEqual(['a', 'c']);
    expect(printed).toEqual(['a ended: KILLED\n', 'c ended: KILLED\n']);
  });
});

describe('ids from stdin', () => {
  it('are one a line, for an id may hold blanks', async () => {
    const lines = Readable.from(['web 1\r\n\n', '  web.2  \nweb', '.3']);
    expect(await expandReferences(['x', '-', 'x'], lines)).toEqual([
      { text: 'x', isWhole: false },
      ...read('web 1', 'web.2', 'web.3'),
    ]);
  });
});
