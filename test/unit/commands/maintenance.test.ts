/** `maintenance show`, `schedule`, `start`, `stop`: which machines, which windows are sent, what is asked and said. */
import { describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { isRejection } from '../../../src/base/rejection.js';
import { type ChangeMaintenanceOptions, changeMaintenance } from '../../../src/cli/maintenance/change-maintenance.js';
import { parseMoment } from '../../../src/cli/maintenance/moment.js';
import { scheduleChange } from '../../../src/cli/maintenance/run-maintenance.js';
import { printMaintenance } from '../../../src/cli/maintenance/show-maintenance.js';
import type * as allocator from '../../../src/wire/gen/allocator.js';
import type * as maintenance from '../../../src/wire/gen/maintenance.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { schemaErrors } from '../../harness/schemas.js';
import { agentOf, FakeCluster, frameworkOf, PREFIX } from './support/fake-cluster.js';
import { FakeConsole, type FakeConsoleOptions } from './support/fake-console.js';

const NOW = Date.UTC(2026, 10, 28, 12, 0, 0);
const SECOND = 1_000_000_000;
const M1 = { hostname: 'node-1', ip: '10.0.0.1' };
const M2 = { hostname: 'node-2', ip: '10.0.0.2' };
const M3 = { hostname: 'node-3', ip: '10.0.0.3' };

const window = (hours: number, ...machine_ids: mesos.MachineID[]): maintenance.Window => ({
  machine_ids,
  unavailability: {
    start: { nanoseconds: BigInt(NOW + hours * 3_600_000) * 1_000_000n },
    duration: { nanoseconds: 7200 * SECOND },
  },
});
const asked = (status: 'ACCEPT' | 'DECLINE'): allocator.InverseOfferStatus => ({
  status,
  framework_id: { value: `${PREFIX}-0001` },
  timestamp: { nanoseconds: BigInt(NOW - 180_000) * 1_000_000n },
});

interface World extends FakeConsoleOptions {
  readonly windows?: readonly maintenance.Window[];
  readonly down?: readonly mesos.MachineID[];
  readonly statuses?: readonly allocator.InverseOfferStatus[];
}

function setUp({ windows = [], down = [], statuses = [], ...options }: World = {}) {
  const agents = [M1, M2, M3].map((machine, i) =>
    agentOf(i + 1, { ...machine, usage: { agent_id: { value: `${PREFIX}-S${i + 1}` }, tasks: i } }),
  );
  const cluster = new FakeCluster({
    agents: agents.filter(({ hostname }) => !down.some((machine) => machine.hostname === hostname)),
    frameworks: [frameworkOf(1, { name: 'shop' })],
  });
  const draining_machines = windows
    .flatMap(({ machine_ids = [] }) => machine_ids)
    .filter((id) => !down.includes(id))
    .map((id) => ({ id, statuses: [...statuses] }));
  cluster.answers = {
    GET_MAINTENANCE_SCHEDULE: {
      type: 'GET_MAINTENANCE_SCHEDULE',
      get_maintenance_schedule: { schedule: { windows: [...windows] } },
    },
    GET_MAINTENANCE_STATUS: {
      type: 'GET_MAINTENANCE_STATUS',
      get_maintenance_status: { status: { draining_machines, down_machines: [...down] } },
    },
  };
  const console = new FakeConsole(options);
  const session = { client: cluster, console, timeoutMs: 300, nowMs: () => NOW };
  const change = (references: readonly string[], more: Partial<ChangeMaintenanceOptions>) =>
    changeMaintenance(
      {
        references,
        change: { kind: 'clear' },
        all: false,
        yes: false,
        noInput: false,
        dryRun: false,
        json: false,
        ...more,
      },
      session,
    );
  const sent = () =>
    [...cluster.calls, ...cluster.checks].map(
      ({ update_maintenance_schedule: update }) => update?.schedule.windows ?? [],
    );
  return { cluster, console, session, change, sent };
}

const SCHEDULE = { kind: 'schedule', startMs: NOW + 3_600_000, durationMs: 7_200_000 } as const;

describe('maintenance show', () => {
  it('tells windows by their start, with machines, agents and answers', async () => {
    const windows = [window(20, M3), window(-1, M1, M2)];
    const { console, session } = setUp({ windows, down: [M2], statuses: [asked('DECLINE')] });
    await printMaintenance('table', session);
    const lines = console.stdout.split('\n');
    expect(lines[0]).toMatch(/^From 2026-11-28 .* \(began 1h ago\) for 2hrs$/);
    expect(lines.slice(1, 4)).toEqual([
      '  MACHINE  IP        STATE     AGENT  TASKS  ANSWERS',
      '  node-1   10.0.0.1  DRAINING  S1         0  shop declines (3m ago)',
      '  node-2   10.0.0.2  DOWN      -          -  -',
    ]);
    expect(lines[5]).toMatch(/^From .* \(in 20h\) for 2hrs$/);
  });

  it('is JSON by its schema, and says when nothing is scheduled', async () => {
    const some = setUp({ windows: [window(1, M1)], statuses: [asked('ACCEPT')] });
    await printMaintenance('json', some.session);
    const record = JSON.parse(some.console.stdout);
    expect(schemaErrors('maintenance-show', record)).toEqual([]);
    expect(record.windows).toMatchObject([
      {
        start: '2026-11-28T13:00:00.000Z',
        end: '2026-11-28T15:00:00.000Z',
        machines: [{ ...M1, mode: 'DRAINING', answers: [{ framework_name: 'shop', status: 'ACCEPT' }] }],
      },
    ]);
    const none = setUp();
    await printMaintenance('json', none.session);
    expect(JSON.parse(none.console.stdout)).toEqual({ windows: [] });
    expect(none.console.stderr).toBe('No maintenance is scheduled.\n');
  });
});

describe('maintenance schedule', () => {
  it('adds a window and keeps the others', async () => {
    const { console, change, sent } = setUp({ windows: [window(20, M3)] });
    expect(await change(['node-1', 'S2'], { change: SCHEDULE })).toBe(0);
    expect(sent()).toEqual([[window(20, M3), window(1, M1, M2)]]);
    expect(console.stdout).toMatch(/^Scheduled node-1 \(10\.0\.0\.1\): from .* \(in 1h\) for 2hrs\nScheduled node-2 /);
  });

  it('moves machines out of their window, into one of the same time', async () => {
    const { console, change, sent } = setUp({ windows: [window(20, M1, M2), window(1, M3)] });
    await change(['10.0.0.1'], { change: SCHEDULE });
    expect(sent()).toEqual([[window(20, M2), window(1, M3, M1)]]);
    expect(console.stdout).toMatch(/^Scheduled node-1 \(10\.0\.0\.1\) anew: /);
  });

  it('clears some machines, or all', async () => {
    const some = setUp({ windows: [window(20, M1, M2), window(1, M3)] });
    await some.change(['NODE-3', '10.0.0.1'], {});
    expect(some.sent()).toEqual([[window(20, M2)]]);
    const all = setUp({ windows: [window(20, M1, M2), window(1, M3)] });
    await all.change([], { all: true });
    expect(all.sent()).toEqual([[]]);
    expect(all.console.stdout.split('\n')).toHaveLength(4);
  });

  it('in a dry run the master judges it', async () => {
    const { cluster, console, change } = setUp();
    await change(['node-1'], { change: SCHEDULE, dryRun: true });
    expect(cluster.calls).toEqual([]);
    expect(cluster.checks).toMatchObject([{ type: 'UPDATE_MAINTENANCE_SCHEDULE' }]);
    expect(console.stdout).toMatch(/^would schedule node-1 /);
  });

  it('says that an agent drains besides', async () => {
    const { console, change } = setUp();
    const agents = [agentOf(1, { ...M1, state: 'DRAINING' })];
    const session = {
      ...setUp().session,
      client: Object.assign(new FakeCluster({ agents }), { answers: setUp().cluster.answers }),
    };
    const options = { references: ['node-1'], change: SCHEDULE, all: false, yes: false, noInput: false };
    await changeMaintenance({ ...options, dryRun: false, json: false }, { ...session, console });
    expect(console.stderr).toContain('node-1 is DRAINING besides');
    expect(await change(['node-1'], { change: SCHEDULE })).toBe(0);
  });

  it.each<[string[], string]>([
    [['node-9'], 'NOT_FOUND'],
    [['127.0.0.9'], 'NOT_FOUND'],
    [['node-1', 'S'], 'AMBIGUOUS'],
  ])('of %j is nothing', async (references, code) => {
    const { cluster, change } = setUp();
    await expect(change(references, { change: SCHEDULE })).rejects.toMatchObject({ code });
    expect(cluster.calls).toEqual([]);
  });

  it('an ip that several machines have must be made plain', async () => {
    const twin = { hostname: 'node-4', ip: M1.ip };
    const { change } = setUp({ windows: [window(1, M1, twin)] });
    await expect(change(['10.0.0.1'], {})).rejects.toMatchObject({ code: 'AMBIGUOUS' });
  });
});

describe('maintenance start and stop', () => {
  it('start asks with what is lost', async () => {
    const { cluster, console, change } = setUp({ windows: [window(1, M2, M3)], canAsk: true, answers: ['y'] });
    expect(await change(['node-2', 'S3'], { change: { kind: 'start' } })).toBe(0);
    expect(console.stderr).toContain('  node-2 (10.0.0.2): 1 task is lost, its agent is shut down\n');
    expect(console.stderr).toContain('Take 2 machines down on prod? [y/N] ');
    expect(cluster.calls).toEqual([{ type: 'START_MAINTENANCE', start_maintenance: { machines: [M2, M3] } }]);
    expect(console.stdout).toBe(
      'Took node-2 (10.0.0.2) down: 1 task is lost\nTook node-3 (10.0.0.3) down: 2 tasks are lost\n',
    );
  });

  it('start does nothing without an answer, or when it is no', async () => {
    const { cluster, change } = setUp({ windows: [window(1, M1)], canAsk: true, answers: ['n'] });
    expect(await change(['node-1'], { change: { kind: 'start' } })).toBe(1);
    await expect(change(['node-1'], { change: { kind: 'start' }, noInput: true })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    expect(cluster.calls).toEqual([]);
  });

  it('stop finds machines whose agents are away', async () => {
    const { cluster, console, change } = setUp({ windows: [window(1, M1)], down: [M1] });
    expect(await change(['node-1'], { change: { kind: 'stop' }, json: true })).toBe(0);
    expect(cluster.calls).toEqual([{ type: 'STOP_MAINTENANCE', stop_maintenance: { machines: [M1] } }]);
    const record = JSON.parse(console.stdout);
    expect(schemaErrors('maintenance-change', record)).toEqual([]);
    expect(record).toMatchObject({ change: 'stop', machines: [M1], start: null });
  });

  it.each<['start' | 'stop' | 'clear', World, string]>([
    ['start', {}, 'mesoctl maintenance schedule node-1 --start now'],
    ['start', { windows: [window(1, M1)], down: [M1] }, 'mesoctl maintenance stop node-1'],
    ['stop', {}, 'mesoctl agent list'],
    ['stop', { windows: [window(1, M1)] }, 'mesoctl maintenance schedule node-1 --clear'],
    ['clear', {}, 'mesoctl agent list'],
    ['clear', { windows: [window(1, M1)], down: [M1] }, 'mesoctl maintenance stop node-1'],
  ])('%s in the wrong state %# says what to do instead', async (kind, world, suggestion) => {
    const { cluster, change } = setUp(world);
    await expect(change(['node-1'], { change: { kind } })).rejects.toMatchObject({
      code: 'REFUSED',
      suggestions: [suggestion, 'mesoctl maintenance show'],
    });
    expect(cluster.calls).toEqual([]);
  });

  it('that the master refuses, or whose answer is lost, says so', async () => {
    const { cluster, change } = setUp({ windows: [window(1, M1)] });
    cluster.judge = () => Promise.reject(new MesoError('BAD_INPUT', 'm2:5050 refused START_MAINTENANCE: no'));
    await expect(change(['node-1'], { change: { kind: 'start' }, yes: true })).rejects.toMatchObject({
      code: 'REFUSED',
      suggestions: ['mesoctl maintenance show'],
    });
    cluster.judge = () => Promise.reject(new MesoError('OUTCOME_UNKNOWN', 'lost'));
    await expect(change(['node-1'], { change: { kind: 'start' }, yes: true })).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    });
  });
});

describe('times', () => {
  const local = (...fields: [number, number, number, number, number, number?]) => new Date(...fields).getTime();
  const noon = local(2026, 10, 28, 12, 0);

  it.each<[string, number]>([
    ['now', noon],
    ['in 2h', noon + 7_200_000],
    ['90mins', noon + 5_400_000],
    ['14:30', local(2026, 10, 28, 14, 30)],
    ['11:59', local(2026, 10, 29, 11, 59)],
    ['today 11:59', local(2026, 10, 28, 11, 59)],
    ['tomorrow 02:00', local(2026, 10, 29, 2, 0)],
    ['sat 13:00', local(2026, 10, 28, 13, 0)],
    ['sat 11:00', local(2026, 11, 5, 11, 0)],
    ['Monday 02:00:05', local(2026, 10, 30, 2, 0, 5)],
    ['2026-12-01', local(2026, 11, 1, 0, 0)],
    ['2026-12-01 14:00', local(2026, 11, 1, 14, 0)],
    ['2026-12-01T14:00:00Z', Date.UTC(2026, 11, 1, 14)],
    ['2026-12-01 14:00 +01:30', Date.UTC(2026, 11, 1, 12, 30)],
  ])('%s', (text, expected) => {
    expect(parseMoment(text, noon)).toBe(expected);
  });

  it.each(['', 'soon', '25:00', '12:60', '2026-02-30', '2026-13-01', '2026-12-01 24:00', 'someday 14:00', 'in 2'])(
    '"%s" is none',
    (text) => {
      expect(isRejection(parseMoment(text, noon))).toBe(true);
    },
  );

  it('make a window that is not over', () => {
    expect(scheduleChange({ start: 'in 1h', duration: '2hrs', clear: false }, noon)).toEqual({
      kind: 'schedule',
      startMs: noon + 3_600_000,
      durationMs: 7_200_000,
    });
    expect(scheduleChange({ clear: true }, noon)).toEqual({ kind: 'clear' });
    for (const flags of [
      { clear: false },
      { clear: true, start: 'now' },
      { start: '2020-01-01', duration: '1h', clear: false },
      { start: 'whenever', clear: false },
      { start: 'now', duration: 'long', clear: false },
    ])
      expect(() => scheduleChange(flags, noon)).toThrow(MesoError);
  });
});
