// Call-shape validation of the four APIs.
import { describe, expect, it } from 'vitest';
import type * as agent from '../../../../src/wire/gen/agent.js';
import type * as executor from '../../../../src/wire/gen/executor.js';
import type * as master from '../../../../src/wire/gen/master.js';
import type * as extension from '../../../../src/wire/gen/mesoctl-api.js';
import type * as mesos from '../../../../src/wire/gen/mesos.js';
import type * as scheduler from '../../../../src/wire/gen/scheduler.js';
import { validateAgentCall } from '../../../../src/wire/validation/agent-call.js';
import { validateExecutorCall } from '../../../../src/wire/validation/executor-call.js';
import { validateExtensionCall } from '../../../../src/wire/validation/extension-call.js';
import { validateMasterCall } from '../../../../src/wire/validation/master-call.js';
import { validateSchedulerCall } from '../../../../src/wire/validation/scheduler-call.js';

const uuid = new Uint8Array(16);
const framework_id = { value: 'f' };
const agent_id = { value: 'a' };
const task_id = { value: 't' };
const info = { user: 'u', name: 'n' };

describe('validateSchedulerCall', () => {
  const refused: readonly (readonly [scheduler.Call, string])[] = [
    [{}, "Expecting 'type' to be present"],
    [{ type: 'SUBSCRIBE' }, "Expecting 'subscribe' to be present"],
    [
      { type: 'SUBSCRIBE', framework_id, subscribe: { framework_info: info } },
      "'framework_id' differs from 'subscribe.framework_info.id'",
    ],
    [
      { type: 'SUBSCRIBE', subscribe: { framework_info: { ...info, id: framework_id } } },
      "'framework_id' differs from 'subscribe.framework_info.id'",
    ],
    [{ type: 'TEARDOWN' }, "Expecting 'framework_id' to be present"],
    [{ type: 'ACCEPT' }, "Expecting 'framework_id' to be present"],
    [
      { type: 'KILL', framework_id, shutdown: { executor_id: { value: 'e' }, agent_id } },
      "Expecting 'kill' to be present",
    ],
    [
      { type: 'ACKNOWLEDGE', framework_id, acknowledge: { agent_id, task_id, uuid: new Uint8Array(4) } },
      "Expecting 'acknowledge.uuid' to be a UUID of 16 bytes, found 4",
    ],
    [
      {
        type: 'ACKNOWLEDGE_OPERATION_STATUS',
        framework_id,
        acknowledge_operation_status: { uuid, operation_id: { value: 'o' } },
      },
      "Expecting 'acknowledge_operation_status.agent_id' to be present",
    ],
    [
      { type: 'UPDATE_FRAMEWORK', framework_id, update_framework: { framework_info: { ...info, id: { value: 'g' } } } },
      "'framework_id' differs from 'update_framework.framework_info.id'",
    ],
    [
      { type: 'UPDATE_FRAMEWORK', framework_id, update_framework: { framework_info: info } },
      "'framework_id' differs from 'update_framework.framework_info.id'",
    ],
  ];
  it.each(refused)('refuses %j', (call, message) => {
    expect(validateSchedulerCall(call)).toMatchObject({
      code: 'invalid',
      message: `Failed to validate scheduler::Call: ${message}`,
    });
  });

  it.each([
    'ACCEPT',
    'DECLINE',
    'ACCEPT_INVERSE_OFFERS',
    'DECLINE_INVERSE_OFFERS',
    'KILL',
    'SHUTDOWN',
    'ACKNOWLEDGE',
    'ACKNOWLEDGE_OPERATION_STATUS',
    'RECONCILE',
    'RECONCILE_OPERATIONS',
    'MESSAGE',
    'REQUEST',
    'UPDATE_FRAMEWORK',
  ] as const)('wants the payload of %s', (type) => {
    expect(validateSchedulerCall({ type, framework_id })?.message).toBe(
      `Failed to validate scheduler::Call: Expecting '${type.toLowerCase()}' to be present`,
    );
  });

  const accepted: readonly scheduler.Call[] = [
    { type: 'SUBSCRIBE', subscribe: { framework_info: info } },
    { type: 'SUBSCRIBE', framework_id, subscribe: { framework_info: { ...info, id: { value: 'f' } } } },
    { type: 'SUBSCRIBE', framework_id: { value: '' }, subscribe: { framework_info: info } },
    { type: 'TEARDOWN', framework_id },
    { type: 'REVIVE', framework_id },
    { type: 'SUPPRESS', framework_id },
    { type: 'DECLINE', framework_id, decline: {} },
    { type: 'RECONCILE', framework_id, reconcile: {} },
    { type: 'ACKNOWLEDGE', framework_id, acknowledge: { agent_id, task_id, uuid } },
    { type: 'UNKNOWN', framework_id },
  ];
  it.each(accepted)('accepts %j', (call) => {
    expect(validateSchedulerCall(call)).toBeUndefined();
  });

  it('compares principals when there is an authenticated one', () => {
    const call: scheduler.Call = { type: 'SUBSCRIBE', subscribe: { framework_info: { ...info, principal: 'p' } } };
    expect(validateSchedulerCall(call, 'p')).toBeUndefined();
    expect(validateSchedulerCall(call)).toBeUndefined();
    expect(validateSchedulerCall(call, 'q')?.message).toContain("principal 'q' does not match 'p'");
    expect(validateSchedulerCall({ type: 'SUBSCRIBE', subscribe: { framework_info: info } }, 'q')).toBeUndefined();
  });
});

describe('validateExecutorCall', () => {
  const base = { executor_id: { value: 'e' }, framework_id };
  const status: mesos.TaskStatus = { task_id, state: 'TASK_RUNNING', uuid, source: 'SOURCE_EXECUTOR' };
  const update = (change: Partial<mesos.TaskStatus>): executor.Call => ({
    ...base,
    type: 'UPDATE',
    update: { status: { ...status, ...change } },
  });

  it.each([
    [{ ...base }, "Expecting 'type' to be present"],
    [{ ...base, type: 'SUBSCRIBE' }, "Expecting 'subscribe' to be present"],
    [{ ...base, type: 'MESSAGE' }, "Expecting 'message' to be present"],
    [{ ...base, type: 'UPDATE' }, "Expecting 'update' to be present"],
    [update({ uuid: undefined }), "Expecting 'update.status.uuid' to be present"],
    [update({ uuid: new Uint8Array(15) }), 'to be a UUID of 16 bytes, found 15'],
    [update({ executor_id: { value: 'other' } }), "'update.status.executor_id' differs from 'executor_id'"],
    [update({ source: 'SOURCE_AGENT' }), "Expecting 'update.status.source' to be SOURCE_EXECUTOR"],
    [update({ source: undefined }), "Expecting 'update.status.source' to be SOURCE_EXECUTOR"],
    [update({ state: 'TASK_STAGING' }), 'must not be TASK_STAGING'],
    [update({ check_status: {} }), "Expecting 'update.status.check_status.type' to be present"],
    [update({ check_status: { type: 'HTTP', tcp: {} } }), "Expecting 'update.status.check_status.http' to be present"],
  ] as readonly (readonly [executor.Call, string])[])('refuses %j', (call, message) => {
    expect(validateExecutorCall(call)?.message).toMatch(/^Failed to validate executor::Call: /);
    expect(validateExecutorCall(call)?.message).toContain(message);
  });

  it.each([
    update({}),
    update({ executor_id: { value: 'e' }, check_status: { type: 'COMMAND', command: { exit_code: 1 } } }),
    { ...base, type: 'SUBSCRIBE', subscribe: {} },
    { ...base, type: 'HEARTBEAT' },
    { ...base, type: 'UNKNOWN' },
  ] as readonly executor.Call[])('accepts %j', (call) => {
    expect(validateExecutorCall(call)).toBeUndefined();
  });
});

describe('validateMasterCall', () => {
  const schedule = (ip: string): master.Call => ({
    type: 'UPDATE_MAINTENANCE_SCHEDULE',
    update_maintenance_schedule: {
      schedule: {
        windows: [{ machine_ids: [{ hostname: 'h', ip }], unavailability: { start: { nanoseconds: 1 } } }],
      },
    },
  });

  it.each([
    [{}, "Expecting 'type' to be present"],
    [{ type: 'GET_METRICS' }, "Expecting 'get_metrics' to be present"],
    [{ type: 'TEARDOWN' }, "Expecting 'teardown' to be present"],
    [
      {
        type: 'GROW_VOLUME',
        grow_volume: { volume: { name: 'disk', type: 'SCALAR' }, addition: { name: 'disk', type: 'SCALAR' } },
      },
      "Expecting 'grow_volume.agent_id' to be present",
    ],
    [schedule('10.0.0'), 'Machine ip "10.0.0" of the schedule is not an IP address'],
    [schedule('10.0.0.256'), 'Machine ip "10.0.0.256" of the schedule is not an IP address'],
    [schedule('node-1'), 'Machine ip "node-1" of the schedule is not an IP address'],
  ] as readonly (readonly [master.Call, string])[])('refuses %j', (call, message) => {
    expect(validateMasterCall(call)?.message).toBe(`Failed to validate master::Call: ${message}`);
  });

  it.each([
    { type: 'GET_STATE' },
    { type: 'SUBSCRIBE' },
    { type: 'GET_METRICS', get_metrics: {} },
    { type: 'UNKNOWN' },
    schedule('10.0.0.255'),
    schedule('fe80::1'),
    schedule(''),
  ] as readonly master.Call[])('accepts %j', (call) => {
    expect(validateMasterCall(call)).toBeUndefined();
  });
});

describe('validateAgentCall', () => {
  const nested = { value: 'c', parent: { value: 'p' } };
  const twice = { value: 'd', parent: nested };
  const cpus: mesos.Resource = { name: 'cpus', type: 'SCALAR', scalar: { value: 1 } };
  const launch = (payload: agent.Call_LaunchContainer): agent.Call => ({
    type: 'LAUNCH_CONTAINER',
    launch_container: payload,
  });
  const input = (payload: agent.Call_AttachContainerInput): agent.Call => ({
    type: 'ATTACH_CONTAINER_INPUT',
    attach_container_input: payload,
  });
  const io = (process_io: agent.ProcessIO): agent.Call => input({ type: 'PROCESS_IO', process_io });

  it.each([
    [{}, "Expecting 'type' to be present"],
    [{ type: 'READ_FILE' }, "Expecting 'read_file' to be present"],
    [
      { type: 'LAUNCH_NESTED_CONTAINER', launch_nested_container: { container_id: { value: 'c' } } },
      "Expecting 'launch_nested_container.container_id.parent' to be present",
    ],
    [{ type: 'WAIT_CONTAINER', wait_container: { container_id: { value: 'a.b' } } }, 'contains a dot or a blank'],
    [
      { type: 'KILL_CONTAINER', kill_container: { container_id: { value: 'a', parent: { value: '../x' } } } },
      'contains a slash',
    ],
    [launch({ container_id: { value: 'x'.repeat(243) } }), 'longer than 242 characters'],
    [
      launch({ container_id: { value: 'c' }, resources: [{ ...cpus, role: 'eng' }] }),
      'A standalone container can only use',
    ],
    [
      launch({ container_id: { value: 'c' }, resources: [{ ...cpus, revocable: {} }] }),
      'A standalone container can only use',
    ],
    [
      launch({ container_id: { value: 'c' }, container: { type: 'MESOS', linux_info: { share_cgroups: true } } }),
      'cannot share cgroups',
    ],
    [launch({ container_id: twice, resources: [cpus] }), 'cannot have resources or limits'],
    [launch({ container_id: twice, limits: { cpus: { value: 1 } } }), 'cannot have resources or limits'],
    [
      launch({ container_id: twice, container: { type: 'MESOS', linux_info: { share_cgroups: false } } }),
      'must share the cgroups',
    ],
    [launch({ container_id: nested, command: { environment: { variables: [{ name: 'A' }] } } }), "must have 'value'"],
    [launch({ container_id: nested, container: { type: 'DOCKER' } }), "must have 'docker'"],
    [
      {
        type: 'ADD_RESOURCE_PROVIDER_CONFIG',
        add_resource_provider_config: { info: { id: { value: 'x' }, type: 't', name: 'n' } },
      },
      'must not be set',
    ],
    [input({}), "Expecting 'attach_container_input.type' to be present"],
    [input({ type: 'CONTAINER_ID' }), "Expecting 'attach_container_input.container_id' to be present"],
    [io({}), "Expecting 'attach_container_input.process_io.type' to be present"],
    [io({ type: 'DATA', data: { type: 'STDOUT', data: uuid } }), 'to be STDIN'],
    [
      io({ type: 'DATA', data: { type: 'STDIN' } }),
      "Expecting 'attach_container_input.process_io.data.data' to be present",
    ],
    [io({ type: 'CONTROL', control: { type: 'TTY_INFO', tty_info: {} } }), 'window_size'],
    [io({ type: 'CONTROL', control: { type: 'HEARTBEAT' } }), 'heartbeat'],
  ] as readonly (readonly [agent.Call, string])[])('refuses %j', (call, message) => {
    expect(validateAgentCall(call)?.message).toMatch(/^Failed to validate agent::Call: /);
    expect(validateAgentCall(call)?.message).toContain(message);
  });

  it('does not follow parents for ever', () => {
    let id: mesos.ContainerID = { value: 'c' };
    for (let level = 0; level < 90; level += 1) id = { value: 'c', parent: id };
    expect(validateAgentCall({ type: 'WAIT_CONTAINER', wait_container: { container_id: id } })?.message).toContain(
      '32 levels',
    );
  });

  it.each([
    { type: 'GET_CONTAINERS' },
    { type: 'PRUNE_IMAGES' },
    launch({ container_id: { value: 'c' }, resources: [{ ...cpus, role: '*' }] }),
    launch({ container_id: nested, resources: [cpus], limits: { cpus: { value: 2 } } }),
    {
      type: 'LAUNCH_NESTED_CONTAINER_SESSION',
      launch_nested_container_session: { container_id: nested, command: { value: 'sh' } },
    },
    input({ type: 'CONTAINER_ID', container_id: nested }),
    io({ type: 'DATA', data: { type: 'STDIN', data: new Uint8Array(0) } }),
    io({ type: 'CONTROL', control: { type: 'HEARTBEAT', heartbeat: {} } }),
    { type: 'UNKNOWN' },
  ] as readonly agent.Call[])('accepts %j', (call) => {
    expect(validateAgentCall(call)).toBeUndefined();
  });
});

describe('validateExtensionCall', () => {
  it.each<[extension.Call, string]>([
    [{ type: 'KILL_TASK' }, "Expecting 'kill_task' to be present"],
    [{ type: 'FIND' }, "Expecting 'find' to be present"],
    [{ type: 'KILL_TASK', kill_task: { task_id: { value: '' } } }, "Expecting 'kill_task.task_id.value' to be present"],
    [
      { type: 'KILL_TASK', kill_task: { task_id, kill_policy: { grace_period: { nanoseconds: -1 } } } },
      "'kill_policy.grace_period' must not be negative",
    ],
    [
      { type: 'SUBSCRIBE', subscribe: { kinds: ['TASKS', 'UNKNOWN_KIND'] } },
      "Expecting 'subscribe.kinds' to be AGENTS, FRAMEWORKS, TASKS, OFFERS or ROLES",
    ],
    [
      { type: 'FIND', find: { kind: 'UNKNOWN_KIND', reference: '' } },
      "Expecting 'find.kind' to be AGENTS, FRAMEWORKS, TASKS, OFFERS or ROLES",
    ],
    [
      { type: 'FIND', find: { kind: 'TASKS', reference: 'x'.repeat(513) } },
      "Expecting 'find.reference' to have at most 512 characters",
    ],
    [{ type: 'FIND', find: { kind: 'TASKS', reference: '', limit: 101 } }, "Expecting 'find.limit' to be at most 100"],
    [
      { type: 'FIND', find: { kind: 'ROLES', reference: '', framework_id } },
      "Expecting 'find.framework_id' only for TASKS and OFFERS",
    ],
    [{ type: 'WHY', why: { framework_id: { value: '' } } }, "Expecting 'why.framework_id.value' to be present"],
    [{ type: 'WHY', why: { agent_id: { value: '' } } }, "Expecting 'why.agent_id.value' to be present"],
    [{ type: 'WHY', why: { max_findings: 1001 } }, "Expecting 'why.max_findings' to be at most 1000"],
    [{ type: 'WHY', why: { role: 'a//b' } }, 'Role "a//b" must not contain two slashes in a row'],
    [
      { type: 'WHY', why: { limits: { cpus: { value: -1 } } } },
      `Expecting 'why.limits' of "cpus" to be a number of at least 0`,
    ],
    [
      { type: 'WHY', why: { role: 'eng', constraints: { groups: [] } } },
      'Offer constraints of role "eng" are invalid: it has no groups',
    ],
  ])('refuses %j', (call, message) => {
    expect(validateExtensionCall(call)).toMatchObject({
      code: 'invalid',
      message: `Failed to validate mesoctl::Call: ${message}`,
    });
  });

  it.each<extension.Call>([
    { type: 'UNKNOWN' },
    { type: 'GET_INFO' },
    { type: 'WHY' },
    {
      type: 'WHY',
      why: {
        framework_id,
        agent_id: { value: 'S1' },
        role: 'eng/web',
        max_findings: 1000,
        limits: { cpus: { value: 4 }, mem: { value: Number.POSITIVE_INFINITY } },
        constraints: {
          groups: [{ attribute_constraints: [{ selector: { attribute_name: 'rack' }, predicate: { exists: {} } }] }],
        },
      },
    },
    { type: 'SUBSCRIBE' },
    { type: 'SUBSCRIBE', subscribe: { kinds: ['ROLES'] } },
    { type: 'KILL_TASK', kill_task: { task_id } },
    { type: 'FIND', find: { kind: 'OFFERS', reference: 'x'.repeat(512), limit: 100, framework_id } },
  ])('takes %j', (call) => {
    expect(validateExtensionCall(call)).toBeUndefined();
  });
});
