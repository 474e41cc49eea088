// Rules about what is inside messages: ids, roles, frameworks, tasks, containers, checks, operations.
import { describe, expect, it } from 'vitest';
import type * as mesos from '../../../../src/wire/gen/mesos.js';
import type * as scheduler from '../../../../src/wire/gen/scheduler.js';
import { validateFrameworkInfo, validateSubscription } from '../../../../src/wire/validation/framework-info.js';
import { validateId } from '../../../../src/wire/validation/ids.js';
import { validateOfferConstraints } from '../../../../src/wire/validation/offer-constraints.js';
import { validateOperation } from '../../../../src/wire/validation/operation.js';
import { validateRole } from '../../../../src/wire/validation/roles.js';
import { validateExecutorInfo, validateTaskInfo } from '../../../../src/wire/validation/task.js';

describe('validateId', () => {
  it.each(['a', 'web.1', '...', 'a b', 'é', 'x'.repeat(255)])('accepts %j', (id) => {
    expect(validateId(id, 'task_id')).toBeUndefined();
  });
  it.each([
    ['', 'empty'],
    ['.', 'not allowed'],
    ['..', 'not allowed'],
    ['a/b', 'slash'],
    ['a\\b', 'backslash'],
    ['a\nb', 'control character'],
    ['a\u0000', 'control character'],
    ['\u0085', 'control character'],
    ['x'.repeat(256), '255 bytes'],
    ['é'.repeat(128), '255 bytes'],
  ])('refuses %j', (id, message) => {
    expect(validateId(id, 'task_id')).toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/^task_id is not a valid id/) as string,
    });
    expect(validateId(id, 'task_id')?.message).toContain(message);
  });
});

describe('validateRole', () => {
  it.each(['*', 'eng', 'eng/web', 'a-b', 'a.b', '...', 'ü', 'a/b/c/d'])('accepts %j', (role) => {
    expect(validateRole(role)).toBeUndefined();
  });
  it.each([
    '',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/./b',
    'a/..',
    '*/a',
    'a/*',
    '-a',
    'a/-b',
    'a b',
    'a\tb',
    'a\nb',
    'a\u000bb',
    'a\u000cb',
    'a\rb',
    'a\u007fb',
    '/',
  ])('refuses %j', (role) => {
    expect(validateRole(role)?.code).toBe('invalid');
  });
});

describe('validateFrameworkInfo', () => {
  const info = { user: 'u', name: 'n' };
  const multi = { ...info, capabilities: [{ type: 'MULTI_ROLE' as const }] };
  const filter = (value: number): mesos.FrameworkInfo => ({
    ...info,
    offer_filters: { '*': { min_allocatable_resources: { quantities: [{ quantities: { cpus: { value } } }] } } },
  });

  it.each([
    info,
    { ...info, role: 'eng', roles: [], id: { value: '' } },
    { ...info, id: { value: 'Singularity' }, failover_timeout: 604800 },
    { ...multi, roles: ['a', 'a/b'] },
    multi,
    filter(0),
    filter(0.5),
    { ...info, failover_timeout: 9_223_372_036 },
  ] as readonly mesos.FrameworkInfo[])('accepts %j', (candidate) => {
    expect(validateFrameworkInfo(candidate)).toBeUndefined();
  });

  it.each([
    [{ ...info, roles: ['a'] }, "must set 'role', not 'roles'"],
    [{ ...multi, role: '*' }, "must set 'roles', not 'role'"],
    [{ ...multi, roles: ['a', 'b', 'a'] }, 'holds a role twice'],
    [{ ...multi, roles: ['a', 'b/'] }, 'slash'],
    [{ ...info, role: '-a' }, 'dash'],
    [{ ...info, id: { value: 'a/b' } }, 'Framework id is not a valid id'],
    [{ ...info, failover_timeout: 1e10 }, 'is not a duration'],
    [{ ...info, failover_timeout: Number.NaN }, 'is not a duration'],
    [{ ...info, failover_timeout: Number.POSITIVE_INFINITY }, 'is not a duration'],
    [filter(-1), 'finite number'],
    [filter(Number.NaN), 'finite number'],
    [filter(Number.POSITIVE_INFINITY), 'finite number'],
    [filter(5e-324), 'finite number'],
    [
      { ...info, offer_filters: { '*': { min_allocatable_resources: { quantities: [{}] } } } },
      'entry without quantities',
    ],
  ] as readonly (readonly [mesos.FrameworkInfo, string])[])('refuses %j', (candidate, message) => {
    expect(validateFrameworkInfo(candidate)?.message).toContain(message);
  });

  const rack: scheduler.AttributeConstraint = { selector: { attribute_name: 'rack' }, predicate: { exists: {} } };
  const constraints = (role: string): scheduler.OfferConstraints => ({
    role_constraints: { [role]: { groups: [{ attribute_constraints: [rack] }] } },
  });

  it('holds subscriptions to the roles of the framework', () => {
    const subscribed = { ...multi, roles: ['a', 'b'] };
    expect(
      validateSubscription({ info: subscribed, suppressedRoles: ['b'], offerConstraints: constraints('a') }),
    ).toBeUndefined();
    expect(validateSubscription({ info: subscribed, suppressedRoles: ['c'] })?.message).toContain(
      'Suppressed role "c"',
    );
    expect(validateSubscription({ info: subscribed, offerConstraints: constraints('c') })?.message).toContain(
      'role "c"',
    );
    expect(validateSubscription({ info, suppressedRoles: ['*'] })).toBeUndefined();
  });
});

describe('validateOfferConstraints', () => {
  const one = (
    selector: scheduler.AttributeConstraint_Selector,
    predicate: scheduler.AttributeConstraint_Predicate,
  ): scheduler.OfferConstraints => ({
    role_constraints: { eng: { groups: [{ attribute_constraints: [{ selector, predicate }] }] } },
  });
  const regex = (text: string): scheduler.OfferConstraints =>
    one({ attribute_name: 'a' }, { text_matches: { regex: text } });

  it.each([
    {},
    one({ pseudoattribute_type: 'ZONE' }, { text_equals: { value: 'z' } }),
    regex('rack-[0-9]+'),
    regex('(a|b)*c'),
  ])('accepts %j', (constraints) => {
    expect(validateOfferConstraints(constraints)).toBeUndefined();
  });

  it.each([
    [{ role_constraints: { eng: {} } }, 'it has no groups'],
    [{ role_constraints: { eng: { groups: [{}] } } }, 'a group has no constraints'],
    [one({}, { exists: {} }), 'selector is not set'],
    [one({ pseudoattribute_type: 'UNKNOWN' }, { exists: {} }), 'selector is not set or not known'],
    [one({ attribute_name: 'a' }, {}), 'predicate is not set'],
    [regex('('), 'not a regular expression'],
    [regex('(a)\\1'), 'not a regular expression'],
    [regex('a(?=b)'), 'not a regular expression'],
    [regex('(x{30}){30}'), 'too complex'],
    [regex('((a{100}){100}){100}'), ''],
    [regex('a'.repeat(5000)), 'longer than 4096 bytes'],
  ] as readonly (readonly [scheduler.OfferConstraints, string])[])('refuses %j', (constraints, message) => {
    expect(validateOfferConstraints(constraints)?.code).toBe('invalid');
    expect(validateOfferConstraints(constraints)?.message).toContain(message);
  });

  it('takes limits', () => {
    expect(validateOfferConstraints(regex('a{200}'), { maxTextBytes: 100, maxProgramSize: 1000 })).toBeUndefined();
    expect(validateOfferConstraints(regex('a{200}'))?.message).toContain('at most 100');
  });
});

describe('validateTaskInfo', () => {
  const task: mesos.TaskInfo = { name: 'n', task_id: { value: 't' }, agent_id: { value: 'a' } };
  const variable = (change: Omit<mesos.Environment_Variable, 'name'>): Partial<mesos.TaskInfo> => ({
    command: { environment: { variables: [{ name: 'A', ...change }] } },
  });
  const volume = (change: Partial<mesos.Volume>): Partial<mesos.TaskInfo> => ({
    container: { type: 'MESOS', volumes: [{ container_path: '/x', mode: 'RW', ...change }] },
  });
  const data = new TextEncoder().encode('secret');

  it.each([
    {},
    { kill_policy: { grace_period: { nanoseconds: 0 } }, max_completion_time: { nanoseconds: 1 } },
    { check: { type: 'COMMAND', command: { command: { value: 'true' } } } },
    { check: { type: 'HTTP', http: { port: 80, path: '/ok' }, interval_seconds: 0 } },
    { health_check: { type: 'HTTP', http: { port: 80, scheme: 'https' } } },
    { health_check: { type: 'TCP', tcp: { port: 80 } } },
    variable({ value: '' }),
    variable({ type: 'SECRET', secret: { type: 'VALUE', value: { data } } }),
    variable({ type: 'SECRET', secret: { type: 'REFERENCE', reference: { name: 's' } } }),
    volume({ host_path: '/h' }),
    volume({ source: { type: 'SANDBOX_PATH', sandbox_path: { path: 'p' } } }),
    { container: { type: 'DOCKER', docker: { image: 'i', parameters: [{ key: 'user', value: 'u' }] } } },
    { limits: { cpus: { value: Number.POSITIVE_INFINITY }, mem: { value: 512 } } },
  ] as readonly Partial<mesos.TaskInfo>[])('accepts %j', (change) => {
    expect(validateTaskInfo({ ...task, ...change })).toBeUndefined();
  });

  it.each([
    [{ task_id: { value: 'a/b' } }, 'task_id is not a valid id'],
    [{ kill_policy: { grace_period: { nanoseconds: -1 } } }, "'kill_policy.grace_period' must not be negative"],
    [{ check: {} }, "Check is invalid: 'type' must be set"],
    [{ check: { type: 'HTTP' } }, "'http' must be set"],
    [{ check: { type: 'HTTP', http: { port: 1, path: 'ok' } } }, 'must start with a slash'],
    [{ check: { type: 'COMMAND', command: { command: {} } } }, "command must have 'value'"],
    [{ check: { type: 'TCP', tcp: { port: 1 }, delay_seconds: -1 } }, "'delay_seconds' must not be negative"],
    [{ health_check: {} }, 'Health check is invalid'],
    [{ health_check: { type: 'UNKNOWN' } }, 'Health check is invalid'],
    [{ health_check: { type: 'HTTP', http: { port: 1, scheme: 'ftp' } } }, 'http or https'],
    [{ health_check: { type: 'TCP', tcp: { port: 1 }, grace_period_seconds: Number.NaN } }, 'grace_period_seconds'],
    [variable({}), "must have 'value'"],
    [variable({ value: 'a', secret: {} }), "must not have 'secret'"],
    [variable({ type: 'SECRET', value: 'a' }), "must not have 'value'"],
    [variable({ type: 'SECRET' }), "must have 'secret'"],
    [variable({ type: 'SECRET', secret: {} }), 'type that is known'],
    [variable({ type: 'SECRET', secret: { type: 'VALUE', value: { data: Uint8Array.from([1, 0]) } } }), 'NUL'],
    [variable({ type: 'UNKNOWN', value: 'a' }), 'UNKNOWN'],
    [volume({}), 'exactly one of'],
    [volume({ host_path: '/h', image: { type: 'DOCKER' } }), 'exactly one of'],
    [volume({ source: {} }), 'must be set and known'],
    [volume({ source: { type: 'HOST_PATH', sandbox_path: { path: 'p' } } }), "'source.host_path' must be set"],
    [{ container: { type: 'DOCKER' } }, "must have 'docker'"],
    [
      { container: { type: 'DOCKER', docker: { image: 'i', parameters: [{ key: 'name', value: 'u' }] } } },
      "'name' cannot be set",
    ],
    [{ limits: { disk: { value: 1 } } }, 'only cpus and mem'],
    [{ limits: { cpus: { value: Number.NaN } } }, 'not negative'],
  ] as readonly (readonly [Partial<mesos.TaskInfo>, string])[])('refuses %j', (change, message) => {
    expect(validateTaskInfo({ ...task, ...change })?.message).toContain(message);
  });
});

describe('durations', () => {
  it('may be beyond 2^53 nanoseconds', () => {
    const task: mesos.TaskInfo = { name: 'n', task_id: { value: 't' }, agent_id: { value: 'a' } };
    expect(validateTaskInfo({ ...task, max_completion_time: { nanoseconds: 2n ** 60n } })).toBeUndefined();
    expect(validateTaskInfo({ ...task, max_completion_time: { nanoseconds: -(2n ** 60n) } })?.message).toBe(
      "'max_completion_time' must not be negative",
    );
  });
});

describe('validateExecutorInfo', () => {
  const base: mesos.ExecutorInfo = { executor_id: { value: 'e' } };
  it.each([
    base,
    { ...base, type: 'CUSTOM', command: { value: 'x' } },
    { ...base, type: 'DEFAULT', container: { type: 'MESOS' }, shutdown_grace_period: { nanoseconds: 5e9 } },
  ] as readonly mesos.ExecutorInfo[])('accepts %j', (executor) => {
    expect(validateExecutorInfo(executor)).toBeUndefined();
  });

  it.each([
    [{ ...base, type: 'CUSTOM' }, "must have 'command'"],
    [{ ...base, type: 'DEFAULT', command: {} }, "must not have 'command'"],
    [{ ...base, type: 'DEFAULT', container: { type: 'DOCKER', docker: { image: 'i' } } }, 'type MESOS'],
    [
      { ...base, type: 'DEFAULT', container: { type: 'MESOS', mesos: { image: { type: 'DOCKER' } } } },
      'must not have an image',
    ],
    [{ executor_id: { value: '' } }, 'executor_id is not a valid id'],
    [{ ...base, shutdown_grace_period: { nanoseconds: -1 } }, 'must not be negative'],
  ] as readonly (readonly [mesos.ExecutorInfo, string])[])('refuses %j', (executor, message) => {
    expect(validateExecutorInfo(executor)?.message).toContain(message);
  });
});

describe('validateOperation', () => {
  const disk = (change: Partial<mesos.Resource> = {}): mesos.Resource => ({
    name: 'disk',
    type: 'SCALAR',
    scalar: { value: 10 },
    disk: { persistence: { id: 'p' }, volume: { container_path: 'x', mode: 'RW' } },
    ...change,
  });

  it.each([
    { type: 'LAUNCH', launch: {} },
    { type: 'RESERVE', reserve: { resources: [] }, id: { value: 'o' } },
    { type: 'CREATE', create: { volumes: [disk()] } },
    {
      type: 'GROW_VOLUME',
      grow_volume: { volume: disk(), addition: { name: 'disk', type: 'SCALAR', scalar: { value: 1 } } },
    },
    { type: 'SHRINK_VOLUME', shrink_volume: { volume: disk(), subtract: { value: 9 } } },
    {
      type: 'CREATE_DISK',
      create_disk: { source: disk({ disk: { source: { type: 'RAW', profile: 'p' } } }), target_type: 'MOUNT' },
    },
  ] as readonly mesos.Offer_Operation[])('accepts %j', (operation) => {
    expect(validateOperation(operation)).toBeUndefined();
  });

  it.each([
    [{}, "'type'"],
    [{ type: 'UNKNOWN' }, 'UNKNOWN'],
    [{ type: 'LAUNCH_GROUP', launch: {} }, "'launch_group'"],
    [{ type: 'UNRESERVE', unreserve: {}, id: { value: 'a/b' } }, 'Operation id'],
    [{ type: 'CREATE', create: { volumes: [disk({ disk: {} })] } }, 'persistence'],
    [{ type: 'CREATE', create: { volumes: [disk({ disk: { persistence: { id: 'p' } } })] } }, 'volume'],
    [
      {
        type: 'CREATE',
        create: {
          volumes: [disk({ disk: { persistence: { id: '../p' }, volume: { container_path: 'x', mode: 'RW' } } })],
        },
      },
      'Persistence id',
    ],
    [
      {
        type: 'CREATE',
        create: {
          volumes: [disk({ disk: { persistence: { id: 'p' }, volume: { container_path: 'x', mode: 'RO' } } })],
        },
      },
      'read-only',
    ],
    [
      {
        type: 'GROW_VOLUME',
        grow_volume: { volume: disk(), addition: { name: 'disk', type: 'SCALAR', scalar: { value: 0 } } },
      },
      'above zero',
    ],
    [{ type: 'GROW_VOLUME', grow_volume: { volume: disk({ shared: {} }), addition: disk() } }, 'shared'],
    [{ type: 'SHRINK_VOLUME', shrink_volume: { volume: disk(), subtract: { value: 10 } } }, 'less than the size'],
    [{ type: 'SHRINK_VOLUME', shrink_volume: { volume: disk(), subtract: { value: 0 } } }, 'above zero'],
    [{ type: 'CREATE_DISK', create_disk: { source: disk(), target_type: 'MOUNT' } }, 'RAW'],
    [
      {
        type: 'CREATE_DISK',
        create_disk: { source: disk({ disk: { source: { type: 'RAW' } } }), target_type: 'MOUNT' },
      },
      'target_profile',
    ],
    [
      {
        type: 'CREATE_DISK',
        create_disk: { source: disk({ disk: { source: { type: 'RAW', profile: 'p' } } }), target_type: 'PATH' },
      },
      'MOUNT or BLOCK',
    ],
  ] as readonly (readonly [mesos.Offer_Operation, string])[])('refuses %j', (operation, message) => {
    expect(validateOperation(operation)?.message).toContain(message);
  });
});
