/**
 * What a command task of a real agent gets: its command line, environment, user, working directory, output files and
 * namespaces; and what it is refused, with the field's name. Issue 2, section 4; spec pages 02 (2.4), 08, 13, 14.
 */
import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Json, scalars } from '../harness/api.mjs';
import type { Cluster } from '../harness/cluster.mjs';
import { agentOf, Framework, isRoot, startAgentCluster } from './agent-fixture.js';

const NOBODY = 65534;
const FLAG_VARIABLES = { FROM_FLAG: 'flag', OVERRIDDEN: 'flag', MESOS_SANDBOX: 'lie', MESOS_FRAMEWORK_ID: 'lie' };

if (!isRoot) console.log('agent tasks: skipped, users and namespaces need root');

describe.skipIf(!isRoot)('command tasks', () => {
  let cluster: Cluster;
  let framework: Framework;

  beforeAll(async () => {
    const variables = ['--executor-environment-variables', JSON.stringify(FLAG_VARIABLES)];
    const logs = ['--max-log-size', '4KB', '--max-log-files', '2'];
    cluster = await startAgentCluster([...variables, ...logs], { AGENT_SECRET: 'hidden' });
    framework = await Framework.subscribe(cluster);
  });
  afterAll(() => cluster?.stop());

  it('reports STARTING, RUNNING and FINISHED with container, process and address', async () => {
    const { task, end } = await framework.run('true');
    expect(task.states()).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
    expect(end.message).toBe('Command exited with status 0');
    const running = task.statuses()[1];
    expect(running).toMatchObject({
      source: 'SOURCE_EXECUTOR',
      executor_id: { value: task.id },
      container_status: {
        container_id: { value: expect.stringMatching(/^[0-9a-f-]{36}$/) },
        executor_pid: expect.any(Number),
        network_infos: [{ ip_addresses: [{ protocol: 'IPv4', ip_address: '127.0.0.1' }] }],
      },
    });
    const uuids = task.statuses().map((status) => status.uuid);
    expect(new Set(uuids).size).toBe(3);
    const times = task.statuses().map((status) => status.timestamp);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('runs a shell line through sh, and argv without one', async () => {
    const shell = await framework.run('echo "$0 $((6 * 7))" | tr 4 x; exit 3');
    expect(shell.end).toMatchObject({ state: 'TASK_FAILED', message: 'Command exited with status 3' });
    expect(shell.task.stdout).toBe('/bin/sh x2\n');
    const words = ['printf', '%s|', 'a b', '$HOME', '', "it's", '*', 'ü'];
    const argv = await framework.run({ shell: false, value: 'printf', arguments: words });
    expect(argv.task.stdout).toBe("a b|$HOME||it's|*|ü|");
    const bare = await framework.run({ shell: false, value: 'pwd' });
    expect(bare.task.stdout).toBe(`${bare.task.sandbox}\n`);
  });

  it.each([
    ['exit 137', 'Command exited with status 137'],
    ['kill -9 $$', 'Command terminated with signal Killed'],
    ['kill -15 $$', 'Command terminated with signal Terminated'],
    ['ulimit -c 0; kill -11 $$', 'Command terminated with signal Segmentation fault'],
    ['ulimit -c unlimited; kill -6 $$', 'Command terminated with signal Aborted (core dumped)'],
  ])('tells exit codes from signals: %s', async (command, message) => {
    const { end } = await framework.run(`cd /tmp/. && cd - >/dev/null; ${command}`);
    // Whether a core is dumped is the machine's to decide (core_pattern, disk).
    expect(end.state).toBe('TASK_FAILED');
    expect([message, message.replace(' (core dumped)', '')]).toContain(end.message);
  });

  it('has the environment that Mesos promises, its own on top, and nothing of the agent', async () => {
    const variables = [
      { name: 'OVERRIDDEN', value: 'task' },
      { name: 'EMPTY', value: '' },
      { name: 'LINES', value: 'a\nb' },
      { name: 'MESOS_ALLOCATION_ROLE', value: 'lie' },
    ];
    const { task } = await framework.run({ value: 'cat /proc/self/environ', environment: { variables } });
    const entries = task.stdout.split('\0').filter((entry) => entry !== '');
    const environment = Object.fromEntries(entries.map((entry) => entry.split(/=(.*)/s)));
    expect(entries).toHaveLength(Object.keys(environment).length);
    const endpoint = agentOf(cluster).address;
    expect(environment).toMatchObject({
      FROM_FLAG: 'flag',
      OVERRIDDEN: 'task',
      EMPTY: '',
      LINES: 'a\nb',
      HOME: task.sandbox,
      PWD: task.sandbox,
      MESOS_SANDBOX: task.sandbox,
      MESOS_DIRECTORY: task.sandbox,
      MESOS_FRAMEWORK_ID: framework.scheduler.frameworkId.value,
      MESOS_EXECUTOR_ID: task.id,
      MESOS_TASK_ID: task.id,
      MESOS_SLAVE_ID: task.statuses()[0].agent_id.value,
      MESOS_SLAVE_PID: `slave(1)@${endpoint}`,
      MESOS_AGENT_ENDPOINT: endpoint,
      MESOS_CHECKPOINT: '1',
      MESOS_RECOVERY_TIMEOUT: '15mins',
      MESOS_SUBSCRIPTION_BACKOFF_MAX: '2secs',
      MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: '5secs',
      MESOS_HTTP_COMMAND_EXECUTOR: '0',
      MESOS_ALLOCATION_ROLE: '*',
      LIBPROCESS_PORT: '0',
    });
    expect(environment).toHaveProperty('PATH');
    expect(environment).not.toHaveProperty('AGENT_SECRET');
  });

  it.each([
    ['MESOS_ALLOCATION_ROLE=admin', 'a name with an equals sign'],
    ['', 'an empty name'],
  ])('refuses an environment variable that would be another one: "%s"', async (name) => {
    const variables = [{ name, value: 'x' }];
    const { task, end } = await framework.run({ value: 'touch ran', environment: { variables } });
    expect(end).toMatchObject({ state: 'TASK_FAILED', reason: 'REASON_CONTAINER_LAUNCH_FAILED' });
    expect(end.message).toContain('environment variable');
    expect(existsSync(join(task.sandbox, 'ran'))).toBe(false);
  });

  it('runs as the user asked for, in a sandbox of its own, away from the directories of the agent', async () => {
    const { workDir } = agentOf(cluster);
    const script = [
      'id -u; id -g; id -G; stat -c "%u %g %a" .; cd "$MESOS_SANDBOX" && touch mine && echo entered',
      'grep -E "^Cap(Eff|Prm|Amb)" /proc/self/status',
      `for dir in . runtime checkpoint slaves "$MESOS_SANDBOX/.." "$MESOS_SANDBOX/../../.."; do`,
      `  case $dir in /*) ;; *) dir=${workDir}/$dir;; esac; touch "$dir/x" && echo "wrote $dir"; done`,
      `cat ${workDir}/checkpoint/* ${workDir}/runtime/containers/*/* && echo read; kill -9 1 && echo killed init; true`,
    ].join('\n');
    const { task, end } = await framework.run({ user: 'nobody', value: script });
    expect(end.state).toBe('TASK_FINISHED');
    const zeros = '0'.repeat(16);
    expect(task.stdout).toBe(
      `${NOBODY}\n${NOBODY}\n${NOBODY}\n${NOBODY} ${NOBODY} 750\nentered\nCapPrm:\t${zeros}\nCapEff:\t${zeros}\nCapAmb:\t${zeros}\n`,
    );
    for (const name of ['.', 'stdout', 'stderr', 'mine']) expect(statSync(join(task.sandbox, name)).uid).toBe(NOBODY);
    expect(statSync(join(task.sandbox, '..')).uid).toBe(0);
  });

  it('runs as the user of the framework when the command names none', async () => {
    const other = await framework.makeRoom({ user: 'nobody' });
    onTestFinished(() => framework.takeBack(other));
    const { task } = await other.run('id -un');
    expect(task.stdout).toBe('nobody\n');
  });

  it('fails a task of an unknown user', async () => {
    const { task, end } = await framework.run({ user: 'no-such-user', value: 'touch ran' });
    expect(end).toMatchObject({ state: 'TASK_FAILED', reason: 'REASON_CONTAINER_LAUNCH_FAILED' });
    expect(end.message).toContain('"no-such-user" does not exist');
    expect(task.states()).not.toContain('TASK_RUNNING');
  });

  it.each([
    [{ shell: false, value: '/no/such/program' }, /execute "\/no\/such\/program": ENOENT/],
    [{ shell: false, value: '/etc/passwd' }, /EACCES/],
    [{ shell: false, value: 'true', arguments: ['true', 'x'.repeat(200_000)] }, /E2BIG/],
    [{ shell: true }, /command\.value/],
    [{ value: '' }, /command\.value/],
    [{ value: 'true', environment: { variables: [{ name: 'N', value: 'a\0b' }] } }, /NUL/],
  ])('fails what cannot be executed, %#', async (command, message) => {
    const { task, end } = await framework.run(command);
    expect(end).toMatchObject({ state: 'TASK_FAILED', reason: 'REASON_CONTAINER_LAUNCH_FAILED' });
    expect(end.message).toMatch(message);
    expect(task.states()).not.toContain('TASK_RUNNING');
  });

  it('takes ids up to the longest file name, and fails longer ones instead of losing them', async () => {
    const fits = await framework.run('true', { id: 'i'.repeat(255) });
    expect(fits.end.state).toBe('TASK_FINISHED');
    const { end } = await framework.run('true', { id: 'j'.repeat(256) });
    expect(['TASK_ERROR', 'TASK_FAILED']).toContain(end.state);
  });

  it('keeps stdout and stderr apart, rotates both and keeps as many old files as it was told', async () => {
    const lines = 'i=1000; while [ $i -lt 2900 ]; do echo "out $i"; echo "err $i" >&2; i=$((i+1)); done';
    const { task } = await framework.run(lines);
    const files = ['stderr', 'stderr.1', 'stderr.2', 'stdout', 'stdout.1', 'stdout.2'];
    expect(readdirSync(task.sandbox).sort()).toEqual(files);
    for (const name of files) expect(statSync(join(task.sandbox, name)).size).toBeLessThanOrEqual(4096);
    for (const [name, word] of [
      ['stdout', 'out'],
      ['stderr', 'err'],
    ]) {
      const text = [`${name}.2`, `${name}.1`, name].map((each) => task.file(each ?? '')).join('');
      expect(text.endsWith(`${word} 2899\n`)).toBe(true);
      expect(text).toMatch(new RegExp(`^(${word} \\d+\\n)+$`));
    }
  });

  it('does not hold up a task that closes its output, or another one beside a flood', async () => {
    const flood = await framework.start('exec cat /dev/zero');
    await flood.reaches('TASK_RUNNING');
    const { end } = await framework.run('exec >&- 2>&-; sleep 0.1; exit 4');
    expect(end.message).toBe('Command exited with status 4');
    for (const name of ['stdout', 'stdout.1', 'stdout.2'])
      expect(statSync(join(flood.sandbox, name), { throwIfNoEntry: false })?.size ?? 0).toBeLessThanOrEqual(4096);
    await flood.kill(0);
    expect((await flood.ended()).state).toBe('TASK_KILLED');
  });

  it('sees its own processes only, is not pid 1, and has host name, ipc, mounts and cgroup of its own', async () => {
    const script = [
      'echo "pid $$"; ps -e -o comm= > ps; echo $(cat ps)',
      'hostname; ipcmk -M 64 >/dev/null; ipcs -m | grep -c 0x; touch /dev/shm/agent-test; ls /dev/shm',
      'mkdir m; mount -t tmpfs none m && touch m/inside; grep ^0: /proc/self/cgroup',
      'for n in pid mnt ipc uts cgroup net user; do readlink /proc/self/ns/$n; done; hostname changed',
    ].join('\n');
    const { task, end } = await framework.run(script);
    expect(end.state).toBe('TASK_FINISHED');
    const lines = task.stdout.trim().split('\n');
    expect(Number(lines[0]?.split(' ')[1])).toBeGreaterThan(1);
    expect(lines[1]?.trim().split(' ')).toEqual(['mesoctl-init', 'sh', 'ps']);
    expect(lines.slice(2, 6)).toEqual([hostname(), '1', 'agent-test', '0::/']);
    expect(existsSync('/dev/shm/agent-test')).toBe(false);
    expect(readdirSync(join(task.sandbox, 'm'))).toEqual([]);
    expect(hostname()).not.toBe('changed');
    const own = lines.slice(6);
    const ours = ['pid', 'mnt', 'ipc', 'uts', 'cgroup', 'net', 'user'].map((name) =>
      readlinkSync(`/proc/self/ns/${name}`),
    );
    expect(own.map((link, i) => link === ours[i])).toEqual([false, false, false, false, false, true, true]);
    const named = await framework.run('hostname', { info: { container: { type: 'MESOS', hostname: 'asked-for' } } });
    expect(named.task.stdout).toBe('asked-for\n');
  });

  it('leaves no descriptor open in a task, and gives it default signals', async () => {
    const { task } = await framework.run('ls /proc/self/fd | tr "\\n" " "; grep -E "^Sig(Blk|Ign)" /proc/self/status');
    expect(task.stdout).toBe(`0 1 2 3 SigBlk:\t${'0'.repeat(16)}\nSigIgn:\t${'0'.repeat(16)}\n`);
  });

  it.each([
    ['container.docker', { container: { type: 'DOCKER', docker: { image: 'alpine' } } }],
    ['container.mesos.image', mesos({ mesos: { image: { type: 'DOCKER', docker: { name: 'alpine' } } } })],
    ['command.uris', { command: { value: 'touch ran', uris: [{ value: 'http://127.0.0.1:1/x' }] } }],
    ['health_check', { health_check: { type: 'COMMAND', command: { value: 'true' } } }],
    ['check', { check: { type: 'COMMAND', command: { command: { value: 'true' } } } }],
    ['container.volumes', mesos({ volumes: [{ mode: 'RW', container_path: 'p', host_path: '/tmp' }] })],
    ['container.network_infos', mesos({ network_infos: [{ name: 'net' }] })],
    [
      'container.network_infos',
      mesos({ network_infos: [{ port_mappings: [{ host_port: 31000, container_port: 80 }] }] }),
    ],
    ['container.rlimit_info', mesos({ rlimit_info: { rlimits: [{ type: 'RLMT_NOFILE', soft: 10, hard: 10 }] } })],
    ['container.tty_info', mesos({ tty_info: {} })],
    ['effective_capabilities', mesos({ linux_info: { effective_capabilities: { capabilities: ['NET_RAW'] } } })],
    ['bounding_capabilities', mesos({ linux_info: { bounding_capabilities: { capabilities: ['NET_RAW'] } } })],
    ['container.linux_info.seccomp', mesos({ linux_info: { seccomp: { profile_name: 'x' } } })],
    ['container.linux_info.share_pid_namespace', mesos({ linux_info: { share_pid_namespace: true } })],
    ['container.linux_info.ipc_mode', mesos({ linux_info: { ipc_mode: 'PRIVATE' } })],
    ['limits.cpus', { limits: { cpus: { value: 1 } } }],
    ['limits.mem', { limits: { mem: { value: 64 } } }],
    ['gpus', { resources: scalars({ cpus: 0.1, mem: 32, gpus: 1 }) }],
    [
      'command.environment.variables.secret',
      {
        command: {
          value: 'touch ran',
          environment: {
            variables: [{ name: 'S', type: 'SECRET', secret: { type: 'VALUE', value: { data: 'eA==' } } }],
          },
        },
      },
    ],
    [
      'executor',
      {
        command: undefined,
        executor: { executor_id: { value: 'custom' }, type: 'CUSTOM', command: { value: 'touch ran' } },
      },
    ],
  ])('refuses %s by name, and runs nothing', async (field, info: Json) => {
    const { task, end } = await framework.run('touch ran', { info });
    expect(['TASK_FAILED', 'TASK_ERROR']).toContain(end.state);
    expect(end.message).toContain(field);
    expect(task.states()).not.toContain('TASK_RUNNING');
    if (task.containerId !== undefined) expect(existsSync(join(task.sandbox, 'ran'))).toBe(false);
  });

  it('refuses a task group by name', async () => {
    const id = 'group-member';
    await framework.accept((offer) => [
      {
        type: 'LAUNCH_GROUP',
        launch_group: {
          executor: {
            executor_id: { value: 'pod' },
            type: 'DEFAULT',
            framework_id: framework.scheduler.frameworkId,
            resources: scalars({ cpus: 0.1, mem: 32, disk: 32 }),
          },
          task_group: {
            tasks: [
              {
                name: id,
                task_id: { value: id },
                agent_id: offer.agent_id,
                resources: scalars({ cpus: 0.1, mem: 32 }),
                command: { value: 'true' },
              },
            ],
          },
        },
      },
    ]);
    const update = await framework.scheduler.waitFor('UPDATE', (event) => event.update.status.task_id.value === id);
    await framework.acknowledgeAll();
    expect(update.update.status.state).toMatch(/^TASK_(FAILED|ERROR)$/);
    expect(update.update.status.message).toMatch(/task groups|LAUNCH_GROUP/);
  });
});

function mesos(more: Json): Json {
  return { container: { type: 'MESOS', ...more } };
}
