/** What a task sees and can reach, on this machine: namespaces, /proc, mounts, cgroups, limits of its own. */
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { LinuxContainerizerOptions } from '../../../src/runtime/linux-containerizer-options.js';
import { ACCOUNTING, Agent, buildSupervisor, isRoot, NAMESPACES } from './fixture.js';

if (!isRoot) console.log('containerizer isolation tests: skipped, they need root');

describe.skipIf(!isRoot)('isolation', () => {
  let agent: Agent;
  beforeAll(buildSupervisor);
  afterEach(() => agent.dispose());

  async function open(options: Partial<LinuxContainerizerOptions> = {}): Promise<void> {
    agent = await Agent.open({ isolation: [...ACCOUNTING, ...NAMESPACES, 'namespaces/cgroup'], ...options });
  }

  it('gives each container namespaces of its own, and shares the rest', async () => {
    await open();
    const names = ['pid', 'mnt', 'ipc', 'uts', 'cgroup', 'net', 'user'];
    const [first, second] = [await agent.shell('sleep 100'), await agent.shell('sleep 100')];
    const linksOf = (pid: number | 'self') => names.map((name) => readlinkSync(`/proc/${pid}/ns/${name}`));
    const [ours, one, other] = [linksOf('self'), linksOf(first.pid), linksOf(second.pid)];
    const own = [true, true, true, true, true, false, false];
    expect(one.map((link, i) => link !== ours[i])).toEqual(own);
    expect(one.map((link, i) => link !== other[i])).toEqual(own);
  });

  it('shows only the processes of the container', async () => {
    await open();
    const { stdout } = await agent.run('ps -e -o pid=,comm=');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/)[1]),
    ).toEqual(['mesoctl-init', 'sh', 'ps']);
  });

  it('leaves no mount on the host, and takes none from it', async () => {
    await open();
    const before = readFileSync('/proc/self/mountinfo', 'utf8');
    const { termination } = await agent.run('mkdir m && mount -t tmpfs none m && touch m/inside');
    expect(termination.waitStatus).toBe(0);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before);
  });

  it('hides the directories of the agent', async () => {
    const hidden = mkdtempSync(join(tmpdir(), 'mesoctl-hidden-'));
    onTestFinished(() => rmSync(hidden, { recursive: true }));
    writeFileSync(join(hidden, 'secret'), 'x');
    await open({ maskedDirs: [hidden] });
    const { stdout } = await agent.run(
      `ls ${agent.dir}/runtime ${hidden}; touch ${agent.dir}/runtime/x ${hidden}/x 2>&1; true`,
    );
    expect(stdout).not.toContain('containers');
    expect(stdout).not.toContain('secret');
    expect(stdout.match(/Read-only file system/g)).toHaveLength(2);
    await expect(agent.launch(['true'], { sandboxDir: join(hidden, 'sandbox') })).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
      message: expect.stringContaining('hidden'),
    });
  });

  it('keeps a task that is not root away from the runtime directory even without a mount namespace', async () => {
    await open({ isolation: [...ACCOUNTING] });
    const { termination } = await agent.run(`ls ${agent.dir}/runtime`, { user: 'nobody' });
    expect(termination.waitStatus).not.toBe(0);
  });

  it('has its own host name, or the one asked for', async () => {
    await open();
    expect((await agent.run('hostname')).stdout).toBe(`${hostname()}\n`);
    expect((await agent.run('hostname', { hostname: 'other' })).stdout).toBe('other\n');
    expect((await agent.run('hostname', { containerInfo: { type: 'MESOS', hostname: 'third' } })).stdout).toBe(
      'third\n',
    );
    await agent.run('hostname changed');
    expect(hostname()).not.toBe('changed');
    await expect(agent.run('true', { hostname: 'x'.repeat(65) })).rejects.toMatchObject({ code: 'LAUNCH_FAILED' });
  });

  it('refuses a host name where there is no uts namespace', async () => {
    await open({ isolation: [...ACCOUNTING] });
    await expect(agent.run('true', { hostname: 'other' })).rejects.toMatchObject({
      message: expect.stringContaining('container.hostname'),
    });
  });

  it('has a /dev/shm of its own', async () => {
    await open();
    const name = `mesoctl-${process.pid}`;
    expect((await agent.run(`touch /dev/shm/${name}; ls /dev/shm`)).stdout).toBe(`${name}\n`);
    expect(existsSync(`/dev/shm/${name}`)).toBe(false);
  });

  it('sees its own cgroup as the root of the tree, read-only', async () => {
    await open();
    const mount = /^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1] ?? '';
    const { stdout } = await agent.run(
      `grep ^0: /proc/self/cgroup; wc -l < ${mount}/cgroup.procs; touch ${mount}/x 2>&1; mkdir ${mount}/y 2>&1`,
    );
    expect(stdout.split('\n').slice(0, 1)).toEqual(['0::/']);
    expect(Number(stdout.split('\n')[1])).toBeGreaterThanOrEqual(2);
    expect(stdout.match(/Read-only file system/g)).toHaveLength(2);
  });

  it('is in its cgroup from the first instruction, and the supervisor is not', async () => {
    await open();
    const launched = await agent.shell('sleep 100');
    const pathOf = (pid: number) => /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
    expect(pathOf(launched.pid)).toBe(`/${agent.cgroupsRoot}/${launched.containerId}`);
    expect(pathOf(launched.checkpoint.supervisorPid)).toBe(`/${agent.cgroupsRoot}/supervisors`);
    expect(pathOf(process.pid)).not.toContain(agent.cgroupsRoot);
  });

  it('sets resource limits that the task asks for', async () => {
    await open({ isolation: [...ACCOUNTING, 'posix/rlimits'] });
    const rlimits = [
      { type: 'RLMT_NOFILE' as const, soft: 64, hard: 128 },
      { type: 'RLMT_CORE' as const, soft: 0, hard: 0 },
    ];
    const containerInfo = { type: 'MESOS' as const, rlimit_info: { rlimits } };
    expect((await agent.run('ulimit -Sn; ulimit -Hn; ulimit -c', { containerInfo })).stdout).toBe('64\n128\n0\n');
    const halved = { type: 'MESOS' as const, rlimit_info: { rlimits: [{ type: 'RLMT_CPU' as const, soft: 1 }] } };
    await expect(agent.run('true', { containerInfo: halved })).rejects.toMatchObject({
      message: expect.stringContaining('RLMT_CPU'),
    });
  });

  it('refuses resource limits where their isolator is off', async () => {
    await open();
    const containerInfo = { type: 'MESOS' as const, rlimit_info: { rlimits: [] } };
    await expect(agent.run('true', { containerInfo })).rejects.toMatchObject({
      message: expect.stringContaining('rlimit_info'),
    });
  });

  it('takes away the privileges of root in a user namespace', async () => {
    await open({ isolation: [...ACCOUNTING, ...NAMESPACES, 'namespaces/user'] });
    const { stdout } = await agent.run(
      'id -u; cat /proc/self/uid_map; hostname inside && hostname; mknod d c 1 3 2>&1',
    );
    expect(stdout).toMatch(/^0\n\s+0\s+0\s+4294967295\ninside\n/);
    expect(stdout).toMatch(/Operation not permitted/);
    const nobody = await agent.run('id -u; id -G', { user: 'nobody' });
    expect(nobody.stdout).toBe('65534\n65534\n');
  });

  it('never switches users when told so', async () => {
    await open({ switchUser: false });
    expect((await agent.run('id -u', { user: 'nobody' })).stdout).toBe('0\n');
  });

  it('says which isolators this machine cannot have, and what to pass instead', async () => {
    await open();
    const controllers =
      agent.cgroupDir === undefined ? '' : readFileSync(join(agent.cgroupDir, 'cgroup.controllers'), 'utf8');
    if (/cpu.*memory.*pids/.test(controllers)) {
      console.log('isolation: nothing is missing here, so the refusal cannot be seen');
      return;
    }
    await expect(Agent.open({ isolation: undefined })).rejects.toMatchObject({
      code: 'ISOLATION_MISSING',
      message: expect.stringContaining('cgroups/mem: the memory controller is not on the cgroup v2 tree'),
      suggestions: [expect.stringMatching(/^--isolation=.*posix\/cpu,posix\/mem.*namespaces\/pid/), 'mesoctl doctor'],
    });
  });

  it.each([
    { isolation: ['cgroups/nonsense'], message: /unknown isolator "cgroups\/nonsense"; known are/ },
    { isolation: ['posix/cpu', 'process'], message: /names "posix\/cpu" twice/ },
    { isolation: ['network/cni'], message: /does not have the Mesos isolator "network\/cni" yet/ },
    { isolation: ['namespaces/pid'], message: /namespaces\/pid needs namespaces\/mnt/ },
  ])('refuses --isolation=$isolation', async ({ isolation, message }) => {
    await open();
    await expect(Agent.open({ isolation })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(message),
    });
  });

  it('refuses a cgroups root outside of its place, and containers that nothing can track', async () => {
    await open();
    for (const cgroupsRoot of ['', '/', '../x', 'a/../b'])
      await expect(Agent.open({ cgroupsRoot })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(Agent.open({ cgroupMount: null, isolation: [...ACCOUNTING] })).rejects.toMatchObject({
      code: 'ISOLATION_MISSING',
      message: expect.stringContaining('cannot be tracked'),
    });
  });
});
