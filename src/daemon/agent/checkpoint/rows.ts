/**
 * Between what the core calls a change and what a table holds: rows of a key and one encoded message. Pure. A row that
 * cannot be decoded means a damaged file; it is never skipped, because a forgotten task would be a lost task.
 */
import { MesoError } from '../../../base/error.js';
import { formatUuid } from '../../../base/random.js';
import { isRejection } from '../../../base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../../../wire/codec.js';
import * as checkpoint from '../../../wire/gen/mesoctl-checkpoint.js';
import type { MessageType } from '../../../wire/schema.js';
import type { CheckpointChange, CheckpointState } from '../core/protocol.js';

/** Columns of the primary key. */
export const KEY_COLUMNS = {
  agent: ['slot'],
  frameworks: ['framework_id'],
  tasks: ['framework_id', 'task_id'],
  updates: ['framework_id', 'task_id', 'position'],
  containers: ['container_id'],
  resources: ['slot'],
  operations: ['uuid'],
} as const;

export type TableName = keyof typeof KEY_COLUMNS;
/** Reservations and volumes outlive the agent's id. */
const LASTING: readonly TableName[] = ['resources'];
export const TABLE_NAMES = Object.keys(KEY_COLUMNS) as readonly TableName[];

export type RowKey = readonly (string | number)[];

export type RowChange =
  | { readonly kind: 'put'; readonly table: TableName; readonly key: RowKey; readonly record: Uint8Array }
  /** A key of fewer columns removes every row that begins with it; the empty key all of them. */
  | { readonly kind: 'remove'; readonly table: TableName; readonly key: RowKey };

/** Encoded messages of each table in order of the keys. */
export type TableRecords = Readonly<Record<TableName, readonly Uint8Array[]>>;

export function encodeChange(change: CheckpointChange): readonly RowChange[] {
  switch (change.kind) {
    case 'put-agent':
      return [put('agent', [0], encodeProtobuf(checkpoint.Agent, change.agent))];
    case 'put-framework': {
      const id = change.framework.framework_info.id?.value ?? '';
      return [put('frameworks', [id], encodeProtobuf(checkpoint.Framework, change.framework))];
    }
    case 'remove-framework':
      return [remove('frameworks', [change.frameworkId])];
    case 'put-task': {
      const { framework_id: frameworkId, task_info: info } = change.task;
      return [put('tasks', [frameworkId.value, info.task_id.value], encodeProtobuf(checkpoint.Task, change.task))];
    }
    case 'remove-task': {
      const key = [change.frameworkId, change.taskId];
      return [remove('tasks', key), remove('updates', key)];
    }
    case 'put-update': {
      const { framework_id: frameworkId, position, status } = change.update;
      const key = [frameworkId.value, status.task_id.value, Number(position)];
      return [put('updates', key, encodeProtobuf(checkpoint.PendingUpdate, change.update))];
    }
    case 'remove-update':
      return [remove('updates', [change.frameworkId, change.taskId, change.position])];
    case 'put-container': {
      const key = [change.container.container_id.value];
      return [put('containers', key, encodeProtobuf(checkpoint.Container, change.container))];
    }
    case 'remove-container':
      return [remove('containers', [change.containerId])];
    case 'put-resources': {
      const resources = { resources: [...change.resources] };
      return [put('resources', [0], encodeProtobuf(checkpoint.Resources, resources))];
    }
    case 'put-operation': {
      const key = [formatUuid(change.operation.uuid)];
      return [put('operations', key, encodeProtobuf(checkpoint.Operation, change.operation))];
    }
    case 'remove-operation':
      return [remove('operations', [formatUuid(change.uuid)])];
    case 'clear':
      return TABLE_NAMES.filter((table) => !LASTING.includes(table)).map((table) => remove(table, []));
  }
}

/** Throws WORK_DIR_CORRUPT. */
export function decodeRecords(records: TableRecords): CheckpointState {
  return {
    agent: decodeAll(checkpoint.Agent, records.agent, 'agent')[0],
    frameworks: decodeAll(checkpoint.Framework, records.frameworks, 'frameworks'),
    tasks: decodeAll(checkpoint.Task, records.tasks, 'tasks'),
    updates: decodeAll(checkpoint.PendingUpdate, records.updates, 'updates'),
    containers: decodeAll(checkpoint.Container, records.containers, 'containers'),
    resources: decodeAll(checkpoint.Resources, records.resources, 'resources').flatMap(
      ({ resources }) => resources ?? [],
    ),
    operations: decodeAll(checkpoint.Operation, records.operations, 'operations'),
  };
}

function decodeAll<T extends object>(type: MessageType<T>, records: readonly Uint8Array[], table: TableName): T[] {
  return records.map((record) => {
    const message = decodeProtobuf(type, record);
    if (isRejection(message))
      throw new MesoError('WORK_DIR_CORRUPT', `a row of the table ${table} is damaged: ${message.message}`);
    return message;
  });
}

function put(table: TableName, key: RowKey, record: Uint8Array): RowChange {
  return { kind: 'put', table, key, record };
}

function remove(table: TableName, key: RowKey): RowChange {
  return { kind: 'remove', table, key };
}
