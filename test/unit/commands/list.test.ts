/** Lists: which columns at which width, what is cut, options, change lines. */
import { describe, expect, it } from 'vitest';
import { OFFERS, TASKS } from '../../../src/cli/cluster/nouns.js';
import { listOptionsOf } from '../../../src/cli/list/list-options.js';
import { ListTable } from '../../../src/cli/list/list-table.js';
import { printList } from '../../../src/cli/list/print-list.js';
import { contextOf, emptyText, footerOf } from '../../../src/cli/list/rows.js';
import { ChangeLines } from '../../../src/cli/list/watch-lines.js';
import { outputFormOf } from '../../../src/cli/output-form.js';
import { TASK_COLUMNS } from '../../../src/views/columns/task-columns.js';
import { createClusterModel } from '../../../src/views/model/cluster-model.js';
import type { TaskRow } from '../../../src/views/model/rows.js';
import { widthOf } from '../../../src/views/text/width.js';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import { agentOf, FakeCluster, type FakeThings, frameworkOf, INFO, PREFIX, taskOf } from './support/fake-cluster.js';
import { FakeConsole, type FakeConsoleOptions } from './support/fake-console.js';

const FLAGS = { json: false, 'no-header': false };
const NOW_MS = 1_100_000;

const THINGS: FakeThings = {
  agents: [agentOf(1), agentOf(2)],
  frameworks: [frameworkOf(1, { name: 'shop' })],
  tasks: [
    taskOf('web.7f3a'),
    taskOf('web.11d0', { state: 'TASK_FAILED', place: 'COMPLETED', message: 'Command exited with status 3' }),
    taskOf('etl.44', { resources: { cpus: 4, mem_mb: 16_384 }, agent_id: { value: `${PREFIX}-S2` } }),
  ],
};

async function list(flags: object, console: FakeConsoleOptions = {}, things = THINGS) {
  const out = new FakeConsole(console);
  const session = { client: new FakeCluster(things), console: out, timeoutMs: 5000, nowMs: () => NOW_MS };
  await printList(TASKS, listOptionsOf({ ...FLAGS, ...flags }, 'tasks'), session);
  return out;
}

describe('list', () => {
  it('prints problems first, numbers to the right, - for nothing', async () => {
    const { stdout, stderr } = await list({});
    expect(stdout.split('\n')).toEqual([
      'TASK          FRAMEWORK  STATE         CPU     MEM  HOST      SINCE  WHY',
      'web.11d0      shop       FAILED        1.0    512M  node-1     100s  exit 3',
      'etl.44        shop       RUNNING       4.0     16G  node-2     100s  -',
      'web.7f3a      shop       RUNNING       1.0    512M  node-1     100s  -',
      '',
    ]);
    expect(stderr).toBe('');
  });

  it('sorts, filters, limits, chooses columns', async () => {
    expect((await list({ output: 'name', sort: '-mem' })).stdout.split('\n')[0]).toBe('etl.44');
    expect((await list({ output: 'name', filter: 'state=RUNNING host=node-1' })).stdout).toBe('web.7f3a\n');
    expect((await list({ output: 'name', limit: 1 })).stdout).toBe('web.11d0\n');
    expect((await list({ columns: 'task,why', 'no-header': true })).stdout.split('\n')[0]).toBe('web.11d0      exit 3');
  });

  it('is the same on a terminal but for colour, cutting, footer', async () => {
    const pipe = await list({});
    const terminal = await list({}, { columns: 80 });
    expect(terminal.stdout).toBe(pipe.stdout);
    const colored = await list({}, { columns: 80, color: true });
    expect(colored.stdout).toContain('\u001b[1;31mFAILED');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken away
    expect(colored.stdout.replaceAll(/\u001b\[[0-9;]*m/g, '').replaceAll(/ +$/gm, '')).toBe(pipe.stdout);
    const limited = await list({ limit: 1 }, { columns: 80 });
    expect(limited.stderr).toBe('1 of 3, problems first; --limit 0 for all\n');
    expect((await list({ limit: 1 })).stderr).toBe('');
  });

  it('is an empty array or nothing, and says so', async () => {
    const nothing = await list({ json: true }, {}, {});
    expect(JSON.parse(nothing.stdout)).toEqual([]);
    expect(nothing.stderr).toBe('No tasks.\n');
    expect((await list({}, {}, {})).stdout).toBe('');
    expect((await list({ output: 'yaml' }, {}, {})).stdout).toBe('[]\n');
    expect((await list({ filter: 'zzz' })).stderr).toBe('No task fits "zzz".\n');
  });

  it('gives whole ids and all fields to programs', async () => {
    const [task] = JSON.parse((await list({ json: true, filter: 'etl' })).stdout) as [Record<string, unknown>];
    expect(task).toMatchObject({
      id: 'etl.44',
      framework_id: `${PREFIX}-0001`,
      agent_id: `${PREFIX}-S2`,
      since: '1970-01-01T00:16:40.000Z',
      resources: { cpus: 4, gpus: 0, mem_mb: 16_384, disk_mb: 0 },
      limits: null,
    });
    expect((await list({ output: 'yaml', filter: 'etl' })).stdout).toContain('- id: etl.44\n');
  });
});

describe('options of lists', () => {
  it.each([
    [{ sort: 'size' }, '--sort: there is no column "size"'],
    [{ columns: 'task,size' }, '--columns: there is no column "size"'],
    [{ columns: 'task', json: true }, '--columns is of tables'],
    [{ json: true, output: 'yaml' }, '--json and -o yaml'],
  ])('%j is refused', (flags, message) => {
    expect(() => listOptionsOf({ ...FLAGS, ...flags } as Parameters<typeof listOptionsOf>[0], 'tasks')).toThrow(
      message,
    );
  });

  it('knows columns by key and heading, hidden ones for sorting', () => {
    expect(listOptionsOf({ ...FLAGS, columns: 'TASK,Host' }, 'tasks').columns.map(({ key }) => key)).toEqual([
      'task',
      'host',
    ]);
    expect(listOptionsOf({ ...FLAGS, sort: '-launched' }, 'tasks').order).toEqual({
      column: 'launched',
      descending: true,
    });
    expect(outputFormOf({ json: true, output: 'json' })).toBe('json');
  });

  it('a filter that cannot be understood is refused', async () => {
    await expect(list({ filter: 'stat=x' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('footers and empty texts name what was asked', () => {
    expect(footerOf(200, 98_311, { column: 'mem', descending: true })).toBe(
      '200 of 98,311, by mem, descending; --limit 0 for all',
    );
    expect(footerOf(3, 3, { column: 'problem', descending: false })).toBeUndefined();
    expect(emptyText(OFFERS, '')).toBe('No offers.');
  });
});

describe('tables', () => {
  const row = (id: string): TaskRow => ({
    key: id,
    severity: 'normal',
    note: '',
    task: taskOf(id),
    frameworkName: 'a-framework-with-a-long-name',
    hostname: 'host.of.some.length.example',
  });
  const rows = [row('service-checkout-production-with-a-very-long-name-7f3a'), row('x')];
  const options = { ...listOptionsOf(FLAGS, 'tasks') };
  const context = contextOf(TASKS, rows, options, 1100);
  const lines = (available: number | undefined) => {
    const columns = TASK_COLUMNS.filter(({ isWide }) => isWide !== true);
    const table = new ListTable(rows, context, { columns, available, color: false });
    return [table.header(), ...rows.map((one) => table.line(one, context))];
  };

  it.each([40, 60, 72, 80, 100, 132])('fit %d columns', (available) => {
    for (const line of lines(available)) expect(widthOf(line)).toBeLessThanOrEqual(available);
  });

  it('keep ids whole in their last part, states and numbers whole', () => {
    const [head, first] = lines(80);
    expect(head).toContain('STATE');
    expect(first).toMatch(/^service-\S*…\S*7f3a /);
    expect(first).toContain('RUNNING');
    expect(lines(40)[0]).not.toContain('MEM');
  });

  it('are not cut in a pipe', () => {
    const [, first] = lines(undefined);
    expect(first).toContain('service-checkout-production-with-a-very-long-name-7f3a');
    expect(first).toContain('a-framework-with-a-long-name');
    expect(first).not.toContain('…');
  });

  it('write ids of two masters apart', () => {
    const ids = [`${PREFIX}-O1`, '9d4b1c22-0000-4000-8000-000000001234-O1'];
    const offers = ids.map((id) => ({
      key: id,
      severity: 'normal' as const,
      note: '',
      offer: { offer_id: { value: id } } as api.Offer,
      frameworkName: '',
      hostname: '',
    }));
    const { shortId } = contextOf(OFFERS, offers, listOptionsOf(FLAGS, 'offers'), 0);
    expect(ids.map(shortId)).toEqual(['f0ca-O1', '1234-O1']);
  });
});

describe('change lines', () => {
  const snapshot: readonly api.Event[] = [
    { type: 'SUBSCRIBED', time: 1100, subscribed: { info: INFO, heartbeat_interval_seconds: 1 } },
    {
      type: 'SNAPSHOT',
      time: 1100,
      snapshot: { tasks: [taskOf('a'), taskOf('b', { state: 'TASK_STAGING', launched_at: 1090 })] },
    },
    { type: 'SNAPSHOT_END', time: 1100 },
  ];
  const play = (flags: object, events: readonly api.Event[]) => {
    const model = createClusterModel();
    const changes = new ChangeLines(
      TASKS,
      listOptionsOf({ ...FLAGS, ...flags }, 'tasks'),
      (value) => `${JSON.stringify(value)}\n`,
    );
    return events.flatMap((event) => {
      model.apply(event, event.time * 1000);
      model.tick(event.time * 1000);
      return changes.take(event, model, event.time);
    });
  };
  const changed = (...tasks: api.Task[]): api.Event => ({ type: 'TASKS_UPDATED', time: 1101, tasks_updated: tasks });

  it('begin with what there is, then tell what came, changed, went', () => {
    const gone = { framework_id: taskOf('a').framework_id, task_id: { value: 'a' } };
    const lines = play({}, [
      ...snapshot,
      changed(taskOf('b')),
      changed(taskOf('c')),
      { type: 'TASKS_REMOVED', time: 1101, tasks_removed: [gone] },
    ]);
    expect(lines[0]).toMatch(/^ {2}TASK /);
    expect(lines.slice(1).map((line) => line.split(/\s+/).slice(0, 2).join(' '))).toEqual([
      '+ a',
      '+ b',
      '~ b',
      '+ c',
      '- a',
    ]);
  });

  it('are silent about what the form does not show', () => {
    const lines = play({ columns: 'task,state' }, [...snapshot, changed(taskOf('a', { message: 'new' }))]);
    expect(lines).toHaveLength(3);
  });

  it('tell what comes into a filter and goes out of it', () => {
    const lines = play({ filter: 'state=STAGING', 'no-header': true, output: 'name' }, [
      ...snapshot,
      changed(taskOf('a', { state: 'TASK_STAGING' })),
      changed(taskOf('b')),
    ]);
    expect(lines).toEqual(['+ b', '+ a', '- b']);
  });

  it('tell what becomes a problem by time alone', () => {
    const lines = play({ columns: 'task,why', 'no-header': true, filter: 'task=b' }, [
      ...snapshot,
      { type: 'HEARTBEAT', time: 1120 },
      { type: 'HEARTBEAT', time: 1200 },
      { type: 'HEARTBEAT', time: 1201 },
    ]);
    expect(lines.map((line) => line.replaceAll(/ +/g, ' '))).toEqual(['+ b -', '~ b not started']);
  });

  it('add up over a new connection', () => {
    const again: readonly api.Event[] = [
      ...snapshot.slice(0, 1),
      { type: 'SNAPSHOT', time: 1200, snapshot: { tasks: [taskOf('b'), taskOf('d')] } },
      { type: 'SNAPSHOT_END', time: 1200 },
    ];
    expect(play({ output: 'name' }, [...snapshot, ...again])).toEqual(['+ a', '+ b', '- a', '+ d']);
  });

  it('are objects for programs', () => {
    const lines = play({ json: true }, [...snapshot, changed(taskOf('b'))]).map((line) => JSON.parse(line));
    expect(lines.map(({ change, task }) => [change, task.id, task.state])).toEqual([
      ['added', 'a', 'TASK_RUNNING'],
      ['added', 'b', 'TASK_STAGING'],
      ['changed', 'b', 'TASK_RUNNING'],
    ]);
    expect(play({ output: 'yaml' }, snapshot)[0]).toMatch(/^---\n\{"change":"added"/);
  });
});
