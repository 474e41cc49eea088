/** `mesoctl dev` as on the README's first line: exact output, exit statuses, and nothing left behind. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { findProcesses, mesoctlPath } from '../harness/process.mjs';
import { CliRun, mesoctl } from './cli-process.js';

const CGROUP_MOUNTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];
/** In the environment of every process of a run, tasks included only if they inherit it. */
const MARK = `dev-test-${process.pid}`;

function leftovers() {
  const named = (dir: string) =>
    existsSync(dir) ? readdirSync(dir).filter((name) => name.startsWith('mesoctl-dev-')) : [];
  return {
    directories: named(tmpdir()),
    cgroups: CGROUP_MOUNTS.flatMap(named),
    mounts: readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes('mesoctl-dev-')),
    processes: findProcesses('mesoctl-dev-'),
    marked: findProcesses(MARK),
  };
}

const before = leftovers();

const NOBODY = 65534;

/** Whether somebody else than root can run this checkout. */
function othersCanRunIt(): boolean {
  return (
    spawnSync(process.execPath, ['-e', `require('node:fs').readFileSync(${JSON.stringify(mesoctlPath)})`], {
      uid: NOBODY,
      gid: NOBODY,
    }).status === 0
  );
}

afterEach(() => {
  expect(leftovers()).toEqual(before);
});

describe('mesoctl dev', () => {
  it('runs the command of the README: its output on stdout, ours on stderr', async () => {
    const { status, stdout, stderr } = await mesoctl(['dev', '--', 'sh', '-c', 'echo hello from $(hostname)']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^hello from \S+\n$/);
    expect(stderr).toMatch(/^mesoctl: isolation /);
    for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^mesoctl: /);
  });

  it.each([
    ['exit 7', 7],
    ['kill -TERM $$', 143],
    ['true', 0],
  ])('%s gives %i', async (script, status) => {
    expect(await mesoctl(['dev', '--', 'sh', '-c', script])).toMatchObject({ status, stdout: '' });
  });

  it('takes processes that the task left behind with it', async () => {
    const { status } = await mesoctl(['dev', '--', 'sh', '-c', `(setsid sh -c 'sleep 1000; echo ${MARK}' &) ; true`]);
    expect(status).toBe(0);
  });

  it('Ctrl-C ends task and cluster', async () => {
    const run = new CliRun(['dev', '--', 'sh', '-c', 'echo ready; sleep 1000']);
    await run.shows('stdout', 'ready');
    run.child.kill('SIGINT');
    expect(await run.done).toMatchObject({ status: 130, stdout: 'ready\n' });
  });

  it('a task that ignores SIGTERM does not outlive a second Ctrl-C', async () => {
    const run = new CliRun(['dev', '--', 'sh', '-c', `trap '' TERM; echo ready; while :; do sleep 1; done; ${MARK}`]);
    await run.shows('stdout', 'ready');
    run.child.kill('SIGTERM');
    await run.shows('stderr', 'ending');
    run.child.kill('SIGTERM');
    expect(await run.done).toMatchObject({ status: 143 });
  });

  it('stays up for other commands until Ctrl-C, with several agents', async () => {
    const dev = new CliRun(['dev', '--agents', '2', '--port', '0']);
    await dev.shows('stderr', 'try: ');
    const master = /--master (\S+)/.exec(dev.stderr)?.[1] ?? '';
    const state = await mesoctl(['task', 'launch', '--master', master, '--', 'echo', 'from outside']);
    expect(state).toMatchObject({ status: 0, stdout: 'from outside\n', stderr: '' });
    dev.child.kill('SIGINT');
    const { status, stdout, stderr } = await dev.done;
    expect(status).toBe(130);
    expect(stdout).toBe('');
    expect(stderr).toContain('2 agents');
  });

  const whyNotNobody =
    process.getuid?.() !== 0
      ? 'only root can become somebody else'
      : othersCanRunIt()
        ? undefined
        : 'others cannot read this checkout';
  it.skipIf(whyNotNobody !== undefined)(
    `works without root, and says what is reduced${whyNotNobody === undefined ? '' : ` (skipped: ${whyNotNobody})`}`,
    async () => {
      const script = 'id -u; echo $$ $(ls -d /proc/[0-9]* | wc -l); exit 9';
      const { status, stdout, stderr } = await new CliRun(['dev', '--', 'sh', '-c', script], { HOME: '/' }, NOBODY)
        .done;
      const [uid, processes = ''] = stdout.split('\n');
      expect(status).toBe(9);
      expect(uid).toBe(String(NOBODY));
      expect(stderr).toContain('reduced: without ');
      // Where user namespaces are allowed, the task has its own pid namespace.
      if (stderr.includes('namespaces/pid,')) expect(Number(processes.split(' ')[1])).toBeLessThan(20);
    },
  );

  it('is not changed by MESOS_ variables', async () => {
    const env = { MESOS_WORK_DIR: '/nonexistent', MESOS_RESOURCES: 'cpus:0.001', MESOCTL_MASTER: '127.0.0.1:1' };
    expect(await mesoctl(['dev', '--', 'echo', 'hi'], env)).toMatchObject({ status: 0, stdout: 'hi\n' });
  });

  it('says which port is taken', async () => {
    const first = new CliRun(['dev', '--port', '0']);
    await first.shows('stderr', 'try: ');
    const port = /--master \S+:(\d+)/.exec(first.stderr)?.[1] ?? '';
    const second = await mesoctl(['dev', '--port', port]);
    expect(second.status).toBe(1);
    expect(second.stderr).toContain('PORT_IN_USE 1');
    first.child.kill('SIGTERM');
    expect((await first.done).status).toBe(143);
  });
});
