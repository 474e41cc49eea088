import { describe, expect, test } from 'vitest';
import {
  CoreHarness,
  containerCheckpoint,
  FRAMEWORK_ID,
  frameworkInfo,
  runTasks,
  statesOf,
  taskInfo,
} from './core-harness.js';

const KILLING = frameworkInfo(['PARTITION_AWARE', 'TASK_KILLING_STATE']);

describe('a command task', () => {
  test('goes through starting and running to finished', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    agent.terminate(containerId, { waitStatus: 0 });
    const statuses = agent.drain();
    expect(statesOf(statuses)).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
    const [starting, running, finished] = statuses;
    expect(starting).toMatchObject({ source: 'SOURCE_EXECUTOR', executor_id: { value: 't1' } });
    expect(running?.container_status).toEqual({
      container_id: { value: containerId },
      executor_pid: 100,
      network_infos: [{ ip_addresses: [{ protocol: 'IPv4', ip_address: '10.0.0.7' }] }],
    });
    expect(finished).toMatchObject({ message: 'Command exited with status 0', agent_id: { value: 'm1-S0' } });
    expect(finished?.reason).toBeUndefined();
    expect(new Set(statuses.map((status) => Buffer.from(status.uuid ?? []).toString('hex'))).size).toBe(3);
    expect(agent.store.read()).toMatchObject({ tasks: [], updates: [], containers: [], frameworks: [] });
  });

  test.each([
    [0, 'TASK_FINISHED', 'Command exited with status 0'],
    [3 << 8, 'TASK_FAILED', 'Command exited with status 3'],
    [137 << 8, 'TASK_FAILED', 'Command exited with status 137'],
    [9, 'TASK_FAILED', 'Command terminated with signal Killed'],
    [11 | 0x80, 'TASK_FAILED', 'Command terminated with signal Segmentation fault (core dumped)'],
    [undefined, 'TASK_FAILED', 'Failed to get exit status for Command'],
  ])('wait status %s is %s', (waitStatus, state, message) => {
    const agent = new CoreHarness();
    agent.terminate(agent.start('t1'), { waitStatus });
    expect(agent.drain().at(-1)).toMatchObject({ state, message, source: 'SOURCE_EXECUTOR' });
  });

  test('that hit its memory limit fails with the numbers, also while being killed', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    agent.kill('t1');
    const resources = [{ name: 'mem', type: 'SCALAR' as const, scalar: { value: 64 } }];
    agent.terminate(containerId, {
      waitStatus: 9,
      limitation: { reason: 'REASON_CONTAINER_LIMITATION_MEMORY', message: 'Memory limit exceeded: 64MB', resources },
    });
    expect(agent.drain().at(-1)).toMatchObject({
      state: 'TASK_FAILED',
      source: 'SOURCE_AGENT',
      reason: 'REASON_CONTAINER_LIMITATION_MEMORY',
      message: 'Memory limit exceeded: 64MB',
      limitation: { resources },
    });
  });

  test('that ends before its launch is known was running all the same', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')]));
    const containerId = agent.lastLaunch();
    agent.post({ kind: 'container-starting', checkpoint: containerCheckpoint(containerId) });
    agent.terminate(containerId, { waitStatus: 0 });
    agent.post({ kind: 'container-launched', containerId, pid: 5 });
    expect(statesOf(agent.drain())).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
  });

  test('whose container cannot be made has failed', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')]));
    agent.post({ kind: 'container-launch-failed', containerId: agent.lastLaunch(), message: 'no such user' });
    expect(agent.drain().at(-1)).toMatchObject({
      state: 'TASK_FAILED',
      source: 'SOURCE_AGENT',
      reason: 'REASON_CONTAINER_LAUNCH_FAILED',
      message: 'Failed to launch container: no such user',
    });
    expect(agent.core.view.launchErrors).toBe(1);
  });

  test('may begin only after it and its container are durable', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')]));
    const containerId = agent.lastLaunch();
    expect(agent.store.read().tasks).toHaveLength(1);
    agent.take('release-launch');
    const effects = agent.post({ kind: 'container-starting', checkpoint: containerCheckpoint(containerId) });
    expect(effects.map(({ type, kind }) => [type, kind])).toEqual([
      ['persist', 'change'],
      ['afterPersist', 'release-launch'],
    ]);
  });

  test('is not launched twice when its order comes twice', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')]));
    agent.frame(runTasks([taskInfo('t1')]));
    expect(agent.launches).toHaveLength(1);
  });

  test('may use the id of a task that is over and acknowledged', () => {
    const agent = new CoreHarness();
    agent.terminate(agent.start('t1'), { waitStatus: 0 });
    agent.drain();
    agent.terminate(agent.start('t1'), { waitStatus: 256 });
    expect(statesOf(agent.drain())).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FAILED']);
  });

  test('is ended when its time to complete is over', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1', { max_completion_time: { nanoseconds: 5e9 } }, { framework_info: KILLING });
    agent.advance(4_999);
    expect(agent.take('destroy-container')).toHaveLength(0);
    agent.advance(1);
    expect(agent.take('destroy-container')).toMatchObject([{ containerId }]);
    agent.terminate(containerId, { waitStatus: 9 });
    const statuses = agent.drain();
    expect(statesOf(statuses)).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FAILED']);
    expect(statuses.at(-1)).toMatchObject({
      reason: 'REASON_MAX_COMPLETION_TIME_REACHED',
      message: 'Command terminated with signal Killed',
    });
  });
});

describe('what is not supported', () => {
  const image = { type: 'DOCKER' as const, docker: { name: 'debian' } };
  test.each([
    ['executor', { executor: { executor_id: { value: 'e' } } }],
    ['health_check', { health_check: { type: 'TCP' as const } }],
    ['check', { check: { type: 'COMMAND' as const } }],
    ['command.uris', { command: { value: 'x', uris: [{ value: 'http://a/b' }] } }],
    [
      'command.environment.variables.secret (KEY)',
      { command: { value: 'x', environment: { variables: [{ name: 'KEY', type: 'SECRET' as const }] } } },
    ],
    ['container.docker', { container: { type: 'DOCKER' as const } }],
    ['container.mesos.image', { container: { type: 'MESOS' as const, mesos: { image } } }],
    [
      'container.volumes',
      { container: { type: 'MESOS' as const, volumes: [{ container_path: '/x', mode: 'RO' as const }] } },
    ],
    ['container.network_infos', { container: { type: 'MESOS' as const, network_infos: [{ name: 'net' }] } }],
    ['container.tty_info', { container: { type: 'MESOS' as const, tty_info: {} } }],
    ['container.linux_info.shm_size', { container: { type: 'MESOS' as const, linux_info: { shm_size: 1 } } }],
    [
      'container.linux_info.share_pid_namespace',
      { container: { type: 'MESOS' as const, linux_info: { share_pid_namespace: true } } },
    ],
    ['resources.gpus', { resources: [{ name: 'gpus', type: 'SCALAR' as const, scalar: { value: 1 } }] }],
    [
      'resources.revocable (cpus)',
      { resources: [{ name: 'cpus', type: 'SCALAR' as const, scalar: { value: 1 }, revocable: {} }] },
    ],
    [
      'resources.disk.volume',
      {
        resources: [
          {
            name: 'disk',
            type: 'SCALAR' as const,
            scalar: { value: 1 },
            disk: { volume: { container_path: 'v', mode: 'RW' as const } },
          },
        ],
      },
    ],
    ['limits.disk', { limits: { disk: { value: 1 } } }],
  ])('%s is named and nothing is run', (field, more) => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1', more)]));
    expect(agent.launches).toHaveLength(0);
    const [status] = agent.drain();
    expect(status).toMatchObject({ state: 'TASK_FAILED', reason: 'REASON_CONTAINER_LAUNCH_FAILED' });
    expect(status?.message).toBe(`Failed to launch container: this agent does not support ${field}`);
    expect(status?.container_status).toBeUndefined();
    expect(agent.store.read().tasks).toHaveLength(0);
  });

  test('groups and executors fail every task', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1'), taskInfo('t2')], { group: true }));
    agent.frame(runTasks([taskInfo('t3')], { executor: { executor_id: { value: 'e' } } }));
    expect(agent.drain().map(({ message }) => message)).toEqual([
      'Failed to launch container: this agent does not support task groups (LAUNCH_GROUP)',
      'Failed to launch container: this agent does not support task groups (LAUNCH_GROUP)',
      'Failed to launch container: this agent does not support executor',
    ]);
  });

  test.each([
    ['an empty list', { command: { value: 'x', uris: [] } }],
    ['zero gpus', { resources: [{ name: 'gpus', type: 'SCALAR' as const, scalar: { value: 0 } }] }],
    ['an empty network', { container: { type: 'MESOS' as const, network_infos: [{}] } }],
    ['no gpus', { resources: [{ name: 'gpus', type: 'SCALAR' as const, scalar: { value: 0 } }] }],
    ['a host name', { container: { type: 'MESOS' as const, hostname: 'web' } }],
    ['no shared pid namespace', { container: { type: 'MESOS' as const, linux_info: { share_pid_namespace: false } } }],
    ['limits of cpu and memory', { limits: { cpus: { value: 2 }, mem: { value: Number.POSITIVE_INFINITY } } }],
    ['another name than its file', { command: { value: '/bin/busybox', shell: false, arguments: ['ls', '-l'] } }],
  ])('%s is no reason to refuse', (_what, more) => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1', more)]));
    expect(agent.launches).toHaveLength(1);
  });

  test('a task without a command has failed', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1', { command: undefined }), taskInfo('t2', { command: {} })]));
    expect(agent.drain().map(({ state, message }) => [state, message])).toEqual([
      ['TASK_FAILED', 'Failed to launch container: the task has no command'],
      ['TASK_FAILED', 'Failed to launch container: command.value is missing'],
    ]);
  });
});

describe('a kill', () => {
  test('is SIGTERM, a grace period, then the end of the container', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1', {}, { framework_info: KILLING });
    agent.kill('t1');
    expect(agent.take('terminate-container')).toMatchObject([{ containerId }]);
    agent.advance(2_999);
    expect(agent.take('destroy-container')).toHaveLength(0);
    agent.advance(1);
    expect(agent.take('destroy-container')).toHaveLength(1);
    agent.terminate(containerId, { waitStatus: 9 });
    const statuses = agent.drain();
    expect(statesOf(statuses)).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
    expect(statuses.at(-1)).toMatchObject({ message: 'Command terminated with signal Killed' });
    expect(statuses.at(-1)?.reason).toBeUndefined();
  });

  test('is not announced to a framework that does not know TASK_KILLING; exit 0 is killed, too', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    agent.kill('t1');
    agent.terminate(containerId, { waitStatus: 0 });
    expect(statesOf(agent.drain())).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLED']);
  });

  test('takes its grace from the call, then from the task', () => {
    const agent = new CoreHarness();
    agent.start('t1', { kill_policy: { grace_period: { nanoseconds: 10e9 } } });
    agent.start('t2', { kill_policy: { grace_period: { nanoseconds: 10e9 } } });
    agent.kill('t1');
    agent.kill('t2', 1_000);
    agent.advance(1_000);
    expect(agent.take('destroy-container')).toHaveLength(1);
    agent.advance(8_999);
    expect(agent.take('destroy-container')).toHaveLength(0);
    agent.advance(1);
    expect(agent.take('destroy-container')).toHaveLength(1);
  });

  test('can be hastened by another and never delayed', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    agent.kill('t1', 20_000);
    agent.advance(1_000);
    agent.kill('t1', 60_000);
    agent.kill('t1', 5_000);
    agent.advance(3_999);
    expect(agent.take('destroy-container')).toHaveLength(0);
    agent.advance(1);
    expect(agent.take('destroy-container')).toHaveLength(1);
    expect(agent.take('terminate-container')).toHaveLength(1);
  });

  test('without grace destroys at once', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    agent.kill('t1', 0);
    expect(agent.take('terminate-container')).toHaveLength(0);
    expect(agent.take('destroy-container')).toHaveLength(1);
  });

  test('is repeated for a container that does not end', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    agent.kill('t1', 0);
    agent.take('destroy-container');
    agent.advance(10_000);
    expect(agent.take('destroy-container')).toHaveLength(1);
  });

  test('before the first instruction gives the launch up', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')]));
    const containerId = agent.lastLaunch();
    agent.kill('t1');
    expect(agent.take('abort-launch')).toMatchObject([{ containerId }]);
    agent.post({ kind: 'container-starting', checkpoint: containerCheckpoint(containerId) });
    expect(agent.take('release-launch')).toHaveLength(0);
    expect(agent.take('abort-launch')).toHaveLength(1);
    agent.post({ kind: 'container-launch-failed', containerId, message: 'given up' });
    const statuses = agent.drain();
    expect(statesOf(statuses)).toEqual(['TASK_STARTING', 'TASK_KILLED']);
    expect(statuses.at(-1)).toMatchObject({
      source: 'SOURCE_AGENT',
      reason: 'REASON_TASK_KILLED_DURING_LAUNCH',
      message: 'Killed before delivery to the executor',
    });
  });

  test('that comes too late to stop a launch kills the container', () => {
    const agent = new CoreHarness();
    agent.frame(runTasks([taskInfo('t1')], { framework_info: KILLING }));
    const containerId = agent.lastLaunch();
    agent.post({ kind: 'container-starting', checkpoint: containerCheckpoint(containerId) });
    agent.kill('t1');
    agent.post({ kind: 'container-launched', containerId, pid: 9 });
    expect(agent.take('terminate-container')).toHaveLength(1);
    agent.terminate(containerId, { waitStatus: 15 });
    expect(statesOf(agent.drain())).toEqual(['TASK_STARTING', 'TASK_KILLING', 'TASK_KILLED']);
  });

  test('is recorded before the signal', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    agent.effects = [];
    agent.kill('t1');
    expect(agent.effects.find((effect) => effect.type === 'persist')).toMatchObject({
      change: { kind: 'put-task', task: { kill_intent: { cause: 'SCHEDULER' } } },
    });
    expect(agent.effects.find((effect) => effect.kind === 'terminate-container')?.type).toBe('afterPersist');
  });

  test('of an unknown task is answered, of an unknown framework not', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    agent.takeUpdates();
    agent.kill('nobody');
    expect(agent.takeUpdates()).toMatchObject([
      { state: 'TASK_DROPPED', reason: 'REASON_EXECUTOR_TERMINATED', task_id: { value: 'nobody' } },
    ]);
    agent.frame({ kill_task: { framework_id: { value: 'other' }, task_id: { value: 't1' } } });
    expect(agent.takeUpdates()).toHaveLength(0);
  });

  test('of a task that has ended changes nothing', () => {
    const agent = new CoreHarness();
    agent.terminate(agent.start('t1'), { waitStatus: 0 });
    agent.kill('t1');
    expect(statesOf(agent.drain()).at(-1)).toBe('TASK_FINISHED');
    expect(agent.take('terminate-container')).toHaveLength(0);
  });
});

describe('frameworks and executors', () => {
  test('a framework that is shut down takes its tasks with it in silence', () => {
    const agent = new CoreHarness();
    const running = agent.start('t1', {}, { framework_info: KILLING });
    agent.terminate(agent.start('t2'), { waitStatus: 0 });
    agent.takeUpdates();
    agent.frame({ shutdown_framework: { framework_id: { value: FRAMEWORK_ID } } });
    expect(agent.take('terminate-container')).toMatchObject([{ containerId: running }]);
    agent.frame(runTasks([taskInfo('t3')]));
    expect(agent.launches).toHaveLength(2);
    agent.advance(3_000);
    expect(agent.take('destroy-container')).toHaveLength(1);
    agent.terminate(running, { waitStatus: 9 });
    expect(agent.takeUpdates()).toHaveLength(0);
    expect(agent.store.read()).toMatchObject({ frameworks: [], tasks: [], updates: [], containers: [] });
    expect(agent.core.view.completedFrameworks.get(FRAMEWORK_ID)?.completedTasks).toHaveLength(2);
  });

  test('the executor of a command task is the task', () => {
    const agent = new CoreHarness();
    const containerId = agent.start('t1');
    const ids = { framework_id: { value: FRAMEWORK_ID }, executor_id: { value: 't1' } };
    agent.frame({ shutdown_executor: ids });
    expect(agent.take('terminate-container')).toMatchObject([{ containerId }]);
    agent.terminate(containerId, { waitStatus: 15 });
    expect(statesOf(agent.drain()).at(-1)).toBe('TASK_KILLED');
    agent.frame({ shutdown_executor: ids });
    agent.frame({ framework_message: { ...ids, data: new Uint8Array([1]) } });
    expect(agent.core.view.ignoredMessages).toBe(1);
  });

  test('an update of the framework is kept and sends what waits', () => {
    const agent = new CoreHarness();
    agent.start('t1');
    agent.takeUpdates();
    agent.frame({ update_framework: { framework_info: { ...frameworkInfo(), name: 'renamed' } } });
    expect(statesOf(agent.takeUpdates())).toEqual(['TASK_STARTING']);
    expect(agent.store.read().frameworks[0]?.framework_info.name).toBe('renamed');
  });
});
