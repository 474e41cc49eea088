/** What the core did, as lines of a golden script. */
import type { MasterEffect } from '../../../src/daemon/master/core/protocol.js';
import type * as registry from '../../../src/wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import type * as scheduler from '../../../src/wire/gen/scheduler.js';

type Message = Extract<MasterEffect, { kind: 'agent-message' }>['message'];

/** Who is at the other end of a connection. */
export interface Names {
  scheduler(connectionId: number): string;
  agent(connectionId: number): string;
}

export function describeEffect(effect: MasterEffect, names: Names): string[] {
  switch (effect.kind) {
    case 'propose':
      return [`registry: ${effect.operations.map(describeOperation).join(', ')}`];
    case 'respond':
      return [describeOutcome(effect.outcome)];
    case 'accept-stream':
      return ['answer 200, stream'];
    case 'scheduler-event':
      return [`${names.scheduler(effect.connectionId)} <- ${describeEvent(effect.event)}`];
    case 'close-stream':
      return [`${names.scheduler(effect.connectionId)} closed`];
    case 'agent-message':
      return [`${names.agent(effect.connectionId)} <- ${describeMessage(effect.message)}`];
    case 'close-channel':
      return ['channel closed'];
    case 'abdicate':
      return [`abdicate: ${effect.message}`];
    case 'operator-event':
    case 'watch-event':
    case 'log':
    case 'continue':
      return [];
  }
}

/** What comes at intervals whatever happens. */
export function isRoutine(effect: MasterEffect): boolean {
  return (
    (effect.kind === 'scheduler-event' && effect.event.type === 'HEARTBEAT') ||
    (effect.kind === 'agent-message' && effect.message.ping !== undefined)
  );
}

function describeOutcome(outcome: Extract<MasterEffect, { kind: 'respond' }>['outcome']): string {
  return `answer ${outcome.status}${'rejection' in outcome ? ` "${outcome.rejection.message}"` : ''}`;
}

function describeOperation(operation: registry.Operation): string {
  const [name = ''] = Object.keys(operation);
  const id = /"(?:id|agent_id|framework_id)":\{"value":"([^"]+)"/.exec(
    JSON.stringify(operation, (_key, value) => (typeof value === 'bigint' ? String(value) : value)),
  );
  return `${name} ${id?.[1] ?? ''}`.trim();
}

function describeEvent(event: scheduler.Event): string {
  const type = event.type ?? '';
  if (event.subscribed !== undefined) return `${type} ${event.subscribed.framework_id.value}`;
  if (event.offers !== undefined) return `${type} ${(event.offers.offers ?? []).map(describeOffer).join(' | ')}`;
  if (event.inverse_offers !== undefined)
    return `${type} ${(event.inverse_offers.inverse_offers ?? []).map(describeInverseOffer).join(' | ')}`;
  if (event.rescind !== undefined) return `${type} ${event.rescind.offer_id.value}`;
  if (event.rescind_inverse_offer !== undefined) return `${type} ${event.rescind_inverse_offer.inverse_offer_id.value}`;
  if (event.update !== undefined) return `${type} ${describeStatus(event.update.status)}`;
  if (event.update_operation_status !== undefined)
    return `${type} ${describeOperationStatus(event.update_operation_status.status)}`;
  if (event.failure !== undefined) return `${type} ${event.failure.agent_id?.value ?? ''}`;
  if (event.error !== undefined) return `${type} "${event.error.message}"`;
  return type;
}

function describeOffer({ id, agent_id, resources, allocation_info, unavailability }: mesos.Offer): string {
  const role = allocation_info?.role === undefined ? '' : ` (${allocation_info.role})`;
  const when = unavailability === undefined ? '' : ', maintenance is scheduled';
  return `${id.value} of ${agent_id.value}${role}: ${(resources ?? []).map(describeResource).join(' ')}${when}`;
}

function describeInverseOffer({ id, agent_id, unavailability, resources }: mesos.InverseOffer): string {
  const seconds = Number(unavailability.start.nanoseconds) / 1e9;
  const held = resources === undefined ? '' : `: ${resources.map(describeResource).join(' ')}`;
  return `${id.value} of ${agent_id?.value}, maintenance at ${seconds} s${held}`;
}

function describeResource(resource: mesos.Resource): string {
  const { name, scalar, ranges, disk, revocable, shared } = resource;
  const roles = resource.reservations?.map(({ role }) => role ?? '') ?? [resource.role ?? '*'];
  const role = roles.join('+');
  const id = disk?.persistence?.id;
  const value = scalar?.value ?? `[${(ranges?.range ?? []).map(({ begin, end }) => `${begin}-${end}`).join(', ')}]`;
  const marks = `${id === undefined ? '' : `[${id}]`}${shared === undefined ? '' : '<SHARED>'}`;
  return `${name}${role === '*' || role === '' ? '' : `(${role})`}${marks}${revocable === undefined ? '' : '{REV}'}:${value}`;
}

function describeOperationStatus({ operation_id, state, message, uuid }: mesos.OperationStatus): string {
  const why = message === undefined ? '' : `"${message}"`;
  return [operation_id?.value, state, why, uuid === undefined ? '' : '(acknowledge)'].filter(Boolean).join(' ');
}

function describeStatus({ task_id, state, reason, uuid, message }: mesos.TaskStatus): string {
  const why = state === 'TASK_ERROR' ? `"${message}"` : '';
  return [task_id.value, state, reason, why, uuid === undefined ? '' : '(acknowledge)'].filter(Boolean).join(' ');
}

function describeMessage(message: Message): string {
  if (message.registered !== undefined) return `registered ${message.registered.agent_id.value}`;
  if (message.ping !== undefined) return message.ping.connected ? 'ping' : 'ping: register again';
  if (message.run_tasks !== undefined)
    return `run_tasks ${(message.run_tasks.tasks ?? []).map(describeTask).join(' ')}`;
  if (message.reconcile_tasks !== undefined)
    return `reconcile_tasks ${(message.reconcile_tasks.tasks ?? []).map(({ task_id }) => task_id.value).join(' ')}`;
  if (message.kill_task !== undefined) return `kill_task ${message.kill_task.task_id.value}`;
  if (message.acknowledge_update !== undefined) return `acknowledge ${message.acknowledge_update.task_id.value}`;
  if (message.apply_operation !== undefined) return `apply_operation ${message.apply_operation.info.type}`;
  return Object.keys(message).join(' ');
}

function describeTask({ task_id, limits }: mesos.TaskInfo): string {
  const named = Object.entries(limits ?? {}).map(([name, { value }]) => `${name} at most ${value}`);
  return named.length === 0 ? task_id.value : `${task_id.value} (${named.join(', ')})`;
}
