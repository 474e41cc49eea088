/** The command line against real daemons: live output, exit statuses, Ctrl-C, --detach, nothing that fits, no master. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OperatorClient } from '../../src/client/operator-client.js';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { findProcesses, isAlive, projectRoot, until } from '../harness/process.mjs';
import { CliRun, mesoctl } from './cli-process.js';

describe('without a cluster', () => {
  it('help without arguments fits 24 lines, examples first', async () => {
    const { status, stdout, stderr } = await mesoctl([]);
    expect(status).toBe(0);
    expect(stderr).toBe('');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.indexOf('EXAMPLES')).toBeLessThan(lines.indexOf('COMMANDS'));
    expect((await mesoctl(['--help'])).stdout).toBe(stdout);
  });

  it.each([['master', 'start'], ['agent', 'join'], ['task', 'launch'], ['dev'], ['doctor']])(
    'help of %s %s has examples first',
    async (...words) => {
      for (const flag of ['--help', '-h']) {
        const { status, stdout } = await mesoctl([...words, flag]);
        expect(status).toBe(0);
        expect(stdout.indexOf('EXAMPLES')).toBeGreaterThan(0);
        expect(stdout.indexOf('EXAMPLES')).toBeLessThan(stdout.indexOf('USAGE'));
      }
    },
  );

  it('fits 100 columns, nouns with their verbs', async () => {
    const { stdout } = await mesoctl([]);
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
    expect(stdout).toMatch(/\n {2}task {8}launch .*kill/);
  });

  it.each([
    [['task'], 'COMMANDS\n  task launch'],
    [['help', 'task'], 'COMMANDS\n  task launch'],
    [['help', 'flags'], '  --master HOST:PORT,...'],
    [['help', 'exit-codes'], '\n  5         no leader can be reached'],
    [['help', 'environment'], '\n  MESOCTL_MASTER '],
    [['help', 'task', 'launch'], 'USAGE  mesoctl task launch'],
  ])('%j explains', async (args, text) => {
    const { status, stdout, stderr } = await mesoctl(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(text);
  });

  it.each([
    [['task', 'launsh', '--', 'x'], 'there is no command "task launsh". Did you mean "task launch"?', 'task launch'],
    [['tsk', 'launch'], 'there is no command "tsk". Did you mean "task launch"?', 'task launch'],
    [['help', 'tsk'], 'there is no command "tsk". Did you mean "task"?', 'task'],
    [['help', 'task', 'lanch'], 'there is no command "task lanch". Did you mean "task launch"?', 'task launch'],
    [['task', 'frobnicate'], 'there is no command "task frobnicate"', 'task'],
    [['frobnicate'], 'there is no command "frobnicate"', undefined],
    [['dev', 'now'], 'unexpected argument: now', 'dev'],
  ])('%j: says what was meant, asks nothing', async (args, message, help) => {
    const { status, stdout, stderr } = await mesoctl(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toBe(`Error: ${message}\nTry: mesoctl ${help === undefined ? '' : `${help} `}--help    USAGE 2\n`);
  });

  it.each([
    [['nonsense']],
    [['task', 'launsh']],
    [['task', 'launch', '--nonsense', '--', 'x']],
    [['task', 'launch', '--cpus', 'x', '--', 'x']],
    [['task', 'launch']],
    [['master', 'start', '--agent-ping-timeout', '1ms']],
    [['agent', 'join']],
    [['dev', '--agents', '0', '--', 'x']],
    [['help', '--nonsense']],
  ])('%j is a usage error: exit 2, stdout empty', async (args) => {
    const { status, stdout, stderr } = await mesoctl(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Error: /);
    expect(stderr).toMatch(/(USAGE|BAD_INPUT) 2\n$/);
  });

  it('says in one line within 2 s that no master answers: exit 5', async () => {
    const { status, stdout, stderr, elapsedMs } = await mesoctl([
      'task',
      'launch',
      '--master',
      '127.0.0.1:1',
      '--',
      'true',
    ]);
    expect(status).toBe(5);
    expect(stdout).toBe('');
    expect(stderr.split('\n').filter((line) => line.startsWith('Error:'))).toEqual([
      'Error: no master answers. Tried 127.0.0.1:1 (refused).',
    ]);
    expect(stderr).toContain('NO_MASTER 5');
    expect(elapsedMs).toBeLessThan(2000);
  });

  it('gives up on an address that swallows packets as well', async () => {
    // 192.0.2.0/24 is set aside for documentation: nobody answers there, some networks refuse it.
    const { status, stderr } = await mesoctl(['--json', 'task', 'launch', '--master', '192.0.2.1', '--', 'true']);
    expect(status).toBe(5);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'NO_MASTER', exit: 5 } });
  });

  it('doctor speaks JSON', async () => {
    const { stdout, stderr } = await mesoctl(['doctor', '--json']);
    expect(stderr).toBe('');
    const report = JSON.parse(stdout);
    expect(report.rows.map((row: { name: string }) => row.name)).toEqual(
      expect.arrayContaining(['cgroups/mem', 'namespaces/pid', 'tracking']),
    );
    expect((await mesoctl(['doctor'])).stdout).toContain('namespaces/pid');
  });
});

describe('task launch', () => {
  let cluster: Cluster;
  let scratch: string;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'mesoctl-cli-'));
    cluster = await startCluster({
      agents: 1,
      agent: {
        resources: 'cpus:2;mem:1024;disk:1024',
        args: ['--cgroups-root', `mesoctl-cli-${process.pid}`, '--max-log-size', '64KB', '--max-log-files', '50'],
      },
    });
  });
  afterAll(async () => {
    await cluster.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  const launch = (...args: string[]) =>
    mesoctl(['task', 'launch', ...args], { MESOCTL_MASTER: cluster.master.address });
  const launching = (...args: string[]) =>
    new CliRun(['task', 'launch', ...args], { MESOCTL_MASTER: cluster.master.address });

  it('passes on stdout, stderr and the exit status, and nothing else', async () => {
    expect(await launch('--', 'sh', '-c', 'echo out; echo err >&2; exit 3')).toMatchObject({
      status: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect(await launch('--', 'echo one | tr a-z A-Z')).toMatchObject({ status: 0, stdout: 'ONE\n', stderr: '' });
    expect(await launch('--env', 'GREETING=hello world', '--', 'sh', '-c', 'printf %s "$GREETING"')).toMatchObject({
      stdout: 'hello world',
    });
  });

  it('shows output while the task runs', async () => {
    const gate = join(scratch, 'gate');
    const run = launching('--', 'sh', '-c', `echo first; while [ ! -e ${gate} ]; do sleep 0.05; done; echo second`);
    await run.shows('stdout', 'first\n');
    expect(run.stdout).toBe('first\n');
    writeFileSync(gate, '');
    expect(await run.done).toMatchObject({ status: 0, stdout: 'first\nsecond\n' });
  });

  it('loses no byte over rotations and at the end', async () => {
    const { status, stdout } = await launch('--', 'sh', '-c', 'seq 1 100000; printf end');
    expect(status).toBe(0);
    const expected = `${Array.from({ length: 100_000 }, (_, i) => `${i + 1}\n`).join('')}end`;
    expect(stdout.length).toBe(expected.length);
    expect(stdout === expected).toBe(true);
  });

  it.each([
    ['SIGKILL', 'kill -KILL $$', 137],
    ['SIGSEGV', 'kill -SEGV $$', 139],
  ])('ends with 128 plus the number of %s', async (_, script, status) => {
    expect(await launch('--', 'sh', '-c', script)).toMatchObject({ status });
  });

  it('ends with 125 when the program cannot be run, saying why', async () => {
    const { status, stdout, stderr } = await launch('--', 'no-such-program-anywhere');
    expect(status).toBe(125);
    expect(stdout).toBe('');
    expect(stderr).toContain('no-such-program-anywhere');
    expect(stderr).toContain('LAUNCH_FAILED 125');
  });

  it('Ctrl-C kills the task and waits for it', async () => {
    const pidFile = join(scratch, 'trapped');
    const script = `trap 'echo ending; exit 0' TERM; echo > ${pidFile}; echo ready; while :; do sleep 0.05; done`;
    const run = launching('--name', 'trapped', '--', 'sh', '-c', script);
    await run.shows('stdout', 'ready');
    run.child.kill('SIGINT');
    const { status, stdout } = await run.done;
    expect(status).toBe(130);
    expect(stdout).toBe('ready\nending\n');
    expect(findProcesses(pidFile)).toEqual([]);
  });

  it('a second Ctrl-C leaves at once', async () => {
    const run = launching('--', 'sh', '-c', `trap '' TERM; echo ready; sleep 100; echo ${scratch}`);
    await run.shows('stdout', 'ready');
    run.child.kill('SIGINT');
    await run.shows('stderr', 'ending');
    run.child.kill('SIGINT');
    expect(await run.done).toMatchObject({ status: 130 });
    expect(run.stderr).toContain('leaving');
  });

  it('ends the task when nobody reads the output any more', async () => {
    const run = launching('--', 'sh', '-c', `while :; do echo ${scratch}/unread; sleep 0.01; done`);
    await run.shows('stdout', 'unread');
    run.child.stdout?.destroy();
    expect(await run.done).toMatchObject({ status: 141 });
    expect(findProcesses(`${scratch}/unread`)).toEqual([]);
  });

  it('says why nothing fits after 5 s, and gives up at --timeout with exit 7', async () => {
    const { status, stdout, stderr } = await launch('--cpus', '64', '--timeout', '6secs', '--', 'true');
    expect(status).toBe(7);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^mesoctl: true has waited 5s and fits no agent: asked for cpus 64, mem 256M\./);
    expect(stderr).toMatch(/too small even when idle: .* has cpus 2 of the 64 wanted/);
    expect(stderr).toContain('NO_FIT 7');
  });

  it('waits for resources that are in use', async () => {
    const gate = join(scratch, 'in-use');
    const first = launching('--cpus', '2', '--', 'sh', '-c', `echo ready; while [ ! -e ${gate} ]; do sleep 0.05; done`);
    await first.shows('stdout', 'ready');
    const second = launching('--cpus', '2', '--', 'echo', 'mine');
    await second.shows('stderr', 'is in use');
    writeFileSync(gate, '');
    expect(await first.done).toMatchObject({ status: 0 });
    expect(await second.done).toMatchObject({ status: 0, stdout: 'mine\n' });
  });

  it('leaves no framework behind', async () => {
    const client = new OperatorClient({ masters: cluster.master.address });
    await launch('--name', 'gone', '--', 'true');
    const { frameworks = [], completed_frameworks = [] } = await client.getFrameworks();
    client.close();
    expect(frameworks.filter(({ framework_info }) => framework_info.name.endsWith(' gone'))).toEqual([]);
    expect(completed_frameworks.some(({ framework_info }) => framework_info.name.endsWith(' gone'))).toBe(true);
  });

  it('--detach prints the id and leaves the task running', async () => {
    const done = join(scratch, 'detached');
    const { status, stdout, stderr } = await launch(
      '--detach',
      '--json',
      '--',
      'sh',
      '-c',
      `echo $$ > ${done}.pid; sleep 2; echo > ${done}`,
    );
    expect(status).toBe(0);
    expect(stderr).toBe('');
    const place = JSON.parse(stdout);
    expect(place).toMatchObject({
      taskId: expect.stringMatching(/^sh\.[0-9a-f]{8}$/),
      agent: { port: cluster.agents[0]?.port },
    });
    await until('the detached task ends by itself', () => {
      try {
        return readFileSync(done, 'utf8') === '\n';
      } catch {
        return false;
      }
    });
  });

  it('kill ends tasks of a launch that left, and of one that waits', async () => {
    const { stdout } = await launch(
      '--detach',
      '--name',
      'server',
      '--',
      'sh',
      '-c',
      `: ${scratch}/server; sleep 1000`,
    );
    const taskId = stdout.trim();
    const kill = (...args: string[]) => mesoctl(['task', 'kill', ...args], { MESOCTL_MASTER: cluster.master.address });
    expect(await kill('no-such-task')).toMatchObject({ status: 3 });
    const attached = launching('--name', 'attached', '--', 'sh', '-c', 'echo ready; sleep 1000');
    await attached.shows('stdout', 'ready');
    expect(await kill('attached')).toMatchObject({ status: 0 });
    expect(await attached.done).toMatchObject({ status: 143, stdout: 'ready\n' });
    const part = taskId.slice(0, -2);
    expect(await kill(part)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`is only a part of ${taskId}`),
    });
    expect(await kill(part, '--yes')).toMatchObject({
      status: 0,
      stdout: `${taskId} ended: KILLED\n`,
    });
    expect(findProcesses(`${scratch}/server`)).toEqual([]);
    expect(await kill(taskId)).toMatchObject({ status: 0, stdout: `${taskId} had ended already: KILLED\n` });
    const client = new OperatorClient({ masters: cluster.master.address });
    const { frameworks = [] } = await client.getFrameworks();
    client.close();
    expect(frameworks.filter(({ framework_info }) => framework_info.name.endsWith(' server'))).toEqual([]);
  });

  it('and the example framework run side by side', async () => {
    const example = spawnSync(
      process.execPath,
      [
        '--import',
        'tsx',
        join(projectRoot, 'examples/run-tasks.ts'),
        cluster.master.address,
        '8',
        'case $MESOS_TASK_ID in *3) exit 3;; esac',
      ],
      { cwd: projectRoot, encoding: 'utf8', timeout: 60_000 },
    );
    expect(example.stderr).toBe('');
    expect(example.status).toBe(0);
    expect(example.stdout).toContain('task-3  TASK_FAILED  exit 3');
    expect(example.stdout).toMatch(/7 of 8 tasks finished\n$/);
  });

  it('goes on through a restart of the master', async () => {
    const gate = join(scratch, 'restart');
    const run = launching(
      '--',
      'sh',
      '-c',
      `echo before; while [ ! -e ${gate} ]; do sleep 0.05; done; echo after; exit 5`,
    );
    await run.shows('stdout', 'before');
    await cluster.master.kill();
    await run.shows('stderr', 'trying again');
    await cluster.master.restart();
    writeFileSync(gate, '');
    expect(await run.done).toMatchObject({ status: 5, stdout: 'before\nafter\n' });
    expect(isAlive(cluster.agents[0]?.pid ?? 0)).toBe(true);
  });
});
