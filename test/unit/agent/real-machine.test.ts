// A whole agent with the real containerizer: real processes in real namespaces. The master is still a few lines.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AgentHandle } from '../../../src/daemon/agent/agent-handle.js';
import { buildSupervisor, findProcesses, isRoot } from '../../contract/containerizer/fixture.js';
import { until } from '../http/fixture.js';
import { AgentFixture } from './agent-fixture.js';
import { FRAMEWORK_ID } from './core-harness.js';

const ISOLATION = [
  'posix/cpu',
  'posix/mem',
  ...['pid', 'mnt', 'ipc', 'uts', 'cgroup'].map((name) => `namespaces/${name}`),
];

if (!isRoot) console.log('skipped: an agent with real containers needs root');

describe.skipIf(!isRoot)('an agent on this machine', () => {
  let fixture: AgentFixture;
  const start = (): Promise<AgentHandle> =>
    fixture.start({}, { isolation: ISOLATION, cgroupsRoot: `mesoctl-test-agent-${process.pid}`, switchUser: true });
  const output = async (agent: AgentHandle, taskId: string, name = 'stdout'): Promise<string> => {
    const path = `/frameworks/${FRAMEWORK_ID}/executors/${taskId}/runs/latest/${name}`;
    const response = await fetch(`${agent.url}/files/read?offset=0&path=${path}`);
    return ((await response.json()) as { data: string }).data;
  };

  beforeAll(buildSupervisor);
  beforeEach(async () => {
    fixture = new AgentFixture();
    await fixture.master.listen();
  });
  afterEach(async () => {
    await fixture.agent?.unregister();
    await fixture.close();
  });

  test('runs a task in its sandbox, with its environment, as its user, and reports its true status', async () => {
    const agent = await start();
    const script =
      'pwd; id -un; echo "$GREETING from $MESOS_TASK_ID"; ls /proc | grep -c "^[0-9]"; echo oops >&2; exit 7';
    fixture.master.run('t1', script, {
      command: {
        value: script,
        user: 'nobody',
        environment: { variables: [{ name: 'GREETING', value: 'hello' }] },
      },
    });
    await fixture.master.waitFor('t1', 'TASK_FAILED');
    expect(fixture.master.findStatus('t1', 'TASK_FAILED')?.message).toBe('Command exited with status 7');
    const [cwd, user, greeting, processes] = (await output(agent, 't1')).split('\n');
    expect(cwd).toContain(`/executors/t1/runs/`);
    expect([user, greeting]).toEqual(['nobody', 'hello from t1']);
    expect(Number(processes)).toBeLessThan(10);
    expect(await output(agent, 't1', 'stderr')).toBe('oops\n');
  });

  test('does not show a task what the agent remembers', async () => {
    const agent = await start();
    expect(existsSync(join(fixture.workDir, 'checkpoint/agent.sqlite'))).toBe(true);
    fixture.master.run(
      't1',
      `ls -A ${fixture.workDir}/checkpoint ${fixture.workDir}/runtime; touch ${fixture.workDir}/checkpoint/x; true`,
    );
    await fixture.master.waitFor('t1', 'TASK_FINISHED');
    expect(await output(agent, 't1')).not.toContain('sqlite');
    expect(existsSync(join(fixture.workDir, 'checkpoint/x'))).toBe(false);
  });

  test('a kill leaves no process, however it was forked', async () => {
    await start();
    const mark = `4${process.pid}.125`;
    fixture.master.run('t1', `trap "" TERM; (setsid sh -c 'trap "" TERM; sleep ${mark} & wait' &) ; sleep ${mark}`);
    await fixture.master.waitFor('t1', 'TASK_RUNNING');
    await until('both sleep', () => findProcesses(mark).length >= 2);
    fixture.master.send({
      kill_task: {
        framework_id: { value: FRAMEWORK_ID },
        task_id: { value: 't1' },
        kill_policy: { grace_period: { nanoseconds: 200e6 } },
      },
    });
    await fixture.master.waitFor('t1', 'TASK_KILLED');
    expect(findProcesses(mark)).toEqual([]);
    expect(fixture.master.findStatus('t1', 'TASK_KILLED')?.message).toBe('Command terminated with signal Killed');
  });

  test('tasks outlive it; the next agent knows how they ended', async () => {
    const first = await start();
    fixture.master.run('short', 'sleep 0.5; exit 9');
    fixture.master.run('long', 'while [ ! -e go ]; do sleep 0.05; done; exit 0');
    await fixture.master.waitFor('short', 'TASK_RUNNING');
    await fixture.master.waitFor('long', 'TASK_RUNNING');
    const pid = fixture.master.findStatus('long', 'TASK_RUNNING')?.container_status?.executor_pid;
    await first.stop();
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(String(pid));
    await until('the short task has ended', () => findProcesses('sleep 0.5; exit 9').length === 0);
    const second = await start();
    expect(second.agentId).toBe(first.agentId);
    await fixture.master.waitFor('short', 'TASK_FAILED');
    expect(fixture.master.findStatus('short', 'TASK_FAILED')?.message).toBe('Command exited with status 9');
    fixture.master.run(
      'helper',
      `touch ${fixture.workDir}/slaves/latest/frameworks/${FRAMEWORK_ID}/executors/long/runs/latest/go`,
    );
    await fixture.master.waitFor('long', 'TASK_FINISHED');
    expect(fixture.master.states('long')).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
  });

  test('a program that does not exist is a failed task that says so', async () => {
    await start();
    fixture.master.run('t1', '', { command: { shell: false, value: '/no/such/program' } });
    await fixture.master.waitFor('t1', 'TASK_FAILED');
    const status = fixture.master.findStatus('t1', 'TASK_FAILED');
    expect(`${status?.reason} ${status?.message}`).toMatch(/REASON_CONTAINER_LAUNCH_FAILED .*no\/such\/program/);
  });
});
