/** The contract of every containerizer (src/runtime/containerizer.ts), held by each way of tracking on this machine. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerCheckpoint } from '../../../src/runtime/containerizer.js';
import {
  ACCOUNTING,
  Agent,
  buildSupervisor,
  findProcesses,
  isAlive,
  isRoot,
  NAMESPACES,
  openDescriptors,
  until,
} from './fixture.js';

const VARIANTS = [
  { name: 'cgroup and namespaces', isolation: [...ACCOUNTING, ...NAMESPACES, 'namespaces/cgroup'] },
  { name: 'cgroup only', isolation: [...ACCOUNTING] },
  { name: 'pid namespace only', isolation: [...ACCOUNTING, ...NAMESPACES], cgroupMount: null },
  { name: 'user namespace as root', isolation: [...ACCOUNTING, ...NAMESPACES, 'namespaces/cgroup', 'namespaces/user'] },
];

/** Stopped, dead and unreaped, or waiting in vfork for a child that is stopped. */
const HELD = 'TZD';
/** First thing in a fork bomb: no bomb unless the limit holds (dash has no such option and would go on without). */
const BOUNDED = 'ulimit -u 60 && [ "$(ulimit -u)" = 60 ] && [ "$(id -u)" != 0 ] || exit 99';

if (!isRoot) console.log('containerizer contract: skipped, needs root');

describe.skipIf(!isRoot).each(VARIANTS)('containerizer, $name', ({ isolation, cgroupMount }) => {
  let agent: Agent;
  beforeAll(buildSupervisor);
  beforeEach(async () => {
    agent = await Agent.open({ isolation, cgroupMount });
  });
  afterEach(() => agent.dispose());

  it('names the isolators in force', () => {
    expect([...agent.containerizer.isolation].sort()).toEqual([...isolation].sort());
  });

  it('runs a program with exactly its environment, in its sandbox, and reports its end once', async () => {
    const { termination, stdout, stderr, process } = await agent.run('env; pwd; echo problem >&2; exit 3', {
      environment: { PATH: '/usr/bin:/bin', GREETING: 'a b\nc' },
    });
    expect(termination.waitStatus).toBe(3 << 8);
    expect(stdout).toContain('GREETING=a b\nc\n');
    expect(stdout).toContain(`${process.checkpoint.sandboxDir}\n`);
    expect(
      stdout
        .split('\n')
        .filter((line) => line.includes('='))
        .every((line) => /^(PATH|GREETING|PWD|SHLVL|_|OLDPWD)=/.test(line)),
    ).toBe(true);
    expect(stderr).toBe('problem\n');
    expect(termination.finishedAtMs).toBeGreaterThanOrEqual(termination.startedAtMs ?? Number.POSITIVE_INFINITY);
    expect(termination.maxRssKb).toBeGreaterThan(100);
    expect(agent.reported).toEqual([process.containerId]);
    expect(agent.cgroups()).toEqual([]);
  });

  it.each([
    ['exit 0', 0],
    ['exit 137', 137 << 8],
    ['kill -9 $$', 9],
    ['kill -15 $$', 15],
    ['ulimit -c 0; kill -6 $$', 6],
  ])('keeps the raw wait status of "%s"', async (script, waitStatus) => {
    expect((await agent.run(script)).termination.waitStatus).toBe(waitStatus);
  });

  it('runs a file under another name when the program is given apart', async () => {
    const started = await agent.launch(['another name', '-c', 'echo "$0"; tr "\\0" "|" </proc/$$/cmdline'], {
      program: 'sh',
    });
    expect((await agent.ended(started.containerId)).waitStatus).toBe(0);
    expect(agent.log(started, 'stdout')).toMatch(/^another name\nanother name\|-c\|/);
  });

  it('gives a task default signals, an empty mask, /dev/null as stdin and no other descriptor', async () => {
    const { stdout } = await agent.run('grep -E "^Sig(Blk|Ign)" /proc/self/status; ls /proc/self/fd; cat');
    expect(stdout).toBe(`SigBlk:\t${'0'.repeat(16)}\nSigIgn:\t${'0'.repeat(16)}\n0\n1\n2\n3\n`);
  });

  it('is never pid 1, and its parent reaps orphans', async () => {
    const { stdout } = await agent.run(
      'echo $$; (sh -c "sleep 0.01 & exit" &) ; sleep 0.2; ps -e -o stat= | grep -c Z',
    );
    expect(Number(stdout.split('\n')[0])).toBeGreaterThan(1);
    if (isolation.includes('namespaces/pid')) expect(stdout.trim().split('\n').at(-1)).toBe('0');
  });

  it('runs as the user of the task, with its groups, in a sandbox that belongs to it', async () => {
    const { stdout, process, termination } = await agent.run(
      'id -u; id -g; echo ok > file; echo again > /dev/stdout; stat -c %u .',
      {
        user: 'nobody',
      },
    );
    expect(termination.waitStatus).toBe(0);
    expect(stdout).toBe('65534\n65534\nagain\n65534\n');
    const { uid, mode } = statSync(process.checkpoint.sandboxDir);
    expect([uid, mode & 0o777]).toEqual([65534, 0o750]);
    expect(statSync(join(process.checkpoint.sandboxDir, 'stdout')).uid).toBe(65534);
  });

  it.each([
    { argv: ['/no/such/program'], message: /execute "\/no\/such\/program": ENOENT/ },
    { argv: ['no-such-program'], message: /execute "no-such-program": ENOENT/ },
    { argv: ['/etc/passwd'], message: /EACCES/ },
    { argv: ['sh', '-c', 'true'], user: 'no-such-user', message: /user "no-such-user" does not exist/ },
    { argv: ['true', 'a\0b'], message: /NUL/ },
    { argv: ['true', 'x'.repeat(3 << 20)], message: /E2BIG/ },
    { argv: ['true', 'x'.repeat(5 << 20)], message: /more than a program can be given/ },
    { argv: [], message: /no program/ },
    { argv: ['true'], containerId: '../escape', message: /no container id/ },
    { argv: ['true'], sandboxDir: '/etc/passwd/sandbox', message: /make the sandbox/ },
    { argv: ['true'], containerInfo: { type: 'DOCKER' as const }, message: /container\.type/ },
    { argv: ['true'], containerInfo: { type: 'MESOS' as const, tty_info: {} }, message: /container\.tty_info/ },
  ])('refuses what cannot run and leaves nothing: $message', async ({ argv, message, ...more }) => {
    await expect(agent.launch(argv, more)).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
      message: expect.stringMatching(message),
    });
    expect(agent.cgroups()).toEqual([]);
    expect(readdirSync(join(agent.dir, 'runtime/containers'))).toEqual([]);
    if (more.containerId === undefined) expect(findProcesses(agent.dir)).toEqual([]);
    expect(agent.reported).toEqual([]);
    expect((await agent.run('exit 4')).termination.waitStatus).toBe(4 << 8);
  });

  it('lets nothing of the task run before it is checkpointed', async () => {
    const spec = agent.spec(['sh', '-c', 'echo ran > mark']);
    let checkpoint: ContainerCheckpoint | undefined;
    await agent.containerizer.launch(spec, async (given) => {
      checkpoint = given;
      for (let i = 0; i < 50; i++) await turn();
      expect(existsSync(join(spec.sandboxDir, 'mark'))).toBe(false);
      expect(isAlive(given.supervisorPid)).toBe(true);
    });
    await agent.ended(spec.containerId);
    expect(existsSync(join(spec.sandboxDir, 'mark'))).toBe(true);
    expect(checkpoint).toMatchObject({ containerId: spec.containerId, sandboxDir: spec.sandboxDir });
  });

  it('undoes the launch when the checkpoint fails', async () => {
    const spec = agent.spec(['sh', '-c', 'echo ran > mark']);
    const disk = new Error('disk is full');
    await expect(agent.containerizer.launch(spec, () => Promise.reject(disk))).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
      cause: disk,
    });
    expect(existsSync(join(spec.sandboxDir, 'mark'))).toBe(false);
    expect(agent.cgroups()).toEqual([]);
    expect(readdirSync(join(agent.dir, 'runtime/containers'))).toEqual([]);
  });

  it('undoes the launch when the container is destroyed meanwhile', async () => {
    const spec = agent.spec(['sh', '-c', 'echo ran > mark']);
    const launch = agent.containerizer.launch(spec, () => agent.containerizer.destroy(spec.containerId));
    await expect(launch).rejects.toMatchObject({ code: 'LAUNCH_FAILED' });
    expect(existsSync(join(spec.sandboxDir, 'mark'))).toBe(false);
    expect(agent.cgroups()).toEqual([]);
  });

  it('refuses a second container with the same id', async () => {
    const first = await agent.shell('sleep 100');
    await expect(agent.launch(['true'], { containerId: first.containerId })).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
    });
    expect(isAlive(first.pid)).toBe(true);
  });

  it('signals every process of the task but not init', async () => {
    const script =
      'trap "echo outer; wait; exit 7" TERM; sh -c \'trap "echo inner; exit 0" TERM; echo ready; while :; do sleep 0.05; done\' & while :; do wait; done';
    const launched = await agent.shell(script);
    await agent.printed(launched, 'ready');
    await agent.containerizer.signal(launched.containerId, 15);
    const termination = await agent.ended(launched.containerId);
    expect(termination.waitStatus).toBe(7 << 8);
    expect(agent.log(launched, 'stdout').split('\n').sort()).toEqual(['', 'inner', 'outer', 'ready']);
  });

  it('stops and continues a task', async () => {
    const launched = await agent.shell('echo ready; while :; do sleep 0.01; done');
    await agent.printed(launched, 'ready');
    const stopped = async () =>
      (await agent.containerizer.signal(launched.containerId, 19)) ??
      findStates(launched.pid).every((state) => HELD.includes(state));
    expect(await until('all stopped', stopped)).toBe(true);
    await agent.containerizer.signal(launched.containerId, 18);
    await until('running again', () => findStates(launched.pid).some((state) => !HELD.includes(state)));
    await agent.containerizer.destroy(launched.containerId);
    expect((await agent.ended(launched.containerId)).waitStatus).toBe(9);
  });

  it('destroys double forks, new sessions and what ignores signals', async () => {
    const mark = `mark-${Math.random()}`;
    const launched = await agent.shell(
      `trap "" TERM INT HUP; for i in 1 2 3; do setsid sh -c "(sh -c 'trap \\"\\" TERM; while :; do sleep 0.05; done # ${mark}' &)" & done; echo ready; sleep 100`,
    );
    await agent.printed(launched, 'ready');
    await until('all are there', () => findProcesses(mark).length >= 3);
    await agent.containerizer.destroy(launched.containerId);
    expect((await agent.ended(launched.containerId)).waitStatus).toBe(9);
    expect(findProcesses(mark)).toEqual([]);
    expect(agent.cgroups()).toEqual([]);
  });

  it('ends what the task left behind before it reports the end', async () => {
    const mark = `mark-${Math.random()}`;
    const { termination } = await agent.run(
      `setsid sh -c 'while :; do sleep 0.05; done # ${mark}' & sleep 0.1; exit 5`,
    );
    expect(termination.waitStatus).toBe(5 << 8);
    expect(findProcesses(mark)).toEqual([]);
  });

  it('keeps the exit status through a fork bomb', async () => {
    const launched = await agent.launch(
      ['bash', '-c', `${BOUNDED}; b() { b | b & b; }; b & while [ $SECONDS -lt 1 ]; do :; done; exit 6`],
      {
        user: '64123',
      },
    );
    expect((await agent.ended(launched.containerId)).waitStatus).toBe(6 << 8);
    expect(findUserProcesses(64123)).toEqual([]);
  });

  it('destroys a fork bomb', async () => {
    const launched = await agent.launch(['bash', '-c', `${BOUNDED}; b() { b | b & b; }; b`], {
      user: '64124',
    });
    await until('the bomb is lit', () => findUserProcesses(64124).length > 20);
    await agent.containerizer.destroy(launched.containerId);
    expect((await agent.ended(launched.containerId)).waitStatus).toBe(9);
    expect(findUserProcesses(64124)).toEqual([]);
  });

  it('ignores containers that it does not know', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    await agent.containerizer.signal(unknown, 15);
    await agent.containerizer.destroy(unknown);
    expect(await agent.containerizer.usage(unknown)).toBeUndefined();
    expect(await agent.containerizer.status(unknown)).toBeUndefined();
  });

  it('tells usage and status while the container runs, and nothing after', async () => {
    const launched = await agent.shell('i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo busy; sleep 100');
    await agent.printed(launched, 'busy');
    const read = () => agent.containerizer.usage(launched.containerId);
    // The busy loop is over; on a machine that counts by ticks its time may show a moment later.
    await until('its processor time', async () => {
      const { cpus_user_time_secs: user = 0, cpus_system_time_secs: system = 0 } = (await read()) ?? {};
      return user + system > 0;
    });
    const usage = await read();
    expect(Number(usage?.mem_rss_bytes)).toBeGreaterThan(100_000);
    expect(usage?.cpus_limit).toBe(0.1);
    expect(await agent.containerizer.status(launched.containerId)).toEqual({
      container_id: { value: launched.containerId },
      executor_pid: launched.pid,
    });
    await agent.containerizer.destroy(launched.containerId);
    await agent.ended(launched.containerId);
    expect(await agent.containerizer.usage(launched.containerId)).toBeUndefined();
  });

  it('reports signal 9 when the supervisor itself is killed, and lets nothing live', async () => {
    const mark = `mark-${Math.random()}`;
    const launched = await agent.shell(
      `setsid sh -c 'while :; do sleep 0.05; done # ${mark}' & while :; do sleep 0.05; done`,
    );
    await until('all are there', () => findProcesses(mark).length > 0);
    process.kill(launched.checkpoint.supervisorPid, 'SIGKILL');
    expect(await agent.ended(launched.containerId)).toMatchObject({ waitStatus: 9 });
    await until('all are gone', () => findProcesses(mark).length === 0);
    expect(agent.cgroups()).toEqual([]);
  });

  it('survives the death of its launcher, and so do the containers', async () => {
    const launched = await agent.shell('while [ ! -e stop ]; do sleep 0.02; done; exit 8');
    const launcherPid = agent.containerizer.launcherPid ?? 0;
    process.kill(launcherPid, 'SIGKILL');
    await until('another launcher', () => (agent.containerizer.launcherPid ?? launcherPid) !== launcherPid);
    expect((await agent.run('exit 2')).termination.waitStatus).toBe(2 << 8);
    expect(isAlive(launched.pid)).toBe(true);
    await agent.run(`touch ${launched.checkpoint.sandboxDir}/stop`);
    expect((await agent.ended(launched.containerId)).waitStatus).toBe(8 << 8);
    expect(agent.reported.filter((id) => id === launched.containerId)).toHaveLength(1);
  });

  it('asks the next launcher when one dies before a program could begin', async () => {
    for (let i = 0; i < 5; i++) {
      process.kill(agent.containerizer.launcherPid ?? 0, 'SIGKILL');
      const { termination, stdout } = await agent.run('echo once; exit 3');
      expect([termination.waitStatus, stdout]).toEqual([3 << 8, 'once\n']);
      await until('another launcher', () => agent.containerizer.launcherPid !== undefined);
    }
    expect(agent.cgroups()).toEqual([]);
  });

  it('fails a launch whose launcher dies, and leaves nothing', async () => {
    const spec = agent.spec(['sh', '-c', 'echo ran > mark; sleep 100']);
    const launch = agent.containerizer.launch(spec, () => {
      process.kill(agent.containerizer.launcherPid ?? 0, 'SIGKILL');
      return Promise.resolve();
    });
    await expect(launch).rejects.toMatchObject({ code: 'LAUNCH_FAILED' });
    expect(agent.cgroups()).toEqual([]);
    expect(readdirSync(join(agent.dir, 'runtime/containers'))).toEqual([]);
    expect((await agent.run('exit 1')).termination.waitStatus).toBe(1 << 8);
  });

  it('leaks no descriptor, process or record over many containers', async () => {
    await agent.run('true');
    const launcherPid = agent.containerizer.launcherPid ?? 0;
    const before = [openDescriptors('self'), openDescriptors(launcherPid)];
    for (let i = 0; i < 30; i++) await agent.run(i % 3 === 0 ? 'exit 1' : 'true');
    for (let i = 0; i < 10; i++) await agent.launch(['/no/such/program']).catch(() => undefined);
    await until('as many as before', () => openDescriptors(launcherPid) <= (before[1] ?? 0));
    expect(openDescriptors('self')).toBeLessThanOrEqual((before[0] ?? 0) + 2);
    expect(agent.cgroups()).toEqual([]);
    expect(readFileSync(`/proc/${launcherPid}/status`, 'utf8')).toMatch(/VmRSS:\s+\d{1,4} kB/);
  });

  it('has a supervisor of about one megabyte', async () => {
    const launched = await agent.shell('echo ready; sleep 100', {
      environment: { PATH: '/usr/bin:/bin', BIG: 'x'.repeat(100_000) },
    });
    await agent.printed(launched, 'ready');
    const rss = /VmRSS:\s+(\d+) kB/.exec(
      readFileSync(`/proc/${launched.checkpoint.supervisorPid}/status`, 'utf8'),
    )?.[1];
    expect(Number(rss)).toBeLessThan(1200);
  });
});

/** States of all descendants of `pid`. */
function findStates(pid: number): readonly string[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((each) => each !== '')
    .map(Number);
  return children.flatMap((child) => {
    try {
      return [readFileSync(`/proc/${child}/stat`, 'utf8').split(') ').at(-1)?.charAt(0) ?? '', ...findStates(child)];
    } catch {
      return [];
    }
  });
}

function findUserProcesses(uid: number): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return new RegExp(`^Uid:\\t${uid}\\t`, 'm').test(readFileSync(`/proc/${name}/status`, 'utf8'));
    } catch {
      return false;
    }
  });
}
