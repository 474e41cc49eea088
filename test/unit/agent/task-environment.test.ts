import { describe, expect, test } from 'vitest';
import { containerSpec } from '../../../src/daemon/agent/shell/container-spec.js';
import { type TaskEnvironmentOptions, taskEnvironment } from '../../../src/daemon/agent/shell/task-environment.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { frameworkInfo, taskInfo } from './core-harness.js';

const CONFIG = {
  executorEnvironmentVariables: {},
  executorShutdownGracePeriodMs: 5_000,
  executorReregistrationTimeoutMs: 2_000,
  recoveryTimeoutMs: 900_000,
};

function environment(more: Partial<TaskEnvironmentOptions> = {}): Record<string, string> {
  return taskEnvironment({
    config: CONFIG,
    agentId: 'S0',
    endpoint: '10.0.0.7:5051',
    framework: frameworkInfo(),
    task: taskInfo('t1'),
    sandboxDir: '/srv/sandbox',
    ...more,
  });
}

function withVariables(variables: mesos.Environment_Variable[]): mesos.TaskInfo {
  return taskInfo('t1', { command: { value: 'true', environment: { variables } } });
}

describe('the environment of a task', () => {
  test('says who and where it is', () => {
    expect(environment()).toEqual({
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/srv/sandbox',
      MESOS_SANDBOX: '/srv/sandbox',
      MESOS_DIRECTORY: '/srv/sandbox',
      MESOS_FRAMEWORK_ID: 'fw1',
      MESOS_EXECUTOR_ID: 't1',
      MESOS_TASK_ID: 't1',
      MESOS_SLAVE_ID: 'S0',
      MESOS_SLAVE_PID: 'slave(1)@10.0.0.7:5051',
      MESOS_AGENT_ENDPOINT: '10.0.0.7:5051',
      MESOS_CHECKPOINT: '0',
      MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: '5secs',
      MESOS_HTTP_COMMAND_EXECUTOR: '0',
      LIBPROCESS_PORT: '0',
      MESOS_ALLOCATION_ROLE: '*',
    });
  });

  test('tells checkpointed frameworks how long to wait for the agent', () => {
    expect(environment({ framework: { ...frameworkInfo(), checkpoint: true } })).toMatchObject({
      MESOS_CHECKPOINT: '1',
      MESOS_RECOVERY_TIMEOUT: '15mins',
      MESOS_SUBSCRIPTION_BACKOFF_MAX: '2secs',
    });
  });

  test('names the role that the resources are allocated to', () => {
    const resources: mesos.Resource[] = [
      { name: 'cpus', type: 'SCALAR', scalar: { value: 1 }, allocation_info: { role: 'eng/web' } },
    ];
    const task = taskInfo('t1', { resources });
    const lying = {
      ...task,
      command: { value: 'true', environment: { variables: [{ name: 'MESOS_ALLOCATION_ROLE', value: 'x' }] } },
    };
    expect(environment({ task })).toMatchObject({ MESOS_ALLOCATION_ROLE: 'eng/web' });
    expect(environment({ task: lying })).toMatchObject({ MESOS_ALLOCATION_ROLE: 'eng/web' });
    expect(environment({ framework: { ...frameworkInfo(), roles: ['ops'] } })).toMatchObject({
      MESOS_ALLOCATION_ROLE: 'ops',
    });
  });

  test('takes the grace from the kill policy of the task', () => {
    const task = taskInfo('t1', { kill_policy: { grace_period: { nanoseconds: 30e9 } } });
    expect(environment({ task })).toMatchObject({ MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: '32secs' });
  });

  test('the flag gives way to what is promised, and that to the task', () => {
    const config = {
      ...CONFIG,
      executorEnvironmentVariables: { PATH: '/opt/bin', MESOS_SANDBOX: '/flag', A: 'flag', B: 'flag' },
    };
    const task = withVariables([
      { name: 'B', value: 'task' },
      { name: 'MESOS_DIRECTORY', value: '/task' },
      { name: 'E' },
    ]);
    expect(environment({ config, task })).toMatchObject({
      PATH: '/opt/bin',
      MESOS_SANDBOX: '/srv/sandbox',
      MESOS_DIRECTORY: '/task',
      A: 'flag',
      B: 'task',
      E: '',
    });
  });
});

describe('what is asked of the containerizer', () => {
  const spec = (task: mesos.TaskInfo, switchUser = true, framework = frameworkInfo()) =>
    containerSpec(
      { containerId: 'c1', agentId: 'S0', framework, task },
      { environment: { A: '1' }, sandboxDir: '/s', volumes: [], switchUser },
    );

  test('a shell command is run by a shell, anything else as it is', () => {
    expect(spec(taskInfo('t', { command: { value: 'echo $A | wc' } })).argv).toEqual(['/bin/sh', '-c', 'echo $A | wc']);
    const argv = { value: '/bin/ls', shell: false, arguments: ['ls', '-l', '/'] };
    expect(spec(taskInfo('t', { command: argv }))).toMatchObject({ program: '/bin/ls', argv: ['ls', '-l', '/'] });
    expect(spec(taskInfo('t', { command: { value: 'ls', shell: false } })).argv).toEqual(['ls']);
  });

  test('the user is the command’s, else the framework’s, unless the agent does not switch', () => {
    const own = taskInfo('t', { command: { value: 'x', user: 'nobody' } });
    expect(spec(own).user).toBe('nobody');
    expect(spec(taskInfo('t')).user).toBe('root');
    expect(spec(own, false).user).toBeUndefined();
    expect(spec(taskInfo('t'), true, { ...frameworkInfo(), user: '' }).user).toBeUndefined();
  });

  test('what says nothing new about the container is left out', () => {
    const container: mesos.ContainerInfo = {
      type: 'MESOS',
      hostname: 'web',
      network_infos: [{}],
      linux_info: { share_pid_namespace: false },
    };
    expect(spec(taskInfo('t', { container }))).toMatchObject({ hostname: 'web', containerInfo: { type: 'MESOS' } });
    expect(spec(taskInfo('t', { container })).containerInfo).toEqual({ type: 'MESOS', hostname: 'web' });
  });

  test('requests are summed over roles, limits passed on', () => {
    const task = taskInfo('t', {
      resources: [
        { name: 'cpus', type: 'SCALAR', scalar: { value: 0.5 }, allocation_info: { role: 'a' } },
        {
          name: 'cpus',
          type: 'SCALAR',
          scalar: { value: 1 },
          allocation_info: { role: 'a' },
          reservations: [{ role: 'a', type: 'STATIC' }],
        },
        { name: 'mem', type: 'SCALAR', scalar: { value: 64 }, allocation_info: { role: 'a' } },
      ],
      limits: { cpus: { value: 2 }, mem: { value: Number.POSITIVE_INFINITY } },
    });
    expect(spec(task)).toMatchObject({
      requests: { cpus: 1.5, memMb: 64, diskMb: 0 },
      limits: { cpus: 2, memMb: Number.POSITIVE_INFINITY },
    });
    expect(spec(taskInfo('t')).limits).toEqual({ cpus: undefined, memMb: undefined });
  });
});
