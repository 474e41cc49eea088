/**
 * The shape of a call of the agent's API: a type, its payload, container ids, and what a container may be asked to be. Sources: spec pages 03
 * (3.3) and 00 (corrections 8 and 10). Whether containers exist is for the agent to say.
 */
import { type Rejection, reject } from '../../base/rejection.js';
import type * as agent from '../gen/agent.js';
import type * as mesos from '../gen/mesos.js';
import { expecting, failedCall, type PayloadTable, validateCallShape } from './call-shape.js';
import { validateCommandInfo } from './command.js';
import { validateContainerInfo } from './container.js';
import { validateContainerId } from './ids.js';
import { validateProcessIo } from './process-io.js';

const PAYLOADS: PayloadTable<agent.Call_Type, agent.Call> = {
  UNKNOWN: null,
  GET_HEALTH: null,
  GET_FLAGS: null,
  GET_VERSION: null,
  GET_METRICS: 'get_metrics',
  GET_LOGGING_LEVEL: null,
  SET_LOGGING_LEVEL: 'set_logging_level',
  LIST_FILES: 'list_files',
  READ_FILE: 'read_file',
  GET_STATE: null,
  GET_CONTAINERS: null,
  GET_FRAMEWORKS: null,
  GET_EXECUTORS: null,
  GET_OPERATIONS: null,
  GET_TASKS: null,
  GET_AGENT: null,
  GET_RESOURCE_PROVIDERS: null,
  LAUNCH_NESTED_CONTAINER: 'launch_nested_container',
  WAIT_NESTED_CONTAINER: 'wait_nested_container',
  KILL_NESTED_CONTAINER: 'kill_nested_container',
  REMOVE_NESTED_CONTAINER: 'remove_nested_container',
  LAUNCH_NESTED_CONTAINER_SESSION: 'launch_nested_container_session',
  ATTACH_CONTAINER_INPUT: 'attach_container_input',
  ATTACH_CONTAINER_OUTPUT: 'attach_container_output',
  LAUNCH_CONTAINER: 'launch_container',
  WAIT_CONTAINER: 'wait_container',
  KILL_CONTAINER: 'kill_container',
  REMOVE_CONTAINER: 'remove_container',
  ADD_RESOURCE_PROVIDER_CONFIG: 'add_resource_provider_config',
  UPDATE_RESOURCE_PROVIDER_CONFIG: 'update_resource_provider_config',
  REMOVE_RESOURCE_PROVIDER_CONFIG: 'remove_resource_provider_config',
  MARK_RESOURCE_PROVIDER_GONE: 'mark_resource_provider_gone',
  PRUNE_IMAGES: null,
};

/** Calls about a container that must have a parent. */
const NESTED_CALLS: ReadonlySet<agent.Call_Type> = new Set<agent.Call_Type>([
  'LAUNCH_NESTED_CONTAINER',
  'LAUNCH_NESTED_CONTAINER_SESSION',
  'WAIT_NESTED_CONTAINER',
  'KILL_NESTED_CONTAINER',
  'REMOVE_NESTED_CONTAINER',
]);

/** Why `call` cannot be a call, as `Failed to validate agent::Call: ...`; undefined when it can. UNKNOWN passes (501). */
export function validateAgentCall(call: agent.Call): Rejection | undefined {
  return failedCall('agent', validateCallShape(call, PAYLOADS) ?? payloadComplaint(call));
}

function payloadComplaint(call: agent.Call): Rejection | undefined {
  const input = call.type === 'ATTACH_CONTAINER_INPUT' ? call.attach_container_input : undefined;
  if (input !== undefined) return inputComplaint(input);
  if (call.type === 'ADD_RESOURCE_PROVIDER_CONFIG' && call.add_resource_provider_config?.info.id !== undefined) {
    return reject('invalid', "'add_resource_provider_config.info.id' must not be set");
  }
  return containerComplaint(call);
}

interface AboutContainer {
  readonly container_id: mesos.ContainerID;
  readonly command?: mesos.CommandInfo | undefined;
  readonly container?: mesos.ContainerInfo | undefined;
}

function containerComplaint(call: agent.Call): Rejection | undefined {
  const field = call.type === undefined ? null : PAYLOADS[call.type];
  const payload = field === null ? undefined : call[field];
  if (typeof payload !== 'object' || !('container_id' in payload)) return undefined;
  const about = payload as AboutContainer;
  const path = `${field}.container_id`;
  const invalid = validateContainerId(about.container_id, `'${path}'`);
  if (invalid !== undefined) return invalid;
  if (call.type !== undefined && NESTED_CALLS.has(call.type) && about.container_id.parent === undefined)
    return expecting(`${path}.parent`);
  return (
    (about.command && validateCommandInfo(about.command)) ??
    (about.container && validateContainerInfo(about.container)) ??
    (call.type === 'LAUNCH_CONTAINER' && call.launch_container ? launchComplaint(call.launch_container) : undefined)
  );
}

/** Standalone containers own plain resources only; below the second level a container lives off its parent. */
function launchComplaint(launch: agent.Call_LaunchContainer): Rejection | undefined {
  const { parent } = launch.container_id;
  const shares = launch.container?.linux_info?.share_cgroups;
  const resources = launch.resources ?? [];
  if (parent === undefined) {
    if (shares === true) return reject('invalid', 'A standalone container cannot share cgroups: it has no parent');
    return resources.some((resource) => !isPlain(resource))
      ? reject(
          'invalid',
          'A standalone container can only use resources that are unreserved, not persistent and not revocable',
        )
      : undefined;
  }
  if (parent.parent === undefined) return undefined;
  if (shares === false) return reject('invalid', 'A container nested twice must share the cgroups of its parent');
  if (resources.length === 0 && Object.keys(launch.limits ?? {}).length === 0) return undefined;
  return reject('invalid', 'A container nested twice cannot have resources or limits of its own');
}

function isPlain(resource: mesos.Resource): boolean {
  const isReserved =
    (resource.reservations ?? []).length > 0 || resource.reservation !== undefined || (resource.role ?? '*') !== '*';
  return !isReserved && resource.disk?.persistence === undefined && resource.revocable === undefined;
}

function inputComplaint(input: agent.Call_AttachContainerInput): Rejection | undefined {
  const path = 'attach_container_input';
  switch (input.type) {
    case undefined:
      return expecting(`${path}.type`);
    case 'UNKNOWN':
      return reject('invalid', `'${path}.type' must not be UNKNOWN`);
    case 'CONTAINER_ID':
      if (input.container_id === undefined) return expecting(`${path}.container_id`);
      return validateContainerId(input.container_id, `'${path}.container_id'`);
    case 'PROCESS_IO':
      if (input.process_io === undefined) return expecting(`${path}.process_io`);
      return validateProcessIo(input.process_io, `${path}.process_io`);
  }
}
