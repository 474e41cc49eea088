import { describe, expect, it } from 'vitest';
import { describeAgents, describeWhy } from '../../../src/cli/task/no-fit.js';
import { exitStatusOf } from '../../../src/cli/task/report-result.js';
import { outcomeOf } from '../../../src/cli/task/task-outcome.js';
import { parseTaskRequest, type TaskRequestInput } from '../../../src/cli/task/task-request.js';
import { shareOfMachine } from '../../../src/daemon/dev/divide-machine.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

const DEFAULTS = { words: ['echo', 'hi'], cpus: '0.1', mem: '256', disk: '0', env: [], role: '*' };
const ME = { userName: 'me', env: { HOME: '/home/me' } };

function request(input: Partial<TaskRequestInput> = {}) {
  return parseTaskRequest({ ...DEFAULTS, ...input }, ME);
}

describe('what is asked for', () => {
  it('is a program and its arguments', () => {
    expect(request()).toEqual({
      name: 'echo',
      command: { shell: false, value: 'echo', arguments: ['echo', 'hi'], user: undefined, environment: undefined },
      amounts: { cpus: 0.1, mem: 256, disk: 0 },
      role: '*',
      user: 'me',
    });
  });

  it('is a command line when it is a single word with blanks', () => {
    expect(request({ words: ['echo hi | wc'] }).command).toMatchObject({ shell: true, value: 'echo hi | wc' });
    expect(request({ words: ['/bin/true'] })).toMatchObject({ name: 'true', command: { shell: false } });
  });

  it('takes sizes, environment and user', () => {
    const asked = request({
      mem: '1.5G',
      disk: '2T',
      cpus: '2',
      env: ['A=b=c', 'HOME', 'E='],
      user: 'you',
      name: 'x.y',
    });
    expect(asked.amounts).toEqual({ cpus: 2, mem: 1536, disk: 2 * 1024 ** 2 });
    expect(asked).toMatchObject({ name: 'x.y', user: 'you', command: { user: 'you' } });
    expect(asked.command.environment?.variables).toEqual([
      { name: 'A', type: 'VALUE', value: 'b=c' },
      { name: 'HOME', type: 'VALUE', value: '/home/me' },
      { name: 'E', type: 'VALUE', value: '' },
    ]);
  });

  it.each([
    [{ words: [] }, 'nothing to run'],
    [{ cpus: '0' }, '--cpus'],
    [{ cpus: 'many' }, '--cpus'],
    [{ mem: '-1' }, '--mem'],
    [{ mem: '1X' }, '--mem'],
    [{ disk: 'x' }, '--disk'],
    [{ env: ['=x'] }, '--env'],
    [{ env: ['NOT_SET_ANYWHERE'] }, '--env'],
    [{ role: 'a b' }, '--role'],
    [{ name: '../x' }, '--name'],
  ])('refuses %j', (input, text) => {
    expect(() => request(input as Partial<TaskRequestInput>)).toThrow(text);
  });

  it.each([
    ['/opt/my app/run', 'run'],
    ['...', 'task'],
    ['-x', 'x'],
    ['é', 'task'],
  ])('finds a name for %s', (word, name) => {
    expect(request({ words: [word, 'x'] }).name).toMatch(name);
  });
});

describe('how it ended', () => {
  const status = (state: mesos.TaskState, message?: string, reason?: mesos.TaskStatus_Reason): mesos.TaskStatus => ({
    task_id: { value: 't' },
    state,
    message,
    reason,
  });

  it.each([
    [status('TASK_FINISHED', 'Command exited with status 0'), 0, undefined],
    [status('TASK_FAILED', 'Command exited with status 3'), 3, undefined],
    [status('TASK_FAILED', 'Command terminated with signal Segmentation fault (core dumped)'), 139, undefined],
    [
      status('TASK_FAILED', 'Failed to launch container', 'REASON_CONTAINER_LAUNCH_FAILED'),
      125,
      'task t FAILED: Failed to launch container',
    ],
    [
      status('TASK_FAILED', 'Memory limit exceeded', 'REASON_CONTAINER_LIMITATION_MEMORY'),
      137,
      'task t FAILED: Memory limit exceeded',
    ],
    [
      status('TASK_KILLED', 'Command terminated with signal Terminated'),
      143,
      'task t KILLED: Command terminated with signal Terminated',
    ],
    [status('TASK_KILLED', 'Command exited with status 0'), 137, 'task t KILLED: Command exited with status 0'],
    [status('TASK_ERROR', 'no', 'REASON_TASK_INVALID'), 125, 'task t ERROR: no'],
    [status('TASK_LOST', undefined, 'REASON_AGENT_REMOVED'), 125, 'task t LOST: agent removed'],
    [status('TASK_GONE'), 125, 'task t GONE'],
  ])('%j', (ended, exitStatus, problem) => {
    expect(outcomeOf(ended)).toEqual(problem === undefined ? { exitStatus } : { exitStatus, problem });
  });

  const place = { taskId: 't', frameworkId: 'f', agentId: 'S', hostname: 'h', agent: undefined, sandbox: '/s' };

  it('becomes the exit status, 128 plus the signal that interrupted us', () => {
    expect(exitStatusOf({ kind: 'ended', outcome: { exitStatus: 3 }, place }, undefined)).toBe(3);
    expect(exitStatusOf({ kind: 'ended', outcome: { exitStatus: 0 }, place }, 2)).toBe(130);
    expect(exitStatusOf({ kind: 'detached', place }, undefined)).toBe(0);
    expect(() =>
      exitStatusOf({ kind: 'ended', outcome: { exitStatus: 125, problem: 'why' }, place }, undefined),
    ).toThrow('why');
  });
});

describe('why nothing fits', () => {
  const asked = { cpus: 4, mem: 100, disk: 0 };
  const cpus = (value: number): mesos.Resource[] => [
    { name: 'cpus', type: 'SCALAR', scalar: { value } },
    { name: 'mem', type: 'SCALAR', scalar: { value: 1000 } },
  ];

  it('is told in the words of the master, and what to do first', () => {
    const reason = (message: string) => ({ code: 'X', message, agents: 1 });
    const why = {
      summary: 's.',
      reasons: ['2 agents are too small', '1 agent is draining', 'c', 'd'].map(reason),
      first_step: 'Ask for less.',
    };
    expect(describeWhy(why)).toBe('2 agents are too small; 1 agent is draining; c. Ask for less.');
    expect(describeWhy({ summary: 'soon' })).toBe('soon.');
  });

  it('is worked out from the agents where the master does not know the question', () => {
    const agent = (hostname: string, total: number, allocated: number) => ({
      agent_info: { hostname },
      active: true,
      version: '1',
      total_resources: cpus(total),
      allocated_resources: [{ name: 'cpus', type: 'SCALAR' as const, scalar: { value: allocated } }],
    });
    expect(describeAgents([agent('a', 8, 7), agent('b', 4, 1)], asked)).toBe(
      'Of 2 agents the best, b, has cpus 3, mem 1000M, too little cpus.',
    );
    expect(describeAgents([], asked)).toBe('The cluster has no agents.');
  });
});

describe('a cluster on one machine', () => {
  const machine = { onlineCpus: 2, memTotalBytes: 9 * 1024 ** 3, workDirDiskBytes: 105 * 1024 ** 3 };

  it('promises no more than the machine has', () => {
    expect(shareOfMachine(machine, 0, 1)).toBeUndefined();
    expect([0, 1].map((i) => shareOfMachine(machine, i, 2))).toEqual([
      'cpus:1;mem:4096;disk:51200;ports:[31000-31499]',
      'cpus:1;mem:4096;disk:51200;ports:[31500-31999]',
    ]);
    expect(shareOfMachine({}, 99, 100)).toMatch(/^cpus:0.01;mem:\d+;disk:\d+;ports:\[\d+-\d+\]$/);
  });
});
