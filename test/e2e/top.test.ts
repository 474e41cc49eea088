import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestScheduler } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { Emulator } from '../harness/emulator.js';
import { mesoctlPath, until } from '../harness/process.mjs';
import { endAllPrograms, PtyProgram } from '../harness/pty.js';
import { StreamMaster } from '../harness/stream-master.js';
import { mesoctl } from './cli-process.js';

const DOWN = '\u001b[B';
const masters: StreamMaster[] = [];

afterEach(async () => {
  await endAllPrograms();
  await Promise.all(masters.splice(0).map((master) => master.die()));
});

async function startStream(options: Parameters<typeof StreamMaster.start>[0] = {}, port = 0): Promise<StreamMaster> {
  const master = await StreamMaster.start(options, port);
  masters.push(master);
  return master;
}

function startTop(
  address: string,
  options: { args?: string[]; columns?: number; rows?: number; env?: Record<string, string> } = {},
) {
  const { args = [], ...rest } = options;
  return new PtyProgram({
    command: process.execPath,
    args: [mesoctlPath, 'top', '--master', address, ...args],
    ...rest,
  });
}

/** The row that is selected: its text from the mark on. */
function selectedOf(screen: string): string | undefined {
  return /^.>(\S+)/m.exec(screen)?.[1];
}

describe('mesoctl top on a generated cluster', () => {
  it('says at once what it connects to, then shows the cluster, and leaves the terminal as it was', async () => {
    const master = await startStream();
    const top = startTop(master.address);
    await top.waitForText(`connecting to ${master.address}`);
    const screen = await top.waitForText('* live');
    expect(screen).toMatch(/^prod {2}leader m2/);
    expect(screen).toMatch(/AGENTS\s+20/);
    top.type('q');
    expect((await top.exited).code).toBe(0);
    // What it wrote last may still be on its way through the terminal when it has ended.
    await until('its last line', () => /prod: (no problems|\d+ problems?)\r\n$/.test(top.raw));
    await until('the screen that was there before', () => !top.emulator.isAlternate);
    expect(top.raw).not.toContain('\u001b[3J');
  });

  it.each([
    ['\u0003', undefined, 130],
    [undefined, 'SIGTERM', 143],
    [undefined, 'SIGHUP', 129],
  ] as const)('ends on key %j, signal %s', async (key, signal, status) => {
    const top = startTop((await startStream()).address);
    await top.waitForText('* live');
    if (key !== undefined) top.type(key);
    if (signal !== undefined) top.signal(signal);
    expect((await top.exited).code).toBe(status);
    await top.screen();
    expect(top.emulator.isAlternate).toBe(false);
    expect(top.raw.lastIndexOf('\u001b[?25h')).toBeGreaterThan(top.raw.lastIndexOf('\u001b[?25l'));
  });

  it('takes keys that were typed before it was ready', async () => {
    const top = startTop((await startStream()).address);
    await top.waitForText('connecting to');
    top.type('5');
    await top.waitForText('[5]Tasks');
  });

  it('begins with the screen that was asked for, without colours where they are not wanted', async () => {
    const master = await startStream();
    const top = startTop(master.address, { args: ['--screen', 'roles', '--ascii'], env: { NO_COLOR: '1' } });
    await top.waitForText('[6]Roles');
    await top.waitForText('web');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what must not be there
    expect(top.raw).not.toMatch(/\u001b\[(3\d|9\d|38;|1;3)/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing but ASCII
    expect(top.raw).not.toMatch(/[^\u0000-\u007f]/);
  });

  it('waits for a master that is not there, saying so, and shows the cluster when it comes', async () => {
    const first = await StreamMaster.start();
    const port = await first.die();
    const top = startTop(`127.0.0.1:${port}`);
    const screen = await top.waitForText('retrying');
    expect(screen).toContain('refused');
    await startStream({}, port);
    top.type('r');
    await top.waitForText('* live');
  });

  it('shows a lost master, resumes without a key, keeps the row that was selected', async () => {
    const master = await startStream({ eventsPerSecond: 1, unreachableEverySeconds: 0 });
    const top = startTop(master.address, { args: ['--screen', 'agents'] });
    await top.waitForText('* live');
    for (let i = 0; i < 3; i++) top.type(DOWN);
    const before = selectedOf(await top.waitFor('row 4', (screen) => screen.includes('row 4 of')));
    const lostAt = performance.now();
    const port = await master.die();
    masters.length = 0;
    await top.waitForText('? stale');
    expect(performance.now() - lostAt).toBeLessThan(10_000);
    expect(selectedOf(await top.screen())).toBe(before);
    await startStream({ eventsPerSecond: 1, unreachableEverySeconds: 0 }, port);
    const after = await top.waitForText('* live', 40_000);
    expect(selectedOf(after)).toBe(before);
  });

  it('kills a task only after it was confirmed', async () => {
    const master = await startStream({ eventsPerSecond: 1 });
    const top = startTop(master.address, { args: ['--screen', 'tasks'] });
    await top.waitForText('* live');
    top.type('/state=RUNNING\r');
    await top.waitForText('state=RUNNING');
    await top.waitFor('a selected task', (screen) => selectedOf(screen) !== undefined);
    top.type('x');
    await top.waitFor('a question', (screen) => /\[y\/N\]/i.test(screen));
    top.type('n');
    await top.waitFor('no question', (screen) => !/\[y\/N\]/i.test(screen));
    expect(master.calls.filter(({ type }) => type === 'KILL_TASK')).toEqual([]);
    top.type('x');
    await top.waitFor('a question', (screen) => /\[y\/N\]/i.test(screen));
    top.type('y');
    await until('the call', () => master.calls.some(({ type }) => type === 'KILL_TASK'));
    await top.waitForText('killing ');
  });

  it('never takes a paste for keys', async () => {
    const master = await startStream();
    const top = startTop(master.address, { args: ['--screen', 'tasks'] });
    await top.waitForText('* live');
    top.type('\u001b[200~xyq\u001b[201~');
    top.type('2');
    await top.waitForText('[2]Agents');
    expect(master.calls.filter(({ type }) => type === 'KILL_TASK')).toEqual([]);
    expect(top.isRunning).toBe(true);
  });

  it('is right after any resize: cell by cell what a fresh paint gives', async () => {
    const master = await startStream({ eventsPerSecond: 0.001, unreachableEverySeconds: 0 });
    const top = startTop(master.address, { args: ['--screen', 'agents'] });
    await top.waitForText('* live');
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed % below;
    };
    const sizes = [
      [200, 60],
      [40, 10],
      [120, 40],
      ...Array.from({ length: 17 }, () => [20 + random(180), 3 + random(60)]),
    ];
    for (const [columns = 80, rows = 24] of sizes) {
      top.resize(columns, rows);
      await until(
        `a whole frame at ${columns}x${rows}`,
        async () => {
          await top.screen();
          const shown = withoutTime(top.emulator.cells());
          const fresh = withoutTime(await repaint(top, columns, rows));
          return fresh === shown && top.emulator.text().trim() !== '' ? true : undefined;
        },
        { explain: () => top.emulator.text() },
      );
    }
    expect(top.raw).not.toContain('\u001b[3J');
  });

  it('stays current before a terminal that does not read for a while', async () => {
    const master = await startStream({ eventsPerSecond: 200 });
    const top = startTop(master.address, { args: ['--screen', 'events'] });
    await top.waitForText('* live');
    top.stopReading();
    for (let i = 0; i < 24; i++) top.type(i % 2 === 0 ? '2' : '7');
    top.type('6');
    await until('the master has said more', () => master.stream.liveTasks > 0);
    top.resumeReading();
    await top.waitForText('[6]Roles');
    top.type('q');
    expect((await top.exited).code).toBe(0);
  });

  it('is stopped by Ctrl-Z and continued by fg, whole again', async () => {
    const master = await startStream();
    const shell = new PtyProgram({ command: 'bash', args: ['--norc', '--noprofile', '-i'], env: { PS1: 'prompt> ' } });
    await shell.waitForText('prompt>');
    shell.type(`${process.execPath} ${mesoctlPath} top --master ${master.address}\r`);
    await shell.waitForText('* live');
    shell.type('\u001a');
    await shell.waitForText('Stopped');
    expect(shell.emulator.isAlternate).toBe(false);
    shell.type('fg\r');
    await shell.waitForText('* live');
    expect(shell.emulator.isAlternate).toBe(true);
    shell.type('q');
    await shell.waitFor('the prompt', (screen) => screen.trim().endsWith('prompt>'));
  });

  it('is one line where there is no room for more', async () => {
    const master = await startStream();
    const top = startTop(master.address, { columns: 30, rows: 5 });
    const screen = await top.waitForText('prod');
    expect(screen.split('\n').filter((line) => line.trim() !== '')).toHaveLength(1);
  });
});

/** What the program shows when it paints everything anew (Ctrl-L), in an emulator that has seen nothing before. */
async function repaint(top: PtyProgram, columns: number, rows: number): Promise<string[]> {
  const from = top.raw.length;
  top.type('\u000c');
  const painted = await until('a whole paint', () => {
    const sent = top.raw.slice(from);
    const begin = sent.indexOf('\u001b[2J');
    const end = sent.indexOf('\u001b[?2026l', begin);
    return begin >= 0 && end >= 0 ? sent.slice(begin, end) : undefined;
  });
  const emulator = new Emulator(columns, rows);
  await emulator.write(`\u001b[?7l${painted}`);
  return emulator.cells();
}

/** The first line holds a clock and the age of the newest event, which move on between two paints. */
function withoutTime([first = '', ...rest]: readonly string[]): string {
  const text = first.replace(/\{[^}]*\}/g, '').replace(/live [\d.]+s|\d\d:\d\d:\d\d/g, 'time');
  return [text.replace(/ +/g, ' '), ...rest].join('\n');
}

describe('mesoctl top elsewhere', () => {
  it('prints one plain snapshot into a pipe, in 80 columns, without control sequences', async () => {
    const master = await startStream();
    const { status, stdout, stderr } = await mesoctl(['top', '--master', master.address]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^prod {2}leader m2/);
    for (const word of ['CPU', 'AGENTS', 'TASKS', 'OFFERS', 'ROLE', 'FRAMEWORK']) expect(stdout).toContain(word);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it.each([['--once'], ['--plain', '--once']])('refuses or reports %s without a master, soon', async (...args) => {
    const { status, stdout, stderr, elapsedMs } = await mesoctl(['top', ...args, '--master', '127.0.0.1:1']);
    expect(stdout).toBe('');
    if (args.length === 1) {
      expect(status).toBe(5);
      expect(stderr).toMatch(/no master answers[\s\S]*NO_MASTER 5/);
      expect(elapsedMs).toBeLessThan(10_000);
    } else expect(status).toBe(2);
  });

  it('speaks in sentences when asked to, without control sequences', async () => {
    const master = await startStream();
    const top = startTop(master.address, { env: { MESOCTL_ACCESSIBLE: '1' } });
    const screen = await top.waitForText('roles: ');
    expect(screen).toContain('cluster: prod');
    expect(screen).toMatch(/agents: 20, active/);
    const port = await master.die();
    masters.length = 0;
    await top.waitForText('connection lost');
    await startStream({}, port);
    await top.waitForText('live, the leader is', 40_000);
    expect(top.raw).not.toContain('\u001b');
    top.type('\u0003');
    expect((await top.exited).code).toBe(130);
  });
});

describe('mesoctl top on a real cluster', () => {
  let cluster: Cluster;
  let scheduler: TestScheduler;

  beforeAll(async () => {
    cluster = await startCluster({ agents: 1 });
    scheduler = await TestScheduler.subscribe(cluster.master.url, {
      user: 'root',
      name: 'shop',
      roles: ['web'],
      failover_timeout: 60,
      capabilities: [{ type: 'MULTI_ROLE' }],
    });
  });

  afterAll(async () => {
    scheduler?.close();
    await cluster?.stop();
  });

  it('shows a task, its log, kills it, and survives kill -9 and restart of the master', async () => {
    const offer = await scheduler.waitFor('OFFERS');
    await scheduler.launch(offer.offers.offers[0], [
      {
        name: 'web.1',
        task_id: { value: 'web.1' },
        resources: [
          { name: 'cpus', type: 'SCALAR', scalar: { value: 0.1 } },
          { name: 'mem', type: 'SCALAR', scalar: { value: 32 } },
        ],
        command: { value: 'i=0; while :; do i=$((i+1)); echo "line $i of the log"; sleep 0.2; done' },
      },
    ]);
    const top = startTop(cluster.master.address, { args: ['--screen', 'tasks'] });
    await top.waitFor('the running task', (screen) => /web\.1 .*RUNNING/.test(screen), 60_000);
    top.type('l');
    await top.waitFor('the log', (screen) => /line \d+ of the log/.test(screen));
    const seen = Number(/line (\d+) of the log(?![\s\S]*line \d+ of the log)/.exec(await top.screen())?.[1]);
    await top.waitForText(`line ${seen + 10} of the log`);
    top.type('\u001b');
    await top.waitForText('[5]Tasks');
    await cluster.master.kill();
    await top.waitForText('? stale', 10_000);
    await cluster.master.restart();
    await top.waitForText('* live', 60_000);
    await top.waitFor('the task again', (screen) => /web\.1 .*RUNNING/.test(screen), 60_000);
    expect(selectedOf(await top.screen())).toBe('web.1');
    top.type('x');
    await top.waitFor('a question', (screen) => /\[y\/N\]/i.test(screen));
    top.type('y');
    await top.waitFor('the killed task', (screen) => /web\.1 .*KILLED/.test(screen), 60_000);
    top.type('q');
    expect((await top.exited).code).toBe(0);
  });

  it('is left by mesoctl top --once with the facts of the cluster', async () => {
    const { status, stdout } = await mesoctl(['top', '--once', '--master', cluster.master.address]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/AGENTS\s+1 {2}active 1/);
    expect(stdout).toContain('shop');
  });
});
