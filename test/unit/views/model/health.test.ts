import { describe, expect, it } from 'vitest';
import {
  causeOf,
  isBelowGuarantee,
  judgeAgent,
  judgeFramework,
  judgeOffer,
  judgeRole,
  judgeTask,
} from '../../../../src/views/model/health.js';
import type * as api from '../../../../src/wire/gen/mesoctl-api.js';
import type * as mesos from '../../../../src/wire/gen/mesos.js';

const NOW = 1000;

function task(state: mesos.TaskState, more: Partial<api.Task> = {}): api.Task {
  return { framework_id: { value: 'f' }, task_id: { value: 't' }, state, ...more };
}

describe('judgeTask', () => {
  it.each([
    ['TASK_FAILED', 'bad', 'failed'],
    ['TASK_ERROR', 'bad', 'error'],
    ['TASK_LOST', 'bad', 'lost'],
    ['TASK_DROPPED', 'bad', 'dropped'],
    ['TASK_UNREACHABLE', 'unknown', 'agent'],
    ['TASK_GONE', 'unknown', 'agent'],
    ['TASK_GONE_BY_OPERATOR', 'unknown', 'agent'],
    ['TASK_UNKNOWN', 'unknown', 'unknown'],
    ['TASK_KILLING', 'waiting', 'killing'],
    ['TASK_RUNNING', 'normal', ''],
    ['TASK_FINISHED', 'normal', ''],
    ['TASK_KILLED', 'normal', ''],
    ['TASK_STAGING', 'normal', ''],
  ] as const)('%s is %s', (state, severity, note) => {
    expect(judgeTask(task(state), NOW)).toEqual({ severity, note, dueAt: undefined });
  });

  it('lets a task start for 60 s, counted from its launch', () => {
    const starting = task('TASK_STARTING', { launched_at: NOW - 59, since: NOW - 1 });
    expect(judgeTask(starting, NOW)).toEqual({ severity: 'normal', note: '', dueAt: NOW + 1 });
    expect(judgeTask(starting, NOW + 1)).toEqual({ severity: 'waiting', note: 'not started', dueAt: undefined });
    const pulling = task('TASK_STAGING', { since: NOW - 71, message: 'Pulling image registry.lan/web' });
    expect(judgeTask(pulling, NOW).note).toBe('image');
  });

  it('calls a running task that fails its checks unhealthy', () => {
    expect(judgeTask(task('TASK_RUNNING', { healthy: false }), NOW)).toMatchObject({
      severity: 'bad',
      note: 'unhealthy',
    });
    expect(judgeTask(task('TASK_RUNNING', { healthy: true }), NOW).severity).toBe('normal');
  });
});

describe('causeOf', () => {
  const failed = (reason: mesos.TaskStatus_Reason | undefined, message?: string) =>
    causeOf(task('TASK_FAILED', { reason, message }));

  it.each([
    ['REASON_CONTAINER_LIMITATION_MEMORY', 'Command terminated with signal Killed', 'OOM'],
    ['REASON_CONTAINER_LIMITATION_DISK', undefined, 'disk limit'],
    ['REASON_COMMAND_EXECUTOR_FAILED', 'Command exited with status 137', 'exit 137'],
    ['REASON_COMMAND_EXECUTOR_FAILED', 'Command terminated with signal Killed', 'killed'],
    ['REASON_COMMAND_EXECUTOR_FAILED', 'Command terminated with signal Segmentation fault (core dumped)', 'signal 11'],
    ['REASON_CONTAINER_LAUNCH_FAILED', 'Failed to fetch registry.lan/web: 404', 'image'],
    ['REASON_CONTAINER_LAUNCH_FAILED', 'No such file or directory', 'launch'],
    ['REASON_EXECUTOR_TERMINATED', undefined, 'executor'],
    ['REASON_AGENT_REMOVED', undefined, 'agent'],
    ['REASON_TASK_INVALID', undefined, 'invalid'],
    ['REASON_RECONCILIATION', undefined, 'failed'],
    [undefined, undefined, 'failed'],
  ] as const)('%s, %j: %s', (reason, message, cause) => {
    expect(failed(reason, message)).toBe(cause);
  });
});

describe('judgeAgent and judgeFramework', () => {
  it('mark what is not as it should be', () => {
    const agent = (state: api.Agent_State) => judgeAgent({ agent_id: { value: 'a' }, state }).severity;
    expect(agent('ACTIVE')).toBe('normal');
    expect(agent('UNREACHABLE')).toBe('unknown');
    expect(agent('DISCONNECTED')).toBe('unknown');
    expect(agent('DRAINING')).toBe('waiting');
    const framework = (state: api.Framework_State, back_pressured = false) =>
      judgeFramework({ framework_id: { value: 'f' }, state, back_pressured });
    expect(framework('ACTIVE').severity).toBe('normal');
    expect(framework('ACTIVE', true)).toEqual({ severity: 'waiting', note: 'reads slowly' });
    expect(framework('DISCONNECTED').severity).toBe('bad');
  });

  it('miss nobody where task launch was told to leave', () => {
    const left = (detached: boolean) =>
      judgeFramework({ framework_id: { value: 'f' }, state: 'DISCONNECTED', detached });
    expect(left(true)).toEqual({ severity: 'normal', note: '' });
    expect(left(false).severity).toBe('bad');
  });
});

describe('judgeOffer', () => {
  const offer = (timeout: number | undefined): api.Offer => ({
    offer_id: { value: 'o' },
    framework_id: { value: 'f' },
    agent_id: { value: 'a' },
    role: '*',
    made_at: NOW,
    expires_at: timeout === undefined ? undefined : NOW + timeout,
  });

  it.each([
    [undefined, 60],
    [600, 60],
    [80, 40],
    [10, 30],
  ])('of a timeout of %s s is held for long after %d s', (timeout, held) => {
    expect(judgeOffer(offer(timeout), NOW + held - 1)).toEqual({ severity: 'normal', note: '', dueAt: NOW + held });
    expect(judgeOffer(offer(timeout), NOW + held)).toEqual({ severity: 'bad', note: 'held', dueAt: undefined });
  });
});

describe('judgeRole', () => {
  const role = (more: Partial<api.Role>): api.Role => ({ name: 'web', frameworks: 1, ...more });

  it('is below its guarantee when it wants more and does not even hold offers for it', () => {
    const guarantee = { cpus: 10 };
    expect(isBelowGuarantee(role({ guarantee, allocated: { cpus: 9 } }))).toBe(true);
    expect(isBelowGuarantee(role({ guarantee, allocated: { cpus: 9 }, offered: { cpus: 1 } }))).toBe(false);
    expect(isBelowGuarantee(role({ guarantee, allocated: { cpus: 9 }, fair_share: 0 }))).toBe(false);
    expect(isBelowGuarantee(role({ guarantee, frameworks: 0 }))).toBe(false);
    expect(isBelowGuarantee(role({}))).toBe(false);
  });

  it('starves after 60 s below its guarantee', () => {
    expect(judgeRole(role({}), NOW - 59, NOW)).toEqual({
      severity: 'waiting',
      note: 'below guarantee',
      dueAt: NOW + 1,
    });
    expect(judgeRole(role({}), NOW - 60, NOW)).toEqual({ severity: 'bad', note: 'starved', dueAt: undefined });
  });

  it('is told that its limit is near, or passed', () => {
    const limit = { cpus: 100, mem_mb: 1000 };
    const note = (allocated: api.Amounts) => judgeRole(role({ limit, allocated }), undefined, NOW).note;
    expect(note({ cpus: 84 })).toBe('');
    expect(note({ cpus: 85 })).toBe('near limit');
    expect(note({ cpus: 1, mem_mb: 1001 })).toBe('over limit');
  });
});
