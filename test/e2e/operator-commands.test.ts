/** Looking at a cluster and changing it, by the built command against real daemons: every command, in every form. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { type Daemon, startMaster } from '../harness/cluster.mjs';
import { findProcesses, mesoctlPath, sweep, until } from '../harness/process.mjs';
import { endAllPrograms, PtyProgram } from '../harness/pty.js';
import { schemaErrors } from '../harness/schemas.js';
import { CliRun, mesoctl } from './cli-process.js';
import { type OperatorCluster, startOperatorCluster } from './operator-fixture.js';

const NOUNS = ['task', 'agent', 'framework', 'offer', 'role'] as const;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is looked for
const SGR = /\u001b\[[0-9;]*m/g;

let lab: OperatorCluster;

beforeAll(async () => {
  lab = await startOperatorCluster();
}, 120_000);
afterAll(() => lab.stop());
afterEach(endAllPrograms);

/** The command on a terminal of that width. */
function onTerminal(columns: number, args: readonly string[], env: Readonly<Record<string, string>> = {}): PtyProgram {
  return new PtyProgram({
    command: process.execPath,
    args: [mesoctlPath, ...args],
    columns,
    env: { MESOCTL_MASTER: lab.cluster.master.address, ...env },
  });
}

describe.each(NOUNS)('%s list', (noun) => {
  it('is a table that fits 80 columns', async () => {
    const { status, stdout, stderr } = await lab.run(noun, 'list');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [head = '', ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^[A-Z]+( +[A-Z]+)+$/);
    expect(rows.length).toBeGreaterThan(0);
    for (const line of [head, ...rows]) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).not.toContain('1970');
  });

  it('is JSON by its schema, and the same as YAML', async () => {
    const { status, stdout } = await lab.run(noun, 'list', '-o', 'json');
    expect(status).toBe(0);
    const rows = JSON.parse(stdout);
    expect(rows.length).toBeGreaterThan(0);
    expect(schemaErrors(`${noun}-list`, rows)).toEqual([]);
    const yaml = parseYaml((await lab.run(noun, 'list', '-o', 'yaml')).stdout);
    expect(yaml.map(Object.keys)).toEqual(rows.map(Object.keys));
    const names = (await lab.run(noun, 'list', '-o', 'name')).stdout.trimEnd().split('\n');
    expect(names).toEqual(rows.map((row: { id?: string; name: string }) => row.id ?? row.name));
  });

  it('has more columns and whole ids with -o wide, none with --no-header', async () => {
    const [table, wide, bare] = await Promise.all([
      lab.run(noun, 'list'),
      lab.run(noun, 'list', '-o', 'wide'),
      lab.run(noun, 'list', '--no-header'),
    ]);
    expect(wide.stdout.split('\n')[0]?.length).toBeGreaterThan(table.stdout.split('\n')[0]?.length ?? 0);
    expect(bare.stdout.split('\n').length).toBe(table.stdout.split('\n').length - 1);
    if (noun === 'offer' || noun === 'agent') expect(wide.stdout).toMatch(/\n[0-9a-f]{8}-[0-9a-f-]{27}-[SO]\d+ /);
  });

  it('tells what it does not know: a column, a field', async () => {
    for (const args of [
      ['--sort', '-nothing'],
      ['--columns', 'nothing'],
      ['--filter', 'nothing=1'],
    ]) {
      const { status, stdout, stderr } = await lab.run(noun, 'list', ...args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(/^Error: .*"nothing".*BAD_INPUT 2\n$/s);
    }
  });
});

describe('lists', () => {
  it('sort, filter, limit, choose columns', async () => {
    const bad = await lab.run('task', 'list', '--columns', 'task,state,why', '--filter', 'state=FAILED', '--no-header');
    expect(bad.stdout).toMatch(/^bad\.1 +FAILED +exit 3\n$/);
    const names = (await lab.run('task', 'list', '-o', 'name', '--sort', '-task', '--limit', '2')).stdout;
    expect(names).toBe('web.2\nweb.1\n');
    expect((await lab.run('task', 'list', '--filter', 'no-such-thing', '--json')).stdout).toBe('[]\n');
  });

  it('have names that help does not list', async () => {
    const { stdout } = await lab.run('task', 'list', '-o', 'name');
    for (const words of [['ps'], ['ls'], ['tasks'], ['tasks', 'list'], ['task', 'ls'], ['tasks', 'ls']])
      expect((await lab.run(...words, '-o', 'name')).stdout).toBe(stdout);
    expect((await lab.run('--json', 'agents')).stdout).toMatch(/^\[\n/);
    expect((await lab.run('--help')).stdout).not.toMatch(/\bps\b|\btasks list/);
  });

  it('of a cluster without anything are empty arrays, exit 0', async () => {
    const master: Daemon = await startMaster();
    try {
      for (const noun of NOUNS.filter((one) => one !== 'role')) {
        const json = await mesoctl([noun, 'list', '--json', '--master', master.address]);
        expect(json).toMatchObject({ status: 0, stdout: '[]\n', stderr: `No ${noun}s.\n` });
        const table = await mesoctl([noun, 'list', '--master', master.address, '-q']);
        expect(table).toMatchObject({ status: 0, stdout: '', stderr: '' });
      }
      const { stdout } = await mesoctl(['master', 'show', '--json', '--master', master.address]);
      expect(schemaErrors('master-show', JSON.parse(stdout))).toEqual([]);
    } finally {
      await master.stop();
      await sweep(master.scratchDir);
    }
  });
});

describe('show', () => {
  it.each([
    ['task', 'bad.1', 'task-show', /^bad\.1 FAILED \S+ ago: exit 3\n/],
    ['task', 'b', 'task-show', /^bad\.1 FAILED/],
    ['agent', 'S0', 'agent-show', /^\S+ ACTIVE for /],
    ['framework', 'shop', 'framework-show', /^shop ACTIVE for /],
    ['framework', '0001', 'framework-show', /^jobs ACTIVE for /],
    ['master', undefined, 'master-show', /^lab is led by 127\.0\.0\.1:\d+, term \d+\n/],
  ])('%s %s', async (noun, reference, schema, headline) => {
    const words = [noun, 'show', ...(reference === undefined ? [] : [reference])];
    const { status, stdout, stderr } = await lab.run(...words);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(headline);
    const record = JSON.parse((await lab.run(...words, '--json')).stdout);
    expect(schemaErrors(schema, record)).toEqual([]);
    expect(parseYaml((await lab.run(...words, '-o', 'yaml')).stdout)).toMatchObject(
      reference === undefined ? { cluster_name: 'lab' } : { id: record.id },
    );
    const name = (await lab.run(...words, '-o', 'name')).stdout;
    expect(name).toBe(`${record.id ?? record.master_id}\n`);
  });

  it('tells every status of a task, and what each role has of an agent', async () => {
    const task = (await lab.json('task', 'show', 'bad.1')) as { statuses: { state: string }[]; agent_id: string };
    expect(task.statuses.map(({ state }) => state)).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FAILED']);
    const roles = [];
    for (const id of ['S0', 'S1'])
      roles.push(...((await lab.json('agent', 'show', id)) as { roles: { role: string }[] }).roles);
    expect(roles.map(({ role }) => role)).toContain('web');
  });

  it('the counts of master show are those of the lists', async () => {
    const master = (await lab.json('master', 'show')) as { [name: string]: { total: number } & number };
    expect(master.agents?.total).toBe(2);
    expect(master.offers).toBe(((await lab.json('offer', 'list')) as unknown[]).length);
    const amounts = ['allocated', 'offered', 'free'].map((way) => (master[way] as unknown as { cpus: number }).cpus);
    expect(amounts.reduce((sum, cpus) => sum + cpus, 0)).toBeCloseTo(
      (master.total as unknown as { cpus: number }).cpus,
      6,
    );
  });

  it.each([
    [['task', 'show', 'bda.1'], 3, 'NOT_FOUND', 'Did you mean bad.1?'],
    [['task', 'show', 'web'], 3, 'AMBIGUOUS', 'matches 2 tasks'],
    [['task', 'logs', 'nothing'], 3, 'NOT_FOUND', 'no task "nothing".'],
    [['task', 'kill', 'nothing'], 3, 'NOT_FOUND', 'no task "nothing".'],
    [['agent', 'show', '127.0.0.1'], 3, 'AMBIGUOUS', 'matches 2 agents'],
    [['framework', 'show', 'shpo'], 3, 'NOT_FOUND', 'no framework "shpo".'],
    [['framework', 'teardown', 'nothing'], 3, 'NOT_FOUND', 'no framework "nothing".'],
    [['task', 'list', '--timeout', 'soon'], 2, 'BAD_INPUT', '--timeout'],
    [['offer', 'watch', '--limit', '3'], 2, 'BAD_INPUT', '--limit'],
    [['events', '--limit', '-1'], 2, 'USAGE', 'limit'],
    [['master', 'show', '-o', 'wide'], 2, 'USAGE', 'output'],
  ])('%j fails with %d %s', async (args, exit, code, text) => {
    const { status, stdout, stderr } = await lab.run(...args);
    expect({ status, stdout }).toEqual({ status: exit, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^Error: .*${code} ${exit}\\n$`, 's'));
    expect(stderr).toContain(text);
    if (code === 'USAGE') return;
    const json = await lab.run(...args, '--json');
    expect({ status: json.status, stdout: json.stdout }).toEqual({ status: exit, stdout: '' });
    expect(schemaErrors('error', JSON.parse(json.stderr))).toEqual([]);
    expect(JSON.parse(json.stderr).error).toMatchObject({ code, exit });
  });

  it('a master of Apache Mesos is told from ours', async () => {
    const mesos = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
    try {
      await until('a server', () => mesos.listening);
      const address = `127.0.0.1:${(mesos.address() as AddressInfo).port}`;
      for (const args of [['task', 'list'], ['task', 'show', 'x'], ['events'], ['master', 'show']]) {
        const { status, stdout, stderr } = await mesoctl([...args, '--master', address]);
        expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
        expect(stderr).toContain(`Error: ${address} has no mesoctl extension API: it is a master of Apache Mesos`);
        expect(stderr).toMatch(/PROTOCOL 1\n$/);
      }
    } finally {
      mesos.close();
    }
  });
});

describe('task logs', () => {
  it('prints bytes and nothing else, of a task that runs and of one that ended', async () => {
    expect(await lab.run('task', 'logs', 'bad.1')).toMatchObject({ status: 0, stdout: 'before the end\n', stderr: '' });
    const { stdout, stderr } = await lab.run('task', 'logs', 'web.1', '--stderr');
    expect(stdout).toMatch(/^err 0\nerr 1\n/);
    expect(stderr).toBe('');
    const both = await lab.run('task', 'logs', 'web.1', '--stdout', '--stderr');
    expect(both.stdout).toMatch(/^out 0\n/);
    expect(both.stderr).toMatch(/^err 0\n/);
  });

  it('--tail is the last lines', async () => {
    const { stdout } = await lab.run('task', 'logs', 'web.1', '--tail', '2');
    expect(stdout).toMatch(/^out \d+\nout \d+\n$/);
    expect((await lab.run('task', 'logs', 'bad.1', '--tail', '0')).stdout).toBe('');
  });

  it('-f follows over rotations to the end of the task, and says so', async () => {
    const gate = `${lab.scratch}/gate`;
    await lab.launch('long.1', `while [ ! -e ${gate} ]; do sleep 0.05; done; seq 1 40000; printf end; exit 4`);
    const run = lab.start('task', 'logs', '-f', 'long.1');
    await until('the follower asks for the log', async () => (await lab.run('task', 'show', 'long.1')).status === 0);
    await mesoctl(['task', 'list', '--master', lab.cluster.master.address]);
    writeFileSync(gate, '');
    const statuses = lab.shop.runToEnd('long.1');
    const { status, stdout, stderr } = await run.done;
    await statuses;
    const expected = `${Array.from({ length: 40_000 }, (_, i) => `${i + 1}\n`).join('')}end`;
    expect(stdout.length).toBe(expected.length);
    expect(stdout === expected).toBe(true);
    expect(status).toBe(0);
    expect(stderr).toBe('mesoctl: task long.1 ended: FAILED (exit 4)\n');
  });

  it('-f goes on over a restart of the agent', async () => {
    const task = (await lab.json('task', 'show', 'web.1')) as { agent_address: string };
    const agent = lab.cluster.agents.find(({ address }) => address === task.agent_address);
    const run = lab.start('task', 'logs', '-f', 'web.1');
    await run.shows('stdout', 'out 1\n');
    await agent?.kill();
    const before = run.stdout.length;
    await agent?.restart();
    await until('more comes', () => run.stdout.length > before + 20);
    run.child.kill('SIGINT');
    expect(await run.done).toMatchObject({ status: 130 });
    const lines = run.stdout.split('\n').slice(0, -1);
    expect(lines).toEqual(lines.map((_, i) => `out ${i}`));
  });

  it('-f ends quietly with its reader, and on Ctrl-C says what goes on', async () => {
    const piped = lab.start('task', 'logs', '-f', 'web.1');
    await piped.shows('stdout', 'out 0');
    piped.child.stdout?.destroy();
    expect(await piped.done).toMatchObject({ status: 141 });
    expect(piped.stderr).not.toContain('Error');
    const stopped = lab.start('task', 'logs', '-f', 'web.1', '--tail', '1');
    await stopped.shows('stdout', 'out ');
    stopped.child.kill('SIGINT');
    expect(await stopped.done).toMatchObject({ status: 130, stderr: 'mesoctl: stopped following; the task goes on\n' });
  });
});

describe('watching', () => {
  it('into a pipe is a line for each change, as JSON an object', async () => {
    const lines = lab.start('task', 'list', '-w', '--filter', 'task=watched.1');
    const objects = lab.start('task', 'list', '-w', '--json', '--filter', 'task=watched.1');
    const events = lab.start('events', '--kind', 'task', '--filter', 'watched.1');
    const wire = lab.start('events', '--json', '--kind', 'task');
    const limited = lab.start('events', '--kind', 'task', '--limit', '1');
    await lines.shows('stdout', 'TASK');
    // Nothing shows that a stream without news is open: the master counts them.
    await until('five streams are open', async () => {
      const { subscribers } = (await lab.json('master', 'show')) as { subscribers: number };
      return subscribers >= 5;
    });
    await lab.launch('watched.1', 'exit 0');
    await lab.shop.runToEnd('watched.1');
    await lines.shows('stdout', 'FINISHED');
    await objects.shows('stdout', 'FINISHED');
    await events.shows('stdout', 'FINISHED');
    await wire.shows('stdout', 'TASK_FINISHED');
    expect(await limited.done).toMatchObject({ status: 0, stderr: '' });
    expect(limited.stdout.trimEnd().split('\n')).toHaveLength(1);
    for (const run of [lines, objects, events, wire]) {
      const sent = performance.now();
      run.child.kill('SIGINT');
      expect(await run.done).toMatchObject({ status: 130, stderr: '' });
      expect(performance.now() - sent).toBeLessThan(1000);
    }
    const words = lines.stdout
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/\s+/));
    expect(words.map(([sign, id]) => `${sign} ${id}`)).toEqual(expect.arrayContaining(['+ watched.1', '~ watched.1']));
    expect(words.at(-1)).toContain('FINISHED');
    const changes = objects.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const change of changes) expect(schemaErrors('task-change', change)).toEqual([]);
    expect(changes[0]).toMatchObject({ change: 'added', task: { id: 'watched.1' } });
    expect(events.stdout).toMatch(/^\d\d:\d\d:\d\d {3}task watched\.1 STAGING/);
    for (const line of wire.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('type');
  });

  it('on a terminal paints the list over, and gives the terminal back', async () => {
    const program = onTerminal(80, ['agent', 'list', '-w']);
    await program.waitForText('lab: 2 agents, problems first');
    program.resize(60, 10);
    await program.waitFor('a narrower list', (screen) => screen.includes('AGENT') && !screen.includes('DISK'));
    program.type('\u0003');
    expect(await program.exited).toMatchObject({ code: 130 });
    expect(program.raw).toContain('\u001b[?1049l');
    expect(program.raw).toContain('\u001b[?25h');
    expect(program.raw).not.toContain('\u001b[3J');
  });
});

describe('on a terminal', () => {
  it.each([
    [['task', 'list']],
    [['agent', 'list', '-o', 'wide']],
    [['framework', 'show', 'jobs', '-o', 'name']],
    [['role', 'list', '--json']],
  ])('%j prints what a pipe gets, but for colour', async (args) => {
    const ages = /\b\d+[smhd]\b/g;
    const plain = (await lab.run(...args)).stdout.replaceAll(ages, 'AGE').replaceAll(/ +/g, ' ');
    for (const env of [{ NO_COLOR: '1' }, { FORCE_COLOR: '1' }]) {
      const program = onTerminal(250, args, env);
      expect(await program.exited).toMatchObject({ code: 0 });
      const shown = program.raw.replaceAll('\r\n', '\n');
      if ('NO_COLOR' in env) expect(shown).not.toMatch(SGR);
      expect(shown.replaceAll(SGR, '').replaceAll(ages, 'AGE').replaceAll(/ +/g, ' ').replaceAll(' \n', '\n')).toBe(
        plain,
      );
    }
  });

  it('the least important columns go first, the name is cut in the middle', async () => {
    const program = onTerminal(50, ['framework', 'list']);
    expect(await program.exited).toMatchObject({ code: 0 });
    for (const line of program.raw.replaceAll(SGR, '').split('\r\n')) expect(line.length).toBeLessThanOrEqual(50);
    expect(program.raw).toContain('STATE');
    expect(program.raw).not.toContain('OLDEST');
  });

  it('asks before many, and no is no', async () => {
    const program = onTerminal(80, ['task', 'kill', '--filter', 'framework=shop state=RUNNING']);
    await program.waitForText('Kill 2 tasks on lab? [y/N]');
    expect(await program.screen()).toContain('web.2 RUNNING');
    program.type('n\r');
    expect(await program.exited).toMatchObject({ code: 1 });
    expect(findProcesses(`${lab.scratch}/web2`)).not.toEqual([]);
    const interrupted = onTerminal(80, ['framework', 'teardown', 'shop']);
    await interrupted.waitForText('[y/N]');
    interrupted.type('\u0003');
    const { code, signal } = await interrupted.exited;
    expect(code !== 0 || signal !== null).toBe(true);
    expect((await lab.run('framework', 'show', 'shop', '--json')).stdout).toContain('"state": "ACTIVE"');
  });
});

describe('changing', () => {
  it('does nothing where nobody can answer, and in a dry run', async () => {
    for (const args of [
      ['task', 'kill', 'web.1', 'web.2'],
      ['task', 'kill', '--filter', 'framework=shop'],
      ['framework', 'teardown', 'shop'],
      ['framework', 'teardown', 'shop', '--no-input'],
    ]) {
      const { status, stdout, stderr } = await lab.run(...args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(/lab\?.*nothing was done\.\nTry: --yes .*BAD_INPUT 2\n$/s);
      const dry = await lab.run(...args, '--dry-run');
      expect(dry.status).toBe(0);
      expect(dry.stdout).toMatch(/^would /);
    }
    const { stdout } = await lab.run('framework', 'teardown', 'shop', '--dry-run', '--json');
    expect(schemaErrors('framework-teardown', JSON.parse(stdout))).toEqual([]);
    expect(findProcesses(`${lab.scratch}/web2`)).not.toEqual([]);
  });

  it('kills a task of another framework, whose scheduler hears of it', async () => {
    const { status, stdout } = await lab.run('task', 'kill', 'web.2', '--json');
    expect(status).toBe(0);
    const results = JSON.parse(stdout);
    expect(schemaErrors('task-kill', results)).toEqual([]);
    expect(results).toMatchObject([{ id: 'web.2', state: 'TASK_KILLED', ended: true, framework_name: 'shop' }]);
    const statuses = await lab.shop.runToEnd('web.2');
    expect(statuses.at(-1).state).toBe('TASK_KILLED');
    expect(findProcesses(`${lab.scratch}/web2`)).toEqual([]);
    expect(await lab.run('task', 'kill', 'web.2')).toMatchObject({
      status: 0,
      stdout: 'web.2 had ended already: KILLED\n',
    });
  });

  it('--no-wait returns when it is told; ids come from stdin', async () => {
    await lab.launch('many.1', 'exec sleep 1000');
    await lab.launch('many.2', 'exec sleep 1000');
    const list = await lab.run('task', 'list', '-o', 'name', '--filter', 'task=many', '--sort', 'task');
    const kill = new CliRun(
      ['task', 'kill', '-', '--yes', '--no-wait', '--json'],
      { MESOCTL_MASTER: lab.cluster.master.address },
      undefined,
      list.stdout,
    );
    const { status, stdout } = await kill.done;
    expect(status).toBe(0);
    expect(JSON.parse(stdout).map(({ id }: { id: string }) => id)).toEqual(['many.1', 'many.2']);
    await Promise.all([lab.shop.runToEnd('many.1'), lab.shop.runToEnd('many.2')]);
  });

  it('gives up waiting at --timeout; Ctrl-C stops waiting only', async () => {
    await lab.launch('stubborn.1', `trap '' TERM; while :; do sleep 0.1; done`);
    const late = await lab.run('task', 'kill', 'stubborn.1', '--timeout', '500ms');
    expect(late).toMatchObject({ status: 7, stdout: '' });
    expect(late.stderr).toContain('stubborn.1 has not ended within 0.5s, and has been told to');
    await lab.shop.runToEnd('stubborn.1');
  });

  it('tears a framework down with its tasks', async () => {
    const { status, stdout } = await lab.run('framework', 'teardown', 'shop', '--yes');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Tore down shop \(\S+\); 1 task ends with it\n$/);
    await until('its scheduler is told', () => lab.shop.closed);
    expect(await lab.json('framework', 'show', 'shop')).toMatchObject({ state: 'COMPLETED' });
    expect(await lab.run('framework', 'teardown', 'shop', '--yes')).toMatchObject({ status: 6 });
  });
});

// Last: the schedulers of this cluster do not come back.
describe('a master that is killed and starts again', () => {
  it('is followed on, saying so', async () => {
    const run = lab.start('agent', 'list', '-w', '-o', 'name');
    await until('both agents', () => run.stdout.split('\n').length === 3);
    await lab.cluster.master.kill();
    await run.shows('stderr', 'trying again in');
    await lab.cluster.master.restart();
    await until('the agents are back', async () => {
      const agents = (await lab.json('agent', 'list')) as { state: string }[];
      return agents.length === 2 && agents.every(({ state }) => state === 'ACTIVE');
    });
    run.child.kill('SIGINT');
    expect(await run.done).toMatchObject({ status: 130 });
  });
});
